"""The loss around the parameters: the head's exact curvature, and a picture, each within a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from torch import nn

from lossaudit.drawing.model import draw_model
from lossaudit.errors import LossauditError
from lossaudit.landscape.block import Head, find_head
from lossaudit.landscape.head_hessian import head_curvature
from lossaudit.landscape.picture import Picture
from lossaudit.landscape.probe import Probe, probe
from lossaudit.landscape.probe import size as count
from lossaudit.proving.failing import described
from lossaudit.result import HeadResult, Result
from lossaudit.training import Training

SAMPLES = 1_000
"""Of the data that the curvature and the picture are of: a sub-sample changes them little, and the caption says so."""

_LARGEST = 200_000  # numbers in a head whose curvature is computed

_NODES = 25  # along an axis: enough to see a bowl or a plateau, and small in a page


class _Over(LossauditError):
    """The time is over."""


def around(
    training: Training, result: Result, samples: int | None, seconds: float, *, draw: bool
) -> tuple[Result, tuple[Picture, ...]]:
    """The result with the head's curvature, and a picture of the loss. What cannot be had is a note.

    Args:
        training: Nothing of it is changed.
        result: To which is added.
        samples: Of the data, at most.
        seconds: For the picture.
        draw: Whether to draw at all.
    """
    if not isinstance(training.model, nn.Module):
        return result, ()
    few = min(SAMPLES, samples or SAMPLES)
    try:
        taken = probe(training.model, training.loss_fn, training.data, samples=few)
        head = find_head(taken)
    except Exception as error:
        return _noted(result, f"no curvature and no landscape: {_said(error)}"), ()
    if head is not None:
        result = _with_curvature(result, taken, head)
    if not draw:
        return result, ()
    try:
        picture = draw_model(
            training,
            directions="head" if head is not None else "random",
            size=_NODES,
            samples=few,
            progress=_within(seconds),
        )
    except _Over:
        return _noted(result, f"no landscape: it was not drawn within {seconds:g} seconds"), ()
    except Exception as error:
        return _noted(result, f"no landscape: {_said(error)}"), ()
    return result, (picture,)


def _with_curvature(result: Result, taken: Probe, head: Head) -> Result:
    names = tuple(taken.names[index] for index in head.indices)
    size = sum(taken.parameters[index].numel() for index in head.indices)
    if size > _LARGEST:
        return _noted(result, f"no curvature of the head: it has {size:,} numbers, more than {_LARGEST:,}")
    try:
        found = head_curvature(taken, head)
    except Exception as error:
        return _noted(result, f"no curvature of the head: {_said(error)}")
    if found.smallest == found.largest == 0.0:  # PyTorch says so of a custom backward that is not differentiable, too
        return _noted(result, "no curvature of the head: it is linear there, or its gradient cannot be differentiated")
    samples = sum(count(y) or 1 for _, y in taken.batches)
    return replace(
        result,
        head=HeadResult(
            names,
            found.parameters,
            samples,
            found.smallest,
            found.largest,
            found.rounding,
            found.negative,
            found.null,
            found.gauge,
            found.words,
        ),
    )


def _within(seconds: float) -> Callable[[int, int], None]:
    """Stops a picture that takes too long; asked after each node."""
    end = time.monotonic() + seconds

    def progress(done: int, of: int) -> None:
        if time.monotonic() > end and done < of:
            raise _Over(f"{done} of {of} nodes were done")

    return progress


def _said(error: Exception) -> str:
    """Why there is none: ours in our words, the user's with its place."""
    return str(error) if isinstance(error, LossauditError) else described(error)


def _noted(result: Result, note: str) -> Result:
    return replace(result, notes=(*result.notes, note))
