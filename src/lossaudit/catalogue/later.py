"""Modules loaded when they are first used: formulas are written in torch, and the catalogue is read without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch as torch
else:
    import importlib

    class _Later:
        """Stands for a module."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> object:
            return getattr(importlib.import_module(self._name), name)

    torch = _Later("torch")
