"""What a rule says: a mistake, its places, the evidence and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lossaudit.pairing import Place


class Severity(Enum):
    """How much harm a finding does."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Confidence(Enum):
    """How sure the reading is on which the finding stands."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of a span."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do about a finding.

    Attributes:
        title: The advice in one sentence.
        before: The user's own code, or `""` where it could not be read.
        after: The same code mended, with the user's own names.
        edits: Spans to replace, where the change is certain enough to be made by a machine.
        keeps_values: Whether the edits leave every computed value as it was.
    """

    title: str
    before: str = ""
    after: str = ""
    edits: tuple[Edit, ...] = ()
    keeps_values: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake.

    Attributes:
        rule: Name of the rule (`mse-on-softmax`).
        code: Stable code for machines (`LA104`).
        message: One sentence that says what is wrong, with the places.
        why: Why it matters, in one clause.
        places: First the place to look at, then the others (the head, the target).
        evidence: What was measured or seen, a sentence each.
    """

    rule: str
    code: str
    severity: Severity
    confidence: Confidence
    message: str
    why: str
    places: tuple[Place, ...]
    evidence: tuple[str, ...] = ()
    fix: Fix | None = None
