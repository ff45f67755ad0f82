"""A verdict about one property of one loss: a theorem, a verified counterexample, or an honest "undecided"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Status(Enum):
    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Scope:
    """What exactly a verdict speaks about.

    Attributes:
        variables: What the function is a function of (`"the logits"`).
        function: The function, in words (`"mean squared error of softmax, summed over classes"`).
        shape: Shape of the variables in the statement; None stands for any size.
        targets: The targets that are covered.
        domain: Where the variables range (`"all real vectors"`).
        semantics: `"ideal"` (the real-number function) or `"as coded"`.
    """

    variables: str
    function: str
    shape: tuple[int | None, ...] = ()
    targets: str = ""
    domain: str = "all real vectors"
    semantics: str = "ideal"


@dataclass(frozen=True, slots=True)
class Witness:
    """Two points whose midpoint lies strictly above the chord, verified in ball arithmetic.

    Attributes:
        a, b: The end points, flattened; every coordinate is an exact binary fraction.
        midpoint: (a + b) / 2, exact as well.
        gap: A lower bound of f(midpoint) - (f(a) + f(b)) / 2, strictly positive.
        values: f(a), f(midpoint), f(b), rounded to nearest for reading.
        target: The target, as the function takes it, for losses known by name; empty for a callable.
        as_coded_gap: The same gap as the user's own callable computes it, where it was run.
    """

    a: tuple[float, ...]
    b: tuple[float, ...]
    midpoint: tuple[float, ...]
    gap: float
    values: tuple[float, float, float]
    target: tuple[float, ...] = ()
    as_coded_gap: float | None = None

    @property
    def hidden_by_rounding(self) -> bool | None:
        """Whether the user's callable does not show the violation in its own arithmetic."""
        return None if self.as_coded_gap is None else not self.as_coded_gap > 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """Replayable evidence of a proof: a rule of `lossaudit.recheck` and its data, JSON-ready."""

    rule: str
    data: Mapping[str, Any]
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question about one loss.

    Attributes:
        property: `"convex"`, ...
        reason: One sentence: the argument, or where it stopped.
        certificate: Evidence when proved; for a refutation, a proof that no witness is needed (boundedness), or None.
        witness: Verified counterexample of a refutation, or None.
    """

    property: str
    status: Status
    scope: Scope
    reason: str
    certificate: Certificate | None = None
    witness: Witness | None = None

    @property
    def headline(self) -> str:
        """One line, as a person would say it."""
        if self.status is Status.PROVED:
            return f"{self.property} in {self.scope.variables}: proved"
        if self.status is Status.REFUTED:
            how = "counterexample confirmed" if self.witness else "proved by a certificate"
            return f"not {self.property} in {self.scope.variables}: {how}"
        return f"{self.property} in {self.scope.variables}: undecided ({self.reason})"
