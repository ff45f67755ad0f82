"""A verdict about one property of one loss: a theorem, a verified counterexample, or an honest "undecided"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"

    def __repr__(self) -> str:
        return repr(self.value)


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
        points: At how many points the recorded operations were compared with the user's code.
    """

    variables: str
    function: str
    shape: tuple[int | None, ...] = ()
    targets: str = ""
    domain: str = "all real vectors"
    semantics: str = "ideal"
    points: int = 0


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
    data: Mapping[str, Any] = field(repr=False)
    steps: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the rule and its data, to quote the certificate by."""
        import hashlib  # here, since it brings OpenSSL along

        content = json.dumps([self.rule, self.data], sort_keys=True, default=dict)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question about one loss.

    Attributes:
        property: `"convex"`, ...
        reason: One sentence: the argument, or where it stopped.
        certificate: Evidence when proved; for a refutation, a proof that no witness is needed (boundedness), or None.
        witness: Verified counterexample of a refutation, or None.
        region: A number R such that the property is proved for all variables in [-R, R] although it is refuted beyond.
        notes: What else a reader must know: how the code differs from the function that it means.
    """

    property: str
    status: Status
    scope: Scope
    reason: str
    certificate: Certificate | None = None
    witness: Witness | None = None
    region: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def refuted_by(self) -> str:
        """What stands behind a refutation, in words."""
        if self.witness is not None:
            return "counterexample confirmed"
        return "proved by a certificate" if self.certificate is not None else self.reason or "refuted"

    @property
    def headline(self) -> str:
        """One line, as a person would say it."""
        if self.status is Status.PROVED:
            return f"{self.property} in {self.scope.variables}: proved"
        if self.status is Status.REFUTED:
            return f"not {self.property} in {self.scope.variables}: {self.refuted_by}"
        return f"{self.property} in {self.scope.variables}: undecided ({self.reason})"
