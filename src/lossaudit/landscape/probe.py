"""A model, a loss and fixed data: what a landscape over parameters is a landscape of."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler, Subset

from lossaudit.errors import UsageError
from lossaudit.landscape.untouched import untouched

_T = TypeVar("_T")
Batches: TypeAlias = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A model, a loss and batches that were collated once.

    The loss is that of all outputs together: with several batches these are concatenated before the loss sees them,
    so that batches of different sizes, class weights and every reduction come out right.

    Attributes:
        model: Called as `model(x)`; `model(*x)` for a tuple or list, `model(**x)` for a mapping.
        loss_fn: Called as `loss_fn(output, y)`; returns a scalar.
        batches: Pairs `(x, y)`.
        training: Whether the model is evaluated in train mode. Random numbers (dropout) are then the same at every
            point, and batch normalisation uses each batch's own statistics.
        seed: Of those random numbers.
        available: How many samples the data has, where the batches are a random sub-sample of it; else None.
        random: Whether an evaluation may draw random numbers, also outside of train mode.
        overwrites: Whether the model or the loss writes into its inputs, so that each call gets a copy.
    """

    model: nn.Module
    loss_fn: Callable[..., Any]
    batches: Batches
    training: bool = False
    seed: int = 0
    available: int | None = None
    random: bool = True
    overwrites: bool = False

    @property
    def parameters(self) -> tuple[nn.Parameter, ...]:
        """The trainable parameters, shared ones once. A direction has one tensor for each."""
        return tuple(p for p in self.model.parameters() if p.requires_grad and p.is_floating_point())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of `parameters`."""
        wanted = {id(p) for p in self.parameters}
        return tuple(name for name, p in self.model.named_parameters() if id(p) in wanted)

    def ready(self) -> None:
        """Put the model in its mode, and random numbers to their start. Only inside of `untouched(model)`."""
        self.model.train(self.training)
        self.reseed()

    def reseed(self) -> None:
        """Put random numbers to their start. Only inside of `untouched(model)`."""
        torch.manual_seed(self.seed)
        random.seed(self.seed)
        np.random.seed(self.seed % 2**32)

    def outputs(self) -> tuple[Any, Any]:
        """The model's outputs on all data, and the targets."""
        batches = _mapped(torch.clone, self.batches) if self.overwrites else self.batches
        if len(batches) == 1:
            x, y = batches[0]
            return called(self.model, x), y
        return joined([called(self.model, x) for x, _ in batches]), joined([y for _, y in batches])

    def loss(self) -> Tensor:
        """The loss of all data at the model's present parameters, a scalar tensor."""
        return self.loss_fn(*self.outputs())


def probe(
    model: nn.Module,
    loss_fn: Callable[..., Any],
    data: Any,
    *,
    training: bool = False,
    samples: int | None = None,
    seed: int = 0,
) -> Probe:
    """A probe of a batch `(x, y)` or of a loader of such batches.

    The data is taken once, with random numbers that begin at the seed: what a loader shuffles or augments comes out
    the same each time. The user's random states, also those of the loader's generators, stay as they are.

    Args:
        model: Its mode is not looked at: `training` says in which it is evaluated.
        loss_fn: Called as `loss_fn(output, y)`; returns a scalar.
        data: A pair, or an iterable of pairs.
        training: Evaluate in train mode.
        samples: Use so many samples at most, drawn at random; the first ones where an iterable's length is unknown.
            None for all.
        seed: Of the choice, of what a loader draws, and of dropout in train mode.

    Raises:
        UsageError: The data holds no pairs, the model has no trainable parameters, the loss is no scalar, or one of
            them raises.
    """
    if any(isinstance(each, UninitializedParameter) for each in model.parameters()):
        raise UsageError("the model has lazy parameters without a shape: call it on a batch once")
    if not -(2**63) <= seed < 2**63:
        raise UsageError(f"seed {seed}: a seed is a whole number of 64 bits")
    if samples is not None and (samples < 1 or samples % 1):
        raise UsageError(f"a landscape needs at least one sample, a whole number; {samples} were asked for")
    with untouched(model, loss_fn), _generators_untouched(data):
        made = Probe(model, loss_fn, (), training, seed)
        made.reseed()
        batches, available = _asked("the data", lambda: _taken(data, samples, seed))
        made = replace(made, batches=batches, available=available)
        if not made.parameters:
            raise UsageError("the model has no trainable parameters: a landscape has nothing to move along")
        made.ready()
        before = _random_states()
        trial = replace(made, batches=_mapped(torch.clone, batches))
        versions = _versions(trial.batches)
        with torch.no_grad():
            outputs, targets = _asked("the model", trial.outputs)
            loss = _asked("the loss", lambda: trial.loss_fn(outputs, targets))
        made = replace(made, random=_random_states() != before, overwrites=_versions(trial.batches) != versions)
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        got = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise UsageError(f"the loss has to return one number as a tensor; it returned {got}")
    if loss.is_complex():
        raise UsageError("the loss has to be a real number; it is complex")
    return made


def batches_of(data: Any, samples: int | None = None, seed: int = 0) -> tuple[Batches, int | None]:
    """The batches of data as `probe` takes them, and how many samples there are if these are a random part of them.

    Only inside of `untouched`: a loader draws random numbers.

    Raises:
        UsageError: The data holds no pairs.
    """
    with _generators_untouched(data):
        torch.manual_seed(seed)
        return _taken(data, samples, seed)


def _asked(what: str, make: Callable[[], _T]) -> _T:
    """What the user's own code gives; what it raises is said in one line."""
    try:
        return make()
    except UsageError:
        raise
    except Exception as error:
        text = next(iter(str(error).strip().splitlines()), "")
        raise UsageError(f"{what} raises {type(error).__name__}{': ' if text else ''}{text}") from error


def called(model: Callable[..., Any], inputs: Any) -> Any:
    """The model's output, called as the shape of its input asks for."""
    if isinstance(inputs, Tensor):
        return model(inputs)
    if isinstance(inputs, Mapping):
        return model(**inputs)
    if isinstance(inputs, Sequence):
        return model(*inputs)
    return model(inputs)


def size(target: Any) -> int | None:
    """How many samples a batch of targets holds, where it is a tensor."""
    return len(target) if isinstance(target, Tensor) and target.ndim else None


def rows(value: Any, chosen: Tensor | slice, count: int) -> Any:
    """Some of the samples of each tensor in a container that has one row for each of so many samples."""
    return _mapped(lambda tensor: tensor[chosen] if size(tensor) == count else tensor, value)


def joined(parts: Sequence[Any]) -> Any:
    """Batches of tensors, or of containers of tensors, as one."""
    first = parts[0]
    if isinstance(first, Tensor):
        if len({part.shape[1:] for part in parts}) == 1 and first.ndim:
            return torch.cat(list(parts))
    elif isinstance(first, Mapping):
        return _rebuilt(first, {key: joined([part[key] for part in parts]) for key in first})
    elif isinstance(first, Sequence) and not isinstance(first, str):
        return _rebuilt(first, [joined(each) for each in zip(*parts, strict=True)])
    raise UsageError(
        "the batches' outputs or targets cannot be joined, and the loss is that of all of them together: "
        "give one batch (x, y)"
    )


def _mapped(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    """A container with each of its tensors changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return _rebuilt(value, {key: _mapped(change, each) for key, each in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _rebuilt(value, [_mapped(change, each) for each in value])
    return value


def _rebuilt(like: Any, content: Any) -> Any:
    """A container of the same kind where that can be made of its content, else a plain one."""
    kind: Any = type(like)
    if hasattr(kind, "_fields"):
        return kind(*content)
    if kind in (tuple, list, dict):
        return kind(content)
    return dict(content) if isinstance(content, dict) else tuple(content)


def tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a container, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from tensors(each)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for each in value:
            yield from tensors(each)


def _versions(batches: Batches) -> list[int]:
    return [tensor._version for tensor in tensors(batches)]


def _random_states() -> tuple[Any, ...]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    numpy: Any = np.random.get_state(legacy=True)
    return (
        random.getstate(),
        tuple(each.tobytes() if isinstance(each, np.ndarray) else each for each in numpy),
        *(state.numpy().tobytes() for state in (torch.get_rng_state(), *cuda)),
    )


@contextmanager
def _generators_untouched(data: Any) -> Iterator[None]:
    """A loader's own generators, and its sampler's, are put back."""
    batching = getattr(data, "batch_sampler", None)
    owners = (data, getattr(data, "sampler", None), batching, getattr(batching, "sampler", None))
    generators = [each for owner in owners if isinstance(each := getattr(owner, "generator", None), torch.Generator)]
    states = [generator.get_state() for generator in generators]
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


def _taken(data: Any, samples: int | None, seed: int) -> tuple[Batches, int | None]:
    """The batches, and how many samples there are if these are a random part of them."""
    batches, available = _gathered(data, samples, seed)
    if all(size(y) == 0 for _, y in batches):
        raise UsageError("the data is empty: there is no sample in it")
    return batches, available


def _gathered(data: Any, samples: int | None, seed: int) -> tuple[Batches, int | None]:
    if _is_pair(data):
        return _part(((data[0], data[1]),), samples, seed)
    if not isinstance(data, Iterable) or isinstance(data, Mapping):
        raise UsageError(f"the data is {type(data).__name__}: give a batch (x, y), or an iterable of such batches")
    if isinstance(data, DataLoader):
        for generator in (data.generator, getattr(data.sampler, "generator", None)):
            if isinstance(generator, torch.Generator):
                generator.manual_seed(seed)
        count = _drawable(data)
        if samples is not None and count is not None and samples < count:
            kept = Subset(data.dataset, _chosen(count, samples, seed).tolist())
            return _collected(DataLoader(kept, data.batch_size, collate_fn=data.collate_fn), None), count
    if isinstance(data, Sequence):
        return _part(_collected(data, None), samples, seed)
    return _collected(data, samples), None


def _is_pair(data: Any) -> bool:
    """Whether it is one batch `(x, y)` and no collection of batches."""
    if not isinstance(data, Sequence) or len(data) != 2:
        return False
    return not all(isinstance(each, Sequence) and len(each) == 2 and isinstance(each[1], Tensor) for each in data)


def _drawable(loader: DataLoader[Any]) -> int | None:
    """How many samples its data set has, where one may draw from them as well as the loader's own sampler does."""
    plain = type(loader.sampler) in (SequentialSampler, RandomSampler) and loader.batch_size is not None
    if not plain or getattr(loader.sampler, "replacement", False) or not isinstance(loader.dataset, Sized):
        return None
    return len(loader.dataset)


def _chosen(count: int, samples: int, seed: int) -> Tensor:
    """Indices of random samples, in their order."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:samples].sort().values


def _part(batches: Batches, samples: int | None, seed: int) -> tuple[Batches, int | None]:
    """Random samples of batches."""
    counts = [size(y) or 0 for _, y in batches]
    total = sum(counts)
    if samples is None or 0 in counts or samples >= total:
        return batches, None
    chosen, start, parts = _chosen(total, samples, seed), 0, list[tuple[Any, Any]]()
    for (x, y), count in zip(batches, counts, strict=True):
        here = chosen[(chosen >= start) & (chosen < start + count)] - start
        start += count
        if len(here):
            parts.append((rows(x, here, count), rows(y, here, count)))
    return tuple(parts), total


def _collected(data: Iterable[Any], samples: int | None) -> Batches:
    """The batches of a loader, up to a number of samples."""
    batches: list[tuple[Any, Any]] = []
    taken = 0
    for batch in data:
        if not isinstance(batch, Sequence) or len(batch) != 2:
            raise UsageError("the data gives no pairs: each batch has to be (x, y), inputs and targets")
        x, y = batch
        count = size(y) or 1
        if samples is not None and taken + count > samples and size(y):
            first = slice(samples - taken)
            x, y = rows(x, first, count), rows(y, first, count)
        batches.append((x, y))
        taken += count
        if samples is not None and taken >= samples:
            break
    if not batches:
        raise UsageError("the data is empty: there is no batch in it")
    return tuple(batches)
