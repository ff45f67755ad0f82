"""The store keeps what is finished, exactly and once, and says in one line what it cannot."""

from __future__ import annotations

import math
import os
import resource
import sqlite3
import struct
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from lossaudit.comparison import Comparison
from lossaudit.errors import UsageError
from lossaudit.trials import store as stores
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Outcome, Trial

OUTCOME = Outcome(
    trial=Trial("mse:softmax", 0.1 + 0.2, 3),
    curves={"score": (0.1, math.nan, math.inf, -math.inf, -0.0, 5e-324, 1 / 3), "training loss": ()},
    validation={"accuracy": 2 / 3, "nll": math.nan},
    diverged=1,
    seconds=1.5,
    sealed=bytes(range(256)) * 40,
)
COMPARISON = Comparison("ab12", "t", (), (), (), "ce", (), (), (0,), level=0.5, made="2026-01-01T00:00:00")


def bits(values):
    return [struct.pack("<d", value) for value in values]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "trials.db"


@pytest.mark.parametrize("part", [2**28, 1000, len(OUTCOME.sealed)])
def test_what_comes_back_is_what_went_bit_for_bit(path, monkeypatch, part):
    monkeypatch.setattr(stores, "_PART", part)
    Store(path).keep("k", {"b": 1}, OUTCOME)
    found = Store(path).outcome("k")
    assert found is not None
    assert found.trial == OUTCOME.trial
    assert {name: bits(found.curves[name]) for name in found.curves} == {
        name: bits(values) for name, values in OUTCOME.curves.items()
    }
    assert bits(found.validation.values()) == bits(OUTCOME.validation.values())
    assert (found.diverged, found.seconds, found.sealed) == (1, 1.5, OUTCOME.sealed)


def test_a_rate_that_the_users_function_chooses_is_no_number(path):
    Store(path).keep("k", {}, replace(OUTCOME, trial=Trial("ce", math.nan, 0), diverged=None))
    found = Store(path).outcome("k")
    assert math.isnan(found.trial.rate)
    assert found.diverged is None


def test_looking_makes_no_file(path):
    store = Store(path)
    assert store.outcome("k") is None
    assert store.comparisons() == ()
    assert not path.parent.exists()


def test_the_first_of_two_outcomes_of_a_trial_stays(path):
    Store(path).keep("k", {}, OUTCOME)
    Store(path).keep("k", {}, replace(OUTCOME, seconds=9.0))
    assert Store(path).outcome("k").seconds == 1.5


def test_no_pickle_and_the_columns_that_people_query(path):
    Store(path).keep("k", {"environment": {"torch": "2"}}, OUTCOME)
    with sqlite3.connect(path) as connection:
        row = connection.execute(
            "SELECT loss, rate, seed, diverged, json_extract(versions, '$.torch') FROM trials"
        ).fetchone()
        valid = connection.execute(
            "SELECT json_valid(curves), json_valid(validation), json_valid(identity) FROM trials"
        )
        assert row == ("mse:softmax", 0.1 + 0.2, 3, 1, "2")
        assert valid.fetchone() == (1, 1, 1)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_forgotten_weights_give_their_space_back_and_the_curves_stay(path):
    store = Store(path)
    big = replace(OUTCOME, sealed=os.urandom(2**20))
    store.keep("chosen", {}, big)
    store.keep("other", {}, big)
    before = path.stat().st_size
    store.forget_sealed(["other"])
    assert before - path.stat().st_size > 2**20 - 2**13
    assert store.outcome("other") is None
    assert store.outcome("other", sealed=False).curves.keys() == OUTCOME.curves.keys()
    assert store.outcome("chosen").sealed == big.sealed
    store.keep("other", {}, big)
    assert store.outcome("other").sealed == big.sealed


def test_an_outcome_without_a_sealed_part_is_not_a_forgotten_one(path):
    store = Store(path)
    store.keep("k", {}, replace(OUTCOME, sealed=b""))
    store.forget_sealed(["k"])
    assert store.outcome("k").sealed == b""


def test_comparisons_newest_first_by_the_start_of_their_keys(path):
    store = Store(path)
    for key in ("ab12", "ab34", "cd56"):
        store.keep_comparison(replace(COMPARISON, key=key, title=f"title {key}"))
    store.keep_comparison(replace(COMPARISON, key="ab12", title="again"))
    assert [kept.key for kept in Store(path).comparisons()] == ["ab12", "cd56", "ab34"]
    assert Store(path).comparison("ab1").title == "again"
    assert Store(path).comparison("c") == replace(COMPARISON, key="cd56", title="title cd56")
    with pytest.raises(UsageError, match=r"2 comparisons begin with 'ab': ab12 \(again\), ab34 .*more characters"):
        store.comparison("ab")
    with pytest.raises(UsageError, match=r"no comparison begins with 'x' in .*trials.db; there is ab12 \(again\)"):
        store.comparison("x")
    with pytest.raises(UsageError, match="no comparison begins with 'x' in memory; there is none"):
        Store(None).comparison("x")


def _text(path):
    path.write_text("loss,rate\n" * 100)


def _folder(path):
    path.mkdir()


def _of_another_program(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title)")
    connection.close()


def _layout(number):
    def make(path):
        Store(path).check_writable()
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.close()

    return make


def _damaged(path):
    store = Store(path)
    for number in range(20):
        store.keep(f"k{number}", {}, OUTCOME)
    store.close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_text, "is not a file of lossaudit's"),
        (_folder, "is a directory"),
        (_of_another_program, "is a database of another program"),
        (_layout(99), "was written by a newer version"),
        (_layout(0), "was written by an older version"),
        (_damaged, "is damaged"),
    ],
)
@pytest.mark.parametrize("use", [lambda store: store.outcome("k5"), lambda store: store.keep("k", {}, OUTCOME)])
def test_a_file_that_cannot_be_used_is_one_line_and_stays_as_it_is(tmp_path, make, told, use):
    path = tmp_path / "trials.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(UsageError, match=told) as error:
        use(Store(path))
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    assert before is None or path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be made: (file exists|not a directory); name another file"):
        Store(tmp_path / "file" / "trials.db").check_writable()


def test_a_read_only_folder_can_be_shown_from():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trials.db")
        Store(path).keep_comparison(COMPARISON)
        before = os.geteuid()
        path.chmod(0o444)
        os.chmod(folder, 0o555)
        if before == 0:
            os.seteuid(65534)  # root may write everywhere
        try:
            store = Store(path)
            assert store.comparison("ab").key == "ab12"
            with pytest.raises(UsageError, match="cannot be written: it or its folder is read-only"):
                store.check_writable()
            with pytest.raises(UsageError, match=r"cannot be (opened|written)"):
                Store(Path(folder, "new.db")).check_writable()
        finally:
            os.seteuid(before)
            os.chmod(folder, 0o755)


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    path = tmp_path / "trials.db"
    Store(path).keep("first", {}, OUTCOME)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
    try:
        with pytest.raises(UsageError, match="finished trials stay") as error:
            Store(path).keep("second", {}, replace(OUTCOME, sealed=bytes(2**21)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert Store(path).outcome("first").sealed == OUTCOME.sealed
    assert Store(path).outcome("second") is None


def test_a_locked_file_is_one_line(path, monkeypatch):
    monkeypatch.setattr(stores, "_PATIENCE", 0.05)
    Store(path).check_writable()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UsageError, match="locked by another process"):
        Store(path).keep("k", {}, OUTCOME)
    other.close()


WRITER = """
import sys
from pathlib import Path
from types import SimpleNamespace  # Outcome and Trial would load torch
from lossaudit.trials import store
name, first, last = sys.argv[2], *map(int, sys.argv[3:])
kept = store.Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(first, last):
    trial = SimpleNamespace(loss=name, rate=0.1, seed=number)
    rest = {"curves": {"score": (0.0,)}, "validation": {}, "diverged": None, "seconds": 0.0, "sealed": bytes(100_000)}
    kept.keep(f"k{number}", {}, SimpleNamespace(trial=trial, **rest))
    print(number, flush=True)
"""


def _writer(path, *arguments):
    command = [sys.executable, "-c", WRITER, str(path), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_at_once_and_one_is_killed(path):
    """Both write the same trials. One is killed in the middle; each trial is there once, and whole."""
    one, two = _writer(path, "one", 0, 1000), _writer(path, "two", 0, 30)
    for process in (one, two):
        process.stdout.readline()
        process.stdin.write("go\n")
        process.stdin.flush()
    kept = [int(one.stdout.readline()) for _ in range(20)]
    one.kill()
    with one, two:
        kept += map(int, one.stdout.read().split())
        kept += map(int, two.stdout.read().split())
    assert two.returncode == 0
    store = Store(path)
    assert {*kept} >= {*range(30)}
    assert all(len(store.outcome(f"k{number}").sealed) == 100_000 for number in {*kept})
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT sealed_bytes, (SELECT count(*) FROM sealed s WHERE s.key = t.key) FROM trials t"
        )
        assert {*rows.fetchall()} == {(100_000, 1)}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_list_of_comparisons_needs_neither_torch_nor_numpy(path):
    Store(path).keep_comparison(COMPARISON)
    program = (
        "import sys\nfrom pathlib import Path\nfrom lossaudit.trials.store import Store\n"
        f"print(Store(Path({str(path)!r})).comparison('ab').title, 'torch' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["t", "False", "False"]
