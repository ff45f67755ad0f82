"""The wrong start, and what is said of figures that agree and of figures that do not."""

from __future__ import annotations

import pytest
import torch
from tests.trials.presets.made_up import comparison

from lossaudit.study import Line
from lossaudit.trials.backend import backend
from lossaudit.trials.contender import contenders
from lossaudit.trials.data import load
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import load_model
from lossaudit.trials.presets import Scale
from lossaudit.trials.presets.campaign import Campaign, beginning
from lossaudit.trials.presets.confident_start import (
    SETTINGS,
    Recovery,
    agreement,
    gradient,
    make,
    model_of,
    probabilities,
    shifted,
    wrong_starts,
)
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Recipe, Trial
from lossaudit.trials.workshop import Workshop


def test_wrong_labels_are_each_one_too_high() -> None:
    problem, _ = load("digits")
    wrong = shifted(problem)
    assert torch.equal(wrong.train.x, problem.train.x)
    assert torch.equal((wrong.train.y - problem.train.y) % 10, torch.ones(len(problem.train), dtype=torch.int64))
    assert not (wrong.train.y == problem.train.y).any()


def test_a_start_is_the_seeds_own_and_its_logits_are_scaled() -> None:
    problem, _ = load("digits")
    fresh = load_model("mlp:64", problem)
    weights = {seed: model_of(fresh, seed).state_dict() for seed in (0, 1)}
    plain, larger = (beginning("wrong", fresh, weights, scale) for scale in (1.0, 4.0))
    x = problem.train.x
    for seed in (0, 1):
        before = torch.get_rng_state()
        assert torch.equal(model_of(larger, seed)(x), 4 * model_of(plain, seed)(x))  # a power of two: exact
        assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(model_of(plain, 0)(x), model_of(plain, 1)(x))
    assert plain.source != larger.source
    assert beginning("wrong", fresh, {0: weights[0]}).source != plain.source
    assert beginning("wrong", fresh, {0: weights[1], 1: weights[0]}).source != plain.source
    with torch.no_grad():
        assert torch.equal(model_of(fresh, 0)[1].weight, weights[0]["1.weight"])  # the given weights are not scaled


def test_a_network_learns_the_wrong_labels_and_the_squared_error_loses_its_gradient() -> None:
    problem, _ = load("digits")
    fresh = load_model("mlp:64", problem)
    setting = SETTINGS[Scale.SMALL]
    campaign = Campaign(Workshop(Store(None), backend("serial")))
    weights = wrong_starts(campaign, fresh, problem, type(setting)(learning=30, seeds=1))
    entered = contenders(["ce", "brier"], problem)
    ratios: list[float] = []
    for scale in (1.0, 10.0):
        model = model_of(beginning("wrong", fresh, weights, scale), 0)
        ce, brier = (gradient(model, each, problem.train) for each in entered)
        ratios.append(brier / ce)
        mean, middle = probabilities([model], problem.train)
        assert middle < mean < 0.01
    assert ratios[1] < 0.05 * ratios[0]


def test_a_shorter_trial_is_the_beginning_of_a_longer_one() -> None:
    problem, _ = load("digits")
    entered = contenders(["ce"], problem)
    short, long = (
        Loop(load_model("mlp:8", problem), problem, entered, Recipe(epochs=epochs)).train(Trial("ce", 0.1, 0))
        for epochs in (1, 2)
    )
    assert long.curves["validation accuracy"][:2] == short.curves["validation accuracy"]


def recovery(scale: float, gradients: tuple[float, float], ce: float, brier: float, decided: bool = True) -> Recovery:
    lengths = dict(zip(("ce", "brier"), gradients, strict=True))
    held = {name: Line(name, (0.0,), (1.0,)) for name in lengths}
    found = comparison({"ce": ce, "brier": brier}, {"brier": decided})
    return Recovery(scale, (1e-3, 1e-9), lengths, held, found)


def test_figures_that_agree() -> None:
    said = agreement((recovery(1.0, (4.0, 1e-3), 0.97, 0.1), recovery(10.0, (30.0, 1e-12), 0.95, 0.01)))
    assert all(": our figures agree." in each for each in said[:4])
    assert said[4].startswith("The earlier table: our figures do not agree. 3 of 4")


def test_figures_that_do_not_agree() -> None:
    said = agreement((recovery(1.0, (4.0, 1.0), 0.5, 0.97), recovery(10.0, (3.0, 1e-12), 0.4, 0.95)))
    assert all(": our figures do not agree." in each for each in said)


def test_learning_less_is_not_the_end_of_learning() -> None:
    said = agreement((recovery(1.0, (4.0, 1e-3), 0.97, 0.9), recovery(10.0, (30.0, 1e-12), 0.95, 0.01, decided=False)))
    assert said[1].startswith("Claim 2, last layer x1: our figures do not agree.")
    assert "it learns, but less" in said[1]
    assert said[2].startswith("Claim 2, last layer x10: not decided.")


@pytest.mark.slow
def test_directions() -> None:
    study = make(Workshop(Store(None), backend("loky", 2)), Scale.SMALL)
    assert study.missing == 0
    answers = {each.partition(":")[0]: each for each in study.agrees}
    for claim in ("Claim 1", "Claim 2, last layer x3", "Claim 2, last layer x10"):
        assert ": our figures agree." in answers[claim]
    assert "do not agree" not in answers["Claim 3"]
