"""The ends of the Hessian's spectrum, each eigenvalue with its bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from lossaudit.errors import UsageError
from lossaudit.landscape.lanczos import Ends, Ritz, lanczos
from lossaudit.landscape.plane import Direction
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import Product, doubled, hessian_products, shaped

_EPS = float(np.finfo(np.float64).eps)
_MEMORY = 2**31  # bytes of Lanczos vectors


@dataclass(frozen=True, slots=True, eq=False)
class Eigenvalue:
    """An eigenvalue of the Hessian of a probe's loss.

    Attributes:
        value: Of the loss's second derivative along `vector`.
        bound: An eigenvalue lies within it, for certain; of the smallest and the largest also: none lies further out,
            with probability 99.99 % over the random start.
        converged: Whether the bound is under the tolerance that was asked for.
        steps: Hessian-vector products of the search.
        vector: Of norm 1, one tensor for each parameter of the probe.
        rounding: What rounding may have done to `value`; it is part of the bound.
        measured: Whether `value` was measured in float64. If not, `rounding` is an estimate.
    """

    value: float
    bound: float
    converged: bool
    steps: int
    vector: Direction
    rounding: float
    measured: bool

    @property
    def negative(self) -> bool:
        """Whether curvature along `vector` is negative beyond rounding. False says nothing of other directions."""
        return self.value < -self.rounding


def extreme_eigenvalues(
    probe: Probe,
    *,
    tolerance: float = 1e-3,
    steps: int = 100,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Eigenvalue, Eigenvalue]:
    """The smallest and the largest eigenvalue of the Hessian of the loss over all parameters.

    The search runs in the precision of the model, what it found is then measured in a float64 copy.

    Args:
        probe: A model, a loss and data.
        tolerance: What a bound may be, as a share of the largest absolute eigenvalue.
        steps: Hessian-vector products at most; fewer where their vectors would not fit into memory.
        seed: Of the start vector.
        progress: Called with the products done and those at most.

    Raises:
        UsageError: The Hessian is not finite, or the loss cannot be differentiated twice.

    >>> x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0]])
    >>> fit = Probe(torch.nn.Linear(2, 1, bias=False), torch.nn.MSELoss(), ((x, y),))
    >>> smallest, largest = extreme_eigenvalues(fit)  # of (w1 + 2 w2)^2: 0 and 2 (1 + 4)
    >>> round(largest.value, 6), abs(smallest.value) <= smallest.bound < 1e-3, smallest.negative
    (10.0, True, False)
    """
    smallest, largest = _eigenvalues(probe, 1, 1, tolerance, steps, seed, progress)
    return smallest[0], largest[0]


def leading_eigenvalues(
    probe: Probe,
    count: int,
    *,
    tolerance: float = 1e-3,
    steps: int = 100,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Eigenvalue, ...]:
    """The largest eigenvalues, in decreasing order; of a repeated one perhaps only one copy.

    Arguments and errors are those of `extreme_eigenvalues`.
    """
    return _eigenvalues(probe, 0, count, tolerance, steps, seed, progress)[1]


def _eigenvalues(
    probe: Probe,
    smallest: int,
    largest: int,
    tolerance: float,
    steps: int,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[tuple[Eigenvalue, ...], tuple[Eigenvalue, ...]]:
    parameters = probe.parameters
    size = sum(each.numel() for each in parameters)
    eps = max((torch.finfo(each.dtype).eps for each in parameters), default=_EPS)
    steps = min(steps, max(20, _MEMORY // (8 * max(size, 1))))
    # Where float32 is too coarse for the tolerance, or bfloat16 for anything, the search itself runs in float64.
    exact = doubled(probe) if eps > _EPS else None
    fine = exact is None or 2 * eps * (10 + size**0.5) <= tolerance
    searched, unit = (probe, eps) if fine or exact is None else (exact, _EPS)

    def search(product: Product) -> Ends:
        return lanczos(
            product,
            size,
            smallest=smallest,
            largest=largest,
            tolerance=tolerance,
            steps=steps,
            seed=seed,
            eps=unit,
            progress=progress,
        )

    try:
        with hessian_products(searched) as product:
            ends = search(product)
        if exact is not None and searched is probe:
            with hessian_products(exact) as product:
                ends = _measured(product, ends)
    except RuntimeError as error:
        raise UsageError(f"the Hessian cannot be computed: {str(error).splitlines()[0]}") from error
    measured = exact is not None or eps <= _EPS

    def eigenvalue(ritz: Ritz) -> Eigenvalue:
        converged = ritz.bound <= tolerance * ends.scale
        vector = shaped(ritz.vector, parameters)
        return Eigenvalue(ritz.value, ritz.bound, converged, ends.steps, vector, ritz.rounding, measured)

    return tuple(map(eigenvalue, ends.smallest)), tuple(map(eigenvalue, ends.largest))


def _measured(product: Product, ends: Ends) -> Ends:
    """The same vectors, with values and residuals by more exact products."""
    pairs = (*ends.smallest, *ends.largest)
    images = [product(each.vector) for each in pairs]
    vectors = np.stack([each.vector for each in pairs])
    inner = vectors @ np.stack(images).T
    if not np.isfinite(inner).all():
        raise UsageError("the Hessian is not finite at these parameters: the loss or a derivative is infinite or NaN")
    scale = max(float(np.linalg.norm(image)) for image in images)
    rounding = float(np.abs(inner - inner.T).max()) + _EPS * (10 + vectors.shape[1] ** 0.5) * scale
    made: list[Ritz] = []
    for index, (value, image, each) in enumerate(zip(map(float, inner.diagonal()), images, pairs, strict=True)):
        residual = float(np.linalg.norm(image - value * each.vector))
        inwards = each.value - value if index >= len(ends.smallest) else value - each.value
        outer = max(each.outer + inwards, 0.0) if each.outer else 0.0  # the same point, seen from the new value
        made.append(Ritz(value, residual + rounding, outer, rounding, each.vector))
    count = len(ends.smallest)
    return Ends(tuple(made[:count]), tuple(made[count:]), ends.steps, ends.converged)
