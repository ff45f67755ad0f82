"""For people: the steps of a proof, and where a proof stopped."""

from __future__ import annotations

from lossaudit.geometry.facts import Stop
from lossaudit.geometry.known import Known
from lossaudit.geometry.program import Program


def steps(program: Program, known: Known) -> tuple[str, ...]:
    return ()


def explain(program: Program, known: Known) -> Stop:
    return Stop(program.output, "")
