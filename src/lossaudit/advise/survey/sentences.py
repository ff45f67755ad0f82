"""Sentences of the survey's text that can be computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossaudit.advise.survey.derive import Derived, Row, Tag
from lossaudit.catalogue.later import torch


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that the text of the survey says, in our words.

    Attributes:
        said: What it says.
        stands: Computes whether it stands, and what was found.
    """

    said: str
    stands: Callable[[], Derived]


def _all_calibrated() -> Derived:
    from lossaudit.proving.card import card
    from lossaudit.proving.request import by_name

    entry = card(by_name("perceptron", None, 2, {})).entries["calibrated"]
    return Derived({"yes": True, "no": False}.get(entry.value), f"perceptron: {entry.value} ({entry.how})")


def _binary_only() -> Derived:
    from lossaudit.catalogue import LOSSES

    margins = torch.linspace(-3, 3, 25, dtype=torch.float64)
    scores = torch.stack([margins / 2, -margins / 2], 1)
    hinge = torch.relu(1 - margins).sum()
    apart: list[float] = []
    for name in ("crammer_singer", "weston_watkins"):
        definition = LOSSES[name].definition
        assert definition is not None
        apart.append(abs(definition(scores, torch.zeros(25, dtype=torch.long)) - hinge).item())
    same = max(apart) < 1e-12
    how = (
        "Crammer and Singer's loss and Weston and Watkins's are hinge losses of many classes: for two they equal hinge"
    )
    return Derived(not same, how if same else f"for two classes they differ from hinge by {max(apart):.3g}")


def _definite() -> Derived:
    def quartic(x: torch.Tensor) -> torch.Tensor:
        return x**4

    row = Row(loss="x^4", formula="x^4", argument="x", function=quartic, example=(0.3,))
    curvature = torch.autograd.functional.hessian(quartic, torch.zeros((), dtype=torch.float64)).item()
    strict = row.derived(Tag.S_CONV).value
    return Derived(
        not (strict and curvature == 0),
        f"x^4 is strictly convex: {strict}, its second derivative at 0 is {curvature:g}",
    )


def _continuous_penalties() -> Derived:
    row = Row(loss="L1", formula="|w|", argument="weight", function=torch.abs, example=(0.3,))
    continuous, smooth = row.derived(Tag.CONT).value, row.derived(Tag.DIFF).value
    return Derived(not continuous, f"|w| is continuous: {continuous}, differentiable: {smooth}")


def _energies_pushed_up(sign: int = 1) -> Derived:
    energies = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64, requires_grad=True)
    loss = energies[0] + torch.logsumexp(sign * energies, 0)
    slopes = torch.autograd.grad(loss, energies)[0][1:]
    up = bool((slopes < 0).all())
    return Derived(
        up,
        f"the slope in the energy of a wrong label is {slopes[0]:+.2f}, so descent moves it {'up' if up else 'down'}",
    )


def _energies_pushed_up_as_meant() -> Derived:
    return _energies_pushed_up(-1)


SENTENCES = (
    Sentence("The margin losses that follow are all calibrated.", _all_calibrated),
    Sentence("Margin losses cannot be generalised to several classes.", _binary_only),
    Sentence("A strictly convex function has a positive definite Hessian.", _definite),
    Sentence("Unlike the L2 penalty, the L1 penalty is not continuous.", _continuous_penalties),
    Sentence("The energy-based log-likelihood, printed with exp(+E), raises wrong energies.", _energies_pushed_up),
    Sentence("The same with exp(-E), as it is meant, raises wrong energies.", _energies_pushed_up_as_meant),
)
