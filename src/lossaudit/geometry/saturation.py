"""Measures, on given samples, where the gradient of a pairing at the logits has vanished.

Gradients are recomputed in float64 from logits and targets, per sample and before any reduction, coefficient,
gradient scaling or accumulation; what autograd captured in a program carries all of those. All losses here score
their samples independently, so one backward pass through the sum gives every per-sample gradient.

The caller's grad mode, inference mode, autocast, default dtype, function modes and random numbers are left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lossaudit.errors import UsageError
from lossaudit.pairing import Args, Const, TargetEncoding, Unknown

CONFIDENTLY_WRONG = 0.01
"""A wrong sample is confidently wrong when its target's probability is below this."""

STUCK = 0.01
"""A wrong sample is stuck when its own gradient is below this share of its own at uniform logits, ..."""

REFERENCE = 0.5
"""... while cross-entropy's same share is above this."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a loss is computed: `value(x, y, **params)`, reduced over the class axis at most.

    Attributes:
        params: The parameters that change its value, and no others.
        class_axis: Whether it compares along the class axis.
        index: Whether it takes class indices.
        numbers: Whether it takes one number per logit.
        class_mean: Whether its `reduction="mean"` divides by the number of classes too.
        signed: Whether its targets are -1 and +1.
    """

    value: Callable[..., Tensor]
    params: tuple[str, ...] = ()
    class_axis: bool = False
    index: bool = False
    numbers: bool = True
    class_mean: bool = True
    signed: bool = False


def _nll(x: Tensor, y: Tensor, **options: Any) -> Tensor:
    """Negative log-likelihood of class indices, or written out as -sum_k y_k x_k for a distribution."""
    if y.ndim == 1:
        return F.nll_loss(x, y, **options)
    weight = options.get("weight")
    return -(y * x).sum(1) if weight is None else -(weight * y * x).sum(1)


def _form(function: Callable[..., Tensor], *params: str, **facts: bool) -> _Form:
    return _Form(partial(function, reduction="none"), params, **facts)


_LOSSES: Mapping[str, _Form] = MappingProxyType(
    {
        "cross_entropy": _form(
            F.cross_entropy, "weight", "ignore_index", "label_smoothing", class_axis=True, index=True, class_mean=False
        ),
        "nll": _form(_nll, "weight", "ignore_index", class_axis=True, index=True, class_mean=False),
        "multi_margin": _form(
            F.multi_margin_loss, "p", "margin", "weight", class_axis=True, index=True, numbers=False, class_mean=False
        ),
        "kl_div": _form(F.kl_div, "log_target", class_axis=True),
        "mse": _form(F.mse_loss),
        "mae": _form(F.l1_loss),
        "huber": _form(F.huber_loss, "delta"),
        "smooth_l1": _form(F.smooth_l1_loss, "beta"),
        "bce": _form(F.binary_cross_entropy, "weight"),
        "bce_with_logits": _form(F.binary_cross_entropy_with_logits, "weight", "pos_weight"),
        "multilabel_soft_margin": _form(F.multilabel_soft_margin_loss, "weight", class_mean=False),
        "soft_margin": _form(F.soft_margin_loss, signed=True),
    }
)
_IMMATERIAL = frozenset({"reduction", "size_average", "reduce", "ignore_index", "full"})
# Without a class axis in the head, these score every element as a sample of its own.
_PER_ELEMENT = frozenset({"bce", "bce_with_logits", "multilabel_soft_margin", "soft_margin"})

_HEADS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "identity": lambda x: x,
        "softmax": partial(torch.softmax, dim=-1),
        "log_softmax": partial(torch.log_softmax, dim=-1),
        "sigmoid": torch.sigmoid,
        "logsigmoid": F.logsigmoid,
        "log": torch.log,
        "exp": torch.exp,
        "tanh": torch.tanh,
        "relu": torch.relu,
    }
)
_CLASS_HEADS = frozenset({"softmax", "log_softmax"})
_ELEMENT_HEADS = frozenset({"sigmoid", "logsigmoid", "tanh"})


@dataclass(frozen=True, slots=True)
class SampleMeasures:
    """What was measured on N samples (rows of class logits, or single binary logits).

    Attributes:
        usable: (N,) bool; False where logits or target are not finite, or the target is ignored. Everything below
            is False or NaN there.
        correct: (N,) bool; the target's logit is strictly the largest (binary: on the target's side of 0).
        confidently_wrong: (N,) bool; wrong with a target probability under 1 %, by softmax or sigmoid of the logits.
        stuck: (N,) bool; wrong, own gradient norm under 1 % of this loss's own at uniform logits and the same
            target, where cross-entropy's same ratio is above 50 %. None where that is not defined for any sample.
        ratio: (N,) own gradient norm / own norm at uniform logits; NaN per sample, None altogether, where undefined.
        norm: (N,) Euclidean norm of the gradient at the logits, float64, before reduction.
        nonfinite: Number of samples with logits or targets that are not finite.
    """

    usable: Tensor
    correct: Tensor
    confidently_wrong: Tensor
    stuck: Tensor | None
    ratio: Tensor | None
    norm: Tensor
    nonfinite: int


@dataclass(frozen=True, slots=True)
class _Samples:
    """Checked float64 copies on the CPU.

    Attributes:
        logits: (N, K), or any shape where every element is a sample of its own.
        target: As numbers, in the shape of `logits`.
        given: The target as the loss takes it: these numbers, or (N,) class indices.
        hard: Whether every target is one class.
        finite, usable: One entry per sample.
        each: Whether every element is a sample of its own.
    """

    logits: Tensor
    target: Tensor
    given: Tensor
    hard: bool
    finite: Tensor
    usable: Tensor
    each: bool


def supports(loss: str, head: tuple[str, ...] = ()) -> bool:
    """Whether the gradients of this pairing can be recomputed here."""
    return loss in _LOSSES and all(op in _HEADS for op in head)


def apply_head(head: tuple[str, ...], logits: Tensor) -> Tensor:
    """What reaches the loss, in float64 on the CPU; classes are the last axis. No gradient is tracked.

    >>> apply_head(("softmax",), torch.zeros(1, 4)).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    with _isolated(), torch.no_grad():
        x = logits.detach().cpu().to(torch.float64)
        for op in head:
            x = _HEADS[op](x)
        return x


def sample_gradients(loss: str, head: tuple[str, ...], params: Args, logits: Tensor, target: Tensor) -> Tensor:
    """Per-sample gradients of a named pairing at its logits, before reduction.

    Losses that are computed per class (squared error, ...) are summed over the classes: the `1/K` of a mean
    belongs to the reduction, see `uniform_scale`.

    Args:
        loss: Name in the catalogue.
        head: Names of the operations between logits and loss, in order.
        params: The loss's arguments, by the catalogue's names. Reduction does not matter here.
        logits: (N, K) class logits; or (N,), (N, 1) or (N, L) binary logits.
        target: Class indices (N,), or one-hot or distribution (N, K); for binary logits, one value per logit.

    Returns:
        Gradients in float64 on the CPU, in the shape of `logits`; NaN for samples that are not finite, 0 for
        ignored ones.

    Raises:
        UsageError: The pairing is not known, an argument that matters is not known, or shapes do not fit.

    >>> sample_gradients("cross_entropy", (), {}, torch.zeros(1, 2), torch.tensor([0])).tolist()
    [[-0.5, 0.5]]
    """
    with _isolated():
        form, options = _resolve(loss, head, params)
        samples = _samples(loss, form, head, options, logits, target)
        gradients = _gradients(form, head, options, samples.logits, samples.given)
        gradients[~samples.usable] = 0.0
        gradients[~samples.finite] = math.nan
        return gradients


def measure(loss: str, head: tuple[str, ...], params: Args, logits: Tensor, target: Tensor) -> SampleMeasures:
    """Which samples are right, confidently wrong, or stuck. Arguments as for `sample_gradients`.

    A squared error on softmax has no gradient left at a wrong gap of 20, cross-entropy has:

    >>> z, y = torch.tensor([[0.0, 20.0]]), torch.tensor([0])
    >>> measure("mse", ("softmax",), {}, z, y).stuck.tolist()
    [True]
    >>> measure("cross_entropy", (), {}, z, y).stuck.tolist()
    [False]
    """
    with _isolated():
        form, options = _resolve(loss, head, params)
        samples = _samples(loss, form, head, options, logits, target)
        # At uniform logits every hard target has the same norm, unless classes are weighted: one row will do.
        rows = slice(1 if samples.hard and "weight" not in options else None)
        logits = torch.cat((samples.logits, torch.zeros_like(samples.logits[rows])))
        target = torch.cat((samples.given, samples.given[rows]))
        norms = _norms(_gradients(form, head, options, logits, target), samples.each)
        norm, uniform = norms[: samples.usable.numel()], norms[samples.usable.numel() :]
        right, probability, reference = _standing(form, samples)

        usable = samples.usable.flatten()
        wrong = usable & ~right.flatten()
        norm = norm.masked_fill(~usable, math.nan)
        scaled = usable & torch.isfinite(uniform) & (uniform > 0)
        ratio = stuck = None
        if bool(scaled.any()):
            ratio = (norm / uniform).masked_fill(~scaled, math.nan)
            stuck = wrong & (ratio < STUCK) & (reference.flatten() > REFERENCE)
        return SampleMeasures(
            usable=usable,
            correct=usable & ~wrong,
            confidently_wrong=wrong & (probability.flatten() < CONFIDENTLY_WRONG),
            stuck=stuck,
            ratio=ratio,
            norm=norm,
            nonfinite=int((~samples.finite).sum()),
        )


def uniform_scale(loss: str, head: tuple[str, ...], params: Args, classes: int, encoding: TargetEncoding) -> float:
    """Gradient norm of this pairing at uniform logits, divided by cross-entropy's there.

    Counts the `1/K` that `reduction="mean"` (the default) adds for losses that are computed per class. Class
    weights are left out: they speak about samples, not about the loss. NaN where the norm is not finite.

    Args:
        loss: As for `sample_gradients`.
        head: As for `sample_gradients`.
        params: As for `sample_gradients`; the reduction matters.
        classes: K; 1 means one binary logit.
        encoding: Of the target; only signed targets make a difference.

    Raises:
        UsageError: As for `sample_gradients`, or the reduction is not known.

    >>> "%.3f" % uniform_scale("mse", ("softmax",), {}, 10, TargetEncoding.ONE_HOT)  # 2 / K**2
    '0.020'
    """
    bare = {name: value for name, value in params.items() if name != "weight"}
    form, _ = _resolve(loss, head, bare)
    target = torch.full((1, classes), -1.0 if encoding is TargetEncoding.SIGNED else 0.0, device="cpu")
    target[0, 0] = 1.0
    gradient = sample_gradients(loss, head, bare, torch.zeros(1, classes, device="cpu"), target)
    each = _scores_elements(loss, form, head, (1, classes))
    reference = math.sqrt(classes) / 2 if each else math.sqrt((classes - 1) / classes)
    scale = float(torch.linalg.vector_norm(gradient)) / reference
    if form.class_mean and _reduction(params) == "mean":
        scale /= classes
    return scale if math.isfinite(scale) else math.nan


@contextmanager
def _isolated() -> Iterator[None]:
    """Gradients on; autocast, inference mode and the caller's function modes off; all of it undone at the end."""
    with ExitStack() as stack:
        stack.enter_context(torch._C.DisableTorchFunction())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.autocast("cpu", enabled=False))
        yield


def _reduction(params: Args) -> str:
    match params.get("reduction", Const("mean")):
        case Const(str(name)):
            return name
        case Unknown(reason):
            raise UsageError(f"the reduction is not known ({reason}); give it as a constant")
        case other:
            raise UsageError(f"the reduction is {other.value!r}; it has to be mean, sum, batchmean or none")


def _resolve(loss: str, head: tuple[str, ...], params: Args) -> tuple[_Form, dict[str, Any]]:
    """The loss's form, and those of its arguments that matter and were given."""
    if not supports(loss, head):
        on = f" on {' then '.join(head)}" if head else ""
        raise UsageError(f"gradients of {loss}{on} cannot be recomputed; known losses: {', '.join(_LOSSES)}")
    form = _LOSSES[loss]
    for name, value in params.items():
        if name not in (*form.params, *_IMMATERIAL) and value != Const(None):
            raise UsageError(f"gradients of {loss} with the argument {name} cannot be recomputed; leave it out")
    options: dict[str, Any] = {}
    for name in form.params:
        match params.get(name):
            case None | Const(None):
                continue
            case Unknown(reason):
                raise UsageError(f"{name} of {loss} is not known ({reason}); give it as a constant")
            case Const(value):
                tensor = name in ("weight", "pos_weight")
                options[name] = torch.tensor(value, dtype=torch.float64, device="cpu") if tensor else value
    return form, options


def _scores_elements(loss: str, form: _Form, head: tuple[str, ...], shape: tuple[int, ...]) -> bool:
    """Whether every logit is a (binary) sample of its own."""
    if form.class_axis or any(op in _CLASS_HEADS for op in head):
        return False
    return loss in _PER_ELEMENT or any(op in _ELEMENT_HEADS for op in head) or len(shape) == 1 or shape[1:] == (1,)


def _samples(
    loss: str, form: _Form, head: tuple[str, ...], options: Mapping[str, Any], logits: Tensor, target: Tensor
) -> _Samples:
    """Check shapes, bring everything to float64, set what is not finite to 0."""
    z = logits.detach().cpu().to(torch.float64, copy=True)
    y = target.detach().cpu()
    each = _scores_elements(loss, form, head, tuple(z.shape))
    if not each and (z.ndim != 2 or z.shape[1] < 2):
        raise UsageError(f"{loss}: logits of shape {tuple(z.shape)}; give one row of class logits per sample")

    index = None
    if y.shape == z.shape or (each and y.numel() == z.numel()):
        dense = y.to(torch.float64, copy=True).reshape(z.shape)
        finite = _finite(z, each) & _finite(dense, each)
        ignored = None
        if not form.numbers:
            index = dense.argmax(1)
    elif not each and y.numel() == len(z):
        index = y.reshape(-1).to(torch.int64)
        finite = _finite(z, each)
        ignored = index == options.get("ignore_index", -100)
        index = index.masked_fill(ignored, 0)
        if len(z) and not (int(index.min()) >= 0 and int(index.max()) < z.shape[1]):
            raise UsageError(f"{loss}: a class index lies outside 0..{z.shape[1] - 1}, the classes of the logits")
        dense = torch.zeros_like(z).scatter_(1, index[:, None], 1.0)
    else:
        raise UsageError(f"{loss}: target of shape {tuple(y.shape)} does not fit logits of shape {tuple(z.shape)}")

    if not bool(finite.all()):
        broken = ~finite if each else ~finite[:, None]
        z, dense = z.masked_fill(broken, 0.0), dense.masked_fill(broken, 0.0)
    given = index if form.index and index is not None else dense
    usable = finite if ignored is None else finite & ~ignored
    return _Samples(z, dense, given, index is not None, finite, usable, each)


def _finite(x: Tensor, each: bool) -> Tensor:
    """Which samples are finite; over a class axis by the extremes of each row, which NaN reaches too."""
    return torch.isfinite(x) if each else torch.isfinite(x.amax(1)) & torch.isfinite(x.amin(1))


def _gradients(
    form: _Form, head: tuple[str, ...], options: Mapping[str, Any], logits: Tensor, target: Tensor
) -> Tensor:
    z = logits.detach().requires_grad_()
    x = z
    for op in head:
        x = _HEADS[op](x)
    try:
        total = form.value(x, target, **options).sum()
    except (RuntimeError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"the loss rejects these samples: {reason}") from error
    (gradients,) = torch.autograd.grad(total, z)
    return gradients


def _norms(gradients: Tensor, each: bool) -> Tensor:
    return gradients.abs().flatten() if each else torch.linalg.vector_norm(gradients, dim=1)


def _standing(form: _Form, samples: _Samples) -> tuple[Tensor, Tensor, Tensor]:
    """Whether each sample is right, its target's probability, and cross-entropy's gradient ratio."""
    z, y = samples.logits, samples.target
    if samples.each:
        y = (y + 1) / 2 if form.signed else y
        positive = y > 0.5
        toward = torch.where(positive, z, -z)
        error = torch.sigmoid(z) - y
        return toward > 0, torch.sigmoid(toward), error.abs() / (0.5 - y).abs()
    top = y == y.amax(1, keepdim=True)
    best = z.masked_fill(~top, -math.inf).amax(1)
    p = torch.softmax(z, 1)
    reference = torch.linalg.vector_norm(p - y, dim=1) / torch.linalg.vector_norm(1 / z.shape[1] - y, dim=1)
    return best > z.masked_fill(top, -math.inf).amax(1), p.masked_fill(~top, 0.0).amax(1), reference
