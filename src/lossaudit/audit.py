"""One batch: what a model and a loss make of it, without training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from lossaudit.errors import LossauditError, UsageError
from lossaudit.record.spans import current_spots
from lossaudit.record.switch import Switch
from lossaudit.record.torch_mode import Recorder
from lossaudit.result import Result
from lossaudit.run.outcome import result_of
from lossaudit.run.sampling import Schedule
from lossaudit.run.session import Session


def audit_batch(model: Callable[..., Any], loss_fn: Callable[..., Any], batch: Any) -> Result:
    """Read one batch. Parameters, gradients, buffers, mode and random state stay as they were.

    Args:
        model: Called as `model(x)`; `model(*x)` for a tuple or list, `model(**x)` for a mapping.
        loss_fn: Called as `loss_fn(output, y)`.
        batch: A pair `(x, y)`.

    Raises:
        UsageError: The batch is no pair, or the loss is no scalar tensor with a gradient.
    """
    if not isinstance(batch, Sequence) or len(batch) != 2:
        raise UsageError("audit takes a batch (x, y): inputs and targets, as your training loop has them")
    inputs, target = batch
    session = Session(Schedule())
    recorder = Recorder()
    switch = Switch(recorder)
    spots = current_spots()
    with _untouched(model), torch.enable_grad():
        switch.on()
        try:
            output = _called(model, inputs)
            loss = loss_fn(output, target)
        finally:
            switch.off()
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            got = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else type(loss).__name__
            raise UsageError(f"audit needs a loss_fn that returns one number as a tensor; it returned {got}")
        with torch.no_grad(), torch._C.DisableTorchFunction():
            session.read_backward(loss, spots, recorded=True)
    name = f"{type(model).__name__} with {getattr(loss_fn, '__name__', type(loss_fn).__name__)}, one batch"
    return _with_verdict(result_of(session, kind="audit", program=name), loss_fn, output, target)


_MOST_OUTPUTS = 2_000  # a verdict about more would take long, and says the same of every row


def _with_verdict(result: Result, loss_fn: Callable[..., Any], output: Any, target: Any) -> Result:
    """A loss without a name gets its verdict from its code: as a function of the model's output."""
    known = any(met.verdict is not None for met in result.pairings)
    if known or len(result.unnamed) != 1 or not isinstance(output, torch.Tensor) or output.numel() > _MOST_OUTPUTS:
        return result
    from lossaudit.proving.prove import prove

    try:
        verdict = prove(loss_fn, output.detach(), target)
    except LossauditError:
        return result  # it was read; that it cannot be followed is no finding
    verdict = replace(verdict, scope=replace(verdict.scope, variables="the model's output"))
    return replace(result, unnamed=(replace(result.unnamed[0], verdict=verdict),))


def _called(model: Callable[..., Any], inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return model(**inputs)
    if isinstance(inputs, Sequence):
        return model(*inputs)
    return model(inputs)


@contextmanager
def _untouched(model: Any) -> Iterator[None]:
    """Put buffers and random state back: batch normalisation and dropout change them in a forward pass."""
    buffers = list(model.buffers()) if isinstance(model, torch.nn.Module) else []
    before = [buffer.detach().clone() for buffer in buffers]
    devices = sorted({buffer.device.index for buffer in buffers if buffer.device.type == "cuda"}, key=str)
    with torch.random.fork_rng([device for device in devices if device is not None]):
        try:
            yield
        finally:
            with torch.no_grad():
                for buffer, value in zip(buffers, before, strict=True):
                    buffer.copy_(value)
