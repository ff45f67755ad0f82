"""Which scalar stands where: ids beside each block of memory that depends on the variables.

Ids belong to memory and not to tensors, so that everything that shares memory (views, `detach`, `.data`, a slice that
is written to) agrees about what it holds, however it came about. An element without an id is known: the memory
itself holds its value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from lossaudit.record.lowering import Ids

KNOWN = -(1 << 52)  # no id; what is left of an id when it is taken away is not negative, and exact as a float


class _Block:
    """One block of memory, as elements of one type, and the ids of these."""

    def __init__(self, storage: torch.UntypedStorage, dtype: torch.dtype) -> None:
        self.storage = storage  # kept, so that its address stays its own
        self.dtype = dtype
        self.ids: Ids = np.full(storage.nbytes() // dtype.itemsize, KNOWN, dtype=np.int64)

    def fits(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor reads the elements as they are."""
        return tensor.dtype == self.dtype and not (tensor.is_neg() or tensor.is_conj())

    def under(self, tensor: torch.Tensor) -> Ids:
        """The ids of a tensor's elements, as a view."""
        shape, item = tuple(tensor.shape), self.ids.itemsize
        if not tensor.numel():
            return np.zeros(shape, dtype=np.int64)
        missing = self.storage.nbytes() // self.dtype.itemsize - len(self.ids)
        if missing > 0:  # the memory has grown
            self.ids = np.append(self.ids, np.full(missing, KNOWN, dtype=np.int64))
        strides = [item * stride for stride in tensor.stride()]
        return np.ndarray(shape, np.int64, self.ids, item * tensor.storage_offset(), strides)


class Shadows:
    """The blocks of memory that depend on the variables.

    Args:
        opaque: Makes ids of which nothing is known, in a shape; asked where memory is read as numbers of another type.
    """

    def __init__(self, opaque: Callable[[Sequence[int]], Ids]) -> None:
        self._blocks: dict[int, _Block] = {}
        self._opaque = opaque

    def of(self, tensor: torch.Tensor) -> Ids | None:
        """The ids of a tensor's elements, `KNOWN` where there is none; None if all are known."""
        block = self._block(tensor)
        if block is None:
            return None
        ids = block.under(tensor) if block.fits(tensor) else self._opaque(tensor.shape)
        return ids if (ids != KNOWN).any() else None

    def follows(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor lies in memory that is followed already."""
        return self._block(tensor) is not None

    def write(self, tensor: torch.Tensor, ids: Ids | int) -> None:
        """Say which scalars a tensor holds from now on; `ids` is broadcast to its shape."""
        block = self._block(tensor)
        if block is None:
            storage = tensor.untyped_storage()
            block = self._blocks[storage._cdata] = _Block(storage, tensor.dtype)
        if block.fits(tensor):
            block.under(tensor)[...] = ids
        else:
            block.ids[...] = self._opaque(block.ids.shape)

    def _block(self, tensor: torch.Tensor) -> _Block | None:
        if tensor.layout is not torch.strided:
            return None
        return self._blocks.get(tensor.untyped_storage()._cdata)
