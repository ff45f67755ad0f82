"""The labels of the zoo, attacked in float64 without lossaudit."""

from __future__ import annotations

import mpmath
import pytest
import torch
from tests.zoo.attack import CHORDS, Attack, flat
from tests.zoo.case import Case, Truth
from tests.zoo.catalogue import FAMILIES, all_cases, of_family

SEGMENTS = 20  # labels change seldom, and nothing of lossaudit is tried here
CAMPAIGN = 3000
TRIES = 4000


def _worst(case: Case, segments: int) -> float:
    attack = Attack(case, ideal=True)
    return max(attack.segment() for _ in range(-(-segments // len(CHORDS))))


def _violated(case: Case) -> bool:
    if case.digits is not None:
        return _violated_in_digits(case)
    attack = Attack(case)
    if case.witness is not None:
        a, b = (torch.tensor(list(x), dtype=torch.float64) for x in case.witness)
        return attack.chord(a, b) > 0
    return any(attack.segment() > 0 for _ in range(TRIES))


def _violated_in_digits(case: Case) -> bool:
    assert case.digits is not None
    assert case.witness is not None
    with mpmath.workdps(60):
        a, b = ([mpmath.mpf(x) for x in point] for point in case.witness)
        middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
        left, centre, right = map(case.digits, (a, middle, b))
        return bool(centre - (left + right) / 2 > mpmath.mpf(10) ** -40)


@pytest.mark.parametrize("segments", [SEGMENTS, pytest.param(CAMPAIGN, marks=pytest.mark.slow)])
@pytest.mark.parametrize("family", FAMILIES)
def test_no_chord_contradicts_a_convex_label(family: str, segments: int) -> None:
    convex = [case for case in of_family(family) if case.truth is Truth.CONVEX]
    wrong = {case.name: worst for case in convex if (worst := _worst(case, segments)) > 0}
    assert not wrong


@pytest.mark.parametrize("family", FAMILIES)
def test_a_chord_shows_each_label_that_says_not_convex(family: str) -> None:
    cases = [c for c in of_family(family) if Truth.NOT_CONVEX in (c.truth, c.as_coded)]
    wrong = [case.name for case in cases if not _violated(case)]
    assert not wrong


def test_names_are_unique_in_a_family_and_each_label_has_a_source() -> None:
    cases = all_cases()
    names = [(case.family, case.name) for case in cases]
    assert not {name for name in names if names.count(name) > 1}
    assert all(case.source for case in cases)


def test_a_function_of_many_digits_is_the_function() -> None:
    for case in (case for case in all_cases() if case.digits is not None):
        assert case.witness is not None
        value = flat(case).value
        for point in case.witness:
            there = torch.tensor(list(point), dtype=torch.float64)
            assert value(there) == pytest.approx(float(case.digits([mpmath.mpf(x) for x in point])), rel=1e-12)


def test_a_different_truth_as_coded_comes_with_the_ideal_function() -> None:
    assert all(case.ideal is not None for case in all_cases() if case.as_coded is not None)


def test_the_zoo_is_large() -> None:
    cases = all_cases()
    assert len(cases) >= 220
    assert sum(bool(case.expect_undecided) for case in cases) <= 0.05 * len(cases)
