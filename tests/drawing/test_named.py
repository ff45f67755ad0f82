"""Pictures of losses by name: what is seen is what mathematics says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lossaudit.drawing import named as drawing
from lossaudit.drawing.drawn import Request, drawn
from lossaudit.drawing.named import draw_losses
from lossaudit.drawing.witness import Judgement
from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Mark, MarkKind, Picture, Surface
from lossaudit.proving.named import names


def probabilities(surface: Surface) -> np.ndarray:
    """Softmax over three classes at the nodes, the third logit at 0."""
    a, b = np.meshgrid(surface.x.values, surface.y.values)
    e = np.exp(np.stack([a, b, np.zeros_like(a)]))
    return e / e.sum(0)


def marks(surface: Surface, kind: MarkKind) -> list[Mark]:
    return [mark for mark in surface.marks if mark.kind is kind]


@pytest.fixture(scope="module")
def textbook() -> Picture:
    return draw_losses(["mse:softmax", "cross_entropy", "zero_one"], size=41, raw=True)


def test_the_textbook_picture_has_the_values_of_the_closed_forms(textbook):
    square, cross, wrong = (panel.surface for panel in textbook.panels)
    p = probabilities(square)
    np.testing.assert_allclose(square.loss, (p[0] - 1) ** 2 + p[1] ** 2 + p[2] ** 2, atol=1e-14)
    np.testing.assert_allclose(cross.loss, -np.log(p[0]), atol=1e-12)
    rival = np.maximum(p[1], p[2])
    np.testing.assert_array_equal(wrong.loss[p[0] > rival], 0)
    np.testing.assert_array_equal(wrong.loss[p[0] < rival], 1)


def test_cross_entropy_is_a_bowl_squared_error_is_none_and_zero_one_is_flat(textbook):
    square, cross, wrong = (panel.surface for panel in textbook.panels)
    assert not cross.negative.any()
    assert not cross.plateau.any()
    high = square.loss > 0.67  # the loss at uniform logits is 2/3
    assert square.negative[high].mean() > 0.8
    assert 0.05 < square.plateau.mean() < 0.3
    assert not square.plateau[~high].any()
    assert (wrong.slope == 0).all()
    assert wrong.plateau[wrong.loss == 1].all()
    assert not wrong.plateau[wrong.loss == 0].any()


def test_the_witness_lies_in_the_picture_and_above_its_chord(textbook):
    assert not marks(textbook.panels[1].surface, MarkKind.WITNESS)
    (mark,) = marks(textbook.panels[0].surface, MarkKind.WITNESS)
    np.testing.assert_array_equal(mark.points[1], (mark.points[0] + mark.points[2]) / 2)
    assert np.abs(mark.points).max() <= 8
    e = np.exp(np.column_stack([mark.points, np.zeros(3)]))
    p = e / e.sum(1, keepdims=True)
    losses = ((p - [1, 0, 0]) ** 2).sum(1)
    np.testing.assert_allclose(mark.loss, losses, rtol=1e-12)
    assert losses[1] > losses[[0, 2]].mean() + 0.3


def test_title_and_caption_say_what_the_arrays_and_the_verdicts_say(textbook):
    assert textbook.title == (
        "Squared error on softmax is not convex and has a plateau; Cross-entropy is convex; "
        "Zero-one on softmax is flat almost everywhere"
    )
    square = textbook.panels[0].surface
    first, second, third = (sentence for sentence in textbook.caption if "convex (" in sentence)
    assert first.startswith("Squared error on softmax: not convex (refuted), ")
    assert f"negative curvature in {100 * square.negative.mean():.0f} % of the picture" in first
    assert first.endswith(f"{100 * square.plateau.mean():.0f} % plateau.")
    assert second == "Cross-entropy: convex (proved)."
    assert "flat almost everywhere" in third


def test_nothing_is_called_proved_without_a_verdict(monkeypatch):
    monkeypatch.setattr(drawing, "judged", lambda loss, where: Judgement(None))
    title = draw_losses(["cross_entropy"], size=11).title
    assert title == "Cross-entropy has no negative curvature at any node"


def test_the_caption_says_what_is_fixed_and_which_class_is_true(textbook):
    caption = " ".join(textbook.caption)
    assert "the true class 0 of 3" in caption
    assert "The logit of class 2 is fixed at 0." in caption
    assert "under 1 % of cross-entropy's" in caption
    assert "automatic differentiation" in caption


def test_several_losses_share_a_scale_in_shares_of_their_largest_values():
    picture = draw_losses(["mse:softmax", "cross_entropy"], size=11)
    raw = draw_losses(["mse:softmax", "cross_entropy"], size=11, raw=True)
    assert picture.scale.name == "loss / its largest value here"
    assert raw.scale.name == "loss"
    for one, other in zip(picture.panels, raw.panels, strict=True):
        largest = other.surface.loss.max()
        np.testing.assert_allclose(one.surface.loss * largest, other.surface.loss)
        np.testing.assert_allclose(one.surface.slope * largest, other.surface.slope)
        np.testing.assert_allclose(one.surface.curvature * largest, other.surface.curvature)
        np.testing.assert_array_equal(one.surface.plateau, other.surface.plateau)


def test_a_constant_factor_makes_no_plateau():
    # class weights of a class-balanced loss scale it by a constant: of a convex loss nothing has vanished
    assert not draw_losses(["class_balanced"], size=21).panels[0].surface.plateau.any()


def test_a_shared_head_goes_to_the_losses_that_need_one():
    shared = draw_losses(["mse", "cross_entropy"], head="softmax", size=11, raw=True)
    spelled = draw_losses(["mse:softmax", "cross_entropy"], size=11, raw=True)
    for one, other in zip(shared.panels, spelled.panels, strict=True):
        np.testing.assert_array_equal(one.surface.loss, other.surface.loss)
    twice = draw_losses(["cross_entropy"], head="softmax", size=11).panels[0].surface  # asked for alone: as it is said
    p = probabilities(twice)
    np.testing.assert_allclose(twice.loss, np.log(np.exp(p).sum(0)) - p[0], atol=1e-12)


def test_squared_error_of_a_sigmoid_bends_down_exactly_where_the_true_probability_is_under_a_third():
    surface = draw_losses(["sigmoid_mse"], size=401).panels[0].surface
    p = 1 / (1 + np.exp(-surface.x.values))  # f'' = 2 p (1-p)^2 (3p - 1)
    clear = np.abs(p - 1 / 3) > 1e-6
    np.testing.assert_array_equal(surface.negative[clear], (p < 1 / 3)[clear])


def test_focal_loss_bends_down_where_the_true_probability_is_under_six_percent():
    surface = draw_losses(["binary_focal_with_logits"], size=401, options={"gamma": 2.0}).panels[0].surface
    p = 1 / (1 + np.exp(-surface.x.values))
    np.testing.assert_array_equal(surface.negative, p < 0.0578)


def test_the_slider_moves_the_loss_and_starts_at_its_default():
    (panel,) = draw_losses(["focal"], slider="gamma=0..4:5", size=11).panels
    assert [frame.value for frame in panel.frames] == [0, 1, 2, 3, 4]
    assert panel.slider.start == 2
    for gamma, frame in enumerate(panel.frames):
        p = probabilities(frame)
        np.testing.assert_allclose(frame.loss, -((1 - p[0]) ** gamma) * np.log(p[0]), rtol=1e-9, atol=1e-14)
    assert not panel.frames[0].negative.any()
    assert not marks(panel.frames[0], MarkKind.WITNESS)
    assert marks(panel.frames[2], MarkKind.WITNESS)


def test_a_temperature_divides_the_logits_of_every_loss():
    picture = draw_losses(["mse:softmax", "cross_entropy"], slider=("temperature", (1, 2)), size=11, raw=True)
    for panel in picture.panels:
        sharp, soft = panel.frames
        np.testing.assert_allclose(soft.loss[5, 5], sharp.loss[5, 5])
    wide = draw_losses(["cross_entropy"], reach=16, options={"temperature": 2.0}, size=11).panels[0].surface
    np.testing.assert_allclose(wide.loss, picture.panels[1].frames[0].loss, rtol=1e-12)


def test_losses_without_the_parameter_stand_still_beside_a_slider():
    focal, cross = draw_losses(["focal", "cross_entropy"], slider="gamma=0,2", size=11).panels
    assert len(focal.frames) == 2
    assert len(cross.frames) == 1
    assert cross.slider is None


def test_the_slice_goes_through_the_point_that_is_asked_for():
    surface = draw_losses(["cross_entropy"], at=(1.0, -2.0, 3.0), size=11).panels[0].surface
    assert surface.x.values[5] == 1.0
    assert surface.y.values[5] == -2.0
    at = torch.tensor([[1.0, -2.0, 3.0]], dtype=torch.float64)
    assert surface.loss[5, 5] == pytest.approx(float(torch.nn.functional.cross_entropy(at, torch.tensor([0]))))


def test_another_class_can_be_the_true_one_and_other_logits_free():
    surface = draw_losses(["cross_entropy"], target=2, free=(2, 0), size=11).panels[0].surface
    assert surface.x.name == "z2, logit of the true class (nats)"
    p = probabilities(surface)
    np.testing.assert_allclose(surface.loss, -np.log(p[0]), atol=1e-12)


def test_along_the_direction_that_adds_to_all_logits_cross_entropy_stays():
    surface = draw_losses(["cross_entropy"], free=[(1.0, 1.0, 1.0)], size=11).panels[0].surface
    np.testing.assert_allclose(surface.loss, np.log(3), rtol=1e-12)


def test_the_path_leads_to_confident_and_wrong():
    square, cross = (
        panel.surface for panel in draw_losses(["mse:softmax", "cross_entropy"], kind="path", raw=True).panels
    )
    assert cross.x.name == "wrong logit minus true logit (nats)"
    t = square.x.values
    e = np.exp(-t)  # of the true class and the third one, beside the wrong one's 1
    np.testing.assert_allclose(cross.loss, np.log(1 + 2 * e) + t, rtol=1e-12)
    far = t > 10
    assert square.plateau[far].all()
    assert (cross.slope[far] > 0.01 * cross.slope.max()).all()


def test_of_many_losses_the_title_names_what_stands_out():
    title = draw_losses(["huber", "mse", "welsch", "mae"], size=11).title
    assert title == "Negative curvature: Welsch (Leclerc); convex: Huber, Squared error and Absolute error"


def test_a_field_has_arrows_and_a_surface_has_none():
    field = draw_losses(["cross_entropy"], kind="field", size=11).panels[0].surface
    p = probabilities(field)
    np.testing.assert_allclose(field.arrows[..., 0], p[0] - 1, atol=1e-12)
    np.testing.assert_allclose(field.arrows[..., 1], p[1], atol=1e-12)
    assert draw_losses(["cross_entropy"], size=11).panels[0].surface.arrows is None


def test_over_the_simplex_squared_error_is_convex_in_the_probabilities():
    picture = draw_losses(["mse:softmax"], kind="simplex", size=21)
    surface = picture.panels[0].surface
    assert not surface.negative.any()
    assert picture.title.startswith("Squared error on softmax has no negative curvature at any node")
    assert "not convex in the logits (refuted), no negative curvature in the probabilities" in " ".join(picture.caption)
    assert np.nanmax(surface.loss) == pytest.approx(2)


def test_regression_is_drawn_over_the_difference_where_it_depends_on_nothing_else():
    huber = draw_losses(["huber"], options={"delta": 2.0}).panels[0].surface
    assert huber.x.name == "prediction minus target"
    r = np.abs(huber.x.values)
    np.testing.assert_allclose(huber.loss, np.where(r <= 2, r**2 / 2, 2 * (r - 1)), atol=1e-12)
    (minimum,) = marks(huber, MarkKind.MINIMUM)
    assert minimum.points[0, 0] == pytest.approx(0, abs=1e-9)
    poisson = draw_losses(["poisson_nll"], target=3.0).panels[0].surface
    assert poisson.x.name == "z, raw output"
    (minimum,) = marks(poisson, MarkKind.MINIMUM)
    assert minimum.points[0, 0] == pytest.approx(np.log(3), abs=1e-6)


def test_what_is_defined_for_positive_numbers_is_drawn_over_such():
    surface = draw_losses(["poisson_rate"]).panels[0].surface
    assert surface.x.values[0] > 0
    assert np.isfinite(surface.loss).all()
    (minimum,) = marks(surface, MarkKind.MINIMUM)
    assert minimum.points[0, 0] == pytest.approx(1, abs=1e-6)


def test_a_callable_is_drawn_with_its_example():
    def norm(z, y):
        return ((torch.softmax(z, 1) - torch.nn.functional.one_hot(y, 3)) ** 2).mean()

    own = draw_losses([norm], arguments=(torch.zeros(4, 3), torch.tensor([0, 1, 2, 0])), size=11)
    square = draw_losses(["mse:softmax"], size=11)
    np.testing.assert_allclose(3 * own.panels[0].surface.loss, square.panels[0].surface.loss)
    assert own.title.startswith("norm is not convex")


def test_two_draws_are_the_same_to_the_bit():
    one, other = (draw_losses(["focal"], size=11).panels[0].surface for _ in range(2))
    assert one.loss.tobytes() == other.loss.tobytes()
    assert one.curvature.tobytes() == other.curvature.tobytes()


@pytest.mark.parametrize(
    ("losses", "wanted", "said"),
    [
        (["mse", "cross_entropy"], {}, "no axes in common"),
        (["mse:sofmax"], {}, "there is no head 'sofmax'"),
        (["crossentropy"], {}, "cross_entropy"),
        (["mse:softmax"], {"classes": 1}, "two classes or more"),
        (["mse:softmax"], {"size": 1}, "odd number from 3"),
        (["mse:softmax"], {"size": 10}, "odd number from 3"),
        (["mse:softmax"], {"free": (0, 7)}, "variables 0 to 2"),
        (["mse:softmax"], {"free": (0, 0)}, "two different variables"),
        (["mse:softmax"], {"free": [(1.0, 0.0, 0.0), (2.0, 0.0, 0.0)]}, "each other's multiples"),
        (["mse:softmax"], {"free": [(1.0, 0.0)]}, "3 finite numbers"),
        (["mse:softmax"], {"reach": float("nan")}, "a number from 1e-06"),
        (["mse:softmax"], {"reach": -1.0}, "a number from 1e-06"),
        (["mse:softmax"], {"at": (0.0, 1.0)}, "3 variables"),
        (["mse:softmax"], {"target": 3}, "classes 0 to 2"),
        (["mse:softmax"], {"target": 0.5}, "classes 0 to 2"),
        (["hinge"], {"target": 0}, "the labels are -1 and 1"),
        (["mse:softmax"], {"kind": "heatmap"}, "surface, simplex, path, field"),
        (["mse"], {"kind": "field"}, "no field"),
        (["mse:softmax"], {"kind": "simplex", "classes": 4}, "three classes"),
        (["mse:softmax"], {"kind": "path", "free": (0, 1)}, "by itself"),
        (["info_nce"], {"kind": "path"}, "no direction is the wrong one"),
        (["focal"], {"options": {"delta": 1}}, "focal has gamma"),
        (["huber"], {"options": {"delta": -1.0}}, "raises"),
        (["focal"], {"options": {"temperature": 0}}, "above 0"),
        (["huber"], {"options": {"temperature": 2}}, "divides logits"),
        (["focal"], {"slider": "delta=0..1"}, "no such parameter"),
        (["focal"], {"slider": "gamma"}, "NAME=LOW..HIGH"),
        (["focal"], {"slider": "gamma=0..nan"}, "NAME=LOW..HIGH"),
        (["focal"], {"slider": "gamma=2,1"}, "have to increase"),
        (["focal"], {"slider": "gamma=1"}, "2 to 101 values"),
        (["mse:softmax"], {"share": 2.0}, "between 0 and 1"),
        (["mse:softmax"], {"targets": "index"}, "for a loss of your own"),
        (["torch.nn.functional:cross_entropy"], {"head": "softmax"}, "for a loss by name"),
        ([], {}, "name a loss"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(losses, wanted, said):
    with pytest.raises(UsageError) as raised:
        draw_losses(losses, **wanted)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["arcface", "cox", "dice", "gan_hinge", "l1_penalty"])
def test_losses_of_their_own_variables_are_drawn_over_two_of_them(name):
    _drawable(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_loss_of_the_catalogue_is_drawn(name):
    _drawable(name)


def _drawable(name: str) -> None:
    picture = draw_losses([name], size=11)
    surface = picture.panels[0].surface
    assert np.isfinite(surface.loss).any()
    assert picture.title.startswith(surface.name)
    assert picture.scale.low < picture.scale.high
    if "is convex" in picture.title:
        assert not surface.negative.any()


def test_output_reset_of_sigmoids_bends_down_where_exact_second_differences_do():
    """It has sort and amax inside. Central differences of step 1e-3, whose own error is below 1e-6."""
    surface = draw_losses(["output_reset_sigmoid"], size=9).panels[0].surface
    loss, h = drawn(["output_reset_sigmoid"], Request())[0].function, 1e-3
    x, y = surface.x.values[3], surface.y.values[1]
    at = torch.tensor([x, y, 0.0], dtype=torch.float64)
    step = torch.tensor([h, 0.0, 0.0], dtype=torch.float64)
    bend = float(loss(at + step) - 2 * loss(at) + loss(at - step)) / h**2
    assert bend < -1e-3
    assert surface.negative[1, 3]
