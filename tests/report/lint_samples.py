"""Outcomes of `lint` made by hand, beside the program that they speak about."""

from __future__ import annotations

import json
from pathlib import Path

from lossaudit.finding import Confidence, Edit, Finding, Fix, Severity
from lossaudit.pairing import (
    Basis,
    Const,
    Flow,
    LossUse,
    Objective,
    Pairing,
    Place,
    Reading,
    Source,
    Step,
    Target,
    TargetEncoding,
    Term,
    Unresolved,
)
from lossaudit.result import LintResult, Problem

MODEL = """\
import torch

class Net(torch.nn.Module):
    def forward(self, x):
        return torch.softmax(self.head(x), dim=1)
"""

TRAIN = """\
from model import Net

def train(net, x, y):
\treturn criterion(net(x), y)
"""

CELLS = ["%matplotlib inline\nx = 1\n", "p = torch.sigmoid(z)\nprint('é')\nloss = criterion(p, y)"]

LOSS = Place("train.py", 4, 9, 4, 29, scope="train")
HEAD = Place("model.py", 5, 16, 5, 50, scope="Net.forward")
CELL_LOSS = Place("book.ipynb", 3, 8, 3, 23, cell=2)
CELL_HEAD = Place("book.ipynb", 1, 5, 1, 21, cell=2)

DOUBLE_SOFTMAX = Finding(
    rule="double-softmax",
    code="LA101",
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    message="softmax (model.py:5) + CrossEntropyLoss (line 4), 10 classes",
    why="cross-entropy applies softmax itself, so its gradient passes through two and never reaches zero loss",
    places=(LOSS, HEAD),
    evidence=("with 10 classes the loss of a sample cannot fall below 1.46",),
    fix=Fix(
        title="give cross-entropy the logits, without the softmax",
        before="return torch.softmax(self.head(x), dim=1)",
        after="return self.head(x)",
        edits=(Edit(HEAD, "self.head(x)"),),
    ),
)

DOUBLE_SIGMOID = Finding(
    rule="double-sigmoid",
    code="LA103",
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    message="sigmoid (cell 2, line 1) + BCEWithLogitsLoss (cell 2, line 3)",
    why="the loss applies sigmoid itself",
    places=(CELL_LOSS, CELL_HEAD),
    fix=Fix("give the loss the logits", edits=(Edit(CELL_HEAD, "z"),)),
)


def pairing(loss: str, name: str, place: Place, op: str, head: Place, guards: tuple[str, ...] = ()) -> Pairing:
    target = Target(Flow(Source.LABELS), frozenset({TargetEncoding.CLASS_INDEX}), Basis.STRUCTURE)
    return Pairing(
        Flow(Source.AFFINE, (Step(op, place=head),)), LossUse(loss, place=place, name=name), target, guards=guards
    )


def objective(place: Place, *alternatives: Pairing, unresolved: tuple[Unresolved, ...] = ()) -> Objective:
    return Objective(place, (Term(Const(1.0), alternatives, unresolved),))


UNKNOWN = Unresolved("NLLLoss", "its input is a parameter that no call gives", Place("train.py", 9, 5))

READING = Reading(
    (
        objective(CELL_LOSS, pairing("bce_with_logits", "BCEWithLogitsLoss", CELL_LOSS, "sigmoid", CELL_HEAD)),
        objective(LOSS, pairing("cross_entropy", "CrossEntropyLoss", LOSS, "softmax", HEAD)),
        objective(Place("train.py", 9, 5), unresolved=(UNKNOWN,)),
    ),
    (UNKNOWN,),
)

FOUND = LintResult(
    files=("book.ipynb", "broken.py", "model.py", "train.py"),
    findings=(DOUBLE_SIGMOID, DOUBLE_SOFTMAX),
    reading=READING,
    problems=(Problem("broken.py", "not linted: invalid syntax", 7),),
    hidden=2,
)

CLEAN = LintResult(files=("train.py",), reading=Reading(READING.objectives[2:]))


def write(folder: Path) -> None:
    """Write the program into a folder."""
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "train.py").write_text(TRAIN, encoding="utf-8")
    (folder / "broken.py").write_text("\n" * 6 + "def\n", encoding="utf-8")
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["# p = torch.sigmoid(z)\n"]}]
    for source in CELLS:
        lines = source.splitlines(keepends=True)
        cells.append({"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": lines})
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "book.ipynb").write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
