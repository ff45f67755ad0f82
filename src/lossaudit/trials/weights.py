"""The state of a model as the bytes of an `.npz` file, without pickle, and back: the same bits in every type."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from lossaudit.errors import UsageError


def packed(model: nn.Module) -> bytes:
    """Parameters and buffers.

    Raises:
        UsageError: The model's state holds something else.
    """
    state = model.state_dict()
    odd = next((name for name, value in state.items() if not isinstance(value, Tensor)), None)
    if odd is not None:
        raise UsageError(f"the model's state holds {odd}, which is no tensor; keep it in a buffer or outside")
    named = [(name, str(value.dtype).removeprefix("torch."), list(value.shape)) for name, value in state.items()]
    file = io.BytesIO()
    np.savez(file, np.frombuffer(json.dumps(named).encode(), np.uint8), *map(_bytes, state.values()))
    return file.getvalue()


def unpacked(data: bytes) -> Mapping[str, Tensor]:
    """What `packed` wrote.

    >>> model = nn.BatchNorm1d(2)
    >>> state = unpacked(packed(model))
    >>> list(state), state["num_batches_tracked"].dtype
    (['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'], torch.int64)
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        named = json.loads(file["arr_0"].tobytes())
        return {
            name: _tensor(file[f"arr_{index}"], getattr(torch, dtype)).reshape(shape)
            for index, (name, dtype, shape) in enumerate(named, 1)
        }


def _tensor(data: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(data).view(dtype) if data.size else torch.empty(0, dtype=dtype)


def _bytes(value: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
