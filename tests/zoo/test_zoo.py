"""The prover before the zoo: no wrong verdict ever, and few without one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache

import pytest
from tests.zoo.case import Truth
from tests.zoo.catalogue import FAMILIES, of_family
from tests.zoo.judge import MUST_BE_DECIDED, SHARE_TO_DECIDE, Outcome, judge

pytestmark = pytest.mark.xdist_group("zoo")  # in one process, so that each case is judged once


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():  # torch warns of shapes and of sorting; the verdict is what counts here
        warnings.simplefilter("ignore")
        yield


@cache
def outcomes(family: str) -> tuple[Outcome, ...]:
    return tuple(judge(case) for case in of_family(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_no_verdict_is_wrong(family: str) -> None:
    assert not [(o.case.name, o.status, o.semantics) for o in outcomes(family) if o.wrong]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_independent_checker_accepts_all_evidence(family: str) -> None:
    assert not [(o.case.name, o.status) for o in outcomes(family) if not o.rechecked]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_case_is_an_error(family: str) -> None:
    assert not [
        (o.case.name, o.error) for o in outcomes(family) if o.status == "error" and o.case.truth is not Truth.UNDEFINED
    ]


@pytest.mark.parametrize("family", MUST_BE_DECIDED)
def test_every_member_of_these_families_has_a_verdict(family: str) -> None:
    assert not [(o.case.name, o.reason or o.error) for o in outcomes(family) if o.due]


def test_nearly_the_whole_zoo_has_a_verdict() -> None:
    due = [o for family in FAMILIES for o in outcomes(family) if o.case.truth is not Truth.UNDEFINED]
    assert sum(o.decided for o in due) >= SHARE_TO_DECIDE * len(due)
