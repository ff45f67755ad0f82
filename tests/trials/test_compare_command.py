"""`lossaudit compare`: what it prints, stores and refuses, and with which code it ends."""

from __future__ import annotations

import json
import math
import os
import re
import signal
from pathlib import Path

import pytest

from lossaudit.cli.compare import _or_what_is_stored, split
from lossaudit.cli.main import main
from lossaudit.trials.backend import Serial
from lossaudit.trials.loop import Loop
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Outcome, Trial
from lossaudit.trials.workshop import Workshop

QUICK = ["--data", "digits", "--seeds", "1", "--epochs", "1", "--rates", "0.1", "--backend", "serial", "--no-audits"]
OWN = """
CALLS = []
def train(loss, seed, lr, budget):
    CALLS.append((loss, seed, lr, budget))
    accuracy = 0.5 + 0.4 * (loss == "b") + 0.01 * seed
    return {"validation": {"accuracy": accuracy}, "test": {"accuracy": accuracy}}
def odd(loss): return {}
def error(outputs, y): return (outputs.argmax(1) != y).double().mean()
def many(outputs, y): return outputs
def one(inputs):
    import torch
    return torch.nn.Linear(inputs, 1)
NUMBER = 3
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    rows = [f"{i % 7},{1000 + i},{i * i / 7:.3f},{'no' if i % 7 < 3 else 'yes'}" for i in range(60)]
    (tmp_path / "ids.csv").write_text("\n".join(["a,id,y,word", *rows]))
    (tmp_path / "numbers.csv").write_text("\n".join(["a,y", *(f"{i % 7},{i * i / 7:.3f}" for i in range(60))]))
    return tmp_path


def test_losses_are_split_at_commas_outside_of_parentheses() -> None:
    assert split("focal(gamma=5, alpha=0.25),mse:softmax , ce") == ["focal(gamma=5, alpha=0.25)", "mse:softmax", "ce"]


def test_compares_writes_prints_and_shows_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--losses", "mse:softmax,ce", *QUICK, "--format", "json", "--output", "out.json"]) == 0
    said = capsys.readouterr().err
    assert "mse:softmax and ce on digits" in said
    assert "2 trials" in said
    assert "s an epoch" in said
    assert (here / "lossaudit-compare.html").is_file()
    stored = json.loads((here / "out.json").read_text())
    key = re.search(r'"key": ?"([0-9a-f]{8})', (here / "out.json").read_text())
    assert stored
    assert key is not None
    assert main(["compare", "--show"]) == 0
    listed = capsys.readouterr().out
    assert f"{key[1]}  20" in listed
    assert "finished  mse:softmax and ce on digits" in listed
    assert main(["compare", "--show", key[1], "--report", "again.html"]) == 0
    assert "mse:softmax and ce on digits" in capsys.readouterr().out
    assert (here / "again.html").read_text() == (here / "lossaudit-compare.html").read_text()
    assert main(["compare", "--losses", "mse:softmax,ce", *QUICK]) == 0
    assert "nothing has to be trained" in capsys.readouterr().err


def _pressed_at(monkeypatch: pytest.MonkeyPatch, *places: int, number: int = signal.SIGINT) -> list[Trial]:
    """Ctrl-C, or another signal, arrives while the n-th trial trains."""
    ran, train = list[Trial](), Loop.train

    def slow(self: Loop, trial: Trial) -> Outcome:
        if len(ran) in places:
            ran.append(trial)
            os.kill(os.getpid(), number)
        else:
            ran.append(trial)
        return train(self, trial)

    monkeypatch.setattr(Loop, "train", slow)
    return ran


def test_ctrl_c_leaves_a_partial_report_and_the_same_command_goes_on(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", "--losses", "mse:softmax,ce", *QUICK, "--seeds", "3", "--format", "concise"]
    monkeypatch.setattr("lossaudit.trials.cost.seconds_per_epoch", lambda *_: {"ce": 0.01, "mse:softmax": 0.01})
    ran = _pressed_at(monkeypatch, 3)
    usual = signal.getsignal(signal.SIGINT)
    assert main(command) == 130
    assert signal.getsignal(signal.SIGINT) is usual
    said = capsys.readouterr()
    last = said.err.splitlines()[-1]
    assert "interrupted: 3 trials missing" in last
    assert "lossaudit-compare.html" in last
    assert "the same command goes on" in last
    assert "Traceback" not in said.err
    assert (here / "lossaudit-compare.html").is_file()
    assert main(["compare", "--show"]) == 0
    assert "3 trials missing" in capsys.readouterr().out
    assert main(command) == 0
    assert len(ran) == 4 + 3  # one of the four was cut off
    assert main(["compare", "--show"]) == 0
    assert "finished" in capsys.readouterr().out


def test_a_budget_plans_the_epochs_and_keeps_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = [word for word in QUICK if word not in ("--epochs", "1")]
    quick.insert(quick.index("--seeds") + 1, "1")
    command = ["compare", "--losses", "ce,mse:softmax", *quick, "--format", "json", "--budget"]
    costs = {"ce": 5.0, "mse:softmax": 5.0}
    monkeypatch.setattr("lossaudit.trials.cost.seconds_per_epoch", lambda *_: costs)
    assert main([*command, "1m"]) == 0
    said = capsys.readouterr()
    assert "4 epochs" in said.err  # 0.8 of 60 s are 48 s, for 2 trials of 5 s an epoch
    assert "4 epochs: as many as fit" in said.out
    costs.update(ce=1.0)
    assert main([*command, "1m"]) == 0
    assert "4 epochs: as many as fit" in capsys.readouterr().out
    assert main([*command, "1s"]) == 2
    assert "one epoch of each of 2 trials" in capsys.readouterr().err


def test_a_function_of_the_users_is_compared_alike(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", "--train", "own.py:train", "--losses", "a,b", "--rates", "0.1", "--backend", "serial"]
    assert main([*command, "--epochs", "7", "--seeds", "3", "--format", "json"]) == 0
    said = capsys.readouterr()
    assert "a and b, trained by train" in said.err
    assert "Its budget: 7." in said.out
    assert '"b"' in said.out


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--preset"]) == 0
    assert "golik2013" in capsys.readouterr().out
    assert main(["compare", "--preset", "golik"]) == 2
    assert "golik2013" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--losses", "ce,,mse"], "name losses with a comma between them"),
        (["--losses", "focal(gamma=5"], "name losses with a comma between them"),
        (["--losses", "crossentropi"], "there is no loss 'crossentropi'"),
        (["--losses", "ce", "--reference", "mse"], "--reference mse: is none of the losses; there is ce"),
        (["--seeds", "0"], "--seeds 0: give a whole number above 0"),
        (["--epochs", "-1"], "--epochs -1: give a whole number above 0"),
        (["--batch", "0"], "--batch 0: give a whole number above 0"),
        (["--jobs", "0"], "--jobs 0: give a whole number above 0"),
        (["--budget", "soon"], "'soon' is no time: write 10m, 90s, 2h or 1h30m"),
        (["--budget", "0s"], "is no time"),
        (["--rates", "0.1,x"], "write numbers, such as 0.01,0.1,1"),
        (["--rates", "0.1,-1"], "--rates: give learning rates above 0"),
        (["--rates", "nan"], "--rates: give learning rates above 0"),
        (["--noise", "1.5"], "--noise 1.5"),
        (["--noise", "nan"], "--noise nan"),
        (["--imbalance", "0.5"], "--imbalance 0.5"),
        (["--weight-decay", "-1"], "--weight-decay -1"),
        (["--optimizer", "adamm"], "adamm"),
        (["--backend", "slurm"], "slurm"),
        (["--scheduler", "tcp://x:1"], "say --backend dask or --backend ray"),
        (["--data", "nowhere.csv:y"], "nowhere.csv"),
        (["--data", "digits", "--start", "warm"], "--start warm"),
        (["--start", "checkpoint:absent.pt"], "absent.pt"),
        (["--model", "own.py:absent"], "own.py has no absent"),
        (["--metric", "own.py:NUMBER"], "NUMBER in own.py is int, not callable"),
        (["--metric", "own.py:many"], "the metric many raises"),
        (["--metric-better", "smaller"], "--metric-better smaller is said of your --metric"),
        (["--level", "nan"], "--level nan: give a number"),
        (["--preset", "nothing"], "there is no preset 'nothing'; there is confident-start, golik2013"),
        (["--preset", "golik2013", "--data", "digits"], "--data digits: golik2013 has its own data"),
        (["--preset", "output-reset", "--data", "absent.npz"], "absent.npz"),
        (["--data", "ids.csv:id"], "column 'id': every number from 1000 to 1059 once, as an identifier"),
        (["--data", "numbers.csv:y", "--noise", "0.2"], "--noise puts in wrong labels, and numbers.csv has 1 number"),
        (["--train", "own.py:train"], "--train needs --losses"),
        (["--train", "own.py:train", "--losses", "a", "--race"], "--race belongs to our training"),
        (["--train", "own.py:train", "--losses", "a", "--noise", "0.2"], "--noise belongs to our training"),
        (["--train", "own.py:train", "--losses", "a", "--budget", "1m"], "--budget with --train needs --epochs"),
        (["--train", "own.py:train", "--losses", "a,a"], "a is named twice"),
        (["--train", "own.py:odd", "--losses", "a"], "cannot be called as train(loss, seed, lr, budget)"),
        (["--show", "--losses", "ce"], "--show stands alone: leave --losses out"),
        (["--preset", "golik2013", "--show"], "--preset stands alone: leave --show out"),
        (["--preset", "golik2013", "--seeds", "2"], "--preset stands alone: leave --seeds out"),
        (["--show", "abc"], "no comparison begins with 'abc'"),
        (["--report", "no/such/folder.html"], "there is no folder"),
        (["--report", "x.html", "--output", "x.html"], "are the same file"),
        (["--store", "own.py"], "own.py"),
    ],
)
def test_bad_input_is_one_line_and_2_and_nothing_is_trained(
    here: Path,
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object) -> Outcome:
        raise AssertionError("a trial was run")

    monkeypatch.setattr(Loop, "train", refuse)
    try:
        code = main(["compare", *arguments])
    except SystemExit as ended:
        code = ended.code
    out, error = capsys.readouterr()
    assert code == 2
    assert said in error
    assert error.count("\n") == 1
    assert out == ""
    assert not (here / "lossaudit-compare.html").exists()


QUICK_CSV = ["--data", "ids.csv:word", *QUICK[2:], "--format", "json"]


def test_the_metric_of_a_user_may_be_smaller_where_it_is_better(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", *QUICK_CSV, "--losses", "ce", "--metric", "own.py:error", "--metric-better", "smaller"]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out)["measures"][0]
    assert (first["name"], first["better"]) == ("error", "smaller")


@pytest.mark.parametrize("options", [["--model", "own.py:one", "--losses", "ce"], ["--losses", "hinge,mse:sigmoid"]])
def test_one_number_tells_two_classes_apart(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if options[-1] == "ce":
        assert main(["compare", *QUICK_CSV, *options]) == 2
        assert "ce: the loss cross_entropy compares the classes of a row" in capsys.readouterr().err
        options[-1] = "bce_with_logits,hinge"
    assert main(["compare", *QUICK_CSV, *options]) == 0
    assert "The model returns one number for a sample: the logit of class yes." in capsys.readouterr().out


def test_a_preset_gets_data_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    from lossaudit.study import Study
    from lossaudit.trials import presets

    got: list[str] = []

    def make_with(_: object, __: object, data: str) -> Study:
        got.append(data)
        raise KeyboardInterrupt

    made = presets.Preset("mine", "", lambda *_: pytest.fail("without the data"), make_with)
    monkeypatch.setattr(presets, "presets", lambda: {"mine": made})
    assert main(["compare", "--preset", "mine", "--data", "ids.csv:word"]) == 130
    assert set(got) == {"ids.csv:word"}  # interrupted, it is asked again for what is stored


def test_a_signal_that_ends_the_process_is_like_ctrl_c(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lossaudit.trials.cost.seconds_per_epoch", lambda *_: {"ce": 0.01})
    _pressed_at(monkeypatch, 1, number=signal.SIGTERM)
    usual = signal.getsignal(signal.SIGTERM)
    assert main(["compare", "--losses", "ce", *QUICK, "--seeds", "3"]) == 143
    assert signal.getsignal(signal.SIGTERM) is usual
    assert "interrupted: 2 trials missing" in capsys.readouterr().err
    assert (here / "lossaudit-compare.html").is_file()


def test_ctrl_c_before_the_first_trial_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lossaudit.trials.prepare.prepare", pressed)
    assert main(["compare", "--losses", "ce", *QUICK]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_an_interrupt_between_trials_leaves_what_is_stored() -> None:
    """Such as in a proof of convexity: nothing more is begun, and the rest is looked up."""
    seen = list[float | None]()

    def make(where: Workshop) -> str:
        seen.append(where.deadline)
        if where.deadline is None:
            raise KeyboardInterrupt
        return "partial"

    assert _or_what_is_stored(make, Workshop(Store(), Serial())) == "partial"
    assert seen == [None, -math.inf]
