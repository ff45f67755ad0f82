"""Everything known of one loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lossaudit.verdict import Certificate, Status, Verdict


class Ground(Enum):
    """How an entry of a card is known."""

    PROVED = "proved"
    REFUTED = "refuted"
    MEASURED = "measured"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One property: its value in words or figures, how it is known, and by which argument.

    Attributes:
        certificate: Replayable evidence, where there is some.
        bounds: Of a constant: proved bounds from below and from above, in floats rounded outward.
    """

    value: str
    ground: Ground
    how: str = ""
    certificate: Certificate | None = None
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class GradientResponse:
    """The gradient at the logits along the path to "confident and wrong".

    All logits are 0 except one wrong one, which is `gap[i]`. Norms are Euclidean, over the logits of one sample,
    before reduction, and divided by the same loss's norm at `gap = 0` (uniform logits); so both start at 1.

    Where the target is a number, the gap is how far the raw output lies above the best one for that target, and norms
    are divided by the same loss's norm at `gap = 1`.

    Attributes:
        gap: Wrong logit minus true logit, in natural-log units; or raw output minus the best one.
        ratio: Of this loss.
        reference: Of cross-entropy with the same number of classes; of the squared error for numbers.
        at_uniform: This loss's own norm where norms are divided by it, divided by the reference's there.
        against: The loss of reference.
        unit: The gap at which norms are divided by themselves, 0 or 1.
    """

    gap: tuple[float, ...]
    ratio: tuple[float, ...]
    reference: tuple[float, ...]
    at_uniform: float
    against: str = "cross-entropy"
    unit: float = 0.0


@dataclass(frozen=True, slots=True)
class Card:
    loss: str
    head: str
    classes: int
    convexity: Verdict
    response: GradientResponse | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict[str, Entry])


_WORDS = {
    Status.PROVED: ("yes", Ground.PROVED),
    Status.REFUTED: ("no", Ground.REFUTED),
    Status.UNDECIDED: ("undecided", Ground.UNKNOWN),
}


def convexity(verdict: Verdict) -> Entry:
    """The verdict as an entry among the others."""
    value, ground = _WORDS[verdict.status]
    if verdict.region is not None:
        value += f"; yes for |z| <= {verdict.region:g}"
    how = verdict.reason
    if verdict.witness is not None:
        how = f"a midpoint {verdict.witness.gap:.3g} above its chord, in ball arithmetic"
    return Entry(value, ground, "; ".join((how, *verdict.notes)), verdict.certificate)


def entries(card: Card) -> Mapping[str, Entry]:
    """All of the card's entries, convexity first."""
    return {"convex": convexity(card.convexity), **card.entries}
