"""What a certificate claims of one instruction, and what claims imply one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lossaudit.recheck.intervals import ONE, REALS, Interval
from lossaudit.recheck.programs import interval
from lossaudit.recheck.refusal import Refusal, demand

CONVEX, CONCAVE, AFFINE, CONSTANT = 1, 2, 3, 7
_CURVATURES = frozenset({0, CONVEX, CONCAVE, AFFINE, CONSTANT})


class Claim(NamedTuple):
    """Facts about one scalar function f on the whole domain.

    Attributes:
        range: Encloses all values.
        curvature: Of f, as bits: convex 1, concave 2, affine both, constant 7.
        log: Of log f, if f > 0.
        complement: Of log(1 - f), if f < 1.
        defined: Whether f has a value everywhere; without it nothing else is said.
    """

    range: Interval = REALS
    curvature: int = 0
    log: int = 0
    complement: int = 0
    defined: bool = False

    @property
    def constant(self) -> bool:
        return self.curvature == CONSTANT

    def implies(self, other: Claim) -> bool:
        """Whether the other claim says nothing that this one does not."""
        return not other.defined or (
            self.defined
            and other.range.encloses(self.range)
            and not other.curvature & ~self.curvature
            and not other.log & ~self.log
            and not other.complement & ~self.complement
        )


NOTHING = Claim()


def negated(curvature: int) -> int:
    """The curvature of -f."""
    return {CONVEX: CONCAVE, CONCAVE: CONVEX}.get(curvature, curvature)


def turned(curvature: int, sign: int) -> int:
    """The curvature of f times a number of this sign."""
    return CONSTANT if sign == 0 else curvature if sign > 0 else negated(curvature)


def read_claim(data: Any) -> Claim:
    """A claim out of JSON data. A claim about a function without values claims nothing.

    Raises:
        Refusal: It is not one.
    """
    demand(isinstance(data, Mapping), "a claim is missing")
    bits = _curvature(data["curvature"]), _curvature(data["log"]), _curvature(data["complement"])
    defined, rule = data["defined"], data.get("rule", "")
    demand(type(defined) is bool and isinstance(rule, str), "a claim is not well formed")
    claim = Claim(interval(data["range"]), *bits, defined)
    if not defined and any(bits):
        raise Refusal("a claim speaks about a function that has no value everywhere")
    return claim if defined else NOTHING


def _curvature(data: Any) -> int:
    demand(type(data) is int and data in _CURVATURES, "a curvature is none")
    return data


def completed(claim: Claim) -> Claim:
    """The claim with what follows from it at once.

    Log-convex functions are convex, positive concave functions log-concave, and the same for 1 - f.
    """
    if not claim.defined:
        return NOTHING
    reach, curvature, log, complement, _ = claim
    if reach.point is not None:
        curvature = CONSTANT
    positive, below_one = reach.positive, reach.below(ONE)
    log, complement = log if positive else 0, complement if below_one else 0
    if CONSTANT in (curvature, log, complement):
        curvature = CONSTANT
    curvature |= (CONVEX if log & CONVEX else 0) | (CONCAVE if complement & CONVEX else 0)
    if positive:
        log |= CONSTANT if curvature == CONSTANT else curvature & CONCAVE
    if below_one:
        complement |= CONSTANT if curvature == CONSTANT else CONCAVE if curvature & CONVEX else 0
    return Claim(reach, curvature, log, complement, True)


def together(a: Claim, b: Claim) -> Claim:
    """What two claims about one function say together."""
    if not (a.defined and b.defined):
        return a if a.defined else b
    return completed(
        Claim(a.range.meet(b.range), a.curvature | b.curvature, a.log | b.log, a.complement | b.complement, True)
    )
