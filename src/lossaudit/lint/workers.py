"""Work on all cores, in processes: one that dies or does not end costs its own piece of work, never the others."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

J = TypeVar("J")
R = TypeVar("R")

SECONDS = 20.0  # of a core, for one piece of work; the reader's own budget ends far earlier
_PATIENCE = 6.0  # times as long by the clock until a process is ended from outside: the machine may be busy
LATE = "takes longer than {:g} s to read; skipped"
DIED = "made the process that read it end; skipped"


class _LateError(BaseException):
    """Raised by the alarm, past every `except Exception`."""


def each(
    work: Callable[[J], R],
    jobs: Sequence[J],
    lost: Callable[[J, str], R],
    *,
    processes: int = 1,
    seconds: float = SECONDS,
) -> Iterator[R]:
    """The outcome of each job, in any order.

    Args:
        work: What is done with a job; it must be picklable where processes are not forked.
        jobs: What there is to do.
        lost: The outcome in the stead of one that never came, with the reason as one clause.
        processes: With one, all is done in this process.
        seconds: What one job may take of a core.
    """
    if processes > 1 and len(jobs) > 1:
        yield from _in_processes(work, jobs, lost, min(processes, len(jobs)), seconds)
        return
    for job in jobs:
        yield _guarded(work, job, lost, seconds)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _guarded(work: Callable[[J], R], job: J, lost: Callable[[J, str], R], seconds: float) -> R:
    try:
        with _alarm(seconds):
            return work(job)
    except _LateError:
        return lost(job, LATE.format(seconds))


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_LateError` in the main thread after so many seconds of work, where the system has such an alarm."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _late(_: int, __: FrameType | None) -> None:
    raise _LateError


@dataclass(slots=True)
class _Worker(Generic[J]):
    process: BaseProcess
    connection: Connection
    job: J
    deadline: float


def _in_processes(
    work: Callable[[J], R], jobs: Sequence[J], lost: Callable[[J, str], R], processes: int, seconds: float
) -> Iterator[R]:
    from multiprocessing.connection import wait  # here, since a few files are read without processes

    waiting = deque(jobs)
    workers = [_started(work, lost, seconds, waiting.popleft()) for _ in range(processes)]
    try:
        while workers:
            nearest = min(worker.deadline for worker in workers)
            ready = wait([worker.connection for worker in workers], max(0.0, nearest - time.monotonic()))
            for worker in list(workers):
                if worker.connection in ready:
                    reason, outcome = _received(worker)
                elif time.monotonic() > worker.deadline:
                    reason, outcome = LATE.format(seconds), None
                else:
                    continue
                yield lost(worker.job, reason) if outcome is None else outcome
                if outcome is not None and waiting:
                    _give(worker, waiting.popleft(), seconds)
                    continue
                workers.remove(worker)
                _end(worker)
                if waiting:
                    workers.append(_started(work, lost, seconds, waiting.popleft()))
    finally:
        for worker in workers:
            _end(worker)


def _started(work: Callable[[J], R], lost: Callable[[J, str], R], seconds: float, job: J) -> _Worker[J]:
    import multiprocessing

    # A forked process has all modules at once. Elsewhere than on Linux system libraries may not survive a fork.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, lost, seconds), daemon=True)
    process.start()
    theirs.close()
    worker = _Worker(process, ours, job, 0.0)
    _give(worker, job, seconds)
    return worker


def _give(worker: _Worker[J], job: J, seconds: float) -> None:
    worker.job, worker.deadline = job, time.monotonic() + seconds * _PATIENCE
    try:
        worker.connection.send(job)
    except OSError:
        return  # it has died: the next wait sees that


def _received(worker: _Worker[J]) -> tuple[str, Any]:
    try:
        return "", worker.connection.recv()
    except (EOFError, OSError):
        return DIED, None


def _end(worker: _Worker[J]) -> None:
    worker.connection.close()
    worker.process.kill()
    worker.process.join()


def _serve(connection: Connection, work: Callable[[J], R], lost: Callable[[J, str], R], seconds: float) -> None:
    """A worker's life: it ends with its connection, and leaves Ctrl-C to the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            job = connection.recv()
            connection.send(_guarded(work, job, lost, seconds))
    except (EOFError, OSError):
        return
