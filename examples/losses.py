"""Cross-entropy and focal loss as people write them by hand."""

from __future__ import annotations

import torch
from torch import Tensor


def by_hand(z: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of class indices, stabilised by hand. Convex."""
    e = torch.exp(z - z.max(dim=1, keepdim=True).values)
    p = e / e.sum(dim=1, keepdim=True)
    return -torch.log(p.gather(1, y[:, None])).mean()


def clamped(z: Tensor, y: Tensor) -> Tensor:
    """The same with the usual clamp, which makes it flat beyond a gap of 16. Not convex, but in a wide box."""
    p = torch.softmax(z, dim=1).clamp(min=1e-7)
    return -torch.log(p.gather(1, y[:, None])).mean()


class Focal(torch.nn.Module):
    """Focal loss (Lin et al. 2017). Not convex for any gamma > 0."""

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        log_p = torch.log_softmax(z, dim=1).gather(1, y[:, None])
        return (-((1 - log_p.exp()) ** self.gamma) * log_p).mean()
