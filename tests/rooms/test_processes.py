"""Results of several processes, and children that are watched through the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from lossaudit.finding import Confidence, Finding, Severity
from lossaudit.pairing import Const, Flow, LossUse, Objective, Pairing, Place, Source, Term, Unresolved
from lossaudit.result import PairingResult, Result
from lossaudit.run import children
from lossaudit.run.union import union

HERE, THERE = Place("train.py", 4), Place("train.py", 9)


def _finding(rule="double-softmax", severity=Severity.ERROR, place=HERE):
    return Finding(rule, "LA101", severity, Confidence.HIGH, "message", "why", (place,))


def _result(place=HERE, loss="cross_entropy", findings=(), backwards=10, steps=5, **more):
    pairing = Pairing(Flow(Source.AFFINE), LossUse(loss, place=place))
    return Result(
        "run",
        "train.py",
        objectives=(Objective(place, (Term(Const(1.0), (pairing,)),)),),
        pairings=(PairingResult(pairing, str(place)),),
        findings=findings,
        backwards=backwards,
        sampled=backwards,
        steps=steps,
        **more,
    )


def test_alone_a_result_is_itself():
    result = _result()
    assert union(result, ()) is result


def test_what_several_saw_at_one_place_is_shown_once():
    both = union(_result(findings=(_finding(),)), (_result(findings=(_finding(),)), _result(findings=(_finding(),))))
    assert len(both.pairings) == len(both.findings) == len(both.objectives) == 1
    assert (both.backwards, both.sampled, both.steps) == (30, 30, 5)
    assert both.notes == ("2 child processes watched",)


def test_what_only_a_child_saw_is_shown_too():
    parent = Result("run", "train.py", exit_code=3, ended="exited with 3", notes=("parent",))
    child = _result(THERE, "mse", (_finding("mse-on-softmax", place=THERE),), notes=("child",))
    both = union(parent, (child, Result("run", "helper.py")))
    assert [pairing.where for pairing in both.pairings] == ["train.py:9"]
    assert (both.exit_code, both.ended, both.program) == (3, "exited with 3", "train.py")
    assert both.notes == ("parent", "child", "1 child processes watched")


def test_the_worst_of_equal_findings_is_kept_and_the_worst_come_first():
    mild, severe = _finding(severity=Severity.WARNING), _finding()
    other = _finding("log-softmax-before-ce", Severity.INFO, THERE)
    both = union(_result(findings=(other, mild)), (_result(findings=(severe,)),))
    assert both.findings == (severe, other)


def test_what_was_not_understood_is_listed_once():
    item = Unresolved("mul", "not a loss that lossaudit can name", HERE)
    both = union(_result(unresolved=(item,)), (_result(unresolved=(item, replace(item, place=THERE))),))
    assert both.unresolved == (item, replace(item, place=THERE))


TRAIN = """
import torch
from torch import nn
model = nn.Sequential(nn.Linear(8, 4), nn.Softmax(1))
for _ in range(3):
    nn.functional.cross_entropy(model(torch.randn(16, 8)), torch.arange(16) % 4).backward()
"""
SPAWN = """
import multiprocessing
def work():
    import torch
    from torch import nn
    model = nn.Sequential(nn.Linear(8, 4), nn.Softmax(1))
    for _ in range(3):
        nn.functional.cross_entropy(model(torch.randn(16, 8)), torch.arange(16) % 4).backward()
if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join()
    raise SystemExit(process.exitcode)
"""


@pytest.mark.parametrize("text", [TRAIN, SPAWN], ids=["subprocess", "spawned by a subprocess"])
def test_a_child_that_trains_leaves_what_it_saw(tmp_path, text):
    file = tmp_path / "train.py"
    file.write_text(text)
    before = dict(os.environ)
    with children.watched() as nursery:
        done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        (seen,) = nursery.collect()
    assert dict(os.environ) == before
    assert not nursery.folder.exists()
    assert [finding.rule for finding in seen.findings] == ["double-softmax"]
    assert (seen.backwards, seen.ended) == (3, "finished")


def test_a_child_without_torch_leaves_nothing_and_loads_nothing(tmp_path):
    with children.watched() as nursery:
        code = "import sys; print('torch' in sys.modules, 'numpy' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("False False\n", "")
        assert nursery.collect() == ()


def test_the_sitecustomize_that_ours_hides_still_runs(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import os; os.environ['SEEN'] = 'yes'\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    with children.watched():
        code = "import os, sys; print(os.environ.get('SEEN'), sys.modules['sitecustomize'].__file__)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["yes", str(tmp_path / "sitecustomize.py")]
