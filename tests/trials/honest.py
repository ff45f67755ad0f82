"""A small honest trainer: softmax regression with dropout on points of two clusters, in PyTorch."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lossaudit.trials.trial import Outcome, Samples, Tested, Trial


class Softmax:
    """Trains a weight matrix. A folder, if there is one, gets a file for each trial that begins.

    Args:
        folder: Of files `SEED-PROCESS-NUMBER`; None: nothing is noted.
        hold: Seeds of trials that wait until the folder has a file `go`.
        kill: Seeds of trials that kill their process, and how often.
        raises: Seeds of trials that raise.
        ballast: Bytes of data that are sent along.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        hold: range = range(0),
        kill: Mapping[int, int] | None = None,
        raises: tuple[int, ...] = (),
        ballast: int = 0,
    ) -> None:
        self.folder, self.hold, self.kill, self.raises = folder, hold, kill or {}, raises
        self.ballast = torch.zeros(ballast, dtype=torch.uint8)
        generator = torch.Generator().manual_seed(0)
        self.y = torch.arange(64) % 3
        self.x = torch.randn(64, 5, generator=generator) + self.y[:, None]

    def identity(self, loss: str) -> Mapping[str, Any]:
        return {"loss": loss}

    def train(self, trial: Trial) -> Outcome:
        self._note(trial)
        if trial.seed in self.raises:
            raise ValueError("the model\ndoes not like this seed")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(trial.seed)
            weights = torch.randn(5, 3, requires_grad=True)
            optimizer = torch.optim.SGD([weights], trial.rate, momentum=0.9)
            scores = []
            for _ in range(5):
                optimizer.zero_grad()
                kept = torch.nn.functional.dropout(self.x, 0.2)
                torch.nn.functional.cross_entropy(kept @ weights, self.y).backward()
                optimizer.step()
                scores.append(((self.x @ weights).argmax(1) == self.y).double().mean().item())
        torch.set_num_threads(threads)
        sealed = io.BytesIO()
        np.savez(sealed, weights=weights.detach().numpy())
        return Outcome(trial, {"score": tuple(scores)}, {"accuracy": scores[-1]}, None, 0.1, sealed.getvalue())

    def test(self, outcome: Outcome, samples: Samples | None) -> Tested:
        raise NotImplementedError

    def _note(self, trial: Trial) -> None:
        if self.folder is None:
            return
        mine = [*self.folder.glob(f"{trial.seed}-*")]
        (self.folder / f"{trial.seed}-{os.getpid()}-{len(mine)}").touch()
        if len(mine) < self.kill.get(trial.seed, 0):
            os.kill(os.getpid(), 9)
        while trial.seed in self.hold and not (self.folder / "go").exists():
            time.sleep(0.01)


def begun(folder: Path) -> dict[int, list[int]]:
    """Process ids in which each seed was begun."""
    found: dict[int, list[int]] = {}
    for file in folder.glob("*-*-*"):
        seed, process, _ = file.name.split("-")
        found.setdefault(int(seed), []).append(int(process))
    return found


def plain(outcome: Outcome) -> tuple[Any, ...]:
    """All of an outcome that must not depend on where it was made: curves and weights, bit for bit."""
    with np.load(io.BytesIO(outcome.sealed)) as file:
        weights = {name: file[name].tobytes() for name in file.files}
    return outcome.trial, repr(dict(outcome.curves)), repr(dict(outcome.validation)), outcome.diverged, weights
