"""A reliability diagram: how often what was said came true, with its interval, and how many samples said it."""

from __future__ import annotations

from lossaudit.report.chart import BOTTOM, HEIGHT, LEFT, Axis, Curve, chart, x_pixel, y_pixel
from lossaudit.report.markup import Markup, join, tag
from lossaudit.report.wording import count, figure, percent
from lossaudit.result import Bin, Calibration

_TICKS = tuple((k / 4, f"{25 * k} %") for k in range(5))
_TALLEST = 34  # pixels of the bar of the fullest bin


def diagram(measured: Calibration, split: str) -> Markup:
    """The figure for one part of the data."""
    across = Axis(f"probability of {measured.of}", 0, 1, _TICKS)
    up = Axis("share in which it came true", 0, 1, _TICKS)
    bins = measured.bins
    curve = Curve(split, [each.said for each in bins], [each.came for each in bins], 1)
    reading = sentence(measured)
    behind = join(_counts(across, bins), _diagonal(across, up), *(_interval(across, up, each) for each in bins))
    fullest = max(each.count for each in bins)
    return tag(
        "figure",
        tag(
            "figcaption",
            tag("b", f"Reliability, {split}."),
            f" {reading} Points on the dotted line are calibrated; lines through them are 95 % intervals. "
            f"Bars: samples in the bin, {fullest:,} in the tallest.",
        ),
        chart(f"Reliability, {split}", reading, across, up, (curve,), behind),
    )


def sentence(measured: Calibration) -> str:
    """The expected calibration error in words, with what chance alone would make of it."""
    low, high = (figure(end, 2) for end in measured.interval)
    error = f"Expected calibration error {figure(measured.error, 2)} (95 % interval {low} to {high})"
    if measured.error <= measured.by_chance:
        samples = count(measured.samples, "sample")
        return (
            f"{error}: on {samples} a calibrated model is as far off by chance (up to {figure(measured.by_chance, 2)})."
        )
    off = measured.said - measured.came
    if 2 * abs(off) < measured.error:
        way = "too sure in places, not sure enough in others"
    else:
        way = "too sure" if off > 0 else "not sure enough"
    return f"{error}: {way}; it says {percent(measured.said)} on average, and {percent(measured.came)} comes true."


def _diagonal(across: Axis, up: Axis) -> Markup:
    x1, x2 = (round(x_pixel(across, end), 1) for end in (0, 1))
    y1, y2 = (round(y_pixel(up, end), 1) for end in (0, 1))
    return tag("line", class_="mark", x1=x1, x2=x2, y1=y1, y2=y2, stroke_dasharray="2 4")


def _interval(across: Axis, up: Axis, each: Bin) -> Markup:
    x = round(x_pixel(across, each.said), 1)
    low, high, y = (round(y_pixel(up, value), 1) for value in (each.came_low, each.came_high, each.came))
    return join(
        tag("line", class_="k1", x1=x, x2=x, y1=low, y2=high, stroke_width=1.2),
        tag("circle", class_="k1", cx=x, cy=y, r=3),
    )


def _counts(across: Axis, bins: tuple[Bin, ...]) -> Markup:
    """Bars along the lower edge."""
    fullest = max(each.count for each in bins)
    bars: list[Markup] = []
    for each in bins:
        x, end = x_pixel(across, each.low) + 1, x_pixel(across, each.high) - 1
        height = max(1.0, _TALLEST * each.count / fullest)
        y = HEIGHT - BOTTOM - height
        bars.append(
            tag(
                "rect",
                class_="bar",
                x=round(max(x, LEFT), 1),
                y=round(y, 1),
                width=round(end - x, 1),
                height=round(height, 1),
            )
        )
    return join(*bars)
