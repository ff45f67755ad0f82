"""How a callable names its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def positional_names(fn: Callable[..., Any], count: int) -> list[str]:
    """Names of the first positional arguments, made up where the callable has none.

    >>> positional_names(lambda z, *more: z, 2)
    ['z', 'argument 1']
    """
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    named = [parameter.name for parameter in parameters if parameter.kind in _POSITIONAL]
    return [named[index] if index < len(named) else f"argument {index}" for index in range(count)]
