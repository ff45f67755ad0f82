"""Extreme eigenvalues of a Hessian, against curvlinops with SciPy's eigsh: `python -m benchmarks.eigenvalues`.

One thread, process CPU time, interleaved, the best of some rounds; ratios are what to look at. The competitor's
tolerance is the coarsest at which its errors are no larger than ours, or under the resolution of float32. It has no
bound; ours is printed beside the true error. Takes some minutes, most of them for the exact values.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import eigsh
from torch import nn

from benchmarks.training import cnn, digits, mlp
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import doubled, hessian_products
from lossaudit.landscape.spectrum import Eigenvalue, extreme_eigenvalues, leading_eigenvalues

ROUNDS = 3
TOLERANCES = (3e-1, 1e-1, 3e-2, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True, slots=True)
class Problem:
    """A probe, and the smallest and the largest eigenvalue of its Hessian."""

    name: str
    probe: Probe
    ends: tuple[float, float]


def trained(model: nn.Module, steps: int) -> nn.Module:
    images, labels = digits()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(steps):
        rows = slice(step * 128 % 1600, step * 128 % 1600 + 128)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    return model


def dense_ends(probe: Probe) -> tuple[float, float]:
    """Of the whole matrix, in float64."""
    exact = doubled(probe)
    assert exact is not None
    size = sum(each.numel() for each in exact.parameters)
    with hessian_products(exact) as product:
        values = np.linalg.eigvalsh(np.stack([product(row) for row in np.eye(size)]))
    return float(values[0]), float(values[-1])


def competitor(probe: Probe, tolerance: float, which: str) -> list[float]:
    """`BE`: both ends; `LA`: the largest alone."""
    from curvlinops import HessianLinearOperator

    operator = HessianLinearOperator(
        probe.model, probe.loss_fn, list(probe.model.parameters()), list(probe.batches), check_deterministic=False
    )
    return sorted(eigsh(operator.to_scipy(), k=2 if which == "BE" else 1, which=which, tol=tolerance)[0].tolist())


def problems() -> Iterator[Problem]:
    torch.manual_seed(0)
    images, labels = digits()
    model, loss_fn = trained(mlp(), 300), nn.CrossEntropyLoss()
    one = Probe(model, loss_fn, ((images, labels),))
    ends = dense_ends(one)
    yield Problem("digits MLP, one batch", one, ends)
    ragged = tuple(zip(images.split(512), labels.split(512), strict=True))
    yield Problem("digits MLP, 3 x 512 + 261", Probe(model, loss_fn, ragged), ends)
    model, images, labels = trained(cnn(), 100), images[:128], labels[:128]
    exact = Probe(copy.deepcopy(model).double(), loss_fn, ((images.double(), labels),))
    low, high = competitor(exact, 1e-7, "BE")  # too large to be dense; an independent program, in float64
    yield Problem(
        "digits CNN, 101,626 parameters, 128 samples", Probe(model, loss_fn, ((images, labels),)), (low, high)
    )


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def compare(problem: Problem, which: str) -> None:
    probe, wanted = problem.probe, problem.ends if which == "BE" else problem.ends[1:]

    def ours() -> tuple[Eigenvalue, ...]:
        return extreme_eigenvalues(probe) if which == "BE" else leading_eigenvalues(probe, 1)

    found = ours()
    errors = [abs(each.value - true) for each, true in zip(found, wanted, strict=True)]
    if not all(error <= each.bound for error, each in zip(errors, found, strict=True)):
        raise SystemExit(f"{problem.name}: an error exceeds its bound: {errors}, {[each.bound for each in found]}")
    # Equal accuracy: of the same share of the norm as ours, or at the resolution of float32.
    scale = max(map(abs, wanted))
    allowed = [max(error, 1e-6 * scale) for error in errors]
    tolerance, theirs = TOLERANCES[-1], []
    for tolerance in TOLERANCES:
        theirs = [abs(v - true) for v, true in zip(competitor(probe, tolerance, which), wanted, strict=True)]
        if all(error <= most for error, most in zip(theirs, allowed, strict=True)):
            break
    rounds = [(seconds(ours), seconds(lambda: competitor(probe, tolerance, which))) for _ in range(ROUNDS)]
    mine, other = (min(each) for each in zip(*rounds, strict=True))
    print(
        f"{problem.name}, {'both ends' if which == 'BE' else 'the largest'}: {mine / other:.2f} x curvlinops",
        flush=True,
    )
    for each, error, true in zip(found, errors, wanted, strict=True):
        print(
            f"    {each.value:+.6f}, true {true:+.6f}: error {error:.1e} <= bound {each.bound:.1e}, {each.steps} steps"
        )
    print(f"    curvlinops at tolerance {tolerance:g}: errors {', '.join(f'{error:.1e}' for error in theirs)}")


def main() -> None:
    torch.set_num_threads(1)
    for problem in problems():
        for which in ("BE", "LA"):
            compare(problem, which)


if __name__ == "__main__":
    main()
