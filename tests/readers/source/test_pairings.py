"""What the expression of a loss means, built by hand: heads, axes, targets, and what could not be told."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import AxisRole, Basis, Const, Flow, Pairing, Source, TargetEncoding, Term, Unknown
from lossaudit.readers.source.pairings import terms
from lossaudit.readers.source.values import Tensor
from lossaudit.trace import LeafKind

INDEX, ONE_HOT = {TargetEncoding.CLASS_INDEX}, {TargetEncoding.ONE_HOT}
ROWS = {TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}
SLICE, RANGE, ELLIPSIS = Unknown("slice"), Unknown("range"), Unknown("ellipsis")


def leaf(kind: LeafKind, name: str = "", *, batched: bool = False) -> Tensor:
    return Tensor("", leaf=kind, name=name, grad=kind in (LeafKind.PARAMETER, LeafKind.HIDDEN), batched=batched)


def t(
    op: str, *inputs: Tensor | tuple[str, Tensor], framework: str = "", scalar: bool = False, **args: object
) -> Tensor:
    """An operation; inputs without a name are `input` and `other`, of a loss its prediction and target."""
    loss = catalogue.loss(op)
    names = [loss.prediction, loss.target] if loss is not None else ["input", "other"]
    named = [each if isinstance(each, tuple) else (names[i], each) for i, each in enumerate(inputs)]
    values = {name: value if isinstance(value, Unknown) else Const(value) for name, value in args.items()}  # type: ignore[arg-type]
    affine = (entry := catalogue.op(op)) is not None and entry.role is Role.AFFINE
    grad = affine or any(tensor.grad for _, tensor in named)
    known = framework or next((tensor.framework for _, tensor in named if tensor.op), "torch")
    return Tensor(op, tuple(named), values, name=op, grad=grad, framework=known)


def constant(op: str, tensor: Tensor, number: float, *, first: bool = False) -> Tensor:
    """`tensor op number`, or `number op tensor`."""
    return t(op, ("other" if first else "input", tensor), **{"input" if first else "other": number})


X, Y = leaf(LeafKind.DATA, "x", batched=True), leaf(LeafKind.DATA, "y")
MODEL = "the model is not in the linted tree"
HIDDEN, OTHER = leaf(LeafKind.HIDDEN, MODEL), leaf(LeafKind.HIDDEN, "another value")
FLAT = t("flatten", X, start_dim=1, end_dim=-1)
Z = t("linear", X, out_features=10)  # of unknown rank
M = t("linear", FLAT, out_features=10)  # a matrix
ONE = t("linear", X, out_features=1)
CONV = t("conv2d", X, out_features=10)


def P(z: Tensor = Z, dim: int = 1) -> Tensor:
    return t("softmax", z, dim=dim)


def ce(p: Tensor, y: Tensor = Y, **args: object) -> Tensor:
    return t("cross_entropy", p, y, **args)


def mean(tensor: Tensor) -> Tensor:
    return t("mean", tensor)


def total(tensor: Tensor) -> Tensor:
    return t("sum", tensor)


def neg(tensor: Tensor) -> Tensor:
    return t("neg", tensor)


def mul(left: Tensor, right: Tensor) -> Tensor:
    return t("mul", left, right)


def hot(tensor: Tensor = Y) -> Tensor:
    return t("one_hot", tensor)


def only(loss: Tensor) -> Pairing:
    (term,) = terms(loss)
    assert not term.unresolved, term.unresolved
    (pairing,) = term.alternatives
    return pairing


def heads(flow: Flow) -> tuple[str, ...]:
    quiet = (Role.VIEW, Role.CAST, Role.SELECT, Role.NOISE, Role.JOIN)
    return tuple(step.op for step in flow.steps if (op := catalogue.op(step.op)) is None or op.role not in quiet)


def role(loss: Tensor) -> AxisRole:
    (step,) = [step for step in only(loss).prediction.steps if "softmax" in step.op]
    return step.axis_role


# Axes


UNKNOWN, CLASS, BATCH = AxisRole.UNKNOWN, AxisRole.CLASS, AxisRole.BATCH
SHAPES = {
    # PyTorch's cross-entropy compares along the second axis
    "dim 1": (ce(P()), CLASS),
    "last of unknown rank": (ce(P(Z, -1)), UNKNOWN),
    "last of a matrix": (ce(P(M, -1)), CLASS),
    "a third axis": (ce(P(Z, 2)), UNKNOWN),
    "channels": (ce(P(CONV)), CLASS),
    "last of an image": (ce(P(CONV, -1)), UNKNOWN),
    "first of a batch": (ce(P(Z, 0)), BATCH),
    "first of who knows what": (ce(P(HIDDEN, 0)), UNKNOWN),
    # views
    "third axis, rows of ten": (ce(t("view", P(Z, 2), shape=(-1, 10))), UNKNOWN),
    "last axis, rows of ten": (ce(t("view", P(Z, -1), shape=(-1, 10))), CLASS),
    "last axis, rows of five": (ce(t("view", P(Z, -1), shape=(-1, 5))), UNKNOWN),
    "last axis exchanged with the second": (ce(t("transpose", P(Z, -1), dim0=1, dim1=2)), UNKNOWN),
    "third axis exchanged with the second": (ce(t("transpose", P(Z, 2), dim0=1, dim1=2)), CLASS),
    "second axis exchanged with the third": (ce(t("transpose", P(Z, 1), dim0=1, dim1=2)), UNKNOWN),
    "second and last, exchanged": (ce(t("transpose", P(Z, -1), dim0=1, dim1=-1)), CLASS),
    "permuted to the second": (ce(t("permute", P(Z, -1), dims=(0, 2, 1))), CLASS),
    "permuted away": (ce(t("permute", P(Z, 1), dims=(0, 2, 1))), UNKNOWN),
    "an axis of size one taken away": (ce(t("squeeze", P(Z, 1), dim=-1)), UNKNOWN),
    "squeezed before it": (ce(t("squeeze", P(Z, -1), dim=1)), UNKNOWN),
    "the first of each": (ce(t("getitem", P(Z, 2), **{"index.0": SLICE, "index.1": 0})), CLASS),
    "one sample": (ce(t("unsqueeze", P(t("getitem", M, index=0), 0), dim=0)), CLASS),
    "mean over time": (ce(t("mean", P(Z, 2), dim=1)), CLASS),
    "mean over an ensemble": (ce(t("mean", P(Z, 2), dim=0)), CLASS),
    "mean over the classes": (ce(t("mean", P(Z, 1), dim=1)), UNKNOWN),
    # the classes of Keras and TensorFlow are the last axis
    "keras": (t("categorical_cross_entropy", t("softmax", Z, dim=-1), Y, framework="keras"), CLASS),
    "keras, second": (t("categorical_cross_entropy", t("softmax", Z, dim=1), Y, framework="keras"), UNKNOWN),
    "optax": (t("cross_entropy", t("softmax", Z, dim=-1), Y, framework="jax"), CLASS),
    "told where": (t("cross_entropy", t("softmax", Z, dim=1), Y, framework="jax", dim=1), CLASS),
    # what compares value by value has the classes where the softmax is
    "mse": (t("mse", P(Z, -1), Y), CLASS),
    "mse over the batch": (t("mse", P(Z, 0), Y), BATCH),
}


@pytest.mark.parametrize("what", SHAPES)
def test_a_softmax_is_over_the_classes_only_where_that_is_sure(what: str) -> None:
    loss, expected = SHAPES[what]
    assert role(loss) is expected


UNITS = {
    "linear": (ce(M), 10),
    "linear of unknown rank": (ce(Z), 10),
    "softmax over them": (ce(P(M)), 10),
    "channels": (ce(CONV), 10),
    "one": (t("bce", t("sigmoid", ONE), Y), 1),
    "one, multiple choice": (ce(t("view", ONE, shape=(-1, 4))), None),
    "one, attention over time": (ce(t("squeeze", P(ONE, 1), dim=2)), None),
    "one, a softmax over time or units": (t("mse", P(ONE, 1), Y), None),
    "one, a softmax over units": (t("mse", P(ONE, -1), Y), 1),
    "one, in Keras": (t("categorical_cross_entropy", t("softmax", ONE, dim=-1), Y, framework="keras"), 1),
    "half of them": (ce(t("narrow", M, dim=1, start=0, length=5)), None),
    "some samples": (ce(t("narrow", M, dim=0, start=0, length=5)), 10),
    "gated": (ce(t("glu", M, dim=-1)), None),
    "with others beside them": (ce(t("cat", ("tensors", M), ("tensors", M), dim=1)), None),
    "more samples": (ce(t("cat", ("tensors", M), ("tensors", M), dim=0)), 10),
    "rows of ten": (ce(t("view", Z, shape=(-1, 10))), 10),
    "rows of five": (ce(t("view", Z, shape=(-1, 5))), None),
    "exchanged": (ce(t("transpose", Z, dim0=1, dim1=2)), None),
    "one, laid against others": (t("mse", mul(ONE, Y), X), None),
    "unknown": (ce(t("linear", X, out_features=Unknown("an argument"))), None),
}


@pytest.mark.parametrize("what", UNITS)
def test_units_are_counted_only_where_no_step_can_have_changed_them(what: str) -> None:
    loss, expected = UNITS[what]
    assert only(loss).prediction.units == expected


BATCHED = {
    "as the loader gives it": (Z, True),
    "flattened": (M, True),
    "time and classes exchanged": (t("permute", Z, dims=(0, 2, 1)), True),
    "time first": (t("permute", Z, dims=(1, 0, 2)), False),
    "transposed": (t("transpose", Z, dim0=0, dim1=1), False),
    "one sample": (t("getitem", Z, index=0), False),
    "last of each": (t("getitem", Z, **{"index.0": SLICE, "index.1": -1}), True),
    "mean over the batch": (t("mean", Z, dim=0), False),
    "mean over time": (t("mean", Z, dim=1), True),
    "rows": (t("view", Z, shape=(-1, 10)), True),
    "reshaped to who knows what": (t("view", Z, shape=(None, -1)), False),
    "stacked": (t("stack", ("tensors", Z), ("tensors", Z), dim=0), False),
    "of a model that is not seen": (t("linear", HIDDEN, out_features=10), False),
}


@pytest.mark.parametrize("what", BATCHED)
def test_the_batch_is_followed(what: str) -> None:
    prediction, expected = BATCHED[what]
    assert only(t("mse", prediction, Y)).prediction.batched is expected


# Written-out losses


def bits(p: Tensor, y: Tensor = Y) -> Tensor:
    """`-(y log p + (1 - y) log(1 - p)).mean()`"""
    negative = mul(constant("sub", y, 1, first=True), t("log", constant("sub", p, 1, first=True)))
    return neg(mean(t("add", mul(y, t("log", p)), negative)))


def square(left: Tensor, right: Tensor) -> Tensor:
    return constant("pow", t("sub", left, right), 2)


LOG_P = t("log", P())
LOGS = t("log_softmax", Z, dim=1)
COLUMN = t("unsqueeze", Y, dim=1)
PICKED = t("getitem", LOGS, ("index.1", Y), **{"index.0": RANGE})
LOGSUMEXP = t("logsumexp", Z, dim=1)
Z_OF_Y = t("getitem", Z, ("index.0", leaf(LeafKind.CONSTANT)), ("index.1", Y))
E = t("exp", Z)
JAX_LOGS = t("log_softmax", HIDDEN, dim=-1, framework="jax")
WRITTEN: dict[str, tuple[Tensor, str, tuple[str, ...], set[TargetEncoding] | None]] = {
    "((p - y) ** 2).mean()": (mean(square(P(), hot())), "mse", ("softmax",), ONE_HOT),
    "((y - p) ** 2).mean()": (mean(square(hot(), P())), "mse", ("softmax",), ONE_HOT),
    "reduce_mean(square(a - b))": (mean(t("square", t("sub", P(), Y))), "mse", ("softmax",), None),
    "(hidden - p) ** 2": (mean(square(OTHER, P())), "mse", ("softmax",), None),
    "(p - y).abs().sum()": (total(t("abs", t("sub", P(), Y))), "mae", ("softmax",), None),
    "-(y * p.log()).sum()": (neg(total(mul(Y, LOG_P))), "nll", ("softmax", "log"), ROWS),
    "-mean(sum(log p * one_hot, 1))": (
        neg(mean(t("sum", mul(LOG_P, hot()), dim=1))),
        "nll",
        ("softmax", "log"),
        ONE_HOT,
    ),
    "-sum(hidden * log p)": (neg(total(mul(OTHER, LOG_P))), "nll", ("softmax", "log"), ROWS),
    "-mean(sum(hidden * log p, 1))": (neg(mean(t("sum", mul(OTHER, LOG_P), dim=1))), "nll", ("softmax", "log"), ROWS),
    "-mean(sum(one_hot * log_softmax(hidden), -1))": (
        neg(mean(t("sum", mul(hot(), JAX_LOGS), dim=-1))),
        "nll",
        ("log_softmax",),
        ONE_HOT,
    ),
    "-log_softmax[range(n), y].mean()": (neg(mean(PICKED)), "nll", ("log_softmax",), INDEX),
    "-log(p[range(n), y])": (
        neg(mean(t("log", t("getitem", P(), ("index.1", Y), **{"index.0": RANGE})))),
        "nll",
        ("softmax", "log"),
        INDEX,
    ),
    "-log_softmax.gather(1, y[:, None])": (
        neg(mean(t("gather", LOGS, ("index", COLUMN), dim=1))),
        "nll",
        ("log_softmax",),
        INDEX,
    ),
    "-log_softmax.gather(1, y).squeeze(1)": (
        neg(mean(t("squeeze", t("gather", LOGS, ("index", Y), dim=1), dim=1))),
        "nll",
        ("log_softmax",),
        INDEX,
    ),
    "logsumexp(z) - z[y]": (mean(t("sub", LOGSUMEXP, Z_OF_Y)), "cross_entropy", (), INDEX),
    "bce": (bits(t("sigmoid", ONE)), "bce", ("sigmoid",), None),
    "bce of a hidden model": (bits(t("sigmoid", HIDDEN)), "bce", ("sigmoid",), None),
    "exp(z) / sum exp(z)": (ce(t("div", E, t("sum", E, dim=1, keepdim=True))), "cross_entropy", ("softmax",), None),
    "z - logsumexp(z)": (
        t("nll", t("sub", Z, t("logsumexp", Z, dim=1, keepdim=True)), Y),
        "nll",
        ("log_softmax",),
        None,
    ),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_a_loss_that_is_written_out_is_named(what: str) -> None:
    loss, name, head, encodings = WRITTEN[what]
    pairing = only(loss)
    assert (pairing.loss.loss, heads(pairing.prediction)) == (name, head)
    assert pairing.target is not None
    if encodings is not None:
        assert pairing.target.encodings == encodings


# Another reading of the same text would make these another function.
UNNAMED = {
    "several of a row": neg(mean(t("gather", LOGS, ("index", Y), dim=1))),
    "columns": neg(mean(t("getitem", LOGS, ("index.1", Y), **{"index.0": SLICE}))),
    "rows": neg(mean(t("getitem", LOGS, ("index", Y)))),
    "gathered along the batch": neg(mean(t("gather", LOGS, ("index", t("unsqueeze", Y, dim=0)), dim=0))),
    "hidden weights": neg(mean(mul(OTHER, LOGS))),
    "an advantage": neg(total(mul(OTHER, mul(hot(), LOGS)))),
    "an advantage of what was taken": neg(total(mul(OTHER, t("select", LOGS, dim=1, index=0)))),
    "every pair": mean(square(t("unsqueeze", Z, dim=1), Y)),
    "from the mean": mean(square(Z, t("mean", Z, dim=0, keepdim=True))),
    "from the mean, without its axis": mean(square(Z, t("mean", Z, dim=0))),
    "the entropy": mean(mul(P(), LOG_P)),
    "minus the entropy of a hidden model": neg(mean(mul(t("softmax", HIDDEN, dim=1), t("log_softmax", HIDDEN, dim=1)))),
    "logsumexp laid against a column": mean(t("sub", LOGSUMEXP, t("gather", Z, ("index", COLUMN), dim=1))),
    "logsumexp along the batch": mean(t("sub", t("logsumexp", Z, dim=0), Z_OF_Y)),
    "expected error": neg(mean(t("getitem", P(), ("index.1", Y), **{"index.0": RANGE}))),
    "half of bce": neg(mean(mul(Y, t("log", t("sigmoid", ONE))))),
    "likelihood upwards": mean(PICKED),
    "1 / loss": constant("div", ce(Z), 1, first=True),
    "loss squared": constant("pow", ce(Z, reduction="mean"), 2),
}


@pytest.mark.parametrize("what", UNNAMED)
def test_what_may_be_another_function_has_no_name(what: str) -> None:
    assert [pairing for term in terms(UNNAMED[what]) for pairing in term.alternatives] == []
    assert [item for term in terms(UNNAMED[what]) for item in term.unresolved]


@pytest.mark.parametrize("total_", [t("sum", E, dim=1), t("sum", E, dim=0)], ids=["no keepdim", "no keepdim, batch"])
def test_a_softmax_whose_sums_are_laid_out_otherwise_is_none(total_: Tensor) -> None:
    (term,) = terms(ce(t("div", E, total_)))
    assert all("softmax" not in heads(pairing.prediction) for pairing in term.alternatives)


def test_a_sum_of_losses_is_its_terms() -> None:
    first, second = ce(Z, reduction="mean"), t("mse", P(), hot(), reduction="mean")
    written = mean(square(t("sigmoid", ONE), Y))
    loss = t("add", t("sub", constant("mul", first, 2), constant("mul", second, 0.5)), constant("div", written, 4))
    found = [(term.coefficient, pairing.loss.loss) for term in terms(loss) for pairing in term.alternatives]
    assert found == [(Const(2.0), "cross_entropy"), (Const(-0.5), "mse"), (Const(0.25), "mse")]


def test_a_factor_that_is_not_known_keeps_its_sign() -> None:
    weight = leaf(LeafKind.HIDDEN, "args.weight")
    (term,) = terms(neg(mul(ce(Z, reduction="mean"), weight)))
    assert term.coefficient == Unknown("minus args.weight")
    (term,) = terms(t("mul", ("input", ce(Z, reduction="mean")), other=Unknown("args.weight")))
    assert term.coefficient == Unknown("args.weight")


def test_what_cannot_be_named_hides_nothing() -> None:
    loss = t("add", ce(Z, reduction="mean"), mean(mul(P(), LOG_P)))
    first, second = terms(loss)
    assert [pairing.loss.loss for pairing in first.alternatives] == ["cross_entropy"]
    assert not second.alternatives
    assert second.unresolved


# Prediction and target


def test_the_arguments_of_a_symmetric_loss_may_be_exchanged() -> None:
    pairing = only(t("mse", Y, P()))
    assert heads(pairing.prediction) == ("softmax",)
    assert pairing.target is not None
    assert pairing.target.flow.source is Source.LABELS


def test_a_loss_that_trains_its_target_is_another_one() -> None:
    (term,) = terms(t("kl_div", Y, P()))
    assert not term.alternatives
    assert term.unresolved


TEACHER = t("linear", t("relu", t("linear", X, out_features=7)), out_features=10)
TARGETS = {
    "labels": (Y, Source.LABELS, INDEX | ROWS, Basis.DECLARED),
    "indices by a cast": (t("long", Y), Source.LABELS, INDEX, Basis.DECLARED),
    "random labels": (t("randint", size=(8,), high=10), Source.LABELS, INDEX, Basis.DECLARED),
    "written labels": (t("tensor", data=(0, 1, 2)), Source.LABELS, INDEX, Basis.DECLARED),
    "one-hot": (t("float", hot()), Source.LABELS, ONE_HOT, Basis.STRUCTURE),
    "rows of the unit matrix": (t("getitem", t("eye", n=10), ("index", Y)), Source.LABELS, ONE_HOT, Basis.STRUCTURE),
    "indices of the ones": (t("argmax", Y, dim=1), Source.LABELS, INDEX, Basis.STRUCTURE),
    "smoothed": (constant("mul", t("float", hot()), 0.9), Source.LABELS, INDEX | ROWS, Basis.DECLARED),
    "a teacher": (t("softmax", TEACHER, dim=1), Source.NETWORK, INDEX | ROWS, Basis.DECLARED),
    "a teacher, detached": (t("detach", t("softmax", TEACHER, dim=1)), Source.NETWORK, INDEX | ROWS, Basis.DECLARED),
    "pseudo-labels": (t("argmax", TEACHER, dim=1), Source.NETWORK, INDEX, Basis.STRUCTURE),
    "pseudo-labels by max": (t("getitem", t("max", TEACHER, dim=1), index=1), Source.NETWORK, INDEX, Basis.STRUCTURE),
    "mixed with a teacher": (t("add", Y, t("detach", TEACHER)), Source.NETWORK, INDEX | ROWS, Basis.DECLARED),
    "hidden": (OTHER, Source.OPAQUE, INDEX | ROWS, Basis.DECLARED),
    "mixed with what is hidden": (t("add", Y, OTHER), Source.OPAQUE, INDEX | ROWS, Basis.DECLARED),
    "one-hot of what is hidden": (hot(OTHER), Source.OPAQUE, ONE_HOT, Basis.STRUCTURE),
    "ones like the prediction": (t("ones", Z), Source.CONSTANT, INDEX | ROWS, Basis.DECLARED),
    "scattered": (
        t("scatter", t("zeros", size=(8, 10)), ("index", COLUMN), dim=1, value=1),
        Source.LABELS,
        INDEX | ROWS,
        Basis.DECLARED,
    ),
}


@pytest.mark.parametrize("what", TARGETS)
def test_targets(what: str) -> None:
    target, source, encodings, basis = TARGETS[what]
    found = only(ce(Z, target)).target
    assert found is not None
    assert (found.flow.source, found.encodings, found.basis) == (source, encodings, basis)


def test_what_keras_was_told_and_where_it_comes_from_is_kept() -> None:
    loss = t("categorical_cross_entropy", t("softmax", Z, dim=-1), Y, framework="keras", from_logits=True)
    pairing = only(loss)
    assert pairing.framework == "keras"
    assert pairing.loss.params["from_logits"] == Const(True)


# What could not be told


def test_the_reason_is_that_of_the_leaf() -> None:
    for prediction in (
        HIDDEN,
        t("view", HIDDEN, shape=(-1, 10)),
        t("getitem", HIDDEN, index=0),
        t("dropout", HIDDEN, p=0.5),
        constant("div", HIDDEN, 2),
        t("mean", HIDDEN, dim=1),
        t("add", HIDDEN, OTHER),
        t("cat", ("tensors", HIDDEN), ("tensors", OTHER), dim=1),
    ):
        (term,) = terms(ce(prediction))
        assert term.alternatives == ()
        (unresolved,) = term.unresolved
        assert (unresolved.what, unresolved.reason) == ("cross_entropy", MODEL)


@pytest.mark.parametrize("head", ["softmax", "relu", "sigmoid", "argmax", "batch_norm", "linear"])
def test_a_head_is_told_whatever_is_behind_it(head: str) -> None:
    made = t(head, HIDDEN, **({"dim": 1} if head in ("softmax", "argmax") else {}))
    pairing = only(ce(t("view", made, shape=(-1, 10))))
    assert [step.op for step in pairing.prediction.steps][: 1 if head not in ("batch_norm", "linear") else 0] in (
        [head],
        [],
    )


def test_beside_a_model_what_is_hidden_is_a_step() -> None:
    pairing = only(ce(t("add", P(), HIDDEN)))
    assert heads(pairing.prediction) == ("softmax", "add")


def test_a_prediction_without_a_model_says_so() -> None:
    (term,) = terms(ce(X))
    assert [item.reason for item in term.unresolved] == ["no model took part in the prediction"]


def test_an_operation_that_nobody_knows_is_named() -> None:
    (term,) = terms(ce(t("entmax15", Z)))
    assert [item.reason for item in term.unresolved] == ["`entmax15` is not an operation that lossaudit knows"]


# Size and depth


def test_a_deep_expression_is_read_without_recursion() -> None:
    deep = Z
    for _ in range(5000):
        deep = t("relu", deep)
    (term,) = terms(ce(deep))
    assert term.alternatives  # relu is told; what lies behind is more than is followed
    loss = ce(Z, reduction="mean")
    for _ in range(3000):
        loss = constant("mul", loss, 1.0)
    assert terms(loss)


def test_what_is_shared_is_read_once() -> None:
    deep = P()
    for _ in range(60):
        deep = t("cat", ("tensors", deep), ("tensors", deep), dim=0)
    assert only(ce(deep)).prediction.source is Source.AFFINE
    deep = Z
    for _ in range(60):
        deep = t("add", deep, deep)
    assert only(ce(deep)).prediction.source is Source.NETWORK


OPS: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    lambda a, b: t("add", a, b),
    lambda a, b: mul(a, b),
    lambda a, b: t("sub", a, b),
    lambda a, b: t("div", a, b),
    lambda a, _: t("log", a),
    lambda a, _: t("softmax", a, dim=-1),
    lambda a, _: t("log_softmax", a, dim=1),
    lambda a, _: t("sum", a, dim=1),
    lambda a, _: t("mean", a),
    lambda a, _: neg(a),
    lambda a, _: t("squeeze", a, dim=-1),
    lambda a, _: t("unsqueeze", a, dim=1),
    lambda a, _: t("transpose", a, dim0=0, dim1=-1),
    lambda a, _: t("view", a, shape=(-1, 10)),
    lambda a, _: t("flatten", a, start_dim=0, end_dim=1),
    lambda a, b: t("gather", a, ("index", b), dim=1),
    lambda a, b: t("getitem", a, ("index", b)),
    lambda a, _: t("getitem", a, **{"index.0": SLICE, "index.1": None}),
    lambda a, _: t("getitem", a, **{"index.0": ELLIPSIS, "index.1": 0}),
    lambda a, b: t("cat", ("tensors", a), ("tensors", b), dim=0),
    lambda a, b: ce(a, b),
    lambda a, b: t("mse", a, b),
    lambda a, _: t("linear", a, out_features=3),
    lambda a, _: constant("pow", a, 2),
    lambda a, _: t("logsumexp", a, dim=1),
    lambda a, _: hot(a),
)


@given(st.lists(st.tuples(st.integers(0, len(OPS) - 1), st.integers(0, 40), st.integers(0, 40)), max_size=25))
@settings(max_examples=200, deadline=None)
def test_every_expression_is_read(steps: list[tuple[int, int, int]]) -> None:
    made = [X, Y, HIDDEN, Z, leaf(LeafKind.PARAMETER, "w"), leaf(LeafKind.CONSTANT, "c")]
    for op, left, right in steps:
        made.append(OPS[op](made[left % len(made)], made[right % len(made)]))
    found: tuple[Term, ...] = terms(made[-1])
    assert found
    for term in found:
        assert term.alternatives or term.unresolved
        value = term.coefficient.value if isinstance(term.coefficient, Const) else 1.0
        assert isinstance(value, float)
        assert not math.isnan(value)
