"""The truth about small programs, in NumPy and mpmath: what the checker accepts is held against it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
from scipy import special

_SCALAR = {
    "exp": np.exp,
    "log": np.log,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "xlogx": lambda x: np.where(x >= 0, special.xlogy(x, np.where(x > 0, x, 1.0)), np.nan),
    "abs": np.abs,
    "step": lambda x: np.where(np.isnan(x), np.nan, (x > 0) * 1.0),
    "step_closed": lambda x: np.where(np.isnan(x), np.nan, (x >= 0) * 1.0),
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "erf": special.erf,
    "lgamma": lambda x: np.where(x > 0, special.gammaln(np.where(x > 0, x, 1.0)), np.nan),
}


def _power(x: Any, r: Fraction) -> Any:
    return np.power(x, int(r)) if r.denominator == 1 and r >= 0 else np.power(x, float(r))


def values(program: dict[str, Any], points: Any) -> list[Any]:
    """Every instruction at many points, shape (variables, n); nan where there is no value."""
    found: list[Any] = []
    n = points.shape[1]
    with np.errstate(all="ignore"):
        for op, args, constants in program["instructions"]:
            xs, cs = [found[a] for a in args], [Fraction(c) for c in constants]
            if op == "variable":
                found.append(points[int(cs[0])])
            elif op == "constant":
                found.append(np.full(n, float(cs[0])))
            elif op == "linear":
                found.append(sum((float(c) * x for c, x in zip(cs, xs, strict=False)), np.full(n, float(cs[-1]))))
            elif op == "multiply":
                found.append(xs[0] * xs[1])
            elif op == "power":
                found.append(_power(xs[0], cs[0]))
            elif op == "huber":
                found.append(special.huber(float(cs[0]), xs[0]))
            elif op == "logsumexp":
                found.append(special.logsumexp(np.stack(xs), axis=0))
            elif op == "max":
                found.append(np.max(np.stack(xs), axis=0))
            elif op == "select":
                found.append(np.where(xs[0] == 1, xs[1], np.where(xs[0] == 0, xs[2], np.nan)))
            elif op in _SCALAR:
                found.append(_SCALAR[op](xs[0]))
            else:
                found.append(np.full(n, np.nan))
            found[-1] = np.where(np.isfinite(found[-1]), found[-1], np.nan)
    return found


def sample(program: dict[str, Any], n: int, seed: int) -> Any:
    """Points of the domain: moderate ones, so that float64 can tell."""
    rng = np.random.default_rng(seed)
    low, high, *_ = program["domain"]
    low = -4.0 if low is None else float(Fraction(low))
    high = max(low, 0.0) + 4.0 if high is None else float(Fraction(high))
    inner = rng.uniform(low, high, (program["variables"], n))
    margin = 1e-3 * (high - low)
    return np.clip(inner, low + margin, high - margin)


def chords(program: dict[str, Any], n: int, seed: int) -> tuple[list[Any], list[Any], list[Any], Any]:
    """All instructions at n points a, at the middle, at b; and how far float64 is to be trusted there."""
    a = sample(program, n, seed)
    b = sample(program, n, seed + 1)
    near = np.arange(n) % 2 == 0  # half of the chords are short
    b = np.where(near, a + 0.05 * (b - a), b)
    left, middle, right = (values(program, x) for x in (a, (a + b) / 2, b))
    size = np.zeros(n)
    for x in (*left, *middle, *right):
        size = np.maximum(size, np.where(np.isnan(x), 0.0, np.abs(x)))
    return left, middle, right, 1e-11 * (1 + np.minimum(size, 1e100)) ** 1.5


@np.errstate(all="ignore")
def is_false(program: dict[str, Any], index: int, claim: dict[str, Any], seed: int = 0, n: int = 600) -> str | None:
    """What is seen to be wrong with a claim about one instruction, or None."""
    left, middle, right, slack = (x[index] if isinstance(x, list) else x for x in chords(program, n, seed))
    if not claim["defined"]:
        return None
    if any(np.isnan(x).any() for x in (left, middle, right)):
        return "it has no value somewhere"
    low, high, low_open, high_open = claim["range"]
    for x in (left, middle, right):
        if low is not None and (x < float(Fraction(low)) - slack).any():
            return "its range is not so small"
        if high is not None and (x > float(Fraction(high)) + slack).any():
            return "its range is not so small"
        exact = np.round(x) == x  # whole numbers come out exactly: 0 and 1 of steps
        for end, is_open in ((low, low_open), (high, high_open)):
            if end is not None and is_open and Fraction(end) in (0, 1) and (exact & (x == float(Fraction(end)))).any():
                spread = max(float(np.ptp(x)), 1e-300)
                if spread > 0.5 and np.isin(x, (0.0, 1.0)).all():
                    return "its range is closed there"
    bends = {"curvature": (left, middle, right)}
    with np.errstate(all="ignore"):
        if claim["log"]:
            if (left <= -slack).any():
                return "it is not positive"
            bends["log"] = tuple(np.log(x) for x in (left, middle, right))
        if claim["complement"]:
            if (left >= 1 + slack).any():
                return "it is not below one"
            bends["complement"] = tuple(np.log1p(-x) for x in (left, middle, right))
    for name, (a, m, b) in bends.items():
        blunt = slack if name == "curvature" else _blunt(name, left, middle, right, slack)
        above = m - (a + b) / 2
        seen = np.isfinite(above) & np.isfinite(blunt)
        if claim[name] & 1 and (above > blunt)[seen].any():
            return f"{name} is not convex"
        if claim[name] & 2 and (above < -blunt)[seen].any():
            return f"{name} is not concave"
        if claim[name] & 4 and (np.abs(a - b) > blunt)[seen].any():
            return f"{name} is not constant"
    return None


def _blunt(name: str, left: Any, middle: Any, right: Any, slack: Any) -> Any:
    """Rounding of a logarithm near 0."""
    x = np.min(np.stack([left, middle, right]), axis=0) if name == "log" else None
    x = 1 - np.max(np.stack([left, middle, right]), axis=0) if x is None else x
    return np.where(x > 1e-6, 10 * slack / np.maximum(x, 1e-6), np.nan)


def lies(certificate: dict[str, Any], seed: int = 0) -> str | None:
    """What is seen to be wrong with an accepted certificate of rule `facts`, claim by claim, or None."""
    program = certificate["data"]["program"]
    for index, claim in enumerate(certificate["data"]["claims"]):
        found = is_false(program, index, claim, seed)
        if found:
            return f"{program['instructions'][index]}: {found}"
    return None


def not_convex(program: dict[str, Any], seed: int = 0) -> str | None:
    """What is seen to be wrong with the statement that a program is convex, or None."""
    claim = {"range": [None] * 4, "curvature": 1, "log": 0, "complement": 0, "defined": True}
    return is_false(program, program["output"], claim, seed)


def gap(program: dict[str, Any], a: list[str], b: list[str]) -> Any:
    """f((a + b)/2) - (f(a) + f(b))/2 in mpmath, 60 digits."""
    with mpmath.workdps(60):
        ends = [[mpmath.mpf(Fraction(x).numerator) / Fraction(x).denominator for x in point] for point in (a, b)]
        middle = [(x + y) / 2 for x, y in zip(*ends, strict=True)]
        left, right, centre = (_precise(program, point) for point in (*ends, middle))
        return centre - (left + right) / 2


def _precise(program: dict[str, Any], point: list[Any]) -> Any:
    one = mpmath.mpf(1)
    table = {
        "exp": mpmath.exp,
        "log": mpmath.log,
        "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
        "sigmoid": lambda x: one / (1 + mpmath.exp(-x)),
        "tanh": mpmath.tanh,
        "xlogx": lambda x: x * mpmath.log(x) if x else x,
        "abs": abs,
        "step": lambda x: one * (x > 0),
        "step_closed": lambda x: one * (x >= 0),
        "sin": mpmath.sin,
        "cos": mpmath.cos,
        "atan": mpmath.atan,
        "erf": mpmath.erf,
        "lgamma": mpmath.loggamma,
    }
    found: list[Any] = []
    for op, args, constants in program["instructions"]:
        xs = [found[a] for a in args]
        cs = [mpmath.mpf(Fraction(c).numerator) / Fraction(c).denominator for c in constants]
        if op == "variable":
            found.append(point[int(cs[0])])
        elif op == "constant":
            found.append(cs[0])
        elif op == "linear":
            found.append(mpmath.fsum(c * x for c, x in zip(cs, xs, strict=False)) + cs[-1])
        elif op == "multiply":
            found.append(xs[0] * xs[1])
        elif op == "power":
            found.append(mpmath.power(xs[0], cs[0]))
        elif op == "huber":
            size, delta = abs(xs[0]), cs[0]
            found.append(size**2 / 2 if size <= delta else delta * (size - delta / 2))
        elif op == "logsumexp":
            found.append(mpmath.log(mpmath.fsum(map(mpmath.exp, xs))))
        elif op == "max":
            found.append(max(xs))
        elif op == "select":
            found.append(xs[1] if xs[0] == 1 else xs[2])
        else:
            found.append(table[op](xs[0]))
    return found[program["output"]]
