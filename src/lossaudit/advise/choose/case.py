"""The case at hand: words and data joined, with what was seen and what contradicts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lossaudit.advise.choose.column import FAR, HEAVY_TAIL, SKEWED, Column
from lossaudit.advise.choose.question import Matrix, Question
from lossaudit.advise.choose.words import CLASSES, METRICS, NEEDS, NUMBERS, one_line
from lossaudit.errors import UsageError

_MOST_LEVELS = 100  # small whole numbers that may be classes
_FEW = 20  # rows below which a task found from the data is a guess
_MOST_RATINGS = 11  # levels of a scale, 0 to 10 at most
_ZEROS = 0.05  # share of exact zeros among amounts that asks for a point mass
_THIN = 0.05  # share of rows in the upper third of the levels, below which they look like counts
OVERDISPERSED = 2.0  # variance over mean, 1 for a Poisson variable
_ORDER = (
    "rating", "rate", "stars", "grade", "score", "level", "severity", "stage", "quality", "satisfaction", "likert",
    "rank", "priority", "degree",
)  # fmt: skip
"""Names of columns that say that the numbers are in order."""
_HAS_CLASSES = CLASSES | {"distillation", "sequence"}
_EXACT = 2.0**53  # from here on whole numbers share a float
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(\D|$)|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(\D|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the advice is for.

    Attributes:
        task: A name of `words.TASKS`.
        classes: Classes, labels or levels; None if nobody said.
        width: Targets in each row.
        counts: Rows of each class, in order, where they were counted.
        imbalance: Rows of the most common class for one of the rarest; None if nobody said.
        noise: Share of wrong labels that the words claim.
        outliers: Whether targets are far off, by words or by the data.
        needs, metric, costs: As in the question.
        positive, negative: Whether all numbers are above 0; whether some are below. None if there are no data.
        zeros: Share of zeros.
        dispersion: Variance over mean.
        mean: Of the numbers.
        ambiguous: Tasks that the same numbers may belong to.
        seen: What the data show, in sentences.
        warnings: Contradictions and doubts, in sentences.
        why_task: How the task is known.
    """

    task: str
    classes: int | None = None
    width: int = 1
    counts: tuple[int, ...] = ()
    imbalance: float | None = None
    noise: float = 0.0
    outliers: bool = False
    needs: frozenset[str] = frozenset()
    metric: str | None = None
    costs: Matrix | None = None
    positive: bool | None = None
    negative: bool | None = None
    zeros: float = 0.0
    dispersion: float | None = None
    mean: float = math.nan
    ambiguous: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    why_task: str = ""

    @property
    def rare(self) -> float:
        """How much rarer the rarest class is; 1 if nobody said."""
        return self.imbalance or 1.0


def of(question: Question, column: Column | None) -> Case:
    """The case that words and data make. Words win, and where they contradict the data it is said.

    Raises:
        UsageError: Neither says what the task is, or the data hold nothing to learn.
    """
    if column is None:
        return _of_words(question)
    check(column)
    if question.task is None and numbered(column):
        raise UsageError(
            f"{one_line(column.name)}: {column.low:.12g} to {column.high:.12g}, each once: every row is its own class, "
            "so is it an identifier? name another column, or say --task"
        )
    found, why, ambiguous = task_of(column)
    task = question.task or found
    warnings = list(column.notes)
    if question.task is not None and question.task != found and (doubt := _doubt(question.task, found, column)):
        warnings.append(f"--task {question.task} contradicts the data: {doubt}")
    if question.task is None and column.known < _FEW * column.width and not column.rows_of:
        warnings.append(f"{column.known} rows tell little: {found} is a guess; --task says it")
    if task in CLASSES and column.rows_of != "numbers" and column.known > 2 and _unique(column):
        warnings.append("every row is its own class: is it an identifier?")
    counts = _counts(column) if task in CLASSES | {"multiclass"} else ()
    classes = _classes(task, column, counts)
    if question.classes is not None and classes is not None and question.classes != classes:
        warnings.append(f"--classes {question.classes} contradicts the data: they hold {classes}")
    imbalance = _imbalance(task, column, counts)
    if question.imbalance is not None and imbalance is not None and not 0.5 < question.imbalance / imbalance < 2:
        warnings.append(f"--imbalance 1:{question.imbalance:g} contradicts the data: they have 1:{imbalance:.3g}")
    numbers = not column.words
    heavy = column.far >= HEAVY_TAIL and task in NUMBERS
    if question.outliers and numbers and not heavy and task in NUMBERS:
        warnings.append("--outliers: the targets themselves show no heavy tail")
    return Case(
        task=task,
        classes=question.classes or classes,
        width=column.width,
        counts=counts if question.classes is None else (),
        imbalance=question.imbalance or imbalance,
        noise=question.noise or 0.0,
        outliers=question.outliers or heavy,
        needs=_needs(question),
        metric=question.metric,
        costs=question.costs,
        positive=column.low > 0 if numbers else None,
        negative=column.low < 0 if numbers else None,
        zeros=column.zeros,
        dispersion=column.variance / column.mean if numbers and column.mean > 0 else None,
        mean=column.mean,
        ambiguous=() if question.task else ambiguous,
        seen=(*_seen(column, task, counts, imbalance),),
        warnings=(*warnings, *_fit(question, task, question.classes or classes)),
        why_task="from --task" if question.task else f"from the data: {why}",
    )


def _of_words(question: Question) -> Case:
    task, why = question.task, "from --task"
    if task is None and (question.imbalance or question.noise or question.classes or question.costs):
        task = "binary" if question.classes == 2 or (question.classes is None and question.imbalance) else "multiclass"
        why = f"{'two' if task == 'binary' else 'several'} classes, as the words suggest; --task says it"
    if task is None:
        raise UsageError("what is predicted? say --task TASK, or show the targets by --targets FILE")
    classes = question.classes
    if task == "binary" and classes not in (None, 2):
        return _of_words_as(question, "binary", 2, why)
    return _of_words_as(question, task, 2 if task == "binary" else classes, why)


def _of_words_as(question: Question, task: str, classes: int | None, why: str) -> Case:
    return Case(
        task=task,
        classes=classes,
        imbalance=question.imbalance,
        noise=question.noise or 0.0,
        outliers=question.outliers,
        needs=_needs(question),
        metric=question.metric,
        costs=question.costs,
        warnings=_fit(question, task, question.classes),
        why_task=why,
    )


def _needs(question: Question) -> frozenset[str]:
    """A decision by expected cost needs probabilities that mean what they say."""
    return frozenset(question.needs) | ({"calibrated-probabilities"} if question.costs else set())


def _fit(question: Question, task: str, classes: int | None) -> tuple[str, ...]:
    """What of the words does not belong to the task."""
    said: list[str] = []
    if task == "binary" and classes not in (None, 2):
        said.append(f"--task binary has 2 classes, not {classes}: with more, --task multiclass or multilabel")
    for need in question.needs:
        if task not in NEEDS[need]:
            said.append(f"--need {need} means nothing for {task}: it is left out of account")
    if question.metric is not None and task not in METRICS[question.metric].tasks:
        said.append(f"--metric {question.metric} is no metric of {task}: it is left out of account")
    if question.metric == "mape" and task in NUMBERS:
        said.append(
            "--metric mape is for targets above 0, and is least below the median: who trains for it predicts too "
            "low; where the metric is yours to choose, mae of the logarithms counts ratios and aims at the median"
        )
    for name, given in (("imbalance", question.imbalance), ("noise", question.noise), ("costs", question.costs)):
        if given and task not in CLASSES:
            said.append(f"--{name} speaks of classes, and {task} has none: it is left out of account")
    if question.classes is not None and task not in _HAS_CLASSES:
        said.append(f"--classes speaks of classes, and {task} has none: it is left out of account")
    if question.costs is not None and classes is not None and len(question.costs) != classes:
        said.append(f"--costs has {len(question.costs)} classes, and the targets have {classes}")
    if question.noise and task in CLASSES:
        said += _noise(question.noise, 2 if task in ("binary", "multilabel") else classes)
    if question.outliers and task in CLASSES:
        said.append("--outliers speaks of numbers; for wrong labels, say --noise")
    return tuple(said)


def _noise(share: float, classes: int | None) -> Iterator[str]:
    """Where wrong labels that fall evenly are as common as the right one, or more so."""
    if classes is None:
        if share >= 0.5:
            yield (
                f"--noise {share:g}: if wrong labels fall evenly, the right one is still the most common only with "
                f"{math.floor(1 / (1 - share)) + 1} classes or more; say --classes"
            )
    elif share * classes >= classes - 1:
        least = f"{classes - 1}/{classes}"
        says = "nothing of the truth" if share * classes == classes - 1 else "the opposite of the truth"
        yield (
            f"--noise {share:g}: with {classes} classes, from {least} on, labels that are wrong evenly make the right "
            f"class no longer the most common one: at this share they say {says}, and no loss repairs that"
        )


def check(column: Column) -> None:
    """That there is something to learn.

    Raises:
        UsageError: There is not: no row, one value only, or texts that are no classes.
    """
    name = one_line(column.name)
    if column.rows == 0 or column.width == 0:
        raise UsageError(f"{name}: there is no row, so there is nothing to learn")
    if column.known == 0:
        raise UsageError(f"{name}: all {column.rows} values are missing or infinite")
    levels = column.levels
    if levels is not None and len(levels) == 1 and not column.rows_of:
        value = next(iter(levels))
        shown = one_line(str(value), 30) if isinstance(value, str) else f"{value:g}"
        if not isinstance(value, str) and abs(value) >= _EXACT:
            raise UsageError(
                f"{name}: every value is {shown} to the 16 digits that a number keeps; subtract an offset, or name "
                "another column if these are identifiers"
            )
        raise UsageError(f"{name}: every value is {shown}, so there is nothing to learn")
    if column.words and (levels is None or (len(levels) > 20 and len(levels) > column.known / 2)):
        count = "more than 20,000" if levels is None else str(len(levels))
        raise UsageError(
            f"{name}: {count} different texts in {column.rows} rows look like names or free text, not classes"
        )
    if column.words and levels is not None and all(isinstance(each, str) and _DATE.match(each) for each in levels):
        raise UsageError(f"{name}: holds dates, which are no classes; to predict a time, write it as a number of days")
    if column.words and column.known > 2 and _unique(column):
        raise UsageError(f"{name}: each of {column.known} texts stands there once: every row is its own class")


def _unique(column: Column) -> bool:
    """Whether no value stands there twice, as far as all were counted."""
    return column.levels is not None and len(column.levels) == column.known


def numbered(column: Column) -> bool:
    """Whether the values are whole numbers without a gap, each once: of too many to be counted, by their variance."""
    rows = column.known
    if column.words or not column.whole or column.width > 1 or column.pixels or column.lists is not None:
        return False
    if rows < 3 or column.high - column.low != rows - 1:
        return False
    if column.levels is not None:
        return _unique(column)
    return math.isclose(column.variance, (rows**2 - 1) / 12, rel_tol=1e-9)


def task_of(column: Column) -> tuple[str, str, tuple[str, ...]]:
    """The task that the data speak for, why, and what else it may be."""
    if column.pixels:
        return "segmentation", f"masks of {len(column.levels or {})} whole numbers", ()
    if column.lists is not None:
        return "ranking", "rows come in groups", ()
    if column.rows_of:
        return {
            "one-hot": ("multiclass", "each row of 0 and 1 has a single 1", ()),
            "multi-hot": ("multilabel", "rows of 0 and 1 with any number of ones", ()),
            "distribution": ("multiclass", "each row sums to 1: soft labels", ("distillation",)),
            "numbers": ("regression", f"{column.width} numbers in each row", ()),
        }[column.rows_of]
    levels = column.levels
    if column.words or (levels is not None and len(levels) == 2):
        several = len(levels or {})
        kind = "texts" if column.words else "values"
        return ("binary" if several == 2 else "multiclass"), f"{several} different {kind}", ()
    return _of_whole(column) if column.whole else _of_reals(column)


def _of_whole(column: Column) -> tuple[str, str, tuple[str, ...]]:
    levels = sorted(float(level) for level in column.levels or ())
    without_gap = bool(levels) and levels[0] in (0, 1) and levels[-1] - levels[0] == len(levels) - 1
    if without_gap and len(levels) <= _MOST_LEVELS and not like_counts(column, levels):
        span = f"whole numbers {levels[0]:g} .. {levels[-1]:g} without a gap"
        if len(levels) <= _MOST_RATINGS and any(word in column.name.lower() for word in _ORDER):
            return "ordinal", f"{span}, and the name {one_line(column.name)!r} speaks of an order", ("multiclass",)
        return "multiclass", span, ("ordinal",) if len(levels) <= _MOST_RATINGS else ("ordinal", "counts")
    if column.low in (0, 1):
        return "counts", f"whole numbers from {column.low:g} to {column.high:g}", ("regression",)
    if column.low > 1 and column.skewed:
        return "positive-amounts", "whole numbers above 0 with a long upper tail", ("counts",)
    return "regression", f"whole numbers from {column.low:g} to {column.high:g}", ("counts",) if column.low > 1 else ()


def like_counts(column: Column, levels: list[float]) -> bool:
    """Many levels, and few rows in the upper third of them, as counts thin out."""
    rows = column.levels or {}
    upper = levels[-(len(levels) // 3) :]
    return len(levels) >= 6 and sum(rows[level] for level in upper) < _THIN * column.known


def _of_reals(column: Column) -> tuple[str, str, tuple[str, ...]]:
    if column.low >= 0 and column.high <= 1:
        return "proportions", "numbers in [0, 1]", ("regression",)
    if column.low >= 0 and column.zeros >= _ZEROS:
        return "positive-amounts", f"numbers from 0 on, {column.zeros:.0%} of them exactly 0", ("regression",)
    if column.skewed:
        return "positive-amounts", "numbers above 0 with a long upper tail", ("regression",)
    return "regression", f"numbers from {column.low:.4g} to {column.high:.4g}", ()


def _doubt(task: str, found: str, column: Column) -> str:
    """Why the data do not look like the task that the words name; `""` if they may."""
    several = len(column.levels or {})
    if task == "binary" and several != 2:
        return f"they hold {several or 'very many'} different values"
    if task in ("multiclass", "ordinal") and not (column.words or column.whole or column.rows_of):
        return "they hold numbers that are not whole"
    if task in NUMBERS | {"survival"} and column.words:
        return "they hold texts"
    if task == "counts" and (column.low < 0 or not column.whole):
        return f"they hold {'negative numbers' if column.low < 0 else 'numbers that are not whole'}"
    if task == "positive-amounts" and column.low < 0:
        return "they hold negative numbers"
    if task == "proportions" and not (column.low >= 0 and column.high <= 1):
        return "they hold numbers outside [0, 1]"
    if task == "multilabel" and column.rows_of != "multi-hot":
        return "they are not rows of 0 and 1 with several ones"
    if task in ("regression", "forecasting", "quantiles") and found in ("binary", "multilabel"):
        return "they hold two values only"
    return ""


def _counts(column: Column) -> tuple[int, ...]:
    levels = column.levels
    if levels is None or (column.rows_of and column.rows_of != "numbers") or column.pixels:
        return ()
    return tuple(levels[level] for level in sorted(levels, key=lambda each: (isinstance(each, str), each)))


def _classes(task: str, column: Column, counts: tuple[int, ...]) -> int | None:
    if task in ("multiclass", "multilabel") and column.rows_of:
        return column.width
    if task in ("binary", "multiclass", "ordinal"):
        return len(counts) or None
    return len(column.levels or {}) or None if task == "segmentation" else None


def _imbalance(task: str, column: Column, counts: tuple[int, ...]) -> float | None:
    if task == "multilabel":
        rarest = column.positives[0]
        return (1 - rarest) / rarest if rarest > 0 else None
    if column.pixels and column.levels:
        counts = tuple(column.levels.values())
    return max(counts) / min(counts) if task in CLASSES and len(counts) > 1 else None


def _seen(column: Column, task: str, counts: tuple[int, ...], imbalance: float | None) -> list[str]:
    """What the data show, for people."""
    said = [
        f"{column.rows} row{'s' * (column.rows != 1)}" + (f", {column.width} targets each" if column.width > 1 else "")
    ]
    if column.missing or column.infinite:
        lost = " and ".join(
            f"{n} {what}" for n, what in ((column.missing, "missing"), (column.infinite, "infinite")) if n
        )
        said.append(f"{lost}: leave these rows out of the loss; no loss repairs them")
    if task in CLASSES and counts:
        shown = ", ".join(map(str, counts[:10])) + (", ..." if len(counts) > 10 else "")
        said.append(f"{len(counts)} classes with {shown} rows")
    if imbalance is not None:
        times = f"{imbalance:.3g}"
        said.append(
            "all are equally frequent, or nearly so"
            if times == "1"
            else f"the most common is {times} times as frequent as the rarest"
        )
    if column.words:
        said.append("labels are texts: number them 0, 1, ... once, in a fixed order")
    elif task == "binary" and set(column.levels or ()) != {0.0, 1.0}:
        two = " and ".join(f"{value:g}" for value in sorted(map(float, column.levels or ())))
        said.append(f"the two values are {two}: recode them as 0 and 1")
    elif task in ("multiclass", "ordinal") and column.low == 1:
        said.append("the numbers begin at 1: subtract 1, since frameworks count classes from 0")
    if task in NUMBERS and not column.words:
        said += _seen_numbers(column, task)
    if column.disagree and task in CLASSES:
        said.append(
            f"{column.repeated} rows share all their inputs with others, and {column.disagree} of them contradict the "
            "most common label there: a hint of wrong labels, or of chance that the inputs do not explain"
        )
    if column.lists is not None:
        said.append(f"{column.lists[2]} groups of {column.lists[0]} to {column.lists[1]} rows")
    return said


def _seen_numbers(column: Column, task: str) -> list[str]:
    said: list[str] = []
    if column.far:
        verdict = "a heavy tail" if column.far >= HEAVY_TAIL else "no heavy tail"
        said.append(
            f"{column.far:.2%} of the values lie more than {FAR:g} interquartile ranges beyond the quartiles: "
            f"{verdict} (from {HEAVY_TAIL:.1%} on; a normal distribution has 0.0002%)"
        )
    lower, median, upper = column.quartiles
    if column.low > 0:
        verdict = "skewed to the right" if column.skewed else "not skewed"
        said.append(
            f"the interquartile range is {(upper - lower) / median:.3g} of the median: {verdict} (from {SKEWED:g} on, "
            "or with a heavy upper tail; an exponential variable has 1.58)"
        )
    if column.zeros:
        said.append(f"{column.zeros:.1%} are exactly 0")
    if task == "counts" and column.mean > 0:
        ratio = column.variance / column.mean
        verdict = (
            "more spread than a Poisson variable"
            if ratio > OVERDISPERSED
            else f"a Poisson variable has 1, and up to {OVERDISPERSED:g} the inputs may well explain"
        )
        said.append(f"variance over mean is {ratio:.3g}, before any input explains a part of it: {verdict}")
    return said
