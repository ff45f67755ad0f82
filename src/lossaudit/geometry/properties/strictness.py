"""Strict and strong convexity, in all directions or in all but that of (1, ..., 1)."""

from __future__ import annotations

from collections.abc import Iterator

from flint import fmpq

from lossaudit.card import Entry, Ground
from lossaudit.geometry.composition import derive
from lossaudit.geometry.decide import decide
from lossaudit.geometry.interval import Interval
from lossaudit.geometry.primitives.primitive import Curvature
from lossaudit.geometry.program import Program
from lossaudit.geometry.properties.family import Family, Task, along, everywhere
from lossaudit.geometry.properties.words import ratio
from lossaudit.geometry.strong import strength
from lossaudit.verdict import Status

_PIECE = Interval(fmpq(20), fmpq(40), low_open=False, high_open=False)


def convexity(family: Family) -> bool | None:
    """Whether the loss of every target is convex: proved, refuted (the first that is not proved), or undecided (None).

    A verdict about an example speaks of the targets in it; this one of all that the family has.
    """
    for program in family.distinct:
        status = decide(program).status
        if status is not Status.PROVED:  # a search that found nothing takes long, and is mostly alike for each target
            return False if status is Status.REFUTED else None
    return True


def strictly_convex(family: Family, *, convex: bool | None) -> Entry:
    """Whether the loss is strictly convex, of every target.

    Args:
        family: The loss.
        convex: Whether it is: proved (True), refuted (False), or not decided.
    """
    if convex is False:
        return Entry("no", Ground.REFUTED, "it is not even convex")
    found = [strength(program) for program in family.programs]
    if all(s is not None and s.strict for s in found):
        return Entry("yes", Ground.PROVED, "its strictly convex parts leave no direction out")
    if any(_straight(family, program) for program in family.programs):
        return Entry("no", Ground.REFUTED, "it is affine on a segment that is not in the direction of a shift")
    if convex and all(s is not None and s.strict_modulo_shift for s in found):
        how = "its strictly convex parts leave out the direction (1, ..., 1) alone"
        return Entry("yes, modulo the shift of all logits", Ground.PROVED, how)
    return Entry("unknown", Ground.UNKNOWN, "no rule proves it")


def strongly_convex(family: Family, *, convex: bool | None, response: Entry) -> Entry:
    """Whether the loss less (m/2)|z|^2 is convex for some m > 0, of every target.

    Args:
        family: The loss.
        convex: As for `strictly_convex`.
        response: Its gradient where confident and wrong; where that does not grow, no quadratic lies below the loss.
    """
    if convex is False:
        return Entry("no", Ground.REFUTED, "it is not even convex")
    found = [strength(program) for program in family.programs]
    known = [s for s in found if s is not None]
    if len(known) == len(found):
        modulus = min(s.modulus for s in known)
        modulo_shift = min(s.modulus_modulo_shift for s in known)
        if modulus > 0:
            how = f"less (m/2)|z|^2 with m = {ratio(modulus)} it is convex"
            return Entry(f"yes, modulus at least {ratio(modulus)}", Ground.PROVED, how)
        if modulo_shift > 0:
            return Entry(f"modulo shift, modulus at least {ratio(modulo_shift)}", Ground.PROVED, "its quadratic part")
    still = response.ground is Ground.PROVED and not response.value.startswith("grows")
    if still and all(map(everywhere, family.programs)):
        how = "its gradient does not grow where confident and wrong"
        return Entry("no", Ground.REFUTED, how)
    return Entry("unknown", Ground.UNKNOWN, "no rule proves it")


def _straight(family: Family, program: Program) -> bool:
    """Whether the program is affine on some segment that is longer than 0 and no shift."""
    n = program.variables
    if not everywhere(program):
        return False
    for direction in _directions(family, n):
        line, _ = along(program, (), [0] * n, direction, _PIECE)
        facts = derive(line)[line.output]
        if facts.defined and facts.curvature & Curvature.AFFINE == Curvature.AFFINE:
            return True
    return False


def _directions(family: Family, n: int) -> Iterator[tuple[int, ...]]:
    if n == 1:
        yield (1,)
        yield (-1,)
    if family.task is Task.CLASSES:
        yield (1, *[0] * (n - 1))
        yield (*[0] * (n - 1), 1)
        yield tuple(range(n))
