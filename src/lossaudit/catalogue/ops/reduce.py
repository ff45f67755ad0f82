"""Reductions: fewer numbers that stand for many, and running versions of them.

Where an overload takes something else in the place of `dim`, the merged parameter list cannot say so:
`torch.max(a, b)` of two tensors is `maximum`, and `torch.std(a, False)` gives `unbiased`. A `correction` of
None is 1, or what `unbiased` says.
"""

from __future__ import annotations

from lossaudit.catalogue.notation import Spellings, both, function, method, module, node
from lossaudit.catalogue.schema import Op, Param, Role


def _extreme(name: str, title: str) -> Spellings:
    return (
        both(name, dim=None, keepdim=False, other=None)
        + node(f"{title}Backward0", saved="dim keepdim")
        + node(f"{title}Backward1")
    )


_SUMS = (
    Op(
        "sum",
        Role.REDUCE,
        both("sum", dim=None, keepdim=False, dtype=None)
        + node("SumBackward0")
        + node("SumBackward1", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "nansum",
        Role.REDUCE,
        both("nansum", dim=None, keepdim=False, dtype=None) + node("NansumBackward0", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "mean",
        Role.REDUCE,
        both("mean", dim=None, keepdim=False, dtype=None)
        + node("MeanBackward0")
        + node("MeanBackward1", saved="dim keepdim"),
        axis="dim",
    ),
    Op("nanmean", Role.REDUCE, both("nanmean", dim=None, keepdim=False, dtype=None), axis="dim"),
    Op(
        "prod",
        Role.REDUCE,
        both("prod", dim=None, keepdim=False, dtype=None)
        + node("ProdBackward0")
        + node("ProdBackward1", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "logsumexp",
        Role.REDUCE,
        both("logsumexp", "dim", keepdim=False)
        + function("torch.special.logsumexp", "input", "dim", keepdim=False)
        + node("LogsumexpBackward0", saved="dim keepdim"),
        axis="dim",
        summary="log(sum(exp(input)))",
    ),
    Op(
        "cumsum",
        Role.REDUCE,
        both("cumsum", "dim", dtype=None) + method("cumsum_", "dim", dtype=None) + node("CumsumBackward0", saved="dim"),
        axis="dim",
    ),
    Op(
        "cumprod",
        Role.REDUCE,
        both("cumprod", "dim", dtype=None)
        + method("cumprod_", "dim", dtype=None)
        + node("CumprodBackward0", saved="dim"),
        axis="dim",
    ),
    Op(
        "logcumsumexp",
        Role.REDUCE,
        both("logcumsumexp", "dim") + node("LogcumsumexpBackward0", saved="dim"),
        axis="dim",
    ),
    Op("diff", Role.REDUCE, both("diff", n=1, dim=-1, prepend=None, append=None), axis="dim"),
    Op("trapezoid", Role.REDUCE, function("torch.trapezoid torch.trapz", "y:input", x=None, dx=1, dim=-1), axis="dim"),
    Op("trace", Role.REDUCE, both("trace") + node("TraceBackward0")),
    Op("count_nonzero", Role.REDUCE, both("count_nonzero", dim=None), axis="dim"),
)

_ORDER = (
    Op(
        "max",
        Role.REDUCE,
        _extreme("max", "Max"),
        axis="dim",
        summary="largest value, with its index when dim is given; of two tensors it is maximum",
    ),
    Op(
        "min",
        Role.REDUCE,
        _extreme("min", "Min"),
        axis="dim",
        summary="smallest value, with its index when dim is given; of two tensors it is minimum",
    ),
    Op(
        "amax",
        Role.REDUCE,
        both("amax", dim=(), keepdim=False) + node("AmaxBackward0", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "amin",
        Role.REDUCE,
        both("amin", dim=(), keepdim=False) + node("AminBackward0", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "aminmax",
        Role.REDUCE,
        both("aminmax", dim=None, keepdim=False) + node("AminmaxBackward0", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "median",
        Role.REDUCE,
        both("median", dim=None, keepdim=False)
        + node("MedianBackward0")
        + node("MedianBackward1", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "nanmedian",
        Role.REDUCE,
        both("nanmedian", dim=None, keepdim=False)
        + node("NanmedianBackward0")
        + node("NanmedianBackward1", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "mode",
        Role.REDUCE,
        both("mode", dim=-1, keepdim=False) + node("ModeBackward0", saved="dim keepdim"),
        axis="dim",
    ),
    Op("quantile", Role.REDUCE, both("quantile", "q", dim=None, keepdim=False, interpolation="linear"), axis="dim"),
    Op(
        "nanquantile",
        Role.REDUCE,
        both("nanquantile", "q", dim=None, keepdim=False, interpolation="linear"),
        axis="dim",
    ),
    Op("cummax", Role.REDUCE, both("cummax", "dim") + node("CummaxBackward0", saved="dim"), axis="dim"),
    Op("cummin", Role.REDUCE, both("cummin", "dim") + node("CumminBackward0", saved="dim"), axis="dim"),
    Op("all", Role.REDUCE, both("all", dim=None, keepdim=False), axis="dim"),
    Op("any", Role.REDUCE, both("any", dim=None, keepdim=False), axis="dim"),
)

_SPREAD = (
    Op(
        "var",
        Role.REDUCE,
        both("var", dim=None, unbiased=True, keepdim=False, correction=None)
        + node("VarBackward0", saved="dim correction keepdim"),
        axis="dim",
    ),
    Op(
        "std",
        Role.REDUCE,
        both("std", dim=None, unbiased=True, keepdim=False, correction=None)
        + node("StdBackward0", saved="dim correction keepdim"),
        axis="dim",
    ),
    Op(
        "var_mean",
        Role.REDUCE,
        function("torch.var_mean", "input", dim=None, unbiased=True, keepdim=False, correction=None)
        + node("VarMeanBackward0", saved="dim correction keepdim"),
        axis="dim",
    ),
    Op(
        "std_mean",
        Role.REDUCE,
        function("torch.std_mean", "input", dim=None, unbiased=True, keepdim=False, correction=None)
        + node("StdMeanBackward0", saved="dim correction keepdim"),
        axis="dim",
    ),
    Op("cov", Role.REDUCE, both("cov", correction=1, fweights=None, aweights=None)),
    Op("corrcoef", Role.REDUCE, both("corrcoef")),
)

_DISTANCES = (
    Op(
        "norm",
        Role.REDUCE,
        function("torch.norm", "input", p="fro", dim=None, keepdim=False, out=None, dtype=None)
        + method("norm", p="fro", dim=None, keepdim=False, dtype=None)
        + node("NormBackward0 NormBackward2", saved="p")
        + node("NormBackward1 NormBackward3", saved="p dim keepdim"),
        axis="dim",
    ),
    Op(
        "vector_norm",
        Role.REDUCE,
        function("torch.linalg.vector_norm", "x:input", Param("ord", 2, "p"), dim=None, keepdim=False, dtype=None)
        + node("LinalgVectorNormBackward0", saved="ord:p dim keepdim"),
        axis="dim",
        summary="(sum |input|^p)^(1/p); the graph shows norm as this",
    ),
    Op(
        "linalg_norm",
        Role.REDUCE,
        function("torch.linalg.norm", "A:input", Param("ord", None, "p"), dim=None, keepdim=False, dtype=None),
        axis="dim",
    ),
    Op(
        "matrix_norm",
        Role.REDUCE,
        function(
            "torch.linalg.matrix_norm", "A:input", Param("ord", "fro", "p"), dim=(-2, -1), keepdim=False, dtype=None
        ),
        axis="dim",
    ),
    Op(
        "dist",
        Role.REDUCE,
        both("dist", "other", p=2) + node("DistBackward0", "input other", "p"),
        summary="p-norm of input - other",
    ),
    Op(
        "cdist",
        Role.REDUCE,
        function("torch.cdist", "x1:input", "x2:other", p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary")
        + node("CdistBackward0", "input other", "p")
        + node("EuclideanDistBackward0", "input other"),
        summary="distances between all pairs of rows",
    ),
    Op(
        "pdist",
        Role.REDUCE,
        function("torch.nn.functional.pdist torch.pdist", "input", p=2) + node("PdistBackward0", saved="p"),
        summary="distances between the rows of one matrix",
    ),
    Op(
        "pairwise_distance",
        Role.REDUCE,
        function(
            "torch.nn.functional.pairwise_distance torch.pairwise_distance",
            "x1:input",
            "x2:other",
            p=2.0,
            eps=1e-6,
            keepdim=False,
        )
        + module("PairwiseDistance", p=2.0, eps=1e-6, keepdim=False),
        summary="p-norm of input - other + eps, along the last axis",
    ),
    Op(
        "cosine_similarity",
        Role.REDUCE,
        function(
            "torch.nn.functional.cosine_similarity torch.cosine_similarity", "x1:input", "x2:other", dim=1, eps=1e-8
        )
        + module("CosineSimilarity", dim=1, eps=1e-8),
        axis="dim",
    ),
)

_POOLS = tuple(
    op
    for rank in (1, 2, 3)
    for op in (
        Op(
            f"avg_pool{rank}d",
            Role.REDUCE,
            function(
                f"torch.nn.functional.avg_pool{rank}d" + (" torch.avg_pool1d" if rank == 1 else ""),
                "input",
                "kernel_size",
                stride=None,
                padding=0,
                ceil_mode=False,
                count_include_pad=True,
                **({} if rank == 1 else {"divisor_override": None}),
            )
            + module(
                f"AvgPool{rank}d",
                "kernel_size",
                stride=None,
                padding=0,
                ceil_mode=False,
                count_include_pad=True,
                **({} if rank == 1 else {"divisor_override": None}),
            ),
        ),
        Op(
            f"max_pool{rank}d",
            Role.REDUCE,
            function(
                f"torch.nn.functional.max_pool{rank}d",
                "input",
                "kernel_size",
                stride=None,
                padding=0,
                dilation=1,
                ceil_mode=False,
                return_indices=False,
            )
            + module(
                f"MaxPool{rank}d",
                "kernel_size",
                stride=None,
                padding=0,
                dilation=1,
                return_indices=False,
                ceil_mode=False,
            ),
        ),
        Op(
            f"adaptive_avg_pool{rank}d",
            Role.REDUCE,
            function(f"torch.nn.functional.adaptive_avg_pool{rank}d", "input", "output_size")
            + module(f"AdaptiveAvgPool{rank}d", "output_size"),
        ),
        Op(
            f"adaptive_max_pool{rank}d",
            Role.REDUCE,
            function(f"torch.nn.functional.adaptive_max_pool{rank}d", "input", "output_size", return_indices=False)
            + module(f"AdaptiveMaxPool{rank}d", "output_size", return_indices=False),
        ),
    )
)

OPS = (*_SUMS, *_ORDER, *_SPREAD, *_DISTANCES, *_POOLS)
