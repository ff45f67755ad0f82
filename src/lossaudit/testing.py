"""Assertions about losses, for any test suite: plain functions that raise AssertionError with the whole argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossaudit.api import prove


def assert_convex(
    loss: Callable[..., Any] | str,
    *arguments: Any,
    wrt: int | str | Sequence[int | str] = 0,
    domain: str | tuple[float | None, float | None] | None = None,
    **named: Any,
) -> None:
    """Raise unless the loss is proved convex; "undecided" is no proof.

    Args:
        loss: As `lossaudit.prove` takes it, with its example and its keywords.
        arguments: An example of its arguments.
        wrt: The variables.
        domain: Where they range.
        named: For a loss by name: `head`, `classes` and its parameters.

    Raises:
        AssertionError: It is refuted, with the counterexample, or undecided, with the place where the proof stopped.

    >>> import torch
    >>> assert_convex(torch.nn.functional.mse_loss, torch.zeros(4), torch.ones(4))
    >>> assert_convex("mse", head="softmax", classes=3)
    Traceback (most recent call last):
        ...
    AssertionError: NOT CONVEX in the logits: counterexample confirmed
    ...
    """
    verdict = prove(loss, *arguments, wrt=wrt, domain=domain, **named)
    if verdict.status != "proved":
        raise AssertionError(str(verdict))
