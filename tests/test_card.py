"""Cards of losses, against what is known of them: the literature, closed forms, and arithmetic."""

from __future__ import annotations

import functools
import json
import math

import pytest
import torch
from torch.nn import functional as F

import lossaudit
from lossaudit.card import Ground
from lossaudit.cli.main import main
from lossaudit.errors import UsageError
from lossaudit.report.card import ShownCard
from lossaudit.testing import assert_not_saturating, assert_proper


@functools.cache
def card_of(name: str, head: str | None = None, classes: int = 3) -> ShownCard:
    return lossaudit.card(name, head=head, classes=classes)


# name, head: convex; proper ("strictly", "no"); calibrated (True: proved, False: refuted, None: not claimed);
# the gradient where confident and wrong; symmetric. With three classes.
TABLE = {
    ("cross_entropy", None): (True, "strictly", True, "constant sqrt(2)", False),
    ("nll", None): (True, "strictly", True, "constant sqrt(2)", False),
    ("label_smoothing", None): (True, "no", None, "constant 1.344", False),
    ("confidence_penalty", None): (False, "no", None, "constant sqrt(2)", False),
    ("mse", "softmax"): (False, "strictly", True, "decays e^-t", False),
    ("brier", None): (False, "strictly", True, "decays e^-t", False),
    ("mae", "softmax"): (False, "no", None, "decays e^-t", True),
    ("spherical", None): (False, "yes", None, "decays e^-t", False),
    ("rps", None): (False, "strictly", True, "decays e^-t", False),
    ("ordinal_cross_entropy", None): (False, "strictly", True, "constant 2.549", False),
    ("focal", None): (False, "no", None, "constant sqrt(2)", False),
    ("gce", None): (False, "no", None, "decays e^-0.7t", False),
    ("poly1", None): (True, "no", None, "constant sqrt(2)", False),
    ("sce", None): (False, "no", None, "constant 0.1414", False),
    ("nce", None): (False, "no", None, "decays t^-1", True),
    ("js", None): (False, "no", None, "decays e^-t", False),
    ("logit_norm", None): (False, "no", None, "decays t^-1", None),
    ("logit_penalty", None): (True, "no", None, "grows", False),
    ("squared_outputs", None): (True, "strictly", True, "grows", False),
    ("hui_belkin", None): (True, "no", None, "grows", False),
    ("crammer_singer", None): (True, "no", False, "constant sqrt(2)", False),
    ("weston_watkins", None): (True, "no", False, "constant sqrt(6)", False),
    ("mae_softmax", None): (False, "no", None, "decays e^-t", True),
    ("weighted_cross_entropy", None): (True, "no", None, "constant sqrt(2)", False),
    ("logit_adjusted", None): (True, "no", None, "constant 1.414", False),
    ("ldam", None): (True, "no", None, "constant 42.4264", False),  # 30 sqrt(2)
    ("categorical_cross_entropy", None): (False, "it seems", None, "exactly 0", False),  # clipped at 1e-7
    ("bce_with_logits", None): (True, "strictly", True, "constant 1", False),
    ("mse", "sigmoid"): (False, "strictly", True, "decays e^-t", False),
    ("logistic", None): (True, "strictly", True, "constant 1", False),
    ("hinge", None): (True, "no", True, "constant 1", False),
    ("squared_hinge", None): (True, "no", True, "grows", False),
    ("modified_huber", None): (True, "no", True, "constant 4", False),
    ("exponential", None): (True, "no", True, "grows", False),
    ("perceptron", None): (True, "no", False, "constant 1", False),
    ("unhinged", None): (True, "no", True, "constant 1", True),
    ("savage", None): (False, "strictly", True, "decays e^-t", False),
    ("tangent", None): (False, "no", None, "decays t^-2", False),
    ("ramp", None): (False, "no", None, "0", False),
    ("sigmoid_loss", None): (False, "no", None, "decays e^-t", True),
}


DEAR = frozenset({"confidence_penalty", "focal"})
ROWS = [
    pytest.param(*row, id=row[0][0], marks=[pytest.mark.slow] if row[0][0] in DEAR else []) for row in TABLE.items()
]


@pytest.mark.parametrize(("loss", "truth"), ROWS)
def test_table(loss, truth):
    convex, proper, calibrated, response, symmetric = truth
    card = card_of(*loss)
    entries = card.entries
    assert card.convexity.status == ("proved" if convex else "refuted")
    assert entries["proper"].value == proper
    if proper != "it seems":
        assert entries["proper"].ground in (Ground.PROVED, Ground.REFUTED)
    if calibrated is None:
        assert entries["calibrated"].ground in (Ground.MEASURED, Ground.UNKNOWN)
    else:
        assert entries["calibrated"].value == ("yes" if calibrated else "no")
        assert entries["calibrated"].ground is (Ground.PROVED if calibrated else Ground.REFUTED)
    kind, *size = response.split(" ", 1)
    found = entries["gradient when wrong"].value
    assert found.startswith(kind)
    assert all(part in found for part in size)
    if symmetric is not None:
        assert entries["symmetric"].value.startswith("yes" if symmetric else "no")
        assert entries["symmetric"].ground is (Ground.PROVED if symmetric else Ground.REFUTED)


# Suprema of |p - y| and of the Hessian of logsumexp; of Brier's 4 sqrt(2) p (1-p)^2 at p = 1/3.
CONSTANTS = {
    ("cross_entropy", None): (math.sqrt(2), 0.5),
    ("mse", "softmax"): (16 * math.sqrt(2) / 27, 0.61623419),
}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("loss", "truth"), CONSTANTS.items(), ids=["cross_entropy", "mse"])
def test_constants_are_enclosed(loss, truth, classes):
    entries = card_of(*loss, classes).entries
    for name, constant in zip(("Lipschitz", "smoothness"), truth, strict=True):
        low, high = entries[name].bounds
        assert low <= constant * (1 + 2e-8)
        assert constant * (1 - 2e-8) <= high
        assert (high - low) / high <= 1e-6
        assert entries[name].ground is Ground.PROVED


def test_constants_of_ten_classes_hold_more():
    entries = card_of("mse", "softmax", 10).entries
    low, high = entries["Lipschitz"].bounds
    assert low <= 16 * math.sqrt(2) / 27 <= high
    assert entries["Lipschitz, K = 3"].value == "0.838052" or entries["Lipschitz, K = 3"].value == "0.838053"
    low, high = card_of("cross_entropy", None, 10).entries["Lipschitz"].bounds
    assert low <= math.sqrt(2) <= high
    assert high - low < 1e-5


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_brier_starts_with_two_over_k_of_cross_entropy(classes):
    entry = card_of("mse", "softmax", classes).entries["gradient at 0 / CE's"]
    assert entry.value == {2: "1", 3: "2/3", 10: "1/5"}[classes]
    assert entry.ground is Ground.PROVED


# Sparsemax of equal scores is uniform; Output Reset has slopes 2/3, 2/3 and -4/3 there, twice those of cross-entropy.
@pytest.mark.parametrize(("loss", "truth"), [("sparsemax", "1"), ("output_reset", "2"), ("crammer_singer", "none")])
def test_a_formula_that_changes_at_uniform_logits_may_have_a_gradient_there(loss, truth):
    entry = card_of(loss).entries["gradient at 0 / CE's"]
    assert entry.value == truth
    assert entry.ground is Ground.MEASURED
    assert (card_of(loss).response is None) == (truth == "none")


def test_what_minimisers_elicit():
    assert card_of("gce").entries["elicits"].value == "q^3.333, normalised"  # 1 / (1 - 0.7)
    assert card_of("label_smoothing").entries["elicits"].value == "(1 - e) q + e/K, e = 0.1"
    assert card_of("mae", "softmax").entries["elicits"].value.startswith("the mode")
    assert card_of("exponential").entries["elicits"].value == "0.5 times the log-odds of q"
    assert card_of("squared_hinge").entries["elicits"].value == "2 q - 1"
    assert card_of("mse").entries["elicits"].value == "mean"
    assert card_of("mae").entries["elicits"].value == "median"
    assert card_of("pinball").entries["elicits"].value.startswith("quantile")
    assert card_of("expectile").entries["elicits"].value == "expectile 0.9"
    assert card_of("poisson").entries["elicits"].value == "mean, by exp of the output"


@pytest.mark.parametrize(("name", "looks_like"), [("mape", "quantile"), ("smape", "median")])
def test_what_fits_some_distributions_is_not_elicited(name: str, looks_like: str) -> None:
    """Near-uniform weights on few targets make both look like a quantile, which they do not elicit.

    Of 1, 2 and 6 with probabilities 0.25, 0.3 and 0.45 the median is 2, but E|f - y| / y is 0.525 at 1 and 0.55 at 2.
    Of 0.01, 1 and 100 with 0.34, 0.2 and 0.46 it is 1, but E 2|f - y| / (f + y) is 1.57 at 1 and 1.07 at 100.
    """
    assert looks_like not in card_of(name).entries["elicits"].value


def test_weights_move_the_optimum():
    weight = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    loss = functools.partial(F.cross_entropy, weight=weight, reduction="sum")
    card = lossaudit.card(loss, torch.zeros(4, 3), torch.tensor([0, 1, 2, 0]))
    assert card.entries["elicits"].value == "w q, normalised, w = (1, 2, 1)"
    assert card.entries["proper"].ground is Ground.REFUTED


def test_targets_that_the_example_does_not_have_are_looked_at():
    """Cross-entropy with a negative weight of class 2 is concave there: nothing may follow from convexity elsewhere."""
    weight = torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    loss = functools.partial(F.cross_entropy, weight=weight, reduction="sum")
    card = lossaudit.card(loss, torch.zeros(2, 3), torch.tensor([0, 1]))
    assert card.convexity.status == "proved"  # of the targets 0 and 1
    assert card.entries["strictly convex"].value == "no"
    assert card.entries["proper"].ground is Ground.REFUTED


def gap_of(entry: str, words: str) -> float:
    (part,) = [part for part in entry.split("; ") if part.startswith(words)]
    return float(part.rsplit(" ", 1)[1])


def naive(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    powers = z.exp()
    return -(powers / powers.sum(1, keepdim=True)).log().gather(1, y[:, None]).sum()


def log_of_softmax(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -z.softmax(1).log().gather(1, y[:, None]).sum()


def clipped(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -z.softmax(1).clamp(1e-7, 1 - 1e-7).log().gather(1, y[:, None]).sum()


EXAMPLE = (torch.zeros(1, 2), torch.tensor([0]))


def test_naive_softmax_overflows_where_exp_does():
    entries = lossaudit.card(naive, *EXAMPLE).entries
    for dtype, largest in (("float64", 1.797e308), ("float32", 3.403e38), ("float16", 65504)):
        assert gap_of(entries[dtype].value, "not finite") == pytest.approx(math.log(largest), rel=2e-2)


def test_log_of_softmax_is_infinite_where_the_probability_underflows():
    """exp(-t) rounds to 0 below half the least number: 2^-1075, 2^-150, 2^-25."""
    entries = lossaudit.card(log_of_softmax, *EXAMPLE).entries
    for dtype, exponent in (("float64", 1075), ("float32", 150), ("float16", 25)):
        assert gap_of(entries[dtype].value, "not finite") == pytest.approx(exponent * math.log(2), rel=2e-2)


def test_log_softmax_is_sound():
    entries = lossaudit.card(F.cross_entropy, *EXAMPLE).entries
    assert entries["float64"].value.startswith("sound")
    assert entries["float32"].value.startswith("sound")


def test_a_clip_at_1e_7_cuts_the_gradient_off():
    """-log(1e-7) = 16.118."""
    card = lossaudit.card(clipped, *EXAMPLE)
    assert card.entries["gradient when wrong"].value.startswith("0")
    assert card.entries["backward is the derivative"].value == "yes"


def test_backward_of_binary_cross_entropy_lies():
    loss = lambda x, y: F.binary_cross_entropy(torch.sigmoid(x), y)  # noqa: E731
    x = torch.tensor([-30.0], dtype=torch.float64, requires_grad=True)
    loss(x, torch.ones(1, dtype=torch.float64)).backward()
    assert x.grad.item() == pytest.approx(-0.0936, rel=1e-2)  # the derivative is -1
    entry = lossaudit.card(loss, torch.zeros(4), torch.tensor([0.0, 1, 1, 0])).entries["backward is the derivative"]
    assert entry.value == "no"


def test_backward_of_a_wrong_function_lies():
    loss = lambda z, y: F.cross_entropy(Doubled.apply(z), y, reduction="sum")  # noqa: E731
    found = lossaudit.card(loss, *EXAMPLE).entries
    assert "backward is the derivative" not in found or found["backward is the derivative"].value != "yes"


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        return z * 1

    @staticmethod
    def backward(ctx, slope):
        return 2 * slope


def test_backward_of_frameworks_is_right():
    for name in ("cross_entropy", "gce", "crammer_singer", "huber", "poisson"):
        assert card_of(name).entries["backward is the derivative"].value == "yes"


def test_grounds_are_honest():
    """Nothing that was fitted or searched for is called proved."""
    for key in [key for key in TABLE if key[0] not in DEAR]:
        for entry in card_of(*key).entries.values():
            if entry.value.startswith(("it seems", "at least", "at most")) or "fitted" in entry.how:
                assert entry.ground is Ground.MEASURED


def test_prints_and_serialises():
    card = card_of("mse", "softmax")
    assert "2/3" in str(card)
    data = json.loads(card.to_json())
    assert data["entries"]["bounded"]["ground"] == "proved"
    assert lossaudit.recheck(data["convexity"])
    row = card.to_latex()
    assert "\\tnote{a}" in row
    assert row.splitlines()[1].count("&") == 8
    assert card.convexity.certificate.digest[:16] in row


def test_assertions():
    assert_proper("brier", classes=2)
    assert_proper(F.cross_entropy, torch.zeros(2, 3), torch.tensor([0, 1]))
    with pytest.raises(AssertionError, match="NOT PROPER"):
        assert_proper("focal", classes=2)
    assert_not_saturating("focal", classes=2)
    with pytest.raises(AssertionError, match="SATURATES"):
        assert_not_saturating(clipped, *EXAMPLE)
    assert_not_saturating("weighted_bce")
    with pytest.raises(AssertionError, match="SATURATES"):
        assert_not_saturating("asymmetric")  # for the negative label alone


@pytest.mark.parametrize(
    ("name", "head", "property", "status"),
    [
        ("mse", "softmax", "bounded", "proved"),
        ("cross_entropy", None, "bounded", "refuted"),
        ("cross_entropy", None, "lipschitz", "proved"),
        ("exponential", None, "lipschitz", "refuted"),
        ("rps", None, "proper", "proved"),
        ("gce", None, "proper", "refuted"),
    ],
)
def test_properties(name, head, property, status):
    assert lossaudit.prove(name, head=head, classes=3, property=property).status == status


def test_a_loss_that_is_no_sum_over_samples_has_a_short_card():
    card = lossaudit.card(lambda z: z.sum() ** 2, torch.zeros(3))
    assert card.convexity.status == "proved"
    assert card.entries["bounded"].ground is Ground.REFUTED
    assert card.entries["infimum"].value == "0, attained"
    assert "proper" not in card.entries


def test_wrong_requests():
    with pytest.raises(UsageError):
        lossaudit.card("focl")
    with pytest.raises(UsageError):
        lossaudit.card(lambda z, y: z, torch.zeros(3), torch.zeros(3))


def test_command(capsys):
    assert main(["card", "mse", "--head", "softmax", "--classes", "2"]) == 0
    assert "strictly" in capsys.readouterr().out
    assert main(["card", "gce", "--classes", "2", "--set", "q=0.5", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"]["elicits"]["value"] == "q^2, normalised"
    assert main(["card", "hinge", "--format", "latex"]) == 0
    assert "tablenotes" in capsys.readouterr().out
    assert main(["card", "nosuch"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
