"""lossaudit: does a model's output head belong with its loss?

Public names are loaded on first use, so that `import lossaudit` touches neither torch nor numpy.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lossaudit.api import audit, card, choose, compare, draw, lint, losses, minima, prove, read
    from lossaudit.notebook import load_ipython_extension
    from lossaudit.recheck import recheck

__all__ = [
    "audit",
    "card",
    "choose",
    "compare",
    "draw",
    "lint",
    "load_ipython_extension",
    "losses",
    "minima",
    "prove",
    "read",
    "recheck",
]

_HOMES = {
    "audit": "lossaudit.api",
    "card": "lossaudit.api",
    "choose": "lossaudit.api",
    "compare": "lossaudit.api",
    "draw": "lossaudit.api",
    "lint": "lossaudit.api",
    "losses": "lossaudit.api",
    "minima": "lossaudit.api",
    "prove": "lossaudit.api",
    "read": "lossaudit.api",
    "recheck": "lossaudit.recheck",
    "load_ipython_extension": "lossaudit.notebook",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'lossaudit' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(home), name)


class _Package(ModuleType):
    """Keeps `lossaudit.audit` the function, also once the file of that name has been imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
