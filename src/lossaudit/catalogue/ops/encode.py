"""Encodings: what makes targets, masks and constants. None of them carries a gradient to the indices."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, function, method, node
from lossaudit.catalogue.schema import Op, Role

_LABELS = (
    Op("one_hot", Role.ENCODE, function("torch.nn.functional.one_hot", "tensor:input", num_classes=-1)),
    Op("argmax", Role.ENCODE, both("argmax", dim=None, keepdim=False), axis="dim"),
    Op("argmin", Role.ENCODE, both("argmin", dim=None, keepdim=False), axis="dim"),
    Op("argsort", Role.ENCODE, both("argsort", dim=-1, descending=False, stable=None), axis="dim"),
    Op("nonzero", Role.ENCODE, both("nonzero", as_tuple=False)),
    Op("argwhere", Role.ENCODE, both("argwhere")),
    Op("bucketize", Role.ENCODE, function("torch.bucketize", "input", "boundaries", out_int32=False, right=False)),
    Op(
        "searchsorted",
        Role.ENCODE,
        function(
            "torch.searchsorted",
            "sorted_sequence",
            "input",
            out_int32=False,
            right=False,
            side=None,
            sorter=None,
        ),
    ),
    Op("bincount", Role.ENCODE, both("bincount", weights=None, minlength=0)),
    Op(
        "unique",
        Role.ENCODE,
        function("torch.unique", "input", sorted=True, return_inverse=False, return_counts=False, dim=None)
        + method("unique", sorted=True, return_inverse=False, return_counts=False, dim=None),
        axis="dim",
    ),
)

_SCATTERS = (
    Op(
        "scatter",
        Role.ENCODE,
        both("scatter", "dim", "index", src=None, value=None, reduce=None)
        + method("scatter_", "dim", "index", src=None, value=None, reduce=None)
        + node("ScatterBackward0", "input src", "dim")
        + node("ScatterBackward1", saved="dim"),
        axis="dim",
        summary="writes src, or value, at the positions index along dim",
    ),
    Op(
        "scatter_add",
        Role.ENCODE,
        both("scatter_add", "dim", "index", "src")
        + method("scatter_add_", "dim", "index", "src")
        + node("ScatterAddBackward0", "input src", "dim"),
        axis="dim",
    ),
    Op(
        "scatter_reduce",
        Role.ENCODE,
        both("scatter_reduce", "dim", "index", "src", "reduce", include_self=True)
        + method("scatter_reduce_", "dim", "index", "src", "reduce", include_self=True)
        + node("ScatterReduceBackward0", "input src", "dim reduce include_self"),
        axis="dim",
    ),
    Op(
        "index_put",
        Role.ENCODE,
        both("index_put", "indices", "values", accumulate=False)
        + function("torch.index_put_", "input", "indices", "values", accumulate=False)
        + method("index_put_", "indices", "values", accumulate=False)
        + node("IndexPutBackward0", "input values", "accumulate"),
    ),
    Op("setitem", Role.ENCODE, method("__setitem__", "key:index", "value"), summary="input[index] = value"),
    Op(
        "index_fill",
        Role.ENCODE,
        both("index_fill", "dim", "index", "value")
        + method("index_fill_", "dim", "index", "value")
        + node("IndexFillBackward0", saved="dim")
        + node("IndexFillBackward1", "input value", "dim"),
        axis="dim",
    ),
    Op(
        "index_add",
        Role.ENCODE,
        both("index_add", "dim", "index", "source", alpha=1)
        + method("index_add_", "dim", "index", "source", alpha=1)
        + node("IndexAddBackward0", "input source", "dim alpha"),
        axis="dim",
    ),
    Op(
        "index_copy",
        Role.ENCODE,
        both("index_copy", "dim", "index", "source")
        + method("index_copy_", "dim", "index", "source")
        + node("IndexCopyBackward0", "input source", "dim"),
        axis="dim",
    ),
    Op("fill", Role.ENCODE, function("torch.fill torch.fill_", "input", "value") + method("fill_", "value")),
    Op("fill_diagonal_", Role.ENCODE, method("fill_diagonal_", "fill_value", wrap=False)),
    Op("zero_", Role.ENCODE, function("torch.zero_", "input") + method("zero_")),
)

_COMPARISONS = (
    *(
        Op(
            name,
            Role.ENCODE,
            both(f"{name} {long}", "other") + method(f"{name}_ {long}_ __{name}__", "other"),
            summary=f"input {sign} other",
        )
        for name, long, sign in (
            ("ne", "not_equal", "!="),
            ("lt", "less", "<"),
            ("le", "less_equal", "<="),
            ("gt", "greater", ">"),
            ("ge", "greater_equal", ">="),
        )
    ),
    Op("eq", Role.ENCODE, both("eq", "other") + method("eq_ __eq__", "other"), summary="input == other"),
    Op("equal", Role.ENCODE, both("equal", "other"), summary="whether all elements are equal"),
    Op("isclose", Role.ENCODE, both("isclose", "other", rtol=1e-5, atol=1e-8, equal_nan=False)),
    Op("allclose", Role.ENCODE, both("allclose", "other", rtol=1e-5, atol=1e-8, equal_nan=False)),
    Op(
        "isin",
        Role.ENCODE,
        function("torch.isin", "elements:input", "test_elements:other", assume_unique=False, invert=False),
    ),
    *(Op(name, Role.ENCODE, both(name)) for name in ("isnan", "isinf", "isfinite", "signbit")),
    *(
        Op(
            f"logical_{name}",
            Role.ENCODE,
            both(f"logical_{name}", "other") + method(f"logical_{name}_", "other"),
        )
        for name in ("and", "or", "xor")
    ),
    Op("logical_not", Role.ENCODE, both("logical_not") + method("logical_not_")),
    *(
        Op(
            f"bitwise_{name}",
            Role.ENCODE,
            both(f"bitwise_{name}", "other") + method(f"bitwise_{name}_ __{name}__ __r{name}__ __i{name}__", "other"),
        )
        for name in ("and", "or", "xor")
    ),
    Op("bitwise_not", Role.ENCODE, both("bitwise_not") + method("bitwise_not_ __invert__")),
)

_CONSTANTS = (
    *(
        Op(
            name,
            Role.ENCODE,
            function(f"torch.{name}", "*size", dtype=None, device=None)
            + function(f"torch.{name}_like", "input", dtype=None, device=None)
            + method(f"new_{name}", "*size", dtype=None, device=None),
        )
        for name in ("zeros", "ones", "empty")
    ),
    Op(
        "full",
        Role.ENCODE,
        function("torch.full", "size", "fill_value", dtype=None, device=None)
        + function("torch.full_like", "input", "fill_value", dtype=None, device=None)
        + method("new_full", "size", "fill_value", dtype=None, device=None),
    ),
    Op("eye", Role.ENCODE, function("torch.eye", "n", m=None, dtype=None, device=None)),
    Op("arange", Role.ENCODE, function("torch.arange", "*bounds", dtype=None, device=None)),
    Op("linspace", Role.ENCODE, function("torch.linspace", "start", "end", "steps", dtype=None, device=None)),
    Op(
        "tensor",
        Role.ENCODE,
        function("torch.tensor torch.as_tensor", "data", dtype=None, device=None)
        + function("torch.scalar_tensor", "s:data", dtype=None, device=None)
        + function("torch.from_numpy", "ndarray:data")
        + method("new_tensor", "data", dtype=None, device=None),
    ),
)

OPS = (*_LABELS, *_SCATTERS, *_COMPARISONS, *_CONSTANTS)
