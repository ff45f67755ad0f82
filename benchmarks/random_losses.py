"""Random losses in torch: the same expression is also a function of balls, for checks that are certain."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
import torch.nn.functional as F
from flint import arb, ctx, fmpq
from torch import Tensor

from benchmarks import independent

Vector = Sequence[arb]


@dataclass(frozen=True, slots=True)
class Operation:
    """A map of vectors, in torch and in balls; the size stays or becomes 1."""

    name: str
    torch: Callable[[Tensor], Tensor]
    balls: Callable[[Vector], Vector]

    def __str__(self) -> str:
        return self.name


def _each(name: str, in_torch: Callable[[Tensor], Tensor], in_balls: Callable[[arb], arb]) -> Operation:
    return Operation(name, in_torch, lambda xs: [in_balls(x) for x in xs])


def _softplus(x: arb) -> arb:
    return independent.logsumexp(arb(0), x)


def _log_softmax(xs: Vector) -> Vector:
    total = independent.logsumexp(*xs)
    return [x - total for x in xs]


def _largest(xs: Vector) -> arb:
    return functools.reduce(arb.max, xs)


def _branch(x: arb, limit: int, above: arb, below: arb) -> arb:
    """The branch for x > limit; the two meet there, so it does not matter which is taken at the limit itself."""
    return above if independent.chosen(x - limit, closed=True) else below


EACH = (
    _each("exp", torch.exp, arb.exp),
    _each("softplus", lambda z: torch.logaddexp(z, torch.zeros_like(z)), _softplus),
    _each("logsigmoid", F.logsigmoid, lambda x: -_softplus(-x)),
    _each("sigmoid", torch.sigmoid, independent.sigmoid),
    _each("tanh", torch.tanh, arb.tanh),
    _each("abs", torch.abs, abs),
    _each("relu", F.relu, lambda x: x.max(arb(0))),
    _each("square", torch.square, lambda x: x * x),
    _each("cube", lambda z: z**3, lambda x: x * x * x),
    _each("clamp(min=1/4)", lambda z: z.clamp(min=0.25), lambda x: x.max(arb(0.25))),
    _each("clamp(max=2)", lambda z: z.clamp(max=2.0), lambda x: x.min(arb(2))),
    _each("minus", torch.neg, lambda x: -x),
    _each("times 1/2, minus 1", lambda z: 0.5 * z - 1.0, lambda x: x / 2 - 1),
    _each("times 3, plus 2", lambda z: 3.0 * z + 2.0, lambda x: 3 * x + 2),
    _each("sqrt(1 + z^2)", lambda z: torch.sqrt(1 + z * z), lambda x: (1 + x * x).sqrt()),
    _each("log(1 + z^2)", lambda z: torch.log(1 + z**2), lambda x: (x * x).log1p()),
    _each(
        "where(z > 1, z, (z^2 + 1)/2)",
        lambda z: torch.where(z > 1, z, (z**2 + 1) / 2),
        lambda x: _branch(x, 1, x, (x * x + 1) / 2),
    ),
    _each("where(z >= 0, z, z/4)", lambda z: torch.where(z >= 0, z, z / 4), lambda x: _branch(x, 0, x, x / 4)),
    _each("1/(1 + exp(-z))", lambda z: 1 / (1 + torch.exp(-z)), independent.sigmoid),
    _each("log1p(exp(z))", lambda z: torch.log1p(torch.exp(z)), _softplus),
)
ACROSS = (
    Operation("softmax", lambda z: F.softmax(z, 0), lambda xs: [x.exp() for x in _log_softmax(xs)]),
    Operation("log_softmax", lambda z: F.log_softmax(z, 0), _log_softmax),
    Operation("z - max(z)", lambda z: z - z.max(), lambda xs: [x - _largest(xs) for x in xs]),
    Operation("z - mean(z)", lambda z: z - z.mean(), lambda xs: [x - sum(xs) / len(xs) for x in xs]),
    Operation("cumsum", lambda z: z.cumsum(0), lambda xs: [sum(xs[: i + 1], arb(0)) for i in range(len(xs))]),
    Operation("flip", lambda z: z.flip(0), lambda xs: list(reversed(xs))),
)
TO_SCALAR = (
    Operation("sum", torch.sum, lambda xs: [sum(xs, arb(0))]),
    Operation("max", torch.max, lambda xs: [_largest(xs)]),
    Operation("logsumexp", lambda z: torch.logsumexp(z, 0), lambda xs: [independent.logsumexp(*xs)]),
    Operation("-z[0]", lambda z: -z[0], lambda xs: [-xs[0]]),
    Operation("norm", lambda z: torch.linalg.vector_norm(z), lambda xs: [sum((x * x for x in xs), arb(0)).sqrt()]),
    Operation("log of sum of exp", lambda z: torch.log(torch.exp(z).sum()), lambda xs: [independent.logsumexp(*xs)]),
)


@dataclass(frozen=True, slots=True)
class Loss:
    """A weighted sum of chains of operations, each from a vector to a number."""

    chains: tuple[tuple[Operation, ...], ...]
    weights: tuple[float, ...]
    size: int

    def __call__(self, z: Tensor) -> Tensor:
        total = z.new_zeros(())
        for weight, chain in zip(self.weights, self.chains, strict=True):
            x = z
            for operation in chain:
                x = operation.torch(x)
            total = total + weight * x
        return total

    def __str__(self) -> str:
        terms = zip(self.weights, self.chains, strict=True)
        return " + ".join(f"{weight} * [{' > '.join(o.name for o in chain)}]" for weight, chain in terms)

    def ball(self, point: Sequence[Fraction], bits: int) -> arb:
        """An enclosure of the value.

        Raises:
            benchmarks.independent.Unclear: So many bits do not tell.
        """
        with ctx.workprec(bits):
            total = arb(0)
            for weight, chain in zip(self.weights, self.chains, strict=True):
                xs: Vector = [arb(fmpq(x.numerator, x.denominator)) for x in point]
                for operation in chain:
                    xs = operation.balls(xs)
                total += arb(weight) * xs[0]
            if not total.is_finite():
                raise independent.Unclear
            return total


def random_loss(seed: int) -> Loss:
    pick = random.Random(seed)
    chains = []
    for _ in range(pick.choice((1, 1, 2))):
        chain = [pick.choice(EACH + ACROSS) for _ in range(pick.choice((0, 1, 1, 2, 2, 3)))]
        after = [pick.choice(EACH) for _ in range(pick.choice((0, 0, 1)))]
        chains.append((*chain, pick.choice(TO_SCALAR), *after))
    weights = tuple(pick.choice((1.0, 1.0, 0.5, -1.0, 1e-11, -0.25)) for _ in chains)
    return Loss(tuple(chains), weights, pick.choice((1, 2, 3)))


def contradiction(loss: Loss, seed: int, segments: int = 60) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Two points between which a chord lies below its middle, or None."""
    generator = torch.Generator().manual_seed(seed)
    found: list[tuple[float, tuple[float, ...], tuple[float, ...]]] = []
    for _ in range(segments):
        scale = (1e-3, 0.1, 1.0, 4.0, 16.0, 100.0)[int(torch.randint(6, (), generator=generator))]
        a, b = (torch.randn(2, loss.size, dtype=torch.float64, generator=generator) * scale).unbind()
        values = [float(loss(a + (b - a) * (i / 8))) for i in range(9)]
        for i, j in ((0, 8), (0, 4), (4, 8), (2, 6), (0, 2), (2, 4), (4, 6), (6, 8)):
            gap = values[(i + j) // 2] - (values[i] + values[j]) / 2
            size = max(abs(values[k]) for k in (i, j, (i + j) // 2)) + 1e-300
            if gap / size > 1e-15:
                ends = (tuple(float(x) for x in a + (b - a) * (k / 8)) for k in (i, j))
                found.append((gap / size, *ends))
    for _, left, right in sorted(found, reverse=True)[:4]:
        gap = independent.above(loss.ball, independent.exact(left), independent.exact(right))
        if gap is not None and gap > 0:
            return left, right
    return None
