"""What each operation of the catalogue means, by its name there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.geometry.lowering import (
    activations,
    affine,
    elementwise,
    heads,
    layers,
    logical,
    multiclass,
    order,
    pairs,
    pointwise,
    reductions,
)
from lossaudit.geometry.lowering.operands import Rule

_FAMILIES = (
    elementwise,
    logical,
    activations,
    reductions,
    order,
    heads,
    affine,
    layers,
    pointwise,
    multiclass,
    pairs,
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {name: rule for family in _FAMILIES for name, rule in family.RULES.items()}
)
