"""The examples: ordinary scripts, each beside its fix, and what the demo says of them."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
LOSS = ("        loss = loss_fn(model(x).softmax(1), onehot)", "        loss = F.cross_entropy(model(x), y)")
INPUTS = (
    "images = torch.tensor(pixels, dtype=torch.float32)",
    "images = torch.tensor(pixels, dtype=torch.float32) / 255",
)
FIXES = {"legacy_migration": [LOSS], "raw_pixels": [INPUTS, LOSS]}
SEEDS = (0, 1, 2, 3, 4)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process at the root of the repository, on one thread; stderr is apart from stdout."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)


def final_accuracy(stdout: str) -> float:
    """The accuracy in the last line a script prints, in [0, 1]."""
    found = re.fullmatch(r"test accuracy: (\d+\.\d)%", stdout.rstrip().splitlines()[-1])
    assert found is not None, stdout
    return float(found[1]) / 100


def without_figures(block: str) -> str:
    """The block with its percentages and the report's path blanked: these may differ between machines."""
    return re.sub(r"report: .*", "report:", re.sub(r"\d+ %", "NN %", block))


@pytest.mark.parametrize("name", FIXES)
def test_the_fixed_script_differs_by_the_fix_alone(name: str) -> None:
    before = (EXAMPLES / f"{name}.py").read_text().splitlines()
    after = (EXAMPLES / f"{name}_fixed.py").read_text().splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert changed == [sign + " " + line for pair in FIXES[name] for sign, line in zip("-+", pair, strict=True)]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_knows_nothing_of_lossaudit(path: Path) -> None:
    assert "lossaudit" not in path.read_text()


@pytest.mark.slow  # seed 0 is also run, watched, by the tests below
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FIXES)
def test_only_the_fix_lets_the_network_learn(name: str, seed: int) -> None:
    before, after = (run(f"examples/{name}{suffix}.py", "--seed", str(seed)) for suffix in ("", "_fixed"))
    assert final_accuracy(before.stdout) < 0.60, before.stderr
    assert final_accuracy(after.stdout) > 0.95, after.stderr


def test_the_demo_names_the_mistake_at_its_place_on_at_most_eight_lines(tmp_path: Path) -> None:
    script, fixed = "examples/legacy_migration.py", "examples/legacy_migration_fixed.py"
    report = tmp_path / "report.html"
    done = run("-m", "lossaudit", "run", "--report", str(report), "--with-fix", fixed, script)
    assert done.returncode == 0, done.stderr
    assert final_accuracy(done.stdout) > 0.95  # the fixed script prints last
    line = (ROOT / script).read_text().splitlines().index(LOSS[0]) + 1
    head = f"{script}:{line}  error  mse-on-softmax"
    block = done.stderr[done.stderr.index(head) :].splitlines()
    assert len(block) <= 8
    assert block[1] == f"  softmax (line {line}) + MSELoss (line {line}), 10 classes"
    stuck = re.match(r"  (\d+) % of training samples are wrong and get almost no gradient", block[2])
    assert stuck is not None
    assert int(stuck[1]) > 50
    text = "\n".join(block)
    assert "not convex in the logits: counterexample confirmed" in text
    assert f"- {LOSS[0].strip()}" in text
    assert f"+ {LOSS[1].strip()}" in text
    gain = re.search(r"with the fix: accuracy (\d+) % -> (\d+) %", text)
    assert gain is not None
    assert int(gain[1]) < 60
    assert int(gain[2]) > 95
    assert block[-1] == f"  report: {report}"
    assert report.stat().st_size < 300_000
    readme = (ROOT / "README.md").read_text()
    shown = readme[readme.index(head) :].partition("\n```")[0]
    assert without_figures(text) == without_figures(shown)


@pytest.mark.parametrize("name", FIXES)
def test_the_fixed_scripts_have_nothing_to_report(name: str, tmp_path: Path) -> None:
    report = str(tmp_path / "report.html")
    done = run("-m", "lossaudit", "run", "--report", report, "--fail-on", "warning", f"examples/{name}_fixed.py")
    assert done.returncode == 0, done.stderr
    assert "nothing wrong between head and loss" in done.stderr
    assert final_accuracy(done.stdout) > 0.95


def test_raw_pixels_are_told_both_causes(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = run("-m", "lossaudit", "run", "--report", str(report), "examples/raw_pixels.py")
    assert final_accuracy(done.stdout) < 0.60
    assert "examples/raw_pixels.py:33  error  mse-on-softmax" in done.stderr
    assert "F.cross_entropy(model(x), y)" in done.stderr
    assert "scale the inputs" in done.stderr + report.read_text()


def test_the_honesty_table_has_its_four_rows() -> None:
    done = run("-m", "benchmarks.demo_honesty", "--quick")
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(\S.*?)  +(\d+\.\d)% ± +\d+\.\d%  at \S+ +(\d+\.\d)% ±", done.stdout, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["migrated scorer", "raw pixels", "ordinary", "40 % wrong labels"]
    assert all(0 <= float(value) <= 100 for _, *values in rows for value in values)


def test_the_wrong_labels_are_the_share_that_is_named() -> None:
    import torch
    from benchmarks.demo_honesty import Split, spoil

    y = torch.arange(1000) % 10
    spoiled = spoil(Split(torch.zeros(1000, 1), y), torch.Generator().manual_seed(0)).y
    assert (spoiled != y).sum() == 400
    assert spoiled.min() >= 0
    assert spoiled.max() <= 9
    offset = (spoiled - y)[spoiled != y] % 10
    assert torch.bincount(offset, minlength=10)[1:].min() > 20  # each of the nine wrong labels, about 44 times
