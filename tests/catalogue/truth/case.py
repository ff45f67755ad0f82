"""An example of a loss whose value comes from mathematics, a paper or an independent library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One example.

    Attributes:
        arguments: Of the definition, nested tuples of numbers: the prediction as the loss itself takes it (after the
            head), the target, and so on. Not special: no zeros and no equal numbers, unless that is the point.
        value: The sum over the samples, computed without our code (`math`, NumPy, SciPy, statsmodels, a package).
        source: Where the value comes from, in words.
        options: The loss's own parameters, where they are not the defaults.
        reference: What the implementation of `Loss.callable` gives for the same, if not `value`.
        call: Calls that implementation, where its arguments cannot be matched by their names.
    """

    arguments: tuple[Any, ...]
    value: float
    source: str
    options: Mapping[str, float] = field(default_factory=dict)
    reference: float | None = None
    call: Callable[[], float] | None = None
