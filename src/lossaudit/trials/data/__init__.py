"""Problems: from scikit-learn's digits, a file of the user's, or what Python hands over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape.probe import rows
from lossaudit.landscape.untouched import untouched
from lossaudit.trials.data import arrays, digits, inputs, objects, table
from lossaudit.trials.data.imbalance import imbalanced
from lossaudit.trials.data.noise import noisy
from lossaudit.trials.data.scaling import IN_WORDS, standardised
from lossaudit.trials.data.source import Part, Source, plural
from lossaudit.trials.data.splitting import THREE, TWO, split
from lossaudit.trials.data.targets import as_binary, understood
from lossaudit.trials.problem import Problem, Samples, Sealed, Task

__all__ = ["as_binary", "imbalanced", "load", "made", "noisy"]

Given: TypeAlias = "Samples | tuple[Any, Tensor]"
FORMS = "digits, FILE.csv:TARGET, FILE.npz, MODULE:DATA or FILE.py:DATA"
_TABLE = re.compile(r"\.(csv|tsv|txt)(:|$)", re.IGNORECASE)
_OTHER = (
    ".pt",
    ".pth",
    ".pkl",
    ".parquet",
    ".xlsx",
    ".xls",
    ".json",
    ".feather",
    ".gz",
    ".zip",
    ".h5",
    ".mat",
    ".arrow",
)


def load(address: Any, *, noise: float = 0.0, imbalance: float | None = None, seed: int = 0) -> tuple[Problem, Sealed]:
    """What is learnt, and the test samples, sealed.

    What is not split already is split by the seed, 60 % for training, 15 % for validation and 25 % for the test, every
    class in the same shares. A test part that is given is never touched. The split of `digits` is always the same.

    Args:
        address: `"digits"`, `"FILE.csv:TARGET"`, `"FILE.npz"`, `"MODULE:DATA"` or `"FILE.py:DATA"` (data, or a function
            that returns it), or data: `(x, y)`, `(train, test)`, `(train, validation, test)`, a mapping with these
            names, where a part is a pair, a map-style dataset or a loader; or what `made` gives.
        noise: Share of the training and validation labels that are made wrong.
        imbalance: Size of the first class over the last, in training and validation; None: as they are.
        seed: Of the split, of the noise and of what is left out.

    Raises:
        UsageError: There is no such data, or it is not what can be learnt from; one line says what, where, and how to
            go on.

    >>> problem, sealed = load("digits")
    >>> len(problem.train), len(problem.validation), len(sealed)
    (1078, 270, 449)
    """
    if not 0 <= seed < 2**63:
        raise UsageError(f"seed {seed}: a whole number from 0 on, below 2^63, is wanted")
    with untouched():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        problem, sealed = _loaded(address, seed)
    if imbalance is not None:
        problem = imbalanced(problem, imbalance, seed)
    return noisy(problem, noise, seed), sealed


def made(
    name: str,
    train: Given,
    validation: Given,
    test: Given,
    task: Task = Task.MULTICLASS,
    *,
    outputs: int | None = None,
    labels: Sequence[str] = (),
    words: Sequence[str] = (),
) -> tuple[Problem, Sealed]:
    """A problem from tensors that are ready: nothing is split, scaled or renamed.

    Args:
        name: For titles.
        train: `Samples`, or a pair `(x, y)`.
        validation: The same.
        test: The same.
        task: What the targets are.
        outputs: Numbers that the model returns for a sample; None: as the targets of `train` say.
        labels: Names of the classes; none: their indices.
        words: Where it comes from, a sentence each.

    >>> x, y = torch.zeros(3, 2), torch.tensor([0, 1, 2])
    >>> problem, sealed = made("none", (x, y), (x, y), (x, y))
    >>> problem.outputs, problem.labels, len(sealed)
    (3, ('0', '1', '2'), 3)
    """
    first, second, third = (part if isinstance(part, Samples) else Samples(*part) for part in (train, validation, test))
    if outputs is None:
        outputs = 1 if first.y.ndim == 1 else first.y.shape[1]
        outputs = int(first.y.max()) + 1 if task is Task.MULTICLASS else outputs
    classes = {Task.BINARY: 2, Task.REGRESSION: 0}.get(task, outputs)
    names = tuple(labels) or tuple(map(str, range(classes)))
    return Problem(name, task, first, second, outputs, names, tuple(words)), Sealed(third)


def _loaded(address: Any, seed: int) -> tuple[Problem, Sealed]:
    """As `load` does, before noise and imbalance."""
    if isinstance(address, str | Path):
        address = str(address)
        if address == "digits":
            train, validation, test = digits.parts()
            return made("digits", train, validation, test, words=digits.WORDS)
        if ".py:" not in address and _TABLE.search(address):
            return _posed(table.read(address), seed)
        if arrays.is_file(address):
            return _posed(_tensors(arrays.read(address), Path(address).name, f"--data {address}", ()), seed)
        from lossaudit.training import made as found

        name, shown = address, f"--data {address}"
        data = found(_checked(address))
    else:
        name, shown, data = "your data", "the data", address
    if isinstance(data, tuple) and len(data) == 2 and isinstance(data[0], Problem) and isinstance(data[1], Sealed):
        return data
    parts, words = objects.parts(data, shown, seed)
    return _posed(_tensors(parts, name, shown, words), seed)


def _checked(address: str) -> str:
    """An address in Python; else what may have been meant."""
    if address and Path(address).is_dir():
        raise UsageError(f"--data {address}: is a directory; give {FORMS}")
    if address.lower().endswith(_OTHER):
        raise UsageError(f"--data {address}: a file of this kind is not read; load it in Python, and give FILE.py:DATA")
    if ":" not in address:
        raise UsageError(f"--data {address}: no such data; give {FORMS}")
    return address


def _tensors(parts: Sequence[tuple[Any, Any]], name: str, shown: str, words: tuple[str, ...]) -> Source:
    """What was read, with its inputs as tensors and its targets as arrays."""
    ready: list[Part] = []
    for x, y in parts:
        tensors, said = inputs.ready(x, f"{shown}: the inputs")
        words += tuple(each for each in said if each not in words)
        ready.append((tensors, inputs.as_array(y, f"{shown}: the targets")))
    for x, y in ready:
        if y.ndim == 0 or inputs.count(x) != len(y):
            held = plural(len(y), "target") if y.ndim else "a single target"
            raise UsageError(
                f"{shown}: {plural(inputs.count(x), 'row')} of inputs and {held}; one for each row is wanted"
            )
    shapes = {tuple(tensor.shape[1:] for tensor in inputs.tensors(x)) for x, _ in ready}
    if len(shapes) > 1:
        raise UsageError(f"{shown}: the inputs of its parts have different shapes for a sample")
    return Source(name, tuple(ready), words)


def _posed(source: Source, seed: int) -> tuple[Problem, Sealed]:
    """The problem that a source is, split where it is not."""
    targets = understood([y for _, y in source.parts], source.name)
    samples = [Samples(x, y) for (x, _), y in zip(source.parts, targets.parts, strict=True)]
    words = [*source.words, *targets.words]
    if len(samples) < len(THREE):
        shares = THREE if len(samples) == 1 else TWO
        drawn = split(
            samples[0].y, shares, seed, targets.labels if targets.task is Task.MULTICLASS else (), source.name
        )
        samples[:1] = [Samples(rows(samples[0].x, rows_, len(samples[0])), samples[0].y[rows_]) for rows_ in drawn]
        how = ", ".join(f"{share:.0%} {kind}" for kind, share in shares.items())
        by = ", every class in the same shares" if targets.task is Task.MULTICLASS else ""
        words.append(f"{'Split' if shares is THREE else 'The training part is split'} by seed {seed}: {how}{by}.")
    if source.raw:
        samples, said = _scaled(samples, targets.task)
        words += said
    sizes = [f"{len(part):,} {kind}" for part, kind in zip(samples, THREE, strict=True)]
    words.append(f"Samples: {', '.join(sizes)}.")
    train, validation, test = samples
    problem = Problem(source.name, targets.task, train, validation, targets.outputs, targets.labels, tuple(words))
    return problem, Sealed(test)


def _scaled(samples: Sequence[Samples], task: Task) -> tuple[list[Samples], list[str]]:
    """A table's numbers on one scale, and what was done."""
    x, _, _ = standardised([part.x for part in samples])
    y, words = [part.y for part in samples], [IN_WORDS]
    if task is Task.REGRESSION:
        scaled, mean, deviation = standardised(y)
        y = list(scaled)
        words.append(f"Targets too: 0 is {mean:.6g}, and an error of 1 is {deviation:.6g} in the file's unit.")
    return [Samples(*each) for each in zip(x, y, strict=True)], words
