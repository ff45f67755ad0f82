"""What happens where a trial runs: in this process, in another, or on another machine."""

from __future__ import annotations

import pickle
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lossaudit.errors import UsageError
from lossaudit.proving.failing import described
from lossaudit.trials.trial import Outcome, Trainer, Trial

_one_at_a_time = threading.Lock()  # a worker may have several threads, which share PyTorch's state
_held: dict[str, Trainer] = {}  # the last trainer that this process was sent


@dataclass(frozen=True, slots=True)
class Failed:
    """A trial that raised: what, in one line."""

    words: str


def versions() -> dict[str, str]:
    """What has to be the same in every worker for the same bits to come out."""
    import numpy as np
    import torch

    from lossaudit import __version__

    python = ".".join(platform.python_version_tuple()[:2])
    return {"lossaudit": __version__, "numpy": np.__version__, "python": python, "torch": str(torch.__version__)}


def attempt(trainer: Trainer, trial: Trial) -> Outcome | Failed:
    """Run a trial. What it raises becomes a line that names it."""
    try:
        return trainer.train(trial)
    except UsageError as error:
        return Failed(f"{named(trial)}: {error}")
    except (Exception, SystemExit) as error:
        return Failed(f"{named(trial)} raises {described(error)}")


def work(
    key: str,
    source: bytes | Callable[[], bytes],
    position: int,
    trial: Trial,
    expected: dict[str, str],
    until: float | None = None,
) -> tuple[int, Outcome | Failed | None]:
    """Run a trial in a worker.

    Args:
        key: Of the trainer; a worker that holds the trainer of this key reads no other.
        source: The trainer, pickled; or what reads it.
        position: Returned as it is.
        trial: What to run.
        expected: `versions()` of the calling process.
        until: In seconds of `time.monotonic()`, on the same machine: after it nothing is begun.

    Returns:
        The position, and what came of the trial; None if it was too late.
    """
    with _one_at_a_time:
        if until is not None and time.monotonic() > until:
            return position, None
        here = versions()
        if here != expected:
            odd = [f"{name} {here[name]}, here it is {expected[name]}" for name in here if here[name] != expected[name]]
            return position, Failed(f"a worker on {platform.node()} has {'; '.join(odd)}: install the same there")
        try:
            trainer = _trainer(key, source)
        except Exception as error:
            words = f"a worker on {platform.node()} cannot load the model or the data: {described(error)}"
            return position, Failed(f"{words}; install there what they need, or take --backend serial")
        return position, attempt(trainer, trial)


def _trainer(key: str, source: bytes | Callable[[], bytes]) -> Trainer:
    """As this process keeps it from its first trial on."""
    if key not in _held:
        _held.clear()
        _held[key] = pickle.loads(source if isinstance(source, bytes) else source())
    return _held[key]


def forget() -> None:
    """Let go of the trainer."""
    with _one_at_a_time:
        _held.clear()


def named(trial: Trial) -> str:
    """A trial in words.

    >>> named(Trial("ce", 0.1, 0))
    'ce at learning rate 0.1, seed 0'
    """
    return f"{trial.loss} at learning rate {trial.rate:g}, seed {trial.seed}"
