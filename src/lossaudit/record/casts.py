"""Casts of followed values: the same numbers in another type, rounded towards zero, or asked whether they are zero."""

from __future__ import annotations

from dataclasses import replace

import torch

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const
from lossaudit.record.request import Request

_WIDE = (torch.int32, torch.int64)


def keeps_numbers(source: torch.dtype, target: torch.dtype) -> bool:
    """Whether a cast changes no number, but for the rounding of floats.

    >>> keeps_numbers(torch.float64, torch.float32), keeps_numbers(torch.bool, torch.float32)
    (True, True)
    >>> keeps_numbers(torch.float64, torch.int64), keeps_numbers(torch.int64, torch.int8)
    (False, False)
    """
    if source.is_complex or target.is_complex:
        return source == target
    return (
        source == target
        or target.is_floating_point
        or (source == torch.bool)
        or (not source.is_floating_point and target in _WIDE)
    )


def is_cast(asked: Request) -> bool:
    """Whether an operation does nothing but to copy, into another type or over something else."""
    return asked.role is Role.CAST and "input" in asked.tensors


def as_operation(asked: Request, target: torch.dtype) -> Request:
    """What a cast that changes numbers computes."""
    source = asked.tensors["input"]
    plain = replace(asked, tensors={"input": source}, args={})
    if target == torch.bool:
        return replace(plain, op="ne", role=Role.ENCODE, args={"other": Const(0)})
    if source.dtype.is_floating_point and target in _WIDE:
        return replace(plain, op="trunc", role=Role.ELEMENTWISE)
    return replace(plain, clear=False)
