"""What every format says of a comparison in the same words: figures, differences, what is decided, what diverged."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lossaudit.comparison import Comparison, Contestant, Contrast, Figure, Measure
from lossaudit.report.wording import count, one_line

NONE = "-"
_DECIMALS = 4  # at most
_PLAIN = (1e-3, 1e6)  # numbers of this size are written without an exponent


@dataclass(frozen=True, slots=True)
class Column:
    """How the figures of one measure are written.

    Attributes:
        measure: Which.
        decimals: Of every number; None: three significant digits, with an exponent where that is shorter.
    """

    measure: Measure
    decimals: int | None

    @property
    def title(self) -> str:
        """Of the measure, with its unit.

        >>> from lossaudit.comparison import Better
        >>> Column(Measure("accuracy", "accuracy", Better.LARGER, percent=True), 1).title
        'accuracy (%)'
        """
        title = one_line(self.measure.title)
        return f"{title} (%)" if self.measure.percent and "%" not in title else title

    def value(self, value: float, unit: str = "") -> str:
        """A number; infinity is "never", and what is no number is a hyphen.

        >>> from lossaudit.comparison import Better
        >>> column = Column(Measure("accuracy", "accuracy", Better.LARGER, percent=True), 1)
        >>> column.value(0.9838), column.value(math.inf), column.value(math.nan)
        ('98.4', 'never', '-')
        """
        if math.isnan(value):
            return NONE
        if math.isinf(value):
            return "never"
        value = 100 * value if self.measure.percent else value
        written = f"{value:.3g}" if self.decimals is None else f"{value:.{self.decimals}f}"
        if "e" not in written and float(written) == 0:
            written = written.lstrip("-")  # of a rounded zero
        return written + unit

    def cell(self, figure: Figure | None) -> str:
        """The mean with half the width of its interval, the larger half where they differ.

        >>> from lossaudit.comparison import Better
        >>> column = Column(Measure("nll", "NLL (nats)", Better.SMALLER), 2)
        >>> column.cell(Figure((0.5, 0.7), 0.6, 0.5, 0.75)), column.cell(Figure((0.5,), 0.5))
        ('0.60 ±0.15', '0.50')
        """
        if figure is None:
            return NONE
        half = max(figure.high - figure.mean, figure.mean - figure.low)
        spread = f" ±{self.value(half)}" if math.isfinite(half) and math.isfinite(figure.mean) else ""
        never = sum(map(math.isinf, figure.values))
        rarely = f" ({never} of {len(figure.values)} never)" if never and math.isfinite(figure.mean) else ""
        return self.value(figure.mean) + spread + rarely

    def interval(self, low: float, high: float, unit: str = "") -> str:
        """Both ends; `""` where there is no interval."""
        return f"{self.value(low)} to {self.value(high, unit)}" if math.isfinite(low) and math.isfinite(high) else ""

    def difference(self, contrast: Contrast) -> str:
        """A difference with its sign, unit and interval.

        >>> from lossaudit.comparison import Better
        >>> column = Column(Measure("accuracy", "accuracy", Better.LARGER, percent=True), 1)
        >>> column.difference(Contrast("accuracy", "mse", "ce", -0.012, -0.02, -0.004, 0.01, "ce"))
        '-1.2 points (-2.0 to -0.4)'
        """
        if math.isnan(contrast.difference):
            return "cannot be compared"
        sign = "+" if contrast.difference > 0 else ""
        unit = " points" if self.measure.percent else ""
        interval = self.interval(contrast.low, contrast.high)
        return f"{sign}{self.value(contrast.difference, unit)}" + (f" ({interval})" if interval else "")


def columns(comparison: Comparison) -> tuple[Column, ...]:
    """A column for each measure that any loss has, in their order."""
    found: list[Column] = []
    for measure in comparison.measures:
        figures = [each.figures[measure.name] for each in comparison.contestants if measure.name in each.figures]
        if figures:
            found.append(Column(measure, 1 if measure.percent else _decimals(figures)))
    return tuple(found)


def column_of(comparison: Comparison, measure: str) -> Column | None:
    """The column of a measure by its name."""
    return next((each for each in columns(comparison) if each.measure.name == measure), None)


def _decimals(figures: Iterable[Figure]) -> int | None:
    """So many that the typical interval has one or two significant digits, or the typical value three."""
    figures = tuple(figures)
    means = sorted(abs(each.mean) for each in figures if math.isfinite(each.mean) and each.mean != 0)
    halves = sorted((each.high - each.low) / 2 for each in figures if 0 < each.high - each.low < math.inf)
    if not means:
        return 1
    if means[-1] >= _PLAIN[1] or means[-1] < _PLAIN[0]:
        return None
    typical = halves[len(halves) // 2] if halves else means[len(means) // 2]
    power = math.floor(math.log10(typical))
    digits = 3 if not halves else 2 if typical < 3 * 10**power else 1
    return min(max(digits - 1 - power, 0), _DECIMALS)


def rate(contestant: Contestant) -> str:
    """The learning rate that was chosen.

    >>> rate(Contestant("ce", "cross-entropy", 0.0316)), rate(Contestant("ce", "cross-entropy"))
    ('0.032', '-')
    """
    return number(contestant.rate) + (" (edge)" if contestant.at_edge else "")


def number(value: float) -> str:
    """A learning rate: two significant digits."""
    return NONE if math.isnan(value) else f"{value:.2g}"


def diverged(contestant: Contestant, comparison: Comparison) -> tuple[tuple[int, int | None], ...]:
    """Seeds at the chosen rate of which loss or weights were no longer finite, each with its epoch where it is known.

    Of a user's own training the epoch is not known: there it is a measure that is not a number.
    """
    known: dict[int, int | None] = {
        seed: epoch
        for tried in contestant.tried
        if tried.rate == contestant.rate
        for seed, epoch in tried.diverged
        if seed in contestant.seeds
    }
    figure = contestant.figures.get(comparison.measures[0].name) if comparison.measures else None
    if figure is not None:
        for seed, value in zip(contestant.seeds, figure.values, strict=False):
            if math.isnan(value):
                known.setdefault(seed, None)
    return tuple(sorted(known.items()))


def state(contestant: Contestant, comparison: Comparison) -> str:
    """What has to be said instead of or beside the figures: `"diverged 2 of 5"`, `"3 of 5 seeds"`; `""`: nothing."""
    seeds = len(contestant.seeds)
    if not seeds:
        return "not finished"
    parts: list[str] = []
    if bad := len(diverged(contestant, comparison)):
        parts.append(f"diverged {bad} of {seeds}")
    if seeds < len(comparison.seeds):
        parts.append(f"{seeds} of {len(comparison.seeds)} seeds")
    return ", ".join(parts)


def contrast_of(comparison: Comparison, name: str, measure: str) -> Contrast | None:
    """The comparison of a loss with the reference in a measure, as `loss - reference`."""
    for each in comparison.contrasts:
        if each.measure == measure and name != comparison.reference:
            if (each.first, each.second) == (name, comparison.reference):
                return each
            if (each.second, each.first) == (name, comparison.reference):
                return replace(
                    each, first=name, second=each.first, difference=-each.difference, low=-each.high, high=-each.low
                )
    return None


def sign(comparison: Comparison, name: str, measure: str) -> str:
    """`"+"` where this loss is decided to be better than the reference, `"-"` where worse; `""`: not decided."""
    contrast = contrast_of(comparison, name, measure)
    if contrast is None or contrast.better is None:
        return ""
    return "+" if contrast.better == name else "-"


def decision(contrast: Contrast, names: Mapping[str, str] | None = None) -> str:
    """What is decided, in words, with its p-value; names may be given in a shorter form.

    >>> decision(Contrast("accuracy", "mse", "ce", -0.012, -0.02, -0.004, 0.01, "ce"))
    'ce is better, p = 0.01'
    """
    better = contrast.better
    said = "not decided" if better is None else f"{(names or {}).get(better, one_line(better))} is better"
    p = "" if math.isnan(contrast.difference) else chance(contrast.p)
    return f"{said}, {p}" if p else said


def chance(p: float) -> str:
    """A p-value.

    >>> chance(0.0123), chance(0.00004), chance(math.nan)
    ('p = 0.012', 'p < 0.001', '')
    """
    if math.isnan(p):
        return ""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def partial(comparison: Comparison) -> str:
    """That trials are missing, and how to go on; `""` where none is."""
    if not comparison.missing:
        return ""
    left = count(comparison.missing, "trial")
    verb = "is" if comparison.missing == 1 else "are"
    return f"Partial: {left} {verb} not finished. The same command goes on where this one stopped."


def again(comparison: Comparison) -> str:
    """The command that shows it again; `""` where it is not stored."""
    return f"lossaudit compare --show {one_line(comparison.key[:8])}" if comparison.key else ""


def versions(comparison: Comparison) -> str:
    """What it was made with."""
    return ", ".join(f"{one_line(name)} {one_line(value)}" for name, value in comparison.versions.items())


def legend(comparison: Comparison) -> str:
    """What the signs beside the figures mean; `""` where nothing was compared."""
    if not comparison.contrasts:
        return ""
    return (
        f"+ better, - worse than {one_line(comparison.reference)}: decided at the 5 % level, corrected for the number "
        "of comparisons. Figures without a sign are not decided against it."
    )


def width(text: str) -> int:
    """Cells of a terminal that a text takes.

    >>> width("loss"), width("損失"), width("é")
    (4, 4, 1)
    """
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def short(names: Sequence[str], room: int) -> dict[str, str]:
    """Names that fit in so many cells, each still another: long ones lose their middle, and get a number if need be.

    >>> list(short(("cross_entropy", "ce"), 8).values())
    ['cros…opy', 'ce']
    >>> list(short(("a" * 20, "a" * 21), 8).values())
    ['1:aaa…aa', '2:aaa…aa']
    """
    fitting = {name: cut(name, room) for name in names}
    if len(set(fitting.values())) == len(fitting):
        return fitting
    marks = {name: f"{i}:" for i, name in enumerate(names, 1)}
    return {name: mark + cut(name, room - len(mark)) for name, mark in marks.items()}


def cut(text: str, room: int) -> str:
    """A text on one line that fits in so many cells: without its middle, if need be."""
    text = one_line(text)
    if width(text) <= room:
        return text
    head, tail = text, text
    while width(head) > room // 2:
        head = head[:-1]
    while width(tail) > room - 1 - width(head):
        tail = tail[1:]
    return f"{head}…{tail}"
