"""What is spelled otherwise computes the same: programs are mended, run, and read once more."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import warnings
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from lossaudit.finding import Finding

torch = pytest.importorskip("torch")

HEAD = """
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
model = nn.Linear(8, 5)
one = nn.Linear(8, 1)
x, y, t = torch.randn(16, 8), torch.randint(5, (16,)), torch.rand(16, 1)
"""


class Program:
    """A program on the disk that can be read, mended and run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        linecache.checkcache(str(self.path))

    def findings(self, rule: str) -> list[Finding]:
        from lossaudit.run.once import read_program

        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [finding for finding in read_program(self.path).findings if finding.rule == rule]

    def loss(self) -> float:
        names: dict[str, object] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(self.path.read_text(encoding="utf-8"), str(self.path), "exec"), names)
        value = names["loss"]
        assert isinstance(value, torch.Tensor)
        return float(value.detach())

    def mend(self, finding: Finding) -> str:
        """Apply the edits; the answer is what is shown of the result."""
        assert finding.fix is not None
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
        text = "".join(lines)

        def offset(line: int, column: int) -> int:
            return starts[line - 1] + column - 1

        places = [(edit.place, edit.text) for edit in finding.fix.edits]
        spans = [(offset(p.line, p.col), offset(p.end_line, p.end_col), new) for p, new in places]
        for start, end, new in sorted(spans, reverse=True):
            text = text[:start] + new + text[end:]
        self.write(text)
        return finding.fix.after


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    yield Program(tmp_path / "fit.py")
    linecache.checkcache()


SAME = {
    "log-of-softmax": [
        ("loss = F.nll_loss(torch.log(F.softmax(model(x), dim=1)), y)", "log_softmax(model(x), dim=1)"),
        ("loss = F.nll_loss(torch.log(F.softmax(model(x), 1)), y)", "log_softmax(model(x), 1)"),
        ("loss = F.nll_loss(F.softmax(input=model(x), dim=1).log(), y)", "model(x).log_softmax(dim=1)"),
        ("loss = F.nll_loss(model(x).softmax(-1).log(), y)", "model(x).log_softmax(-1)"),
        ("loss = F.nll_loss((model(x) + 1).softmax(dim=1).log(), y)", "(model(x) + 1).log_softmax(dim=1)"),
        ("loss = F.nll_loss(torch.log(nn.Softmax(dim=1)(model(x))), y)", "log_softmax(model(x), dim=1)"),
        ("p = model(x).softmax(1)\nlogp = torch.log(p)\nloss = F.nll_loss(logp, y)", "logp = model(x).log_softmax(1)"),
        ("z = model(x)\np = F.softmax(z, 1)\nloss = F.nll_loss(p.log(), y)\nshown = p.argmax()", "z.log_softmax(1)"),
        ("head = nn.Softmax(dim=1)\nloss = F.nll_loss(torch.log(head(model(x))), y)", "log_softmax(model(x), dim=1)"),
    ],
    "log-of-sigmoid": [
        ("loss = -torch.log(torch.sigmoid(one(x))).mean()", "-F.logsigmoid(one(x)).mean()"),
        ("loss = -one(x).sigmoid().log().mean()", "-F.logsigmoid(one(x)).mean()"),
        ("loss = -torch.log(1 - torch.sigmoid(one(x))).mean()", "-F.logsigmoid(-one(x)).mean()"),
        ("z = one(x)\nloss = -torch.log(1 - F.sigmoid(z + 1)).mean()", "-F.logsigmoid(-(z + 1)).mean()"),
    ],
    "logsumexp-by-hand": [
        ("loss = torch.log(torch.exp(model(x)).sum(1)).mean()", "model(x).logsumexp(1).mean()"),
        ("loss = torch.log(torch.sum(torch.exp(model(x)), dim=1)).mean()", "torch.logsumexp(model(x), dim=1)"),
        ("loss = model(x).exp().sum(1, keepdim=True).log().mean()", "model(x).logsumexp(1, keepdim=True)"),
    ],
    "deprecated-reduction": [
        ("loss = F.mse_loss(one(x), t, size_average=False)", 'F.mse_loss(one(x), t, reduction="sum")'),
        ("loss = F.mse_loss(one(x), t, reduce=False).mean()", 'F.mse_loss(one(x), t, reduction="none")'),
        (
            "loss = F.l1_loss(one(x), t, size_average=None, reduce=True)",
            "F.l1_loss(one(x), t, size_average=None, reduc",
        ),
    ],
    "softmax-implicit-dim": [
        ("loss = F.nll_loss(F.log_softmax(model(x)), y)", "F.log_softmax(model(x), dim=1)"),
        ("loss = F.nll_loss(nn.LogSoftmax()(model(x)), y)", "nn.LogSoftmax(dim=1)(model(x))"),
    ],
}
"""For each rule: programs, and what must be in the mended code."""
CASES = [(rule, *case) for rule, cases in SAME.items() for case in cases]


@pytest.mark.parametrize(("rule", "text", "expected"), CASES)
def test_the_finding_is_gone_and_the_value_is_the_same(program: Program, rule: str, text: str, expected: str) -> None:
    program.write(f"{HEAD}{text}\nloss.backward()\n")
    before = program.loss()
    (finding,) = program.findings(rule)
    assert finding.fix is not None
    assert finding.fix.keeps_values
    shown = program.mend(finding)
    assert expected in shown
    mended = program.path.read_text(encoding="utf-8")
    ast.parse(mended)
    assert shown.splitlines()[-1] in mended
    assert program.findings(rule) == []
    assert program.loss() == pytest.approx(before, rel=1e-5)


def test_softplus_is_shown_but_not_applied_by_itself(program: Program) -> None:
    program.write(f"{HEAD}loss = torch.log(1 + torch.exp(one(x))).mean()\nloss.backward()\n")
    before = program.loss()
    (finding,) = program.findings("softplus-by-hand")
    assert finding.fix is not None
    assert not finding.fix.keeps_values
    assert program.mend(finding) == "loss = F.softplus(one(x)).mean()"
    assert program.findings("softplus-by-hand") == []
    assert program.loss() == pytest.approx(before, rel=1e-5)


NOT_SURE = [
    # An argument that log_softmax does not have in this place.
    "loss = F.nll_loss(torch.log(F.softmax(model(x), 1, 3)), y)",
    # The value that the name had is no more.
    "z = model(x)\np = F.softmax(z, dim=1)\nz = z + 1\nloss = F.nll_loss(torch.log(p), y)",
    "z = model(x)\np = F.softmax(z, dim=1)\nz += 1\nloss = F.nll_loss(torch.log(p), y)",
    # What is read elsewhere would be computed twice.
    "p = F.softmax(model(x), dim=1)\nloss = F.nll_loss(torch.log(p), y)\nshown = p.argmax()",
    # A view in between belongs to the expression.
    "p = model(x).softmax(1)\nloss = F.nll_loss(torch.log(p.view(16, 5)), y)",
    # A comment would be lost.
    "loss = F.nll_loss(torch.log(  # as in the paper\n    F.softmax(model(x), dim=1)), y)",
    # Written somewhere else.
    "def act(z):\n    return z.softmax(1)\nloss = F.nll_loss(torch.log(act(model(x))), y)",
]


@pytest.mark.parametrize("text", NOT_SURE)
def test_what_is_not_certain_is_left_alone(program: Program, text: str) -> None:
    program.write(f"{HEAD}{dedent(text)}\nloss.backward()\n")
    (finding,) = program.findings("log-of-softmax")
    assert finding.fix is not None
    assert finding.fix.title == "use log_softmax, which is exact for every gap"
    assert finding.fix.edits == ()


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("import torch.nn.functional as f", "f.logsigmoid(z)"),
        ("from torch.nn import functional", "functional.logsigmoid(z)"),
        ("from torch.nn.functional import logsigmoid", "logsigmoid(z)"),
        ("from torch.nn.functional import logsigmoid as ls", "ls(z)"),
        ("", "torch.nn.functional.logsigmoid(z)"),
        ("def unused():\n    import torch.nn.functional as F", "torch.nn.functional.logsigmoid(z)"),
    ],
)
def test_names_that_the_file_has_imported(program: Program, imports: str, expected: str) -> None:
    text = "z = torch.nn.Linear(8, 1)(torch.randn(4, 8))\nloss = -torch.log(torch.sigmoid(z)).mean()\nloss.backward()\n"
    program.write(f"import torch\n{imports}\n{text}")
    (finding,) = program.findings("log-of-sigmoid")
    assert program.mend(finding) == f"loss = -{expected}.mean()"


def test_large_logits_are_mended_too(program: Program) -> None:
    """What was infinite is what it should have been: the gap between the logits."""
    program.write(
        "import torch\nz = torch.nn.Linear(1, 2)\n"
        "with torch.no_grad():\n    z.weight.copy_(torch.tensor([[200.0], [0.0]])); z.bias.zero_()\n"
        "p = z(torch.ones(1, 1)).softmax(1)\nloss = -torch.log(p)[0, 1]\nloss.backward()\n"
    )
    assert program.loss() == float("inf")
    (finding,) = program.findings("log-of-softmax")
    program.mend(finding)
    assert program.loss() == 200.0
