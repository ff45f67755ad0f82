"""Everything known of one loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lossaudit.verdict import Certificate, Verdict


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

    Attributes:
        gap: Wrong logit minus true logit, in natural-log units.
        ratio: Of this loss.
        reference: Of cross-entropy with the same number of classes.
        at_uniform: This loss's own norm at uniform logits, divided by cross-entropy's there.
    """

    gap: tuple[float, ...]
    ratio: tuple[float, ...]
    reference: tuple[float, ...]
    at_uniform: float


@dataclass(frozen=True, slots=True)
class Card:
    loss: str
    head: str
    classes: int
    convexity: Verdict
    response: GradientResponse | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict[str, Entry])
