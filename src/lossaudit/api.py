"""The public functions: plain Python in, results out that print and show themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lossaudit.report.shown import Report

if TYPE_CHECKING:
    import torch

    from lossaudit.pairing import Reading


def audit(model: Callable[..., Any], loss_fn: Callable[..., Any], batch: Any) -> Report:
    """What a model's head and its loss make of one batch: reading, findings, measured saturation, verdict.

    Nothing is trained. Parameters, gradients, buffers, training mode and random state are as before.

    Args:
        model: Called as `model(x)`; `model(*x)` for a tuple or list, `model(**x)` for a mapping.
        loss_fn: Called as `loss_fn(output, y)`; returns a scalar tensor.
        batch: A pair `(x, y)`, as your training loop has it.

    Returns:
        A report: `print` it, show it in a notebook, or look at `.findings`, `.reading`, `.pairings`.

    Raises:
        lossaudit.errors.UsageError: The batch is no pair, or the loss is no scalar tensor.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> x, y = torch.randn(32, 8), torch.arange(32) % 4
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(1))
    >>> [finding.rule for finding in audit(model, torch.nn.CrossEntropyLoss(), (x, y)).findings]
    ['double-softmax']
    """
    from lossaudit.audit import audit_batch

    return Report(audit_batch(model, loss_fn, batch))


def read(loss: torch.Tensor) -> Reading:
    """What a live loss tensor compares with what: see `lossaudit.readers.live.read`.

    >>> import torch
    >>> z = torch.zeros(2, 3, requires_grad=True)
    >>> loss = torch.nn.functional.cross_entropy(z, torch.tensor([0, 1]))
    >>> read(loss).pairings[0].loss.loss
    'cross_entropy'
    """
    from lossaudit.readers import live

    return live.read(loss)
