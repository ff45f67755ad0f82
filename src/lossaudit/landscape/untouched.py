"""What is done to a user's model is undone: parameters, buffers, gradients and modes, and all random states."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

RESTORED = ("_parameters", "_buffers", "_modules")


@contextmanager
def untouched(*models: Callable[..., Any]) -> Iterator[None]:
    """Everything in the body leaves the models and all random states as they were, also when it raises.

    Parameters and buffers lie where they lay, byte for byte, `.grad` is the same object with the same values,
    and so are `requires_grad`, each module's mode, and its attributes: what a module has set on itself is gone. Random
    states are those of Python, NumPy and torch. Of what is no module only the random states are looked after.
    """
    with ExitStack() as held:
        held.enter_context(_random_states())
        for model in models:
            if isinstance(model, nn.Module):
                held.enter_context(_as_it_was(model))
        yield


@contextmanager
def _as_it_was(model: nn.Module) -> Iterator[None]:
    parameters = list(model.parameters())
    tensors = [*parameters, *model.buffers()]
    with torch.no_grad():
        places = [tensor.data for tensor in tensors]
        values = [tensor.detach().clone() for tensor in tensors]
        gradients = [parameter.grad for parameter in parameters]
        copies = [None if gradient is None else gradient.detach().clone() for gradient in gradients]
    required = [parameter.requires_grad for parameter in parameters]
    modules = list(model.modules())
    attributes = [dict(vars(module)) for module in modules]
    members = [{name: dict(vars(module)[name]) for name in RESTORED} for module in modules]
    try:
        yield
    finally:
        for module, had, of in zip(modules, attributes, members, strict=True):
            _put_back(vars(module), had)
            for name, entries in of.items():
                _put_back(had[name], entries)
        with torch.no_grad():
            for tensor, place, value in zip(tensors, places, values, strict=True):
                tensor.data = place  # it may lie elsewhere now
                _write(tensor, value)
            for parameter, gradient, copy in zip(parameters, gradients, copies, strict=True):
                parameter.grad = gradient
                if gradient is not None and copy is not None:
                    _write(gradient, copy)
        for parameter, wanted in zip(parameters, required, strict=True):
            parameter.requires_grad_(wanted)


def _put_back(now: dict[str, Any], then: dict[str, Any]) -> None:
    """The same entries, in the same order."""
    if list(now) != list(then) or any(now[name] is not value for name, value in then.items()):
        now.clear()
        now.update(then)


def _write(tensor: Tensor, value: Tensor) -> None:
    expanded = tensor.layout == torch.strided and torch._debug_has_internal_overlap(tensor) == 1
    if not expanded:  # it cannot be written to, and so it was not
        tensor.data.copy_(value)


@contextmanager
def _random_states() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
