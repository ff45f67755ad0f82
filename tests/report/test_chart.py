"""Where a chart puts its points: known data at known pixels."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.report import samples

from lossaudit.report import chart, pictures
from lossaudit.report.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Curve, linear, logarithmic
from lossaudit.result import Series

NAN = math.nan


def points(svg: str) -> list[list[tuple[float, float]]]:
    """The unbroken pieces of all lines."""
    paths = "".join(re.findall(r'<path class="line[^"]*" d="([^"]*)"', svg))
    return [[tuple(map(float, point.split())) for point in piece.split("L")] for piece in paths.split("M") if piece]


def draw(x: list[float], y: list[float], up: chart.Axis) -> str:
    return chart.chart("title", "description", linear("x", 0, 10), up, [Curve("line", x, y, 1)])


def test_corners_of_the_axes_are_corners_of_the_frame() -> None:
    svg = draw([0, 5, 10], [0, 50, 100], linear("y", 0, 100))
    assert points(svg) == [
        [(LEFT, HEIGHT - BOTTOM), ((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2), (WIDTH - RIGHT, TOP)]
    ]


def test_equal_factors_are_equal_steps_on_a_log_axis() -> None:
    up = logarithmic("y", [1e-4, 1.0])
    heights = [y for _, y in points(draw([0, 1, 2, 3, 4], [1e-4, 1e-3, 1e-2, 1e-1, 1], up))[0]]
    assert heights[0] == HEIGHT - BOTTOM
    assert heights[-1] == TOP
    steps = [a - b for a, b in pairwise(heights)]
    assert steps == pytest.approx([(HEIGHT - BOTTOM - TOP) / 4] * 4, abs=0.11)


def test_nan_breaks_the_line_and_a_single_point_is_a_dot() -> None:
    svg = draw([0, 1, 2, 3, 4, 5], [1, 2, NAN, 3, math.inf, 1], linear("y", 0, 4))
    assert [len(piece) for piece in points(svg)] == [2]
    dots = re.findall(r'<circle[^>]*cx="([\d.]+)"', svg)
    across = linear("x", 0, 10)
    assert [float(x) for x in dots] == pytest.approx([chart.x_pixel(across, 3), chart.x_pixel(across, 5)], abs=0.06)


def test_zero_on_a_log_axis_lies_at_the_floor_and_is_said() -> None:
    series = Series(step=(1, 2, 3), median=(1.0, 0.1, 0.0), low=(1.0, 0.01, 1e-30))
    figure = pictures.ratios(series)
    assert points(figure)[0][-1][1] == HEIGHT - BOTTOM
    assert "zero too, are drawn at the lower edge" in figure
    assert "lower edge" not in pictures.ratios(Series(step=(1, 2), median=(1.0, 0.1), low=(1.0, 0.01)))


def test_the_stuck_line_is_at_one_percent() -> None:
    measured = samples.response()
    figure = pictures.response(measured, "softmax + MSELoss")
    mark = float(re.search(r'<line class="mark"[^>]*y1="([\d.]+)"', figure).group(1))
    up = logarithmic("", (*measured.ratio, *measured.reference, 0.001))
    assert mark == pytest.approx(chart.y_pixel(up, 0.01), abs=0.06)
    crossing = next(gap for gap, ratio in zip(measured.gap, measured.ratio, strict=True) if ratio < 0.01)
    assert f"From a gap of {crossing:g} on, under 1 % of its gradient is left" in figure


def test_cross_entropy_keeps_its_gradient() -> None:
    measured = samples.fixed().pairings[0].response
    assert "More than 1 % of its gradient is left up to a gap of 20." in pictures.response(measured, "cross-entropy")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=400), st.integers(1, 20))
def test_thinning_keeps_ends_extremes_and_gaps(values: list[float], buckets: int) -> None:
    kept = chart.thin(values, buckets)
    assert kept == sorted(set(kept))
    assert kept[0] == 0
    assert kept[-1] == len(values) - 1
    assert len(kept) <= 3 * buckets + 2
    finite = [value for value in values if math.isfinite(value)]
    shown = [values[i] for i in kept if math.isfinite(values[i])]
    if finite:
        assert (min(shown), max(shown)) == (min(finite), max(finite))
    assert all(map(math.isfinite, values)) == all(math.isfinite(values[i]) for i in kept)


@example(0.8515625, 0.09375, [0.0, 1.0])
@example(0.0, 5e-324, [0.0, 1.0])
@example(-1.7e308, 1.7e308, [0.0, 1.0])
@example(1e16, 1.0, [0.0, 1.0])
@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_a_linear_axis_is_monotone_and_its_ticks_lie_on_it(low: float, width: float, shares: list[float]) -> None:
    axis = linear("", low, low + width)
    assert axis.low < axis.high
    at = [axis.at(low + width * share) for share in sorted(shares)]
    assert at == sorted(at)
    assert 0 <= at[0] <= at[-1] <= 1
    slack = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - slack <= value <= axis.high + slack for value, _ in axis.ticks)
    assert 2 <= len(axis.ticks) <= 5
    assert len({label for _, label in axis.ticks}) == len(axis.ticks) or width < 1e-2 * abs(low)


@example([5e-324])
@example([1.7e308])
@example([5e-324, 1.7e308])
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=6))
def test_a_log_axis_takes_anything(values: list[float]) -> None:
    axis = logarithmic("", values)
    assert 0 < axis.low < axis.high
    assert len({label for _, label in axis.ticks}) == len(axis.ticks) >= 2
    positive = sorted(value for value in values if 0 < value < math.inf)
    at = [axis.at(value) for value in positive]
    assert at == sorted(at)
    if positive:
        assert axis.high >= min(positive[-1], 1e300) * (1 - 1e-9)


def test_names_of_lines_do_not_overlap_and_stay_inside() -> None:
    curves = [
        Curve(label, (0, 1), (0.0, 0.0), 1 + k)
        for k, label in enumerate(("confidently wrong", "stuck", "10th percentile"))
    ]
    svg = chart.chart("t", "d", linear("x", 0, 1), linear("y", 0, 1), curves)
    heights = [float(y) for y in re.findall(r'<text class="k\d" x="[\d.]+" y="([\d.]+)"', svg)]
    assert len(heights) == 5
    assert all(b - a >= 14 for a, b in pairwise(heights))
    assert max(heights) <= HEIGHT - BOTTOM + 14


def test_a_picture_is_told_to_those_who_cannot_see_it() -> None:
    svg = pictures.shares(samples.slow())
    assert 'role="img"' in svg
    assert "<title>Shares of samples over the run</title>" in svg
    assert "<desc>Last measured: 19 % accuracy" in svg


@pytest.mark.parametrize("high", [1.0, 0.1])
def test_a_short_axis_has_ticks_whatever_the_rounding(high: float) -> None:
    low = high - 0.0005  # a fifth of it is a little less than a power of ten
    assert 1 <= len(linear("", low, high, most=5).ticks) <= 5
