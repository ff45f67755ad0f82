"""What is asked: words about the task, checked and in one form."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

from lossaudit.advise.choose import words
from lossaudit.errors import UsageError

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Words of the user. What they leave out may come from data.

    Attributes:
        task: A name of `words.TASKS`.
        classes: How many classes, labels or levels.
        imbalance: Rows of the most common class for one of the rarest.
        noise: Share of wrong labels.
        outliers: Whether some targets are grossly wrong, or far off.
        needs: Names of `words.NEEDS`.
        metric: A name of `words.METRICS`.
        costs: What it costs to decide for the column's class where the row's class is true.
    """

    task: str | None = None
    classes: int | None = None
    imbalance: float | None = None
    noise: float | None = None
    outliers: bool = False
    needs: tuple[str, ...] = ()
    metric: str | None = None
    costs: Matrix | None = None


def question(
    *,
    task: str | None = None,
    classes: int | None = None,
    imbalance: str | float | None = None,
    noise: float | None = None,
    outliers: bool = False,
    need: str | Sequence[str] = (),
    metric: str | None = None,
    costs: str | Sequence[Sequence[float]] | None = None,
) -> Question:
    """The question that these words put.

    Raises:
        UsageError: A word is not known, or a number makes no sense.

    >>> question(task="classification", imbalance="1:500").imbalance
    500.0
    """
    named = (need,) if isinstance(need, str) else tuple(need) if isinstance(need, Iterable) else (str(need),)
    matrix = None if costs is None else _costs(costs)
    if classes is not None and not (isinstance(classes, Integral) and 2 <= classes <= 10**9):
        raise UsageError(f"--classes {words.one_line(str(classes))}: a whole number from 2 on is wanted")
    if matrix is not None and classes is not None and len(matrix) != classes:
        raise UsageError(f"--costs has {len(matrix)} classes and --classes says {classes}: one of them is wrong")
    return Question(
        task=None if task is None else words.task(task),
        classes=len(matrix) if matrix is not None and classes is None else None if classes is None else int(classes),
        imbalance=None if imbalance is None else _imbalance(imbalance),
        noise=None if noise is None else _share(noise),
        outliers=outliers,
        needs=tuple(dict.fromkeys(map(words.need, named))),
        metric=None if metric is None else words.metric(metric),
        costs=matrix,
    )


def _imbalance(given: str | float) -> float:
    """How many to one; the order does not matter.

    >>> _imbalance("1:500"), _imbalance("500:1"), _imbalance(20)
    (500.0, 500.0, 20.0)
    """
    wrong = UsageError(f"--imbalance {words.one_line(str(given))}: write two numbers above 0, such as 1:500")
    match = re.fullmatch(r"\s*([\d.]+)\s*[:/]\s*([\d.]+)\s*", given) if isinstance(given, str) else None
    try:
        low, high = (float(match[1]), float(match[2])) if match else (1.0, float(given))
    except (TypeError, ValueError):
        raise wrong from None
    if not (0 < low < math.inf and 0 < high < math.inf) or max(low / high, high / low) == math.inf:
        raise wrong
    return max(low / high, high / low)


def _share(given: float) -> float:
    try:
        share = float(given)
    except (TypeError, ValueError):
        share = math.nan
    if not 0 <= share < 1:
        raise UsageError(f"--noise {words.one_line(str(given))}: the share of wrong labels is wanted, such as 0.2")
    return share


def _costs(given: str | Sequence[Sequence[float]]) -> Matrix:
    """A square matrix of numbers; in a file, names may stand around them."""
    rows: list[list[str]]
    if isinstance(given, str):
        try:
            with open(given, encoding="utf-8-sig", newline="") as file:
                rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
        except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no CSV text"
            raise UsageError(f"--costs {words.one_line(given)}: cannot be read ({reason})") from None
    else:
        try:
            rows = [[str(cell) for cell in row] for row in given]
        except TypeError:
            rows = []
    rows = [row for row in rows if row]
    if rows and not _number(rows[0][-1]):
        rows = rows[1:]
    if rows and all(not _number(row[0]) for row in rows):
        rows = [row[1:] for row in rows]
    size = len(rows)
    if size < 2 or any(len(row) != size or not all(map(_number, row)) for row in rows):
        raise UsageError(
            "--costs: a square table of numbers is wanted, a row for each true class, a column for each decision"
        )
    matrix = tuple(tuple(map(float, row)) for row in rows)
    if all(cost == matrix[0][0] for row in matrix for cost in row):
        raise UsageError("--costs: every decision costs the same, so nothing follows from it")
    return matrix


def _number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
