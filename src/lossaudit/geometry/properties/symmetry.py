"""Whether the losses of all labels add up to a constant: such a loss tolerates symmetric label noise (Ghosh 2017)."""

from __future__ import annotations

from flint import fmpq

from lossaudit.card import Entry, Ground
from lossaudit.geometry.composition import derive
from lossaudit.geometry.interval import REALS
from lossaudit.geometry.properties.algebra import Algebra, NotRational
from lossaudit.geometry.properties.family import Family, Task, combined, value
from lossaudit.geometry.properties.invariance import shift_invariant
from lossaudit.geometry.properties.words import number, ratio


def symmetric(family: Family) -> Entry:
    """Whether sum_y f_y(z) is the same for all z.

    Proved by the range of the sum, or by algebra in the probabilities; refuted by two points in balls.
    """
    if family.task is Task.REAL:
        return Entry("-", Ground.UNKNOWN, "there are no labels")
    if not family.complete:
        return Entry("unknown", Ground.UNKNOWN, "not every label was recorded")
    total = combined(family.programs, [1] * len(family.programs))
    facts = derive(total)[total.output]
    constant = facts.range.low if facts.defined and facts.range.low == facts.range.high else None
    how = "the range of the sum over all labels is one point"
    if constant is None and facts.defined and family.domain == REALS:
        constant, how = _by_algebra(family), "the sum over all labels is a constant, by exact algebra"
    if constant is not None:
        return Entry(f"yes, sum {ratio(constant)}", Ground.PROVED, how)
    n = family.variables
    points = [[fmpq(0)] * n, *([fmpq(s * (i % 3 + 1) * (-1) ** i) for i in range(n)] for s in (1, 2, 5))]
    values = [v for v in (value(total, x) for x in points) if v.is_finite()]
    if any(bool(a < b) for a in values for b in values):
        shown = (
            f"the sum is {number(float(values[0].mid()))} at one point and {number(float(values[-1].mid()))} at another"
        )
        return Entry("no", Ground.REFUTED, f"{shown}, in ball arithmetic")
    return Entry("unknown", Ground.UNKNOWN, "the sum is constant where tried, and no rule proves it")


def _by_algebra(family: Family) -> fmpq | None:
    if family.task is Task.CLASSES and shift_invariant(family).ground is not Ground.PROVED:
        return None  # the algebra speaks about logits that are log-probabilities: others are shifts of them
    algebra = Algebra(family.variables)
    try:
        total = algebra.sum([algebra.element(program) for program in family.programs])
    except NotRational:
        return None
    return algebra.constant(total)
