"""Losses of one probability: one scalar inequality settles every number of classes.

Lemma. Let p = softmax(x), x in R^K, K >= 2, f(x) = phi(p_y) with phi twice differentiable on (0, 1), and let
`g(m) = phi(sigmoid(m))`. With D = p(1-p) d/dp, g' = D phi and g'' = D^2 phi at p = sigmoid(m). Then f is convex

- for K = 2 if and only if D^2 phi >= 0 on (0, 1);
- for K >= 3 if and only if D^2 phi >= 0 and D phi <= 0 on (0, 1).

Proof. Put h(p) = p phi'(p), so D phi = (1-p) h and D^2 phi = p(1-p) [(1-p) h' - h]. From d p_y / dx = p_y (e_y - p):
grad f = h(p_y) (e_y - p), and the Hessian is h' p_y (e_y-p)(e_y-p)' - h S with S = diag(p) - pp'. For a vector v put
mu = sum p_k v_k, a = (v_y - mu)^2, V = v'Sv = sum p_k (v_k - mu)^2. Then v'Hv = h' p_y a - h V. The mean of v over the
other classes lies p_y (mu - v_y) / (1 - p_y) from mu, so by Jensen V >= p_y a + p_y^2 a / (1 - p_y), that is
V >= p_y a / (1 - p_y), with equality if v is constant on the other classes, as it always is for K = 2. Where equality
holds, v'Hv = a p_y / (1-p_y) [(1-p_y) h' - h]: the condition on D^2 phi is necessary, and for K = 2 sufficient. For
K >= 3 there is a v with a = 0 < V: h <= 0 is necessary; and if h <= 0 then v'Hv >= h' p_y a - h p_y a / (1-p_y), which
is >= 0 by the first condition. Every p in (0, 1) occurs as p_y.  QED

If D^2 phi >= 0 then D phi is non-decreasing in p, so D phi <= 0 as soon as its limit at p = 1 is <= 0.
Composition with an affine map x(z), and adding an affine function of z, keep convexity.

Certificate, rule "margin": `{"program", "parts": [part, ...]}`. The program's value is an affine function of the
variables plus the sum of the parts; a part is `{"family", "label", "phi", "argument", ...}`:

- `family`: the arguments x_1..x_K of a logsumexp, each `[[[j, "c"], ...], "bias"]` for sum_j c z_j + bias;
- `label`: y, counted from 0; p = exp(x_y - logsumexp(x));
- `phi`: rows `["c", "a", "r", b, e]`: the sum of c p^a (1-p)^r (log p)^b (log(1-p))^e;
- `argument`, ...: why D^2 phi >= 0, as in `scalar.prove_nonnegative`.

A checker recomputes: (1) the program as a sum of terms (rules in `elements`), which minus the parts must be affine;
terms log p_k of other classes count as log p_y + affine, and sums of all other classes' p_k as 1 - p_y; for K = 2,
p_j = 1 - p_y; (2) D^2 phi with the four rules in `scalar`, and the argument for it; (3) for K >= 3 the limit of
D phi at p = 1: a term of D phi with r + b > 0 tends to 0, as log p ~ -(1-p); all others have r = b = e = 0, and the sum
of their coefficients must be <= 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import fmpq

from lossaudit.geometry.program import Program, as_json
from lossaudit.geometry.ring.elements import Family
from lossaudit.geometry.ring.forms import UNIT, NotInRing
from lossaudit.geometry.ring.parts import Key as Product
from lossaudit.geometry.ring.parts import Part, parts
from lossaudit.geometry.ring.scalar import Key, Scalar, derivative, gathered, prove_nonnegative
from lossaudit.verdict import Certificate

_ZERO, _ONE = fmpq(0), fmpq(1)


def prove_by_margin(program: Program) -> Certificate | None:
    """Proves a sum of functions of one probability each convex; None if it is not one, or not proved.

    Args:
        program: A real function of its variables.
    """
    try:
        found = parts(program)
    except NotInRing:
        return None
    if found.quadratic or not found.families:
        return None
    proofs = [prove_part(part) for part in found.families]
    if any(proof is None for proof in proofs):
        return None
    steps = [step for proof in proofs if proof is not None for step in _told(proof)]
    return Certificate("margin", {"program": as_json(program), "parts": proofs}, tuple(steps))


def prove_part(part: Part) -> dict[str, Any] | None:
    """The margin certificate of one family's part; None if it is not of one probability, or not proved."""
    found = radial(part)
    if found is None:
        return None
    label, phi = found
    slope = derivative(phi)
    argument = prove_nonnegative(derivative(slope))
    if argument is None or (len(part.family.arguments) > 2 and not nonpositive_at_one(slope)):
        return None
    return {
        "family": written(part.family),
        "label": max(label, 0),
        "phi": [[str(c), str(a), str(r), b, e] for (a, r, b, e), c in sorted(phi.items())],
        **argument,
    }


def written(family: Family) -> list[Any]:
    """The family's arguments as plain data."""
    return [
        [[[s[1], str(c)] for s, c in form if s != UNIT], str(dict(form).get(UNIT, _ZERO))] for form in family.arguments
    ]


def nonpositive_at_one(f: Mapping[Key, fmpq]) -> bool:
    """Whether the limit at p = 1 is proved to be <= 0, term by term: (1 - p)^-b (log p)^b tends to (-1)^b."""
    limit = _ZERO
    for (_, r, b, e), c in f.items():
        if r + b > 0:
            continue
        if r + b < 0 or e:
            return False
        limit += -c if b % 2 else c
    return limit <= 0


def radial(part: Part) -> tuple[int, Scalar] | None:
    """(y, phi) with the part equal to phi(p_y) + affine, if it is so."""
    classes = len(part.family.arguments)
    terms = _without_affine(part.terms)
    labels = {k for key in terms for k in _labels(key)} - {-1}
    if classes == 2:
        return _one_of_two(terms)
    if len(labels) == classes - 1:  # perhaps 1 - p_y, as the sum of all others
        labels = set(range(classes))
    for label in sorted(labels) or [0]:
        merged = _merged(terms, label, classes)
        if merged is not None:
            return label, merged
    return None


def _labels(key: Product) -> set[int]:
    used = {k for exponents in key for k, _ in exponents}
    return used if len(used) == 1 else set()


def _without_affine(terms: Mapping[Product, fmpq]) -> dict[Product, fmpq]:
    """Terms linear in log p_k and nothing else, put together as one of them; the rest is affine."""
    linear = {key: c for key, c in terms.items() if not (key[0] or key[2] or key[3]) and _degree(key[1]) == 1}
    rest = {key: c for key, c in terms.items() if key not in linear}
    total = sum(linear.values(), _ZERO)
    if total != 0:
        rest[(), ((-1, _ONE),), (), ()] = total  # class -1: whichever is wanted
    return rest


def _degree(exponents: tuple[tuple[int, fmpq], ...]) -> fmpq:
    return sum((r for _, r in exponents), _ZERO)


def _merged(terms: Mapping[Product, fmpq], label: int, classes: int) -> Scalar | None:
    """The terms as a function of p_label; a sum of all other p_k with one factor becomes 1 - p_label."""
    rows: list[tuple[Key, fmpq]] = []
    others: dict[Key, dict[int, fmpq]] = {}
    for key, c in terms.items():
        foreign = {k for exponents in key for k, _ in exponents} - {label, -1}
        row = tuple(sum((r for k, r in exponents if k in (label, -1)), _ZERO) for exponents in key)
        if any(row[i].q != 1 or row[i] < 0 for i in (1, 3)):
            return None
        scalar_key = (row[0], row[2], int(row[1].p), int(row[3].p))
        if not foreign:
            rows.append((scalar_key, c))
            continue
        if len(foreign) > 1 or any(k in foreign for e in key[1:] for k, _ in e):
            return None
        (k,) = foreign
        if dict(key[0])[k] != 1:
            return None
        others.setdefault(scalar_key, {})[k] = c
    for (a, r, b, e), by_class in others.items():
        values = set(by_class.values())
        if len(by_class) != classes - 1 or len(values) != 1:
            return None
        rows.append(((a, r + 1, b, e), values.pop()))
    return gathered(rows)


def _one_of_two(terms: Mapping[Product, fmpq]) -> tuple[int, Scalar] | None:
    """Two classes: p_1 = 1 - p_0, so everything is a function of p_0."""
    rows: list[tuple[Key, fmpq]] = []
    for (ps, ls, cs, ns), c in terms.items():
        own, log = dict(ps), {(0 if k < 0 else k): r for k, r in ls}
        complement, log_complement = dict(cs), dict(ns)
        a = own.get(0, _ZERO) + complement.get(1, _ZERO)
        r = own.get(1, _ZERO) + complement.get(0, _ZERO)
        b = log.get(0, _ZERO) + log_complement.get(1, _ZERO)
        e = log.get(1, _ZERO) + log_complement.get(0, _ZERO)
        if any(x.q != 1 or x < 0 for x in (b, e)):
            return None
        rows.append(((a, r, int(b.p), int(e.p)), c))
    return 0, gathered(rows)


_ARGUMENTS = {
    "sturm": "its polynomial factors have no sign change on (0, 1), by Sturm's theorem",
    "signs": "every term has the sign it needs",
    "cells": "balls on cells of (0, 1), and series at both ends",
}


def _told(proof: Mapping[str, Any]) -> tuple[str, ...]:
    classes = len(proof["family"])
    phi = " + ".join(_term(row) for row in proof["phi"]) or "0"
    return (
        f"up to an affine function this is phi(p) = {phi}, p = probability {proof['label']} of {classes}",
        f"the margin function phi(sigmoid(m)) is convex: {_ARGUMENTS[proof['argument']]}",
        "margin lemma: it is non-increasing and convex, so phi(p) is convex in the logits for every number of classes"
        if classes > 2
        else "for two classes the margin function is the loss itself",
    )


def _term(row: list[Any]) -> str:
    c, *powers = row
    factors = [
        name if str(r) == "1" else f"{name}^{r}"
        for name, r in zip(("p", "(1-p)", "log(p)", "log(1-p)"), powers, strict=True)
        if str(r) != "0"
    ]
    return " ".join([f"({c})", *factors])
