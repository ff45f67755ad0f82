"""JAX in double precision, for as long as a block lasts: the user's own configuration stays as it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import jax


def double_precision() -> AbstractContextManager[Any]:
    """64-bit floats and integers inside the block, in this thread.

    >>> import jax.numpy as jnp
    >>> with double_precision():
    ...     print(jnp.ones(1).dtype)
    float64
    """
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax import experimental  # where it was before JAX 0.8

    return experimental.enable_x64()
