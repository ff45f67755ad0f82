"""Other parameters of the same network: state dicts, files of them (loaded with weights only), recorded tensors."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from lossaudit import catalogue
from lossaudit.errors import UsageError
from lossaudit.landscape.plane import Direction
from lossaudit.landscape.probe import Probe

Checkpoint: TypeAlias = Mapping[str, Any] | Sequence[Tensor] | str | os.PathLike[str]
"""A state dict, a file that holds one, or one tensor for each trainable parameter."""

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.")


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A network's tensors at one time.

    Attributes:
        parameters: One tensor for each trainable parameter of the probe.
        others: Frozen parameters and buffers by name, where the checkpoint has them.
        label: Its file, or its number.
    """

    parameters: Direction
    others: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    label: str = ""


class Recorder:
    """Records a model's state while it is trained: call it where a point of the trajectory shall be.

    >>> model = nn.Linear(1, 1)
    >>> recorder = Recorder(model)
    >>> for step in range(3):
    ...     recorder()
    >>> len(recorder.checkpoints)
    3
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.checkpoints: list[dict[str, Tensor]] = []

    def __call__(self) -> None:
        """Copy the parameters and buffers, as they are, into main memory."""
        state = self.model.state_dict()
        self.checkpoints.append(
            {name: value.detach().cpu().clone() for name, value in state.items() if isinstance(value, Tensor)}
        )


def listed(checkpoints: Sequence[Checkpoint] | Recorder | str | os.PathLike[str]) -> tuple[Checkpoint, ...]:
    """All of them; a file alone is one."""
    if isinstance(checkpoints, Recorder):
        return tuple(checkpoints.checkpoints)
    return (checkpoints,) if isinstance(checkpoints, (str, os.PathLike)) else tuple(checkpoints)


def loaded(probe: Probe, checkpoint: Checkpoint, label: str = "the checkpoint") -> State:
    """A checkpoint in the order, dtypes and devices of the probe's parameters.

    Args:
        probe: Whose parameters.
        checkpoint: A state dict (also one under `state_dict`, `model_state_dict` or `model`, or with the prefix of
            DataParallel or torch.compile), a file of one, or one tensor for each parameter.
        label: How an error names it.

    Raises:
        UsageError: The file cannot be read, a parameter is missing, has another shape, or is not finite.
    """
    if isinstance(checkpoint, (str, os.PathLike)):
        label = os.fspath(checkpoint)
        checkpoint = _file(label)
    if isinstance(checkpoint, Mapping):
        state = _plain(probe, _state_dict(checkpoint))
        chosen = [_entry(probe, state, name, parameter, label) for name, parameter in _named(probe)]
        others = _others(probe, state, label)
    else:
        chosen = _listed(probe, checkpoint, label)
        others: dict[str, Tensor] = {}
    for name, value in zip(probe.names, chosen, strict=True):
        if not bool(torch.isfinite(value).all()):
            raise UsageError(f"{label}: {name} holds NaN or infinite values; leave this checkpoint out")
    return State(
        tuple(value.detach().to(p, copy=True) for value, p in zip(chosen, probe.parameters, strict=True)), others, label
    )


def set_state(probe: Probe, state: State) -> None:
    """Give the model these parameters and buffers, in place. Only inside of `untouched(model)`."""
    own = _tensors(probe.model)
    with torch.no_grad():
        for parameter, value in zip(probe.parameters, state.parameters, strict=True):
            parameter.data.copy_(value)
        for name, value in state.others.items():
            own[name].data.copy_(value)


def differing(probe: Probe, state: State) -> tuple[str, ...]:
    """Names of the frozen parameters and buffers that the model has with other values."""
    own = _tensors(probe.model)
    return tuple(name for name, value in state.others.items() if not torch.equal(own[name].cpu(), value.cpu()))


def _file(path: str) -> Mapping[str, Any]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UsageError(f"there is no checkpoint {path}") from None
    except pickle.UnpicklingError:
        raise UsageError(f"{path} cannot be loaded with weights only: save model.state_dict() and give that") from None
    except Exception as error:  # what a file holds is anybody's guess, and so is what reading it raises
        raise UsageError(f"{path} is no checkpoint that torch.load can read ({type(error).__name__})") from None
    if not isinstance(found, Mapping):
        raise UsageError(f"{path} holds a {type(found).__name__}, no state dict: save model.state_dict()")
    return found


def _state_dict(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state dict, also where it is one entry of a checkpoint."""
    for key in _WRAPPERS:
        inner = found.get(key)
        if isinstance(inner, Mapping):
            return inner
    return found


def _plain(probe: Probe, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state dict under the model's own names: wrappers put a prefix before each."""
    own = set(_tensors(probe.model))
    for prefix in _PREFIXES:
        if own.isdisjoint(state):
            state = {str(name).removeprefix(prefix): value for name, value in state.items()}
    return state


def _named(probe: Probe) -> list[tuple[str, nn.Parameter]]:
    return list(zip(probe.names, probe.parameters, strict=True))


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers by all their names."""
    return dict(model.named_parameters(remove_duplicate=False)) | dict(model.named_buffers(remove_duplicate=False))


def _entry(probe: Probe, state: Mapping[str, Any], name: str, parameter: Tensor, label: str) -> Tensor:
    aliases = [other for other, tensor in _tensors(probe.model).items() if tensor is parameter]
    found = next((state[alias] for alias in (name, *aliases) if alias in state), None)
    if not isinstance(found, Tensor):
        near = catalogue.nearest(name, [str(key) for key in state]) or tuple(str(key) for key in state)[:3]
        hint = f"; it has {', '.join(near)}" if near else ", it is empty"
        raise UsageError(f"{label} has no {name}{hint}: is it of another architecture?")
    _check_shape(name, found, parameter, label)
    return found


def _others(probe: Probe, state: Mapping[str, Any], label: str) -> dict[str, Tensor]:
    """What the checkpoint has of frozen parameters and of buffers."""
    own = _tensors(probe.model)
    trained = {id(parameter) for parameter in probe.parameters}
    kept: dict[str, Tensor] = {}
    for name, tensor in own.items():
        value = state.get(name)
        if id(tensor) not in trained and isinstance(value, Tensor):
            _check_shape(name, value, tensor, label)
            kept[name] = value.detach()
    return kept


def _listed(probe: Probe, tensors: Sequence[Tensor], label: str) -> list[Tensor]:
    parameters = probe.parameters
    if len(tensors) != len(parameters):
        raise UsageError(f"{label} has {len(tensors)} tensors; the model has {len(parameters)} trainable parameters")
    for (name, parameter), value in zip(_named(probe), tensors, strict=True):
        _check_shape(name, value, parameter, label)
    return list(tensors)


def _check_shape(name: str, value: Tensor, wanted: Tensor, label: str) -> None:
    if value.shape != wanted.shape:
        raise UsageError(
            f"{label} is of another architecture: {name} has shape {tuple(value.shape)} there, "
            f"{tuple(wanted.shape)} in the model"
        )
