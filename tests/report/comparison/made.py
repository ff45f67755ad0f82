"""Comparisons with values made by hand: what a report has to show, without training anything."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from lossaudit.comparison import Better, Comparison, Contestant, Contrast, Curve, Figure, Measure, Tried
from lossaudit.result import Bin, Calibration
from lossaudit.study import Chart, Line, Section, Study, Table

MEASURES = (
    Measure("accuracy", "accuracy", Better.LARGER, percent=True),
    Measure("nll", "NLL (nats)", Better.SMALLER),
    Measure("brier", "Brier score", Better.SMALLER),
    Measure("ece", "ECE", Better.SMALLER, percent=True),
    Measure("nll_scaled", "NLL, one temperature fitted (nats)", Better.SMALLER),
    Measure("ece_scaled", "ECE, one temperature fitted", Better.SMALLER, percent=True),
    Measure("epochs_to_level", "epochs to 93.6 % on validation data", Better.SMALLER),
    Measure("stuck", "stuck training samples", Better.SMALLER, percent=True),
)
NAMES = (
    "ce",
    "mse:softmax",
    "focal(gamma=5)",
    "mse",
    "output_reset",
    "gce",
    "poly1",
    "hinge",
    "mae:softmax",
    "label_smoothing",
    "squentropy",
    "ordinal_cross_entropy",
)
HOSTILE = (
    "<script>alert(1)</script>",
    "a|b`c*d_e[f](javascript:0)",
    "損失:ソフトマックス",
    "x" * 300,
    "x" * 299 + "y",
    "\u202eevil\nname",
)
RATES = tuple(10 ** (k / 2) for k in range(-4, 1))


def figure(values: Sequence[float], half: float) -> Figure:
    """The mean with an interval of this half width."""
    if any(map(math.isnan, values)):
        return Figure(tuple(values), math.nan)
    if any(map(math.isinf, values)):
        return Figure(tuple(values), sorted(values)[len(values) // 2])
    mean = sum(values) / len(values)
    return Figure(tuple(values), mean, *((mean - half, mean + half) if len(values) > 1 else ()))


def reliability(slope: float, samples: int = 450) -> Calibration:
    """Of a model of which `0.5 + slope * (said - 0.5)` comes true."""
    counts = [4, 6, 9, 14, 25, 60, samples - 118]
    bins: list[Bin] = []
    for k, count in enumerate(counts, 3):
        said = (k + 0.5) / 10
        came = 0.5 + slope * (said - 0.5)
        half = 1 / math.sqrt(count)
        bins.append(Bin(k / 10, (k + 1) / 10, count, said, came, max(came - half, 0.0), min(came + half, 1.0)))
    said, came = (sum(each.count * value(each) for each in bins) / samples for value in (_said, _came))
    error = sum(each.count * abs(each.said - each.came) for each in bins) / samples
    return Calibration(
        "the predicted class", samples, error, (error / 2, error * 1.5), 0.03, said, came, 0.1, 0.05, tuple(bins)
    )


def _said(each: Bin) -> float:
    return each.said


def _came(each: Bin) -> float:
    return each.came


def contestant(name: str, k: int, seeds: int, epochs: int, bad: int = 0) -> Contestant:
    """The k-th loss: the further down, the slower. The last `bad` seeds diverge."""
    noise = random.Random(k)
    top = 0.975 - 0.012 * k
    curves: dict[str, list[Curve]] = {"validation accuracy": [], "training loss": [], "score": []}
    for seed in range(seeds):
        end = max(epochs // 3, 1) if seed >= seeds - bad else math.inf
        shift = noise.gauss(0, 0.006)
        accuracy = [
            math.nan if t >= end else (0.1 + (top - 0.1) * (1 - math.exp(-t / (1.5 + k)))) + shift * min(t, 1)
            for t in range(epochs + 1)
        ]
        loss = [math.nan if t >= end else 2.3 * math.exp(-t / (2 + k)) + 0.01 for t in range(epochs + 1)]
        curves["validation accuracy"].append(Curve(seed, tuple(accuracy)))
        curves["score"].append(Curve(seed, tuple(accuracy)))
        curves["training loss"].append(Curve(seed, tuple(loss)))
    last = [math.nan] * bad

    def over(value: float, spread: float) -> list[float]:
        return [value + noise.gauss(0, spread) for _ in range(seeds - bad)] + last

    slow = [2.0 + 2 * k + seed % 2 for seed in range(seeds - bad)] if k < 5 else [math.inf] * (seeds - bad)
    figures = {
        "accuracy": figure(over(top, 0.004), 0.012),
        "nll": figure(over(0.09 + 0.06 * k, 0.006), 0.021),
        "brier": figure(over(0.04 + 0.02 * k, 0.003), 0.009),
        "ece": figure(over(0.012 + 0.01 * k, 0.001), 0.006),
        "nll_scaled": figure(over(0.085 + 0.05 * k, 0.006), 0.02),
        "ece_scaled": figure(over(0.011 + 0.002 * k, 0.001), 0.006),
        "epochs_to_level": figure(slow + last, 1.1),
        "stuck": figure([0.004 * k] * (seeds - bad) + last, 0.002),
    }
    chosen = min(k, 4)
    tried = tuple(
        Tried(
            rate,
            tuple(range(min(2, seeds))),
            math.nan if i == 4 and k == 0 else top - 0.05 * abs(i - chosen) ** 1.5,
            ((0, 2), (1, 3))[: min(2, seeds)] if i == 4 and k == 0 else (),
        )
        for i, rate in enumerate(RATES)
    )
    if bad:
        ends = tuple((seed, max(epochs // 3, 1)) for seed in range(seeds - bad, seeds))
        tried = tuple(replace(each, diverged=ends) if each.rate == RATES[chosen] else each for each in tried)
    return Contestant(
        name=name,
        words=f"{name} in words",
        rate=RATES[chosen],
        tried=tried,
        at_edge=k == 4,
        seeds=tuple(range(seeds)),
        figures=figures,
        curves={key: tuple(each) for key, each in curves.items()},
        reliability=reliability(1 - 0.1 * k) if k % 3 != 2 else None,
        convex=(True, False, None)[k % 3],
        notes=("Its outputs are scores: it speaks of no probabilities.",) if k % 3 == 2 else (),
        seconds=3.25 * (k + 1),
    )


def contrasts(contestants: Sequence[Contestant], reference: str) -> tuple[Contrast, ...]:
    """Of each with the reference; decided where the interval leaves out zero."""
    first = next(each for each in contestants if each.name == reference)
    found: list[Contrast] = []
    for each in contestants:
        for measure in MEASURES:
            one, other = (of.figures.get(measure.name) for of in (each, first))
            if each is first or one is None or other is None or "epochs" in measure.name:
                continue
            difference = one.mean - other.mean
            half = 0.9 * max(other.high - other.mean, 1e-9)
            decided = abs(difference) > half
            ahead = (difference > 0) == (measure.better is Better.LARGER)
            name = (each.name if ahead else reference) if decided else None
            p = 0.3 if not decided else 0.0004 if abs(difference) > 2 * half else 0.012
            low, high = (difference - half, difference + half)
            found.append(Contrast(measure.name, each.name, reference, difference, low, high, p, name))
    return tuple(found)


def comparison(losses: int = 4, seeds: int = 5, epochs: int = 30, *, diverging: bool = False) -> Comparison:
    """So many losses; with `diverging`, the fourth loses two of its seeds."""
    entrants = tuple(
        contestant(name, k, seeds, epochs, bad=min(2, seeds) if diverging and k == min(3, losses - 1) else 0)
        for k, name in enumerate(NAMES[:losses])
    )
    return Comparison(
        key="4f2a9c17b6d05e3388aa",
        title="digits, mlp: squared error on softmax beside cross-entropy and others",
        setting=(
            "Data: digits of scikit-learn, 1,797 images of 8 x 8; 1,078 train, 269 validate, 450 test, stratified.",
            "Model: mlp, 64-64-10, ReLU, 5,002 numbers.",
            f"Recipe: sgd with momentum 0.9, batches of 64, epochs: {epochs}, the same order of data under every loss.",
        ),
        measures=MEASURES,
        contestants=entrants,
        reference="ce",
        contrasts=contrasts(entrants, "ce"),
        sentences=(
            "In accuracy nothing is decided between ce and mse:softmax: 97.5 % and 96.4 % on 450 test samples.",
            "ce reaches the level in fewer epochs than every other loss; that is decided.",
        ),
        seeds=tuple(range(seeds)),
        level=0.936,
        warnings=("The best rate of output_reset is the largest that was tried: a larger one may be better.",),
        made="2026-11-22T20:40:00+00:00",
        versions={"lossaudit": "0.7.0", "torch": "2.13.0", "python": "3.11.2"},
    )


def hostile() -> Comparison:
    """Names and words that try to break out of a page, a table or a line; values that are none."""
    names = (
        "<script>alert(1)</script>",
        "a|b`c*d_e[f](javascript:0)",
        "損失:ソフトマックス",
        "x" * 300,
        "x" * 299 + "y",
        "\u202eevil\nname",
    )
    whole = comparison(6, 2, 2, diverging=True)
    entrants = [
        replace(each, name=name, words=f"{name} & co") for each, name in zip(whole.contestants, names, strict=True)
    ]
    entrants[1] = replace(entrants[1], figures={}, curves={}, reliability=None, seeds=(), tried=(), rate=math.nan)
    entrants[2] = replace(entrants[2], figures={"accuracy": Figure((math.nan, math.nan), math.nan)}, reliability=None)
    renamed = {old.name: new.name for old, new in zip(whole.contestants, entrants, strict=True)}
    return replace(
        whole,
        title='<img src=x onerror="alert(1)"> | title',
        contestants=tuple(entrants),
        reference=HOSTILE[0],
        contrasts=tuple(
            replace(
                each,
                first=renamed[each.first],
                second=renamed[each.second],
                better=None if each.better is None else renamed[each.better],
            )
            for each in whole.contrasts
            if each.first not in NAMES[1:3]
        ),
        sentences=("<b>bold</b> is | not.",),
        setting=("</style><script>alert(2)</script>",),
        missing=3,
    )


def study(lines: int = 0) -> Study:
    """With a table, a chart and a comparison; or with one chart of so many lines alone."""
    classes = (10.0, 20.0, 50.0, 100.0, 200.0)
    drawn = tuple(
        Line(name, classes, tuple(0.9 - 0.02 * i * j for j in range(5))) for i, name in enumerate(NAMES[: lines or 3])
    )
    chart = Chart("Accuracy over the number of classes", "classes", "accuracy", drawn, log_across=True, percent=True)
    rows = (("10", "97.1 % (96.0 to 98.0)", "90.0 %"), ("200", "100 %", "6.2 %"))
    table = Table("Accuracy after one epoch", ("classes", "ce", "mse:softmax"), rows)
    whole = Section("From a random start", ("Rates are chosen on validation data.",), comparison=comparison(2))
    sections = (Section("Classes", (), (), (chart,)),) if lines else (Section("Classes", (), (table,), (chart,)), whole)
    return Study(
        name="golik2013",
        title="Cross-entropy against squared error",
        source="P. Golik, P. Doetsch, H. Ney, Interspeech 2013.",
        claims=("With random weights squared error reaches no good local optimum.",),
        setting=("Digits of scikit-learn.",),
        sections=sections,
        agrees=("Agrees: 6.2 % after one epoch.",),
        limits=("Word error needs a decoder.",),
        command="lossaudit compare --preset golik2013",
        missing=2,
    )
