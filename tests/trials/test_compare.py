"""What a comparison promises, end to end with real training."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.trials.small import Watched, blobs, compared, watched

from lossaudit.comparison import Better, Comparison
from lossaudit.trials.asked import Asked
from lossaudit.trials.backend import backend
from lossaudit.trials.compare import compare
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.own import Own
from lossaudit.trials.problem import Samples, Sealed
from lossaudit.trials.store import Store
from lossaudit.trials.trial import key
from lossaudit.trials.workshop import Workshop

ASKED = Asked(losses=(), seeds=3, tuning_seeds=2, rates=(0.03, 0.3), extensions=1)
THREE = ["ce", "mse:softmax", "gce"]


@pytest.fixture(scope="module")
def whole() -> Comparison:
    problem, sealed = blobs()
    return compared(watched(THREE, problem), ASKED, sealed)


def _told(comparison: Comparison) -> str:
    """Without the time; as text, since NaN is not equal to itself."""
    lasted = tuple(replace(each, seconds=0.0) for each in comparison.contestants)
    return repr(replace(comparison, made="", contestants=lasted))


def _words(sentences: tuple[str, ...]) -> list[str]:
    return sorted(re.findall(r"\w+", " ".join(sentences)))


def _places(comparison: Comparison) -> dict[tuple[str, str], int]:
    return {(each.measure, each.first): place for place, each in enumerate(comparison.contrasts)}


def test_a_loss_against_itself_is_never_decided() -> None:
    problem, sealed = blobs()
    comparison = compared(watched(["ce", "ce"], problem), ASKED, sealed)
    first, second = comparison.contestants
    assert comparison.contrasts
    assert {contrast.better for contrast in comparison.contrasts} == {None}
    assert {contrast.difference for contrast in comparison.contrasts} == {0.0}
    assert first.figures == second.figures
    assert first.curves == second.curves


def test_the_order_of_losses_changes_nothing(whole: Comparison) -> None:
    problem, sealed = blobs()
    forwards = whole
    backwards = compared(watched(THREE[::-1], problem), replace(ASKED, reference="ce"), sealed)
    turned = replace(
        backwards,
        key=forwards.key,
        contestants=backwards.contestants[::-1],
        contrasts=tuple(sorted(backwards.contrasts, key=lambda each: _places(forwards)[each.measure, each.first])),
        sentences=forwards.sentences,
        warnings=forwards.warnings,
    )
    assert _told(turned) == _told(forwards)
    for told in ("sentences", "warnings"):  # in another order, but the same is said
        assert _words(getattr(backwards, told)) == _words(getattr(forwards, told))


def test_with_the_reference_exchanged_the_differences_change_their_sign() -> None:
    problem, sealed = blobs()
    one = compared(watched(THREE[:2], problem), replace(ASKED, reference="ce"), sealed)
    other = compared(watched(THREE[:2], problem), replace(ASKED, reference="mse:softmax"), sealed)
    for first, second in zip(one.contrasts, other.contrasts, strict=True):
        assert (first.first, first.second) == (second.second, second.first)
        assert first.difference == pytest.approx(-second.difference, nan_ok=True)
        assert first.p == pytest.approx(second.p, nan_ok=True)
        assert first.better == second.better


class Recorder(Sealed):
    """Notes how many trials the trainer had run when the test samples were opened."""

    def __init__(self, samples: Samples, trainer: Watched) -> None:
        super().__init__(samples)
        self.trainer = trainer
        self.when = list[int]()

    def open(self) -> Samples:
        self.when.append(len(self.trainer.trained))
        return super().open()


def test_the_test_samples_are_opened_once_and_after_the_last_trial() -> None:
    problem, sealed = blobs()
    trainer = watched(THREE, problem)
    recorder = Recorder(sealed.open(), trainer)
    comparison = compared(trainer, ASKED, recorder)
    assert recorder.when == [len(trainer.trained)]
    assert comparison.missing == 0
    assert {trial.loss for trial in trainer.tested} == set(THREE)
    assert len(trainer.tested) == len(THREE) * ASKED.seeds


def test_nonsense_for_test_labels_changes_no_choice(whole: Comparison) -> None:
    problem, sealed = blobs()
    samples = sealed.open()
    nonsense = Sealed(Samples(torch.randn_like(samples.x), torch.randint(0, 3, (90,))))
    fooled = compared(watched(THREE, problem), ASKED, nonsense)
    for one, other in zip(whole.contestants, fooled.contestants, strict=True):
        assert one.rate == other.rate
        assert one.tried == other.tried
        assert one.curves == other.curves
    assert whole.level == fooled.level
    assert whole.contestants[0].figures["accuracy"] != fooled.contestants[0].figures["accuracy"]


def test_diverging_runs_are_kept_counted_and_said() -> None:
    """exp of the margin at a rate of 1000: nothing is finite after a few steps."""
    problem, sealed = blobs()
    asked = replace(ASKED, rates=(1e18, 1e20), extensions=0, seeds=2)
    comparison = compared(watched(["ce", "squared_outputs"], problem), asked, sealed)
    lost = comparison.contestants[1]
    assert lost.name == "squared_outputs"
    assert len(lost.tried) == 2
    assert all(len(each.diverged) == 2 and math.isnan(each.score) for each in lost.tried)
    assert lost.seeds == (0, 1)
    assert all(map(math.isnan, lost.figures["accuracy"].values))
    assert any("diverge" in sentence for sentence in (*lost.notes, *comparison.sentences, *comparison.warnings))
    assert all(contrast.better != "squared_outputs" for contrast in comparison.contrasts)


@pytest.mark.parametrize("after", [5, 18])
def test_interrupted_it_says_what_it_can_and_resumed_it_is_as_if_nothing_had_been(
    after: int, tmp_path: Path, whole: Comparison
) -> None:
    problem, sealed = blobs()
    store = Store(tmp_path / "trials.db")
    first = watched(THREE, problem, stop_after=after)
    recorder = Recorder(sealed.open(), first)
    partial = compared(first, ASKED, recorder, store)
    chosen = all(not math.isnan(each.rate) for each in partial.contestants)
    assert partial.missing > 0
    assert len(first.trained) == after
    assert bool(recorder.when) == chosen == bool(first.tested)
    if not chosen:
        assert all("accuracy" not in each.figures for each in partial.contestants)
    assert store.comparison(partial.key).missing == partial.missing
    second = watched(THREE, problem)
    resumed = compared(second, ASKED, sealed, store)
    assert not set(first.trained) & set(second.trained)
    assert resumed.key == partial.key
    assert _told(resumed) == _told(whole)
    assert [each.key for each in store.comparisons()] == [resumed.key]


def test_after_the_deadline_nothing_is_trained() -> None:
    problem, sealed = blobs()
    trainer = watched(THREE, problem)
    partial = compared(trainer, ASKED, sealed, deadline=time.monotonic() - 1)
    assert trainer.trained == []
    assert partial.missing == 3 * (2 * 2 + 1)
    assert not sealed.opened


def test_one_loss_alone_is_compared_with_nothing_and_progress_counts_the_trials_of_all_rounds() -> None:
    problem, sealed = blobs()
    told = list[tuple[int, int]]()
    trainer = watched(["ce"], problem)
    comparison = compared(trainer, ASKED, sealed, progress=lambda done, total, _: told.append((done, total)))
    assert comparison.contrasts == ()
    assert comparison.contestants[0].figures
    assert told[0] == (0, 5)
    assert told[-1] == (len(trainer.trained), len(trainer.trained))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_weights_of_rates_that_were_not_chosen_are_forgotten_and_nothing_is_trained_again(tmp_path: Path) -> None:
    problem, sealed = blobs()
    store = Store(tmp_path / "trials.db")
    first, again = watched(THREE[:2], problem), watched(THREE[:2], problem)
    one = compared(first, ASKED, sealed, store)
    rates = {each.name: each.rate for each in one.contestants}
    for trial in first.trained:
        kept = store.outcome(key(first.identity(trial.loss), trial))
        assert (kept is not None) == (trial.rate == rates[trial.loss])
        assert store.outcome(key(first.identity(trial.loss), trial), sealed=False) is not None
    assert len(first.trained) > len(first.tested)
    assert _told(compared(again, ASKED, blobs()[1], store)) == _told(one)
    assert again.trained == []


def test_the_direction_that_a_function_of_the_user_s_says_is_that_of_the_table() -> None:
    def train(loss: str, seed: int, lr: float, budget: int) -> Any:
        reached = {"a": 0.2, "b": 0.8}[loss] + lr / 100 + seed / 1000
        return {"validation": {"strange": reached}, "test": {"strange": reached}, "better": {"strange": "smaller"}}

    comparison = compare(
        Own(train, 1),
        [Entrant("a", "a"), Entrant("b", "b")],
        replace(ASKED, seeds=6),
        Workshop(Store(None), backend("serial")),
        sealed=None,
        title="t",
        setting=(),
        measures=(),
    )
    assert comparison.measures[0].better is Better.SMALLER
    assert "other seeds, with these data" in comparison.sentences[1]  # no test samples were shown
