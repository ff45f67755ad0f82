"""Convexity of functions of (p, log p) by the form of their Hessian.

Certificate, rule "ring": `{"program", "quadratic", "parts": [part, ...]}`. The program's value is an affine function,
plus `sum c z_i z_j` over the rows `[i, j, "c"]` (i <= j) of `quadratic`, plus the parts. The quadratic form is positive
semidefinite (exact elimination). Each part, a function of one family's probabilities, is convex; by its `template`:

- `"margin"`: as in `margin` (its keys are the same).
- `"margins"`: `{"family", "margins": [margin part, ...]}`, all of the same family: the part is their sum up to affine.
- `"laplacian"`: `{"family", "terms", "weights"}`. `terms` are rows `["c", [[k, q], ...], [[k, b], ...]]`: the sum of
  `c prod p_k^q prod (log p_k)^b`, natural exponents. With p = softmax(x), x the family's arguments and m_k = -log p_k,
  the Hessian H by x has row sums 0 (the function does not change when all x move alike), hence
  v'Hv = sum_{i<j} w_ij (v_i - v_j)^2 with w_ij = -H_ij. `weights` are rows `[i, j, relaxation, degree]`, one for
  each i < j: w_ij >= 0 on the simplex by `simplex.prove_nonnegative` with just these two choices.

A checker recomputes the sum of terms of the program (rules in `elements`), takes off the parts and the quadratic form,
finds something affine, and replays each part. H: df/dx_j = A_j - p_j sum_i A_i, A_j = p_j df/dp_j - df/dm_j, twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import fmpq

from lossaudit.geometry.program import Program, as_json
from lossaudit.geometry.ring.forms import NotInRing
from lossaudit.geometry.ring.margin import prove_part, written
from lossaudit.geometry.ring.parts import Key, Part, parts
from lossaudit.geometry.ring.simplex import Simplex, prove_nonnegative
from lossaudit.verdict import Certificate

_ZERO, _ONE = fmpq(0), fmpq(1)
_MOST_CLASSES = 16


def prove_by_ring(program: Program) -> Certificate | None:
    """Proves a sum of functions of probabilities and a quadratic form convex; None if it is not one, or not proved.

    Args:
        program: A real function of its variables.
    """
    try:
        found = parts(program)
    except NotInRing:
        return None
    if not found.families or not _semidefinite(found.quadratic):
        return None
    proofs: list[dict[str, Any]] = []
    for part in found.families:
        proof = _by_template(part)
        if proof is None:
            return None
        proofs.append(proof)
    quadratic = [[i, j, str(c)] for (i, j), c in sorted(found.quadratic.items())]
    data = {"program": as_json(program), "quadratic": quadratic, "parts": proofs}
    return Certificate("ring", data, tuple(_told(found.quadratic, proofs)))


def _semidefinite(quadratic: Mapping[tuple[int, int], fmpq]) -> bool:
    """Whether sum c z_i z_j >= 0 everywhere: symmetric elimination over the rationals."""
    names = sorted({i for pair in quadratic for i in pair})
    place = {name: k for k, name in enumerate(names)}
    rows = [[_ZERO] * len(names) for _ in names]
    for (i, j), c in quadratic.items():
        rows[place[i]][place[j]] += c / 2
        rows[place[j]][place[i]] += c / 2
    for k in range(len(names)):
        pivot = rows[k][k]
        if pivot < 0 or (pivot == 0 and any(rows[k][k:])):
            return False
        for i in range(k + 1, len(names)):
            factor = rows[i][k] / pivot if pivot else _ZERO
            if factor:
                for j in range(k, len(names)):
                    rows[i][j] -= factor * rows[k][j]
    return True


def _by_template(part: Part) -> dict[str, Any] | None:
    proof = prove_part(part)
    if proof is not None:
        return {"template": "margin", **proof}
    if len(part.family.arguments) == 2:
        return None
    return _margins(part) or _laplacian(part)


def _margins(part: Part) -> dict[str, Any] | None:
    """A sum of functions of one probability each; the linear log terms go where they are needed."""
    linear = _ZERO
    by_class: dict[int, dict[Key, fmpq]] = {}
    for key, c in part.terms.items():
        classes = {k for exponents in key for k, _ in exponents}
        if not (key[0] or key[2] or key[3]) and sum((r for _, r in key[1]), _ZERO) == 1:
            linear += c
        elif len(classes) == 1:
            by_class.setdefault(classes.pop(), {})[key] = c
        elif classes:
            return None
    needs = {k: sum(map(abs, terms.values()), _ZERO) for k, terms in by_class.items()}
    total = sum(needs.values(), _ZERO)
    if not total:
        return None
    proofs: list[dict[str, Any]] = []
    for k, terms in sorted(by_class.items()):
        share = linear * needs[k] / total
        own = {**terms, ((), ((k, _ONE),), (), ()): share} if share else terms
        proof = prove_part(Part(part.family, own))
        if proof is None:
            return None
        proofs.append(proof)
    return {"template": "margins", "family": written(part.family), "margins": proofs}


def _laplacian(part: Part) -> dict[str, Any] | None:
    classes = len(part.family.arguments)
    if classes > _MOST_CLASSES:
        return None
    space = Simplex(classes)
    terms: dict[tuple[int, ...], fmpq] = {}
    for (ps, ls, cs, ns), c in part.terms.items():
        if cs or ns or any(r.q != 1 or r < 0 for _, r in (*ps, *ls)):
            return None
        exponents = [0] * (2 * classes)
        for k, r in ps:
            exponents[k] = int(r.p)
        for k, r in ls:
            exponents[classes + k] = int(r.p)
        sign = (-1) ** sum(exponents[classes:])
        terms[tuple(exponents)] = terms.get(tuple(exponents), _ZERO) + sign * c
    gradient = space.gradient(space.polynomial(terms))
    weights: list[list[Any]] = []
    for i, first in enumerate(gradient):
        row = space.gradient(first)
        for j in range(i + 1, classes):
            proof = prove_nonnegative(space, -row[j])
            if proof is None:
                return None
            weights.append([i, j, proof["relaxation"], proof["degree"]])
    rows = [
        [str(c), [[k, int(r.p)] for k, r in ps], [[k, int(r.p)] for k, r in ls]]
        for (ps, ls, _, _), c in sorted(part.terms.items())
    ]
    return {"template": "laplacian", "family": written(part.family), "terms": rows, "weights": weights}


def _told(quadratic: Mapping[tuple[int, int], fmpq], proofs: list[dict[str, Any]]) -> list[str]:
    steps = ["a positive semidefinite quadratic form, by exact elimination"] if quadratic else []
    for proof in proofs:
        classes = len(proof["family"])
        steps.append(
            {
                "margin": f"a function of one probability of {classes}, convex by the margin lemma",
                "margins": f"a sum of functions of one probability of {classes} each, convex by the margin lemma",
                "laplacian": f"a function of {classes} probabilities: its Hessian has row sums 0 and no positive entry"
                " off the diagonal, so v'Hv = sum w_ij (v_i - v_j)^2 with w_ij >= 0",
            }[proof["template"]]
        )
    return steps
