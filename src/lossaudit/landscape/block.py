"""The head block: the last affine map of a model, in whose weights the logits are affine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lossaudit.errors import UsageError
from lossaudit.landscape.probe import Probe, called
from lossaudit.landscape.replay import Replay, Tape
from lossaudit.landscape.untouched import untouched

_AFFINE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRIED = 3  # modules from the end: what comes after the head is at most an auxiliary output or two


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The last affine map of a model, verified, with its inputs (features) on all data of a probe.

    Attributes:
        name: Of the module, as in `named_modules`.
        weight: Index of its weight among the probe's parameters.
        bias: Index of its bias; None where it has none, or where that is frozen.
        frozen: The bias where it is frozen.
        features: (N, ..., features) for each batch.
        replays: For each batch, what makes the model's output of the map's own.
        channel: Axis of the classes in the map's output: 1 of a convolution, else -1.
    """

    name: str
    weight: int
    bias: int | None
    frozen: Tensor | None
    features: tuple[Tensor, ...]
    replays: tuple[Replay, ...]
    channel: int

    @property
    def indices(self) -> tuple[int, ...]:
        """Of the parameters that belong to it."""
        return (self.weight,) if self.bias is None else (self.weight, self.bias)

    def pushed(self, block: Sequence[Tensor], *, fixed: bool) -> tuple[Tensor, ...]:
        """The map with other weights (and bias), of each batch: logits, with the frozen bias where `fixed`."""
        weight = block[0].flatten(1)
        bias = block[1] if len(block) > 1 else self.frozen if fixed else None
        bias = None if bias is None else bias.to(weight.dtype)
        made = [nn.functional.linear(x.to(weight.dtype), weight, bias) for x in self.features]
        return tuple(z.movedim(-1, self.channel) for z in made)

    def output(self, logits: Sequence[Tensor]) -> Tensor:
        """The model's output on all data."""
        made = [replay(z) for replay, z in zip(self.replays, logits, strict=True)]
        return made[0] if len(made) == 1 else torch.cat(made)


def find_head(probe: Probe) -> Head | None:
    """The last affine map (`nn.Linear`, or a convolution of one pixel) whose output is the model's output.

    A function without parameters (softmax, sigmoid, a reshape) may follow. It is looked for by running the model, and
    verified: with other weights, at random, the model's outputs are those that the cached features predict. None where
    there is no such map: where weights are shared, or where other parameters act on its output.
    """
    with untouched(probe.model), torch.enable_grad():
        for name in reversed(_candidates(probe)[-_TRIED:]):
            head = _recorded(probe, name)
            if head is not None and _holds(probe, head):
                return head
    return None


def require_current(probe: Probe, head: Head) -> None:
    """Raise a UsageError where the model has been trained on since the head was found, or is another one."""
    with untouched(probe.model), torch.no_grad():
        probe.ready()
        expected, targets = probe.outputs()
        got = head.output(head.pushed([probe.parameters[index] for index in head.indices], fixed=True))
        same = _close(got, expected) and _close(probe.loss_fn(got, targets), probe.loss_fn(expected, targets))
    if not same:
        raise UsageError(f"the head {head.name!r} was found with other parameters or data: call find_head again")


def _candidates(probe: Probe) -> list[str]:
    """Names of affine modules, in the order in which the first batch calls them."""
    order: list[str] = []
    probe.ready()
    hooks = [
        module.register_forward_hook(partial(_note, order, name))
        for name, module in probe.model.named_modules()
        if isinstance(module, _AFFINE) and _pointwise(module)
    ]
    try:
        called(probe.model, probe.batches[0][0])
    finally:
        for hook in hooks:
            hook.remove()
    return list(dict.fromkeys(order))


def _note(order: list[str], name: str, module: nn.Module, args: Any, output: Any) -> None:
    order.append(name)


def _pointwise(module: nn.Module) -> bool:
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        plain = module.groups == 1 and (isinstance(module.padding, str) or not any(module.padding))
        return plain and set(module.kernel_size) == set(module.stride) == {1}
    return True


def _recorded(probe: Probe, name: str) -> Head | None:
    """What the module and all after it do to each batch."""
    module = probe.model.get_submodule(name)
    places = {id(parameter): index for index, parameter in enumerate(probe.parameters)}
    shift = module.bias if isinstance(module.bias, Tensor) else None
    weight, bias = places.get(id(module.weight)), places.get(id(shift))
    if weight is None:
        return None
    channel = -1 if isinstance(module, nn.Linear) else 1
    features: list[Tensor] = []
    replays: list[Replay] = []
    probe.ready()
    for x, _ in probe.batches:
        tape = Tape()
        hook = module.register_forward_hook(partial(_begin, tape, features))
        try:
            with tape:
                output = called(probe.model, x)
        finally:
            hook.remove()
        replay = tape.replay(output)
        if replay is None:
            return None
        replays.append(replay)
    frozen = shift.detach().clone() if bias is None and shift is not None else None
    moved = tuple(x.movedim(channel, -1) for x in features)
    return Head(name, weight, bias, frozen, moved, tuple(replays), channel)


def _begin(tape: Tape, features: list[Tensor], module: nn.Module, args: Any, output: Any) -> None:
    with torch._C.DisableTorchFunction():
        features.append(args[0].detach().clone())
    tape.start(output)


def _holds(probe: Probe, head: Head) -> bool:
    """Whether the features predict the model's outputs, and the loss, with other weights.

    The prediction is made with the trained weights in place, so that a loss that looks at them itself is noticed.
    """
    block = [probe.parameters[index] for index in head.indices]
    trained = [parameter.detach().clone() for parameter in block]
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for share in (0.0, 1.0, 1.0):
            moved: list[Tensor] = []
            for value in trained:
                noise = torch.randn(value.shape, generator=random, dtype=torch.float64).to(value)
                moved.append(value + share * noise * (value.square().mean().sqrt() + 0.01))
            _put(block, moved)
            probe.ready()
            expected, targets = probe.outputs()
            loss = probe.loss_fn(expected, targets)
            _put(block, trained)
            got = head.output(head.pushed(moved, fixed=True))
            if not _close(got, expected) or not _close(probe.loss_fn(got, targets), loss):
                return False
    return True


def _put(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


def _close(got: Tensor, expected: Tensor) -> bool:
    """Equal up to the order in which sums are taken."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return False
    finite = expected[expected.isfinite()]
    scale = float(finite.abs().max()) if finite.numel() else 0.0
    eps = torch.finfo(got.dtype).eps if got.is_floating_point() else 0.0
    return torch.allclose(got, expected, rtol=100 * eps, atol=100 * eps * scale, equal_nan=True)
