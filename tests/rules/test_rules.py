"""Each rule on pairings made by hand: what it must find, and the near misses on which it must be silent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossaudit.finding import Severity
from lossaudit.pairing import (
    AxisRole,
    Basis,
    Const,
    Dim,
    Flow,
    Objective,
    Observed,
    Pairing,
    Place,
    Source,
    Step,
    Target,
    TargetEncoding,
    Term,
    Unknown,
)
from lossaudit.rules import RULES, Problem, find
from lossaudit.rules.floor import floor

ONE_HOT, BINARY, SIGNED = TargetEncoding.ONE_HOT, TargetEncoding.BINARY, TargetEncoding.SIGNED
DISTRIBUTION, REAL, INDEX = TargetEncoding.DISTRIBUTION, TargetEncoding.REAL, TargetEncoding.CLASS_INDEX
Pair = Callable[..., Pairing]


def check(name: str, pairing: Pairing) -> Problem | None:
    rule = RULES[name]
    assert rule.check is not None
    return rule.check(pairing)


def fired(pairing: Pairing) -> set[str]:
    return {rule.name for rule in RULES.values() if rule.check is not None and rule.check(pairing) is not None}


def teacher(*steps: Step, source: Source = Source.NETWORK) -> Target:
    return Target(Flow(source, steps), frozenset({DISTRIBUTION}), Basis.STRUCTURE)


def test_names_and_codes_are_unique_and_well_formed() -> None:
    codes = [rule.code for rule in RULES.values()]
    assert len(set(codes)) == len(codes) == len(RULES)
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
        assert re.fullmatch(r"LA[123459]\d\d", rule.code)
        owner = rule.check or rule.check_objective or rule.check_comment
        assert owner is not None
        assert owner.__module__.rpartition(".")[2] == rule.name.replace("-", "_")
        assert find(rule.name) is find(rule.code) is find(rule.code.lower()) is rule
    assert find("no-such-rule") is None


# The pairings of a correct program: no rule may say a word.
RIGHT: list[tuple[str, dict[str, object]]] = [
    ("cross_entropy", {"target": "CLASS_INDEX"}),
    ("cross_entropy", {"steps": ("dropout", "view"), "seen": {INDEX}}),
    ("cross_entropy", {"seen": {DISTRIBUTION, REAL}, "measured": {"target_sums": (0.9999998, 1.0000002)}}),
    ("cross_entropy", {"steps": ("relu", "mul")}),
    ("nll", {"steps": ("log_softmax",), "target": "CLASS_INDEX"}),
    ("kl_div", {"steps": ("log_softmax",), "measured": {"target_sums": (1.0, 1.0)}}),
    ("bce", {"steps": ("sigmoid",), "units": 1, "seen": {BINARY}}),
    ("bce", {"steps": ("softmax",), "units": 2, "seen": {ONE_HOT, BINARY}}),
    ("bce_with_logits", {"seen": {BINARY}}),
    ("mse", {"seen": {REAL}}),
    ("mse", {"seen": {ONE_HOT, BINARY, DISTRIBUTION, REAL}}),
    ("mse", {"steps": ("softmax", "mul", "sum"), "seen": {REAL}}),
    ("mse", {"steps": ("sigmoid",), "seen": {REAL}}),
    ("soft_margin", {"units": 1, "seen": {SIGNED, REAL}}),
    ("multilabel_soft_margin", {"seen": {BINARY}}),
]


@pytest.mark.parametrize(("loss", "given"), RIGHT)
def test_right_pairings_are_silent(pair: Pair, loss: str, given: dict[str, object]) -> None:
    steps = given.get("steps", ())
    assert isinstance(steps, tuple)
    assert fired(pair(loss, *steps, **{key: value for key, value in given.items() if key != "steps"})) == set()


# --- mse-on-softmax


@pytest.mark.parametrize("loss", ["mse", "mae", "smooth_l1", "huber"])
@pytest.mark.parametrize("known", [{"target": "ONE_HOT"}, {"target": "CLASS_INDEX"}, {"seen": {ONE_HOT, BINARY, REAL}}])
def test_mse_on_softmax_of_labels(pair: Pair, loss: str, known: dict[str, object]) -> None:
    problem = check("mse-on-softmax", pair(loss, "softmax", "view", name="MSELoss", **known))
    assert problem is not None
    assert problem.severity is Severity.WARNING
    assert problem.message == "softmax (line 30) + MSELoss (line 41), 10 classes"
    assert [place.line for place in problem.places] == [41, 30]


@pytest.mark.parametrize(("stuck", "severity"), [(0.0, "WARNING"), (0.06, "WARNING"), (0.10, "ERROR"), (0.62, "ERROR")])
def test_mse_on_softmax_is_an_error_where_samples_are_stuck(pair: Pair, stuck: float, severity: str) -> None:
    problem = check("mse-on-softmax", pair("mse", "softmax", seen={ONE_HOT}, measured={"stuck": stuck}))
    assert problem is not None
    assert problem.severity is Severity[severity]
    if stuck == 0.62:
        assert problem.evidence == (
            "62 % of training samples are wrong and get almost no gradient; cross-entropy would move them",
        )


@pytest.mark.parametrize(("scale", "stuck", "advised"), [(255.0, 0.6, True), (20.0, 0.6, False), (255.0, 0.0, False)])
def test_large_inputs_are_named(pair: Pair, scale: float, stuck: float, advised: bool) -> None:
    measured = {"stuck": stuck, "input_scale": scale}
    problem = check("mse-on-softmax", pair("mse", "softmax", seen={ONE_HOT}, measured=measured))
    assert problem is not None
    assert problem.remedy is not None
    assert any("scale the inputs" in sentence for sentence in problem.remedy.also) is advised


def test_mse_on_softmax_near_misses(pair: Pair) -> None:
    silent = [
        pair("mse", "softmax"),  # nothing known of the target
        pair("mse", "softmax", target="DISTRIBUTION"),
        pair("mse", "softmax", target="REAL"),
        pair("mse", "softmax", seen={DISTRIBUTION, REAL}),
        pair("mse", "softmax", target="ONE_HOT", seen={DISTRIBUTION, REAL}),  # smoothed after one_hot
        pair("mse", "softmax", target=teacher()),
        pair("mse", "softmax", target=teacher(source=Source.AFFINE)),
        pair("mse", "softmax", target=teacher(Step("softmax"), source=Source.UNKNOWN)),
        pair("mse", "softmax", target=teacher(), seen={ONE_HOT}),
        pair("mse", "softmax", seen={ONE_HOT}, name="brier_score"),
        pair("mse", "softmax", seen={ONE_HOT}, scope="Metrics.BrierLoss.forward"),
        pair("mse", "softmax", "pow", seen={ONE_HOT}),
        pair("mse", "softmax", "mul", "sum", seen={ONE_HOT}),
        pair("mse", "log_softmax", seen={ONE_HOT}),
        pair("cross_entropy", seen={ONE_HOT}),
    ]
    assert [check("mse-on-softmax", pairing) for pairing in silent] == [None] * len(silent)


# --- mse-on-sigmoid


def test_mse_on_sigmoid(pair: Pair) -> None:
    wrong = [
        pair("mse", "sigmoid", units=1, seen={BINARY, REAL}),
        pair("mae", "sigmoid", units=None, seen={BINARY, REAL}),
        pair("mse", "sigmoid", units=10, seen={ONE_HOT, BINARY, REAL}),
    ]
    assert all(check("mse-on-sigmoid", pairing) for pairing in wrong)
    stuck = check("mse-on-sigmoid", pair("mse", "sigmoid", units=1, seen={BINARY}, measured={"stuck": 0.5}))
    assert stuck is not None
    assert stuck.severity is Severity.ERROR


def test_mse_on_sigmoid_near_misses(pair: Pair) -> None:
    constant = Target(Flow(Source.CONSTANT), frozenset({BINARY}), Basis.STRUCTURE)
    silent = [
        pair("mse", "sigmoid", units=1, target="BINARY"),  # not measured
        pair("mse", "sigmoid", units=784, seen={REAL}),  # autoencoder
        pair("mse", "sigmoid", units=784, seen={BINARY, REAL}),  # black and white pixels
        pair("mse", "sigmoid", units=5, seen={BINARY}),  # several labels
        pair("mse", "sigmoid", units=1, seen={REAL, DISTRIBUTION}),
        pair("mse", "sigmoid", units=1, seen={BINARY, SIGNED}),  # all ones
        pair("mse", "sigmoid", units=1, target=constant, seen={BINARY}),  # a discriminator's "real"
        pair("mse", "sigmoid", units=1, target=teacher(), seen={BINARY}),
        pair("mse", "sigmoid", "mul", units=1, seen={BINARY}),  # swish
    ]
    assert [check("mse-on-sigmoid", pairing) for pairing in silent] == [None] * len(silent)


# --- heads that a loss applies itself


@pytest.mark.parametrize(
    ("rule", "loss", "steps"),
    [
        ("double-softmax", "cross_entropy", ("softmax",)),
        ("double-softmax", "cross_entropy", ("dropout", "softmax", "permute", "to")),
        ("double-softmax", "cross_entropy", (Step("softmax"),)),
        ("double-sigmoid", "bce_with_logits", ("sigmoid",)),
        ("double-sigmoid", "soft_margin", ("sigmoid", "squeeze")),
        ("double-sigmoid", "multilabel_soft_margin", ("sigmoid",)),
        ("sigmoid-before-ce", "cross_entropy", ("sigmoid",)),
        ("probs-into-nll", "nll", ("softmax",)),
        ("probs-into-nll", "nll", ("sigmoid",)),
        ("kl-input-not-log", "kl_div", ("softmax",)),
        ("kl-input-not-log", "kl_div", ("sigmoid",)),
        ("log-softmax-before-ce", "cross_entropy", ("log_softmax",)),
        ("nested-softmax", "nll", ("softmax", "log_softmax")),
        ("nested-softmax", "nll", ("softmax", "view", "softmax", "log")),
        ("nested-softmax", "mse", ("softmax", "softmax")),
    ],
)
def test_head_and_loss(pair: Pair, rule: str, loss: str, steps: tuple[str | Step, ...]) -> None:
    assert fired(pair(loss, *steps, target="DISTRIBUTION")) == {rule}


@given(probabilities=st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_no_numbers_between_0_and_1_beat_the_floor(probabilities: list[float]) -> None:
    total = sum(math.exp(p) for p in probabilities)
    assert math.log(total) - probabilities[0] >= floor(len(probabilities)) - 1e-12


@pytest.mark.parametrize(("rule", "head"), [("double-softmax", "softmax"), ("sigmoid-before-ce", "sigmoid")])
def test_the_floor_is_told_unless_weights_rescale_it(pair: Pair, rule: str, head: str) -> None:
    plain, weighted = pair("cross_entropy", head), pair("cross_entropy", head, params={"weight": "tensor"})
    told = check(rule, plain)
    assert told is not None
    assert told.evidence == ("with 10 classes the loss of a sample cannot fall below 1.46",)
    untold = check(rule, weighted)
    assert untold is not None
    assert untold.evidence == ()


def test_a_guarded_softmax_is_still_one(pair: Pair) -> None:
    clamp = Step("clamp", {"min": Const(1e-7), "max": Const(1 - 1e-7)})
    epsilon = Step("add", {"other": Const(1e-8)})
    assert fired(pair("cross_entropy", "softmax", clamp)) == {"double-softmax"}
    assert fired(pair("cross_entropy", "softmax", epsilon)) == {"double-softmax"}


def test_head_and_loss_near_misses(pair: Pair) -> None:
    over_time = Step("softmax", axis=1, axis_role=AxisRole.TIME)
    other_axis = Step("softmax", axis=2)
    limited = Step("clamp", {"min": Const(-10.0), "max": Const(10.0)})
    scaled = Step("mul", {"other": Const(30.0)})
    silent = [
        pair("cross_entropy", "softmax", params={"from_logits": False}),
        pair("cross_entropy", over_time),
        pair("cross_entropy", "softmax", scaled),
        pair("cross_entropy", "sigmoid", scaled),
        pair("cross_entropy", limited),
        pair("cross_entropy", "tanh"),
        pair("bce_with_logits", "sigmoid", "mul"),
        pair("bce", "sigmoid"),
        pair("nll", "softmax", ops=("gather", "neg")),  # the mean probability, written out by hand
        pair("kl_div", "softmax", ops=("log", "mul")),
        pair("kl_div", "softmax", framework="keras"),
        pair("nll", "log_softmax", "log_softmax"),
        pair("mse", "softmax", other_axis),
        pair("mse", "softmax", scaled, "softmax"),
    ]
    assert [fired(pairing) for pairing in silent] == [set()] * len(silent)


def test_bce_on_softmax(pair: Pair) -> None:
    assert fired(pair("bce", "softmax", target="ONE_HOT")) == {"bce-on-softmax"}
    assert fired(pair("bce", "softmax", seen={ONE_HOT, BINARY})) == {"bce-on-softmax"}
    for silent in (
        pair("bce", "softmax", units=2, target="ONE_HOT"),
        pair("bce", "softmax", seen={BINARY}),
        pair("bce", "softmax", seen={DISTRIBUTION}),
        pair("bce", "softmax"),
        pair("bce", "sigmoid", target="ONE_HOT"),
    ):
        assert fired(silent) == set()


# --- axes


def test_softmax_one_unit(pair: Pair) -> None:
    name = "softmax-one-unit"
    assert check(name, pair("bce", "softmax", units=1))
    assert check(name, pair("mse", "softmax", "to", units=1))
    assert check(name, pair("bce", "softmax", "squeeze", units=None, measured={"prediction_range": (1.0, 1.0)}))
    assert check(name, pair("nll", "log_softmax", "view", units=5, measured={"prediction_range": (0.0, 0.0)}))
    silent = [
        pair("bce", "softmax"),
        pair("bce", "sigmoid", units=1),
        pair("nll", "log_softmax", "view", units=1),  # the view may have moved the axis
        pair("mse", "softmax", "select", units=None, measured={"prediction_range": (1.0, 1.0)}),
        pair("mse", "softmax", measured={"prediction_range": (0.0, 1.0)}),
        pair("mse", "softmax", "mul", "sum", units=1),  # attention
    ]
    assert [check(name, pairing) for pairing in silent] == [None] * len(silent)


def test_softmax_over_batch(pair: Pair, make_flow: Callable[..., Flow]) -> None:
    name = "softmax-over-batch"
    batch = Step("log_softmax", axis=0, axis_role=AxisRole.BATCH)
    probs = Step("softmax", axis=0, axis_role=AxisRole.BATCH)
    assert check(name, pair("nll", batch))
    assert check(name, pair("nll", probs, "log"))
    assert fired(pair("cross_entropy", batch)) == {name}
    assert fired(pair("cross_entropy", probs)) == {"double-softmax"}  # over any axis
    assert check(name, pair("mse", probs, seen={ONE_HOT}))
    unknown = Step("log_softmax", axis=0)
    silent = [
        pair("nll", unknown),  # no evidence that the axis is the batch
        pair("nll", "log_softmax"),
        pair("nll", batch, units=32),  # contrastive: samples against samples
        pair("nll", batch, "t"),
        pair("nll", batch, "permute"),
        pair("nll", batch, units=None),  # one list
        pair("nll", batch, units=1),
        pair("mse", probs),
        pair("nll", batch, prediction=make_flow(batch, dims=(Dim(None, AxisRole.BATCH), Dim(10, AxisRole.CLASS)))),
    ]
    assert [check(name, pairing) for pairing in silent] == [None] * len(silent)


# --- targets


@pytest.mark.parametrize("loss", ["hinge_embedding", "soft_margin", "margin_ranking", "cosine_embedding"])
def test_hinge_labels(pair: Pair, loss: str) -> None:
    name = "hinge-labels-01"
    assert check(name, pair(loss, units=1, seen={BINARY, REAL}))
    assert check(name, pair(loss, units=1, target="BINARY"))
    silent = [
        pair(loss, units=1, seen={BINARY, SIGNED}),  # all ones
        pair(loss, units=1, seen={SIGNED}),
        pair(loss, units=1, target="BINARY", seen={SIGNED}),
        pair(loss, units=1, seen={REAL}),
        pair(loss, units=1),
    ]
    assert [check(name, pairing) for pairing in silent] == [None] * len(silent)


def test_what_torch_makes_of_a_zero_label() -> None:
    """The clauses that `hinge-labels-01` prints are about torch, so torch has to agree."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x, zero = torch.tensor([0.7, 2.0], requires_grad=True), torch.zeros(2)
    soft = functional.soft_margin_loss(x, zero)
    assert soft.item() == pytest.approx(0.6931471805599453)
    assert torch.autograd.grad(soft, x)[0].abs().max() == 0
    ranking = functional.margin_ranking_loss(x, x.flip(0), zero, margin=0.5)
    assert ranking.item() == 0.5
    assert torch.autograd.grad(ranking, x)[0].abs().max() == 0
    both = functional.hinge_embedding_loss(x, zero, reduction="none")
    assert torch.equal(both, x + (1 - x).clamp(min=0))
    a, b = torch.randn(2, 3), torch.randn(2, 3)
    assert functional.cosine_embedding_loss(a, b, zero).item() == 0


@pytest.mark.parametrize("loss", ["cross_entropy", "kl_div"])
def test_target_rows_that_do_not_sum_to_one(pair: Pair, make_flow: Callable[..., Flow], loss: str) -> None:
    name, steps = "probabilities-not-normalised", ("log_softmax",) if loss == "kl_div" else ()
    for sums in ((3.0, 3.0), (0.0, 2.0), (0.4, 1.0), (1.0, 1.2)):
        assert check(name, pair(loss, *steps, measured={"target_sums": sums}))
    for sums in ((1.0, 1.0), (0.9999, 1.0001), (0.996, 1.004), (0.0, 1.0), (0.0, 0.0)):
        assert check(name, pair(loss, *steps, measured={"target_sums": sums})) is None
    indices = Target(Flow(Source.LABELS, dtype="int64"), frozenset({INDEX}), Basis.STRUCTURE)
    assert check(name, pair(loss, *steps, target=indices, measured={"target_sums": (7.0, 90.0)})) is None
    assert check(name, pair("bce", "sigmoid", measured={"target_sums": (3.0, 3.0)})) is None
    heatmap = make_flow("log_softmax", "view", dims=(Dim(32, AxisRole.BATCH), Dim(8), Dim(8)))
    assert check(name, pair("kl_div", prediction=heatmap, measured={"target_sums": (0.1, 0.2)})) is None
    logs = pair("kl_div", "log_softmax", params={"log_target": True}, measured={"target_sums": (-9.0, -2.0)})
    assert check(name, logs) is None


def test_sigmoids_that_do_not_compete(pair: Pair) -> None:
    name, one = "probabilities-not-normalised", {"target_sums": (1.0, 1.0)}
    assert check(name, pair("nll", "logsigmoid"))
    assert check(name, pair("nll", "sigmoid", "log"))
    assert check(name, pair("kl_div", "logsigmoid", measured=one))
    silent = [
        pair("nll", "logsigmoid", "cat", units=2),  # log p and log(1 - p)
        pair("nll", "logsigmoid", units=1),
        pair("nll", "logsigmoid", ops=("mul", "neg")),
        pair("kl_div", "logsigmoid"),
        pair("kl_div", "logsigmoid", measured={"target_sums": (0.2, 3.0)}),  # one half of a Bernoulli divergence
    ]
    assert [check(name, pairing) for pairing in silent] == [None] * len(silent)


# --- objectives


def objective(*terms: Term, cut: str = "", nonfinite: int = 0) -> Objective:
    return Objective(Place("train.py", 50), terms, cut, nonfinite)


def nonfinite(made: Objective) -> Problem | None:
    rule = RULES["loss-not-finite"]
    assert rule.check_objective is not None
    return rule.check_objective(made)


def test_loss_not_finite(pair: Pair) -> None:
    def term(coefficient: float, count: int, backwards: int) -> Term:
        observed = {"nonfinite": count, "backwards": backwards}
        return Term(Const(coefficient), (pair("nll", "softmax", "log", measured=observed),))

    assert nonfinite(objective()) is None
    assert nonfinite(objective(term(1.0, 0, 100))) is None
    assert nonfinite(objective(nonfinite=1))
    assert nonfinite(objective(term(1.0, 1, 100)))
    assert nonfinite(objective(term(0.5, 1, 100)))
    # Gradient scaling: 2**16 may be halved 16 times, and is doubled each 2000 steps.
    assert nonfinite(objective(term(65536.0, 16, 100))) is None
    assert nonfinite(objective(term(65536.0, 17, 100)))
    assert nonfinite(objective(term(1024.0, 21, 10_000))) is None
    assert nonfinite(objective(term(1024.0, 22, 10_000)))
    problem = nonfinite(objective(term(1.0, 3, 120)))
    assert problem is not None
    assert problem.remedy is not None
    assert "log_softmax" in problem.remedy.title
    assert problem.evidence == ("in 3 of 120 backward passes",)
    assert [place.line for place in problem.places] == [41, 50]


def test_loss_cut_off() -> None:
    rule = RULES["loss-cut-off"]
    assert rule.check_objective is not None
    assert rule.check_objective(objective()) is None
    problem = rule.check_objective(objective(cut="detach in line 12"))
    assert problem is not None
    assert "detach in line 12" in problem.message


def test_observed_without_samples_is_no_measurement(pair: Pair) -> None:
    blind = pair("mse", "softmax", target="ONE_HOT")
    seen = Pairing(blind.prediction, blind.loss, blind.target, observed=Observed())
    assert fired(blind) == fired(seen) == {"mse-on-softmax"}


def test_unknown_arguments_do_not_fire(pair: Pair) -> None:
    made = pair("cross_entropy", "softmax")
    unknown = Pairing(made.prediction, type(made.loss)("cross_entropy", {"from_logits": Unknown("computed")}))
    assert fired(unknown) == set()
