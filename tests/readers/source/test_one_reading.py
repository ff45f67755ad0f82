"""The text of a program and its run are one program: both readers have to say the same of its losses."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Basis, Flow, Objective, Pairing, Reading
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.reader import read
from lossaudit.rules import RULES, page

once = pytest.importorskip("lossaudit.run.once")

_QUIET = (Role.VIEW, Role.CAST, Role.SELECT, Role.NOISE, Role.JOIN)
PROGRAMS = {
    f"{rule.name}-{number}": block.partition("```")[0]
    for rule in RULES.values()
    for number, block in enumerate(page(rule).split("```python\n")[1:], 1)
}


# What PyTorch itself calls: `nn.ReLU6` is a `hardtanh`.
_INSIDE = {"relu6": "hardtanh"}


def head(flow: Flow) -> tuple[str, ...]:
    known = ((step.op, catalogue.op(step.op)) for step in flow.steps)
    return tuple(_INSIDE.get(name, name) for name, op in known if op is None or op.role not in _QUIET)


def named(reading: Reading) -> dict[tuple[int, str | None, tuple[str, ...]], Pairing]:
    """Pairings by the line, the loss and the head."""
    return {
        (pairing.loss.place.line if pairing.loss.place else 0, pairing.loss.loss, head(pairing.prediction)): pairing
        for pairing in reading.pairings
    }


def lines(objectives: tuple[Objective, ...]) -> set[int]:
    """Lines of what was met and not understood."""
    left = [item.place for objective in objectives for term in objective.terms for item in term.unresolved]
    return {place.line for place in left if place is not None}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_text_says_what_the_run_says(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "program.py"
    path.write_text(PROGRAMS[name], encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        result = once.read_program(path)
    source = read(str(path), Project((str(tmp_path),)))
    of_run, of_text = named(Reading(result.objectives)), named(source)
    left = lines(source.objectives)
    for key, pairing in of_run.items():
        if key not in of_text and key[0] in left:
            continue  # counted as not understood, which is no statement
        assert key in of_text
        _same(of_text[key], pairing)


def _same(text: Pairing, run: Pairing) -> None:
    """What the text says for sure, the run says too."""
    assert (text.target is None) == (run.target is None)
    if text.target is not None and run.target is not None and text.target.basis is Basis.STRUCTURE:
        seen = run.observed.encodings if run.observed is not None else frozenset()
        assert text.target.encodings <= (run.target.encodings | seen)
    if text.prediction.units is not None and run.prediction.classes is not None:
        assert text.prediction.units == run.prediction.classes
    for here, there in zip(
        [step for step in text.prediction.steps if "softmax" in step.op],
        [step for step in run.prediction.steps if "softmax" in step.op],
        strict=True,
    ):
        if here.axis is not None and here.axis >= 0:
            assert here.axis == there.axis
        if here.axis_role.value != "unknown":
            assert here.axis_role is there.axis_role
