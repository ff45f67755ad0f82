"""What CONTRIBUTING says of adding a loss is all there is to it: one entry in one file."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a loss")[2].partition("\n## ")[0]
NAME = "general_robust"

Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs Python in a copy of the package in which the steps have been taken."""
    folder = tmp_path_factory.mktemp("copy")
    for part in ("src", "tools"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    file = re.search(r"Append\s+to `(.+?)`", SECTION)
    entry = re.search(r"```python\n(.*?)```", SECTION, re.DOTALL)
    assert file is not None
    assert entry is not None
    with open(folder / file[1], "a", encoding="utf-8") as family:
        family.write("\n\n" + entry[1])

    def python(*words: str) -> str:
        env = os.environ | {"PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    commands = re.search(r"```sh\n(.*?)```", SECTION, re.DOTALL)
    assert commands is not None
    for command in commands[1].splitlines():
        first, *words = command.split()
        python(*(words if first == "python" else ["-m", "lossaudit", *words]))
    return python


def test_it_computes_what_the_paper_says(run: Run) -> None:
    """Barron 2019, eq. 8, by hand: alpha = 1 is sqrt(r^2 + 1) - 1, alpha = -2 is 2 r^2 / (r^2 + 4)."""
    code = (
        "import torch; from lossaudit.catalogue import find_loss; f = find_loss('barron').definition; "
        "r = torch.tensor([1.0], dtype=torch.float64); y = torch.zeros(1); "
        "print(float(f(r, y, alpha=1.0)), float(f(3 * r, y, alpha=-2.0)))"
    )
    assert list(map(float, run("-c", code).split())) == pytest.approx([math.sqrt(2) - 1, 18 / 13], rel=1e-12)


def test_its_card_is_shipped_and_right(run: Run) -> None:
    """Its second derivative is negative from r^2 = b / (1 - alpha) = 3 on; its slope decays like r^(alpha - 1)."""
    code = (
        "import json; from lossaudit.cards import shipped; card = shipped('general_robust'); "
        "print(json.dumps([card.convexity.status, card.entries['infimum'].value, "
        "card.entries['gradient when wrong'].value]))"
    )
    assert json.loads(run("-c", code)) == ["refuted", "0, attained", "decays like 1.36 t^-0.5"]
    assert pytest.approx(1.36, abs=0.01) == 1.5**0.75  # the factor in front, by hand


def test_it_is_listed(run: Run) -> None:
    saturating = run("-m", "lossaudit", "losses", "--family", "regression", "--saturating", "--format", "csv")
    convex = run("-m", "lossaudit", "losses", "--convex", "--format", "csv")
    assert f"\n{NAME}," in saturating
    assert f"\n{NAME}," not in convex


def test_it_is_explained(run: Run) -> None:
    page = run("-m", "lossaudit", "explain", "Barron")
    assert page.startswith(f"# General robust loss (`{NAME}`)\n")
    assert "| convex " in page
    assert "Barron 2019" in page
    assert NAME in run("-m", "lossaudit", "explain")


def test_it_is_proved_and_refuted_by_its_parameter(run: Run) -> None:
    """Convex exactly for alpha >= 1."""
    said = ["-m", "lossaudit", "prove", NAME, "--format", "json"]
    assert json.loads(run(*said))["status"] == "refuted"
    assert json.loads(run(*said, "--set", "alpha=1"))["status"] == "proved"
