"""The rules of unstable spellings, of class indices and of deprecated arguments, on pairings made by hand."""

from __future__ import annotations

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
    Pairing,
    Place,
    Source,
    Step,
    Target,
    TargetEncoding,
    Term,
    Unknown,
    Unresolved,
)
from lossaudit.rules import RULES, Problem
from lossaudit.rules.judge import judge

Pair = Callable[..., Pairing]

LOG, EXP = Step("log", place=Place("train.py", 38)), Step("exp", place=Place("train.py", 35))
ONE_MINUS = Step("sub", {"input": Const(1)}, place=Place("train.py", 36))
EPSILON = Step("add", {"other": Const(1e-8)})
CLAMP = Step("clamp", {"min": Const(1e-7), "max": Const(1 - 1e-7)})
SQUARE, OVER_CLASSES = Step("pow", {"other": Const(2)}), Step("sum", {"dim": Const(1)})


def check(name: str, pairing: Pairing) -> Problem | None:
    rule = RULES[name]
    assert rule.check is not None
    return rule.check(pairing)


def silent(name: str, pairings: list[Pairing]) -> None:
    assert [check(name, pairing) for pairing in pairings] == [None] * len(pairings)


def test_log_of_softmax(pair: Pair) -> None:
    name = "log-of-softmax"
    problem = check(name, pair("nll", "softmax", "view", LOG))
    assert problem is not None
    assert problem.message == "log (line 38) of softmax (line 30), on the way to nll (line 41)"
    assert [place.line for place in problem.places] == [38, 30, 41]
    assert check(name, pair("cross_entropy", "softmax", LOG))
    assert check(name, pair("kl_div", "softmax", LOG, "mul"))
    silent(
        name,
        [
            pair("nll", "log_softmax"),
            pair("nll", "softmax"),
            pair("nll", "softmax", EPSILON, LOG),
            pair("nll", "softmax", CLAMP, LOG),
            pair("nll", "softmax", "softmax", LOG),  # of numbers in (0, 1) no softmax is small
            pair("nll", "tanh", "softmax", LOG),
            pair("nll", "softmax", Step("log2")),
            pair("mse", "softmax", "mul", LOG),
            pair("nll", LOG, "softmax"),
        ],
    )


def test_log_of_sigmoid(pair: Pair) -> None:
    name = "log-of-sigmoid"
    plain, complement = check(name, pair("nll", "sigmoid", LOG)), check(name, pair("nll", "sigmoid", ONE_MINUS, LOG))
    by_hand = check(name, pair("bce", "sigmoid", ops=("log", "mul"), name="by hand"))
    assert plain is not None
    assert complement is not None
    assert by_hand is not None
    assert "16.7" in complement.why
    assert complement.message == "log (line 38) of 1 - sigmoid (line 30), on the way to nll (line 41)"
    assert by_hand.message == "by hand (line 41) of sigmoid (line 30)"
    silent(
        name,
        [
            pair("nll", "logsigmoid"),
            pair("bce", "sigmoid"),  # the library bounds its logarithms itself
            pair("bce", "sigmoid", CLAMP, ops=("log", "mul")),
            pair("nll", "sigmoid", Step("sub", {"input": Const(2)}), LOG),
            pair("nll", "sigmoid", Step("sub", {"other": Const(1)}), LOG),
            pair("nll", "sigmoid", EPSILON, LOG),
            pair("nll", "hardtanh", "sigmoid", LOG),
        ],
    )


@pytest.mark.parametrize(
    ("guard", "told"),
    [
        (EPSILON, "below a probability of 1e-08, a logit gap of 18.4, less than half of the gradient is left"),
        (CLAMP, "below a probability of 1e-07, a logit gap of 16.1, no gradient is left"),
        (
            Step("clamp_min", {"min": Const(1e-6)}),
            "below a probability of 1e-06, a logit gap of 13.8, no gradient is left",
        ),
    ],
)
def test_log_with_epsilon(pair: Pair, guard: Step, told: str) -> None:
    name = "log-with-epsilon"
    for pairing in (
        pair("nll", "softmax", guard, LOG),
        pair("nll", "sigmoid", ONE_MINUS, guard, LOG),
        pair("nll", "sigmoid", guard, ONE_MINUS, LOG),
        pair("bce", "sigmoid", guard, ops=("log", "mul")),
    ):
        problem = check(name, pairing)
        assert problem is not None
        assert problem.evidence == (told,)
    silent(
        name,
        [
            pair("nll", "softmax", LOG),
            pair("nll", "relu", guard, LOG),
            pair("nll", guard, LOG),
            pair("bce", "sigmoid", guard),
            pair("nll", "softmax", guard),
            pair("nll", "softmax", Step("add", {"other": Const(0.1)}), LOG),
        ],
    )


@given(exponent=st.floats(-12, -3), gap=st.floats(0, 40))
def test_what_a_guard_leaves_of_the_gradient(exponent: float, gap: float) -> None:
    """The sentence of log-with-epsilon: p (1 - p) / (p + eps) is under a half of 1 - p below eps, and over it above."""
    torch = pytest.importorskip("torch")
    epsilon = 10.0**exponent
    z = torch.tensor(-gap, dtype=torch.float64, requires_grad=True)
    p = torch.sigmoid(z)
    (gradient,) = torch.autograd.grad(torch.log(p + epsilon), z)
    share = float(gradient / (1 - p.detach()))
    assert (share < 0.5) == (float(p.detach()) < epsilon)
    (clamped,) = torch.autograd.grad(torch.log(torch.sigmoid(z).clamp(min=epsilon)), z)
    assert (float(clamped) == 0) == (float(p.detach()) < epsilon)


def test_numbers_of_the_reasons() -> None:
    """What the rules say of float32, torch says as well."""
    torch = pytest.importorskip("torch")
    assert torch.log(1 - torch.sigmoid(torch.tensor([16.7]))).isinf()
    assert torch.log(1 - torch.sigmoid(torch.tensor([16.6]))).isfinite()
    assert torch.log(torch.sigmoid(torch.tensor([-89.0]))).isinf()
    assert torch.log(torch.sigmoid(torch.tensor([-88.0]))).isfinite()
    assert torch.log(torch.softmax(torch.tensor([0.0, -104.0]), 0))[1].isinf()
    assert torch.log(torch.softmax(torch.tensor([0.0, -103.0]), 0))[1].isfinite()
    assert torch.exp(torch.tensor([88.8])).isinf()
    assert torch.exp(torch.tensor([88.7])).isfinite()
    x = torch.tensor([89.0], requires_grad=True)
    torch.log(1 + torch.exp(x)).backward()
    assert x.grad is not None
    assert x.grad.isnan()
    same = torch.ones(2, 3, requires_grad=True)
    torch.sqrt(((same[0] - same[1]) ** 2).sum()).backward()
    assert same.grad is not None
    assert same.grad.isnan().all()


def test_softplus_by_hand(pair: Pair) -> None:
    name, plus_one = "softplus-by-hand", Step("add", {"other": Const(1.0)})
    assert check(name, pair("poisson_nll", EXP, plus_one, LOG))
    assert check(name, pair("poisson_nll", EXP, Step("log1p")))
    assert check(name, pair("poisson_nll", "neg", EXP, plus_one, LOG))
    assert check(name, pair("poisson_nll", "relu", EXP, plus_one, LOG))
    silent(
        name,
        [
            pair("poisson_nll", "softplus"),
            pair("poisson_nll", "abs", "neg", EXP, plus_one, LOG),
            pair("poisson_nll", "square", "neg", "div", EXP, plus_one, LOG),
            pair("poisson_nll", "tanh", EXP, plus_one, LOG),
            pair("poisson_nll", CLAMP, EXP, plus_one, LOG),
            pair("poisson_nll", "log_softmax", EXP, plus_one, LOG),
            pair("poisson_nll", EXP, Step("add", {"other": Const(2)}), LOG),
            pair("poisson_nll", EXP, Step("add", {"other": Unknown("a tensor")}), LOG),
            pair("poisson_nll", EXP, plus_one),
            pair("poisson_nll", EXP, LOG),
        ],
    )


def test_logsumexp_by_hand(pair: Pair, make_flow: Callable[..., Flow]) -> None:
    name = "logsumexp-by-hand"
    assert check(name, pair("mse", EXP, OVER_CLASSES, LOG))
    assert check(name, pair("mse", "div", EXP, OVER_CLASSES, "view", LOG))
    silent(
        name,
        [
            pair("mse", "logsumexp"),
            pair("mse", Step("sub", {"other": Unknown("a tensor")}), EXP, OVER_CLASSES, LOG),
            pair("mse", "cosine_similarity", "div", EXP, OVER_CLASSES, LOG),
            pair("mse", "log_softmax", EXP, OVER_CLASSES, LOG),
            pair("mse", EXP, Step("sum"), LOG),
            pair("mse", prediction=make_flow(EXP, OVER_CLASSES, LOG, source=Source.NETWORK)),
        ],
    )


def test_sqrt_at_zero(pair: Pair, make_flow: Callable[..., Flow]) -> None:
    name, root = "sqrt-at-zero", Step("pow", {"other": Const(0.5)})

    def of_two(*steps: str | Step) -> Pairing:
        return pair("hinge_embedding", prediction=make_flow(*steps, source=Source.NETWORK))

    assert check(name, of_two(SQUARE, OVER_CLASSES, "sqrt"))
    assert check(name, of_two("square", "view", OVER_CLASSES, root, "mul"))
    silent(
        name,
        [
            pair("mse", SQUARE, OVER_CLASSES, "sqrt"),  # of one output and data
            of_two("sqrt"),
            of_two(SQUARE, OVER_CLASSES),
            of_two(SQUARE, OVER_CLASSES, EPSILON, "sqrt"),
            of_two(SQUARE, OVER_CLASSES, CLAMP, "sqrt"),
            of_two(SQUARE, Step("sum"), "sqrt"),
            of_two(SQUARE, Step("mean"), "sqrt"),
            of_two("abs", OVER_CLASSES, "sqrt"),
        ],
    )


def test_losses_without_a_name_are_looked_at_too() -> None:
    place = Place("train.py", 44)
    flows = (Flow(Source.AFFINE, (Step("sigmoid", place=place), LOG)), Flow(Source.AFFINE, (Step("tanh"),)))
    unnamed = Unresolved("log", "not a loss that lossaudit can name", place, ("log", "sigmoid"), flows)
    for coefficient in (1.0, -1.0):
        (finding,) = judge(Term(Const(coefficient), (), (unnamed,)), RULES.values())
        assert finding.rule == "log-of-sigmoid"
        assert finding.severity is Severity.INFO
        assert finding.message == "log (line 38) of sigmoid (line 44)"
    nested = Unresolved(
        "log", "", place, (), (Flow(Source.AFFINE, (Step("softmax", axis=1), Step("softmax", axis=1))),)
    )
    assert judge(Term(Const(1.0), (), (nested,)), RULES.values()) == []


# --- targets


def test_class_index_into_mse(pair: Pair, make_flow: Callable[..., Flow]) -> None:
    name = "class-index-into-mse"

    def target(*steps: str, shape: tuple[int, ...], dtype: str = "int64", source: Source = Source.LABELS) -> Target:
        dims = tuple(Dim(size) for size in shape)
        flow = Flow(source, tuple(Step(op) for op in steps), dims, dtype)
        return Target(flow, frozenset({TargetEncoding.REAL}), Basis.DECLARED)

    index = {"target": "CLASS_INDEX"}
    assert check(name, pair("mse", **index))
    assert check(name, pair("mae", "softmax", **index))
    assert check(name, pair("huber", target=target(shape=(32, 1))))
    assert check(name, pair("mse", target=target("argmax", "float", shape=(), dtype="float32")))
    unshaped = Flow(Source.AFFINE, units=10)
    assert check(name, pair("mse", prediction=unshaped, **index))
    silent(
        name,
        [
            pair("mse", units=1, **index),
            pair("mse", units=1, target=target(shape=(32, 1))),
            pair("mse", prediction=Flow(Source.AFFINE), **index),
            pair("cross_entropy", **index),
            pair("mse"),
            pair("mse", target="ONE_HOT"),
            pair("mse", target=target(shape=(32, 10))),
            pair("mse", target=target(shape=(32, 1), dtype="float32")),
            pair("mse", target=target("argmax", "one_hot", shape=(32, 10))),
            pair("mse", target=target("argmax", shape=(32, 1), source=Source.NETWORK)),
        ],
    )


KERAS = {"framework": "keras"}


def test_one_hot_into_sparse_ce(pair: Pair) -> None:
    name = "one-hot-into-sparse-ce"
    sparse, loss = (
        {"name": "softmax_cross_entropy_with_integer_labels", "framework": "jax"},
        "sparse_categorical_cross_entropy",
    )
    assert check(name, pair(loss, "softmax", target="ONE_HOT", **KERAS))
    assert check(name, pair("cross_entropy", target="ONE_HOT", **sparse))
    silent(
        name,
        [
            pair(loss, "softmax", target="CLASS_INDEX", **KERAS),
            pair(loss, "softmax", **KERAS),
            pair("categorical_cross_entropy", "softmax", target="ONE_HOT", **KERAS),
            pair("cross_entropy", target="ONE_HOT"),
            pair("cross_entropy", target="ONE_HOT", name="softmax_cross_entropy", framework="jax"),
            pair("cross_entropy", target="CLASS_INDEX", **sparse),
        ],
    )


def test_class_index_into_dense_ce(pair: Pair) -> None:
    name = "class-index-into-dense-ce"
    dense, loss = {"name": "softmax_cross_entropy", "framework": "jax"}, "categorical_cross_entropy"
    assert check(name, pair(loss, "softmax", target="CLASS_INDEX", **KERAS))
    assert check(name, pair("cross_entropy", target="CLASS_INDEX", **dense))
    silent(
        name,
        [
            pair(loss, "softmax", target="ONE_HOT", **KERAS),
            pair(loss, "softmax", **KERAS),
            pair("sparse_categorical_cross_entropy", "softmax", target="CLASS_INDEX", **KERAS),
            pair("cross_entropy", target="CLASS_INDEX"),
            pair("cross_entropy", **dense),
        ],
    )


# --- arguments


@pytest.mark.parametrize(
    ("params", "advice"),
    [
        ({"size_average": False}, 'use reduction="sum"'),
        ({"size_average": True}, 'use reduction="mean"'),
        ({"reduce": False}, 'use reduction="none"'),
        ({"reduce": True, "size_average": False}, 'use reduction="sum"'),
        ({"reduce": False, "size_average": True}, 'use reduction="none"'),
    ],
)
def test_deprecated_reduction(pair: Pair, params: dict[str, bool], advice: str) -> None:
    """PyTorch's own translation is the truth: `torch.nn._reduction.legacy_get_string`."""
    problem = check("deprecated-reduction", pair("mse", params={"reduction": "mean", **params}))
    assert problem is not None
    assert problem.remedy is not None
    assert problem.remedy.title == advice
    reduction = pytest.importorskip("torch.nn._reduction")
    told = reduction.legacy_get_string(params.get("size_average"), params.get("reduce"), emit_warning=False)
    assert advice == f'use reduction="{told}"'


def test_deprecated_reduction_near_misses(pair: Pair) -> None:
    given = pair("mse", params={"size_average": False, "reduce": None})
    unknown = Pairing(given.prediction, type(given.loss)("mse", {"size_average": Unknown("computed")}))
    problem = check("deprecated-reduction", unknown)
    assert problem is not None
    assert problem.remedy is not None
    assert problem.remedy.arguments is None
    silent(
        "deprecated-reduction",
        [
            pair("mse", params={"reduction": "sum"}),
            pair("mse", params={"size_average": None, "reduce": None}),
            pair("mse", params={"size_average": False}, framework="keras"),
        ],
    )


def test_axis_of_a_bounded_head_does_not_matter(pair: Pair) -> None:
    over_time = Step("softmax", axis=2, axis_role=AxisRole.TIME)
    assert check("log-of-softmax", pair("nll", over_time, LOG))
