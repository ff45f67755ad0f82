"""A real Dask cluster of worker processes: trials survive a worker that is killed, and come out as they do here."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import threading
import time

import pytest
from tests.trials.honest import Softmax, begun, plain

from lossaudit.errors import UsageError
from lossaudit.trials.backend import Serial, backend
from lossaudit.trials.execute import execute
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Trial, key
from lossaudit.trials.workshop import Workshop

pytest.importorskip("distributed")
pytestmark = pytest.mark.xdist_group("dask")

TRIALS = [Trial("ce", 0.1, seed) for seed in range(8)]
HELD = range(3, 8)
OPTIONS = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}


@pytest.fixture(scope="module")
def scheduler():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, **OPTIONS) as cluster:
        yield cluster.scheduler_address


def _killed_when_half_is_done(folder, told):
    """Kills one of the two workers while both are in the middle of a trial, then lets all trials end."""
    end = time.monotonic() + 200
    while time.monotonic() < end:
        running = {seed: at for seed, at in begun(folder).items() if seed in HELD}
        if len(told) == HELD.start and len(running) >= 2:
            seed, [process, *_] = running.popitem()
            os.kill(process, signal.SIGKILL)
            (folder / "killed").write_text(str(seed))
            break
        time.sleep(0.01)
    (folder / "go").touch()


def test_one_of_two_workers_is_killed_and_nothing_is_lost_or_done_twice(tmp_path, scheduler):
    told: list[str] = []
    store = Store(tmp_path / "trials.db")
    killer = threading.Thread(target=_killed_when_half_is_done, args=(tmp_path, told))
    killer.start()
    with backend("dask", scheduler=scheduler) as cluster:
        workshop = Workshop(store, cluster, lambda done, total, words: told.append(words) if words else None)
        there = execute(Softmax(tmp_path, hold=HELD), TRIALS, workshop)
    killer.join()
    here = execute(Softmax(), TRIALS, Workshop(Store(), Serial()))
    assert there.stopped is None
    assert [plain(each) for each in there.outcomes.values()] == [plain(each) for each in here.outcomes.values()]
    assert sorted(told) == sorted(f"ce at learning rate 0.1, seed {trial.seed}" for trial in TRIALS)
    killed = int((tmp_path / "killed").read_text())
    counts = {seed: len(processes) for seed, processes in begun(tmp_path).items()}
    assert counts == {trial.seed: 2 if trial.seed == killed else 1 for trial in TRIALS}
    with sqlite3.connect(tmp_path / "trials.db") as connection:
        rows = connection.execute("SELECT key, seed FROM trials ORDER BY seed").fetchall()
    connection.close()
    assert rows == [(key({"loss": "ce"}, trial), trial.seed) for trial in TRIALS]
    kept = [store.outcome(name) for name, _ in rows]
    assert [plain(each) for each in kept] == [plain(each) for each in here.outcomes.values()]


def test_what_a_trial_raises_there_is_one_line(tmp_path, scheduler):
    store = Store(tmp_path / "trials.db")
    with (
        backend("dask", scheduler=scheduler) as cluster,
        pytest.raises(UsageError, match=r"^ce at learning rate 0.1, seed 2 raises ValueError: .*honest.py:"),
    ):
        execute(Softmax(raises=(2,)), TRIALS[:4], Workshop(store, cluster))


def test_a_scheduler_that_does_not_answer_is_one_line(monkeypatch):
    from lossaudit.trials import dask

    monkeypatch.setattr(dask, "_ANSWER", 0.5)
    with (
        backend("dask", scheduler="tcp://127.0.0.1:9") as cluster,
        pytest.raises(UsageError, match=r"^no Dask scheduler answers at tcp://127.0.0.1:9 within 0.5 s \(.*\); `dask"),
    ):
        execute(Softmax(), TRIALS, Workshop(Store(), cluster))


def test_a_scheduler_without_workers_is_one_line(monkeypatch):
    from distributed import LocalCluster

    from lossaudit.trials import dask

    monkeypatch.setattr(dask, "_WORKERS", 0.5)
    with (
        LocalCluster(n_workers=0, **OPTIONS) as empty,
        backend("dask", scheduler=empty.scheduler_address) as cluster,
        pytest.raises(UsageError, match=r"^the Dask cluster at tcp://.* has no workers \(0.5 s\); `dask worker tcp://"),
    ):
        execute(Softmax(), TRIALS, Workshop(Store(), cluster))
