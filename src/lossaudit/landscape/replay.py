"""What a model does to the output of one of its modules: recorded once, played again on other values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_LOOKS = frozenset({"item", "__bool__", "__float__", "__int__", "__index__", "tolist", "numpy", "__array__"})


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for a tensor that an earlier step made; 0 is where the replay starts."""

    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A call: its arguments hold `Slot`s; the tensors of its result fill `results`."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    results: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """A function of one tensor, as the calls that were made; without steps it is the identity."""

    steps: tuple[Step, ...]
    output: int

    def __call__(self, start: Tensor) -> Tensor:
        if not self.steps:
            return start
        held: dict[int, Tensor] = {0: start.clone()}  # a step may write into it
        for step in self.steps:
            args, kwargs = _mapped((step.args, dict(step.kwargs)), Slot, lambda slot: held[slot.index])
            held.update(zip(step.results, _tensors(step.function(*args, **kwargs)), strict=True))
        return held[self.output]


class Tape(TorchFunctionMode):
    """Notes the calls that depend on `start`, once that is set.

    Attributes:
        refused: Why what was noted is no function of `start` alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refused: str | None = None
        self._slots: dict[int, int] = {}
        self._alive: list[Tensor] = []  # while a tensor lives, no other has its id
        self._steps: list[Step] = []

    def start(self, tensor: Tensor) -> None:
        if self._alive:
            self.refused = "the module is called more than once"
        self._hold(tensor)

    def replay(self, output: Any) -> Replay | None:
        """What leads from `start` to the output; None where nothing does, or where it was refused."""
        slot = self._slots.get(id(output))
        return None if slot is None or self.refused else Replay(tuple(self._steps), slot)

    def _hold(self, tensor: Tensor) -> int:
        self._alive.append(tensor)
        return self._slots.setdefault(id(tensor), len(self._alive) - 1)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = _tensors((args, kwargs)) if self._alive else []
        if not any(id(each) in self._slots for each in tensors):
            return func(*args, **kwargs)
        others = [each for each in tensors if id(each) not in self._slots]
        if any(each.requires_grad or isinstance(each, nn.Parameter) for each in others):
            self.refused = "other parameters act on its output"
        if getattr(func, "__name__", "") in _LOOKS:
            self.refused = "the program looks at its values"
        noted = _mapped((args, kwargs), Tensor, self._noted)
        result = func(*args, **kwargs)
        made = _tensors(result)
        if made or getattr(func, "__name__", "") == "__setitem__":
            self._steps.append(Step(func, noted[0], noted[1], tuple(self._hold(each) for each in made)))
        return result

    def _noted(self, tensor: Tensor) -> Slot | Tensor:
        slot = self._slots.get(id(tensor))
        return tensor.detach() if slot is None else Slot(slot)


class InDouble(TorchFunctionMode):
    """Everything is computed in float64: constants of lower precision and casts to it are raised."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in (Tensor.float, Tensor.half, Tensor.bfloat16):
            func = Tensor.double
        args, kwargs = _mapped((args, kwargs or {}), (Tensor, torch.dtype), _raised)
        return func(*args, **kwargs)


def _raised(value: Tensor | torch.dtype) -> Tensor | torch.dtype:
    if isinstance(value, torch.dtype):
        return torch.float64 if value.is_floating_point else value
    return value.double() if value.is_floating_point() else value


def _tensors(value: Any) -> list[Tensor]:
    """All tensors within, in order."""
    found: list[Tensor] = []
    _mapped(value, Tensor, found.append)
    return found


def _mapped(value: Any, kind: Any, function: Callable[[Any], Any]) -> Any:
    """The same nested containers, with the function applied to what is of a kind."""
    if isinstance(value, kind):
        return function(value)
    if isinstance(value, dict):
        return {key: _mapped(each, kind, function) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        parts = [_mapped(each, kind, function) for each in value]
        if hasattr(value, "_fields"):
            return type(value)(*parts)
        return type(value)(parts) if type(value) in (tuple, list) else tuple(parts)
    return value
