"""Reads the column of targets: of a CSV file, of an array in a .npy file, or of what Python hands over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossaudit.advise.choose.column import Column
from lossaudit.advise.choose.counter import Counter
from lossaudit.advise.choose.sheet import missing, number, opened, parts, place
from lossaudit.advise.choose.words import one_line
from lossaudit.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

_MOST_INPUTS = 1_000_000  # different inputs that are remembered
_MOST_VALUES = 2_000_000  # real numbers of an array that are looked at
_MOST_CLASSES = 256  # in a mask


def read(targets: str, groups: str | None = None) -> Column:
    """The column that `FILE.npy`, `FILE.csv` or `FILE.csv:COLUMN` names.

    Raises:
        UsageError: There is no such file or column, or it cannot be read.
    """
    if targets.endswith(".npy"):
        if groups is not None:
            raise UsageError("--groups names a column of a CSV file; an array has none")
        return _array_file(targets)
    path, column = targets, ""
    if not Path(targets).is_file() and ":" in targets:
        path, column = parts(targets)
        if path.endswith(".npy"):
            raise UsageError(
                f"--targets {one_line(targets)}: an array has no columns by name; save the one with the targets by "
                "numpy.save"
            )
    if Path(path).suffix.lower() in (
        ".npz",
        ".parquet",
        ".xlsx",
        ".xls",
        ".json",
        ".pkl",
        ".pt",
        ".feather",
        ".gz",
        ".zip",
    ):
        raise UsageError(f"--targets {one_line(path)}: a .csv or .npy file is wanted; save the target column as one")
    return _csv(path, column, groups)


# --- CSV


@dataclass(slots=True)
class _Twins:
    """Rows with the same inputs: do they have the same label?"""

    seen: dict[int, str | dict[str, int]] = field(default_factory=dict[int, "str | dict[str, int]"])

    def add(self, inputs: tuple[str, ...], label: str) -> None:
        key = hash(inputs)
        known = self.seen.get(key)
        if known is None:
            if len(self.seen) < _MOST_INPUTS:
                self.seen[key] = label
            return
        labels = {known: 1} if isinstance(known, str) else known
        labels[label] = labels.get(label, 0) + 1
        self.seen[key] = labels

    def counts(self) -> tuple[int, int]:
        """Rows that share their inputs, and those of them that contradict the most common label there."""
        shared = [labels for labels in self.seen.values() if isinstance(labels, dict)]
        return sum(sum(each.values()) for each in shared), sum(
            sum(each.values()) - max(each.values()) for each in shared
        )


def _csv(path: str, wanted: str, groups: str | None) -> Column:
    with opened(path, "--targets") as (header, rows):
        at = place(path, header, wanted, "--targets FILE:COLUMN")
        of_group = None if groups is None else place(path, header, groups, "--groups")
        if of_group == at:
            raise UsageError(f"--groups {one_line(header[at])}: is the target itself; name the column of the lists")
        return _count(path, header, rows, at, of_group)


def _count(path: str, header: Sequence[str], rows: Iterator[list[str]], at: int, of_group: int | None) -> Column:
    name = header[at]
    counter, twins, lists, short = Counter(name), _Twins(), dict[str, int](), 0
    others = False
    for line, row in enumerate(rows, 1):
        if not row:
            continue
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            raise UsageError(
                f"--targets {one_line(path)}: row {line} has {len(row)} cells and the header {len(header)}: a comma "
                "inside a number or a text? write decimals with a point, and put texts in quotation marks"
            )
        short += len(row) <= max(at, of_group or 0)
        cell = row[at].strip() if at < len(row) else ""
        if missing(cell):
            counter.nothing()
            continue
        value = number(cell)
        if value is None:
            counter.text(cell)
        else:
            counter.number(value)
        if of_group is not None and of_group < len(row):
            lists[row[of_group]] = lists.get(row[of_group], 0) + 1
        inputs = tuple(c for i, c in enumerate(row[: len(header)]) if i not in (at, of_group))
        others = others or bool(inputs)
        if inputs and counter.counted is not None:
            twins.add(inputs, cell)
    _check_kinds(counter)
    repeated, disagree = twins.counts() if others else (0, 0)
    notes = (f"{short} rows are shorter than the header",) if short else ()
    sizes = (min(lists.values()), max(lists.values()), len(lists)) if lists else None
    if of_group is not None and (sizes is None or sizes[1] < 2):
        raise UsageError(f"--groups: every group of {one_line(name)!r} has one row, so there is nothing to rank")
    return replace(counter.column(), repeated=repeated, disagree=disagree, lists=sizes, notes=notes)


def _check_kinds(counter: Counter) -> None:
    """Numbers or texts, but not both."""
    if not counter.texts or not counter.numbers:
        return
    first = one_line(counter.first_text, 30)
    raise UsageError(
        f"{one_line(counter.name)!r} holds {counter.numbers} numbers and {counter.texts} texts, such as {first!r}: "
        "clean it, and leave missing values empty"
    )


# --- arrays and sequences


def _array_file(path: str) -> Column:
    try:
        import numpy
    except ImportError:
        raise UsageError(f"--targets {one_line(path)}: .npy files need numpy; install it, or give a .csv") from None
    try:
        loaded = numpy.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise UsageError(f"--targets {one_line(path)}: cannot be read ({error.strerror or 'no .npy file'})") from None
    except (ValueError, EOFError, SyntaxError, TypeError, MemoryError, OverflowError) as error:
        objects = _magic(path) in (b"\x93", b"\x80") and re.search("pickle|Python objects", str(error))
        reason = "it holds Python objects" if objects else "it is no .npy file, or a broken one"
        raise UsageError(f"--targets {one_line(path)}: cannot be read ({reason})") from None
    if not isinstance(loaded, numpy.ndarray):
        raise UsageError(
            f"--targets {one_line(path)}: holds several arrays; save the one with the targets by numpy.save"
        )
    return of_array(loaded, Path(path).stem)


def _magic(path: str) -> bytes:
    """The first byte: an array begins with 0x93, a pickle with 0x80."""
    with open(path, "rb") as file:
        return file.read(1)


def of_object(targets: Any, groups: Any = None) -> Column:
    """The column that a program hands over: a path, a sequence, an array, a tensor, a pandas series.

    Raises:
        UsageError: It is no column of numbers or texts.
    """
    if isinstance(targets, str | Path):
        return read(str(targets), groups)
    if isinstance(targets, Sequence) and not any(
        isinstance(each, Sequence) and not isinstance(each, str) for each in targets
    ):
        column = _of_values(targets)
    else:
        import numpy

        source = targets.detach().cpu() if hasattr(targets, "detach") else targets
        try:
            column = of_array(numpy.asarray(source), "targets")
        except (ValueError, TypeError) as error:
            raise UsageError(f"targets: no column of numbers or texts ({one_line(str(error))})") from None
    if groups is None:
        return column
    sizes = dict[Any, int]()
    for each in groups:
        sizes[each] = sizes.get(each, 0) + 1
    if sum(sizes.values()) != column.rows or max(sizes.values(), default=0) < 2:
        raise UsageError("groups: one for each target is wanted, and more than one row in some of them")
    return replace(column, lists=(min(sizes.values()), max(sizes.values()), len(sizes)))


def _of_values(values: Iterable[object]) -> Column:
    counter = Counter("targets")
    for value in values:
        if value is None:
            counter.nothing()
        elif isinstance(value, str):
            counter.text(value)
        else:
            try:
                counter.number(float(value))  # type: ignore[arg-type]  # what is no number says so itself
            except (TypeError, ValueError, OverflowError):
                raise UsageError(f"targets: {one_line(repr(value))} is neither a number nor a text") from None
    _check_kinds(counter)
    return counter.column()


def of_array(values: np.ndarray[Any, Any], name: str) -> Column:
    """The column that an array is: (N,), (N, L), or masks.

    Raises:
        UsageError: Its shape or its type is none of a target.
    """
    if values.dtype.kind not in "biufUS" and not (values.dtype.kind == "O" and values.ndim == 1):
        raise UsageError(f"{one_line(name)}: numbers or texts are wanted, and it holds {values.dtype}")
    if values.ndim == 0:
        raise UsageError(f"{one_line(name)}: is a single value; an array of shape (N,) or (N, L) is wanted")
    if values.dtype.kind in "OUS":
        if values.ndim > 2 or (values.ndim == 2 and values.shape[1] != 1):
            raise UsageError(f"{one_line(name)}: has the shape {values.shape}; texts are wanted in the shape (N,)")
        texts = [
            each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in values.ravel().tolist()
        ]
        return replace(_of_values(texts), name=name)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim > 2:
        return _masks(values, name)
    counter = Counter(name)
    looked = _feed(counter, values.ravel() if values.ndim == 2 else values)
    note = (f"every {looked}th value was looked at",) if looked > 1 else ()
    column = replace(counter.column(), notes=note)
    return column if values.ndim == 1 else _several(column, values)


def _feed(counter: Counter, values: np.ndarray[Any, Any]) -> int:
    """All whole numbers, and of very many real ones every so-manieth."""
    import numpy

    stride = 1 if values.dtype.kind in "biu" else -(-values.size // _MOST_VALUES) or 1
    chosen = values[::stride]
    for start in range(0, chosen.size, 1_000_000):
        block = numpy.asarray(chosen[start : start + 1_000_000])
        distinct, times = numpy.unique(block, return_counts=True)
        for value, count in zip(distinct.tolist(), times.tolist(), strict=True):
            counter.number(float(value), count)
    return stride


def _masks(values: np.ndarray[Any, Any], name: str) -> Column:
    counter = Counter(name)
    whole = values.dtype.kind in "biu"
    if whole:
        _feed(counter, values.reshape(-1))
    column = counter.column()
    if not whole or column.levels is None or len(column.levels) > _MOST_CLASSES:
        raise UsageError(
            f"{one_line(name)}: has the shape {values.shape}; (N,), (N, L), or masks of whole numbers are wanted"
        )
    return replace(column, pixels=True)


def _several(column: Column, values: np.ndarray[Any, Any]) -> Column:
    """Several targets in each row: of which kind?"""
    import numpy

    rows, width = values.shape
    block = numpy.asarray(values[: max(1, _MOST_VALUES // max(1, width))], dtype=float)
    sums = block.sum(axis=1)
    yes_no = column.levels is not None and set(column.levels) <= {0.0, 1.0} and not column.missing
    kind, positives = "numbers", (0.0, 0.0)
    if yes_no:
        kind = "one-hot" if bool((sums == 1).all()) else "multi-hot"
        shares = block.mean(axis=0)
        positives = (float(shares.min()), float(shares.max())) if width else (0.0, 0.0)
    elif rows and column.low >= 0 and bool((abs(sums - 1) < 1e-3).all()):
        kind = "distribution"
    return replace(column, rows=rows, width=width, rows_of=kind, positives=positives)
