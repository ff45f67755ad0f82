"""Pixels and outlines against an independent decoder and against areas."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lossaudit.landscape.picture import Coordinate
from lossaudit.report.landscape.colours import MAP
from lossaudit.report.landscape.raster import Pixels, data_uri, outline

image = pytest.importorskip("matplotlib.image")


def test_a_png_reader_finds_the_colours_of_the_map_and_transparent_holes() -> None:
    levels = np.array([[0.0, 0.5, 1.0], [np.nan, 0.25, 0.75]])
    data = base64.b64decode(data_uri(levels).removeprefix("data:image/png;base64,"))
    read = image.imread(io.BytesIO(data))
    assert read.shape == (2, 3, 4)
    assert (read[..., 3] == (~np.isnan(levels))).all()
    wanted = np.array(MAP)[np.round(np.nan_to_num(levels) * 255).astype(int)] / 255
    known = ~np.isnan(levels)
    assert np.abs(read[..., :3] - wanted)[known].max() < 0.02


@settings(deadline=None, max_examples=60)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.booleans()))
def test_an_outline_encloses_as_many_cells_as_the_region_has(where: np.ndarray) -> None:
    enclosed = 0.0
    for loop in outline(where):
        x, y = np.array(loop).T
        enclosed += float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
        steps = np.abs(np.array(loop) - np.roll(loop, -1, axis=0))
        assert ((steps == 0).sum(1) == 1).all()  # only along the grid
    assert enclosed == where.sum()


def test_uneven_nodes_are_shown_by_the_nearest_one() -> None:
    x = Coordinate("x", np.array([0.0, 1.0, 10.0]))
    shown = Pixels.of(x, Coordinate("y", np.array([0.0]))).of_array(np.array([[1, 2, 3]]))[0]
    low, high = -0.5, 14.5
    centres = low + (np.arange(len(shown)) + 0.5) * (high - low) / len(shown)
    assert shown.tolist() == [1 + int(np.abs(x.values - c).argmin()) for c in centres]


def test_even_nodes_have_a_pixel_each_and_the_largest_y_comes_first() -> None:
    line = Coordinate("x", np.linspace(-1, 1, 5))
    grid = np.arange(25).reshape(5, 5)
    assert (Pixels.of(line, line).of_array(grid) == grid[::-1]).all()
