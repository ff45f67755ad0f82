"""What Python hands over: pairs, parts, mappings, datasets and loaders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from lossaudit.errors import UsageError
from lossaudit.landscape.probe import batches_of, joined
from lossaudit.proving.failing import described
from lossaudit.trials.data.arrays import by_name
from lossaudit.trials.problem import Samples

FORM = "(x, y), (train, test), (train, validation, test), or a mapping with these names"
_PARTS = ("train", "validation", "test")
_COLLECTED = "The data came from a loader or a dataset and was collected once: what it draws or augments is fixed."
_BATCH = 256


def parts(data: Any, name: str, seed: int) -> tuple[tuple[tuple[Any, Any], ...], tuple[str, ...]]:
    """Inputs and targets of each part, and what was done, a sentence each. Call it inside of `untouched`.

    Args:
        data: In one of the forms of `FORM`; a part is a pair `(x, y)`, a map-style dataset or a loader.
        name: For messages.
        seed: Of what a loader draws.

    Raises:
        UsageError: It has no such form, or a loader raises.
    """
    given = _separate(data, name)
    words = (_COLLECTED,) if any(_drawn(part) for part in given) else ()
    return tuple(_pair(part, name, seed) for part in given), words


def _separate(data: Any, name: str) -> tuple[Any, ...]:
    """The parts: all samples; training and test; training, validation and test."""
    if isinstance(data, Mapping):
        if "train" in data and data.keys() <= set(_PARTS) and "test" in data:
            return tuple(data[part] for part in _PARTS if part in data)
        return tuple((data[x], data[y]) for x, y in by_name(data, name))
    if isinstance(data, Samples) or _drawn(data):
        return (data,)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        if len(data) in (2, 3) and all(_is_part(each) for each in data):
            return tuple(data)
        if len(data) == 2:
            return (data,)
        raise UsageError(f"{name}: gives {type(data).__name__} of {len(data)}; the forms are {FORM}")
    raise UsageError(f"{name}: gives {type(data).__name__}; the forms are {FORM}")


def _is_part(data: Any) -> bool:
    pair = isinstance(data, (tuple, list)) and len(data) == 2 and isinstance(data[1], (Tensor, np.ndarray, list))
    return pair or isinstance(data, Samples) or _drawn(data)


def _drawn(data: Any) -> bool:
    """Whether samples have to be taken out one by one."""
    if isinstance(data, (Tensor, np.ndarray, Sequence, Mapping, Samples)):
        return False
    return isinstance(data, (Dataset, Iterable))


def _pair(part: Any, name: str, seed: int) -> tuple[Any, Any]:
    if isinstance(part, Samples):
        return part.x, part.y
    if not _drawn(part):
        if len(part) != 2:
            raise UsageError(f"{name}: a part holds {len(part)} things; inputs and targets (x, y) are wanted")
        return part[0], part[1]
    try:
        plain = isinstance(part, Dataset) and not isinstance(part, IterableDataset)
        loader: Any = DataLoader(part, batch_size=_BATCH) if plain else part
        batches, _ = batches_of(loader, seed=seed)
        return joined([x for x, _ in batches]), joined([y for _, y in batches])
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    except Exception as error:
        raise UsageError(f"{name}: taking samples from it raises {described(error)}") from error
