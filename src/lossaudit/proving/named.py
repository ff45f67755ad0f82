"""Losses by name, behind a head: the callable and the targets that a verdict about them covers."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

from lossaudit import catalogue
from lossaudit.definitions import DEFINITIONS
from lossaudit.errors import UsageError
from lossaudit.pairing import TargetEncoding

HEADS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = MappingProxyType(
    {
        "identity": lambda z: z,
        "softmax": lambda z: torch.softmax(z, -1),
        "log_softmax": lambda z: torch.log_softmax(z, -1),
        "sigmoid": torch.sigmoid,
        "logsigmoid": torch.nn.functional.logsigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "softplus": torch.nn.functional.softplus,
        "exp": torch.exp,
    }
)
_ROWS = frozenset({"softmax", "log_softmax"})  # heads that act on a row of K
_OF_LISTS = frozenset({"ctc", "multilabel_margin"})  # losses whose target is a list of classes
_MOST_TARGETS = 16  # rows that stand for "every class"

_TARGETS: Mapping[TargetEncoding, tuple[float, ...]] = MappingProxyType(
    {
        TargetEncoding.BINARY: (0.0, 1.0),
        TargetEncoding.SIGNED: (-1.0, 1.0),
        TargetEncoding.COUNT: (0.0, 1.0, 3.0),
        TargetEncoding.REAL: (0.5, 1.0, 2.0),
    }
)
_NARROWEST = (TargetEncoding.CLASS_INDEX, TargetEncoding.SIGNED, TargetEncoding.BINARY, TargetEncoding.COUNT)


@dataclass(frozen=True, slots=True)
class Named:
    """A loss by name, ready to be recorded.

    Attributes:
        function: `function(z, target)`, the sum over the rows.
        logits, target: An example: one row for each target that is covered.
        words: The function in words.
        targets: Which targets are covered, in words.
        domain: Of the logits, where the loss is not defined for all real numbers.
    """

    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    logits: torch.Tensor
    target: torch.Tensor
    words: str
    targets: str
    domain: str | None


def names() -> tuple[str, ...]:
    """All names that `named` knows."""
    return tuple(sorted({*DEFINITIONS, *(loss.name for loss in catalogue.LOSSES.values() if _two_sided(loss.name))}))


def named(name: str, head: str | None = None, classes: int = 10, options: Mapping[str, Any] | None = None) -> Named:
    """The loss of this name behind this head.

    Args:
        name: In the catalogue, or of a definition.
        head: Name of what turns raw outputs into the loss's input; None: what the loss is meant for.
        classes: K, for losses of a row of K.
        options: The loss's own parameters.

    Raises:
        UsageError: There is no such loss, head, or parameter.
    """
    options = dict(options or {})
    if name in DEFINITIONS:
        known = DEFINITIONS[name]
        function, usual, domain = known.function, known.head, known.domain
        encoding, row = known.encoding, not known.elementwise
    elif name in names():
        loss = catalogue.LOSSES[name]
        module, _, attribute = loss.callable.rpartition(".")
        function, domain = getattr(importlib.import_module(module), attribute), None
        usual = loss.heads[0] if loss.heads[0] in HEADS else "identity"
        options.setdefault("reduction", "sum")
        encoding = next((e for e in _NARROWEST if e in loss.encodings), TargetEncoding.REAL)
        row = loss.class_axis
        if name in ("mse", "mae", "huber", "smooth_l1"):
            encoding = TargetEncoding.BINARY if head == "sigmoid" else TargetEncoding.REAL
    else:
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        raise UsageError(f"there is no loss {name!r}; nearest: {', '.join(near) or ', '.join(names())}")
    head = head or usual
    if head not in HEADS:
        raise UsageError(f"there is no head {head!r}; there is {', '.join(HEADS)}")
    if classes < 2:
        raise UsageError(f"--classes {classes}: a classifier has two classes or more")
    _check_options(name, function, options)
    row = row or head in _ROWS
    target, targets = _target(encoding, row, function_takes_index=encoding is TargetEncoding.CLASS_INDEX, k=classes)
    if row and name == "kl_div":
        target, targets = torch.eye(classes, dtype=torch.float64)[: len(target)], targets.replace("class", "one-hot")
    logits = torch.zeros((len(target), classes) if row else target.shape, dtype=torch.float64)
    spread = torch.linspace(0.1, 1.0, logits.numel(), dtype=torch.float64).reshape(logits.shape)
    shown = "".join(f", {key}={value}" for key, value in options.items() if key != "reduction")
    argument = "z" if head == "identity" else f"{head}(z)"
    bound = functools.partial(function, **options)
    return Named(
        lambda z, y: bound(HEADS[head](z), y),
        spread,
        target,
        f"{name}({argument}, y{shown})" + (f", z a row of {classes}" if row else ""),
        targets,
        domain,
    )


def _two_sided(name: str) -> bool:
    """Whether a catalogue loss is a function of PyTorch of one prediction and one target, and nothing else."""
    loss = catalogue.LOSSES[name]
    function = loss.callable.startswith("torch.nn.functional.")
    return function and bool(loss.target) and not loss.others and name not in _OF_LISTS


def _check_options(name: str, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
    try:
        known = list(inspect.signature(function).parameters)[2:]
    except (TypeError, ValueError):
        return
    for option in options:
        if option not in known:
            raise UsageError(f"{name} has no parameter {option!r}; it has {', '.join(known) or 'none'}")


def _target(encoding: TargetEncoding, row: bool, *, function_takes_index: bool, k: int) -> tuple[torch.Tensor, str]:
    """Targets of a batch that covers what can be covered, and in words which they are."""
    if row:
        covered = list(range(k)) if k <= _MOST_TARGETS else [0, 1, k - 1]
        words = "every class" if len(covered) == k else f"classes 0, 1 and {k - 1}"
        if function_takes_index:
            return torch.tensor(covered), words
        return torch.eye(k, dtype=torch.float64)[covered], words.replace("class", "one-hot class")
    values = _TARGETS[encoding]
    return torch.tensor(values, dtype=torch.float64), ", ".join(f"{value:g}" for value in values)
