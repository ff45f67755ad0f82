"""Affine operations that are too large to write out: their results become new variables.

A function that is convex in z is convex in every variable that z is an affine function of. So where an operation is
affine, its results can stand for themselves, however many weights they were made of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lossaudit.geometry.lowering.operands import LIMIT, Array, NotLowered, Operands


def as_atoms(
    o: Operands,
    names: Sequence[str],
    *,
    at_most_one: bool = False,
    cost: int = 0,
    shape: tuple[int, ...] | None = None,
) -> Array | None:
    """New variables for the results of an affine operation that would cost too much; None if it may be written out.

    Args:
        o: The operation.
        names: Operands in which the operation is affine, jointly.
        at_most_one: That it is so only as long as no more than one of them depends on the variables: a product.
        cost: Scalar multiplications, where these are more than the elements.
        shape: Of the result; by default that of the operands together.

    Raises:
        NotLowered: It costs too much and is not affine in the variables.
    """
    shapes = [o.shape(name) for name in names]
    shape = np.broadcast_shapes(*shapes) if shape is None else shape
    if max(cost, math.prod(shape), *(math.prod(given) for given in shapes)) <= LIMIT:
        return None
    tracked = [name for name in names if o.values(name) is None]
    if at_most_one and len(tracked) > 1:
        raise NotLowered("too many products of what depends on the variables")
    for name in names:
        values = o.values(name)
        if values is not None and not np.all(np.isfinite(values)):
            raise NotLowered("an operand is not finite")
    if not all(o.low.affine(o.raw(name)) for name in tracked):
        raise NotLowered("too many operations on what is not affine in the variables")
    return o.low.variables(math.prod(shape), atoms=True).reshape(shape)
