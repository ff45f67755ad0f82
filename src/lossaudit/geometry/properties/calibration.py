"""Whether a loss is classification-calibrated: whoever minimises it in expectation predicts the likeliest label.

- A convex function of the margin is so if and only if it has a negative slope at 0 (Bartlett, Jordan and McAuliffe
  2006, theorem 2): no two slopes there, and not one >= 0.
- A strictly proper loss is so.
- It is not if for some exact q the expected loss is least at a point where the likeliest label does not win alone;
  shown exactly for sums of maxima of affine functions.
"""

from __future__ import annotations

import numpy as np
from flint import arb, fmpq

from lossaudit.card import Entry, Ground
from lossaudit.geometry.composition import derive
from lossaudit.geometry.interval import REALS, Interval
from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.properties import polyhedral
from lossaudit.geometry.properties.elicitation import best
from lossaudit.geometry.properties.family import Family, Slopes, Task, along, combined, decided_by_ranges, put, settled
from lossaudit.geometry.rows import parts

ZERO = fmpq(0)
_SMALL = fmpq(1, 1024)
_TRIPLES = (("9/20", "2/5", "3/20"), ("1/2", "3/10", "1/5"), ("2/5", "7/20", "1/4"))


def calibrated(family: Family, small: Family, *, convex: bool | None, proper: Entry) -> Entry:
    """Whether the loss is classification-calibrated.

    Args:
        family: The loss.
        small: The same with three classes, where there is one: a counterexample is looked for there.
        convex: Whether it is proved convex.
        proper: What is known of its properness.
    """
    if family.task is Task.REAL:
        return Entry("-", Ground.UNKNOWN, "the targets are numbers")
    if proper.ground is Ground.PROVED and proper.value == "strictly":
        return Entry("yes", Ground.PROVED, "it is strictly proper")
    if family.domain != REALS or not family.complete:
        return Entry("unknown", Ground.UNKNOWN, "not every label was recorded")
    if family.task is Task.BINARY:
        return (_by_slope(family) if convex else None) or _seen(family)
    return (_by_tie(small) if small.variables == 3 else None) or _seen(small)


def _by_slope(family: Family) -> Entry | None:
    negative, positive = family.programs
    if not _mirrored(negative, positive):
        return None
    (slope,) = Slopes(positive).at([ZERO])
    theorem = "a convex function of the margin"
    if slope.is_finite():
        if slope < 0:
            return Entry("yes", Ground.PROVED, f"{theorem} with slope {float(slope.mid()):.4g} < 0 at 0")
        return Entry("no", Ground.REFUTED, f"{theorem} without a negative slope at 0") if slope >= 0 else None
    left, right = (_slope_from(positive, Interval(*ends)) for ends in ((-_SMALL, ZERO), (ZERO, _SMALL)))
    if left < right or right < left:
        shown = f"{float(left.mid()):.4g} and {float(right.mid()):.4g}"
        return Entry("no", Ground.REFUTED, f"{theorem} with two slopes at 0: {shown}")
    if left == right and left < 0:
        return Entry("yes", Ground.PROVED, f"{theorem} with slope {float(left.mid()):.4g} < 0 at 0, from both sides")
    return None


def _mirrored(negative: Program, positive: Program) -> bool:
    """Whether one program is the other at -z, operation by operation, but for a constant."""
    forms: list[list[Program]] = []
    for program, sign in ((negative, -1), (positive, 1)):
        builder = Builder()
        output = put(builder, program, [builder.scale(sign, builder.variable(0))])[program.output]
        forms.append([part.program for part in parts(builder.build(output, 1))])
    return forms[0] == forms[1]


def _slope_from(program: Program, domain: Interval) -> arb:
    """The slope at 0 from one side: of the piece that the program is there; not a number where that is not known.

    A convex function is continuous, and its piece is smooth up to 0 where the slope of the piece is finite.
    """
    line, places = along(program, range(len(program.instructions)), [0], [1], domain)
    facts = derive(line)
    ranges = [facts[i].range if facts[i].defined else REALS for i in places]
    near = settled(program, decided_by_ranges(program, ranges))
    return arb("nan") if near is None else Slopes(near).at([ZERO])[0]


def _by_tie(family: Family) -> Entry | None:
    for written in _TRIPLES:
        q = [fmpq(*map(int, x.split("/"))) for x in written]
        risk = combined(family.programs, q)
        terms = polyhedral.maxima(risk)
        if terms is None:
            return None
        found = best(family, [int(x.p) / int(x.q) for x in q])
        if not np.all(np.isfinite(found)):
            continue
        at = [fmpq(round(4 * float(x - found[-1])), 4) for x in found]
        if at[0] <= max(at[1:]) and polyhedral.is_least(terms, at):
            point = ", ".join(map(str, at))
            how = (
                f"at q = ({', '.join(written)}) the expected loss is least at z = ({point}), where class 0 does not win"
            )
            return Entry("no", Ground.REFUTED, f"{how}: exact")
    return None


def _seen(family: Family) -> Entry:
    """The likeliest label wins at the minimisers that descent finds."""
    if family.task is Task.BINARY:
        qs = [(0.4, 0.6), (0.25, 0.75), (0.9, 0.1), (0.55, 0.45)]
        wins = [float(best(family, q)[0]) * (q[1] - q[0]) > 1e-6 for q in qs]
    else:
        k = family.variables
        rows = [[0.45, 0.4, 0.15], [0.5, 0.3, 0.2], [0.4, 0.35, 0.25]] if k == 3 else [[k + 2, *range(k - 1, 0, -1)]]
        qs = [tuple(x / sum(row) for x in row) for row in rows]
        found = [best(family, q) for q in qs]
        wins = [bool(z[0] > np.max(z[1:]) + 1e-6) for z in found]
    how = f"minimiser of the expected loss at {len(qs)} distributions"
    return Entry("it seems" if all(wins) else "it seems not", Ground.MEASURED, how)
