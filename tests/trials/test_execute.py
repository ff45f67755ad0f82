"""Each trial is run once, kept as soon as it is finished, and is the same wherever it was run."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest
from tests.trials.honest import Softmax, begun, plain

from lossaudit.errors import UsageError
from lossaudit.trials import backend as backends
from lossaudit.trials import worker
from lossaudit.trials.backend import Backend, Loky, Serial, backend
from lossaudit.trials.execute import execute
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Trial, key
from lossaudit.trials.workshop import Workshop

TRIALS = [Trial("ce", rate, seed) for rate in (0.1, 1.0) for seed in range(3)]


@pytest.fixture(scope="module")
def loky():
    return Loky(2)


def test_a_finished_trial_is_never_run_again(tmp_path):
    store, trainer = Store(tmp_path / "trials.db"), Softmax(tmp_path)
    first = execute(trainer, TRIALS[:2], Workshop(store, Serial()))
    second = execute(trainer, TRIALS[:3] * 2, Workshop(Store(tmp_path / "trials.db"), Serial()))
    assert first.stopped is second.stopped is None
    assert list(second.outcomes) == TRIALS[:3]
    assert {seed: len(at) for seed, at in begun(tmp_path).items()} == {0: 1, 1: 1, 2: 1}
    assert plain(second.outcomes[TRIALS[0]]) == plain(first.outcomes[TRIALS[0]])


def test_two_names_of_one_loss_are_one_trial(tmp_path):
    trainer = Softmax(tmp_path)
    trainer.identity = lambda loss: {"loss": "cross_entropy"}
    trials = [Trial("ce", 0.1, 0), Trial("cross_entropy", 0.1, 0)]
    outcomes = execute(trainer, trials, Workshop(Store(), Serial())).outcomes
    assert [outcome.trial for outcome in outcomes.values()] == trials
    assert len(begun(tmp_path)[0]) == 1


def test_forgotten_weights_are_trained_again_only_where_they_are_needed(tmp_path):
    store, trainer = Store(), Softmax(tmp_path)
    workshop = Workshop(store, Serial())
    before = execute(trainer, TRIALS[:2], workshop).outcomes
    store.forget_sealed([key(trainer.identity("ce"), TRIALS[0])])
    curves = execute(trainer, TRIALS[:2], workshop, sealed=False).outcomes
    assert [outcome.sealed for outcome in curves.values()] == [b"", b""]
    assert curves[TRIALS[0]].curves == before[TRIALS[0]].curves
    assert len(begun(tmp_path)[0]) == 1
    after = execute(trainer, TRIALS[:2], workshop).outcomes
    assert {seed: len(at) for seed, at in begun(tmp_path).items()} == {0: 2, 1: 1}
    assert plain(after[TRIALS[0]]) == plain(before[TRIALS[0]])


def test_progress_is_told(tmp_path):
    told = []
    workshop = Workshop(Store(), Serial(), lambda *said: told.append(said))
    execute(Softmax(), TRIALS[:1], workshop)
    execute(Softmax(), TRIALS[:2], workshop)
    first, second = "ce at learning rate 0.1, seed 0", "ce at learning rate 0.1, seed 1"
    assert told == [(0, 1, ""), (1, 1, first), (1, 2, ""), (2, 2, second)]


def test_nothing_is_begun_after_the_deadline(tmp_path):
    for where in (Serial(), Loky(2)):
        done = execute(Softmax(tmp_path), TRIALS, Workshop(Store(), where, deadline=time.monotonic() - 1))
        assert (dict(done.outcomes), done.stopped) == ({}, "out of time")
    assert begun(tmp_path) == {}


def test_what_runs_at_the_deadline_is_finished_and_kept():
    class Slow(Softmax):
        def train(self, trial):
            outcome = super().train(trial)
            while time.monotonic() < deadline:
                time.sleep(0.005)
            return outcome

    deadline, store = time.monotonic() + 0.1, Store()
    done = execute(Slow(), TRIALS, Workshop(store, Serial(), deadline=deadline))
    assert (list(done.outcomes), done.stopped) == (TRIALS[:1], "out of time")
    assert execute(Softmax(), TRIALS[:1], Workshop(store, Serial())).stopped is None


def test_other_processes_make_the_same_bits(loky):
    here = execute(Softmax(), TRIALS, Workshop(Store(), Serial())).outcomes
    there = execute(Softmax(), TRIALS, Workshop(Store(), loky)).outcomes
    assert [plain(each) for each in here.values()] == [plain(each) for each in there.values()]


def test_data_is_sent_once_to_a_worker_and_not_with_each_trial(tmp_path, loky, monkeypatch):
    sent = []
    packed = backends.packed
    monkeypatch.setattr(backends, "packed", lambda trainer: sent.append(1) or packed(trainer))
    execute(Softmax(ballast=10**6), TRIALS, Workshop(Store(), loky))
    assert sent == [1]
    source = lambda: reads.append(1) or packed(Softmax())[1]  # noqa: E731
    reads: list[int] = []
    for position, trial in enumerate(TRIALS):
        assert worker.work("key of this test", source, position, trial, worker.versions())[0] == position
    assert reads == [1]
    worker.forget()


def test_another_version_in_a_worker_is_one_line():
    expected = worker.versions() | {"torch": "1.0"}
    _, failed = worker.work("k", b"", 0, TRIALS[0], expected)
    assert failed.words.endswith("here it is 1.0: install the same there")


def test_what_cannot_be_sent_is_one_line(loky):
    trainer = Softmax()
    trainer.held = (each for each in "ab")
    with pytest.raises(UsageError, match=r"cannot be sent to other processes: TypeError: .*; take --backend serial"):
        execute(trainer, TRIALS, Workshop(Store(), loky))
    assert len(execute(trainer, TRIALS, Workshop(Store(), Serial())).outcomes) == len(TRIALS)


@pytest.mark.parametrize("parallel", [False, True])
def test_what_a_trial_raises_is_one_line_and_the_others_stay(tmp_path, loky, parallel):
    store = Store(tmp_path / "trials.db")
    with pytest.raises(UsageError) as error:
        execute(Softmax(raises=(2,)), TRIALS[:3], Workshop(store, loky if parallel else Serial()))
    told = str(error.value)
    assert told.startswith("ce at learning rate 0.1, seed 2 raises ValueError: the model")
    assert "\n" not in told
    assert "honest.py:" in told
    if not parallel:
        assert store.outcome(key({"loss": "ce"}, TRIALS[1])) is not None


def test_a_trial_whose_worker_dies_is_run_once_more(tmp_path, loky):
    """One dies with its worker once, and is finished; one always does so, and is named."""
    store = Store(tmp_path / "trials.db")
    with pytest.raises(
        UsageError, match=r"^ce at learning rate 0.1, seed 2 ended its process 2 times, running alone; "
    ):
        execute(Softmax(tmp_path, kill={1: 1, 2: 9}), TRIALS[1:3], Workshop(store, loky))
    times = {seed: len(at) for seed, at in begun(tmp_path).items()}
    assert times[1] == 2
    assert times[2] in (2, 3)  # the first death may have been before it began
    assert store.outcome(key({"loss": "ce"}, TRIALS[1])) is not None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("dusk",), "there is no backend 'dusk'; there is loky, serial, dask, ray"),
        (("loky", 0), "--jobs 0: one trial at a time is the least"),
        (("loky", 2, "tcp://a:1"), "--scheduler tcp://a:1: loky has none; take --backend dask or --backend ray"),
    ],
)
def test_an_odd_backend_is_one_line(arguments, told):
    with pytest.raises(UsageError, match=f"^{told}$"):
        backend(*arguments)


@pytest.mark.parametrize(
    ("name", "module", "install"),
    [
        ("loky", "joblib", r"lossaudit\[compare\]"),
        ("dask", "distributed", r"lossaudit\[cluster\]"),
        ("ray", "ray", "ray"),
    ],
)
def test_what_is_not_installed_is_one_line(monkeypatch, name, module, install):
    find = backends.importlib.util.find_spec
    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda asked: None if asked == module else find(asked))
    with pytest.raises(UsageError, match=f"--backend {name} needs {module}: pip install '{install}'; or take"):
        backend(name)


def test_one_core_needs_no_other_process():
    assert isinstance(backend("loky", 1), Serial)
    assert isinstance(backend("serial"), Backend)


PROGRAM = """
import sys
from pathlib import Path
from lossaudit.trials.backend import backend
from lossaudit.trials.execute import execute
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Trial
from lossaudit.trials.workshop import Workshop
from tests.trials.honest import Softmax

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    tell = lambda done, total, words: (folder / f"done-{done}").touch()
    workshop = Workshop(Store(folder / "trials.db"), backend(sys.argv[2], 2), tell)
    with workshop.backend:
        done = execute(Softmax(folder, hold=range(2, 9)), [Trial("ce", 0.1, seed) for seed in range(6)], workshop)
    print(sorted(trial.seed for trial in done.outcomes), done.stopped, flush=True)
"""


def _until(met, process, seconds=120.0):
    end = time.monotonic() + seconds
    while not met():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def _alive(process_id: int) -> bool:
    try:
        with open(f"/proc/{process_id}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks at processes through /proc")
@pytest.mark.parametrize("name", [pytest.param("serial", marks=pytest.mark.slow), "loky"])
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_process(tmp_path, name):
    """A real SIGINT to the whole process group, as a terminal sends it."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path), name]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    running = {"serial": [2], "loky": [2, 3]}[name]
    _until(lambda: (tmp_path / "done-2").exists() and all(seed in begun(tmp_path) for seed in running), process)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert (output, errors) == ("[0, 1] interrupted\n", "")
    workers = {each for processes in begun(tmp_path).values() for each in processes}
    assert not any(map(_alive, workers))
    with sqlite3.connect(tmp_path / "trials.db") as connection:
        assert connection.execute("SELECT seed FROM trials ORDER BY seed").fetchall() == [(0,), (1,)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    (tmp_path / "go").touch()
    trials = [Trial("ce", 0.1, seed) for seed in range(6)]
    resumed = execute(Softmax(tmp_path), trials, Workshop(Store(tmp_path / "trials.db"), Serial()))
    assert list(resumed.outcomes) == trials
    counts = {seed: len(processes) for seed, processes in begun(tmp_path).items()}
    assert counts == {seed: 2 if seed in running else 1 for seed in range(6)}
