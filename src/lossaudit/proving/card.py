"""The card of a loss: everything that can be proved, refuted or measured of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lossaudit.card import Card, Entry, Ground
from lossaudit.errors import LossauditError
from lossaudit.geometry.interval import Interval
from lossaudit.geometry.properties import (
    boundedness,
    calibration,
    elicitation,
    invariance,
    lipschitz,
    propriety,
    response,
    strictness,
    symmetry,
)
from lossaudit.geometry.properties.family import Family, Task
from lossaudit.proving.frameworks import subject_of
from lossaudit.proving.named import named
from lossaudit.proving.precision import backward, health
from lossaudit.proving.prove import Domain, domain_of, prove, record
from lossaudit.proving.request import Asked
from lossaudit.proving.samples import Samples, in_all_variables, samples
from lossaudit.verdict import Verdict

_MOST_VARIABLES = 64
NEGATIVE = "gradient when wrong, negative label"
"""An entry of a loss whose two labels do not answer alike; `gradient when wrong` is the positive label's."""


@dataclass(frozen=True, slots=True)
class Sized:
    """The same loss with another number of classes, for constants that are enclosed for 2 and 3."""

    name: str
    head: str | None
    options: Mapping[str, Any]

    def family(self, classes: int, domain: Interval) -> Family | None:
        known = named(self.name, self.head, classes, self.options)
        found = samples(known.function, known.arguments)
        return None if found is None or found.task is not Task.CLASSES else found.family(domain)


def card(asked: Asked, *, domain: Domain = None, sized: Sized | None = None) -> Card:
    """Everything known of a loss.

    Args:
        asked: The loss with an example of its arguments: raw outputs first, then the target.
        domain: Where the raw outputs range.
        sized: How to ask for it with other numbers of classes.

    Raises:
        UsageError: It cannot be recorded.
    """
    within = domain or asked.domain
    verdict = prove(asked.function, *asked.arguments, wrt=asked.positions, domain=within, described=asked.scope)
    interval, _ = domain_of(within)
    found = samples(asked.function, asked.arguments) if asked.sampled else None
    name, head = verdict.scope.function, (sized.head or "") if sized else ""
    if found is None:
        return _whole(asked, verdict, head, interval)
    try:
        family, why = found.family(interval), ""
    except LossauditError as error:
        family, why = None, str(error)
    if family is None:
        return Card(name, head, 0, verdict, None, {"samples": Entry("unknown", Ground.UNKNOWN, why)})
    if family.variables > _MOST_VARIABLES:
        why = f"more than {_MOST_VARIABLES} classes: ask with fewer"
        return Card(name, head, family.variables, verdict, None, {"samples": Entry("unknown", Ground.UNKNOWN, why)})
    convex = strictness.convexity(family)
    entries = {
        **_geometry(family, convex),
        **_constants(family, sized, interval),
        **_statistics(family, convex, sized, interval),
        **_code(found, family, interval),
    }
    return Card(name, head, family.variables, verdict, response.curve(family), entries)


def _whole(asked: Asked, verdict: Verdict, head: str, interval: Interval) -> Card:
    """The card of a loss that is not taken apart into samples: in all its variables together."""
    name = verdict.scope.function
    try:
        subject = subject_of(asked.function, asked.arguments, asked.positions, asked.framework)
        recording = record(subject, interval, "ideal")
    except LossauditError as error:
        return Card(name, head, 0, verdict, None, {"variables": Entry("unknown", Ground.UNKNOWN, str(error))})
    if recording.recorded.escapes:
        why = f"the code looks at values: {recording.recorded.escapes[0]}"
        return Card(name, head, 0, verdict, None, {"variables": Entry("unknown", Ground.UNKNOWN, why)})
    program = in_all_variables(recording.program, recording.used, len(subject.example))
    family = Family((program,), (0.0,), Task.REAL, complete=False)
    convex = strictness.convexity(family)
    unseen = Entry("-", Ground.UNKNOWN, "no direction is the wrong one")
    wrong = response.tail(family.programs[0], asked.wrong) if asked.wrong else unseen
    entries = {
        "strictly convex": strictness.strictly_convex(family, convex=convex),
        "strongly convex": strictness.strongly_convex(family, convex=convex, response=wrong),
        "bounded": boundedness.bounded(family, convex=convex),
        "infimum": boundedness.infimum(family, convex=convex),
        "shift-invariant": invariance.shift_invariant(family),
        "scale-invariant": invariance.scale_invariant(family),
        **_constants(family, None, interval),
    }
    if asked.wrong:
        entries["gradient when wrong"] = wrong
    return Card(name, head, 0, verdict, None, entries)


def _geometry(family: Family, convex: bool | None) -> dict[str, Entry]:
    wrong, mistaken = response.confident(family), response.mistaken(family)
    other = {} if mistaken is None or mistaken.value == wrong.value else {NEGATIVE: mistaken}
    return {
        "strictly convex": strictness.strictly_convex(family, convex=convex),
        "strongly convex": strictness.strongly_convex(family, convex=convex, response=wrong),
        "bounded": boundedness.bounded(family, convex=convex),
        "infimum": boundedness.infimum(family, convex=convex),
        "gradient when wrong": wrong,
        **other,
        "gradient when right": response.confident(family, right=True),
        "gradient at 0 / CE's": response.at_uniform(family),
        "shift-invariant": invariance.shift_invariant(family),
        "scale-invariant": invariance.scale_invariant(family),
    }


def _statistics(family: Family, convex: bool | None, sized: Sized | None, domain: Interval) -> dict[str, Entry]:
    proper = propriety.proper(family, convex=convex)
    small = _resized(family, sized, 3, domain) if family.variables > 3 else family
    elicited = elicitation.elicits(small or family, proper=proper)
    return {
        "proper": proper,
        "elicits": elicited,
        "calibrated": calibration.calibrated(family, small or family, convex=convex, proper=proper),
        "symmetric": symmetry.symmetric(family),
    }


def _resized(family: Family, sized: Sized | None, classes: int, domain: Interval) -> Family | None:
    if sized is None or family.task is not Task.CLASSES or family.variables == classes:
        return None
    try:
        return sized.family(classes, domain)
    except LossauditError:
        return None


def _constants(family: Family, sized: Sized | None, domain: Interval) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for name, one in zip(("Lipschitz", "smoothness"), lipschitz.lipschitz(family), strict=True):
        entries[name] = one
    if family.variables > 3:
        for k in (2, 3):
            small = _resized(family, sized, k, domain)
            if small is not None:
                first, second = lipschitz.lipschitz(small)
                entries[f"Lipschitz, K = {k}"], entries[f"smoothness, K = {k}"] = first, second
    return entries


def _code(found: Samples, family: Family, domain: Interval) -> dict[str, Entry]:
    index, direction = response.wrong_way(family)
    row: Callable[..., Any] = found.row(index)
    entries = {
        one.dtype: Entry(str(one), Ground.MEASURED, "your code, towards confident and wrong, against ball arithmetic")
        for one in health(row, family.programs[index], direction)
    }
    entries["backward is the derivative"] = backward(row, found.program(index, domain, "as coded"))
    return entries
