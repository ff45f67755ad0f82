"""What is known so far at the nodes of a grid: computed once, reported while it grows, kept when it is interrupted."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape.evaluate import Mover, Reading, losses
from lossaudit.landscape.picture import Bools, Floats
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe, tensors
from lossaudit.landscape.store import archive

SAVE_EVERY = 5.0  # seconds
TELL_EVERY = 0.1


class Nodes:
    """Numbers at the nodes of a grid, computed where they are asked for.

    Attributes:
        values: (y, x, numbers), the loss first; NaN where nothing was computed, and where that is the value.
        known: (y, x).
    """

    def __init__(
        self,
        probe: Probe,
        plane: Plane,
        mover: Mover,
        x: Floats,
        y: Floats | None,
        readings: Sequence[Reading] = (),
        *,
        progress: Callable[[int, int], None] | None = None,
        partial: Path | None = None,
    ) -> None:
        self.probe, self.mover, self.x, self.y, self.readings = probe, mover, x, y, tuple(readings)
        self.progress, self.partial = progress, partial
        shape = (1 if y is None else len(y), len(x))
        self.values: Floats = np.full((*shape, 1 + sum(len(reading.names) for reading in readings)), np.nan)
        self.known: Bools = np.zeros(shape, bool)
        self._places: Any = np.empty((0, 2), np.intp)  # where the numbers of the present computation belong
        self._rows: list[Sequence[float]] = []
        self._told = 0.0
        self._saved = time.monotonic()
        self._request = "" if partial is None else fingerprint(probe, plane, x, y, self.readings)
        if partial is not None and partial.exists():
            self._resume(partial)

    def compute(self, wanted: Bools) -> None:
        """Evaluate the wanted nodes that are not known yet.

        What is known is kept in the partial file also where the evaluation is interrupted or fails.
        """
        places = np.argwhere(wanted & ~self.known)
        if not len(places):
            return
        self._places, self._rows = places, list[Sequence[float]]()
        watched = self.progress is not None or self.partial is not None
        try:
            losses(
                self.probe,
                self.mover,
                self._points(places),
                self.readings,
                rows=self._rows,
                after=self._look_at_the_clock if watched else None,
            )
        except BaseException:
            self._save()
            raise
        self._enter()

    def done(self) -> None:
        """All that is needed is known: say so, and remove the partial file."""
        if self.progress is not None:
            self.progress(self.known.size, self.known.size)
        if self.partial is not None:
            self.partial.unlink(missing_ok=True)

    def _points(self, places: Any) -> Floats:
        columns = [self.x[places[:, 1]]]
        if self.y is not None:
            columns.append(self.y[places[:, 0]])
        return np.stack(columns, axis=1)

    def _enter(self) -> None:
        """Put the numbers that are there in their places."""
        done = self._places[: len(self._rows)]
        if len(done):
            self.values[done[:, 0], done[:, 1]] = self._rows
            self.known[done[:, 0], done[:, 1]] = True

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self.progress is not None and now - self._told >= TELL_EVERY:
            self._told = now
            self._enter()
            self.progress(int(self.known.sum()), self.known.size)
        if self.partial is not None and now - self._saved >= SAVE_EVERY:
            self._save()

    def _save(self) -> None:
        self._enter()
        if self.partial is None:
            return
        beside = self.partial.with_name(self.partial.name + ".new")
        with beside.open("wb") as file:
            np.savez(file, request=np.array(self._request), values=self.values, known=self.known)
        os.replace(beside, self.partial)
        self._saved = time.monotonic()

    def _resume(self, partial: Path) -> None:
        held = archive(partial)
        if held is None or not {"request", "values", "known"} <= held.keys():
            raise UsageError(f"{partial}: this is no interrupted landscape; remove it or name another file")
        request, values, known = str(held["request"]), held["values"], held["known"].astype(bool)
        same = request == self._request and values.shape == self.values.shape and known.shape == self.known.shape
        if same and known.any():  # a loss function has no fingerprint: it has to give the same number once more
            place = tuple(np.argwhere(known)[0])
            again = losses(self.probe, self.mover, self._points(np.array([place])), self.readings)[0]
            same = np.array_equal(again, values[place], equal_nan=True)
        if not same:
            raise UsageError(
                f"{partial}: this interrupted landscape is of another model, data, slice or setting; "
                "remove it or name another file"
            )
        self.values[known] = values[known]
        self.known |= known


def fingerprint(probe: Probe, plane: Plane, x: Floats, y: Floats | None, readings: Sequence[Reading]) -> str:
    """A hash of all that decides the numbers at the nodes, but for the code of the model and the loss."""
    digest = hashlib.sha256()
    names = [name for reading in readings for name in reading.names]
    digest.update(repr((type(probe.model).__qualname__, probe.training, probe.seed, names, plane.offset)).encode())
    fixed = {name: value for name, value in probe.model.state_dict().items() if isinstance(value, Tensor)}
    for each in tensors((plane.origin, plane.directions, probe.batches, fixed)):
        held = each.detach().cpu().contiguous()
        digest.update(repr((str(held.dtype), tuple(held.shape))).encode())
        digest.update(held.reshape(-1).view(torch.uint8).numpy().tobytes() if held.numel() else b"")
    for axis in (x, y):
        digest.update(b"no axis" if axis is None else np.ascontiguousarray(axis, dtype=np.float64).tobytes())
    return digest.hexdigest()
