"""A trial runs as if it were alone: one thread, random numbers from its seed, and both as they were afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from lossaudit.landscape.untouched import untouched


@contextmanager
def alone(seed: int) -> Iterator[None]:
    """The global generators of Python, NumPy and torch start from the seed; torch has one thread.

    >>> with alone(0):
    ...     first = float(torch.rand(()))
    >>> with alone(0):
    ...     first == float(torch.rand(()))
    True
    """
    threads = torch.get_num_threads()
    with untouched(), torch.enable_grad():
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
