"""Where trials run: in this process, on its cores, or on a cluster that is already there. joblib does the work."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import signal
import sys
import tempfile
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from lossaudit.errors import UsageError
from lossaudit.proving.failing import described
from lossaudit.trials import worker
from lossaudit.trials.trial import Outcome, Trainer, Trial
from lossaudit.trials.worker import Failed

BACKENDS = ("loky", "serial", "dask", "ray")
_TRIES = 2  # of a trial that may have ended its process

Finished: TypeAlias = tuple[int, Outcome]
Running: TypeAlias = Generator[Finished, None, None]


class Backend(ABC):
    """Runs trials; a context manager that lets go of its workers.

    Attributes:
        words: Where trials run, for people.
    """

    words: str

    @property
    def jobs(self) -> int:
        """How many trials run at once."""
        return 1

    @abstractmethod
    def run(self, trainer: Trainer, trials: Sequence[Trial], deadline: float | None = None) -> Running:
        """Run trials, and give each one's position and outcome as soon as it is finished, in any order.

        After the deadline (seconds of `time.monotonic()`) no trial is begun: it is left out. A generator that is closed
        early ends what runs.

        Raises:
            UsageError: A trial raised something, or could not be run: the line names it.
        """

    def close(self) -> None:  # noqa: B027  (most hold nothing)
        """Let go of the workers. They come back when they are needed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def backend(name: str = "loky", jobs: int | None = None, scheduler: str | None = None) -> Backend:
    """Where trials are to run.

    Args:
        name: `"loky"`: processes on this machine; `"serial"`: this process; `"dask"`, `"ray"`: a cluster.
        jobs: How many trials at once; None: as many as there are cores, here or in the cluster.
        scheduler: Address of the cluster's scheduler; None: a cluster of processes on this machine is started.

    Raises:
        UsageError: There is no such backend, or what it needs is not installed.

    >>> backend("serial").words
    'in this process'
    """
    if name not in BACKENDS:
        raise UsageError(f"there is no backend {name!r}; there is {', '.join(BACKENDS)}")
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs {jobs}: one trial at a time is the least")
    if scheduler is not None and name not in ("dask", "ray"):
        raise UsageError(f"--scheduler {scheduler}: {name} has none; take --backend dask or --backend ray")
    if name == "serial":
        return Serial()
    _need("joblib", name, "lossaudit[compare]")
    if name == "dask":
        _need("distributed", name, "lossaudit[cluster]")
        from lossaudit.trials.dask import Dask

        return Dask(scheduler, jobs)
    if name == "ray":
        _need("ray", name, "ray")
        from lossaudit.trials.ray import Ray

        return Ray(scheduler, jobs)
    import joblib

    jobs = jobs or joblib.cpu_count()
    return Loky(jobs) if jobs > 1 else Serial()


def _need(module: str, name: str, package: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise UsageError(f"--backend {name} needs {module}: pip install '{package}'; or take --backend serial")


class Serial(Backend):
    """One after the other, in this process."""

    words = "in this process"

    def run(self, trainer: Trainer, trials: Sequence[Trial], deadline: float | None = None) -> Running:
        for position, trial in enumerate(trials):
            if late(deadline):
                return
            yield position, checked(worker.attempt(trainer, trial))


class Loky(Backend):
    """Processes on this machine."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self.words = f"{jobs} processes"

    @property
    def jobs(self) -> int:
        return self._jobs

    def run(self, trainer: Trainer, trials: Sequence[Trial], deadline: float | None = None) -> Running:
        with tempfile.TemporaryDirectory(prefix="lossaudit-") as folder:
            key, data = packed(trainer)
            path = Path(folder, "trainer")
            path.write_bytes(data)
            del data
            send = functools.partial(self._send, key, functools.partial(_read, path), trials, deadline)
            left = dict.fromkeys(range(len(trials)))
            while left:
                begun: list[int] = []
                try:
                    for position, outcome in send(list(left), begun):
                        del left[position]
                        yield position, outcome
                    return  # what is left was too late
                except BrokenProcessPool:
                    suspects = [position for position in begun if position in left]
                for position in suspects:
                    del left[position]
                    yield from self._alone(send, position, trials[position])

    def _alone(self, send: Callable[..., Running], position: int, trial: Trial) -> Running:
        """Run a trial that may have ended its process: alone there is more memory, and it is known whose end it was."""
        for _ in range(_TRIES):
            try:
                yield from send([position], [])
                return
            except BrokenProcessPool:
                continue
        words = f"ended its process {_TRIES} times, running alone; the usual cause is too little memory"
        raise UsageError(f"{worker.named(trial)} {words}")

    def _send(
        self,
        key: str,
        source: functools.partial[bytes],
        trials: Sequence[Trial],
        deadline: float | None,
        positions: Sequence[int],
        begun: list[int],
    ) -> Running:
        from joblib import Parallel, delayed

        def tasks() -> Iterator[Any]:
            for position in positions:
                if late(deadline):
                    return
                begun.append(position)
                yield delayed(worker.work)(key, source, position, trials[position], expected, deadline)

        expected = worker.versions()
        parallel = Parallel(
            self._jobs, backend="loky", return_as="generator_unordered", batch_size=1, pre_dispatch=self._jobs
        )
        yield from results(parallel, tasks())


def _read(path: Path) -> bytes:
    return path.read_bytes()


def late(deadline: float | None) -> bool:
    """Whether nothing more is to be begun."""
    return deadline is not None and time.monotonic() > deadline


def checked(outcome: Outcome | Failed) -> Outcome:
    """The outcome.

    Raises:
        UsageError: The trial raised something.
    """
    if isinstance(outcome, Failed):
        raise UsageError(outcome.words)
    return outcome


def packed(trainer: Trainer) -> tuple[str, bytes]:
    """A trainer for the workers: a key, and its bytes.

    Raises:
        UsageError: It cannot be sent.
    """
    import cloudpickle

    files = [module for name, module in sys.modules.items() if name.startswith("lossaudit_of_")]
    for module in files:  # FILE.py:NAME is a module that no worker could import
        cloudpickle.register_pickle_by_value(module)
    try:
        data = cloudpickle.dumps(trainer)
    except Exception as error:
        words = f"the model or the data cannot be sent to other processes: {described(error)}"
        raise UsageError(f"{words}; take --backend serial") from error
    finally:
        for module in files:
            cloudpickle.unregister_pickle_by_value(module)
    return hashlib.sha256(data).hexdigest(), data


def results(parallel: Any, tasks: Iterable[Any]) -> Running:
    """What joblib's workers return, as it arrives; without joblib's warnings, with the errors of trials.

    Workers never see Ctrl-C: this process alone decides what is kept.
    """
    with quiet(), uninterrupted():
        arriving = iter(parallel(tasks))
    try:
        while True:
            with quiet():
                found = next(arriving, None)
            if found is None:
                return
            position, outcome = found
            if outcome is not None:
                yield position, checked(outcome)
    finally:
        if hasattr(arriving, "close"):
            with quiet():
                arriving.close()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C waits; processes that are started meanwhile inherit that for good."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
