"""The choice of learning rates: laws that hold whatever was trained, and cases done by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.trials.asked import RATES, Asked
from lossaudit.trials.trial import Outcome, Trial
from lossaudit.trials.tuning import choose, needed, outstanding

Curve = Callable[[Trial], tuple[float, ...] | None]  # the score's curve; None: the trial diverges


def _outcome(trial: Trial, curve: tuple[float, ...] | None) -> Outcome:
    diverged = None if curve else 1
    return Outcome(trial, {"score": curve or (0.1, math.nan)}, {}, diverged, 0.0, b"")


def _run(losses: list[str], asked: Asked, curve: Curve) -> tuple[dict[Trial, Outcome], list[Trial]]:
    """All outcomes, and every trial in the order in which it was asked for."""
    finished, ran = dict[Trial, Outcome](), list[Trial]()
    while trials := needed(losses, asked, finished):
        assert len(trials) <= outstanding(losses, asked, finished)
        ran += trials
        finished |= {trial: _outcome(trial, curve(trial)) for trial in trials}
    assert outstanding(losses, asked, finished) == 0
    return finished, ran


def _asked(**options: object) -> Asked:
    return Asked(losses=(), **options)  # type: ignore[arg-type]


@st.composite
def _worlds(draw: st.DrawFn) -> Curve:
    """A score for every trial there may ever be, with ties and divergence, drawn once and looked up."""
    seed, levels, share = draw(st.integers(0, 10**6)), draw(st.integers(1, 6)), draw(st.sampled_from([0.0, 0.2, 1.0]))

    def curve(trial: Trial) -> tuple[float, ...] | None:
        made = random.Random(f"{seed} {trial}")
        if made.random() < share:
            return None
        return tuple(made.randrange(levels) / levels for _ in range(3))

    return curve


asked_for = st.builds(
    _asked,
    seeds=st.integers(1, 4),
    tuning_seeds=st.integers(1, 3),
    rates=st.sampled_from([(0.1,), (0.1, 1.0), RATES, (1.0, 0.01, 0.1)]),
    extensions=st.integers(0, 3),
)


@settings(max_examples=40)
@given(_worlds(), asked_for, st.permutations(["a", "b", "c"]), st.randoms())
def test_neither_the_order_of_losses_nor_of_outcomes_matters(
    world: Curve, asked: Asked, order: list[str], shuffle: random.Random
) -> None:
    finished, _ = _run(["a", "b", "c"], asked, world)
    other, _ = _run(order, asked, world)
    items = list(other.items())
    shuffle.shuffle(items)
    assert finished.keys() == other.keys()
    for loss in order:
        assert choose(loss, asked, finished) == choose(loss, asked, dict(items))


@settings(max_examples=40)
@given(_worlds(), asked_for)
def test_nothing_is_trained_twice_and_every_loss_gets_all_seeds_at_its_rate(world: Curve, asked: Asked) -> None:
    finished, ran = _run(["a", "b"], asked, world)
    assert len(ran) == len(set(ran))
    for loss in ("a", "b"):
        choice = choose(loss, asked, finished)
        assert choice.made
        assert all(trial in finished for trial in choice.trials(range(asked.seeds)))
        last = next(each for each in choice.tried if each.rate == choice.rate)
        assert last.seeds == tuple(range(asked.seeds))


@settings(max_examples=40)
@given(_worlds(), asked_for)
def test_a_rate_that_diverged_never_wins_over_one_that_did_not(world: Curve, asked: Asked) -> None:
    finished, _ = _run(["a"], asked, world)
    choice = choose("a", asked, finished)
    tuning = range(min(asked.seeds, asked.tuning_seeds))
    sound = [t.rate for t in choice.tried if not any(seed in tuning for seed, _ in t.diverged)]
    assert choice.diverged == (not sound)
    if sound:
        assert choice.rate in sound
        score = {each.rate: each.score for each in choice.tried}
        assert all(score[choice.rate] >= score[rate] for rate in sound)


@settings(max_examples=40)
@given(_worlds(), asked_for)
def test_rates_are_added_outwards_by_the_same_step_and_not_too_often(world: Curve, asked: Asked) -> None:
    finished, _ = _run(["a"], asked, world)
    rates = [each.rate for each in choose("a", asked, finished).tried]
    first = sorted(asked.rates)
    assert [rate for rate in rates if first[0] <= rate <= first[-1]] == first
    assert sum(rate < first[0] for rate in rates) <= asked.extensions
    assert sum(rate > first[-1] for rate in rates) <= asked.extensions
    if len(first) > 1:
        ratios = [b / a for a, b in pairwise(rates)]
        assert ratios == pytest.approx([first[1] / first[0]] * len(ratios))


@settings(max_examples=40)
@given(_worlds(), asked_for, st.integers(0, 30))
def test_stopped_anywhere_and_resumed_it_chooses_the_same(world: Curve, asked: Asked, stop: int) -> None:
    finished, ran = _run(["a", "b"], asked, world)
    partial = {trial: finished[trial] for trial in ran[:stop]}
    while trials := needed(["a", "b"], asked, partial):
        partial |= {trial: finished[trial] for trial in trials}
    assert partial.keys() == finished.keys()
    assert choose("a", asked, partial) == choose("a", asked, finished)


def _by_rate(scores: dict[float, tuple[float, ...] | None]) -> Curve:
    return lambda trial: scores[min(scores, key=lambda rate: abs(math.log(rate / trial.rate)))]


def test_equal_scores_go_to_the_one_that_learns_sooner_and_then_to_the_smaller() -> None:
    asked = _asked(rates=(0.1, 0.2, 0.4, 0.8), extensions=0)
    sooner = _by_rate({0.1: (0.0, 0.0), 0.2: (0.1, 0.5, 0.9), 0.4: (0.1, 0.6, 0.9), 0.8: (0.2, 0.5, 0.9)})
    finished, _ = _run(["a"], asked, sooner)
    assert choose("a", asked, finished).rate == 0.4
    same = _by_rate({0.1: (0.0, 0.0), 0.2: (0.1, 0.9), 0.4: (0.1, 0.9), 0.8: (0.0, 0.9)})
    finished, _ = _run(["a"], asked, same)
    assert choose("a", asked, finished).rate == 0.2


def test_the_best_outermost_rate_is_followed_outwards_and_said_if_it_stays_so() -> None:
    asked = _asked(rates=(0.1, 1.0), extensions=3)
    inwards, _ = _run(["a"], asked, lambda trial: (0.0, -abs(math.log10(trial.rate) - 2)))
    choice = choose("a", asked, inwards)
    assert [each.rate for each in choice.tried] == pytest.approx([0.1, 1, 10, 100, 1000])
    assert choice.rate == pytest.approx(100)
    assert not choice.at_edge
    outwards, _ = _run(["a"], asked, lambda trial: (0.0, -trial.rate))
    choice = choose("a", asked, outwards)
    assert choice.rate == pytest.approx(1e-4)
    assert choice.at_edge


def test_where_all_rates_are_equal_none_is_added() -> None:
    """A model that is stuck at every rate says nothing of where a better one would be."""
    asked = _asked()
    finished, _ = _run(["a"], asked, lambda trial: (0.1, 0.1))
    choice = choose("a", asked, finished)
    assert len(choice.tried) == len(RATES)
    assert choice.rate == RATES[0]
    assert not choice.at_edge


def test_where_all_diverge_smaller_rates_are_tried_and_it_is_said() -> None:
    asked = _asked(rates=(0.1, 1.0), extensions=2, seeds=3)
    finished, _ = _run(["a"], asked, lambda trial: None)
    choice = choose("a", asked, finished)
    assert [each.rate for each in choice.tried] == pytest.approx([0.001, 0.01, 0.1, 1.0])
    assert choice.diverged
    assert all(math.isnan(each.score) for each in choice.tried)
    assert choice.tried[0].diverged == ((0, 1), (1, 1), (2, 1))


def test_a_metric_that_is_no_number_never_wins() -> None:
    asked = _asked(rates=(0.1, 1.0), extensions=0)
    finished, _ = _run(["a"], asked, lambda trial: (0.0, math.nan) if trial.rate == 0.1 else (0.0, 0.2))
    assert choose("a", asked, finished).rate == 1.0


def test_a_single_rate_is_taken_as_it_is() -> None:
    asked = _asked(rates=(0.3,), seeds=4)
    finished, ran = _run(["a"], asked, lambda trial: (0.5,))
    assert [trial.seed for trial in ran] == [0, 1, 2, 3]
    assert choose("a", asked, finished).rate == 0.3
    assert not choose("a", asked, finished).at_edge


def test_before_the_tuning_is_complete_nothing_is_chosen() -> None:
    asked = _asked(rates=(0.1, 1.0))
    first, *_ = needed(["a"], asked, {})
    choice = choose("a", asked, {first: _outcome(first, (0.9,))})
    assert not choice.made
    assert choice.trials(range(5)) == ()
    assert [each.rate for each in choice.tried] == [first.rate]
