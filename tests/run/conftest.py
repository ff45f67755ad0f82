"""Runs `lossaudit run` as a user does: an interpreter of its own, in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended. `folder` is where it ran."""

    code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def report(self) -> str:
        return (self.folder / "lossaudit-report.html").read_text(encoding="utf-8")

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))


class Shell:
    """An empty folder, and what a user types in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"OMP_NUM_THREADS": "1"}

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def python(self, *arguments: str) -> Ran:
        """`python ARGUMENTS`."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=200,
            stdin=subprocess.DEVNULL,
            env=self.environment,
        )
        return Ran(done.returncode, done.stdout, done.stderr, self.folder)

    def lossaudit(self, *arguments: str) -> Ran:
        """`lossaudit ARGUMENTS`."""
        return self.python("-m", "lossaudit", *arguments)

    def run(self, *arguments: str) -> Ran:
        """`lossaudit run ARGUMENTS`."""
        return self.lossaudit("run", *arguments)

    def audit(self, *arguments: str) -> Ran:
        """`lossaudit run ARGUMENTS` whose result is in `result.json`."""
        return self.run("--format", "json", "--output", "result.json", *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`lossaudit run ARGUMENTS`, still running."""
        return subprocess.Popen(
            [sys.executable, "-m", "lossaudit", "run", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


# A minimal training, for scripts that are about something else. Without an optimizer, since the first one that a
# program makes imports torch._dynamo, which takes as long as torch itself.
TRAINING = """
import torch
import torch.nn.functional as F
torch.manual_seed(0)
model = torch.nn.Linear(4, 3)
x, y = torch.randn(8, 4), torch.arange(8) % 3
def train(steps, update=lambda: [p.data.sub_(0.1 * p.grad) for p in model.parameters()]):
    for step in range(steps):
        model.zero_grad()
        loss = F.cross_entropy(model(x).softmax(1), y)
        loss.backward()
        update()
    return loss.item()
"""


@pytest.fixture
def training_script(shell: Shell) -> Callable[[str], Path]:
    """Writes `train.py`: a small training with a double softmax, followed by the lines that are given."""

    def write(rest: str) -> Path:
        return shell.write("train.py", TRAINING.lstrip() + dedent(rest))

    return write
