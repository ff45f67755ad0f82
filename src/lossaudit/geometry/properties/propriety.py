"""Whether a loss is proper: in expectation, no prediction is better than the true probabilities.

With R(q, p) = sum_y q_y f_y(z), where p = softmax(z) (or sigmoid(z), or z itself): proper if R(q, q) <= R(q, p).

Proof, for all q with all q_y > 0. (1) The gradient of R(q, .) at p = q is 0, identically in q: exact algebra.
(2) Either all f_y are convex in z, and then a point without slope is a minimum. Or G(p) = R(p, p) is concave on the
simplex: from (1), the derivative of G along the simplex is v -> sum_y v_y f_y(p), so
R(q, p) = G(p) + G'(p)(q - p) >= G(q).

Refutation: an exact q and a point z' with R(q, z') < R(q, z_q) in ball arithmetic, where softmax(z_q) = q.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from lossaudit.card import Entry, Ground
from lossaudit.geometry.composition import derive, prove_by_facts
from lossaudit.geometry.evaluate import gradient
from lossaudit.geometry.interval import REALS, UNIT, rational
from lossaudit.geometry.program import Program
from lossaudit.geometry.properties.algebra import Algebra, Element, NotRational
from lossaudit.geometry.properties.family import Family, Task, combined, everywhere, value
from lossaudit.geometry.properties.invariance import shift_invariant
from lossaudit.geometry.properties.minimiser import minimiser
from lossaudit.geometry.properties.strictness import strictly_convex
from lossaudit.geometry.strong import strength
from lossaudit.verdict import Certificate

ZERO, ONE = fmpq(0), fmpq(1)
LINKS = {"softmax": "p = softmax(z)", "sigmoid": "p = sigmoid(z)", "identity": "p = z"}


def link(family: Family) -> str | None:
    """How probabilities are read off the raw outputs."""
    if family.task is Task.REAL or not family.complete:
        return None
    if family.task is Task.BINARY:
        return "sigmoid"
    return "softmax" if shift_invariant(family).ground is Ground.PROVED else "identity"


def proper(family: Family, *, convex: bool | None = None) -> Entry:
    """Whether the loss is proper, or strictly so.

    Args:
        family: The loss.
        convex: Whether all its programs are proved convex.
    """
    if family.task is Task.REAL:
        return Entry("-", Ground.UNKNOWN, "the targets are numbers: see what it elicits")
    read = link(family)
    if read is None or family.domain != REALS:
        return Entry("unknown", Ground.UNKNOWN, "not every label was recorded")
    if all(map(everywhere, family.programs)) and _stationary(family, read):
        if convex:
            return _by_convexity(family, read)
        concave = _entropy_concave(family, read)
        if concave is not None:
            return concave
    return _refuted(family, read)


def _by_convexity(family: Family, read: str) -> Entry:
    how = f"with {LINKS[read]} the expected loss is convex and has no slope at p = q, identically in q"
    strict = strictly_convex(family, convex=True)
    if strict.ground is Ground.PROVED and (strict.value == "yes" or read == "softmax"):
        return Entry("strictly", Ground.PROVED, how)
    return Entry("yes", Ground.PROVED, how)


def _algebra(family: Family, read: str) -> Algebra:
    return Algebra(family.variables, identity=read == "identity")


def _stationary(family: Family, read: str) -> bool:
    """Whether sum_y q_y grad f_y vanishes at p = q, identically in q."""
    algebra = _algebra(family, read)
    try:
        rows: list[list[Element]] = []
        for program in family.programs:
            if not derive(program)[program.output].defined:
                return False
            slopes, partials = gradient(program)
            rows.append(algebra.elements(slopes, partials))
        for k in range(family.variables):
            terms = [algebra.product(algebra.polynomial(p), row[k]) for p, row in zip(algebra.p, rows, strict=True)]
            if algebra.constant(algebra.sum(terms)) != 0:
                return False
    except NotRational:
        return False
    return True


def _entropy_concave(family: Family, read: str) -> Entry | None:
    """The proof by the concave function p -> sum_y p_y f_y(p)."""
    if read == "identity":
        return None
    algebra = _algebra(family, read)
    try:
        parts = [algebra.element(program) for program in family.programs]
        shared = algebra.shared(parts)
        own = [algebra.sum([part, shared], [1, -1]) for part in parts]
        weighted = [algebra.product(algebra.polynomial(p), x) for p, x in zip(algebra.p, own, strict=True)]
        entropy = algebra.sum([shared, *weighted])
        written = algebra.program(entropy, UNIT)
    except NotRational:
        return None
    negative = combined([written], [-1])
    if not isinstance(prove_by_facts(negative), Certificate):
        return None
    how = f"with {LINKS[read]} its expectation at p = q has no slope there, and is concave in q"
    strong = strength(negative)
    whole = written.variables == len(family.programs)  # then (1, ..., 1) leads out of the simplex
    strict = strong is not None and (strong.strict or (whole and strong.strict_centred))
    return Entry("strictly" if strict else "yes", Ground.PROVED, how)


def distributions(k: int) -> list[tuple[fmpq, ...]]:
    """Exact probabilities of k labels, all different and positive."""
    if k == 2:
        return [(fmpq(3, 10), fmpq(7, 10)), (fmpq(9, 20), fmpq(11, 20)), (fmpq(4, 5), fmpq(1, 5))]
    weights = [
        [2 ** max(0, 3 - i) for i in range(k)],
        [k - i for i in range(k)],
        [1 + (i * 7) % (k + 3) for i in range(k)],
    ]
    return [tuple(fmpq(w, sum(row)) for w in row) for row in weights]


@dataclass(frozen=True, slots=True)
class _Better:
    q: tuple[fmpq, ...]
    at: tuple[fmpq, ...]
    difference: float


def _refuted(family: Family, read: str) -> Entry:
    for q in distributions(len(family.programs)):
        better = _better(family, read, q)
        if better is not None:
            shown = ", ".join(f"{float(x.p) / float(x.q):.3g}" for x in q[:4]) + (", ..." if len(q) > 4 else "")
            how = f"with {LINKS[read]} and q = ({shown}) another prediction costs {better.difference:.3g} less than q"
            return Entry("no", Ground.REFUTED, f"{how}, in ball arithmetic")
    how = f"with {LINKS[read]} no better prediction than q was found; no rule proves it"
    return Entry("it seems", Ground.MEASURED, how)


def _better(family: Family, read: str, q: Sequence[fmpq]) -> _Better | None:
    risk = combined(family.programs, list(q))
    floats_q = [int(x.p) / int(x.q) for x in q]
    if read == "softmax":
        start = [float(np.log(x)) for x in floats_q]
    elif read == "sigmoid":
        start = [float(np.log(floats_q[1] / floats_q[0]))]
    else:
        start = floats_q
    with ctx.workprec(200):
        if read == "softmax":
            truth = [arb(x).log() for x in q]
        elif read == "sigmoid":
            truth = [(arb(q[1]) / arb(q[0])).log()]
        else:
            truth = [arb(x) for x in q]
        cost = value(risk, truth, 200)
        for point in _tries(risk, start):
            at = [rational(float(round(x * 2**20) / 2**20)) for x in np.clip(point, -64, 64)]
            less = cost - value(risk, at, 200)
            if less > 0:
                return _Better(tuple(q), tuple(at), float(less.lower()))
    return None


def _tries(risk: Program, start: Sequence[float]) -> Iterator[Any]:
    """Predictions that may be better than the true one: more or less confident, then what descent finds."""
    near = np.array(start)
    for factor in (3.0, 1.5, 0.7, 0.0):
        yield factor * near
    found = minimiser(risk, [start, [0.0] * len(start)])
    if np.all(np.isfinite(found)):
        yield found
