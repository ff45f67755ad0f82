"""Trials on a Ray cluster, through the backend that Ray brings for joblib."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import joblib

from lossaudit.errors import UsageError
from lossaudit.proving.failing import described
from lossaudit.trials import worker
from lossaudit.trials.backend import Backend, Running, late, packed, quiet, results, uninterrupted
from lossaudit.trials.trial import Trainer, Trial


class Ray(Backend):
    """Workers of a Ray cluster; without an address, of one that is started on this machine.

    Ray's backend returns nothing before all is done: trials are run in rounds, as many at a time as there are workers.
    """

    def __init__(self, scheduler: str | None, jobs: int | None) -> None:
        self._scheduler, self._jobs = scheduler, jobs
        self._ray: Any = import_module("ray")
        self._mine = False
        self.words = f"on the Ray cluster at {scheduler}" if scheduler else "on a Ray cluster of this machine"

    @property
    def jobs(self) -> int:
        self._connect()
        return self._jobs or int(self._ray.cluster_resources().get("CPU", 1))

    def run(self, trainer: Trainer, trials: Sequence[Trial], deadline: float | None = None) -> Running:
        key, data = packed(trainer)
        jobs = self.jobs
        source = functools.partial(_get, self._ray.put(data))
        expected = worker.versions()
        for start in range(0, len(trials), jobs):
            if late(deadline):
                return
            tasks = [
                joblib.delayed(worker.work)(key, source, start + place, trial, expected)
                for place, trial in enumerate(trials[start : start + jobs])
            ]
            yield from results(joblib.Parallel(jobs, backend="ray", batch_size=1), tasks)

    def _connect(self) -> None:
        if self._ray.is_initialized():
            return
        with quiet(), uninterrupted():
            options: dict[str, Any] = {"num_cpus": self._jobs} if self._scheduler is None else {}
            try:
                self._ray.init(self._scheduler, log_to_driver=False, logging_level=logging.CRITICAL, **options)
            except Exception as error:
                raise UsageError(
                    f"no Ray cluster at {self._scheduler or 'this machine'}: {described(error)}"
                ) from error
            self._mine = True
            import_module("ray.util.joblib").register_ray()

    def close(self) -> None:
        if self._mine:
            with quiet():
                self._ray.shutdown()
            self._mine = False


def _get(reference: Any) -> bytes:
    return import_module("ray").get(reference)
