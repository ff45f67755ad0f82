"""The pictures of a report: the gradient response and what was measured over a run, each with a reading."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lossaudit.card import GradientResponse
from lossaudit.report.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Axis,
    Curve,
    chart,
    linear,
    logarithmic,
    x_pixel,
    y_pixel,
)
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.wording import figure, percent
from lossaudit.result import Series
from lossaudit.verdict import Witness

STUCK = 0.01  # of the norm at uniform logits, as DESIGN.md defines it

_SHARE = Axis("share of samples", 0, 1, tuple((k / 4, f"{25 * k} %") for k in range(5)))


def response(measured: GradientResponse, loss: str) -> Markup:
    """The gradient on the path to "confident and wrong", or far from a number, beside the loss of reference."""
    of_numbers = measured.unit != 0
    relative = f"to a gap of {measured.unit:g}" if of_numbers else "to uniform logits"
    up = logarithmic(f"gradient, relative {relative}", (*measured.ratio, *measured.reference, STUCK / 10))
    name = "raw output minus the best one" if of_numbers else "wrong logit minus true logit (nats)"
    across = linear(name, min(measured.gap), max(measured.gap))
    reading = _reading_of_numbers(measured) if of_numbers else _reading(measured)
    curves = (
        Curve(measured.against, measured.gap, measured.reference, 1),
        Curve("this loss", measured.gap, measured.ratio, 2),
    )
    title = f"Gradient response of {loss} beside {measured.against}"
    heading = "by how far off it is." if of_numbers else "by how confident the mistake is."
    return _figure(
        chart(title, reading, across, up, curves, EMPTY if of_numbers else _stuck(up)),
        f"How hard a wrong sample is pushed, {heading}",
        reading,
        _floor_note(up, measured.ratio, measured.reference),
        _gap_note(measured.ratio, measured.reference),
    )


def _stuck(up: Axis) -> Markup:
    """The zone in which a mistake stays."""
    y, right = round(y_pixel(up, STUCK), 1), WIDTH - RIGHT
    return join(
        tag("rect", class_="zone", x=LEFT, y=y, width=right - LEFT, height=round(HEIGHT - BOTTOM - y, 1)),
        tag("line", class_="mark", x1=LEFT, x2=right, y1=y, y2=y),
        tag("text", "stuck: under 1 %", x=LEFT + 6, y=HEIGHT - BOTTOM - 6),
    )


def _reading(measured: GradientResponse) -> str:
    """What the picture of a response shows, in a sentence."""
    under = [gap for gap, ratio in zip(measured.gap, measured.ratio, strict=True) if ratio < STUCK]
    if not under:
        return f"More than 1 % of its gradient is left up to a gap of {figure(max(measured.gap))}."
    alive = max((gap for gap in measured.gap if gap not in under), default=-math.inf)
    dead = [gap for gap in under if gap > alive]
    if not dead:
        return f"Under 1 % of its gradient is left at a gap of {figure(min(under))}; it recovers beyond."
    return f"From a gap of {figure(min(dead))} on, under 1 % of its gradient is left: there a mistake stays."


def _reading_of_numbers(measured: GradientResponse) -> str:
    own, other = (figure(values[-1], 2) for values in (measured.ratio, measured.reference))
    return (
        f"At a gap of {figure(measured.gap[-1])} its gradient is {own} times that at {measured.unit:g}; "
        f"the {measured.against}'s is {other} times."
    )


def shares(series: Series) -> Markup:
    """Accuracy, confidently wrong and stuck over a run."""
    curves = (
        Curve("accuracy", series.step, series.accuracy, 1),
        Curve("confidently wrong", series.step, series.confidently_wrong, 2),
        Curve("stuck", series.step, series.stuck, 3),
    )
    ends = [f"{percent(value)} {name}" for name, value in _ends(curves)]
    reading = f"Last measured: {', '.join(ends)}." if ends else ""
    return _figure(
        chart("Shares of samples over the run", reading, _steps(series), _SHARE, curves),
        "Right, confidently wrong, stuck.",
        reading,
        "Stuck: wrong, with under 1 % of this loss's gradient at uniform logits where cross-entropy keeps over half.",
        _gap_note(*(curve.y for curve in curves)),
    )


def loss(series: Series) -> Markup:
    """The loss over a run; on a log axis when it falls by more than a factor of 100."""
    finite = list(filter(math.isfinite, series.loss)) or [0.0]
    low, high = min(finite), max(finite)
    up = logarithmic("loss (log)", finite) if 0 < 100 * low < high else linear("loss", min(low, 0.0), high)
    reading = f"From {figure(finite[0], 3)} to {figure(finite[-1], 3)}."
    curve = Curve("loss", series.step, series.loss, 1)
    picture = chart("Loss over the run", reading, _steps(series), up, (curve,))
    return _figure(picture, "The loss, as the program computed it.", reading, _gap_note(series.loss))


def ratios(series: Series) -> Markup:
    """Median and 10th percentile of the per-sample gradient over a run."""
    up = logarithmic("gradient, relative to uniform logits", (*series.median, *series.low, 1.0))
    curves = (
        Curve("median", series.step, series.median, 1),
        Curve("10th percentile", series.step, series.low, 2),
    )
    ends = [f"{name} {figure(value, 2)}" for name, value in _ends(curves)]
    reading = f"Last measured: {', '.join(ends)}." if ends else ""
    return _figure(
        chart("Gradient per sample over the run", reading, _steps(series), up, curves),
        "How hard each sample still pulls.",
        reading,
        "Small is right for samples that are right, and wrong for the others.",
        _floor_note(up, series.median, series.low),
        _gap_note(series.median, series.low),
    )


def accuracies(before: Series, after: Series) -> Markup:
    """Accuracy of two runs, as the program is and with the fix."""
    steps = (*before.step, *after.step)
    across = linear("backward pass", 0, max(steps))
    curves = (
        Curve("with the fix", after.step, after.accuracy, 1),
        Curve("as it is", before.step, before.accuracy, 2),
    )
    ends = [f"{name} {percent(value)}" for name, value in _ends(curves)]
    reading = f"Last measured: {', '.join(ends)}."
    picture = chart("Accuracy with and without the fix", reading, across, _SHARE, curves)
    return _figure(picture, "Accuracy on the training batches.", reading, _gap_note(before.accuracy, after.accuracy))


def chord(witness: Witness) -> Markup:
    """The three points of a counterexample: the loss, and the chord that a convex one would stay below."""
    at_a, at_midpoint, at_b = witness.values
    up = linear("loss", min(0.0, *witness.values), max(witness.values))
    across = Axis("from a to b", 0, 1, ((0, "a"), (0.5, "midpoint"), (1, "b")))
    mean = (at_a + at_b) / 2
    curves = (Curve("chord", (0, 1), (at_a, at_b), 1), Curve("loss", (0, 0.5, 1), witness.values, 2))
    dots = [tag("circle", class_="k2", cx=_x(across, k / 2), cy=_y(up, v), r=3.5) for k, v in enumerate(witness.values)]
    gap = tag("line", class_="mark", x1=_x(across, 0.5), x2=_x(across, 0.5), y1=_y(up, mean), y2=_y(up, at_midpoint))
    reading = f"At the midpoint the loss is {figure(at_midpoint)}, the chord {figure(mean)}."
    return _figure(
        chart("The loss at three points, and its chord", reading, across, up, curves, join(gap, *dots)),
        "The loss lies above its chord.",
        reading,
        "Only the three points were evaluated.",
    )


def _x(across: Axis, value: float) -> float:
    return round(x_pixel(across, value), 1)


def _y(up: Axis, value: float) -> float:
    return round(y_pixel(up, value), 1)


def _steps(series: Series) -> Axis:
    return linear("backward pass", 0, max(series.step))


def _ends(curves: Sequence[Curve]) -> list[tuple[str, float]]:
    """Name and last finite value of each curve that has one."""
    lasts = ((curve.label, next(filter(math.isfinite, reversed(curve.y)), None)) for curve in curves)
    return [(label, value) for label, value in lasts if value is not None]


def _figure(picture: Markup, heading: str, *sentences: str) -> Markup:
    said = [sentence for sentence in sentences if sentence]
    return tag("figure", tag("figcaption", tag("b", heading), *(f" {sentence}" for sentence in said)), picture)


def _floor_note(axis: Axis, *series: Sequence[float]) -> str:
    low = any(min(filter(math.isfinite, values), default=axis.low) < axis.low for values in series)
    return f"Values below {figure(axis.low)}, zero too, are drawn at the lower edge." if axis.log and low else ""


def _gap_note(*series: Sequence[float]) -> str:
    gaps = any(not all(map(math.isfinite, values)) for values in series)
    return "A gap in a line: not measured there, or not a finite number." if gaps else ""
