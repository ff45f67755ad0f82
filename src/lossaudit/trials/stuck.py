"""Which share of the training samples is stuck, under any loss that scores its samples independently."""

from __future__ import annotations

import torch
from torch import Tensor

from lossaudit.geometry.saturation import REFERENCE, STUCK, measure
from lossaudit.trials.contender import Contender
from lossaudit.trials.problem import Task

_TRIED = 64  # samples on which independence is tested
_SAME = 1e-9


def stuck(contender: Contender, outputs: Tensor, y: Tensor, task: Task) -> float | None:
    """The share of samples that are wrong, with a gradient under 1 % of this loss's own at uniform logits.

    Cross-entropy's same ratio has to be above 50 %, as everywhere here (`lossaudit.geometry.saturation`). A sample is a
    row of classes, or a single binary label.

    Args:
        contender: The loss.
        outputs: (N, K), or (N,) of one binary label.
        y: Targets.
        task: What they are.

    Returns:
        None where it is not defined: for numbers, for a loss that does not score samples independently, and where the
        gradient at uniform logits is 0 or none.
    """
    if task is Task.REGRESSION or not bool(torch.isfinite(outputs).all()) or not independent(contender, outputs, y):
        return None
    encoded = contender.encode(y)
    norm, uniform = (
        _norms(_gradients(contender, z, encoded), task) for z in (outputs.double(), torch.zeros_like(outputs).double())
    )
    reference = measure(*_REFERENCE[task], {}, outputs, y)
    defined = torch.isfinite(uniform) & (uniform > 0)
    if reference.ratio is None or not bool(defined.any()):
        return None
    held = defined & ~reference.correct & (norm < STUCK * uniform) & (reference.ratio > REFERENCE)
    return float(held.double().mean())


_REFERENCE = {
    Task.MULTICLASS: ("cross_entropy", ()),
    Task.BINARY: ("bce_with_logits", ()),
    Task.MULTILABEL: ("bce_with_logits", ()),
}


def independent(contender: Contender, outputs: Tensor, y: Tensor) -> bool:
    """Whether the gradient of a sample stays as it is when the outputs of others change."""
    z, encoded = outputs[:_TRIED].double(), contender.encode(y[:_TRIED])
    others = torch.arange(len(z)) % 2 == 1
    moved = z.clone()
    moved[others] = torch.randn(moved[others].shape, generator=torch.Generator().manual_seed(0)).double()
    first, second = (_gradients(contender, each, encoded)[~others] for each in (z, moved))
    return bool(torch.allclose(first, second, rtol=_SAME, atol=_SAME * float(first.abs().max()), equal_nan=True))


def _gradients(contender: Contender, z: Tensor, encoded: Tensor) -> Tensor:
    """Of each sample, up to one factor for all: those of the mean."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        (gradients,) = torch.autograd.grad(contender.value(z, as_real(encoded, z.dtype)), z)
    return gradients


def as_real(encoded: Tensor, dtype: torch.dtype) -> Tensor:
    """Targets that are real numbers in the precision of the outputs; indices as they are."""
    return encoded.to(dtype) if encoded.is_floating_point() else encoded


def _norms(gradients: Tensor, task: Task) -> Tensor:
    return torch.linalg.vector_norm(gradients, dim=1) if task is Task.MULTICLASS else gradients.abs().flatten()
