"""Where things stand on a map."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.report.landscape.odd import simplex

from lossaudit.landscape import simplex as simplices
from lossaudit.landscape.picture import Coordinate, Mark, MarkKind, Panel, Picture, Scale, Surface
from lossaudit.report.landscape.places import (
    SIZE,
    Area,
    Room,
    arrows,
    isolines,
    joined,
    longest_arrow,
    place_mark,
    within,
)

LINE = Coordinate("x", np.linspace(-2.0, 2.0, 9))


def ramp(**more: object) -> Surface:
    """The loss 3 + x, whose isolines are upright and whose gradient is (1, 0)."""
    x, _ = np.meshgrid(LINE.values, LINE.values)
    return Surface("ramp", LINE, LINE, 3 + x, **more)


def test_the_middle_node_is_in_the_middle_and_y_points_up() -> None:
    area = Area.of(ramp(), simplex=False)
    assert area.at(0, 0) == (SIZE / 2, SIZE / 2)
    assert area.at(0, 1)[1] < SIZE / 2 < area.at(1, 0)[0]
    assert area.corner(0, 0) == (0, 0)
    assert area.corner(1, 1) == (SIZE, SIZE)


def test_isolines_of_a_ramp_are_where_it_has_the_value_of_the_label() -> None:
    area = Area.of(ramp(), simplex=False)
    lines = isolines(ramp(), area, Scale("loss", 0.0, 4.0))
    assert [label for label, pieces in lines if pieces] == ["1", "2", "3", "4"]
    for label, pieces in lines:
        for piece in pieces:
            assert piece[:, 0] == pytest.approx(area.at(float(label) - 3, 0)[0])


def test_no_isoline_beside_a_hole() -> None:
    surface = ramp()
    surface.loss[:, 4] = np.nan
    lines = dict(isolines(surface, Area.of(surface, simplex=False), Scale("loss", 0.0, 4.0)))
    assert not lines["3"]
    assert lines["2"]


def test_a_simplex_has_equal_sides_and_its_matrix_maps_pixels_there() -> None:
    surface = simplex().panels[0].surface
    area = Area.of(surface, simplex=True)
    sides = [np.hypot(p[0] - q[0], p[1] - q[1]) for p, q in itertools.combinations(area.triangle, 2)]
    assert sides == pytest.approx([SIZE] * 3)
    a, b, c, d, e, f = area.matrix
    for column, row in itertools.product((0.0, 0.3, 1.0), repeat=2):
        x, y = column * SIZE, row * SIZE
        assert (a * x + c * y + e, b * x + d * y + f) == pytest.approx(area.corner(column, row))
    known = ~np.isnan(simplices.probabilities(surface.x, surface.y)[..., 0])
    assert (within(surface, simplex=True) == known).all()
    assert [area.at(x, y) for x, y in simplices.CORNERS] == [pytest.approx(corner) for corner in area.triangle]


def test_arrows_point_uphill_around_their_nodes() -> None:
    gradient = np.zeros((9, 9, 2))
    gradient[..., 0] = 1.0
    surface = ramp(arrows=gradient)
    area = Area.of(surface, simplex=False)
    drawn = arrows(surface, area, longest_arrow([surface]))
    assert len(drawn) == 81
    middles = {area.at(float(x), float(y)) for x in LINE.values for y in LINE.values}
    for x, y, to_x, to_y in drawn:
        assert to_x > x
        assert to_y == y
        assert ((x + to_x) / 2, y) in middles


def test_no_arrow_where_there_is_no_gradient() -> None:
    flat = ramp(arrows=np.zeros((9, 9, 2)))
    assert longest_arrow([flat]) == 0
    assert arrows(flat, Area.of(flat, simplex=False), 0.0) == []


def test_labels_cover_neither_each_other_nor_marks() -> None:
    room, area = Room(SIZE, SIZE), Area.of(ramp(), simplex=False)
    marks = [Mark(MarkKind.MINIMUM, "minimum", np.array([[x, 0.0]])) for x in np.linspace(-2, 2, 7)]
    placed = [place_mark(mark, area, room) for mark in marks]
    spots = [each.label(room) for each in placed]
    assert sum(spot is not None for spot in spots) >= 4
    for one, other in itertools.combinations(room.taken[len(marks) :], 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_points_outside_are_not_shown() -> None:
    area = Area.of(ramp(), simplex=False)
    outside = Mark(MarkKind.CENTRE, "far", np.array([[50.0, 0.0], [np.nan, 0.0]]))
    placed = place_mark(outside, area, Room(SIZE, SIZE))
    assert placed.symbols == []
    assert placed.label(Room(SIZE, SIZE)) is None


def test_where_a_minimum_is_the_centre_there_is_one_mark_with_both_names() -> None:
    centre = Mark(MarkKind.CENTRE, "the model", np.zeros((1, 2)))
    minima = Mark(MarkKind.MINIMUM, "minimum", np.array([[1.0, 1.0], [0.0, 1e-9]]), np.array([2.0, 1.0]))
    alone = Mark(MarkKind.MINIMUM, "minimum", np.zeros((1, 2)))
    panels = tuple(Panel((ramp(marks=(centre, each)),)) for each in (minima, alone))
    both, one = joined(Picture("two", (), panels, Scale("loss", 0, 1))).panels
    met, left = both.surface.marks
    assert met.label == one.surface.marks[0].label == "the model, minimum"
    assert left.points.tolist() == [[1.0, 1.0]]
    assert left.loss is not None
    assert left.loss.tolist() == [2.0]
    assert len(one.surface.marks) == 1
