"""Claims 35 to 79: what the checks derive is what is answered, and another object gives another answer."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from functools import cache, partial

import pytest
import torch
import torch.nn.functional as F

from lossaudit.advise.claims import cases, convexity, grounds, interview, practice, surrogates
from lossaudit.advise.claims.cases import Case
from lossaudit.advise.claims.claim import Answer, Evidence, Means

CLAIMS = {claim.number: claim for module in (interview, surrogates, practice, convexity) for claim in module.CLAIMS}
CHECKED = [number for number, claim in CLAIMS.items() if claim.check is not None]
# Those that train are checked in test_claims.
COMPUTED = [number for number in CHECKED if CLAIMS[number].means is not Means.EXPERIMENT]


@cache
def evidence(number: int) -> Evidence:
    return CLAIMS[number].check()


def test_numbers_and_names():
    assert list(CLAIMS) == list(range(35, 80))
    names = [claim.name for claim in CLAIMS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.name)
def test_one_sentence_is_said_and_two_explain_it(claim):
    assert len(sentences(claim.said)) == 1
    assert len(sentences(claim.reason)) == 2


def sentences(text: str) -> list[str]:
    assert re.fullmatch(r"[A-Z].*\.", text)
    return re.split(r"[.!?](?:\s+|$)", text)[:-1]


def test_only_usage_has_no_check():
    assert [number for number in CLAIMS if number not in CHECKED] == [44]
    assert [number for number, claim in CLAIMS.items() if claim.means is Means.NONE] == [44]


@pytest.mark.parametrize("number", COMPUTED)
def test_the_check_derives_the_answer(number):
    found = evidence(number)
    assert found.answer is CLAIMS[number].answer, found.shown
    assert found.shown
    assert "\n" not in found.shown


@pytest.mark.parametrize("number", COMPUTED)
def test_an_answer_changed_by_hand_disagrees(number):
    claim = CLAIMS[number]
    changed = [replace(claim, answer=answer) for answer in Answer if answer is not claim.answer]
    assert len(changed) == 3
    assert all(evidence(number).answer is not other.answer for other in changed)


def test_reading_the_claims_loads_nothing_heavy():
    names = ("interview", "surrogates", "practice", "convexity")
    modules = ", ".join(f"lossaudit.advise.claims.{name}" for name in names)
    heavy = ("torch", "numpy", "flint", "sklearn", "keras")
    code = f"import sys, {modules}\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Figures that are known otherwise: from a closed form, or from a paper.


@pytest.mark.parametrize(
    ("number", "figure"),
    [
        (39, "16.12 at gap 17"),  # -ln 1e-7
        (51, "0.029 at p = 0.9"),
        (51, "1.2 at p = 0.05"),
        (54, "0.3793"),  # .55 / (.55 + .9)
        (56, "4.5109 (K = 10)"),  # ln 91
        (56, "9.1051 (K = 1000)"),  # ln 9001
        (59, "5/8 bits"),
        (60, "0.500, 0.444, 0.056"),  # (.9, .8, .1) / 1.8
        (67, "-0.1188"),  # 2 s'^2 + 2 s s'' at w1 = 2
        (75, "81/256"),
        (79, "0.693"),  # exclusive or: no better than a coin, ln 2
    ],
)
def test_figures(number, figure):
    assert figure in evidence(number).shown


# Another object in place of the one that the claim speaks of: the answer has to follow the mathematics.


def squared_hinge(margin):
    return F.relu(1 - margin) ** 2


def broken_join(residual, delta=1.0):
    """A parabola, continued with twice its slope."""
    outside = 2 * delta * residual.abs() - 1.5 * delta**2
    return torch.where(residual.abs() <= delta, residual.square() / 2, outside).sum()


def student(mean, y, variance):
    return torch.log1p((mean - y) ** 2 / variance).mean()


def log_cosh(r):
    return torch.log(torch.cosh(r)) if r.abs() < 100 else r.abs() - torch.log(torch.tensor(2.0))


def no_smoothing(z, y, epsilon):
    return F.cross_entropy(z, y, reduction="none")


def reverse_kl(log_p, q):
    return (log_p.exp() * (log_p - q.log())).sum()


def unclipped():
    return (lambda gap: F.softplus(torch.tensor(gap)).item()), "BCE with logits"


def affine(z):
    return 3 * z - 1


def squared_error_of_sigmoid(rows):
    def loss(w1, w2, b):
        x1, x2, y = grounds.real(*rows).T
        return ((torch.sigmoid(w1 * x1 + w2 * x2 + b) - y) ** 2).mean()

    return loss


def log_odds(margin):
    return F.softplus(-margin)


MUTATIONS = [
    (35, partial(interview.additive, [interview.mean_squares, interview.mean_cross_entropy]), "true"),
    (35, partial(interview.additive, [interview.info_nce, interview.dice_of_batch]), "false"),
    (36, partial(interview.squares_weigh, "mae"), "false"),
    (36, partial(interview.squares_weigh, "huber"), "false"),
    (37, partial(interview.gaussian_likelihood, student), "false"),
    (37, partial(interview.gaussian_likelihood, lambda mean, y, variance: F.mse_loss(mean, y)), "true"),
    (38, partial(interview.bernoulli, lambda p, y: F.mse_loss(p, y, reduction="sum")), "false"),
    (39, partial(interview.strong_when_wrong, implementation=unclipped), "true"),
    (39, partial(interview.strong_when_wrong, "savage"), "false"),
    (40, partial(interview.picks_the_true_class, partial(F.multi_margin_loss, reduction="none")), "false"),
    (40, partial(interview.picks_the_true_class, lambda z, y: no_smoothing(z.roll(1, -1), y, 0)), "false"),
    (41, partial(interview.makes_a_distribution, torch.sigmoid), "false"),
    (41, partial(interview.makes_a_distribution, lambda z: z / z.sum()), "false"),
    (42, partial(interview.stable, interview.by_log_of_softmax), "false"),
    (42, partial(interview.stable, interview.by_exponentials), "false"),
    (43, partial(interview.support_vectors, squared_hinge), "false"),
    (43, partial(interview.support_vectors, log_odds), "false"),
    (45, partial(surrogates.bounded_influence, surrogates.square), "false"),
    (46, partial(surrogates.kink_at_the_join, broken_join), "true"),
    (47, partial(surrogates.shrinks, lambda w, strength: strength * (w - 3).square().sum()), "false"),
    (48, partial(surrogates.decays, {"plain": "SGD", "adaptive": "Adam", "decoupled": "Adam"}), "false"),
    (48, partial(surrogates.decays, {"plain": "AdamW", "adaptive": "Adam", "decoupled": "AdamW"}), "false"),
    (49, partial(surrogates.flat_almost_everywhere, lambda z, y: F.cross_entropy(z, y, reduction="none")), "false"),
    (50, partial(surrogates.smooth_surrogate, "weston_watkins"), "false"),
    (50, partial(surrogates.smooth_surrogate, "hinge"), "open"),
    (51, partial(surrogates.down_weights_easy, lambda z: -torch.log_softmax(z, -1)[0]), "false"),
    (52, partial(practice.under_imbalance, practice.cross_entropy, (0, 1)), "false"),
    (53, partial(practice.imbalance_fixes, {"class weights": practice.weighted, "focal": practice.focused}), "true"),
    (53, partial(practice.imbalance_fixes, {"balanced accuracy": practice.balanced_accuracy}), "false"),
    (54, partial(practice.rebalancing, (3, 3)), "false"),
    (55, partial(practice.mixes_with_uniform, no_smoothing), "false"),
    (56, partial(practice.finite_gap, no_smoothing), "false"),
    (57, partial(practice.smoothing_calibrates, 0.0, (0,)), "open"),
    (58, partial(practice.matches_distributions, reverse_kl), "false"),
    (58, partial(practice.matches_distributions, lambda log_p, q: (log_p.exp() - q).square().sum()), "false"),
    (59, partial(practice.extra_bits, reverse_kl), "false"),
    (60, partial(practice.several_labels, lambda z: torch.softmax(z, -1)), "false"),
    (61, partial(practice.by_task, [practice.gaussian_noise]), "true"),
    (61, partial(practice.by_task, [practice.laplace_noise]), "false"),
    (62, partial(convexity.good_because_convex, [cases.PREDICTION, cases.LINEAR]), "true"),
    (63, partial(convexity.depends_on_the_network, [cases.LINEAR, cases.MATCHING]), "false"),
    (64, partial(convexity.by_itself, [cases.LINEAR]), "true"),
    (65, partial(convexity.certainly_not, [cases.TANH, cases.RELU]), "true"),
    (66, partial(convexity.in_the_output_weight, cases.INPUT_WEIGHT), "false"),
    (67, partial(convexity.in_the_input_weight, cases.OUTPUT_WEIGHT), "false"),
    (68, partial(convexity.one_coordinate_is_enough, [cases.JOINT[3]]), "open"),
    (69, partial(convexity.in_the_residual, Case("a step", lambda r: r**2 / (1 + r**2))), "false"),
    (70, partial(convexity.from_the_model, Case("bounded", lambda r: r**2 / (1 + r**2))), "false"),
    (70, partial(convexity.from_the_model, models=[cases.AFFINE, cases.TO_ZERO]), "false"),
    (71, partial(convexity.only_nearby, log_cosh), "true"),
    (72, partial(convexity.deeper_has_more, cases.matching_neuron), "open"),
    (72, partial(convexity.deeper_has_more, deep=lambda w: (1 - F.relu(w).prod(-1)) ** 2), "true"),
    (73, partial(convexity.one_layer, [cases.LINEAR, cases.MATCHING]), "true"),
    (74, partial(convexity.not_always, [cases.NEURON, cases.TANH]), "true"),
    (75, partial(convexity.two_relu_layers, cases.LINEAR), "false"),
    (76, partial(convexity.follows_the_model, loss=cases.of_sigmoid), "true"),
    (76, partial(convexity.follows_the_model, affine), "open"),
    (77, partial(convexity.linear_classifier, cases.ITS_LOSS), "true"),
    (78, partial(convexity.outer_and_inner, inner=affine), "false"),
    (79, partial(convexity.hard_tasks, cost=squared_error_of_sigmoid), "true"),
    (79, partial(convexity.hard_tasks, {"easy": ((0, 0, 0), (1, 0, 1), (2, 0, 1))}), "open"),
]


@pytest.mark.parametrize(("number", "mutated", "answer"), MUTATIONS)
def test_another_object_gives_another_answer(number, mutated, answer):
    found = mutated()
    assert found.answer is Answer(answer), found.shown
    assert found.answer is not CLAIMS[number].answer


def test_every_checked_claim_has_a_mutation():
    assert {number for number, _, _ in MUTATIONS} == set(CHECKED)
