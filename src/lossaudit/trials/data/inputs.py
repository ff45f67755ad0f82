"""Inputs of a model: arrays and tensors in containers, as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape.probe import tensors
from lossaudit.trials.data.source import nonfinite, plural

BYTES = "The bytes of the inputs, 0 to 255, are numbers from 0 to 1."


def ready(x: Any, name: str) -> tuple[Any, tuple[str, ...]]:
    """Inputs as tensors on the CPU: bytes become numbers in [0, 1], double precision becomes single.

    Args:
        x: An array or a tensor with a row for each sample, a tuple or a mapping of such, or nested lists of numbers.
        name: For messages.

    Returns:
        The same with tensors, and what was done, a sentence each.

    Raises:
        UsageError: It holds something else, no row, or a value that is no finite number.
    """
    words: dict[str, None] = {}
    made = _ready(x, name, words)
    counts = {len(tensor) for tensor in tensors(made)}
    if len(counts) > 1:
        raise UsageError(
            f"{name}: its tensors have {' and '.join(map(str, sorted(counts)))} rows; one per sample is wanted"
        )
    return made, tuple(words)


def count(x: Any) -> int:
    """How many samples inputs hold."""
    return len(next(tensors(x)))


def _ready(x: Any, name: str, words: dict[str, None]) -> Any:
    if isinstance(x, Mapping):
        return {str(key): _ready(each, f"{name}[{key!r}]", words) for key, each in x.items()}
    if isinstance(x, tuple) and x and all(isinstance(each, Tensor | np.ndarray) for each in x):
        return tuple(_ready(each, f"{name}[{place}]", words) for place, each in enumerate(x))
    return _tensor(x, name, words)


def _tensor(x: Any, name: str, words: dict[str, None]) -> Tensor:
    if not isinstance(x, Tensor):
        array = as_array(x, name)
        if array.dtype.kind not in "biuf":
            raise UsageError(f"{name}: inputs have to be numbers, and it holds {_kind(array)}")
        wide = array.dtype.kind == "u" and array.itemsize > 1  # which torch has few operations for
        x = torch.tensor(array.astype(np.int64) if wide else array)
    tensor = _plain(x)
    if tensor.ndim < 2:
        shape = tuple(tensor.shape)
        raise UsageError(f"{name}: has shape {shape}; a row for each sample is wanted, as in (samples, numbers)")
    if not tensor.numel():
        raise UsageError(f"{name}: is empty, its shape is {tuple(tensor.shape)}")
    if tensor.is_complex():
        raise UsageError(f"{name}: holds complex numbers; give real ones")
    if tensor.dtype == torch.uint8:
        words[BYTES] = None
        return tensor.float() / 255
    if tensor.is_floating_point() or tensor.dtype == torch.bool:
        tensor = tensor.float()
    bad, first = nonfinite(tensor.numpy())
    if bad:
        raise UsageError(
            f"{name}: {plural(bad, 'value')} NaN or infinite, the first in row {first:,}; leave such rows out"
        )
    return tensor


def as_array(x: Any, name: str) -> np.ndarray[Any, Any]:
    """What numpy makes of it, laid out as torch takes it.

    Raises:
        UsageError: Nothing: it is no array, or ragged.
    """
    if isinstance(x, Tensor):
        return _plain(x).numpy()
    if isinstance(x, (list, tuple)) and any(isinstance(each, Tensor) for each in x):
        x = [each.tolist() if isinstance(each, Tensor) else each for each in x]
    try:
        array = np.ascontiguousarray(x) if np.ndim(x) else np.asarray(x)
        long = array.dtype.kind == "f" and array.itemsize > 8
        return array.astype(np.float64 if long else array.dtype.newbyteorder("="), copy=False)
    except (ValueError, TypeError) as error:
        ragged = "inhomogeneous" in str(error)
        raise UsageError(
            f"{name}: {'its rows have different lengths' if ragged else f'{type(x).__name__} is no array of numbers'}"
        ) from None


def _plain(x: Tensor) -> Tensor:
    """On the CPU, dense, of a type that numpy has."""
    tensor = x.detach().cpu().to_dense() if x.layout != torch.strided else x.detach().cpu()
    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor


def _kind(array: np.ndarray[Any, Any]) -> str:
    return {"U": "texts", "S": "texts", "O": "Python objects"}.get(array.dtype.kind, str(array.dtype))
