"""Trials on a Dask cluster, through joblib's backend for it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import joblib
from distributed import Client, KilledWorker, LocalCluster
from joblib._dask import DaskDistributedBackend

from lossaudit.errors import UsageError
from lossaudit.proving.failing import described
from lossaudit.trials import worker
from lossaudit.trials.backend import Backend, Running, late, packed, quiet, results, uninterrupted
from lossaudit.trials.trial import Trainer, Trial

_ANSWER = 10  # seconds in which a scheduler answers
_WORKERS = 30  # seconds in which it has workers


class Dask(Backend):
    """Workers of a Dask cluster; without an address, of one that is started on this machine."""

    def __init__(self, scheduler: str | None, jobs: int | None) -> None:
        self._scheduler, self._jobs = scheduler, jobs or joblib.cpu_count()
        self._client: Client | None = None
        self._open = contextlib.ExitStack()
        self.words = (
            f"on the Dask cluster at {scheduler}" if scheduler else f"on a Dask cluster of {self._jobs} processes"
        )

    @property
    def jobs(self) -> int:
        return self._jobs if self._scheduler is None else sum(self._connected().ncores().values())

    def run(self, trainer: Trainer, trials: Sequence[Trial], deadline: float | None = None) -> Running:
        key, data = packed(trainer)
        client = self._connected()
        left = dict.fromkeys(range(len(trials)))
        tries = 2
        while left:
            try:
                for position, outcome in self._send(client, key, data, trials, list(left), deadline):
                    del left[position]
                    tries = 2
                    yield position, outcome
                return  # what is left was too late
            except _Lost as lost:
                tries -= 1
                if not tries:
                    raise UsageError(
                        f"the Dask cluster gave up: {lost}; finished trials are kept: run it again"
                    ) from lost

    def _send(
        self,
        client: Client,
        key: str,
        data: bytes,
        trials: Sequence[Trial],
        positions: Sequence[int],
        deadline: float | None,
    ) -> Running:
        self._has_workers(client)
        expected = worker.versions()

        def tasks() -> Iterator[Any]:
            for position in positions:
                if late(deadline):
                    return
                yield joblib.delayed(worker.work)(key, data, position, trials[position], expected)

        try:
            with quiet():
                watched = Watched(client=client, scatter=[data])
                parallel = joblib.Parallel(
                    -1, backend=watched, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs"
                )
        except Exception as error:
            raise _Lost(described(error)) from error
        yield from results(parallel, tasks())

    def _connected(self) -> Client:
        if self._client is None:
            with quiet(), contextlib.ExitStack() as opened:
                opened.callback(_silence())
                address: Any = self._scheduler
                if address is None:
                    address = opened.enter_context(self._started())
                try:
                    client = opened.enter_context(Client(address, timeout=_ANSWER, set_as_default=False))
                except Exception as error:
                    words = f"no Dask scheduler answers at {address} within {_ANSWER} s ({described(error)})"
                    raise UsageError(f"{words}; `dask scheduler` starts one and prints its address") from error
                self._client = client
                self._open = opened.pop_all()
        return self._client

    def _started(self) -> LocalCluster:
        with uninterrupted():
            return LocalCluster(
                n_workers=self._jobs,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )

    def _has_workers(self, client: Client) -> None:
        probe = client.submit(worker.versions, pure=False)
        try:
            probe.result(timeout=_WORKERS)
        except TimeoutError as error:
            words = f"the Dask cluster at {self._scheduler} has no workers ({_WORKERS} s)"
            raise UsageError(f"{words}; `dask worker {self._scheduler}` starts one") from error
        except Exception as error:
            words = f"a worker of the Dask cluster at {self._scheduler} cannot run trials: {described(error)}"
            raise UsageError(f"{words}; install there what is installed here") from error

    def close(self) -> None:
        with quiet():
            if self._client is not None and self._scheduler is not None:
                with contextlib.suppress(Exception):  # the cluster may be gone
                    self._client.run(worker.forget)
            self._client = None
            self._open.close()


class _Lost(Exception):
    """The cluster, not a trial, failed."""


class Watched(DaskDistributedBackend):
    """joblib's backend, which waits for ever where Dask gives a task up: here joblib is told."""

    def submit(self, func: Any, callback: Callable[[Any], Any] | None = None) -> Future[Any]:
        future = super().submit(func, callback)

        def tell(done: Future[Any]) -> None:
            error = done.exception()
            if isinstance(error, KilledWorker):
                trial = func.items[0][1][3]  # of the arguments of `work`
                words = "ended its worker again and again; the usual cause is too little memory"
                error = UsageError(f"{worker.named(trial)} {words}")
            if error is not None and callback is not None:
                callback(error)

        future.add_done_callback(tell)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        try:
            return super().retrieve_result_callback(out)
        except UsageError:
            raise
        except BaseException as error:
            raise _Lost(described(error)) from error


def _silence() -> Callable[[], None]:
    """What distributed logs of lost connections and restarted workers is told by errors, where it matters."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado.application")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)

    def restore() -> None:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)

    return restore
