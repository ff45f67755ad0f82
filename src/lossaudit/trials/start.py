"""Where every trial begins: with fresh weights, or with those of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from lossaudit.errors import UsageError
from lossaudit.training import put_weights, read_weights, without_prefixes

_FORMS = "fresh, checkpoint:FILE or legacy:FILE"
_SHOWN = 4  # names that are written out


@dataclass(frozen=True, slots=True)
class Fresh:
    """The model's own initial weights, drawn with the trial's seed."""

    @property
    def identity(self) -> str:
        """For the store."""
        return "fresh"

    def apply(self, model: nn.Module) -> tuple[str, ...]:
        """Nothing is loaded."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    """Weights that were read from a file once: trials run where the file is not.

    Attributes:
        path: As `load_weights` takes it.
        weights: By name.
        digest: SHA-256 of the file.
    """

    path: str
    weights: Mapping[str, Tensor] = field(init=False, repr=False)
    digest: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", read_weights(self.path))
        object.__setattr__(self, "digest", hashlib.sha256(Path(self.path).read_bytes()).hexdigest())

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return Path(self.path).name


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint(_File):
    """All weights of a file.

    Raises:
        UsageError: The file is no checkpoint.
    """

    @property
    def identity(self) -> str:
        """For the store: the hash of the file's content."""
        return f"checkpoint {self.digest}"

    def apply(self, model: nn.Module) -> tuple[str, ...]:
        """Load them, and say so.

        Raises:
            UsageError: They belong to another model.
        """
        put_weights(model, self.weights, self.path)
        return (f"Every trial begins with all weights of {self.name}; the seed changes the order of the data.",)


@dataclass(frozen=True, slots=True, eq=False)
class Legacy(_File):
    """The weights of a file that fit, by name and shape; the others, such as a new head's, stay fresh.

    Raises:
        UsageError: The file is no checkpoint.
    """

    @property
    def identity(self) -> str:
        """For the store: the hash of the file's content."""
        return f"legacy {self.digest}"

    def apply(self, model: nn.Module) -> tuple[str, ...]:
        """Load what fits, and say what does and what does not.

        Raises:
            UsageError: Nothing fits.
        """
        own = {name: value for name, value in model.state_dict().items() if isinstance(value, Tensor)}
        weights = max(without_prefixes(self.weights), key=lambda names: len(_fitting(names, own)))
        fits = _fitting(weights, own)
        if not fits:
            raise UsageError(
                f"{self.path}: none of its tensors fits the model by name and shape; it has {_few(_shaped(weights))}, "
                f"and the model {_few(_shaped(own))}"
            )
        with torch.no_grad():
            for name in fits:
                own[name].copy_(weights[name])
        words = [f"Every trial begins with {len(fits)} of {len(own)} tensors of {self.name}: {_few(fits)}."]
        fresh = [f"{name} ({_why(weights.get(name), own[name])})" for name in own if name not in fits]
        unused = [name for name in weights if name not in own]
        if fresh:
            words.append(f"Fresh, drawn with the seed: {_few(fresh)}.")
        if unused:
            words.append(f"The model has no place for {_few(unused)} of the file.")
        return tuple(words)


Start: TypeAlias = Fresh | Checkpoint | Legacy


def start_of(address: str) -> Start:
    """The start that `fresh`, `checkpoint:FILE` or `legacy:FILE` names.

    Raises:
        UsageError: It is none of these, or the file is no checkpoint.

    >>> start_of("fresh")
    Fresh()
    """
    kind, _, path = address.partition(":")
    if address == "fresh":
        return Fresh()
    if kind not in ("checkpoint", "legacy") or not path:
        raise UsageError(f"--start {address}: give {_FORMS}")
    return Checkpoint(path) if kind == "checkpoint" else Legacy(path)


def _fitting(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    return [name for name, value in weights.items() if name in own and value.shape == own[name].shape]


def _why(theirs: Tensor | None, ours: Tensor) -> str:
    return "not in the file" if theirs is None else f"{tuple(theirs.shape)} in the file, {tuple(ours.shape)} here"


def _shaped(weights: Mapping[str, Tensor]) -> list[str]:
    return [f"{name} {tuple(value.shape)}" for name, value in weights.items()]


def _few(names: Collection[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
