"""Training and testing a linear forecast."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lossaudit.trials.problem import Samples
from lossaudit.trials.series.bundled import Series, made
from lossaudit.trials.series.losses import LOSSES
from lossaudit.trials.series.trainer import Course, Forecasting, Scaled, Scaling, blocked, without_learning
from lossaudit.trials.series.windows import Windows, split
from lossaudit.trials.trial import Trial

SHORT = Series("short", "", made(400).values, 8, 4)
PARTS = split(SHORT)
TEST = PARTS.sealed.open()


def _trainer(epochs: int = 2, scaling: Scaling = Scaling.LOOKBACK) -> Forecasting:
    return Forecasting(PARTS, tuple(LOSSES), Course(epochs, 64), scaling)


def test_the_same_trial_gives_the_same_bits_and_leaves_torch_as_it_was() -> None:
    state = torch.get_rng_state()
    first, second = (_trainer().train(Trial("pinball", 0.01, 3)) for _ in range(2))
    assert (first.curves, first.sealed) == (second.curves, second.sealed)
    assert first.sealed != _trainer().train(Trial("pinball", 0.01, 4)).sealed
    assert torch.get_rng_state().equal(state)


def test_squared_error_comes_to_the_least_squares_solution() -> None:
    trainer = _trainer(epochs=300)
    outcome = trainer.train(Trial("mse", 0.01, 0))
    windows = trainer.train_windows
    x = np.column_stack([windows.x.numpy(), np.ones(len(windows.x))])
    _, left, _, _ = np.linalg.lstsq(x, windows.y.numpy(), rcond=None)
    assert outcome.curves["training loss"][-1] == pytest.approx(left.sum() / windows.y.numel(), rel=0.02)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns(loss: str) -> None:
    outcome = _trainer(epochs=6).train(Trial(loss, 0.01, 0))
    assert outcome.curves["training loss"][-1] < outcome.curves["training loss"][0]
    assert len(outcome.curves["score"]) == 7
    assert outcome.score == -outcome.validation["mse"]
    assert outcome.diverged is None


def test_what_diverges_says_so() -> None:
    outcome = _trainer(epochs=3).train(Trial("mse", 1e30, 0))
    assert outcome.diverged == 1
    assert [math.isnan(each) for each in outcome.curves["score"]] == [False, True, True, True]


@pytest.mark.parametrize("scaling", Scaling)
def test_a_test_is_of_the_forecast_on_the_standardised_series(scaling: Scaling) -> None:
    trainer = _trainer(scaling=scaling)
    outcome = trainer.train(Trial("mse", 0.01, 0))
    tested = trainer.test(outcome, TEST)
    model = trainer.model(outcome)
    scaled = Scaled.of(Windows(TEST.x, TEST.y), scaling)
    with torch.inference_mode():
        forecast = scaled.scale.back(model(scaled.x)[..., 0])
    miss = (forecast - TEST.y).numpy().astype(float)
    full = len(miss) // SHORT.horizon * SHORT.horizon
    assert tested.values["mse"] == pytest.approx((miss[:full] ** 2).mean(), rel=1e-4)
    assert tested.values["mae"] == pytest.approx(np.abs(miss[:full]).mean(), rel=1e-4)
    assert tested.values["crps"] == pytest.approx(tested.values["mae"])
    assert tested.samples["mse"].mean() == pytest.approx(tested.values["mse"])


def test_the_middle_of_the_true_window_scores_as_numpy_says() -> None:
    future = TEST.y.numpy().astype(float)
    middle = (future.max(1) + future.min(1)) / 2
    full = len(future) // SHORT.horizon * SHORT.horizon
    directly = ((middle[:, None] - future)[:full] ** 2).mean()
    answers = without_learning(Windows(TEST.x, TEST.y))
    assert blocked(answers["mid-range of the true future window"]).values["mse"] == pytest.approx(directly, rel=1e-5)


def test_with_the_leak_a_constant_answer_is_the_middle_of_the_true_window() -> None:
    """Zero in the leaked scale needs no learning at all, and has the same error."""
    trainer = _trainer(scaling=Scaling.FUTURE)
    outcome = trainer.train(Trial("mse", 0.0, 0))
    model = trainer.model(outcome)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    scaled = Scaled.of(Windows(TEST.x, TEST.y), Scaling.FUTURE)
    answers = without_learning(Windows(TEST.x, TEST.y))
    with torch.inference_mode():
        miss = (model(scaled.x)[..., 0] - scaled.y) * scaled.scale.half
    torch.testing.assert_close(miss**2, answers["mid-range of the true future window"]["mse"])


def test_a_trainer_knows_nothing_of_the_test_part() -> None:
    later = SHORT.values.copy()
    later[320:] = 1e9
    other = Forecasting(split(Series("later", "", later, 8, 4)), tuple(LOSSES), Course(2, 64))
    assert other.identity("mse") == _trainer().identity("mse")
    assert other.train(Trial("mse", 0.01, 0)).sealed == _trainer().train(Trial("mse", 0.01, 0)).sealed


def test_what_an_outcome_depends_on_is_in_its_identity() -> None:
    honest = _trainer().identity("mse")
    assert honest != _trainer().identity("mae")
    assert honest != _trainer(epochs=3).identity("mse")
    assert honest != _trainer(scaling=Scaling.FUTURE).identity("mse")


def test_notes_say_which_share_is_moved_to_the_end() -> None:
    notes = {entrant.name: entrant.notes for entrant in _trainer().entrants()}
    share = Scaled.of(PARTS.train, Scaling.LOOKBACK).outside()
    assert f"{share:.1%}" in notes["binned_ordinal_cross_entropy"][0]
    assert notes["mse"] == ()


def test_samples_of_a_test_are_needed() -> None:
    with pytest.raises(ValueError, match="windows"):
        _trainer().test(_trainer().train(Trial("mse", 0.01, 0)), None)
    assert isinstance(TEST, Samples)
