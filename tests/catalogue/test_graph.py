"""Autograd nodes: every experiment builds an operation and looks at what autograd leaves behind."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional

from lossaudit.catalogue import find, spellings  # noqa: E402
from lossaudit.catalogue.schema import Kind, Spelling  # noqa: E402

# Leaves by the catalogue's parameter names; everything not named here is a 4 x 4 matrix in (0, 1).
SHAPES = {"vec": (4,), "vec1": (4,), "vec2": (4,), "batch1": (2, 4, 4), "batch2": (2, 4, 4), "log_probs": (5, 2, 4)}
OWN: dict[str, dict[str, tuple[int, ...]]] = {
    "MvBackward0": {"other": (4,)},
    "DotBackward0": {"input": (4,), "other": (4,)},
    "VdotBackward0": {"input": (4,), "other": (4,)},
    "BmmBackward0": {"input": (2, 4, 4), "other": (2, 4, 4)},
    "AddmvBackward0": {"input": (4,)},
    "BaddbmmBackward0": {"input": (2, 4, 4)},
    "ConvolutionBackward0": {"input": (1, 2, 5), "weight": (3, 2, 2), "bias": (3,)},
    "ConvTbcBackward0": {"input": (5, 1, 2), "weight": (2, 2, 3), "bias": (3,)},
    "SqueezeBackward0": {"input": (4, 1)},
    "SqueezeBackward1": {"input": (4, 1)},
    "SqueezeBackward2": {"input": (4, 1)},
    "PixelShuffleBackward0": {"input": (1, 4, 2, 2)},
    "PixelUnshuffleBackward0": {"input": (1, 1, 4, 4)},
    "ChannelShuffleBackward0": {"input": (1, 4, 2, 2)},
    "NllLoss2DBackward0": {"input": (4, 4, 1, 1)},
    "NativeBatchNormBackward0": {"weight": (4,), "bias": (4,)},
    "NativeLayerNormBackward0": {"weight": (4,), "bias": (4,)},
    "NativeGroupNormBackward0": {"weight": (4,), "bias": (4,)},
    "MaskedFillBackward1": {"value": ()},
    "IndexFillBackward1": {"value": ()},
    "PreluKernelBackward0": {"weight": (1,)},
    "EmbeddingBagBackward0": {"per_sample_weights": (2, 2)},
    "SqueezeBackward3": {"input": (4, 1)},
    "SqueezeBackward4": {"input": (4, 1)},
    "SqueezeBackward5": {"input": (4, 1)},
    "IndexPutBackward0": {"values": (2, 4)},
    "IndexAddBackward0": {"source": (2, 4)},
    "IndexCopyBackward0": {"source": (2, 4)},
}

TWO = torch.tensor([0, 2])
CLASSES = torch.tensor([0, 1, 2, 3])
COLUMN = CLASSES[:, None]
MASK = torch.eye(4) > 0
ONES = torch.ones(4, 4)
LENGTHS = torch.tensor([5, 5]), torch.tensor([2, 2])
LABELS = torch.tensor([[1, 2], [1, 3]])

# The parameters of each experiment are the leaves, in the order in which the node should name them.
EXPERIMENTS: dict[str, Callable[..., object]] = {
    # heads
    "SoftmaxBackward0": lambda input: torch.softmax(input, -1),
    "SafeSoftmaxBackward0": lambda input: torch._safe_softmax(input, -1),
    "LogSoftmaxBackward0": lambda input: F.log_softmax(input, 1),
    "SigmoidBackward0": lambda input: torch.special.expit(input),
    "LogSigmoidBackward0": lambda input: F.logsigmoid(input),
    "HardsigmoidBackward0": lambda input: F.hardsigmoid(input),
    "TanhBackward0": lambda input: F.tanh(input),
    "HardtanhBackward0": lambda input: F.relu6(input),
    "SoftshrinkBackward0": lambda input: F.softshrink(input),
    "HardshrinkBackward0": lambda input: F.hardshrink(input),
    "ThresholdBackward0": lambda input: F.threshold(input, 0.1, 20.0),
    "ReluBackward0": lambda input: F.relu(input),
    "LeakyReluBackward0": lambda input: F.leaky_relu(input),
    "PreluKernelBackward0": lambda input, weight: F.prelu(input, weight),
    "RreluWithNoiseBackward0": lambda input: F.rrelu(input, training=True),
    "LeakyReluBackward1": lambda input: F.leaky_relu_(input.clone()),
    "RreluWithNoiseBackward1": lambda input: F.rrelu_(input.clone(), training=True),
    "EluBackward1": lambda input: F.elu_(input.clone()),
    "CeluBackward1": lambda input: F.celu_(input.clone()),
    "EluBackward0": lambda input: F.selu(input),
    "CeluBackward0": lambda input: F.celu(input),
    "GeluBackward0": lambda input: F.gelu(input),
    "SiluBackward0": lambda input: F.silu(input),
    "MishBackward0": lambda input: F.mish(input),
    "HardswishBackward0": lambda input: F.hardswish(input),
    "GluBackward0": lambda input: F.glu(input),
    "SoftplusBackward0": lambda input: F.softplus(input),
    # affine
    "MmBackward0": lambda input, other: input @ other,
    "BmmBackward0": lambda input, other: torch.bmm(input, other),
    "MvBackward0": lambda input, other: torch.mv(input, other),
    "DotBackward0": lambda input, other: torch.dot(input, other),
    "VdotBackward0": lambda input, other: torch.vdot(input, other),
    "AddmmBackward0": lambda input, mat1, mat2: torch.addmm(input, mat1, mat2, beta=2),
    "AddmvBackward0": lambda input, mat, vec: torch.addmv(input, mat, vec),
    "AddrBackward0": lambda input, vec1, vec2: torch.addr(input, vec1, vec2),
    "BaddbmmBackward0": lambda input, batch1, batch2: torch.baddbmm(input, batch1, batch2),
    "AddbmmBackward0": lambda input, batch1, batch2: torch.addbmm(input, batch1, batch2),
    "ConvolutionBackward0": lambda input, weight, bias: F.conv1d(input, weight, bias),
    "ConvTbcBackward0": lambda input, weight, bias: F.conv_tbc(input, weight, bias),
    "EmbeddingBackward0": lambda weight: F.embedding(TWO, weight),
    "EmbeddingBagBackward0": lambda weight, per_sample_weights: F.embedding_bag(
        LABELS, weight, mode="sum", per_sample_weights=per_sample_weights
    ),
    # views
    "ViewBackward0": lambda input: input.flatten(),
    "UnsafeViewBackward0": lambda input: torch.ops.aten._unsafe_view(input, [16]),
    "ReshapeAliasBackward0": lambda input: torch.ops.aten._reshape_alias(input, [16], [1]),
    "PermuteBackward0": lambda input: input.permute(1, 0),
    "TransposeBackward0": lambda input: input.mT,
    "TBackward0": lambda input: input.t(),
    "SqueezeBackward0": lambda input: input.squeeze(),
    "SqueezeBackward1": lambda input: input.squeeze(-1),
    "SqueezeBackward2": lambda input: input.squeeze((1,)),
    "UnsqueezeBackward0": lambda input: input.unsqueeze(-1),
    "TransposeBackward1": lambda input: input.clone().transpose_(0, 1),
    "TBackward1": lambda input: input.clone().t_(),
    "SqueezeBackward3": lambda input: input.clone().squeeze_(),
    "SqueezeBackward4": lambda input: input.clone().squeeze_(1),
    "SqueezeBackward5": lambda input: input.clone().squeeze_((1,)),
    "UnsqueezeBackward1": lambda input: input.clone().unsqueeze_(0),
    "AsStridedBackward1": lambda input: input.clone().as_strided_((2, 2), (1, 2)),
    "ExpandBackward0": lambda input: input.expand(2, 4, 4),
    "RepeatBackward0": lambda input: input.repeat(2, 1),
    "FlipBackward0": lambda input: input.flip(0),
    "RollBackward0": lambda input: input.roll(1, 0),
    "Rot90Backward0": lambda input: input.rot90(),
    "AsStridedBackward0": lambda input: input.as_strided((2, 2), (1, 2)),
    "PixelShuffleBackward0": lambda input: F.pixel_shuffle(input, 2),
    "PixelUnshuffleBackward0": lambda input: F.pixel_unshuffle(input, 2),
    "ChannelShuffleBackward0": lambda input: F.channel_shuffle(input, 2),
    "AliasBackward0": lambda input: torch.ops.aten.alias(input),
    # casts
    "ToCopyBackward0": lambda input: input.double(),
    "CopyBackwards": lambda out, input: out.clone().copy_(input),
    "CloneBackward0": lambda input: input.clone(),
    # selections
    "SliceBackward0": lambda input: input[1:],
    "IndexBackward0": lambda input: input[CLASSES, CLASSES],
    "UnsafeIndexBackward0": lambda input: torch.ops.aten._unsafe_index(input, [CLASSES]),
    "UnsafeSplitBackward0": lambda input: torch.unsafe_split(input, 2)[0],
    "UnsafeSplitWithSizesBackward0": lambda input: torch.unsafe_split_with_sizes(input, [1, 3])[0],
    "SelectBackward0": lambda input: input[0],
    "GatherBackward0": lambda input: input.gather(1, COLUMN),
    "IndexSelectBackward0": lambda input: input.index_select(0, TWO),
    "MaskedSelectBackward0": lambda input: input.masked_select(MASK),
    "TakeBackward0": lambda input: input.take(TWO),
    "NarrowCopyBackward0": lambda input: torch.narrow_copy(input, 0, 1, 2),
    "SplitBackward0": lambda input: input.split(2)[0],
    "SplitWithSizesBackward0": lambda input: input.split([1, 3])[0],
    "UnbindBackward0": lambda input: input.unbind()[0],
    "DiagonalBackward0": lambda input: input.diagonal(),
    "TrilBackward0": lambda input: input.tril(),
    "TriuBackward0": lambda input: input.triu(),
    "TopkBackward0": lambda input: input.topk(2)[0],
    "SortBackward0": lambda input: input.sort()[0],
    "SortBackward1": lambda input: input.sort(stable=True)[0],
    "KthvalueBackward0": lambda input: input.kthvalue(1)[0],
    "UnfoldBackward0": lambda input: input.unfold(0, 2, 1),
    # joins
    "CatBackward0": lambda tensors: torch.cat([tensors, tensors]),
    "StackBackward0": lambda tensors: torch.stack([tensors, tensors]),
    "BlockDiagBackward0": lambda tensors: torch.block_diag(tensors, tensors),
    "DiagEmbedBackward0": lambda input: input.diag_embed(),
    "ConstantPadNdBackward0": lambda input: F.pad(input, (1, 1)),
    # noise
    "NativeDropoutBackward0": lambda input: torch.native_dropout(input, 0.5, True)[0],
    # arithmetic
    "AddBackward1": lambda input: torch.ops.aten.add.Scalar(input, 2),
    "SubBackward1": lambda input: torch.ops.aten.sub.Scalar(input, 2),
    "MulBackward1": lambda input: torch.ops.aten.mul.Scalar(input, 2),
    "DivBackward1": lambda input: torch.ops.aten.div.Scalar(input, 2),
    "DivBackward3": lambda input: torch.ops.aten.div.Scalar_mode(input, 2, rounding_mode="floor"),
    "AddBackward0": lambda input, other: input + other,
    "SubBackward0": lambda input, other: input - other,
    "RsubBackward0": lambda other, input: torch.rsub(other, input),
    "RsubBackward1": lambda other: 1 - other,
    "MulBackward0": lambda input, other: input * other,
    "DivBackward0": lambda input, other: input / other,
    "DivBackward2": lambda input, other: torch.div(input, other, rounding_mode="floor"),
    "RemainderBackward0": lambda input: input % 2,
    "RemainderBackward1": lambda input, other: input % other,
    "FmodBackward0": lambda input: input.fmod(2),
    "FmodBackward1": lambda input, other: input.fmod(other),
    "NegBackward0": lambda input: -input,
    "PowBackward0": lambda input: input**2,
    "PowBackward1": lambda input, other: input**other,
    "PowBackward2": lambda other: 2**other,
    "SqrtBackward0": lambda input: input.sqrt(),
    "RsqrtBackward0": lambda input: input.rsqrt(),
    "ReciprocalBackward0": lambda input: input.reciprocal(),
    "AddcmulBackward0": lambda input, tensor1, tensor2: torch.addcmul(input, tensor1, tensor2),
    "AddcdivBackward0": lambda input, tensor1, tensor2: torch.addcdiv(input, tensor1, tensor2),
    "LerpBackward0": lambda input, other: torch.lerp(input, other, 0.5),
    "LerpBackward1": lambda input, other, weight: torch.lerp(input, other, weight),
    "LogitBackward0": lambda input: torch.logit(input, 1e-3),
    "LogaddexpBackward0": lambda input, other: torch.logaddexp(input, other),
    "Logaddexp2Backward0": lambda input, other: torch.logaddexp2(input, other),
    "XlogyBackward0": lambda input, other: torch.xlogy(input, other),
    "XlogyBackward1": lambda other: torch.xlogy(2.0, other),
    "XlogyBackward2": lambda input: torch.xlogy(input, 2.0),
    "SpecialXlog1PyBackward0": lambda input, other: torch.special.xlog1py(input, other),
    "SpecialXlog1PyBackward1": lambda other: torch.special.xlog1py(2.0, other),
    "SpecialXlog1PyBackward2": lambda input: torch.special.xlog1py(input, 2.0),
    "LdexpBackward0": lambda input, other: torch.ldexp(input, other),
    "CopysignBackward0": lambda input, other: input.copysign(other),
    "CopysignBackward1": lambda input: input.copysign(-1),
    "ClampBackward0": lambda input, min, max: torch.clamp(input, min, max),
    "ClampBackward1": lambda input: input.clamp(0.1, 0.9),
    "ClampMinBackward0": lambda input: input.clamp_min(0.1),
    "ClampMinBackward1": lambda input, min: torch.clamp_min(input, min),
    "ClampMaxBackward0": lambda input: input.clamp_max(0.1),
    "ClampMaxBackward1": lambda input, max: torch.clamp_max(input, max),
    "MaximumBackward0": lambda input, other: torch.max(input, other),
    "MinimumBackward0": lambda input, other: torch.minimum(input, other),
    "FmaxBackward0": lambda input, other: torch.fmax(input, other),
    "FminBackward0": lambda input, other: torch.fmin(input, other),
    "WhereBackward0": lambda input, other: torch.where(MASK, input, other),
    "MaskedFillBackward0": lambda input: input.masked_fill(MASK, 0.0),
    "MaskedFillBackward1": lambda input, value: input.masked_fill(MASK, value),
    "MaskedScatterBackward0": lambda input, source: input.masked_scatter(MASK, source),
    "Atan2Backward0": lambda input, other: torch.atan2(input, other),
    "HypotBackward0": lambda input, other: torch.hypot(input, other),
    "RoundBackward0": lambda input: input.round(),
    "RoundBackward1": lambda input: input.round(decimals=1),
    "AsinhBackward1": lambda input: input.clone().asinh_(),
    "AcoshBackward1": lambda input: input.clone().acosh_(),
    "AtanhBackward1": lambda input: input.clone().atanh_(),
    "PolygammaBackward1": lambda input: input.clone().polygamma_(1),
    "PolygammaBackward0": lambda input: torch.polygamma(1, input),
    "MvlgammaBackward0": lambda input: torch.special.multigammaln(input, 1),
    "NanToNumBackward0": lambda input: input.nan_to_num(),
    # reductions
    "SumBackward0": lambda input: input.sum(),
    "SumBackward1": lambda input: input.sum(-1),
    "NansumBackward0": lambda input: input.nansum(1),
    "MeanBackward0": lambda input: input.mean(),
    "MeanBackward1": lambda input: input.mean(1),
    "ProdBackward0": lambda input: input.prod(),
    "ProdBackward1": lambda input: input.prod(1),
    "LogsumexpBackward0": lambda input: input.logsumexp(1),
    "CumsumBackward0": lambda input: input.cumsum(1),
    "CumprodBackward0": lambda input: input.cumprod(1),
    "LogcumsumexpBackward0": lambda input: input.logcumsumexp(1),
    "TraceBackward0": lambda input: input.trace(),
    "MaxBackward0": lambda input: input.max(1)[0],
    "MaxBackward1": lambda input: input.max(),
    "MinBackward0": lambda input: input.min(1)[0],
    "MinBackward1": lambda input: input.min(),
    "AmaxBackward0": lambda input: input.amax(1),
    "AminBackward0": lambda input: input.amin(1),
    "AminmaxBackward0": lambda input: input.aminmax(dim=1)[0],
    "MedianBackward0": lambda input: input.median(),
    "MedianBackward1": lambda input: input.median(1)[0],
    "NanmedianBackward0": lambda input: input.nanmedian(),
    "NanmedianBackward1": lambda input: input.nanmedian(1)[0],
    "ModeBackward0": lambda input: input.mode()[0],
    "CummaxBackward0": lambda input: input.cummax(1)[0],
    "CumminBackward0": lambda input: input.cummin(1)[0],
    "VarBackward0": lambda input: input.var(1),
    "StdBackward0": lambda input: input.std(1),
    "VarMeanBackward0": lambda input: torch.var_mean(input, 1)[0],
    "StdMeanBackward0": lambda input: torch.std_mean(input, 1)[0],
    "LinalgVectorNormBackward0": lambda input: torch.norm(input, dim=1),
    "NormBackward0": lambda input: torch.ops.aten.norm.Scalar(input, 2),
    "NormBackward1": lambda input: F.pairwise_distance(input, ONES),
    "NormBackward2": lambda input: torch.ops.aten.norm.ScalarOpt_dtype(input, 2, dtype=torch.float32),
    "NormBackward3": lambda input: torch.ops.aten.norm.ScalarOpt_dim_dtype(input, 2, [1], False, dtype=torch.float32),
    "EuclideanDistBackward0": lambda input, other: torch.ops.aten._euclidean_dist(input, other),
    "DistBackward0": lambda input, other: torch.dist(input, other),
    "CdistBackward0": lambda input, other: torch.cdist(input, other),
    "PdistBackward0": lambda input: F.pdist(input),
    # encodings
    "ScatterBackward0": lambda input, src: input.scatter(1, COLUMN, src),
    "ScatterBackward1": lambda input: input.scatter(1, COLUMN, 1.0),
    "ScatterAddBackward0": lambda input, src: input.scatter_add(1, COLUMN, src),
    "ScatterReduceBackward0": lambda input, src: input.scatter_reduce(1, COLUMN, src, "sum"),
    "IndexPutBackward0": lambda input, values: input.index_put((TWO,), values),
    "IndexFillBackward0": lambda input: input.index_fill(1, TWO, 0.0),
    "IndexFillBackward1": lambda input, value: input.index_fill(1, TWO, value),
    "IndexAddBackward0": lambda input, source: input.index_add(0, TWO, source),
    "IndexCopyBackward0": lambda input, source: input.index_copy(0, TWO, source),
    # normalisation
    "NativeBatchNormBackward0": lambda input, weight, bias: F.batch_norm(
        input, torch.zeros(4), torch.ones(4), weight, bias, training=True
    ),
    "NativeLayerNormBackward0": lambda input, weight, bias: F.layer_norm(input, (4,), weight, bias),
    "NativeGroupNormBackward0": lambda input, weight, bias: F.group_norm(input, 2, weight, bias),
    # losses
    "NllLossBackward0": lambda input: F.nll_loss(input, CLASSES),
    "NllLoss2DBackward0": lambda input: F.nll_loss(input, torch.zeros(4, 1, 1, dtype=torch.int64)),
    "MultiMarginLossBackward0": lambda input: F.multi_margin_loss(input, CLASSES),
    "BinaryCrossEntropyBackward0": lambda input, target: F.binary_cross_entropy(input, target),
    "BinaryCrossEntropyWithLogitsBackward0": lambda input, target: F.binary_cross_entropy_with_logits(input, target),
    "SoftMarginLossBackward0": lambda input: F.soft_margin_loss(input, ONES),
    "MultilabelMarginLossBackward0": lambda input: F.multilabel_margin_loss(input, COLUMN.repeat(1, 4) * 0 - 1),
    "MseLossBackward0": lambda input, target: F.mse_loss(input, target),
    "SmoothL1LossBackward0": lambda input, target: F.smooth_l1_loss(input, target),
    "HuberLossBackward0": lambda input, target: F.huber_loss(input, target),
    "CtcLossBackward0": lambda log_probs: F.ctc_loss(
        log_probs, LABELS, *map(torch.Tensor.tolist, LENGTHS), reduction="none"
    ),
    "CtcLossBackward1": lambda log_probs: torch.ops.aten._ctc_loss.Tensor(log_probs, LABELS, *LENGTHS)[0],
}

# What no CPU build leaves behind.
ELSEWHERE = {
    "LinearBackward0": "Apple's GPUs; a CPU multiplies by addmm or mm",
    "MatmulBackward0": "nested tensors; dense ones become mm or bmm",
    "ChunkBackward0": "nested tensors; dense ones become split",
    "FusedDropoutBackward0": "NVIDIA's GPUs",
}


def plain_function(path: str) -> Callable[..., object]:
    """Of a node whose operation takes one tensor and nothing else: that operation."""
    found = find("torch", path)
    assert found is not None
    spelling = next(s for s in found[0].spellings if s.kind is Kind.FUNCTION and len(s.params) == 1)
    function = torch
    for part in spelling.path.split(".")[1:]:
        function = getattr(function, part)
    return lambda input: function(input)


def leaf(function: object) -> object:
    """The leaf at the end of a chain of nodes with one input."""
    while function is not None and not hasattr(function, "variable"):
        function = function.next_functions[0][0]  # type: ignore[attr-defined]
    return getattr(function, "variable", None)


NODES = [pytest.param(s, id=s.path) for s, _ in spellings("torch", Kind.GRAPH)]


@pytest.mark.parametrize("spelling", [case for case in NODES if case.values[0].path not in ELSEWHERE])
def test_experiment(spelling: Spelling) -> None:
    """The operation leaves this node; its inputs are named in order; its constants are there and no tensors."""
    experiment = EXPERIMENTS.get(spelling.path) or plain_function(spelling.path)
    shapes = SHAPES | OWN.get(spelling.path, {})
    leaves = {
        name: (torch.rand(shapes.get(name, (4, 4))) * 0.8 + 0.1).requires_grad_()
        for name in inspect.signature(experiment).parameters
    }
    result = experiment(**leaves)
    node = result.grad_fn  # type: ignore[attr-defined]
    assert find("torch", node.name()) == find("torch", spelling.path)
    names = {id(value): name for name, value in leaves.items()}
    edges = [names.get(id(leaf(edge)), "") for edge, _ in node.next_functions]
    # A function that takes several tensors as one has more edges than names.
    assert edges == list(spelling.edges) + list(spelling.edges[-1:]) * (len(edges) - len(spelling.edges))
    for param in spelling.params:
        assert not isinstance(getattr(node, param.name), torch.Tensor)


@pytest.mark.parametrize("spelling", [case for case in NODES if case.values[0].path in ELSEWHERE])
def test_node_of_another_build(spelling: Spelling) -> None:
    kind = getattr(torch._C._functions, spelling.path)
    assert all(hasattr(kind, param.name) for param in spelling.params)


def test_negative_integers_are_kept_as_unsigned_ones() -> None:
    """As `Spelling` says; a reader has to wrap them."""
    leaf = torch.zeros(4, 4, requires_grad=True)
    assert leaf.softmax(-1).grad_fn._saved_dim == 2**64 - 1
    assert F.cross_entropy(leaf, CLASSES).grad_fn._saved_ignore_index == 2**64 - 100


@pytest.mark.parametrize(("reduction", "number"), [("none", 0), ("mean", 1), ("sum", 2)])
def test_reductions_are_kept_as_numbers(reduction: str, number: int) -> None:
    """As `Spelling` says."""
    leaf = torch.zeros(4, 4, requires_grad=True)
    assert F.mse_loss(leaf, ONES, reduction=reduction).grad_fn._saved_reduction == number
