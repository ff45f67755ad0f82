"""An `.npz` file of the user's, and what the arrays of a mapping are by their names."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lossaudit.advise.choose.sheet import LONGEST
from lossaudit.advise.choose.words import one_line
from lossaudit.errors import UsageError

NAMES = (
    (("x", "y"),),
    (("x_train", "y_train"), ("x_test", "y_test")),
    (("x_train", "y_train"), ("x_validation", "y_validation"), ("x_test", "y_test")),
    (("train_images", "train_labels"), ("test_images", "test_labels")),
)
"""Names of inputs and targets of each part: all samples; training and test; training, validation and test."""


def read(path: str) -> tuple[tuple[Any, Any], ...]:
    """Inputs and targets of each part of a file. Nothing is unpickled.

    Raises:
        UsageError: There is no such file, it is none, or it has other names.
    """
    shown = f"--data {one_line(path, LONGEST)}"
    try:
        with open(path, "rb") as file:
            held: Any = np.load(file, allow_pickle=False)
            if isinstance(held, np.ndarray):
                raise UsageError(
                    f"{shown}: holds one array; save inputs and targets by numpy.savez(path, x=..., y=...)"
                )
            return tuple((held[x], held[y]) for x, y in by_name(dict.fromkeys(held.files), shown))
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read ({error.strerror or 'no .npz file, or a broken one'})") from None
    except ValueError as error:
        objects = "object" in str(error).lower() and zipfile.is_zipfile(path)
        reason = "it holds Python objects" if objects else "no .npz file"
        raise UsageError(f"{shown}: cannot be read ({reason})") from None
    except (EOFError, zipfile.BadZipFile, MemoryError, zipfile.LargeZipFile):
        raise UsageError(f"{shown}: cannot be read (no .npz file, or a broken one)") from None


def by_name(held: Mapping[str, Any], shown: str) -> tuple[tuple[str, str], ...]:
    """The names of inputs and targets of each part, among the names that a mapping has.

    Raises:
        UsageError: It has others.

    >>> by_name({"y": 1, "x": 2}, "")
    (('x', 'y'),)
    """
    for parts in NAMES:
        if {name for part in parts for name in part} == held.keys():
            return parts
    there = ", ".join(one_line(str(name), 30) for name in list(held)[:10]) or "nothing"
    forms = "; or ".join(", ".join(f"{x}, {y}" for x, y in parts) for parts in NAMES)
    raise UsageError(f"{shown}: has {there}; the names are {forms}")


def is_file(address: str) -> bool:
    """Whether an address means such a file.

    >>> is_file("mnist.npz"), is_file("mnist.csv:y")
    (True, False)
    """
    return Path(address).suffix.lower() in (".npz", ".npy")
