"""Rules on pairings as a reader of source makes them: no shapes, but the units of the last layer and roles of axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import (
    AxisRole,
    Basis,
    Const,
    Flow,
    LossUse,
    Pairing,
    Place,
    Source,
    Step,
    Target,
    TargetEncoding,
    Unknown,
)
from lossaudit.rules import RULES, Problem, heads

CCE, SPARSE = "categorical_cross_entropy", "sparse_categorical_cross_entropy"
TRUE, FALSE, UNKNOWN = Const(True), Const(False), Unknown("computed")
Value = Const | Unknown


def check(name: str, pairing: Pairing) -> Problem | None:
    rule = RULES[name]
    assert rule.check is not None
    return rule.check(pairing)


def fired(pairing: Pairing) -> set[str]:
    return {rule.name for rule in RULES.values() if rule.check is not None and rule.check(pairing) is not None}


def step(op: str, axis: int | None = None, role: AxisRole = AxisRole.UNKNOWN, **args: Value) -> Step:
    if op in ("softmax", "log_softmax") and axis is None:
        axis, role, args = -1, AxisRole.CLASS, {"dim": Const(-1), **args}
    return Step(op, args, axis, role, Place("net.py", 7))


def source(
    loss: str,
    *steps: str | Step,
    framework: str = "torch",
    units: int | None = 10,
    layer: str = "linear",
    target: Target | None = None,
    batched: bool = False,
    backend: str | None = None,
    ops: tuple[str, ...] = (),
    **params: Value,
) -> Pairing:
    made = tuple(each if isinstance(each, Step) else step(each) for each in steps)
    flow = Flow(Source.AFFINE, made, units=units, layer=layer, batched=batched)
    use = LossUse(loss, params, ops, Place("train.py", 20), "criterion")
    return Pairing(flow, use, target, framework=framework, backend=backend)


def keras(loss: str, *steps: str | Step, **given: object) -> Pairing:
    given.setdefault("from_logits", FALSE)
    return source(loss, *steps, framework="keras", **given)  # type: ignore[arg-type]


def data(*steps: str, encodings: frozenset[TargetEncoding] = frozenset(TargetEncoding)) -> Target:
    return Target(Flow(Source.LABELS, tuple(map(Step, steps))), encodings, Basis.DECLARED)


@pytest.mark.parametrize(
    ("loss", "switch", "wanted"),
    [
        ("cross_entropy", None, Expects.LOGITS),
        ("bce", None, Expects.PROBABILITIES),
        (CCE, FALSE, Expects.PROBABILITIES),
        (CCE, TRUE, Expects.LOGITS),
        (SPARSE, None, Expects.PROBABILITIES),
        ("bce", TRUE, Expects.LOGITS),
        ("bce", UNKNOWN, None),
        (CCE, Const("yes"), None),
        ("no such loss", None, None),
    ],
)
def test_what_a_loss_expects(loss: str, switch: Value | None, wanted: Expects | None) -> None:
    params = {} if switch is None else {"from_logits": switch}
    assert heads.expects(source(loss, framework="keras", **params)) is wanted


def test_both_files_are_named() -> None:
    problem = check("double-softmax", source("cross_entropy", "softmax"))
    assert problem is not None
    assert problem.message == "softmax (net.py:7) + criterion (line 20), 10 classes"
    assert [str(place) for place in problem.places] == ["train.py:20", "net.py:7"]


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "jax"])
@pytest.mark.parametrize(
    ("rule", "loss", "head"),
    [
        ("double-softmax", "cross_entropy", "softmax"),
        ("sigmoid-before-ce", "cross_entropy", "sigmoid"),
        ("double-sigmoid", "bce_with_logits", "sigmoid"),
        ("relu-before-ce", "cross_entropy", "relu"),
        ("log-softmax-before-ce", "cross_entropy", "log_softmax"),
    ],
)
def test_losses_that_apply_the_head_themselves(framework: str, rule: str, loss: str, head: str) -> None:
    assert fired(source(loss, head, framework=framework)) == {rule}


@pytest.mark.parametrize(
    ("pairing", "rules"),
    [
        (keras(CCE), {"keras-from-logits-false-on-logits"}),
        (keras(SPARSE, "view"), {"keras-from-logits-false-on-logits"}),
        (keras("bce", units=1), {"keras-from-logits-false-on-logits"}),
        (keras(CCE, "log_softmax"), {"keras-from-logits-false-on-logits"}),
        (keras(CCE, from_logits=TRUE), set()),
        (keras(CCE, from_logits=UNKNOWN), set()),
        (keras(CCE, layer=""), set()),  # a product of two computed tensors
        (keras(CCE, "clamp"), set()),
        (keras(CCE, "tanh"), set()),
        (keras("mse", from_logits=UNKNOWN), set()),
        (keras(CCE, "softmax"), set()),
        (keras(CCE, "softmax", from_logits=TRUE), {"keras-from-logits-true-on-probs"}),
        (keras("bce", "sigmoid", from_logits=TRUE), {"keras-from-logits-true-on-probs"}),
        (keras("bce", "sigmoid", from_logits=UNKNOWN), set()),
        (keras(CCE, "sigmoid"), {"keras-sigmoid-cce"}),
        (keras(SPARSE, "sigmoid", units=None), {"keras-sigmoid-cce"}),
        (keras(SPARSE, "sigmoid", from_logits=UNKNOWN), {"keras-sigmoid-cce"}),  # wrong either way
        (keras(SPARSE, "sigmoid", from_logits=TRUE), {"keras-from-logits-true-on-probs"}),
        (keras(CCE, "sigmoid", units=1), set()),
        (keras("bce", "sigmoid"), set()),
        (keras("bce", "softmax"), {"bce-on-softmax"}),
        (keras("bce", "softmax", units=2), set()),
        (keras("bce", "softmax", units=None), set()),
        (keras("bce", "softmax", units=1), {"softmax-one-unit"}),
        (keras("mse", "softmax", units=1), {"softmax-one-unit"}),
        (keras(CCE, "relu", from_logits=TRUE), {"relu-before-ce"}),
        (keras(CCE, "relu", "softmax"), {"relu-before-ce"}),
        (keras("kl_div", "softmax"), set()),  # Keras takes probabilities
    ],
)
def test_keras(pairing: Pairing, rules: set[str]) -> None:
    assert fired(pairing) == rules


@pytest.mark.parametrize(
    ("backend", "severity"),
    [(None, "WARNING"), ("tensorflow", "WARNING"), ("jax", "ERROR"), ("torch", "ERROR")],
)
def test_the_backend_decides_how_bad_it_is(backend: str | None, severity: str) -> None:
    problem = check("keras-from-logits-true-on-probs", keras(CCE, "softmax", from_logits=TRUE, backend=backend))
    assert problem is not None
    assert problem.severity is Severity[severity]


def test_mse_on_softmax_in_keras() -> None:
    name = "mse-on-softmax"
    teacher = Target(Flow(Source.NETWORK, (Step("softmax"),)), frozenset(), Basis.STRUCTURE)
    unseen = Target(Flow(Source.OPAQUE), frozenset(TargetEncoding), Basis.DECLARED)
    moved = step("softmax", -1, AxisRole.CLASS)
    assert check(name, keras("mse", "softmax"))
    assert check(name, keras("mae", "softmax", target=data()))
    silent = [
        keras("mse", "softmax", target=teacher),
        keras("mse", "softmax", target=unseen),
        keras("mse", "softmax", target=data("div", "sum")),  # guessed, or softened
        keras("mse", moved, units=None),  # a heatmap
        keras("mse", "sigmoid", target=data()),
        source("mse", "softmax", target=data()),  # torch: data may be anything
        source("mse", "softmax", framework="jax", target=data()),
    ]
    assert [check(name, pairing) for pairing in silent] == [None] * len(silent)


def test_softmax_over_batch_needs_evidence() -> None:
    name = "softmax-over-batch"
    batch = step("log_softmax", 0, AxisRole.BATCH)
    problem = check(name, source("nll", batch, batched=True))
    assert problem is not None
    assert problem.severity is Severity.WARNING
    assert check(name, source("nll", batch, units=None, batched=True))
    silent = [
        source("nll", step("log_softmax", 0)),  # a policy sees one state at a time
        source("nll", batch, layer=""),  # samples against samples
        source("nll", batch, units=1),
        source("nll", "squeeze", batch),
        source("nll", batch, "t"),
        source("mse", batch),
        source("nll", "log_softmax", batched=True),
    ]
    assert [check(name, pairing) for pairing in silent] == [None] * len(silent)


def test_softmax_one_unit_needs_the_units_own_axis() -> None:
    name = "softmax-one-unit"
    assert check(name, source("bce", "softmax", units=1))
    assert check(name, source("bce", step("softmax", 1, AxisRole.UNKNOWN), units=1)) is None
    assert check(name, source("bce", "softmax", "mul", units=1)) is None
    assert check(name, source("bce", "softmax", units=None)) is None


def test_nested_softmax_over_another_axis_may_be_meant() -> None:
    name = "nested-softmax"
    rows, columns = step("softmax", -1), step("softmax", -2)
    guessed = Step("softmax", place=Place("net.py", 7))
    unknown = Step("softmax", {"dim": UNKNOWN}, place=Place("net.py", 7))
    assert check(name, source("mse", rows, rows))
    assert check(name, source("mse", guessed, replace(guessed)))
    for silent in ((rows, columns), (rows, "transpose", replace(rows)), (unknown, replace(unknown)), (rows, unknown)):
        assert check(name, source("mse", *silent)) is None


@pytest.mark.parametrize(
    ("steps", "fires"),
    [
        (("relu", "log_softmax"), True),
        (("relu6", "log_softmax"), True),
        (("relu", "softmax", "log"), True),
        (("relu", "dropout", "log_softmax"), True),
        (("leaky_relu", "log_softmax"), False),
        (("elu", "log_softmax"), False),
        (("relu", "avg_pool2d", "log_softmax"), False),
        (("relu", "mul", "log_softmax"), False),
        (("log_softmax",), False),
    ],
)
def test_relu_before_log_softmax(steps: tuple[str, ...], fires: bool) -> None:
    assert (check("relu-before-ce", source("nll", *steps)) is not None) is fires


def test_relu_is_only_wrong_before_a_softmax() -> None:
    for loss in ("mse", "bce", "poisson_nll", "bce_with_logits"):
        assert check("relu-before-ce", source(loss, "relu")) is None


def made(*ops: str) -> Target:
    return Target(Flow(Source.NETWORK, tuple(map(step, ops))), frozenset(), Basis.STRUCTURE)


@pytest.mark.parametrize(
    ("steps", "target", "rules"),
    [
        (("log_softmax",), ("softmax", "detach"), set()),
        (("softmax",), ("softmax",), {"kl-input-not-log"}),
        (("softmax",), ("log_softmax", "detach"), {"kl-swapped"}),
        (("sigmoid",), ("softmax", "log"), {"kl-swapped"}),
        (("log_softmax",), ("log_softmax",), {"kl-target-log"}),
        (("log_softmax",), ("softmax", "log", "detach"), {"kl-target-log"}),
        (("log_softmax",), ("log_softmax", "exp"), set()),
        (("logsigmoid",), ("sigmoid",), set()),
    ],
)
def test_the_two_sides_of_kl_div(steps: tuple[str, ...], target: tuple[str, ...], rules: set[str]) -> None:
    pairing = source("kl_div", *steps, target=made(*target), reduction=Const("batchmean"))
    assert fired(pairing) == rules
    told = source("kl_div", *steps, target=made(*target), reduction=Const("batchmean"), log_target=TRUE)
    assert not fired(told) & {"kl-swapped", "kl-target-log"}
    unknown = source("kl_div", *steps, target=made(*target), reduction=Const("batchmean"), log_target=UNKNOWN)
    assert not fired(unknown) & {"kl-swapped", "kl-target-log"}


@pytest.mark.parametrize(
    ("params", "fires"),
    [
        ({"reduction": Const("mean")}, True),
        ({"reduction": Const("mean"), "size_average": Const(None), "reduce": Const(None)}, True),
        ({"reduction": Const("mean"), "size_average": FALSE}, False),
        ({"reduction": Const("mean"), "reduce": UNKNOWN}, False),
        ({"reduction": Const("batchmean")}, False),
        ({"reduction": Const("sum")}, False),
        ({"reduction": Const("mean+sum")}, False),
        ({"reduction": UNKNOWN}, False),
        ({}, False),
    ],
)
def test_kl_mean_reduction(params: dict[str, Value], fires: bool) -> None:
    assert (check("kl-mean-reduction", source("kl_div", "log_softmax", **params)) is not None) is fires
    assert check("kl-mean-reduction", source("kl_div", "log_softmax", ops=("mul",), **params)) is None
    assert check("kl-mean-reduction", source("kl_div", "softmax", framework="keras", **params)) is None


def test_logits_into_bce() -> None:
    name = "logits-into-bce"
    assert check(name, source("bce", units=1))
    assert check(name, source("bce", "view", units=None))
    silent = [
        source("bce", "sigmoid"),
        source("bce", layer=""),  # a mixture of probabilities
        source("bce", ops=("log", "mul")),
        source("bce", "clamp"),
        source("bce_with_logits"),
    ]
    assert [check(name, pairing) for pairing in silent] == [None] * len(silent)


def test_implicit_dim() -> None:
    name = "softmax-implicit-dim"
    bare = Step("log_softmax", place=Place("net.py", 7))
    problem = check(name, source("nll", bare))
    assert problem is not None
    assert [str(place) for place in problem.places] == ["net.py:7"]
    assert problem.remedy is not None
    assert not problem.remedy.keeps_values
    assert check(name, source("nll", replace(bare, args={"dim": UNKNOWN}))) is None
    assert check(name, source("nll", bare, framework="jax")) is None
    assert check(name, source("nll", replace(bare, basis=Basis.OBSERVED))) is None


@pytest.mark.parametrize(("rank", "axis"), [(1, 0), (2, 1), (3, 0), (4, 1)])
def test_the_axis_that_torch_guesses(rank: int, axis: int, make_flow: Callable[..., Flow]) -> None:
    """What the page says of torch is what torch does."""
    torch = pytest.importorskip("torch")
    from lossaudit.pairing import Dim
    from lossaudit.rules.softmax_implicit_dim import chosen

    bare = Step("softmax")
    assert chosen(make_flow(bare, dims=(Dim(3),) * rank), bare) == axis
    x = torch.randn((3,) * rank)
    with pytest.warns(UserWarning, match="Implicit dimension choice"):
        guessed = torch.nn.functional.softmax(x)
    assert torch.equal(guessed, x.softmax(axis))


def test_two_sigmoids_near_one_are_stuck() -> None:
    """The clause of `keras-sigmoid-cce`: they share the probability, and both get almost no gradient."""
    torch = pytest.importorskip("torch")
    z = torch.tensor([[9.0, 9.0, -9.0]], requires_grad=True)
    p = torch.sigmoid(z)
    loss = -torch.log(p / p.sum(1, keepdim=True))[0, 0]
    (gradient,) = torch.autograd.grad(loss, z)
    assert loss.item() == pytest.approx(0.6931, abs=1e-3)
    assert gradient.abs().max() < 2e-4
