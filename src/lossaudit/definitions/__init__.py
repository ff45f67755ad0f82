"""Losses that are known by name and that no framework function is: each as a person would write it, in torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.definitions import margin, multiclass, regression
from lossaudit.definitions.definition import Definition

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {d.name: d for family in (multiclass, margin, regression) for d in family.DEFINITIONS}
)
