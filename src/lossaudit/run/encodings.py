"""What target values look like."""

from __future__ import annotations

import torch

from lossaudit.pairing import TargetEncoding


def encodings_of(target: torch.Tensor) -> frozenset[TargetEncoding]:
    """All target encodings that these rows satisfy.

    >>> sorted(e.value for e in encodings_of(torch.eye(3)))
    ['count', 'distribution', 'one-hot', 'real', '{0,1}']
    """
    y = target.double()
    found = {TargetEncoding.REAL}
    if not bool(torch.isfinite(y).all()):
        return frozenset(found)
    whole = bool((y == y.round()).all())
    low, high = (float(value) for value in torch.aminmax(y))
    if whole and low >= 0:
        found.add(TargetEncoding.COUNT)
        if high <= 1:
            found.add(TargetEncoding.BINARY)
    if bool((y.abs() == 1).all()):
        found.add(TargetEncoding.SIGNED)
    if not target.is_floating_point() and target.dim() == 1:
        found.add(TargetEncoding.CLASS_INDEX)
    if y.dim() == 2 and y.shape[1] > 1 and low >= 0:
        error = float((y.sum(1) - 1).abs().max())
        if error == 0 and TargetEncoding.BINARY in found:
            found.add(TargetEncoding.ONE_HOT)
        if error <= 1e-4:
            found.add(TargetEncoding.DISTRIBUTION)
    return frozenset(found)
