"""Scalar operations: each once, with its value, its balls, its derivative and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.geometry.primitives import algebra, exponential, pieces, robust, special
from lossaudit.geometry.primitives.primitive import Primitive

PRIMITIVES: Mapping[str, Primitive] = MappingProxyType(
    {p.name: p for family in (algebra, exponential, pieces, robust, special) for p in family.PRIMITIVES}
)
