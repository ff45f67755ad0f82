"""Batches are read as a run's are: what is compared with what, and what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch

from lossaudit.errors import LossauditError, UsageError
from lossaudit.landscape.probe import called
from lossaudit.landscape.untouched import untouched
from lossaudit.proving.failing import described
from lossaudit.record.sample import ELEMENTS
from lossaudit.record.spans import current_spots
from lossaudit.record.switch import Switch
from lossaudit.record.torch_mode import Recorder
from lossaudit.result import Result
from lossaudit.run.outcome import result_of
from lossaudit.run.sampling import Schedule
from lossaudit.run.session import Session

_MOST_OUTPUTS = 2_000  # a verdict about more would take long, and says the same of every row


def audit_batch(model: Callable[..., Any], loss_fn: Callable[..., Any], batch: Any) -> Result:
    """Read one batch. Parameters, gradients, buffers, mode and random state stay as they were.

    Args:
        model: Called as `model(x)`; `model(*x)` for a tuple or list, `model(**x)` for a mapping.
        loss_fn: Called as `loss_fn(output, y)`.
        batch: A pair `(x, y)`.

    Raises:
        UsageError: The batch is no pair, the model or the loss raises, or the loss is no scalar tensor.
    """
    if not isinstance(batch, Sequence) or len(batch) != 2:
        raise UsageError("audit takes a batch (x, y): inputs and targets, as your training loop has them")
    with untouched(model, loss_fn):
        return read(model, loss_fn, [(batch[0], batch[1])], f"{name_of(model, loss_fn)}, one batch").result


def name_of(model: Callable[..., Any], loss_fn: Callable[..., Any]) -> str:
    """A training without a name, for the reader."""
    return f"{type(model).__name__} with {getattr(loss_fn, '__name__', type(loss_fn).__name__)}"


@dataclass(frozen=True, slots=True)
class Forward:
    """One recorded forward pass."""

    output: Any
    target: Any
    loss: torch.Tensor


@dataclass(frozen=True, slots=True)
class Read:
    """What reading gave.

    Attributes:
        result: As plain data.
        keys: What identifies each of its pairings, in their order.
        last: The last forward pass, with its graph.
    """

    result: Result
    keys: tuple[Hashable, ...]
    last: Forward


def read(model: Callable[..., Any], loss_fn: Callable[..., Any], batches: Sequence[tuple[Any, Any]], name: str) -> Read:
    """Read batches, in the mode in which the model is. Only inside of `untouched(model)`.

    Raises:
        UsageError: The model or the loss raises, or the loss is no scalar tensor.
    """
    session = Session(Schedule(first=sys.maxsize))
    spots = current_spots()
    last: Forward | None = None
    for forward in forwards(model, loss_fn, batches):
        with unrecorded():
            session.read_backward(forward.loss, spots, recorded=True)
        last = forward
    if last is None:
        raise UsageError("the data is empty: there is no batch in it")
    result = _with_verdict(result_of(session, kind="audit", program=name), loss_fn, last)
    entries = [(key, entry) for site in session.sites.values() for key, entry in site.entries.items()]
    return Read(result, tuple(key for key, entry in entries if entry.named), last)


def forwards(
    model: Callable[..., Any], loss_fn: Callable[..., Any], batches: Sequence[tuple[Any, Any]]
) -> Iterator[Forward]:
    """Recorded forward passes, with gradients on. Rows of logits and targets are kept in the graph, all of them.

    Raises:
        UsageError: The model or the loss raises, or the loss is no scalar tensor.
    """
    recorder = Recorder(rows=ELEMENTS)
    switch = Switch(recorder)
    for inputs, target in batches:
        with torch.enable_grad():
            switch.on()
            try:
                output = _running("the model", called, model, inputs)
                loss = _running("the loss", loss_fn, output, target)
            finally:
                switch.off()
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            got = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else type(loss).__name__
            raise UsageError(
                f"audit needs a loss_fn that returns one number as a tensor; it returned {got}{_hint(output)}"
            )
        yield Forward(output, target, loss)
        recorder.forget()


@contextmanager
def unrecorded() -> Iterator[None]:
    """For what is ours: no gradient, and no mode of the user's."""
    with torch.no_grad(), torch._C.DisableTorchFunction():
        yield


def _running(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Run the user's code; what it raises is said in one line."""
    try:
        return function(*arguments)
    except LossauditError:
        raise
    except Exception as error:
        output = arguments[0] if what == "the loss" else None
        raise UsageError(f"{what} raises {described(error)}{_hint(output)}") from error


def _hint(output: Any) -> str:
    """What to do with an output that losses of PyTorch do not take."""
    if output is None or isinstance(output, torch.Tensor):
        return ""
    field = ".logits" if hasattr(output, "logits") else "[0]"
    return (
        f"; the model returns {type(output).__name__}, no tensor: pick what the loss is of, "
        f"such as lambda output, y: loss_fn(output{field}, y)"
    )


def _with_verdict(result: Result, loss_fn: Callable[..., Any], last: Forward) -> Result:
    """A loss without a name gets its verdict from its code: as a function of the model's output."""
    known = any(met.verdict is not None for met in result.pairings)
    output = last.output
    if known or len(result.unnamed) != 1 or not isinstance(output, torch.Tensor) or output.numel() > _MOST_OUTPUTS:
        return result
    from lossaudit.proving.prove import prove

    try:
        verdict = prove(loss_fn, output.detach(), last.target)
    except LossauditError:
        return result  # it was read; that it cannot be followed is no finding
    verdict = replace(verdict, scope=replace(verdict.scope, variables="the model's output"))
    return replace(result, unnamed=(replace(result.unnamed[0], verdict=verdict),))
