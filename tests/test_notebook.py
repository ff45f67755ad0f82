"""`%%lossaudit` in a real IPython shell."""

from __future__ import annotations

import pytest

pytest.importorskip("IPython")

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

CELL = """\
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 4), nn.Softmax(1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(torch.randn(16, 8)), torch.arange(16) % 4)
    loss.backward()
    optimizer.step()
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "lossaudit")
    yield shell
    InteractiveShell.clear_instance()


def _run(shell, cell):
    with capture_output() as captured:
        report = shell.run_cell_magic("lossaudit", "", cell)
    return report, captured


def test_a_cell_is_run_and_its_mistake_is_found_at_its_line(shell):
    report, _ = _run(shell, CELL)
    (finding,) = report.findings
    assert finding.rule == "double-softmax"
    assert {place.line for place in finding.places} & {4, 8}
    assert finding.places[0].line == 8
    assert "double-softmax" in report._repr_html_()
    assert shell.user_ns["loss"].dim() == 0  # the cell's names are the notebook's


def test_a_right_cell_has_no_finding(shell):
    report, _ = _run(shell, CELL.replace(", nn.Softmax(1)", ""))
    assert list(report.findings) == []


def test_an_error_is_shown_by_the_shell_and_what_was_seen_is_kept(shell):
    report, captured = _run(shell, CELL + "1 / 0\n")
    assert "ZeroDivisionError" in captured.stdout + captured.stderr
    assert [finding.rule for finding in report.findings] == ["double-softmax"]
    assert shell.run_line_magic("whos", "") is None  # the shell goes on


@pytest.mark.parametrize("cell", ["1 / 0", "x = = 1"])
def test_an_error_before_any_training_gives_no_report(shell, cell):
    report, captured = _run(shell, cell)
    assert report is None
    assert "Error" in captured.stdout + captured.stderr


def test_nothing_stays_switched_on(shell):
    import torch

    before = torch.Tensor.backward
    _run(shell, CELL)
    assert torch.Tensor.backward is before
    assert torch.overrides._len_torch_function_stack() == 0
