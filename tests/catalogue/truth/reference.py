"""Runs the implementation that an entry of the catalogue names, in its own framework."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from lossaudit import catalogue
from lossaudit.catalogue.schema import Loss


def run(loss: Loss, arguments: tuple[Any, ...], options: dict[str, Any]) -> float:
    """Its value, summed over whatever it returns. Arguments are matched by the catalogue's names for them."""
    module, _, name = loss.callable.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    if module.startswith("lossaudit."):
        return float(function(*map(_torch, arguments), **options))
    found = catalogue.framework_of(loss.callable)
    assert found is not None, loss.callable
    spelled = catalogue.find(found[0], loss.callable)
    assert spelled is not None, loss.callable
    convert = {"torch": _torch, "keras": _keras, "jax": _jax}[found[0]]
    sides = dict(zip((loss.prediction, loss.target, *loss.others), map(convert, arguments), strict=False))
    sides.update(options)
    given = {param.name: sides[param.canonical] for param in spelled[1].params if param.canonical in sides}
    if "reduction" in inspect.signature(function).parameters and found[0] == "torch":
        given["reduction"] = "sum"
    value = function(**given)
    return float(value.sum() if hasattr(value, "sum") else value)


def in_order(function: str, arguments: tuple[Any, ...], **options: float) -> Callable[[], float]:
    """Calls PyTorch's function of this name with the arguments of a definition that has them in the same order."""

    def call() -> float:
        found = getattr(importlib.import_module("torch.nn.functional"), function)
        return float(found(*map(_torch, arguments), **options, reduction="sum"))

    return call


def _torch(numbers: Any) -> Any:
    from lossaudit.proving.named import tensor

    return tensor(numbers)


def _keras(numbers: Any) -> Any:
    import keras

    return keras.ops.convert_to_tensor(_array(numbers))


def _jax(numbers: Any) -> Any:
    import jax.numpy as jnp

    return jnp.asarray(_array(numbers))


def _array(numbers: Any) -> Any:
    array = np.asarray(numbers)
    return array.astype(np.float32) if array.dtype.kind == "f" else array.astype(np.int32)
