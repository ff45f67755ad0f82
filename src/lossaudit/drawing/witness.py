"""What the prover says of a drawn loss, and the segment that refutes it, in the plane that is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lossaudit.drawing.drawn import Drawn
from lossaudit.drawing.slices import Slice
from lossaudit.errors import LossauditError
from lossaudit.landscape.picture import Mark, MarkKind
from lossaudit.proving.request import Asked, verdict
from lossaudit.verdict import Status, Verdict, Witness

_MOST_VARIABLES = 64


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known for certain of a loss.

    Attributes:
        everywhere: The verdict about convexity in all variables of the drawn sample; None where none was reached.
        witness: The segment of the refutation, as it lies in the picture.
        note: What else has to be said, a sentence.
    """

    everywhere: Verdict | None
    witness: Mark | None = None
    note: str = ""

    @property
    def proved(self) -> bool:
        """Whether it is convex in all its variables, for certain."""
        return self.everywhere is not None and self.everywhere.status is Status.PROVED

    @property
    def refuted(self) -> bool:
        """Whether it is certain that it is not."""
        return self.everywhere is not None and self.everywhere.status is Status.REFUTED


def judged(loss: Drawn, where: Slice) -> Judgement:
    """Ask the prover about all variables, and where it refutes, once more about the slice alone.

    The second question makes the witness lie in the picture: its variables are the slice's own coordinates.
    """
    if len(loss.variables) > _MOST_VARIABLES:
        return Judgement(None, note=f"No verdict: more than {_MOST_VARIABLES} variables.")
    everywhere = _verdict(loss, np.eye(len(loss.centre)), np.zeros(len(loss.centre)), loss.domain)
    if isinstance(everywhere, str):
        return Judgement(None, note=f"No verdict: {everywhere}.")
    if everywhere.status is Status.UNDECIDED:
        return Judgement(everywhere, note=f"Convexity is undecided: {everywhere.reason.split(';')[0]}.")
    if everywhere.status is Status.PROVED:
        return Judgement(everywhere)
    if where.simplex:
        return Judgement(everywhere, note="The witness lies in the logits, of which these probabilities are none.")
    inside = _verdict(loss, where.directions, where.centre, _shared(where))
    if isinstance(inside, Verdict) and inside.witness is not None:
        return Judgement(everywhere, _mark(inside.witness))
    if isinstance(inside, Verdict) and inside.status is Status.PROVED:
        note = "Refuted, but convex within this slice (proved): its witness lies outside, so that no segment is drawn."
        return Judgement(everywhere, note=note)
    return Judgement(everywhere, note="Refuted, but no witness was found within this slice: no segment is drawn.")


def _verdict(
    loss: Drawn, directions: np.ndarray, origin: np.ndarray, domain: str | tuple[float | None, float | None] | None
) -> Verdict | str:
    """The verdict about the loss along directions; or why there is none."""
    rows, start = torch.from_numpy(directions.copy()), torch.from_numpy(origin.copy())
    whole = len(rows) == len(start) and bool((rows == torch.eye(len(start))).all()) and not start.any()

    def along(point: torch.Tensor) -> torch.Tensor:
        return loss.function(point if whole else start + point @ rows)

    example = torch.tensor(loss.centre, dtype=torch.float64) if whole else _inside(domain, len(rows))
    try:
        return verdict(Asked(along, (_off(example, domain),)), None, domain, "convex")
    except LossauditError as error:
        return str(error)


def _off(example: torch.Tensor, domain: object) -> torch.Tensor:
    """A little beside a point at which the loss may have a kink."""
    return example if domain is not None else example + torch.linspace(0.1, 0.2, len(example), dtype=torch.float64)


def _inside(domain: str | tuple[float | None, float | None] | None, count: int) -> torch.Tensor:
    low, high = domain if isinstance(domain, tuple) else (None, None)
    if low is None or high is None:
        return torch.zeros(count, dtype=torch.float64)
    return low + (high - low) * torch.linspace(0.45, 0.6, count, dtype=torch.float64)


def _shared(where: Slice) -> tuple[float, float]:
    """An interval in which all coordinates of the picture may range."""
    axes = [axis.values for axis in (where.x, where.y) if axis is not None]
    return max(float(values[0]) for values in axes), min(float(values[-1]) for values in axes)


def _mark(found: Witness) -> Mark:
    points: Sequence[Sequence[float]] = (found.a, found.midpoint, found.b)
    values = found.values
    return Mark(MarkKind.WITNESS, "witness", np.array(points), np.array(values))
