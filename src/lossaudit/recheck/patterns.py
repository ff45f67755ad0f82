"""Facts that show only in how a few instructions hang together; each is checked on the program itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from flint import fmpq

from lossaudit.recheck.claims import AFFINE, CONCAVE, CONVEX, Claim, completed, negated
from lossaudit.recheck.intervals import ONE, ZERO, Interval
from lossaudit.recheck.operations import composed, xlogx
from lossaudit.recheck.programs import Instruction
from lossaudit.recheck.quadratic import UNIT, Form, Matrix, add, add_product, affine_form, positive_semidefinite

Claims = Sequence[Claim]
Instructions = Sequence[Instruction]


def below_logsumexp(code: Instructions, claims: Claims, index: int) -> Claim | None:
    """C (sum_j y_j x_j - logsumexp(x)) + d < d for c > 0, y >= 0 with sum 1; at least two x. And for c < 0."""
    form = affine_form(code, index)
    sums = [i for i in form if i != UNIT and code[i].op == "logsumexp" and len(code[i].args) > 1]
    if len(sums) != 1:
        return None
    c = -form[sums[0]]
    rest = {i: v / c for i, v in form.items() if i != sums[0]}
    d = _beyond_average(rest, [affine_form(code, a) for a in code[sums[0]].args])
    if d is None:
        return None
    reach = Interval(high=c * d) if c > 0 else Interval(low=c * d)
    return Claim(reach, defined=True)


def _beyond_average(form: Form, members: Sequence[Form]) -> fmpq | None:
    """d, if the form is a weighted average of members plus the number d."""
    bare = {i: v for i, v in form.items() if i != UNIT}
    bias = form.get(UNIT, ZERO)
    for member in members:
        if {i: v for i, v in member.items() if i != UNIT} == bare:
            return bias - member.get(UNIT, ZERO)
    weights: list[tuple[fmpq, Form]] = []
    count = Counter(i for member in members for i in member)
    for member in members:  # each with an atom of its own
        atom = next((i for i in member if i != UNIT and count[i] == 1), None)
        weights.append((ZERO if atom is None else bare.get(atom, ZERO) / member[atom], member))
    if any(w < 0 for w, _ in weights) or sum((w for w, _ in weights), ZERO) > 1:
        return None
    left = dict(form)
    for weight, member in weights:
        add(left, member, -weight)
    missing = ONE - sum((w for w, _ in weights), ZERO)
    if missing != 0:  # what is missing must fall on a constant member
        fixed = [m for m in members if set(m) <= {UNIT}]
        if not fixed:
            return None
        add(left, fixed[0], -missing)
    return left.get(UNIT, ZERO) if set(left) <= {UNIT} else None


def share(code: Instructions, claims: Claims, index: int) -> Claim | None:
    """X / (c x + rest) < 1 / c for c, x, rest > 0; and 1 - x / (x + rest) = rest / (x + rest)."""
    x, y = code[index].args
    for part, whole in ((x, y), (y, x)):
        base = _reciprocal(code, whole)
        if base is None or not claims[part].range.positive:
            continue
        form, piece = affine_form(code, base), affine_form(code, part)
        c = _ratio(form, piece)
        if c is None or c <= 0:
            continue
        add(form, piece, -c)
        strictly = _sign(form, claims)
        if strictly is None:
            continue
        reach = Interval(ZERO, 1 / c, True, strictly)
        beyond = 0
        if c == 1 and strictly:
            beyond = _log_of(form, claims) & negated(claims[base].log)
        return completed(Claim(reach, complement=beyond, defined=True))
    return None


def _reciprocal(code: Instructions, index: int) -> int | None:
    """The base of a power -1."""
    op, args, constants = code[index]
    return args[0] if op == "power" and constants[0] == -1 else None


def _ratio(form: Form, piece: Form) -> fmpq | None:
    """How often the piece is in the form: the largest number that leaves the form of the same atoms."""
    ratios = [form[i] / piece[i] for i in piece if i in form]
    return min(ratios) if len(ratios) == len(piece) and ratios else None


def _sign(form: Form, claims: Claims) -> bool | None:
    """True if a sum of terms >= 0 is > 0, False if it may be 0, None if not all are >= 0."""
    terms = [(c, claims[i].range) for i, c in form.items() if i != UNIT]
    bias = form.get(UNIT, ZERO)
    if bias < 0 or not all(c > 0 and x.nonnegative for c, x in terms):
        return None
    return bias > 0 or any(x.positive for _, x in terms)


def _log_of(form: Form, claims: Claims) -> int:
    """Curvature of the log of a sum of positive terms."""
    logs = [claims[i].log for i in form if i != UNIT]
    if form.get(UNIT, ZERO) == 0 and len(logs) == 1:
        return logs[0]
    return CONVEX if logs and all(log & CONVEX for log in logs) else 0


def one_minus_reciprocal(code: Instructions, claims: Claims, index: int) -> Claim | None:
    """1 - 1/g = (g - 1) / g for g > 1."""
    if code[index].constants[0] != -1:
        return None
    g = code[index].args[0]
    form = affine_form(code, g)
    add(form, {UNIT: ONE}, -ONE)
    if not _sign(form, claims):
        return None
    return Claim(Interval(ZERO, ONE), complement=_log_of(form, claims) & negated(claims[g].log), defined=True)


def quadratic(code: Instructions, claims: Claims, index: int) -> Claim | None:
    """A sum whose products and squares of affine terms make a form that is positive semidefinite, or negative."""
    matrix: Matrix = {}
    others = AFFINE
    op, args, constants = code[index]
    terms = list(zip(constants, args, strict=False)) if op == "linear" else [(ONE, index)]
    for c, arg in terms:
        factors = _factors(code, claims, arg)
        if factors is None:
            bits = claims[arg].curvature if arg != index else 0
            others &= bits if c > 0 else negated(bits) if c < 0 else AFFINE
        else:
            x, y = (_over_atoms(code, claims, factor) for factor in factors)
            add_product(matrix, x, y, c)
    quadratic_part = {i: {j: v for j, v in row.items() if j != UNIT} for i, row in matrix.items() if i != UNIT}
    opposite = {i: {j: -v for j, v in row.items()} for i, row in quadratic_part.items()}
    bits = 0
    if others & CONVEX and positive_semidefinite(quadratic_part):
        bits |= CONVEX
    if others & CONCAVE and positive_semidefinite(opposite):
        bits |= CONCAVE
    return Claim(curvature=bits, defined=True) if matrix else None


def _factors(code: Instructions, claims: Claims, index: int) -> tuple[int, int] | None:
    """The two affine factors of a product or a square."""
    op, args, constants = code[index]
    if op == "power" and constants[0] == 2:
        args = (args[0], args[0])
    elif op != "multiply":
        return None
    return (args[0], args[1]) if all(claims[a].curvature & AFFINE == AFFINE for a in args) else None


def _over_atoms(code: Instructions, claims: Claims, index: int) -> Form:
    """An affine instruction over instructions that are affine and no sums, so that equal terms meet."""
    form = affine_form(code, index)
    while sums := [i for i in form if i != UNIT and code[i].op == "linear"]:
        last = max(sums)
        add(form, affine_form(code, last), form.pop(last))
    affine = all(i == UNIT or claims[i].curvature & AFFINE == AFFINE for i in form)
    return form if affine else {index: ONE}


def norm(code: Instructions, claims: Claims, index: int) -> Claim | None:
    """sqrt(sum_i c_i u_i^2 + d), c and d >= 0, u_i affine or convex >= 0: a norm. And the same with p >= 1 for 2."""
    (base,), (r,) = code[index].args, code[index].constants
    if not 0 < r < 1:
        return None
    form = affine_form(code, base)
    p = 1 / r
    fits = all(c > 0 and (i == UNIT or _measured(code, claims, i, p)) for i, c in form.items())
    return Claim(curvature=CONVEX, defined=True) if fits else None


def _measured(code: Instructions, claims: Claims, index: int, p: fmpq) -> bool:
    """Whether it is |u|^p with u affine, or u^p with u convex and >= 0."""
    op, args, constants = code[index]
    if op != "power" or constants[0] != p:
        return False
    inner = claims[args[0]]
    even = p.q == 1 and p.p % 2 == 0
    return (inner.curvature & AFFINE == AFFINE and even) or bool(inner.range.nonnegative and inner.curvature & CONVEX)


def times_own_log(code: Instructions, claims: Claims, index: int) -> Claim | None:
    """X log x, as written."""
    x, y = code[index].args
    for a, b in ((x, y), (y, x)):
        if code[b].op == "log" and code[b].args == (a,):
            shape = xlogx(claims[a].range)
            return None if shape is None else composed(shape, claims[a])
    return None


def over_linear(code: Instructions, claims: Claims, index: int) -> Claim | None:
    """u^2 / v with u affine, or convex and >= 0, and v > 0 concave: convex."""
    x, y = code[index].args
    for top, under in ((x, y), (y, x)):
        v = _reciprocal(code, under)
        if v is None or not claims[v].range.positive or not claims[v].curvature & CONCAVE:
            continue
        if _measured(code, claims, top, fmpq(2)):
            return Claim(curvature=CONVEX, defined=True)
    return None


class Pattern(NamedTuple):
    """A fact of a few instructions together, and what is trusted for it."""

    facts: Callable[[Instructions, Claims, int], Claim | None]
    axioms: tuple[str, ...]


PATTERNS: Mapping[str, tuple[Pattern, ...]] = MappingProxyType(
    {
        "linear": (Pattern(below_logsumexp, ("exact", "exp")), Pattern(quadratic, ("exact", "sum", "quadratic"))),
        "multiply": (
            Pattern(share, ("exact", "log-sum", "log-product")),
            Pattern(times_own_log, ("composition", "xlogx")),
            Pattern(over_linear, ("perspective",)),
            Pattern(quadratic, ("exact", "quadratic")),
        ),
        "power": (
            Pattern(one_minus_reciprocal, ("exact", "log-sum", "log-product")),
            Pattern(norm, ("norm",)),
        ),
    }
)
