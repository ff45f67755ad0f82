"""What outcomes come to: figures, contrasts, sentences."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lossaudit import document
from lossaudit.comparison import Better, Comparison, Measure, Tried
from lossaudit.trials import trial as trials
from lossaudit.trials.asked import Asked
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.statistics import difference, holm
from lossaudit.trials.summary import summarise
from lossaudit.trials.trial import Outcome, Trial
from lossaudit.trials.tuning import Choice

ACCURACY = Measure("accuracy", "accuracy", Better.LARGER, percent=True)
NLL = Measure("nll", "NLL", Better.SMALLER)
EPOCHS = Measure("epochs_to_level", "epochs to level", Better.SMALLER)
STUCK = Measure("stuck", "stuck", Better.SMALLER, percent=True)
MEASURES = (ACCURACY, NLL, EPOCHS, STUCK)
RATE = 0.1
NAN = math.nan
Right = NDArray[np.bool_]


class Made:
    """A comparison out of tables of right and wrong."""

    def __init__(self, seeds: int = 5, level: float | None = None) -> None:
        self.asked = Asked(losses=(), seeds=seeds, reference="mse", level=level)
        self.finished = dict[Trial, Outcome]()
        self.tested = dict[Trial, trials.Tested]()
        self.choices = dict[str, Choice]()

    def loss(
        self,
        name: str,
        right: Right,
        curve: tuple[float, ...] = (0.1, 0.9),
        lost: tuple[int, ...] = (),
        edge: bool = False,
    ) -> Made:
        self.choices[name] = Choice(name, RATE, (Tried(RATE, (0,), 0.9),), at_edge=edge)
        for seed, row in enumerate(right):
            trial = Trial(name, RATE, seed)
            drawn = (*curve[:-1], curve[-1] + seed / 1000)
            curves = {"score": drawn, "validation accuracy": drawn}
            diverged = 2 if seed in lost else None
            self.finished[trial] = Outcome(trial, curves, {"stuck": seed / 100}, diverged, 1.5, row.tobytes())
            share = float(row.mean())
            self.tested[trial] = trials.Tested({"accuracy": share, "nll": 1 - share}, {"accuracy": row.astype(float)})
        return self

    def summary(self, *order: str, tested: bool = True, missing: int = 0) -> Comparison:
        return summarise(
            key="k",
            title="t",
            setting=("s",),
            measures=MEASURES,
            entrants=[Entrant(name, f"{name} in words") for name in order or self.choices],
            asked=self.asked,
            choices=self.choices,
            finished=self.finished,
            tested=self.tested if tested else {},
            missing=missing,
            stopped="interrupted" if missing else None,
            made="2026-01-02T03:04:05",
        )


def right(share: float, seeds: int = 5, samples: int = 400, seed: int = 0) -> Right:
    return np.random.default_rng(seed).random((seeds, samples)) < share


def test_a_plain_difference_is_decided() -> None:
    comparison = Made().loss("mse", right(0.7)).loss("ce", right(0.95, seed=1)).summary()
    contrast = comparison.contrasts[0]
    assert (contrast.measure, contrast.first, contrast.second, contrast.better) == ("accuracy", "ce", "mse", "ce")
    means = [each.figures["accuracy"].mean for each in comparison.contestants]
    assert contrast.difference == pytest.approx(means[1] - means[0])
    assert comparison.sentences[0] == (
        f"ce is better than mse in accuracy by {100 * contrast.difference:.1f} points (95 % interval "
        f"{100 * contrast.low:.1f} to {100 * contrast.high:.1f}, 5 seeds, 400 test samples)."
    )
    assert comparison.contrasts[1].better == "ce"  # NLL: the smaller one
    assert "nothing here says which loss is better on other data or with other networks" in comparison.sentences[1]
    assert comparison.sentences[2:] == (
        "In NLL, against mse: better: ce, corrected for all 3 differences in these measures together.",
        "Nothing is decided in epochs to level; stuck.",
    )
    assert comparison.warnings == ()
    assert comparison.contestants[0].seconds == 7.5


def test_shares_differ_by_one_at_most() -> None:
    right = np.array([[True] * 20, [False] * 20])
    made = Made(seeds=2).loss("mse", ~right).loss("ce", np.ones_like(right))
    (contrast,) = (each for each in made.summary().contrasts if each.measure == "accuracy")
    assert contrast.difference == pytest.approx(0.5)
    assert (contrast.low, contrast.high) == (-1.0, 1.0)


def test_a_loss_against_itself_is_not_decided() -> None:
    table = right(0.9)
    comparison = Made().loss("mse", table).loss("again", table).summary()
    assert comparison.sentences[0].startswith(
        "Not decided between again and mse in accuracy: again minus mse is 0.0 points (95 % interval -"
    )
    assert all(each.better is None and each.p == 1 for each in comparison.contrasts)


def test_the_order_of_the_losses_changes_nothing_but_the_rows() -> None:
    made = Made().loss("mse", right(0.7)).loss("ce", right(0.95, seed=1)).loss("focal", right(0.72, seed=2))
    one, other = made.summary("mse", "ce", "focal"), made.summary("focal", "ce", "mse")
    assert {c.name: c for c in one.contestants} == {c.name: c for c in other.contestants}
    assert {(c.measure, c.first): c for c in one.contrasts} == {(c.measure, c.first): c for c in other.contrasts}
    assert one.level == other.level


def test_what_would_decide_it_is_said() -> None:
    same = [
        np.tile(right(share, 1, 100, seed), (5, 1)) ^ right(0.01, 5, 100, seed + 2)
        for share, seed in ((0.85, 0), (0.85, 1))
    ]
    few = Made().loss("mse", same[0]).loss("ce", same[1]).summary()
    assert "More seeds cannot decide it: if it stays as it is, that takes some " in few.sentences[0]
    one = Made(seeds=1).loss("mse", right(0.9, 1)).loss("ce", right(0.99, 1, seed=1)).summary()
    assert one.sentences[0].startswith("Not decided between ce and mse in accuracy: one run of each says nothing about")
    assert "other test samples would give" in one.sentences[0]
    assert all(math.isnan(each.p) and math.isnan(each.low) for each in one.contrasts)
    assert one.warnings[0].startswith("One seed")


def test_the_same_run_five_times_is_one_run() -> None:
    made = Made()
    for name, share in (("mse", 0.5), ("ce", 0.9)):
        made.loss(name, np.tile(right(share, 1, seed=int(10 * share)), (5, 1)))
    for trial, outcome in made.finished.items():
        first = made.finished[replace(trial, seed=0)]
        made.finished[trial] = replace(outcome, curves=first.curves, validation=first.validation)
    comparison = made.summary()
    assert all(each.better is None for each in comparison.contrasts)
    assert comparison.warnings[0].startswith("The seed changes nothing in mse and ce: all runs are the same")


def test_a_diverged_run_is_shown_and_never_a_number() -> None:
    made = Made().loss("mse", right(0.7)).loss("hinge", right(0.9, seed=1), lost=(1, 3)).loss("ce", right(0.9, seed=2))
    comparison = made.summary()
    hinge = comparison.contestants[1]
    assert [math.isnan(value) for value in hinge.figures["accuracy"].values] == [False, True, False, True, False]
    assert math.isnan(hinge.figures["accuracy"].mean)
    assert hinge.notes == ("2 of 5 runs diverged at the chosen rate, 0.1: they are shown, and compared with nothing.",)
    contrast = comparison.contrasts[0]
    assert (contrast.first, contrast.better) == ("hinge", None)
    assert math.isnan(contrast.difference)
    assert comparison.sentences[0] == (
        "Against mse in accuracy: better: ce; not decided: hinge. The others are not compared with each other."
    )
    assert comparison.sentences[2] == ("Not compared between hinge and mse in accuracy: hinge diverged in 2 of 5 runs.")
    assert comparison.warnings == ("hinge diverged in 2 of 5 runs: its figures are not compared.",)
    alone = Made().loss("mse", right(0.7)).loss("ce", right(0.9, seed=2)).summary()
    assert comparison.contrasts[1].p == alone.contrasts[0].p  # what was not tested is not corrected for


def test_other_measures_are_corrected_for_all_of_them_and_all_losses_together() -> None:
    made = Made(9).loss("mse", right(0.7, 9))
    for k, share in enumerate((0.7, 0.75, 0.95)):
        made.loss(f"loss {k}", right(share, 9, seed=k + 1))
    comparison = made.summary()
    secondary = [each for each in comparison.contrasts if each.measure != "accuracy"]
    assert len(secondary) == 9
    alone = [c for k in range(3) for c in made.summary("mse", f"loss {k}").contrasts]
    raw = {
        (name, first): difference(of(first), of("mse"), float(name == "epochs_to_level")).p()
        for name in ("nll", "epochs_to_level", "stuck")
        for first in ("loss 0", "loss 1", "loss 2")
        for of in [lambda loss, name=name: _figures(comparison, loss, name)]
    }
    expected = dict(zip(raw, holm(list(raw.values())), strict=True))
    assert {(c.measure, c.first): c.p for c in secondary} == pytest.approx(expected)
    first = {c.first: c.p for c in alone if c.measure == "accuracy"}
    corrected = {c.first: c.p for c in comparison.contrasts if c.measure == "accuracy"}
    assert corrected == pytest.approx(dict(zip(first, holm(list(first.values())), strict=True)))


def _figures(comparison: Comparison, loss: str, measure: str) -> tuple[float, ...]:
    return next(each.figures[measure].values for each in comparison.contestants if each.name == loss)


def test_six_losses_are_not_fifteen_sentences() -> None:
    made = Made().loss("mse", right(0.7))
    for k in range(5):
        made.loss(f"loss {k}", right(0.95, seed=k + 1))
    sentences = made.summary().sentences
    assert sentences[0].startswith("Against mse in accuracy: better: loss 0, loss 1, loss 2, loss 3, loss 4.")
    assert len(sentences) == 2 + 5 + 2  # the verdict, for what it holds, each loss, NLL, and what is not decided


def test_epochs_to_a_level_that_some_never_reach() -> None:
    made = (
        Made(8, level=0.85)
        .loss("mse", right(0.7, 8), (0.1, 0.2, 0.8))
        .loss("ce", right(0.7, 8, seed=1), (0.1, 0.9, 0.9))
    )
    comparison = made.summary()
    assert comparison.level == 0.85
    assert comparison.contestants[0].figures["epochs_to_level"].values == (math.inf,) * 8
    assert comparison.contestants[1].figures["epochs_to_level"].values == (1.0,) * 8
    (contrast,) = (each for each in comparison.contrasts if each.measure == "epochs_to_level")
    assert (contrast.p, contrast.better) == (3 * 2 / 2**8, "ce")
    assert (
        "In epochs to level, against mse: better: ce, corrected for all 3 differences in these measures together."
    ) in comparison.sentences


def test_the_level_is_95_per_cent_of_the_best_mean() -> None:
    comparison = Made().loss("mse", right(0.7), (0.1, 0.5)).loss("ce", right(0.7, seed=1), (0.1, 0.9)).summary()
    assert comparison.level == pytest.approx(0.95 * 0.902)


def test_a_partial_comparison_can_be_summed_up() -> None:
    made = Made().loss("mse", right(0.7)).loss("ce", right(0.95, seed=1), edge=True)
    made.choices["late"] = Choice("late", NAN, ())
    comparison = made.summary(tested=False, missing=12)
    assert [measure.name for measure in comparison.measures] == ["epochs_to_level", "stuck"]
    assert comparison.contestants[2].figures == {}
    assert comparison.warnings[0] == "Partial (interrupted): 12 trials are not finished."
    assert comparison.warnings[-1] == "ce: its best rate, 0.1, is the outermost that was tried."
    nothing = Made()
    nothing.choices = {name: Choice(name, NAN, ()) for name in ("mse", "ce")}
    empty = nothing.summary(missing=20)
    assert empty.sentences == ("Nothing is decided: no two losses are tested yet.",)
    assert (empty.measures, empty.contrasts) == ((), ())


def test_the_root_mean_square_is_compared_sample_by_sample() -> None:
    """To first order: the interval is that of the difference of two means of squares, over 2 RMSE."""
    rng = np.random.default_rng(0)
    made = Made()
    squares = dict[str, NDArray[np.float64]]()
    for name, scale in (("mse", 1.0), ("ce", 1.01)):
        made.loss(name, right(0.5))
        errors = squares[name] = (scale * rng.normal(size=(5, 2000))) ** 2
        for seed, row in enumerate(errors):
            values = {"rmse": math.sqrt(row.mean())}
            made.tested[Trial(name, RATE, seed)] = trials.Tested(values, {"mse": row})
    rmse = Measure("rmse", "RMSE", Better.SMALLER)
    found = summarise(
        key="k",
        title="t",
        setting=(),
        measures=(rmse,),
        entrants=[Entrant("mse", ""), Entrant("ce", "")],
        asked=made.asked,
        choices=made.choices,
        finished=made.finished,
        tested=made.tested,
    )
    contrast = found.contrasts[0]
    means = [found.contestants[k].figures["rmse"].mean for k in (1, 0)]
    assert contrast.difference == pytest.approx(means[0] - means[1])
    half = (contrast.high - contrast.low) / 2
    by_hand = math.sqrt(2 * 2 / 10_000) / 2  # variance of a squared normal is 2; two losses; 5 times 2000
    assert 1.5 < half / by_hand < 4  # t with 4 degrees of freedom: 2.8


def test_a_summary_goes_into_a_document_and_back() -> None:
    comparison = Made().loss("mse", right(0.7)).loss("hinge", right(0.9, seed=1), lost=(1,)).summary()
    assert repr(document.comparison(document.dumps(comparison))) == repr(comparison)
