"""Claims 15 to 23, of the same post: cross-entropy and its logarithm."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.advise.claims.grounds import ROUNDING, apart, card_of, decided, gradient, proved, real, refuted, told
from lossaudit.advise.claims.logits import (
    believing,
    drawn,
    ends_above_nothing,
    ends_at_nothing,
    established,
    size,
    slopes,
    verdict,
)
from lossaudit.advise.claims.mse_on_softmax import NOISE
from lossaudit.advise.claims.training import SEEDS, Setting, Start, beginning, digits, right, tuned
from lossaudit.catalogue.later import torch

if TYPE_CHECKING:
    from collections.abc import Callable

LEARNT = Setting(Start.LEARNT, epochs=10)


def core_is_divergence() -> Evidence:
    """Subtracts the entropy and the divergence from cross-entropy, and compares the gradients, at 100 soft targets."""
    z, targets = drawn(5, 100), torch.softmax(drawn(5, 200)[100:], 1)

    def entropy_to_target(at: torch.Tensor) -> torch.Tensor:
        return -(targets * torch.softmax(at, 1).log()).sum()

    def divergence(at: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.kl_div(torch.log_softmax(at, 1), targets, reduction="sum")

    entropy = -(targets * targets.log()).sum()
    rest = abs((entropy_to_target(z) - entropy - divergence(z)).item()) / len(z)
    difference = apart(gradient(entropy_to_target, z), gradient(divergence, z))
    return Evidence(
        holds=max(rest, difference) < ROUNDING,
        fails=max(rest, difference) > 1e-6,
        shown=f"cross-entropy - entropy - KL: {rest:.1g} a sample; the gradients differ by {difference:.1g}",
    )


def cancels_completely() -> Evidence:
    """Compares log-ratios of probabilities with differences of logits; asks the prover whether -log p_y is affine."""
    z = drawn(5, 100)
    logs = torch.softmax(z, 1).log()
    error = apart(logs[:, :1] - logs, z[:, :1] - z)

    def negated(at: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return -torch.nn.functional.cross_entropy(at, y)

    concave = decided(negated, drawn(3, 1), torch.tensor([0]))
    return Evidence(
        holds=error < 1e-10,
        fails=refuted(concave),
        shown=f"log(p_i / p_j) - (z_i - z_j): {error:.1g}; log p_y is {told(concave)}, so an exponential is left in it",
    )


def is_prediction_minus_target() -> Evidence:
    """Differentiates at targets that sum to one, and at (0.5, 0.3, 0.4), which do not."""
    z = drawn(3, 1)[0]

    def distance(target: torch.Tensor) -> float:
        def loss(at: torch.Tensor) -> torch.Tensor:
            return -(target * torch.log_softmax(at, 0)).sum()

        return apart(gradient(loss, z), torch.softmax(z, 0) - target)

    usual = max(distance(real(1, 0, 0)), distance(real(0.5, 0.3, 0.2)))
    heavy = distance(real(0.5, 0.3, 0.4))
    return Evidence(
        holds=usual < ROUNDING,
        fails=heavy > 1e-3,
        shown=f"gradient - (p - y): {usual:.1g} where y sums to 1, {heavy:.3g} where it sums to 1.2",
    )


def is_convex(loss: str = "cross_entropy") -> Evidence:
    """Asks the prover for 2, 3 and 10 classes; the proof is replayed down to the axioms."""
    found = [verdict(loss, classes) for classes in (2, 3, 10)]
    return Evidence(
        holds=proved(*found),
        fails=any(map(refuted, found)),
        shown="K = 2, 3, 10: " + "; ".join(map(told, found)),
    )


def is_bowl(loss: str = "cross_entropy") -> Evidence:
    """Looks for a lowest point, a flat direction and a least curvature: infimum, shift, strong convexity."""
    entries = card_of(loss).entries
    lowest, shift, strong = (entries[name] for name in ("infimum", "shift-invariant", "strongly convex"))
    return Evidence(
        holds=established(strong) and strong.value.startswith("yes"),
        fails=established(shift) and shift.value == "yes" and lowest.value.endswith("not attained"),
        shown=f"infimum {lowest.value} ({lowest.ground.value}); flat along (1, ..., 1): {shift.value} "
        f"({shift.ground.value}); strongly convex: {strong.value} ({strong.ground.value})",
    )


def linear(w: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of a linear model."""
    return torch.nn.functional.cross_entropy(x @ w, y)


def layered(w: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of two layers of two units, whose weights are the rows of `w`."""
    return torch.nn.functional.cross_entropy(torch.tanh(x @ w[:2]) @ w[2:], y)


def always_convex(models: tuple[Callable[..., torch.Tensor], ...] = (linear, layered)) -> Evidence:
    """Asks the prover for convexity in the weights of a linear model and of one with a hidden layer, on XOR."""
    x, y = real((0, 0), (0, 1), (1, 0), (1, 1)), torch.tensor([0, 1, 1, 0])
    rows = {"linear": 2, "layered": 4}
    weights = [drawn(2, rows[model.__name__]) for model in models]
    found = [decided(model, w, x, y) for model, w in zip(models, weights, strict=True)]
    return Evidence(
        holds=proved(*found),
        fails=any(map(refuted, found)),
        shown="; ".join(f"{model.__name__} model: {told(one)}" for model, one in zip(models, found, strict=True)),
    )


def steps_follow_the_error(loss: str = "cross_entropy") -> Evidence:
    """Takes both limits of the gradient exactly, and its norm on a line from right by 20 to wrong by 20."""
    entries = card_of(loss).entries
    wrong, right_ = entries["gradient when wrong"], entries["gradient when right"]
    sizes = [size(loss, believing(1, float(gap))) for gap in range(-20, 21)]
    grows = all(later >= earlier - ROUNDING for earlier, later in pairwise(sizes))
    return Evidence(
        holds=ends_above_nothing(wrong) and ends_at_nothing(right_) and grows,
        fails=ends_at_nothing(wrong) or ends_above_nothing(right_) or not grows,
        shown=f"wrong: {wrong.value}; right: {right_.value}; from right to wrong it "
        f"{'only' if grows else 'not only'} rises",
    )


def stable_and_linear(loss: str = "cross_entropy") -> Evidence:
    """Compares the gradient at midpoints with the mean at the ends, and follows a weight on separable data."""
    ends = list(zip(drawn(3, 100), drawn(3, 200)[100:], strict=True))
    bend = max(apart(slopes(loss, (a + b) / 2), (slopes(loss, a) + slopes(loss, b)) / 2) for a, b in ends)
    weight, seen = 0.0, {0: 0.0}
    for step in range(1, 10_001):
        weight += 1 / (1 + math.exp(weight))  # logistic regression with the one example x = 1, y = 1
        if step in (1_000, 10_000):
            seen[step] = weight
    return Evidence(
        holds=bend < ROUNDING,
        fails=bend > 1e-3,
        shown=f"gradient at a midpoint and mean of the ends differ by up to {bend:.2g}; a weight on separable data is "
        f"{seen[1_000]:.2f} after 1,000 steps and {seen[10_000]:.2f} after 10,000: log of time, not a line",
    )


def papers_agree() -> Evidence:
    """Repeats in small what two abstracts report: fine-tuning a trained network, and sigmoid outputs under noise."""
    sigmoid, entropy = (tuned(loss, NOISE).accuracy for loss in ("sigmoid_error", "cross_entropy"))
    before = right(beginning(Start.LEARNT, 1), digits()[2]).mean().item()
    after = tuned("brier", LEARNT).accuracy
    return Evidence(
        holds=sigmoid < entropy and after < before - 0.01,
        fails=sigmoid > entropy + 0.02 and after >= before - 0.01,
        shown=f"40 % wrong labels: squared error on sigmoids {sigmoid:.1%}, cross-entropy {entropy:.1%}; "
        f"fine-tuning with squared error: {before:.1%} -> {after:.1%} ({len(SEEDS)} seeds)",
    )


CLAIMS = (
    Claim(
        number=15,
        name="kl-is-the-core",
        said="At the core of cross-entropy is the Kullback-Leibler divergence.",
        answer=Answer.TRUE,
        reason="Cross-entropy is the divergence plus the entropy of the target, which no prediction changes. So both "
        "have the same gradient, and with hard labels they are equal.",
        means=Means.IDENTITY,
        check=core_is_divergence,
    ),
    Claim(
        number=16,
        name="log-cancels-exponentials",
        said="The logarithm of cross-entropy cancels the exponentials of softmax completely.",
        answer=Answer.DEPENDS,
        reason="In the ratio of two probabilities it does: its logarithm is the difference of the logits. In the loss "
        "itself one sum of exponentials stays, -log p_y = logsumexp(z) - z_y.",
        means=Means.IDENTITY,
        check=cancels_completely,
    ),
    Claim(
        number=17,
        name="gradient-is-p-minus-y",
        said="Its gradient in the logits is prediction minus target.",
        answer=Answer.DEPENDS,
        reason="Yes for targets that sum to one, without weights, of one sample. In general it is (sum of y) p - y, "
        "and weights and the mean over a batch scale it.",
        means=Means.IDENTITY,
        check=is_prediction_minus_target,
    ),
    Claim(
        number=18,
        name="cross-entropy-convex",
        said="Softmax with cross-entropy is convex in the logits.",
        answer=Answer.TRUE,
        reason="It is logsumexp, which is convex, minus a linear term. Its Hessian is a covariance matrix.",
        means=Means.CERTIFICATE,
        check=is_convex,
    ),
    Claim(
        number=19,
        name="pristine-bowl",
        said="It is a pristine convex bowl.",
        answer=Answer.FALSE,
        reason="It does not change when a number is added to all logits, and for a hard label it has no lowest point: "
        "it sinks towards 0 for ever. Its curvature tends to 0 there, so it looks like a ramp that levels out.",
        terms="bowl: one lowest point, with curvature around it that does not vanish",
        means=Means.CERTIFICATE,
        check=is_bowl,
    ),
    Claim(
        number=20,
        name="cross-entropy-guarantees-convexity",
        said="Cross-entropy guarantees a convex optimisation problem.",
        answer=Answer.FALSE,
        reason="It is convex in the logits, and in the weights of a model whose logits are affine in them. One hidden "
        "layer ends that, and a midpoint above its chord can be written down.",
        terms="problem: the loss in the weights that are trained",
        means=Means.WITNESS,
        check=always_convex,
    ),
    Claim(
        number=21,
        name="big-steps-when-wrong",
        said="It takes big steps when wildly wrong and small ones near the answer.",
        answer=Answer.TRUE,
        reason="The gradient's norm rises from 0 when right to sqrt(2) when wrong. It is bounded, so wildly wrong and "
        "simply wrong give about the same step.",
        means=Means.LIMIT,
        check=steps_follow_the_error,
    ),
    Claim(
        number=22,
        name="gradient-flow-linear",
        said="Its gradient flow is stable and linear.",
        answer=Answer.FALSE,
        reason="The gradient is linear in p and sigmoidal in the logits, so the flow is not linear: on separable data "
        "a weight grows like the logarithm of time. It is stable for steps below 4 in the logits, where its curvature "
        "is at most 1/2, and in a network only for steps that fit the inputs.",
        terms="linear: the gradient is an affine function of what is trained",
        means=Means.WITNESS,
        check=stable_and_linear,
    ),
    Claim(
        number=23,
        name="papers-back-it",
        said="The papers cited for it show that squared error fails on classifiers.",
        answer=Answer.FALSE,
        reason="The abstract of Golik, Doetsch and Ney (2013) reports both: no good optimum from random weights, and "
        "lower word error after a few iterations of squared error on a network trained with cross-entropy. That of "
        "Tyagi et al. (2024) reports squared error on sigmoids comparable to cross-entropy, and better when labels are "
        "noisy; on digits fine-tuning does no harm, and the lead under noise is plain.",
        terms="papers: the two that compare the losses on classification; no more than their abstracts is referred to",
        means=Means.EXPERIMENT,
        check=papers_agree,
    ),
)
