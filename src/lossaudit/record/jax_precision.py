"""JAX in double precision, for as long as a block lasts: the user's own configuration stays as it is."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
from jax import experimental


def double_precision(wanted: bool = True) -> AbstractContextManager[Any]:
    """64-bit floats and integers inside the block, in this thread; or the user's own configuration.

    >>> import jax.numpy as jnp
    >>> with double_precision():
    ...     print(jnp.ones(1).dtype)
    float64
    """
    if not wanted:
        return nullcontext()
    old: Any = experimental
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else old.enable_x64()  # where it was before JAX 0.8
