"""`lossaudit audit`: its page, its output, its exit codes, and what it says of bad input."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest

from lossaudit.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

FACTORIES = """
import torch
from torch import nn
from torch.nn import functional as F
X, Y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 2
MODEL, LOSS = nn.Linear(3, 2), nn.CrossEntropyLoss()
class Output(dict):
    logits = X
class Returns(nn.Module):
    def forward(self, x): return Output()
def right(): return MODEL, LOSS, (X, Y), (X, Y)
def alone(): return MODEL, LOSS, (X, Y)
def double(): return nn.Sequential(MODEL, nn.Softmax(1)), LOSS, (X, Y)
def shape(): return MODEL, LOSS, (X[:, :2], Y)
def lengths(): return MODEL, LOSS, (X, Y[:5])
def empty(): return MODEL, LOSS, []
def triples(): return MODEL, LOSS, [(X, Y, Y)]
def mappings(): return MODEL, LOSS, [{"x": X, "labels": Y}]
def vector(): return MODEL, nn.CrossEntropyLoss(reduction="none"), (X, Y)
def number(): return MODEL, lambda z, y: 1.0, (X, Y)
def output(): return Returns(), LOSS, (X, Y)
def broken():
    for i in range(2):
        yield X, Y
    raise OSError("the disk is gone")
def breaks(): return MODEL, LOSS, broken()
def held_triples(): return MODEL, LOSS, (X, Y), [(X, Y, Y)]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine.py").write_text(FACTORIES)
    return tmp_path


@pytest.mark.parametrize("command", [line for block in BLOCKS for line in block.splitlines()])
def test_what_the_page_tells_people_to_type_works(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    if words[0] == "python":
        runpy.run_path(words[1], run_name="__main__")
        assert (tmp_path / "digits.pt").is_file()
        return
    if "--checkpoint" in words:
        runpy.run_path("examples/digits_audit.py", run_name="__main__")
    assert words[0] == "lossaudit"
    assert main(words[1:]) == 0
    said, page = capsys.readouterr().out, (tmp_path / "lossaudit-report.html").read_text()
    assert len(page.encode()) <= 300_000
    legacy = "legacy" in command
    assert ("mse-on-softmax in examples/digits_audit.py:legacy" in page) == legacy
    if "--output" in words:
        assert json.loads((tmp_path / words[words.index("--output") + 1]).read_text())["kind"] == "audit"
    else:
        assert ("error  mse-on-softmax" in said) == legacy
        assert ("nothing wrong between head and loss" in said) == (not legacy)
    if "--held-out" in words:
        assert "held-out: 597 samples" in said


def test_the_example_shows_what_the_pairing_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the same start, on the same data: most samples are stuck with the one, none with the other."""
    import lossaudit

    monkeypatch.syspath_prepend(ROOT / "examples")
    space = runpy.run_path(str(ROOT / "examples" / "digits_audit.py"))
    stuck = {}
    for name in ("legacy", "right"):
        model, loss_fn, data, held_out = space[name]()
        (_, unseen) = lossaudit.audit(model, loss_fn, data, held_out=held_out).pairings[0].measured
        stuck[name] = unseen.stuck
    assert stuck["legacy"] > 0.5
    assert stuck["right"] < 0.05


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mine.py:absent"], "mine.py has no absent"),
        (["other.py:make"], "there is no file other.py"),
        (["no.such.module:make"], "there is no module 'no.such.module'"),
        (["nothing"], "names no callable"),
        (["mine.py:shape"], "the model raises RuntimeError: mat1 and mat2 shapes cannot be multiplied (20x2 and 3x2)"),
        (
            ["mine.py:lengths"],
            "the loss raises ValueError: Expected input batch_size (20) to match target",
        ),
        (["mine.py:empty"], "the data is empty"),
        (["mine.py:triples"], "each batch has to be (x, y), inputs and targets"),
        (["mine.py:mappings"], "each batch has to be (x, y), inputs and targets"),
        (["mine.py:held_triples"], "the held-out data"),
        (["mine.py:vector"], "returns one number as a tensor; it returned a tensor of shape (20,)"),
        (["mine.py:number"], "it returned float"),
        (["mine.py:output"], "lambda output, y: loss_fn(output.logits, y)"),
        (["mine.py:breaks"], "the data raises OSError: the disk is gone"),
        (["mine.py:alone", "--held-out"], "gives no held-out data"),
        (["mine.py:right", "--held-out", "mine.py:nowhere"], "mine.py has no nowhere"),
        (["mine.py:right", "--checkpoint", "absent.pt"], "absent.pt: no such file"),
        (["mine.py:right", "--checkpoint", "mine.py"], "is no checkpoint that torch.load can read"),
        (["mine.py:right", "--report", "no/such/folder.html"], "there is no folder"),
        (["mine.py:right", "--output", "."], "is a directory"),
        (["mine.py:right", "--fail-on", "mse-on-sofmax"], "did you mean mse-on-softmax"),
        (["mine.py:right", "--samples", "0"], "'0' is no whole number above 0"),
        (["mine.py:right", "--format", "pdf"], "pdf"),
        ([], "MODULE:FACTORY"),
    ],
)
def test_bad_input_is_one_line_and_2(
    here: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["audit", *arguments])
    except SystemExit as ended:
        code = ended.code
    error = capsys.readouterr().err
    assert code == 2
    assert said in error
    assert error.count("\n") == 1
    assert not (here / "lossaudit-report.html").exists()


@pytest.mark.parametrize(
    ("wanted", "code"), [("error", 1), ("warning", 1), ("double-softmax", 1), ("mse-on-softmax", 0)]
)
def test_fail_on(here: Path, wanted: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "mine.py:double", "--no-landscape", "--fail-on", wanted, "--format", "concise"]) == code
    assert "double-softmax" in capsys.readouterr().out


def test_the_formats_say_the_same(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for name in ("full", "concise", "json", "html"):
        assert main(["audit", "mine:right", "--format", name]) == 0
        said[name] = capsys.readouterr().out
    measured = json.loads(said["json"])["pairings"][0]["measured"]
    assert [each["split"] for each in measured] == ["data given", "held-out"]
    assert "report: ./lossaudit-report.html" in said["full"]
    assert said["html"].startswith("<!doctype html>")
    assert 'class="land"' in said["html"]
    assert "mine:right" in (here / "lossaudit-report.html").read_text()


def test_no_place_is_one_of_ours(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What called the command is no line of the user's program."""
    assert main(["audit", "mine.py:double", "--no-landscape", "--format", "json"]) == 0
    paths = re.findall(r'"path": "(.*?)"', capsys.readouterr().out)
    assert [path for path in paths if "lossaudit/" in path or "runpy" in path or path.endswith("lossaudit")] == []
