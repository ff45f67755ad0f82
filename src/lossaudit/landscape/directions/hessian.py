"""Directions of extreme curvature: eigenvectors of the Hessian over all parameters, each eigenvalue with its bound."""

from __future__ import annotations

from enum import StrEnum

from lossaudit.errors import UsageError
from lossaudit.landscape.directions.random import count
from lossaudit.landscape.directions.vectors import norm, present
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.spectrum import Eigenvalue, extreme_eigenvalues, leading_eigenvalues

_REACH = 0.25  # of the norm of all parameters


class Which(StrEnum):
    """Which eigenvectors span the plane."""

    EXTREMES = "extremes"  # of the largest eigenvalue, and of the smallest
    LARGEST = "largest"  # of the two largest


def hessian_plane(
    probe: Probe,
    which: Which | str = Which.EXTREMES,
    dims: int = 2,
    *,
    tolerance: float = 1e-5,
    steps: int = 100,
    seed: int = 0,
) -> Plane:
    """Eigenvectors of norm 1, so that coordinates are Euclidean distances.

    Args:
        probe: Whose Hessian, on all of its data.
        which: `extremes` shows the sharpest direction and the most negative curvature, `largest` the two sharpest.
        dims: 1 for the largest alone.
        tolerance: Asked of the bounds, as a share of the largest absolute eigenvalue.
        steps: Hessian-vector products at most.
        seed: Of the start vector.

    Raises:
        UsageError: There is no such choice, fewer parameters than directions, or the Hessian is not finite.
    """
    if which not in tuple(Which):
        raise UsageError(f"there is no choice of eigenvectors {which!r}: take {', '.join(Which)}")
    both = count(dims) == 2 and which == Which.EXTREMES
    origin = present(probe)
    size = sum(parameter.numel() for parameter in origin)
    if size < dims:
        raise UsageError("the model has one trainable number: a plane needs two, draw a line (dims=1)")
    if both:
        found = extreme_eigenvalues(probe, tolerance=tolerance, steps=steps, seed=seed)[::-1]
    else:
        found = leading_eigenvalues(probe, dims, tolerance=tolerance, steps=steps, seed=seed)
    names = ("largest", "smallest" if both else "second largest")[:dims]
    values = " and ".join(_words(name, each) for name, each in zip(names, found, strict=True))
    notes = [
        f"Eigenvectors of the Hessian over all {size:,} parameters at the model, by {found[0].steps} Lanczos steps. "
        f"Eigenvalues: {values}; each has one of the Hessian within its bound.",
    ]
    if any(each.negative for each in found):
        notes.append("One is below zero by more than rounding: the loss is not convex at the model.")
    return Plane(
        origin,
        tuple(each.vector for each in found),
        tuple(f"eigenvector of the {name} eigenvalue (distance)" for name in names),
        (_REACH * norm(origin) or 1.0,) * dims,
        notes=tuple(notes),
        settings={
            "directions": "hessian",
            "which": str(which),
            "dims": dims,
            "seed": seed,
            "steps": found[0].steps,
            **{f"eigenvalue_{place}": each.value for place, each in enumerate(found, 1)},
            **{f"bound_{place}": each.bound for place, each in enumerate(found, 1)},
        },
    )


def _words(name: str, found: Eigenvalue) -> str:
    return f"{name} {found.value:.4g} +/- {found.bound:.1g}{'' if found.converged else ' (not converged)'}"
