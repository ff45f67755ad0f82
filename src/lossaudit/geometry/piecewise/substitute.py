"""A function of one variable on one open interval, or at one point, with every case decided: a form without cases.

An instruction whose condition changes sign inside the interval yields the points where to split instead; one whose
value is not certain to exist, None. Dead branches of a select may be either: they are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from flint import fmpq

from lossaudit.geometry.piecewise.form import ONE, PLAIN, ZERO, Form, U, exp, log, number, power
from lossaudit.geometry.piecewise.polynomial import End
from lossaudit.geometry.piecewise.sign import Split, sign
from lossaudit.geometry.program import Program

Value: TypeAlias = Form | Split | None


@dataclass(frozen=True, slots=True)
class Cell:
    """An open interval of u, or one point (low = high)."""

    low: End
    high: End

    @property
    def is_point(self) -> bool:
        return self.low is not None and self.low == self.high

    def sign(self, form: Form) -> int | Split | None:
        return sign(form, None, None) if self.is_point else sign(form, self.low, self.high)


def substitute(function: Program, cell: Cell) -> Value:
    """The function on the cell as one form, or where to split the cell; None if neither is found."""
    values: list[Value] = []
    for op, args, constants in function.instructions:
        given = [values[a] for a in args]
        if op == "variable":
            values.append(number(cell.low) if cell.is_point and cell.low is not None else U)
        elif op == "constant":
            values.append(number(constants[0]))
        elif op == "select":
            values.append(_select(given))
        else:
            values.append(_apply(op, given, constants, cell))
    return values[function.output]


def _select(given: Sequence[Value]) -> Value:
    condition, x, y = given
    if not isinstance(condition, Form):
        return condition
    if condition == ONE:
        return x
    return y if condition == ZERO else None


def _apply(op: str, given: Sequence[Value], constants: Sequence[fmpq], cell: Cell) -> Value:
    points = [p for value in given if isinstance(value, Split) for p in value.points]
    if points:
        return Split(frozenset(points))
    forms = [value for value in given if isinstance(value, Form)]
    rule = _RULES.get(op)
    return None if rule is None or len(forms) < len(given) else rule(forms, constants, cell)


Rule: TypeAlias = Callable[[Sequence[Form], Sequence[fmpq], Cell], Value]


def _linear(xs: Sequence[Form], constants: Sequence[fmpq], _: Cell) -> Value:
    return sum((x.scaled(c) for c, x in zip(constants, xs, strict=False)), number(constants[-1]))


def _multiply(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    x, y = xs
    return x * y if _size(x) * _size(y) <= _LARGEST**2 and _size(x) + _size(y) <= 2 * _LARGEST else None


def _power(xs: Sequence[Form], constants: Sequence[fmpq], cell: Cell) -> Value:
    (x,), (r,) = xs, constants
    if abs(r) * _size(x) > _LARGEST:
        return None
    if r.q == 1 and r >= 0:
        return power(x, r)
    s = cell.sign(x)
    if not isinstance(s, int):
        return s
    if s == 0:
        return ZERO if r > 0 else None
    if s < 0 and r.q != 1:
        return None
    root = _exact_root(x, r, cell) if r > 0 else None
    return power(x, r) if root is None else root


def _exact_root(x: Form, r: fmpq, cell: Cell) -> Form | None:
    """(c f^m g^n ...)^r as the polynomial c^r |f^(rm) g^(rn) ...| if all its exponents are whole: sqrt(u^2) is |u|."""
    p = x.polynomial
    if p is None or p.degree() <= 0 or r.q == 1:
        return None
    c, factors = p.factor_squarefree()
    if c < 0 or any((r * m).q != 1 for _, m in factors):
        return None
    root = power(number(c), r)
    for f, m in factors:
        root = root * power(Form({PLAIN: f}), r * m)
    side = cell.sign(root)
    return root.scaled(fmpq(side)) if isinstance(side, int) else None


_LARGEST = 64
"""Forms of more terms, or polynomials of higher degree, are not multiplied out."""


def _size(form: Form) -> int:
    return max((len(form.terms), *(p.degree() for p in form.terms.values())))


def _exp(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    return exp(xs[0])


def _log(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    s = cell.sign(xs[0])
    if isinstance(s, int):
        return log(xs[0]) if s > 0 else None
    return s


def _xlogx(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    (x,) = xs
    s = cell.sign(x)
    if isinstance(s, int):
        return None if s < 0 else x * log(x) if s > 0 else ZERO
    return s


def _logsumexp(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    return log(sum((exp(x) for x in xs), ZERO))


def _softplus(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    return log(ONE + exp(xs[0]))


def _logistic(x: Form) -> Form:
    return power(ONE + exp(-x), fmpq(-1))


def _sigmoid(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    return _logistic(xs[0])


def _tanh(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    return _logistic(xs[0].scaled(fmpq(2))).scaled(fmpq(2)) - ONE


def _abs(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    s = cell.sign(xs[0])
    return xs[0].scaled(fmpq(s)) if isinstance(s, int) else s


def _max(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
    top, *others = xs
    for x in others:
        s = cell.sign(x - top)
        if not isinstance(s, int):
            return s
        top = x if s > 0 else top
    return top


def _huber(xs: Sequence[Form], constants: Sequence[fmpq], cell: Cell) -> Value:
    """A parabola between -delta and delta, lines beyond."""
    (x,), (delta,) = xs, constants
    right, left = cell.sign(x - number(delta)), cell.sign(x + number(delta))
    if isinstance(right, int) and isinstance(left, int):
        if left >= 0 >= right:
            return power(x, fmpq(2)).scaled(fmpq(1, 2))
        return x.scaled(delta if right > 0 else -delta) - number(delta * delta / 2)
    points = [p for side in (right, left) if isinstance(side, Split) for p in side.points]
    return Split(frozenset(points)) if points else None


def _step(closed: bool) -> Rule:
    def rule(xs: Sequence[Form], _: Sequence[fmpq], cell: Cell) -> Value:
        s = cell.sign(xs[0])
        if isinstance(s, int):
            return ONE if s > 0 or (closed and s == 0) else ZERO
        return s

    return rule


_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "linear": _linear,
        "multiply": _multiply,
        "power": _power,
        "exp": _exp,
        "log": _log,
        "xlogx": _xlogx,
        "logsumexp": _logsumexp,
        "softplus": _softplus,
        "sigmoid": _sigmoid,
        "tanh": _tanh,
        "abs": _abs,
        "max": _max,
        "huber": _huber,
        "step": _step(False),
        "step_closed": _step(True),
    }
)
