"""A probe's loss as a function of the output of its head block's affine map."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lossaudit.landscape.block import Head
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.replay import InDouble


class LogitLoss:
    """The loss of all data, for logits that are given batch by batch.

    Attributes:
        labels: (R,) the true classes, where the loss is plain cross-entropy of the logits (R, K); else None.
        mean: Whether that is averaged over the rows.
    """

    def __init__(self, probe: Probe, head: Head) -> None:
        self._head = head
        self._loss_fn = probe.loss_fn
        targets = [y for _, y in probe.batches]
        self._targets = targets[0] if len(targets) == 1 else torch.cat(targets)
        self._together: dict[torch.dtype, bool] = {}
        self.mean = getattr(probe.loss_fn, "reduction", "mean") == "mean"
        self.labels = self._targets if self._is_cross_entropy() else None

    def __call__(self, logits: Sequence[Tensor]) -> Tensor:
        """A scalar. In float64 if the logits are, whatever constants the program has."""
        if logits[0].dtype != torch.float64:
            return self._loss_fn(self._head.output(logits), self._targets)
        with InDouble():
            return self._loss_fn(self._head.output(logits), self._targets)

    def many(self, logits: Sequence[Tensor]) -> Tensor:
        """(n,) for logits with n values along the first axis: at once where the program allows it."""
        dtype = logits[0].dtype
        if dtype not in self._together:
            self._together[dtype] = self._allows(tuple(each[:2].detach() for each in logits))
        return self._vectorised(logits) if self._together[dtype] else self._one_by_one(logits)

    def _vectorised(self, logits: Sequence[Tensor]) -> Tensor:
        def one(*each: Tensor) -> Tensor:
            return self(each)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of operations that vmap carries out one by one
            return torch.vmap(one)(*logits)

    def _one_by_one(self, logits: Sequence[Tensor]) -> Tensor:
        return torch.stack([self(each) for each in zip(*logits, strict=True)])

    def _allows(self, logits: Sequence[Tensor]) -> bool:
        """Whether the vectorised program runs, and gives the same."""
        with torch.no_grad():
            one_by_one = self._one_by_one(logits)
            try:
                together = self._vectorised(logits)
            except Exception:  # whatever a user's program raises there, it does not run
                return False
        return torch.allclose(together, one_by_one, rtol=1e-5, atol=1e-6, equal_nan=True)

    def _is_cross_entropy(self) -> bool:
        """By what it is, not by its values: a loss may agree with cross-entropy at some points only."""
        loss, y = self._loss_fn, self._targets
        rows = self._head.channel == -1 and all(each.ndim == 2 for each in self._head.features)
        if not rows or any(each.steps for each in self._head.replays) or not isinstance(y, Tensor):
            return False
        if y.ndim != 1 or y.is_floating_point() or not bool((y >= 0).all()):
            return False
        if isinstance(loss, nn.CrossEntropyLoss):
            plain = type(loss) is nn.CrossEntropyLoss and loss.weight is None and loss.label_smoothing == 0
            return plain and loss.reduction in ("mean", "sum") and not bool((y == loss.ignore_index).any())
        return loss is nn.functional.cross_entropy
