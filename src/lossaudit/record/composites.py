"""The bodies of torch's own Python functions, so that what they do inside is seen."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

_ASKS = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")


def _no(*_: Any) -> bool:
    return False


@cache
def body(func: Callable[..., Any]) -> Callable[..., Any] | None:
    """A function of torch that is written in Python, without its question whether somebody overrides it.

    Asked with a function mode on, it would only hand itself to the mode again.

    >>> import torch
    >>> body(torch.nn.functional.gaussian_nll_loss).__name__
    'gaussian_nll_loss'
    >>> body(torch.exp) is None
    True
    """
    plain = inspect.unwrap(func)
    if not isinstance(plain, FunctionType) or not plain.__module__.startswith("torch."):
        return None
    names = {name: _no for name in _ASKS if name in plain.__globals__}
    copy = FunctionType(
        plain.__code__, {**plain.__globals__, **names}, plain.__name__, plain.__defaults__, plain.__closure__
    )
    copy.__kwdefaults__ = plain.__kwdefaults__
    return copy
