"""The derived cards against what the literature and closed forms say, three classes where classes matter.

A number stands for the value that the entry begins with or contains, a word for its beginning.
"""

from __future__ import annotations

import math
import re

import pytest

from lossaudit.card import Card, Ground
from lossaudit.cards import shipped
from lossaudit.verdict import Status

ROOT2 = math.sqrt(2)

# convex; proper; calibrated; where confident and wrong; Lipschitz; smoothness; symmetric. None: not known for sure.
CLASSES: dict[
    str, tuple[bool | None, str | None, str | None, str | float | None, float | str | None, float | None, str | None]
] = {
    "cross_entropy": (True, "strictly", "yes", ROOT2, ROOT2, 1 / 2, "no"),
    "nll": (True, "strictly", "yes", ROOT2, ROOT2, 1 / 2, "no"),
    "label_smoothing": (True, "no", None, 1.3441, 1.3441, 1 / 2, "no"),
    "confidence_penalty": (False, "no", None, ROOT2, None, 0.55, "no"),
    "brier": (False, "strictly", "yes", "decays", 0.838, 0.616, "no"),
    "mae_softmax": (False, "no", None, "decays", 1 / ROOT2, 0.385, "yes"),
    "spherical": (False, None, None, "decays", 0.544, 0.552, "no"),
    "rps": (False, "strictly", "yes", "decays", 0.838, 0.616, "no"),
    "ordinal_cross_entropy": (False, "strictly", "yes", "constant", None, None, "no"),
    "focal": (False, "no", None, ROOT2, 1.597, 0.992, "no"),
    "gce": (False, "no", None, "decays", 0.447, 0.235, "no"),
    "poly1": (True, "no", None, ROOT2, None, None, "no"),
    "sce": (False, "no", None, None, None, None, "no"),
    "nce": (False, "no", None, "decays", 0.248, 0.145, "yes"),
    "js": (False, "no", None, "decays", 0.218, 0.112, "no"),
    "logit_norm": (False, "no", None, "decays", None, None, None),
    "logit_penalty": (True, "no", None, "grows", "infinite", 1 / 2 + 0.02, "no"),
    "squared_outputs": (True, "strictly", "yes", "grows", "infinite", 2, "no"),
    "hui_belkin": (True, "no", None, "grows", "infinite", None, "no"),
    "output_reset": (None, None, None, "grows", None, None, "no"),
    "output_reset_sigmoid": (False, None, None, None, None, None, "no"),
    "crammer_singer": (True, "no", "no", ROOT2, ROOT2, None, "no"),
    "weston_watkins": (True, "no", "no", math.sqrt(6), math.sqrt(6), None, "no"),
    "multi_margin": (True, "no", "no", math.sqrt(6) / 3, math.sqrt(6) / 3, None, "no"),
}
BINARY: dict[str, tuple[bool, str | None, str | None, str | float, float | str | None, float | None, str]] = {
    "bce_with_logits": (True, "strictly", "yes", 1, 1, 1 / 4, "no"),
    "logistic": (True, "strictly", "yes", 1, 1, 1 / 4, "no"),
    "sigmoid_mse": (False, "strictly", "yes", "decays", 8 / 27, 0.154, "no"),
    "one_vs_all_mse": (False, "strictly", "yes", "decays", 8 / 27, 0.154, "no"),
    "hinge": (True, "no", "yes", 1, 1, None, "no"),
    "squared_hinge": (True, "no", "yes", "grows", "infinite", 2, "no"),
    "smoothed_hinge": (True, "no", "yes", 1, 1, 1, "no"),
    "modified_huber": (True, "no", "yes", 4, 4, 2, "no"),
    "exponential": (True, "no", "yes", "grows", "infinite", None, "no"),
    "perceptron": (True, "no", "no", 1, 1, None, "no"),
    "savage": (False, "strictly", "yes", "decays", 8 / 27, 0.154, "no"),
    "ramp": (False, "no", "yes", "0", 1, None, "no"),
    "sigmoid_loss": (False, "no", "yes", "decays", 1 / 4, None, "yes"),
    "unhinged": (True, "no", "yes", 1, 1, 0, "yes"),
}
FIELDS = ("proper", "calibrated", "gradient when wrong", "Lipschitz", "smoothness", "symmetric")
ALL = {**CLASSES, **BINARY}


def _card(name: str) -> Card:
    card = shipped(name)
    assert card is not None
    return card


def _agrees(said: str, known: str | float) -> bool:
    if isinstance(known, str):
        return said.startswith(known)
    numbers = [float(x) for x in re.findall(r"\d+\.?\d*(?:e-?\d+)?", said.replace("sqrt(", "root("))]
    return any(abs(x - known) < 1.5e-3 * max(1, known) for x in numbers)


@pytest.mark.parametrize("name", ALL)
def test_the_card_says_what_is_known(name: str) -> None:
    convex, *facts = ALL[name]
    card = _card(name)
    if convex is not None:
        assert card.convexity.status is (Status.PROVED if convex else Status.REFUTED)
    for field, known in zip(FIELDS, facts, strict=True):
        entry = card.entries[field]
        if known == "yes" and entry.value == "it seems":
            continue  # measured, and not against it
        if known is not None and entry.ground is not Ground.UNKNOWN:  # what is not decided disagrees with nobody
            assert _agrees(entry.value, known), (field, entry.value, known)


def test_bounded_losses_are_not_convex() -> None:
    """A function that is bounded above on all of R^n and not constant is not convex."""
    bounded = ("brier", "mae_softmax", "gce", "spherical", "rps", "js", "nce", "ramp", "savage", "sigmoid_loss")
    for name in bounded:
        card = _card(name)
        assert card.entries["bounded"].value.startswith(("yes", "it seems")), name
        assert card.convexity.status is Status.REFUTED


def test_a_symmetric_loss_that_is_convex_is_affine() -> None:
    """If the sum over labels is constant and all are convex, each is concave as well."""
    for name in ALL:
        card = _card(name)
        both = card.entries["symmetric"].value.startswith("yes") and card.convexity.status is Status.PROVED
        assert both == (name == "unhinged"), name


def test_a_symmetric_loss_is_not_strictly_proper() -> None:
    for name in ALL:
        card = _card(name)
        if card.entries["symmetric"].value.startswith("yes"):
            assert card.entries["proper"].value != "strictly", name


def test_at_uniform_logits_the_brier_score_starts_at_two_over_k() -> None:
    assert _card("brier").entries["gradient at 0 / CE's"].value == "2/3"


@pytest.mark.parametrize(
    ("name", "convex"),
    [
        ("mse", True), ("mae", True), ("huber", True), ("smooth_l1", True), ("log_cosh", True), ("pinball", True),
        ("expectile", True), ("tukey", False), ("cauchy", False), ("welsch", False), ("geman_mcclure", False),
        ("msle", False), ("mape", True), ("smape", False), ("poisson_nll", True), ("gamma", True), ("tweedie", True),
        ("gaussian_crps", True), ("gaussian_nll", False), ("kl_div", True), ("distillation", True),
        ("coral", True), ("corn", True), ("cumulative_link", True), ("ranknet", True), ("listnet", True),
        ("listmle", True), ("dice", False), ("jaccard", False), ("tversky", False), ("lovasz_hinge", True),
        ("lovasz_softmax", False), ("asymmetric", False), ("zero_one", False), ("l2_penalty", True),
        ("l1_penalty", True), ("sparsemax", True),
    ],
)  # fmt: skip
def test_convex_or_not(name: str, convex: bool) -> None:
    status = _card(name).convexity.status
    if status is not Status.UNDECIDED:
        assert status is (Status.PROVED if convex else Status.REFUTED)


def test_few_of_these_are_left_undecided() -> None:
    undecided = [name for name in ALL if _card(name).convexity.status is Status.UNDECIDED]
    assert undecided == ["output_reset"]
