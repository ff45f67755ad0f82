"""Folders with programs in them, and the command as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lossaudit.cli.main import main

BAD = """\
import torch.nn.functional as F
from torch import nn

fc = nn.Linear(8, 4)
z = fc(x)
loss = F.cross_entropy(F.softmax(z, dim=1), y)
loss.backward()
"""
GOOD = BAD.replace("F.softmax(z, dim=1)", "z")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def rules(self) -> list[tuple[str, int, str]]:
        """Path, line and rule of each finding of `--format json`."""
        return [(each["places"][0]["path"], each["places"][0]["line"], each["rule"]) for each in self.json["findings"]]

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Lint = Callable[..., Ended]
Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, and the working folder."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/pyproject.toml").write_text("")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes files: `write(**{"a/b.py": text})` or `write("a/b.py", text)`."""

    def made(path: str, content: str | bytes) -> Path:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return made


@pytest.fixture
def lint(folder: Path, capfd: pytest.CaptureFixture[str]) -> Lint:
    """Calls `lossaudit lint --format json` with further arguments; another format may be given."""

    def called(*arguments: str, format: str = "json") -> Ended:
        capfd.readouterr()
        try:
            code = main(["lint", "--format", format, *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        shown = capfd.readouterr()
        return Ended(code, shown.out, shown.err)

    return called


def notebook(*cells: str, indent: int | None = 1) -> str:
    """A notebook with these code cells, a text cell in front, as Jupyter writes it."""
    made = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell.splitlines(True)}
        for cell in cells
    ]
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# a title\n", "loss = nothing"]}
    document = {"cells": [text, *made], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=indent, ensure_ascii=False) + "\n"
