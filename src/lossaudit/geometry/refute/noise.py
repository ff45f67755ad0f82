"""How far rounding may move a value in float64: a running first-order estimate, in units of the machine epsilon.

It ranks candidates, and tells those that float64 can see from those that only balls can. It proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.program import Program

Floats: TypeAlias = Any
Rule: TypeAlias = Callable[[Floats, Sequence[Floats], Sequence[Floats], Sequence[float]], Floats]

_ELEMENTS = 4_000_000  # floats held at once: 32 MB


def _sum(v: Floats, xs: Sequence[Floats], es: Sequence[Floats], cs: Sequence[float]) -> Floats:
    return abs(cs[-1]) + sum(abs(c) * e for c, e in zip(cs, es, strict=False))


def _worst(v: Floats, xs: Sequence[Floats], es: Sequence[Floats], cs: Sequence[float]) -> Floats:
    return np.abs(v) + np.fmax.reduce(np.broadcast_arrays(*es))  # the branch not taken may be a nan


def _relative(v: Floats, xs: Sequence[Floats], es: Sequence[Floats], cs: Sequence[float]) -> Floats:
    return np.abs(v) * (1 + es[0])


def _log(v: Floats, xs: Sequence[Floats], es: Sequence[Floats], cs: Sequence[float]) -> Floats:
    return np.abs(v) + es[0] / np.abs(xs[0])


def _power(v: Floats, xs: Sequence[Floats], es: Sequence[Floats], cs: Sequence[float]) -> Floats:
    return np.abs(v) + abs(cs[0]) * es[0] * np.where(xs[0] == 0, 0, np.abs(v / xs[0]))


def _product(v: Floats, xs: Sequence[Floats], es: Sequence[Floats], cs: Sequence[float]) -> Floats:
    return np.abs(xs[0]) * es[1] + np.abs(xs[1]) * es[0]


def _none(v: Floats, xs: Sequence[Floats], es: Sequence[Floats], cs: Sequence[float]) -> Floats:
    return np.zeros_like(v)


_RULES: Mapping[str, Rule] = {
    "linear": _sum,
    "multiply": _product,
    "power": _power,
    "exp": _relative,
    "log": _log,
    "softplus": lambda v, xs, es, cs: np.where(xs[0] > 0, np.abs(v) + es[0], np.abs(v) * (1 + es[0])),
    "sigmoid": _relative,
    "step": _none,
    "step_closed": _none,
}


def noisy_values(program: Program, points: Floats, *, at: Sequence[int] = ()) -> tuple[Floats, Floats]:
    """The value at many points, and the size of its rounding error.

    Args:
        program: With `variables` variables.
        points: Shape (variables, n).
        at: Further instructions to keep.

    Returns:
        Two arrays of shape (n,), or with `at` of shape (1 + len(at), n): the values, and the errors in units of the
        machine epsilon. Where there is no value there is a nan.
    """
    kept = [program.output, *at]
    size = max(32, _ELEMENTS // len(program.instructions))
    parts = [_chunk(program, points[:, i : i + size], kept) for i in range(0, points.shape[1], size)]
    values = np.concatenate([v for v, _ in parts], axis=1)
    errors = np.concatenate([e for _, e in parts], axis=1)
    return (values, errors) if at else (values[0], errors[0])


def _chunk(program: Program, points: Floats, kept: Sequence[int]) -> tuple[Floats, Floats]:
    values = floats(program, points)
    errors: list[Floats] = []
    with np.errstate(all="ignore"):
        for v, (op, args, constants) in zip(values, program.instructions, strict=True):
            if not args:
                errors.append(np.zeros(points.shape[1]) if op == "variable" else np.abs(v))
                continue
            rule = _RULES.get(op, _worst)
            errors.append(rule(v, [values[a] for a in args], [errors[a] for a in args], [float(c) for c in constants]))
    return np.stack([values[i] for i in kept]), np.stack([errors[i] for i in kept])
