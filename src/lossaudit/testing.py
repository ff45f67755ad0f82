"""Assertions about losses, for any test suite: plain functions that raise AssertionError with the whole argument."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from lossaudit.api import card, prove

_REPRESENTABLE = 700  # exp(-gap) is a normal number of float64 up to here


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


def assert_proper(loss: Callable[..., Any] | str, *arguments: Any, **named: Any) -> None:
    """Raise unless the loss is proved proper: in expectation, no prediction is better than the true probabilities.

    Args:
        loss: As `lossaudit.prove` takes it.
        arguments: An example of its arguments: raw outputs first, then the target.
        named: For a loss by name: `head`, `classes` and its parameters.

    Raises:
        AssertionError: It is refuted, with the distribution at which it is not, or not decided.

    >>> assert_proper("mse", head="softmax", classes=3)
    >>> assert_proper("mae", head="softmax", classes=3)
    Traceback (most recent call last):
        ...
    AssertionError: NOT PROPER in the logits: ...
    """
    verdict = prove(loss, *arguments, property="proper", **named)
    if verdict.status != "proved":
        raise AssertionError(str(verdict))


def assert_not_saturating(loss: Callable[..., Any] | str, *arguments: Any, **named: Any) -> None:
    """Raise if the gradient vanishes as the prediction gets confident and wrong.

    It vanishes if it tends to 0 there, or if the code's own gradient in float64 is exactly 0 at a gap of 700 or less.

    Args:
        loss: As `lossaudit.card` takes it.
        arguments: An example of its arguments: raw outputs first, then the target.
        named: For a loss by name: `head`, `classes` and its parameters.

    Raises:
        AssertionError: It vanishes, or that cannot be told.

    >>> assert_not_saturating("cross_entropy", classes=3)
    >>> assert_not_saturating("mse", head="softmax", classes=3)
    Traceback (most recent call last):
        ...
    AssertionError: SATURATES: confident and wrong, the gradient decays like sqrt(56) = 7.483315 e^-t (proved: ...
    """
    known = card(loss, *arguments, **named)
    found = known.entries.get("gradient when wrong")
    if found is None or found.value == "unknown":
        reason = (found or known.entries["samples"]).how
        raise AssertionError(f"cannot tell whether it saturates: {reason}")
    for entry in (found, known.entries.get("gradient when wrong, negative label", found)):
        if entry.value.startswith(("decays", "0 ", "exactly 0")):
            raise AssertionError(
                f"SATURATES: confident and wrong, the gradient {entry.value} ({entry.ground.value}: {entry.how})"
            )
    coded = known.entries["float64"].value
    gap = re.search(r"no gradient from gap (\S+?)(;|$)", coded)
    if gap is not None and float(gap[1]) <= _REPRESENTABLE:
        raise AssertionError(f"SATURATES as coded: in float64 {coded}")
