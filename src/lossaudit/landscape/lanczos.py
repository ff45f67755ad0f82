"""Eigenvalues of a symmetric matrix that is known by its products: Lanczos with full reorthogonalisation.

The usual bound, the norm of the residual, says that some eigenvalue is near, not that it is the outermost one: where
two lie close together Lanczos may stop at the second. So there are two. `inner`: an eigenvalue lies within it, for
certain. `outer`: none lies further out by more than that, with probability `1 - FAILURE` over the random start vector.

The residual: Parlett 1998, The symmetric eigenvalue problem, 13.2. The outer bound: van Dorsselaer, Hochstenbach and
van der Vorst 2000, Computing probabilistic bounds for extreme eigenvalues of symmetric matrices with Lanczos.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Floats
from lossaudit.landscape.products import Product

_EPS = float(np.finfo(np.float64).eps)
FAILURE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Ritz:
    """An approximate eigenvalue and eigenvector.

    Attributes:
        value: y' H y.
        inner: An eigenvalue lies within this distance of `value`: the norm of `H y - value y`, and rounding.
        outer: Of the outermost: no eigenvalue lies further out than this. 0 of the others.
        rounding: What the inexactness of the products may have done to y' H y; it is part of both.
        vector: y, (n,), of norm 1.
    """

    value: float
    inner: float
    outer: float
    rounding: float
    vector: Floats

    @property
    def bound(self) -> float:
        """The outermost eigenvalue lies within it; of one further in, some eigenvalue does."""
        return max(self.inner, self.outer)


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Both ends of a spectrum.

    Attributes:
        smallest: In increasing order.
        largest: In decreasing order.
        steps: Products that were computed.
        converged: Whether every bound came under the tolerance.
    """

    smallest: tuple[Ritz, ...]
    largest: tuple[Ritz, ...]
    steps: int
    converged: bool

    @property
    def scale(self) -> float:
        """The largest absolute value."""
        return max((abs(each.value) for each in (*self.smallest, *self.largest)), default=0.0)


def lanczos(
    product: Product,
    size: int,
    *,
    smallest: int = 1,
    largest: int = 1,
    tolerance: float = 1e-3,
    steps: int = 100,
    seed: int = 0,
    eps: float = _EPS,
    progress: Callable[[int, int], None] | None = None,
) -> Ends:
    """The ends of the spectrum of a symmetric matrix.

    Args:
        product: Computes H v for v (n,) of float64.
        size: n.
        smallest: How many eigenvalues from below.
        largest: How many from above.
        tolerance: Stop when every bound is under this share of the largest absolute eigenvalue.
        steps: Products at most.
        seed: Of the start vector.
        eps: Unit of rounding of the products: that of float32 where they are computed in it.
        progress: Called with the products done and those at most.

    Raises:
        UsageError: A product is not finite, or the matrix is empty.

    >>> ends = lanczos(lambda v: np.array([1.0, -1.001, 0.3]) * v, 3)
    >>> round(ends.smallest[0].value, 9), round(ends.largest[0].value, 9), ends.steps
    (-1.001, 1.0, 3)
    """
    if size == 0:
        raise UsageError("a matrix without rows has no eigenvalues")
    limit = min(max(steps, 1), size)
    recurrence = _Recurrence(product, size, limit, seed, eps)
    while True:
        done = recurrence.step()
        if progress is not None:
            progress(done, limit)
        if done < limit and done % (1 + done // 30):
            continue
        ends = recurrence.ends(min(smallest, done), min(largest, done))
        bounds = [each.bound for each in (*ends.smallest, *ends.largest)]
        converged = all(bound <= tolerance * ends.scale for bound in bounds)
        if converged or done == limit:
            return Ends(ends.smallest, ends.largest, done, converged)


class _Recurrence:
    """H V = V T + beta v e', with orthonormal rows of `basis` as V and a tridiagonal T."""

    def __init__(self, product: Product, size: int, limit: int, seed: int, eps: float) -> None:
        self._product = product
        self._random = np.random.default_rng(seed)
        self._basis = np.empty((limit, size))  # memory is taken when a row is written
        self._diagonal, self._beside = np.zeros(limit), np.zeros(limit)
        self._done = 0
        self._scale = self._asymmetry = 0.0
        self._broken = False
        self._unit = eps * (10 + float(np.sqrt(size)))
        self._basis[0] = self._fresh()

    def step(self) -> int:
        """Extend by one product; returns how many there are."""
        j, basis = self._done, self._basis[: self._done + 1]
        w = self._product(basis[j])
        if not np.isfinite(w).all():
            raise UsageError(
                "the Hessian is not finite at these parameters: the loss or one of its derivatives is infinite or NaN"
            )
        self._scale = max(self._scale, float(np.linalg.norm(w)))
        h = basis @ w
        w = w - h @ basis
        again = basis @ w  # twice is enough (Parlett 6.9)
        w = w - again @ basis
        h += again
        # Symmetry says what h[:j] has to be: zeros, and last the entry beside the diagonal.
        self._asymmetry += float(np.sum(h[: max(j - 1, 0)] ** 2))
        if j:
            self._asymmetry += float(h[j - 1] - self._beside[j - 1]) ** 2
        self._diagonal[j] = h[j]
        self._done = j + 1
        beta = float(np.linalg.norm(w))
        if self._done == basis.shape[1]:
            return self._done  # the whole space
        # An invariant subspace is left at random: repeated eigenvalues and all of a small spectrum are found.
        invariant = beta <= 64 * _EPS * self._scale
        self._broken = self._broken or invariant
        self._beside[j] = 0.0 if invariant else beta
        if self._done < len(self._basis):
            self._basis[self._done] = self._fresh() if invariant else w / beta
        return self._done

    def ends(self, smallest: int, largest: int) -> Ends:
        """Ritz pairs from below and from above."""
        done, beside = self._done, self._beside[: self._done - 1]
        values, vectors = np.linalg.eigh(np.diag(self._diagonal[:done]) + np.diag(beside, 1) + np.diag(beside, -1))
        rounding = self._rounding()

        def ritz(index: int, outer: float) -> Ritz:
            vector = vectors[:, index] @ self._basis[:done]
            residual = abs(float(self._beside[done - 1] * vectors[-1, index]))
            unit = vector / np.linalg.norm(vector)
            return Ritz(float(values[index]), residual + rounding, outer, rounding, unit)

        below = self._beyond(values[0] - values) + rounding if smallest else 0.0
        above = self._beyond(values - values[-1]) + rounding if largest else 0.0
        return Ends(
            tuple(ritz(index, 0.0 if index else below) for index in range(smallest)),
            tuple(ritz(done - 1 - index, 0.0 if index else above) for index in range(largest)),
            done,
            False,
        )

    def _beyond(self, others: Floats) -> float:
        """How far an eigenvalue may lie beyond an end of the Ritz values; these are given relative to that end, <= 0.

        The start's component c along a unit eigenvector of eigenvalue t obeys |c| prod |t - theta_i| <= prod beta_i,
        which falls off fast beyond the end; and a random start in n dimensions has |c| < s with probability at most
        s sqrt(2 n / pi). In an invariant subspace beta is 0, and there is nothing beyond.
        """
        betas = self._beside[: self._done]
        if self._broken or self._done == self._basis.shape[1]:
            return 0.0
        least = np.log(FAILURE) - np.log(2 * self._basis.shape[1] / np.pi) / 2
        reached = float(np.sum(np.log(betas)) - least)

        def short(distance: float) -> bool:
            return float(np.sum(np.log(distance - others))) < reached

        low = high = 1e-3 * _EPS * self._scale
        while short(high):
            low, high = high, 2 * high
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (middle, high) if short(middle) else (low, middle)
        return high

    def _rounding(self) -> float:
        """What the products' errors e_j may move an eigenvalue by, at most the norm of (e_1, e_2, ...).

        Their part within the subspace shows as asymmetry, v_i'Hv_j - v_j'Hv_i, and is measured. The part outside of it
        does not show: it is taken as eps ||H|| times the growth of a random sum of n terms, sqrt(n), an estimate.
        """
        return float(np.sqrt(self._asymmetry)) + self._unit * self._scale

    def _fresh(self) -> Floats:
        """A random unit vector orthogonal to the basis."""
        basis = self._basis[: self._done]
        vector = self._random.standard_normal(self._basis.shape[1])
        for _ in range(3):
            vector -= (basis @ vector) @ basis
            vector /= np.linalg.norm(vector)
        return vector
