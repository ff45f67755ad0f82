"""Every spelling of every loss in a training step, read as text and, for PyTorch and Keras, as a live program."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.catalogue.steps import Step, steps

from lossaudit import catalogue
from lossaudit.catalogue.schema import Expects, Kind, Role, Spelling
from lossaudit.finding import Finding, Severity
from lossaudit.pairing import Objective, Reading

ALL = tuple(steps())


# A module whose parts are seen live, one by one, and which returns more than the loss.
MADE_OF = {"adaptive_log_softmax": ("nll",)}


def _heads(reading: Reading) -> set[tuple[str, ...]]:
    found = set()
    for pairing in reading.pairings:
        ops = ((step.op, catalogue.op(step.op)) for step in pairing.prediction.steps)
        found.add(tuple(name for name, op in ops if op is not None and op.role is Role.HEAD))
    return found


def _check(step: Step, objectives: tuple[Objective, ...], findings: Iterable[Finding]) -> None:
    reading = Reading(objectives, ())
    assert {pairing.loss.loss for pairing in reading.pairings} <= {step.loss.name, *MADE_OF.get(step.loss.name, ())}
    assert reading.pairings
    assert step.loss.name in MADE_OF or not any(t.unresolved for o in reading.objectives for t in o.terms)
    loud = [f.rule for f in findings if f.severity is not Severity.INFO]
    if step.right:
        assert loud == []
    elif step.loss.expects in (Expects.LOGITS, Expects.LOG_PROBABILITIES, Expects.PROBABILITIES):
        assert loud, "a head that makes what the loss does not take"


def _exists(spelling: Spelling) -> bool:
    """Whether the installed framework has it."""
    module, _, name = spelling.path.rpartition(".")
    return spelling.kind is Kind.STRING or hasattr(importlib.import_module(module), name)


def _source(step: Step, folder: Path) -> tuple[Reading, list[Finding]]:
    import lossaudit
    from lossaudit.readers.source.project import Project
    from lossaudit.readers.source.reader import read

    file = folder / "train.py"
    file.write_text(step.text, encoding="utf-8")
    return read(str(file), Project((str(folder),))), lossaudit.lint(file)


@pytest.mark.parametrize("step", ALL, ids=lambda step: step.id)
def test_as_text(step: Step, tmp_path: Path) -> None:
    reading, findings = _source(step, tmp_path)
    _check(step, reading.objectives, findings)
    head = catalogue.op(step.head)
    assert _heads(reading) == {(step.head,) if head is not None and head.role is Role.HEAD else ()}


@pytest.mark.filterwarnings("ignore:`NLLLoss2d` has been:FutureWarning", "ignore:reduction. 'mean' divides:UserWarning")
@pytest.mark.parametrize("step", [s for s in ALL if s.spelling.framework == "torch"], ids=lambda step: step.id)
def test_as_a_live_program(step: Step) -> None:
    from lossaudit.audit import audit_batch

    before, _, rest = step.text.partition("for _ in range(2):")
    space: dict[str, Any] = {}
    exec(before, space)
    once = "".join(
        line.strip() + "\n" for line in rest.splitlines() if line.strip().startswith(("z =", "p =", "loss ="))
    )

    def loss_fn(_: object, __: object) -> object:
        try:
            exec(once, space)
        except RuntimeError as refused:  # PyTorch's own word for numbers outside [0, 1]
            assert step.loss.expects is Expects.PROBABILITIES
            assert not step.right
            pytest.skip(f"PyTorch refuses it: {refused}")
        return space["loss"]

    result = audit_batch(lambda x: x, loss_fn, (space["x"], space["y"]))
    _check(step, result.objectives, result.findings)


@pytest.mark.parametrize("step", [s for s in ALL if s.spelling.framework == "keras"], ids=lambda step: step.id)
def test_as_a_compiled_model(step: Step) -> None:
    from lossaudit.compiled import audit_compiled

    if not _exists(step.spelling):
        pytest.skip("of an older Keras")
    space: dict[str, Any] = {}
    exec(step.text, space)
    result = audit_compiled(space["model"])
    _check(step, result.objectives, result.findings)
