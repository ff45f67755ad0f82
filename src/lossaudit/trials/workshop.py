"""What trials are run with: where they are stored, where they run, who is told, and until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossaudit.trials.backend import Backend
from lossaudit.trials.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """What trials are run with.

    Attributes:
        store: Finished trials are looked up and kept here.
        backend: Runs the others.
        progress: Called as `progress(done, total, words)` before the first trial and after each.
        deadline: In seconds of `time.monotonic()`: after it no trial is started; those that run are finished and kept.
    """

    store: Store
    backend: Backend
    progress: Callable[[int, int, str], None] | None = None
    deadline: float | None = None
