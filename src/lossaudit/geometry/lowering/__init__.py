"""Tensor operations of the catalogue, taken apart into scalar instructions.

`Lowered` is what a recorder talks to; one small file per family says what its operations mean.
"""

from __future__ import annotations

from lossaudit.geometry.lowering.lowered import Lowered, LoweredProgram

__all__ = ["Lowered", "LoweredProgram"]
