"""The cheap race: what the trunk makes of the data is computed once, and only the last layer is trained."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from lossaudit.errors import LossauditError, UsageError
from lossaudit.landscape.probe import called
from lossaudit.landscape.untouched import untouched
from lossaudit.proving.failing import described
from lossaudit.trials.inputs import evaluated, rows
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Problem, Samples, Sealed
from lossaudit.trials.start import Fresh, Start

_CHECKED = 64  # samples on which the head is looked for
_SEED = 0  # of the trunk


def race(
    factory: Factory,
    problem: Problem,
    sealed: Sealed,
    start: Start = Fresh(),  # noqa: B008
) -> tuple[Factory, Problem, Sealed]:
    """The same problem on the features that the model's last affine layer is given, and that layer as the model.

    The trunk is made once, with seed 0, and brought to the start; its features are computed in eval mode and stay as
    they are. The layer begins as the start has it, where the start or the factory says so. Where it is drawn by chance
    it is drawn again with the seed of each trial, as `nn.Linear` draws it. The trials then begin with `Fresh()`: the
    start is in the features.

    Args:
        factory: Makes the whole model.
        problem: Of which the features are computed.
        sealed: Stays closed: features of the test samples are computed when it is opened.
        start: Where the weights come from.

    Raises:
        UsageError: The model does not end in an `nn.Linear` whose output is the model's.
    """
    with untouched(), torch.no_grad():
        model, told = _made(factory, start, _SEED)
        other, _ = _made(factory, start, _SEED + 1)
        name = _head(factory, model, problem.train.x)
        random_head = not _same(model, other, name, inside=True)
        random_trunk = not _same(model, other, name, inside=False)
        trunk = Trunk(model, name)
        train, validation = (_featured(samples, trunk) for samples in (problem.train, problem.validation))
    layer = model.get_submodule(name)
    assert isinstance(layer, nn.Linear)
    words = (*problem.words, *told, *_words(name, layer, random_trunk, random_head))
    make = FreshLayer(layer) if random_head else SameLayer(layer)
    source = hashlib.sha256(f"race {factory.source} {start.identity} {name}".encode()).hexdigest()
    raced = replace(problem, train=train, validation=validation, words=words)
    return Factory(f"the last layer of {factory.name}", make, source), raced, SealedFeatures(sealed, trunk)


def _made(factory: Factory, start: Start, seed: int) -> tuple[nn.Module, tuple[str, ...]]:
    torch.manual_seed(seed)
    try:
        model = factory.make()
        return model.eval(), start.apply(model)
    except LossauditError:
        raise
    except Exception as error:
        raise UsageError(f"making {factory.name} raises {described(error)}") from error


def _head(factory: Factory, model: nn.Module, x: Any) -> str:
    """The name of the last affine layer.

    Raises:
        UsageError: The model's output is not what such a layer returns.
    """
    some = rows(x, slice(_CHECKED))
    met: list[tuple[str, Tensor]] = []
    hooks = [
        module.register_forward_hook(_noting(met, name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        outputs = called(model, some)
    except Exception as error:
        raise UsageError(f"{factory.name} raises {described(error)}") from error
    finally:
        for hook in hooks:
            hook.remove()
    if met and isinstance(outputs, Tensor):
        name, features = met[-1]
        once = sum(name == other for other, _ in met) == 1
        again = model.get_submodule(name)(features)
        same = once and features.ndim == 2 and again.numel() == outputs.numel()
        if same and torch.equal(again.reshape(outputs.shape), outputs):
            return name
    raise UsageError(
        f"{factory.name} does not end in an nn.Linear whose output is the model's, so there is no last layer to race "
        "on; train the whole model"
    )


def _noting(met: list[tuple[str, Tensor]], name: str) -> Callable[[nn.Module, Any, Any], None]:
    def note(module: nn.Module, args: Any, output: Any) -> None:
        met.append((name, args[0]))

    return note


def _same(first: nn.Module, second: nn.Module, head: str, *, inside: bool) -> bool:
    """Whether two models have the same weights, in the head or outside of it."""
    mine, theirs = first.state_dict(), second.state_dict()
    return all(
        torch.equal(value, theirs[name])
        for name, value in mine.items()
        if isinstance(value, Tensor) and inside == (not head or name.startswith(f"{head}."))
    )


def _words(name: str, layer: nn.Linear, random_trunk: bool, random_head: bool) -> tuple[str, ...]:
    trunk = (
        "The trunk's weights are random, drawn with seed 0: the race says how the losses do on random features, and "
        "not how they do where the whole model is trained."
        if random_trunk
        else "The features are those of the start, not trained further."
    )
    head = "drawn with the seed of each trial" if random_head else "the start's own"
    return (
        f"Raced: only the last affine layer, {name or 'the model itself'} ({layer.in_features} to "
        f"{layer.out_features}), is trained, on features computed once in eval mode.",
        trunk,
        f"Its initial weights are {head}; the trunk is the same for all seeds.",
    )


def _featured(samples: Samples, trunk: Trunk) -> Samples:
    return replace(samples, x=evaluated(trunk, samples.x))


class Trunk:
    """What a model gives to one of its layers."""

    def __init__(self, model: nn.Module, layer: str) -> None:
        self._model, self._layer = model, layer

    def __call__(self, x: Any) -> Tensor:
        """Features of some samples."""
        met: list[tuple[str, Tensor]] = []
        hook = self._model.get_submodule(self._layer).register_forward_hook(_noting(met, self._layer))
        try:
            called(self._model, x)
        finally:
            hook.remove()
        return met[0][1].detach()


@dataclass(frozen=True, slots=True, eq=False)
class FreshLayer:
    """Makes a layer of the same shape, drawn by chance."""

    like: nn.Linear

    def __call__(self) -> nn.Linear:
        like = self.like
        made = nn.Linear(like.in_features, like.out_features, like.bias is not None)
        return made.to(like.weight.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class SameLayer:
    """Makes a copy of a layer."""

    like: nn.Linear

    def __call__(self) -> nn.Linear:
        return copy.deepcopy(self.like).requires_grad_()


class SealedFeatures(Sealed):
    """Test samples whose features are computed when it is opened, and not before."""

    def __init__(self, sealed: Sealed, trunk: Trunk) -> None:
        self._inner, self._trunk = sealed, trunk
        self.opened = False

    def __len__(self) -> int:
        return len(self._inner)

    def open(self) -> Samples:
        """The features. Called once, after the choices."""
        self.opened = True
        samples = self._inner.open()
        with untouched():
            return _featured(samples, self._trunk)
