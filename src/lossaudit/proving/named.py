"""Losses by name, behind a head: the callable and the targets that a verdict about them covers."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

from lossaudit import catalogue
from lossaudit.catalogue.schema import Loss, Nested, View
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
_MOST_TARGETS = 16  # rows that stand for "every class"

_TARGETS: Mapping[TargetEncoding, tuple[float, ...]] = MappingProxyType(
    {
        TargetEncoding.BINARY: (0.0, 1.0),
        TargetEncoding.SIGNED: (-1.0, 1.0),
        TargetEncoding.ORDINAL: (0.0, 1.0, 2.0),
        TargetEncoding.COUNT: (0.0, 1.0, 3.0),
        TargetEncoding.REAL: (0.5, 1.0, 2.0),
    }
)
_NARROWEST = (
    TargetEncoding.CLASS_INDEX,
    TargetEncoding.ORDINAL,
    TargetEncoding.SIGNED,
    TargetEncoding.BINARY,
    TargetEncoding.COUNT,
    TargetEncoding.ONE_HOT,
    TargetEncoding.DISTRIBUTION,
)
_INDICES = frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ORDINAL})


@dataclass(frozen=True, slots=True)
class Named:
    """A loss by name, ready to be recorded.

    Attributes:
        function: Of the arguments: the sum over the samples.
        arguments: An example: logits first, and one row for each target that is covered.
        wrt: Positions of the variables among them.
        variables: What these are, in words.
        words: The function in words.
        targets: Which targets are covered, in words.
        domain: Where the variables range, if the loss is not defined for all real numbers.
        sampled: Whether the arguments are raw outputs and targets of samples, one row each.
        wrong: Otherwise: a direction in the variables towards confident and wrong; empty for none.
    """

    function: Callable[..., torch.Tensor]
    arguments: tuple[torch.Tensor, ...]
    wrt: tuple[int, ...]
    variables: str
    words: str
    targets: str
    domain: str | None
    sampled: bool
    wrong: tuple[int, ...] = ()


def names() -> tuple[str, ...]:
    """All names that `named` knows."""
    return tuple(sorted(loss.name for loss in catalogue.LOSSES.values() if definition(loss) is not None))


def named(name: str, head: str | None = None, classes: int = 10, options: Mapping[str, Any] | None = None) -> Named:
    """The loss of this name behind this head.

    Args:
        name: In the catalogue, or an alias there.
        head: Name of what turns raw outputs into the loss's input; None: what the loss is meant for.
        classes: K, for losses of a row of K.
        options: The loss's own parameters.

    Raises:
        UsageError: There is no such loss, head, or parameter.
    """
    loss = catalogue.find_loss(name)
    function = None if loss is None else definition(loss)
    if loss is None or function is None:
        near = catalogue.nearest(name, names())
        there = f"nearest: {', '.join(near)}" if near else "`lossaudit losses` lists them"
        raise UsageError(f"there is no loss {name!r}; {there}; your own is written FILE.py:NAME or MODULE:NAME")
    given = dict(options or {})
    usual = usual_head(loss)
    head = head or usual
    if head not in HEADS:
        raise UsageError(f"there is no head {head!r}; there is {', '.join(HEADS)}")
    if classes < 2:
        raise UsageError(f"--classes {classes}: a classifier has two classes or more")
    sides = 2 if loss.example is None else len(loss.example.arguments)
    _check_options(loss.name, function, given, sides)
    shown = "".join(f", {key}={value}" for key, value in given.items() if key != "reduction")
    argument = "z" if head == "identity" else f"{head}(z)"
    bound = functools.partial(function, **given)
    behind = _behind(bound, head)
    domain = loss.domain if head == usual else None
    if loss.example is not None:
        return _by_example(loss.name, behind, loss.example, shown, argument)
    encoding = _encoding(loss, head)
    row = loss.class_axis or head in _ROWS
    target, targets = _target(encoding, row, k=classes)
    logits = torch.zeros((len(target), classes) if row else target.shape, dtype=torch.float64)
    spread = torch.linspace(0.1, 0.9, logits.numel(), dtype=torch.float64).reshape(logits.shape)
    words = f"{loss.name}({argument}, y{shown})" + (f", z a row of {classes}" if row else "")
    return Named(behind, (spread, target), (0,), "the logits", words, targets, domain, True)


def usual_head(loss: Loss) -> str:
    """The head behind which a loss is looked at, if nobody asks for another."""
    return next((known for known in loss.heads if known in HEADS), "identity")


def tensor(numbers: Nested) -> torch.Tensor:
    """Real numbers in float64, whole ones as indices.

    >>> tensor(((0, 1),)).dtype, tensor((0.5, 1)).dtype
    (torch.int64, torch.float64)
    >>> float(tensor((0.1,))[0])
    0.1
    """
    made = torch.tensor(numbers)
    return torch.tensor(numbers, dtype=torch.float64) if made.is_floating_point() else made


def _behind(function: Callable[..., torch.Tensor], head: str) -> Callable[..., torch.Tensor]:
    def loss(z: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        return function(HEADS[head](z), *rest)

    return loss


def _by_example(name: str, function: Callable[..., torch.Tensor], example: View, shown: str, argument: str) -> Named:
    arguments = tuple(map(tensor, example.arguments))
    words = f"{name}({argument}{', ...' if len(arguments) > 1 else ''}{shown})"
    return Named(function, arguments, example.wrt, example.variables, words, "", example.domain, False, example.wrong)


def view(loss: Loss, seen: View) -> Named:
    """A loss of the catalogue in the variables of one of its views, without a head.

    Raises:
        UsageError: The loss has no definition.
    """
    function = seen.through or definition(loss)
    if function is None:
        raise UsageError(f"{loss.name} has no definition")
    return _by_example(loss.name, function, seen, "", "...")


def definition(loss: Loss) -> Callable[..., Any] | None:
    """What the prover reads: the definition, or PyTorch's function, summed."""
    if loss.definition is not None:
        return loss.definition
    if not loss.callable.startswith("torch.nn.functional."):
        return None
    module, _, attribute = loss.callable.rpartition(".")
    return functools.partial(getattr(importlib.import_module(module), attribute), reduction="sum")


def _encoding(loss: Loss, head: str) -> TargetEncoding:
    """Of the targets of the card."""
    if head in _ROWS and not loss.class_axis and TargetEncoding.CLASS_INDEX in loss.encodings:
        return TargetEncoding.CLASS_INDEX  # a loss of a sign, asked for over a row of K
    if loss.encoding is not None:
        return TargetEncoding.BINARY if loss.encoding is TargetEncoding.REAL and head == "sigmoid" else loss.encoding
    return next((e for e in _NARROWEST if e in loss.encodings), TargetEncoding.REAL)


def _check_options(name: str, function: Callable[..., Any], options: Mapping[str, Any], sides: int) -> None:
    try:
        known = list(inspect.signature(function).parameters)[sides:]
    except (TypeError, ValueError):
        return
    for option in options:
        if option not in known:
            raise UsageError(f"{name} has no parameter {option!r}; it has {', '.join(known) or 'none'}")


def _target(encoding: TargetEncoding, row: bool, *, k: int) -> tuple[torch.Tensor, str]:
    """Targets of a batch that covers what can be covered, and in words which they are."""
    if row:
        covered = list(range(k)) if k <= _MOST_TARGETS else [0, 1, k - 1]
        words = "every class" if len(covered) == k else f"classes 0, 1 and {k - 1}"
        if encoding in _INDICES:
            return torch.tensor(covered), words
        return torch.eye(k, dtype=torch.float64)[covered], words.replace("class", "one-hot class")
    values = _TARGETS[encoding]
    return torch.tensor(values, dtype=torch.float64), ", ".join(f"{value:g}" for value in values)
