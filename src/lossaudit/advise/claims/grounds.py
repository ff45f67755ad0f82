"""What the checks of several claims share: verdicts that count, cards, slopes, minimisers, trainings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from lossaudit.catalogue.later import torch

if TYPE_CHECKING:
    from lossaudit.card import Card
    from lossaudit.verdict import Verdict

Function: TypeAlias = "Callable[..., torch.Tensor]"
Unary: TypeAlias = "Callable[[torch.Tensor], torch.Tensor]"
Paired: TypeAlias = "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"

ROUNDING = 1e-12
"""Two computations in float64 that differ by less are the same."""


def decided(function: Function, *arguments: Any, wrt: Any = 0) -> Verdict:
    """The prover's verdict on convexity. It is undecided if the independent checker does not confirm its evidence."""
    from lossaudit.proving.prove import prove
    from lossaudit.recheck import as_json, recheck
    from lossaudit.verdict import Status

    found = prove(function, *arguments, wrt=wrt)
    if found.status is Status.UNDECIDED or recheck(as_json(found)):
        return found
    return replace(found, status=Status.UNDECIDED, reason="the checker refuses the evidence")


def proved(*verdicts: Verdict) -> bool:
    """Whether all of them are proofs."""
    return all(verdict.status == "proved" for verdict in verdicts)


def refuted(*verdicts: Verdict) -> bool:
    """Whether all of them are refutations."""
    return all(verdict.status == "refuted" for verdict in verdicts)


def told(verdict: Verdict) -> str:
    """In a few words."""
    if verdict.witness is None:
        return f"convexity {verdict.status}"
    return f"not convex, a midpoint {verdict.witness.gap:.3g} above its chord"


@cache
def card_of(name: str, classes: int = 3) -> Card:
    """The card of a loss of the catalogue, derived now."""
    from lossaudit.proving.card import Sized, card
    from lossaudit.proving.request import by_name

    return card(by_name(name, None, classes, {}), sized=Sized(name, None, {}))


def real(*numbers: Any) -> torch.Tensor:
    """Numbers in float64."""
    return torch.tensor(numbers, dtype=torch.float64)


def gradient(function: Unary, at: torch.Tensor) -> torch.Tensor:
    """By automatic differentiation, in the precision of the point."""
    point = at.detach().clone().requires_grad_()
    return torch.autograd.grad(function(point), point)[0]


def slope(function: Unary, at: float) -> float:
    """The derivative of a function of one number, by automatic differentiation in float64."""
    return gradient(function, torch.tensor(at, dtype=torch.float64)).item()


def minimiser(function: Unary, start: torch.Tensor) -> torch.Tensor:
    """Where a smooth convex function of float64 is least, by L-BFGS."""
    point = start.detach().clone().requires_grad_()
    steps = torch.optim.LBFGS(
        [point], max_iter=500, tolerance_grad=1e-11, tolerance_change=1e-15, line_search_fn="strong_wolfe"
    )

    def value() -> torch.Tensor:
        steps.zero_grad()
        loss = function(point)
        loss.backward()
        return loss

    steps.step(value)
    return point.detach()


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference between two arrays."""
    return (one - other).abs().max().item()


@cache
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Scikit-learn's: pixels in [0, 1], 64 a row, and labels."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return torch.tensor(pixels, dtype=torch.float32) / 16, torch.tensor(labels)


def trained(x: torch.Tensor, loss: Unary, outputs: int, epochs: int, seed: int) -> Unary:
    """A network with 64 hidden units, trained on the whole of x with Adam; `loss` is a function of its outputs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        nn = torch.nn
        model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        optimiser.zero_grad()
        loss(model(x)).backward()
        optimiser.step()
    return model
