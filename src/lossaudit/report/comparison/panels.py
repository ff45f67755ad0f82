"""Small multiples: one small chart for each loss, all with the same axes, so that any number of losses stays readable.

Curves over the epochs have the reference behind them. Learning rates have the score of each, and the choice marked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from lossaudit.comparison import Comparison, Contestant, Curve, Tried
from lossaudit.report import chart
from lossaudit.report.chart import Axis, Frame, x_pixel, y_pixel
from lossaudit.report.comparison import words
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.wording import count, one_line

FRAME = Frame(width=300, height=190, left=54, right=16, top=26, bottom=40)
OWN = "training loss"  # the curve that has another unit under each loss
_SCORE = "score"  # the curve that rates are chosen by
_LOG = 30  # a curve of positive values that span more than this factor has a log axis
_HIDDEN = 0.4  # later values that fill less than this share of the axis have an axis of their own
_ROOM, _TICKS = 1.6, 6  # of a log axis: factor beside the outermost values, and values that are all written out
_MARGIN = 0.05  # of a linear axis, above and below what is shown


def curves(comparison: Comparison, name: str) -> Markup:
    """A figure for each loss that has this curve: mean and range over the seeds, the reference, and what diverged."""
    shown = [each for each in comparison.contestants if each.curves.get(name)]
    found = [curve.values for each in shown for curve in each.curves[name]]
    last = max(map(len, found), default=1) - 1
    across = chart.linear("epoch", 0, max(last, 1))
    if name == OWN:
        note = "The values of different losses are not comparable: each has an axis of its own."
        return join(tag("p", note, class_="note"), _grid(_alone(each, name, comparison, across) for each in shown))
    up, cut = _axis_of(name, found)
    reference = next((each for each in shown if each.name == comparison.reference), None)
    note = tag("p", cut, class_="note") if cut else EMPTY
    return join(note, _grid(_curve(each, name, reference, comparison, across, up) for each in shown))


def _alone(contestant: Contestant, name: str, comparison: Comparison, across: Axis) -> Markup:
    """A curve with an axis of its own, and no reference."""
    values = [value for curve in contestant.curves[name] for value in curve.values]
    return _curve(contestant, name, None, comparison, across, axis(name, values, percent=False))


def _late(found: Sequence[Sequence[float]]) -> list[float]:
    """All values after the first third of the epochs."""
    return [value for values in found for value in values[len(values) // 3 :]]


def _axis_of(name: str, found: Sequence[Sequence[float]]) -> tuple[Axis, str]:
    """The vertical axis, and what has to be said of it: it is cut where the start would hide all that follows."""
    share = "accuracy" in name
    whole = axis(name, [value for values in found for value in values], percent=share)
    late = axis(name, _late(found), percent=share)
    if whole.log or late.log or late.high - late.low > _HIDDEN * (whole.high - whole.low):
        return whole, ""
    return late, "The vertical axis shows the values from the first third on: earlier ones lie outside."


def names(comparison: Comparison) -> tuple[str, ...]:
    """Of the curves that any loss has, that of the training last; the score only where nothing else is like it."""
    found = dict.fromkeys(name for each in comparison.contestants for name, of in each.curves.items() if of)
    if any(name.startswith("validation") for name in found):
        found.pop(_SCORE, None)
    return tuple(sorted(found, key=OWN.__eq__))


def _curve(
    contestant: Contestant, name: str, reference: Contestant | None, comparison: Comparison, across: Axis, up: Axis
) -> Markup:
    own = contestant.curves[name]
    mean = _mean(own)
    lines = [_line(mean, 1, up)]
    if reference is not None and reference is not contestant:
        other = _mean(reference.curves[name])
        lines.insert(0, _line(other, 2, up))
    broken = [each for each in own if not all(map(math.isfinite, each.values))]
    behind = [_band(own, across, up)]
    if broken:
        behind += [_thin(each, across, up) for each in own]
        behind += [_cross(each, across, up) for each in broken]
    said = _description(contestant, name, own, broken, up)
    drawn = chart.chart(f"{one_line(contestant.name)}: {name}", said, across, up, lines, join(*behind), FRAME)
    more = ", ".join(filter(None, (f"rate {words.rate(contestant)}", words.state(contestant, comparison))))
    return _figure(contestant, comparison, more, drawn)


def _mean(found: Sequence[Curve]) -> list[float]:
    """Over the seeds, where all of them are numbers."""
    size = max(len(each.values) for each in found)
    rows = [[*each.values, *([math.nan] * (size - len(each.values)))] for each in found]
    return [sum(values) / len(values) for values in zip(*rows, strict=True)]


def _line(values: Sequence[float], look: int, up: Axis) -> chart.Curve:
    """From where it enters the axis."""
    start = _start(values, up)
    return chart.Curve("", range(start, len(values)), values[start:], look)


def _start(values: Sequence[float], up: Axis) -> int:
    """The epoch before the first that lies on the axis; after the last where none does."""
    return max(next((t for t, value in enumerate(values) if up.low <= value <= up.high), len(values) + 1) - 1, 0)


def _band(found: Sequence[Curve], across: Axis, up: Axis) -> Markup:
    """From the lowest to the highest seed, as far as all are numbers."""
    mean = _mean(found)
    size = next((t for t, value in enumerate(mean) if not math.isfinite(value)), len(mean))
    if len(found) < 2 or size < 2:
        return EMPTY
    low = [min(each.values[t] for each in found) for t in range(size)]
    high = [max(each.values[t] for each in found) for t in range(size)]
    there = [_point(t, high[t], across, up) for t in chart.thin(high)]
    back = [_point(t, low[t], across, up) for t in reversed(chart.thin(low))]
    return tag("path", class_="band", d=f"M{'L'.join([*there, *back])}Z")


def _thin(curve: Curve, across: Axis, up: Axis) -> Markup:
    """One seed, as far as it goes."""
    start, end = _start(curve.values, up), _end(curve)
    if end <= start:
        return EMPTY
    points = [_point(start + t, curve.values[start + t], across, up) for t in chart.thin(curve.values[start : end + 1])]
    return tag("path", class_="thin", d=f"M{'L'.join(points)}")


def _cross(curve: Curve, across: Axis, up: Axis) -> Markup:
    """Where a seed ended."""
    end = _end(curve)
    if end < 0:
        return EMPTY
    return cross(x_pixel(across, end, FRAME), y_pixel(up, curve.values[end], FRAME))


def cross(x: float, y: float) -> Markup:
    """What marks the end of a diverged run."""
    return tag("path", class_="cross", d=f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8")


def _end(curve: Curve) -> int:
    """The last epoch before the first that is no number."""
    return next((t for t, value in enumerate(curve.values) if not math.isfinite(value)), len(curve.values)) - 1


def _point(t: float, value: float, across: Axis, up: Axis) -> str:
    return f"{x_pixel(across, t, FRAME):.1f} {y_pixel(up, value, FRAME):.1f}"


def _description(contestant: Contestant, name: str, own: Sequence[Curve], broken: Sequence[Curve], up: Axis) -> str:
    """What the picture shows, for those who do not see it."""
    mean = [value for value in _mean(own) if math.isfinite(value)]
    ends = f"{name}, mean over {count(len(own), 'seed')}: from {mean[0]:.4g} to {mean[-1]:.4g}" if mean else name
    return f"{ends}; {count(len(broken), 'seed')} diverged" if broken else ends


def rates(comparison: Comparison) -> Markup:
    """A figure for each loss: what each learning rate reached on validation data, and which one was chosen."""
    shown = [each for each in comparison.contestants if each.tried]
    tried = [each.rate for contestant in shown for each in contestant.tried]
    scores = [each.score for contestant in shown for each in contestant.tried]
    if not tried:
        return EMPTY
    decides = comparison.measures[0].percent if comparison.measures else False
    up = axis("score on validation data", scores, percent=decides)
    return _grid(_rates(each, comparison, decades("learning rate", tried), up) for each in shown)


def decades(name: str, values: Sequence[float]) -> Axis:
    """A log axis with a little room on both sides of the outermost values; a tick for every decade, or every value."""
    low, high = min(values) / _ROOM, max(values) * _ROOM
    ticks = tuple(each for each in chart.logarithmic(name, values).ticks if low <= each[0] <= high)
    few = sorted(set(values))
    if len(few) <= _TICKS and all(above > _ROOM * below for below, above in pairwise(few)):
        ticks = tuple((value, words.number(value) if value < 1 else f"{value:,.6g}") for value in few)
    return Axis(name, low, high, ticks, log=True)


def _rates(contestant: Contestant, comparison: Comparison, across: Axis, up: Axis) -> Markup:
    tried = contestant.tried
    line = chart.Curve("", [each.rate for each in tried], [each.score for each in tried], 1)
    floor = FRAME.height - FRAME.bottom
    marks: list[Markup] = []
    for each in tried:
        x = round(x_pixel(across, each.rate, FRAME), 1)
        if each.rate == contestant.rate:
            marks.append(tag("line", class_="mark", x1=x, x2=x, y1=FRAME.top, y2=floor))
            left = x > FRAME.width * 2 / 3
            at = {"x": x - 5 if left else x + 5, "y": floor - 6, "text_anchor": "end" if left else None}
            marks.append(tag("text", words.number(each.rate), **at))
        if math.isfinite(each.score):
            size = 5 if each.rate == contestant.rate else 2.5
            marks.append(tag("circle", class_="k1", cx=x, cy=round(y_pixel(up, each.score, FRAME), 1), r=size))
        else:
            marks.append(cross(x, floor - 8))
    name = one_line(contestant.name)
    drawn = chart.chart(
        f"{name}: choice of the learning rate", _chosen(tried), across, up, (line,), join(*marks), FRAME
    )
    return _figure(contestant, comparison, _warned(contestant), drawn, warn=contestant.at_edge)


def _chosen(tried: Sequence[Tried]) -> str:
    parts = [
        f"{words.number(each.rate)}: " + (f"{each.score:.4g}" if math.isfinite(each.score) else "diverged")
        for each in tried
    ]
    return f"score at each learning rate: {', '.join(parts)}"


def _warned(contestant: Contestant) -> str:
    if math.isnan(contestant.rate):
        return "none chosen"
    if not contestant.at_edge:
        return f"chosen: {words.number(contestant.rate)}"
    end = "larger" if contestant.rate >= max(each.rate for each in contestant.tried) else "smaller"
    return f"chosen: {words.number(contestant.rate)}, the outermost that was tried: a {end} one may be better"


def _figure(contestant: Contestant, comparison: Comparison, more: str, drawn: Markup, *, warn: bool = False) -> Markup:
    role = " (reference)" if contestant.name == comparison.reference else ""
    name = tag("b", words.cut(contestant.name, 40), role)
    return tag(
        "figure",
        tag("figcaption", name, tag("br"), tag("span", more, class_="note warning" if warn else "note")),
        drawn,
    )


def others(lines: Iterable[chart.Curve], across: Axis, up: Axis) -> Markup:
    """Lines behind a line, so that it can be compared with them."""
    parts: list[Markup] = []
    for line in lines:
        there = [(x, y) for x, y in zip(line.x, line.y, strict=True) if math.isfinite(y)]
        if not there:
            continue
        parts.append(tag("path", class_="other", d=f"M{'L'.join(_point(x, y, across, up) for x, y in there)}"))
    return join(*parts)


def _grid(figures: Iterable[Markup]) -> Markup:
    return tag("div", *figures, class_="panels")


def axis(name: str, values: Sequence[float], *, percent: bool) -> Axis:
    """The same vertical axis for all losses: in percent for shares, logarithmic where values span decades."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if percent and 0 <= low <= high <= 1:
        margin = _MARGIN * max(high - low, 0.01)
        whole = chart.linear(name, max(low - margin, 0), min(high + margin, 1), most=5)
        return Axis(name, whole.low, whole.high, tuple((value, f"{100 * value:.4g} %") for value, _ in whole.ticks))
    if low > 0 and high > _LOG * low:
        return chart.logarithmic(f"{name} (log)", finite)
    margin = _MARGIN * (high - low)
    return chart.linear(name, low - margin, high + margin, most=5)
