"""What a loss known by name is: a function that a person would write, and how it is meant to be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lossaudit.pairing import TargetEncoding


@dataclass(frozen=True, slots=True)
class Definition:
    """A loss by name.

    Attributes:
        name: As on the command line.
        function: `function(prediction, target, **options)`, one value for a batch: the sum over samples.
        head: What is applied to the raw output before (`"softmax"`, `"sigmoid"`, `"identity"`).
        encoding: Of the target.
        options: Keyword arguments with their defaults.
        domain: Of the raw output, where the loss is not defined for all real numbers (`"positive"`).
        elementwise: Whether a sample is one number; otherwise it is a row of K.
        reference: Paper and equation.
    """

    name: str
    function: Callable[..., Any]
    head: str
    encoding: TargetEncoding
    reference: str
    options: dict[str, float] = field(default_factory=dict[str, float])
    domain: str | None = None
    elementwise: bool = False
