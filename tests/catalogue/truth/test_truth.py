"""Every loss against a value that our code had no part in, and its implementation of reference against the same."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from tests.catalogue.truth import reference
from tests.catalogue.truth.case import Case

from lossaudit import catalogue
from lossaudit.proving.named import definition, tensor

FILES = sorted(path.stem for path in Path(__file__).parent.glob("of_*.py"))
CASES: dict[str, tuple[Case, ...]] = {}
for _file in FILES:
    CASES |= importlib.import_module(f"tests.catalogue.truth.{_file}").CASES
EACH = [pytest.param(name, case, id=f"{name}-{i}") for name, cases in CASES.items() for i, case in enumerate(cases)]


def test_every_loss_is_there() -> None:
    assert set(catalogue.LOSSES) == set(CASES)


@pytest.mark.parametrize(("name", "case"), EACH)
def test_definition(name: str, case: Case) -> None:
    function = definition(catalogue.LOSSES[name])
    assert function is not None
    assert float(function(*map(tensor, case.arguments), **case.options)) == pytest.approx(case.value, rel=1e-9)


ELSEWHERE = [each for each in EACH if not catalogue.LOSSES[each.values[0]].callable.startswith("lossaudit.")]
"""Of the others the definition is the only implementation."""


@pytest.mark.parametrize(("name", "case"), ELSEWHERE)
def test_implementation(name: str, case: Case) -> None:
    loss = catalogue.LOSSES[name]
    value = case.call() if case.call else reference.run(loss, case.arguments, dict(case.options))
    expected = case.value if case.reference is None else case.reference
    assert value == pytest.approx(expected, rel=1e-4, abs=1e-6)
