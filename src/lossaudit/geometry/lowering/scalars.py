"""Functions of one number or a few, as instructions; constants and infinite values are taken care of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flint import fmpq

from lossaudit.geometry.lowering.operands import NotLowered
from lossaudit.geometry.program import Builder

HALF = fmpq(1, 2)


def exp(b: Builder, x: int) -> int:
    return x if b.infinite(x) > 0 else b.exp(x)


def log(b: Builder, x: int) -> int:
    return x if b.infinite(x) > 0 else b.log(x)


def sigmoid(b: Builder, x: int) -> int:
    if b.infinite(x):
        return b.constant(int(b.infinite(x) > 0))
    return b.constant(HALF) if b.value(x) == 0 else b.add("sigmoid", (x,))


def softplus(b: Builder, x: int) -> int:
    """log(1 + e^x)."""
    if b.infinite(x):
        return x if b.infinite(x) > 0 else b.constant(0)
    return b.add("softplus", (x,))


def tanh(b: Builder, x: int) -> int:
    if b.infinite(x):
        return b.constant(b.infinite(x))
    return x if b.value(x) == 0 else b.add("tanh", (x,))


def unary(name: str) -> Callable[[Builder, int], int]:
    """A primitive of one argument as it is; 0 at 0."""

    def function(b: Builder, x: int) -> int:
        return b.add(name, (x,))

    return function


def absolute(b: Builder, x: int) -> int:
    return b.infinity(1) if b.infinite(x) else b.absolute(x)


def square(b: Builder, x: int) -> int:
    return b.power(x, 2)


def sqrt(b: Builder, x: int) -> int:
    value = b.value(x)
    return x if value in (0, 1) else b.power(x, HALF)


def xlogx(b: Builder, x: int) -> int:
    """The function x log x, and 0 at 0."""
    value = b.value(x)
    if value is not None:
        return b.constant(0) if value == 0 else b.scale(value, b.log(x))
    return b.add("xlogx", (x,))


def times(b: Builder, x: int, y: Callable[[], int]) -> int:
    """X y, and nothing at all of y where x is the constant 0."""
    return x if b.value(x) == 0 else b.multiply(x, y())


def relu(b: Builder, x: int) -> int:
    return b.maximum((x, b.constant(0)))


def minimum(b: Builder, x: int, y: int) -> int:
    return b.minimum((x, y))


def maximum(b: Builder, x: int, y: int) -> int:
    return b.maximum((x, y))


def clamp(b: Builder, x: int, low: int | None, high: int | None) -> int:
    """min(max(x, low), high): the upper bound wins where they cross."""
    if low is not None:
        x = b.maximum((x, low))
    return x if high is None else b.minimum((x, high))


def power(b: Builder, x: int, y: int) -> int:
    """x^y, where one of the two is a constant or x is positive."""
    exponent, base = b.value(y), b.value(x)
    if exponent == 0:
        return b.linear(((0, x),), 1)
    if exponent is not None:
        return b.power(x, exponent)
    if base == 1:
        return b.linear(((0, y),), 1)
    if base is not None and base <= 0:
        raise NotLowered("a power of a base that is not positive")
    return exp(b, b.multiply(y, b.log(x)))


def step(b: Builder, x: int, *, closed: bool = False) -> int:
    sign = b.infinite(x)
    return b.constant(int(sign > 0)) if sign else b.step(x, closed=closed)


def greater(b: Builder, x: int, y: int) -> int:
    return step(b, b.minus(x, y))


def at_least(b: Builder, x: int, y: int) -> int:
    return step(b, b.minus(x, y), closed=True)


def equal(b: Builder, x: int, y: int) -> int:
    if x == y:
        return b.linear(((0, x),), 1)
    return b.multiply(at_least(b, x, y), at_least(b, y, x))


def complement(b: Builder, x: int) -> int:
    """1 - x."""
    return b.scale(-1, x, 1)


def settled(b: Builder, x: int) -> fmpq | None:
    """The only value that a sum can have, if it has any: its arguments all cancel, and only limit where it is defined.

    >>> b = Builder()
    >>> x = b.log(b.variable(0))
    >>> settled(b, equal(b, x, x)), settled(b, x)
    (1, None)
    """
    op, _, constants = b.instructions[x]
    return constants[-1] if op == "linear" and not any(constants[:-1]) else None


def is_truth(b: Builder, x: int) -> bool:
    """Whether the value can only be 0 or 1."""
    op, args, constants = b.instructions[x]
    if settled(b, x) in (0, 1):
        return True
    if op in ("step", "step_closed"):
        return True
    if op == "constant":
        return constants[0] in (0, 1)
    if op in ("multiply", "max"):
        return all(is_truth(b, a) for a in args)
    if op == "linear":
        return len(args) == 1 and constants in ((1, 0), (-1, 1)) and is_truth(b, args[0])
    return op == "select" and all(is_truth(b, a) for a in args[1:])


def truth(b: Builder, x: int) -> int:
    """1 where x is not 0."""
    return x if is_truth(b, x) else complement(b, equal(b, x, b.constant(0)))


def total(b: Builder, xs: Sequence[int]) -> int:
    return b.linear((1, x) for x in xs)


def mean(b: Builder, xs: Sequence[int]) -> int:
    if not xs:
        return b.opaque("the mean of nothing")
    return b.linear((fmpq(1, len(xs)), x) for x in xs)


def product(b: Builder, xs: Sequence[int]) -> int:
    result = b.constant(1)
    for x in xs:
        result = b.multiply(result, x)
    return result


def norm(b: Builder, xs: Sequence[int], p: fmpq | float) -> int:
    """(sum_i |x_i|^p)^(1/p); p may be infinite."""
    if p == float("inf"):
        return b.maximum([absolute(b, x) for x in xs])
    if p == float("-inf"):
        return b.minimum([absolute(b, x) for x in xs])
    r = fmpq(*p.as_integer_ratio()) if isinstance(p, float) else p
    if r == 0:
        return total(b, [complement(b, equal(b, x, b.constant(0))) for x in xs])
    if len(xs) == 1 or r == 1:
        return total(b, [absolute(b, x) for x in xs])
    if r == 2:
        return sqrt(b, total(b, [square(b, x) for x in xs]))
    even = r.q == 1 and r.p % 2 == 0 and r > 0
    powers = [b.power(x if even else absolute(b, x), r) for x in xs]
    return b.power(total(b, powers), 1 / r)


def pi(b: Builder) -> int:
    return b.scale(4, b.add("atan", (b.constant(1),)))
