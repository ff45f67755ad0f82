"""What one sampled backward pass shows of a pairing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch


class Capture:
    """The gradient that autograd brings to one node, as a mean norm per sample, once the backward pass has run.

    It carries every reduction, coefficient and scaling of the program, so it is used only where nothing can be
    recomputed, and is marked so.
    """

    def __init__(self, node: Any) -> None:
        self.norm: torch.Tensor | None = None
        self._handle = node.register_prehook(self._take)

    def _take(self, gradients: tuple[torch.Tensor | None, ...]) -> None:
        gradient = gradients[0]
        if gradient is not None and gradient.numel():
            rows = gradient.detach().float()
            rows = rows.flatten(1) if rows.dim() > 1 else rows.reshape(-1, 1)
            self.norm = torch.linalg.vector_norm(rows, dim=1).mean()

    def close(self) -> None:
        """Let the node go."""
        self._handle.remove()


@dataclass(frozen=True, slots=True)
class Sight:
    """What one sampled backward pass shows of a pairing. Tensors are small copies, one row per sample."""

    step: int
    loss: torch.Tensor | None
    logits: torch.Tensor | None = None
    prediction: torch.Tensor | None = None
    target: torch.Tensor | None = None
    weight: torch.Tensor | None = None
    captured: Capture | None = None
    input_peak: torch.Tensor | None = None

    def thinned(self, most: int) -> Sight:
        """Evenly spaced rows, so many at most; the same ones of logits, prediction and target."""
        rows = [len(t) for t in (self.logits, self.prediction, self.target) if t is not None]
        if not rows or len(set(rows)) > 1 or rows[0] <= most:
            return self
        stride = -(-rows[0] // most)
        logits, prediction, target = (
            t[::stride] if t is not None else None for t in (self.logits, self.prediction, self.target)
        )
        return replace(self, logits=logits, prediction=prediction, target=target)

    @property
    def elements(self) -> int:
        return sum(t.numel() for t in (self.logits, self.prediction, self.target) if t is not None)
