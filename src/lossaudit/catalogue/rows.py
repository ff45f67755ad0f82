"""What formulas over rows of K classes say often."""

from __future__ import annotations

from lossaudit.catalogue.later import torch


def of_class(values: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Of each row (N, K) the entry of its class index (N,): shape (N,)."""
    return values.gather(-1, target[:, None])[:, 0]


def one_hot(values: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Class indices (N,) as rows of zeros and a one, in the shape and type of `values` (N, K)."""
    return torch.nn.functional.one_hot(target, values.shape[-1]).to(values.dtype)
