"""Work in processes: what dies or hangs costs its own piece of work only."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.lint import workers

LINUX = pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="no alarms")

# Another test may have loaded JAX into this process, which then warns at each fork; the command itself loads none.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")


def work(job: str) -> tuple[str, str]:
    kind = job.partition("-")[0]
    if kind == "die":
        os._exit(3)
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "sleep":
        time.sleep(60)
    if kind == "loop":
        while True:
            pass
    if kind == "deaf":  # deaf to the alarm, as C code may be
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        while True:
            pass
    return job, "done"


def lost(job: str, reason: str) -> tuple[str, str]:
    return job, reason


def run(jobs: list[str], processes: int, seconds: float = 20.0) -> dict[str, str]:
    found = list(workers.each(work, jobs, lost, processes=processes, seconds=seconds))
    assert len(found) == len(jobs)
    return dict(found)


@settings(max_examples=10, deadline=None)
@given(kinds=st.lists(st.sampled_from(["good", "die", "crash"]), max_size=6), processes=st.integers(2, 4))
def test_each_job_has_one_outcome(kinds: list[str], processes: int) -> None:
    jobs = [f"{kind}-{number}" for number, kind in enumerate(kinds)] + ["good-1", "good-2"]
    jobs = list(dict.fromkeys(jobs))
    expected = {job: "done" if job.startswith("good") else workers.DIED for job in jobs}
    assert run(jobs, processes) == expected
    assert multiprocessing.active_children() == []


@LINUX
@pytest.mark.parametrize("processes", [1, 3])
def test_what_works_too_long_is_left(processes: int) -> None:
    jobs = ["good-1", "loop-1", "good-2", "good-3"]
    found = run(jobs, processes, seconds=0.2)
    assert found["loop-1"] == "takes longer than 0.2 s to read; skipped"
    assert [found[job] for job in jobs if job.startswith("good")] == ["done"] * 3
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


@LINUX
@pytest.mark.parametrize("kind", ["sleep", "deaf"])
def test_what_does_not_hear_the_alarm_is_ended_from_outside(kind: str) -> None:
    found = run(["good-1", f"{kind}-1", "good-2"], 2, seconds=0.2)
    late = "takes longer than 0.2 s to read; skipped"
    assert found == {"good-1": "done", "good-2": "done", f"{kind}-1": late}


def test_in_another_thread_there_is_no_alarm_and_no_error() -> None:
    found: list[dict[str, str]] = []
    thread = threading.Thread(target=lambda: found.append(run(["good-1"], 1)))
    thread.start()
    thread.join()
    assert found == [{"good-1": "done"}]


def test_processes_that_are_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work and loss are builtins: a new process need not be able to import this file."""
    monkeypatch.setattr(sys, "platform", "other")
    found = workers.each(str.upper, ["a", "b", "c"], max, processes=2, seconds=20.0)
    assert sorted(found) == ["A", "B", "C"]


def test_leaving_early_ends_the_processes() -> None:
    running = workers.each(work, [f"good-{number}" for number in range(9)], lost, processes=3)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_nothing_to_do() -> None:
    assert run([], 4) == {}
