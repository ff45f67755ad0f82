"""Value and gradient of a formula in ball arithmetic (Arb), over blocks of equal logits.

Every result is a ball that contains the true real number, at any working precision; a result that cannot be
enclosed is not finite. Comparisons of balls are True only when they hold for all their points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from flint import arb

from lossaudit.geometry.formula import Formula, ball
from lossaudit.pairing import TargetEncoding

Options: TypeAlias = Mapping[str, Fraction | bool]
Balls: TypeAlias = Sequence[arb]
Term: TypeAlias = Callable[[arb, arb, arb, Options], arb]
Exact: TypeAlias = Fraction | int


@dataclass(frozen=True, slots=True)
class Blocks:
    """Classes that share a target and factors. The first block is the target's class, the second a wrong one.

    Attributes:
        counts: Classes per block.
        target: Target value per block.
        weight, pos_weight: Factor per block.
    """

    counts: tuple[int, ...]
    target: tuple[int, ...]
    weight: tuple[Exact, ...]
    pos_weight: tuple[Exact, ...]

    def spread(self, values: Sequence[float]) -> tuple[float, ...]:
        """One number per class out of one per block."""
        return tuple(value for value, count in zip(values, self.counts, strict=True) for _ in range(count))


def blocks(formula: Formula) -> Blocks:
    """The formula for the target in class 0 (for values one by one: the first is 1, all others 0 or -1)."""
    k = formula.classes
    counts = (1,) * k if k < 3 or not formula.even else (1, 1, k - 2)
    off = -1 if formula.encoding is TargetEncoding.SIGNED else 0
    size = len(counts)
    target = (1,) + (off,) * (size - 1)
    ones = (1,) * size
    return Blocks(counts, target, (formula.weight or ones)[:size], (formula.pos_weight or ones)[:size])


def value(formula: Formula, parts: Blocks, logits: Balls) -> arb:
    """The loss at these logits, one per block."""
    return _loss(formula, parts, _through(formula.head, logits, parts.counts)[-1])


def loss_on_box(formula: Formula, parts: Blocks, low: int, high: int) -> arb:
    """A ball that holds every value of the loss while each of its inputs ranges over [low, high]."""
    box = arb((low + high) / 2, (high - low) / 2)
    return _loss(formula, parts, [box] * len(parts.counts))


def gradient(formula: Formula, parts: Blocks, logits: Balls) -> list[arb]:
    """Derivative of the loss by each single logit, one per block."""
    stages = _through(formula.head, logits, parts.counts)
    slopes = _slopes(formula, parts, stages[-1])
    for op, x, out in zip(reversed(formula.head), reversed(stages[:-1]), reversed(stages[1:]), strict=True):
        slopes = _pull_back(op, x, out, slopes, parts.counts)
    return slopes


def _dot(counts: Sequence[int], *factors: Balls) -> arb:
    total = arb(0)
    for count, *values in zip(counts, *factors, strict=True):
        product = arb(count)
        for factor in values:
            product *= factor
        total += product
    return total


def softplus(x: arb) -> arb:
    """log(1 + exp(x))."""
    return x.exp().log1p()


def sigmoid(x: arb) -> arb:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + (-x).exp())


_ELEMENTWISE: Mapping[str, tuple[Callable[[arb], arb], Callable[[arb, arb], arb]]] = MappingProxyType(
    {  # the operation, and its derivative by input and output
        "sigmoid": (sigmoid, lambda x, out: out * sigmoid(-x)),
        "logsigmoid": (lambda x: -softplus(-x), lambda x, out: sigmoid(-x)),
        "log": (lambda x: x.log(), lambda x, out: 1 / x),
        "exp": (lambda x: x.exp(), lambda x, out: out),
        "tanh": (lambda x: x.tanh(), lambda x, out: 1 - out * out),
        "relu": (lambda x: x.max(arb(0)), lambda x, out: _step(x)),
    }
)


def _step(x: arb) -> arb:
    if x > 0:
        return arb(1)
    return arb(0) if x <= 0 else arb(0.5, 0.5)


def _log_softmax(x: Balls, counts: Sequence[int]) -> list[arb]:
    total = _dot(counts, [value.exp() for value in x]).log()
    return [value - total for value in x]


def _through(head: Sequence[str], logits: Balls, counts: Sequence[int]) -> list[Balls]:
    """The logits and what each operation of the head makes of them."""
    stages: list[Balls] = [logits]
    for op in head:
        x = stages[-1]
        if op == "log_softmax":
            stages.append(_log_softmax(x, counts))
        elif op == "softmax":
            stages.append([value.exp() for value in _log_softmax(x, counts)])
        else:
            stages.append([_ELEMENTWISE[op][0](value) for value in x])
    return stages


def _pull_back(op: str, x: Balls, out: Balls, slopes: Balls, counts: Sequence[int]) -> list[arb]:
    if op == "softmax":
        mean = _dot(counts, out, slopes)
        return [p * (slope - mean) for p, slope in zip(out, slopes, strict=True)]
    if op == "log_softmax":
        total = _dot(counts, slopes)
        return [slope - log_p.exp() * total for log_p, slope in zip(out, slopes, strict=True)]
    derivative = _ELEMENTWISE[op][1]
    return [slope * derivative(a, b) for a, b, slope in zip(x, out, slopes, strict=True)]


def _huber(r: arb, delta: arb) -> arb:
    m = abs(r).min(delta)
    return m * (abs(r) - m / 2)


def _clip(r: arb, bound: arb) -> arb:
    return r.min(bound).max(-bound)


def _smooth_l1(x: arb, y: arb, beta: arb) -> arb:
    return abs(x - y) if beta == 0 else _huber(x - y, beta) / beta


def _kl(x: arb, y: arb, log_target: bool) -> arb:
    if log_target:
        return y.exp() * (y - x)
    return arb(0) if y == 0 else y * (y.log() - x)


def _bce(x: arb, y: arb) -> arb:
    # 0 log 0 is 0: a term whose factor is exactly 0 is left out.
    kept = arb(0) if y == 0 else y * x.log()
    return -kept - (arb(0) if y == 1 else (1 - y) * (1 - x).log())


def _logistic(x: arb, y: arb, pos_weight: arb) -> arb:
    return pos_weight * y * softplus(-x) + (1 - y) * softplus(x)


def _logistic_slope(x: arb, y: arb, pos_weight: arb) -> arb:
    return (1 - y) * sigmoid(x) - pos_weight * y * sigmoid(-x)


def _poisson(x: arb, y: arb, o: Options) -> arb:
    return x.exp() - y * x if o["log_input"] else x - y * (x + ball(o["eps"])).log()


def _poisson_slope(x: arb, y: arb, o: Options) -> arb:
    return x.exp() - y if o["log_input"] else 1 - y / (x + ball(o["eps"]))


# These divide by the number of classes within one sample, whatever the reduction.
_AVERAGED = frozenset({"multi_margin", "multilabel_soft_margin"})

# The term of one class, and its derivative by x: (x, y, pos_weight, options).
_TERMS: Mapping[str, tuple[Term, Term]] = MappingProxyType(
    {
        "nll": (lambda x, y, w, o: -y * x, lambda x, y, w, o: -y),
        "kl_div": (
            lambda x, y, w, o: _kl(x, y, bool(o["log_target"])),
            lambda x, y, w, o: -y.exp() if o["log_target"] else -y,
        ),
        "mse": (lambda x, y, w, o: (x - y) * (x - y), lambda x, y, w, o: 2 * (x - y)),
        "mae": (lambda x, y, w, o: abs(x - y), lambda x, y, w, o: (x - y).sgn()),
        "huber": (
            lambda x, y, w, o: _huber(x - y, ball(o["delta"])),
            lambda x, y, w, o: _clip(x - y, ball(o["delta"])),
        ),
        "smooth_l1": (
            lambda x, y, w, o: _smooth_l1(x, y, ball(o["beta"])),
            lambda x, y, w, o: _clip((x - y) / ball(o["beta"]), arb(1)) if o["beta"] else (x - y).sgn(),
        ),
        "bce": (lambda x, y, w, o: _bce(x, y), lambda x, y, w, o: (x - y) / (x * (1 - x))),
        "bce_with_logits": (
            lambda x, y, w, o: _logistic(x, y, w),
            lambda x, y, w, o: _logistic_slope(x, y, w),
        ),
        "multilabel_soft_margin": (
            lambda x, y, w, o: _logistic(x, y, arb(1)),
            lambda x, y, w, o: _logistic_slope(x, y, arb(1)),
        ),
        "soft_margin": (lambda x, y, w, o: softplus(-y * x), lambda x, y, w, o: -y * sigmoid(-y * x)),
        "hinge_embedding": (
            lambda x, y, w, o: x if y == 1 else (ball(o["margin"]) - x).max(arb(0)),
            lambda x, y, w, o: arb(1) if y == 1 else -_step(ball(o["margin"]) - x),
        ),
        "poisson_nll": (lambda x, y, w, o: _poisson(x, y, o), lambda x, y, w, o: _poisson_slope(x, y, o)),
    }
)


def _smoothed(formula: Formula, parts: Blocks) -> list[arb]:
    """Targets of a cross-entropy after label smoothing."""
    smoothing = Fraction(formula.options["label_smoothing"])
    return [ball((1 - smoothing) * y + smoothing / formula.classes) for y in parts.target]


def _weight(formula: Formula, parts: Blocks) -> list[arb]:
    divisor = formula.classes if formula.loss in _AVERAGED else 1
    return [ball(factor) / divisor for factor in parts.weight]


def _loss(formula: Formula, parts: Blocks, x: Balls) -> arb:
    weight = _weight(formula, parts)
    if formula.loss == "multi_margin":
        return weight[0] * sum(
            (count * t for count, t in zip(parts.counts, _margins(formula, x)[0], strict=True)), arb(0)
        )
    if formula.loss == "cross_entropy":
        terms: Balls = [
            -y * log_p for y, log_p in zip(_smoothed(formula, parts), _log_softmax(x, parts.counts), strict=True)
        ]
        return _dot(parts.counts, weight, terms)
    term = _TERMS[formula.loss][0]
    inputs = zip(x, parts.target, parts.pos_weight, strict=True)
    return _dot(parts.counts, weight, [term(a, ball(y), ball(w), formula.options) for a, y, w in inputs])


def _slopes(formula: Formula, parts: Blocks, x: Balls) -> list[arb]:
    weight = _weight(formula, parts)
    if formula.loss == "multi_margin":
        slopes = [weight[0] * slope for slope in _margins(formula, x)[1]]
        return [-_dot(parts.counts, slopes), *slopes[1:]]
    if formula.loss == "cross_entropy":
        outer = [-w * y for w, y in zip(weight, _smoothed(formula, parts), strict=True)]
        return _pull_back("log_softmax", x, _log_softmax(x, parts.counts), outer, parts.counts)
    slope = _TERMS[formula.loss][1]
    inputs = zip(weight, x, parts.target, parts.pos_weight, strict=True)
    return [factor * slope(a, ball(y), ball(w), formula.options) for factor, a, y, w in inputs]


def _margins(formula: Formula, x: Balls) -> tuple[list[arb], list[arb]]:
    """Weston-Watkins terms against class 0, per class, and their derivatives by the wrong class's score."""
    margin, p = ball(formula.options["margin"]), formula.options["p"]
    violations = [(margin - x[0] + score).max(arb(0)) for score in x[1:]]
    if p == 1:
        return [arb(0), *violations], [arb(0), *(_step(margin - x[0] + score) for score in x[1:])]
    return [arb(0), *(v * v for v in violations)], [arb(0), *(2 * v for v in violations)]
