"""Verified local minima of a loss in one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossaudit.errors import UsageError
from lossaudit.geometry.interval import REALS
from lossaudit.geometry.lowering import Lowered
from lossaudit.geometry.refute import Minimum, local_minimum, two_minima
from lossaudit.proving.subject import Subject


def minima(function: Callable[..., Any], *arguments: Any, near: Sequence[float], wrt: Any = 0) -> tuple[Minimum, ...]:
    """Local minima near given points, each enclosed in an interval and verified in ball arithmetic.

    Several are returned only where the function is verified to be larger, somewhere between, than at both.

    Raises:
        UsageError: The variable is not one number, or what the function computes cannot be followed.
    """
    subject = Subject.of(function, arguments, wrt)
    if len(subject.example) != 1:
        raise UsageError(f"minima are verified in one number; {subject.words} has {len(subject.example)}")
    lowering = Lowered("as coded")
    recorded = subject.record(lowering)
    if recorded.escapes:
        raise UsageError(f"the function looks at values ({recorded.escapes[0]}): its minima cannot be verified")
    program = lowering.program(recorded.output, REALS).program
    several = two_minima(program, near)
    if several:
        return several
    one = next((found for found in (local_minimum(program, start) for start in near) if found is not None), None)
    return () if one is None else (one,)
