"""The whole audit: each part asks its own room, and the answers are one result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from lossaudit.audit.blocks import block_verdicts
from lossaudit.audit.landscape import around
from lossaudit.audit.measures import Part, measure_part
from lossaudit.audit.reading import Read, name_of, read
from lossaudit.errors import LossauditError, UsageError
from lossaudit.landscape.picture import Picture
from lossaudit.landscape.probe import batches_of
from lossaudit.landscape.untouched import untouched
from lossaudit.proving.failing import described
from lossaudit.result import Measured, Result, Split
from lossaudit.training import Training

GIVEN, HELD_OUT = "data given", "held-out"
_WORDS = {GIVEN: "the data", HELD_OUT: "the held-out data"}


@dataclass(frozen=True, slots=True)
class Asked:
    """How much an audit does.

    Attributes:
        samples: Of each part of the data, at most; None for all.
        seconds: For proofs, and again for the landscape.
        landscape: Whether to draw one.
    """

    samples: int | None = 10_000
    seconds: float = 5.0
    landscape: bool = True


def audit_training(training: Training, asked: Asked | None = None) -> tuple[Result, tuple[Picture, ...]]:
    """Everything that can be said of a model, its loss, and given data; and its landscape. Nothing of them is changed.

    Raises:
        UsageError: The data holds no pairs, the model or the loss raises, or the loss is no scalar tensor.
    """
    asked = asked or Asked()
    model, loss_fn = training.model, training.loss_fn
    with untouched(model, loss_fn):
        parts = [_part(GIVEN, training.data, asked.samples)]
        if training.held_out is not None:
            parts.append(_part(HELD_OUT, training.held_out, asked.samples))
    with untouched(model, loss_fn):  # of its own: in train mode a pass moves the statistics of batch normalisation
        first = read(model, loss_fn, parts[0].batches, training.name or name_of(model, loss_fn))
    result = first.result
    with untouched(model, loss_fn):
        splits, measured = _measured(training, parts, first)
        blocks = block_verdicts(model, loss_fn, parts[0].batches[0], result, first.last.loss, asked.seconds)
    del first  # and with it the graph
    pairings = tuple(replace(met, measured=found) for met, found in zip(result.pairings, measured, strict=True))
    result = replace(result, pairings=pairings, splits=splits, blocks=blocks)
    return around(training, result, asked.samples, asked.seconds, draw=asked.landscape)


def _part(name: str, data: Any, samples: int | None) -> Part:
    """One part of the data, collated."""
    try:
        batches, available = batches_of(data, samples)
    except LossauditError as error:
        said = error if name == GIVEN else f"{_WORDS[name]}: {error}"
        raise UsageError(f"audit takes a batch (x, y) or a loader of such; {said}") from None
    except Exception as error:
        raise UsageError(f"{_WORDS[name]} raises {described(error)}") from error
    return Part(name, batches, available)


def _measured(
    training: Training, parts: list[Part], first: Read
) -> tuple[tuple[Split, ...], tuple[tuple[Measured, ...], ...]]:
    """Each part in eval mode; in the model's own mode where the pairing that is trained is not met in eval mode."""
    model = training.model
    own = model.training if isinstance(model, nn.Module) else False
    if isinstance(model, nn.Module):
        model.eval()
    found = [measure_part(model, training.loss_fn, part, mode="eval") for part in parts]
    missed = any(key not in _keys(found) for key in first.keys)
    if missed and own and isinstance(model, nn.Module):
        model.train()
        found = [measure_part(model, training.loss_fn, part, mode="train") for part in parts]
    splits = tuple(split for split, _ in found)
    return splits, tuple(tuple(met[key] for _, met in found if key in met) for key in first.keys)


def _keys(found: list[tuple[Split, Mapping[Any, Measured]]]) -> set[Any]:
    return {key for _, met in found for key in met}
