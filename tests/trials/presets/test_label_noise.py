"""Wrong labels: which are wrong, and what is said of figures that agree and of figures that do not."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeAlias

import pytest
from tests.trials.presets.made_up import comparison

from lossaudit import document
from lossaudit.trials.backend import backend
from lossaudit.trials.presets import Scale
from lossaudit.trials.presets.campaign import Campaign
from lossaudit.trials.presets.label_noise import CLEAN, SETTINGS, Course, Kept, agreement, course, make, train
from lossaudit.trials.store import Store
from lossaudit.trials.workshop import Workshop

Curve: TypeAlias = tuple[float, ...]
RISES, FALLS = (0.1, 0.8, 0.9), (0.1, 0.9, 0.7)


def workshop() -> Workshop:
    return Workshop(Store(None), backend("serial"))


def test_the_same_bits_each_time() -> None:
    first, second = (train(Campaign(workshop()), 0.4, SETTINGS[Scale.TINY]) for _ in range(2))
    first, second = (
        replace(found, made="", contestants=tuple(replace(each, seconds=0.0) for each in found.contestants))
        for found in (first, second)
    )
    assert document.dumps(first) == document.dumps(second)
    assert all(CLEAN in each.curves for each in first.contestants)


def test_a_course_has_a_peak() -> None:
    assert course((FALLS, FALLS)) == Course(0.9, 1, 0.7)
    assert course(()) is None
    assert course((FALLS, (0.1, math.nan, math.nan))) is None


def kept(ce: Curve, mae: Curve, gce: Curve) -> Kept:
    """Two seeds that are the same at the end but for a tenth of a point in the one that is first."""
    curves = {"ce": (ce, ce), "mae_softmax": (mae, mae), "gce": (gce, (*gce[:-1], gce[-1] + 0.001))}
    return Kept(0.4, dict.fromkeys(curves, 0.1), curves)


def answers(said: tuple[str, ...], answer: str) -> list[int]:
    return [index for index, each in enumerate(said) if f": {answer}." in each]


def test_figures_that_agree() -> None:
    clean = comparison({"ce": 0.98, "mae_softmax": 0.9, "gce": 0.97}, {"gce": False})
    noisy = comparison({"ce": 0.668, "mae_softmax": 0.86, "gce": 0.93}, curves={"ce": (FALLS, FALLS)})
    said = agreement({0.0: clean, 0.4: noisy}, (kept(FALLS, RISES, RISES),))
    assert answers(said, "our figures agree") == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert "better mae_softmax, gce; worse none" in said[7]
    assert "3 of 3" in said[-1]


def test_figures_that_do_not_agree() -> None:
    clean = comparison({"ce": 0.9, "mae_softmax": 0.98, "gce": 0.97})
    noisy = comparison({"ce": 0.95, "mae_softmax": 0.3, "gce": 0.2}, curves={"ce": (RISES, RISES)})
    said = agreement({0.0: clean, 0.4: noisy}, (kept((0.1, 0.8, 0.9), (0.1, 0.2, 0.2), (0.1, 0.2, 0.2)),))
    assert answers(said, "our figures do not agree") == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert "worse mae_softmax, gce" in said[7]


def test_figures_that_decide_nothing() -> None:
    noisy = comparison({"ce": 0.7, "mae_softmax": 0.7}, {"mae_softmax": False}, {"ce": (RISES, FALLS)})
    said = agreement({0.2: noisy}, ())
    assert answers(said, "not decided") == [0, 1, 2, 4, 5]
    nothing = agreement({}, (Kept(0.4, {}, {}),))
    assert len(answers(nothing, "not decided")) == len(nothing) == 5


@pytest.mark.slow
def test_directions() -> None:
    study = make(Workshop(Store(None), backend("loky", 2)), Scale.SMALL)
    assert study.missing == 0
    answers = {each.partition(":")[0]: each for each in study.agrees}
    for claim in ("Claim 2 at 40.0 %", "Claim 3 at 40.0 %"):
        claim += ", rates chosen on right labels"
        assert ": our figures agree." in answers[claim]
