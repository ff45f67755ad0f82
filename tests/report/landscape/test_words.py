"""Pictures in words."""

from __future__ import annotations

import numpy as np
import pytest
from tests.report.landscape.made import curves, sliding, three
from tests.report.landscape.odd import ALL, holes, marked_curves, path, simplex

from lossaudit.landscape import simplex as simplices
from lossaudit.landscape.picture import Coordinate, Panel, Picture, Scale, Surface
from lossaudit.report.landscape.words import by_end, facts, words

EVERY = {"three": three, "curves": curves, "sliding": sliding, **ALL}


@pytest.mark.parametrize("name", EVERY)
def test_every_picture_fits_a_terminal(name: str) -> None:
    picture = EVERY[name]()
    said = words(picture)
    assert " ".join(said.split()).startswith(" ".join(picture.title.split()))
    assert max(map(len, said.splitlines())) <= 80
    assert "\x1b" not in said


def test_plain_ascii_where_the_picture_is() -> None:
    assert words(three(), ascii=True).isascii()


def test_what_is_negative_and_how_it_is_known() -> None:
    entropy, squared, _ = (facts(panel) for panel in three().panels)
    assert "negative curvature: nowhere on the nodes (by second differences)" in entropy
    surface = three().panels[1].surface
    share = round(100 * float((surface.curvature < -1e-6).mean()))
    assert f"negative curvature: {share} % of the nodes (by second differences)" in squared


def test_shares_are_of_the_nodes_that_have_a_value() -> None:
    line = Coordinate("x", np.arange(4.0))
    surface = Surface(
        "half", line, None, np.array([1.0, 2.0, np.nan, np.nan]), plateau=np.array([True, False, False, False])
    )
    assert facts(Panel((surface,))) == ["loss from 1 to 2 over 4 nodes, 2 not a number", "plateau: 50 % of the nodes"]


def test_holes_infinities_and_constants_are_said() -> None:
    said = words(holes())
    assert "24 not a number and 2" in said
    assert "loss 0.3 throughout over 21 x 21 nodes" in said
    assert "no value of the loss is finite" in said


def test_a_path_has_its_true_loss_and_its_distance() -> None:
    said = facts(path().panels[0])
    assert any("true loss from 9 to 0.1" in each and "at most 0.4 off the plane" in each for each in said)
    assert "largest held-out interpolation error: 0.31 % of the range" in said
    assert "95 % band of sub-sampling: at most +/- 0.03" in said
    assert "27 % of the nodes were computed, the others were interpolated" in said  # 121 of 441


def test_a_witness_has_its_chord() -> None:
    said = facts(three().panels[1])
    assert any("loss 0.6, 0.5, 0.2; the chord is at 0.4 in the middle" in each for each in said)


def test_nodes_beside_a_simplex_are_not_counted() -> None:
    surface = simplex().panels[0].surface
    inside = int((~np.isnan(simplices.probabilities(surface.x, surface.y)[..., 0])).sum())
    assert f"over {inside} nodes, 4 not a number" in words(simplex())


def test_the_slider_says_which_frame_is_seen() -> None:
    said = words(sliding())
    assert "focal loss, focal gamma = 2" in said
    assert "one of 6 frames over focal gamma, 0 to 5" in said


def test_high_values_are_dark_letters_and_the_y_axis_points_up() -> None:
    x, y = (Coordinate(name, np.linspace(0, 1, 24)) for name in "xy")
    loss = np.repeat(np.linspace(0, 1, 24)[:, None], 24, 1)
    picture = Picture("up", (), (Panel((Surface("up", x, y, loss),)),), Scale("loss", 0.0, 1.0))
    rows = words(picture, ascii=True).splitlines()
    assert rows.index("#" * 24) < rows.index("." * 24)


def test_curves_are_named_in_the_order_of_their_ends() -> None:
    panels = marked_curves().panels
    assert [panels[k].surface.name for k in by_end(panels)] == [
        "cross-entropy on softmax",
        "mean squared error on softmax",
    ]
