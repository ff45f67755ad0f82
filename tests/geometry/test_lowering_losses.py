"""Every differentiable loss of torch.nn.functional: the program's value is torch's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.torch_calls import Case, check

from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.lowering import Lowered
from lossaudit.pairing import Const
from lossaudit.record.lowering import Call, Known, Tracked

F = "torch.nn.functional."
REDUCTIONS = ("mean", "sum", "none")


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def uniform(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 0.9 + 0.05


def classes(*shape: int, k: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(k, shape, generator=torch.Generator().manual_seed(seed))


def distribution(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.softmax(normal(*shape, seed=seed), dim=1)


def signs(*shape: int, seed: int = 0) -> torch.Tensor:
    return (classes(*shape, k=2, seed=seed) * 2 - 1).double()


SCALES = (0.01, 1.0, 30.0, 1000.0)
WEIGHT = torch.tensor([0.5, 0.0, 2.0, 1.25], dtype=torch.float64)


def logits(*shape: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    first, *rest = [{"input": normal(*shape, seed=k, scale=scale)} for k, scale in enumerate(SCALES)]
    return first, rest


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 3), (2, 4, 2, 2), (4,)])
def test_cross_entropy_of_classes(shape: Any, smoothing: float, weight: Any, reduction: str) -> None:
    z, others = logits(*shape)
    target = classes(*(shape[:1] + shape[2:] if len(shape) > 1 else ()), k=4, seed=5)
    options = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
    check(Case(F + "cross_entropy", z, target=target, **options), others)
    if len(shape) > 1:
        target.view(-1)[0] = 2
        check(Case(F + "cross_entropy", z, target=target, ignore_index=2, **options), others)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 3), (4,)])
def test_cross_entropy_of_distributions(shape: Any, smoothing: float, weight: Any, reduction: str) -> None:
    z, others = logits(*shape)
    target = distribution(*shape) if len(shape) > 1 else distribution(1, 4)[0]
    options = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
    check(Case(F + "cross_entropy", z, target=target, **options), others)
    check(Case(F + "cross_entropy", {**z, "target": target}, **options))  # a teacher that is a variable as well


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 3), (4,)])
def test_nll(shape: Any, weight: Any, reduction: str) -> None:
    target = classes(*(shape[:1] + shape[2:] if len(shape) > 1 else ()), k=4, seed=5)
    options = {"weight": weight, "reduction": reduction}
    check(Case(F + "nll_loss", {"input": normal(*shape)}, target=target, **options))
    if len(shape) > 1:
        target.view(-1)[0] = 3
        check(Case(F + "nll_loss", {"input": normal(*shape)}, target=target, ignore_index=3, **options))


def test_a_mean_over_no_samples_is_not_a_number() -> None:
    case = Case(F + "cross_entropy", {"input": normal(2, 3)}, target=torch.tensor([1, 1]), ignore_index=1)
    assert case.lowered.builder.instructions[int(case.results[0])].op == "opaque"


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_regression(name: str, reduction: str) -> None:
    z, others = logits(3, 4)
    target = normal(3, 4, seed=9)
    target[0, 0] = z["input"][0, 0]
    check(Case(F + name, z, target=target, reduction=reduction), others, tolerance=1e-8)
    check(Case(F + name, {**z, "target": target}, reduction=reduction))
    if name != "smooth_l1_loss":
        check(Case(F + name, z, target=target, reduction=reduction, weight=uniform(3, 4)), others, tolerance=1e-8)
    if name == "mse_loss":
        check(Case(F + name, z, target=normal(4), reduction=reduction), others, tolerance=1e-8)


@pytest.mark.parametrize("width", [0.25, 1.0, 3.5])
def test_widths_of_robust_losses(width: float) -> None:
    z = {"input": torch.tensor([-5.0, -3.5, -1.0, -0.25, 0.0, 0.1, 0.25, 1.0, 3.5, 1e6])}
    target = torch.zeros(10, dtype=torch.float64)
    check(Case(F + "huber_loss", z, target=target, delta=width, reduction="none"))
    check(Case(F + "smooth_l1_loss", z, target=target, beta=width, reduction="none"))
    check(Case(F + "smooth_l1_loss", z, target=target, beta=0.0, reduction="none"))


@pytest.mark.parametrize("old", [(None, True), (True, None), (False, None), (False, False), (True, False)])
def test_the_old_spelling_of_reduction(old: tuple[bool | None, bool | None]) -> None:
    average, reduce = old
    z, _ = logits(3, 4)
    case = Case(F + "mse_loss", z, target=normal(3, 4, seed=1), size_average=average, reduce=reduce, reduction="none")
    check(case)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_binary_cross_entropies(weight: Any, reduction: str) -> None:
    z, others = logits(3, 4)
    for target in (classes(3, 4, k=2).double(), uniform(3, 4, seed=3)):
        options = {"weight": weight, "reduction": reduction}
        name = F + "binary_cross_entropy"
        check(Case(name, {"input": uniform(3, 4)}, target=target, **options))
        check(Case(name, {"input": uniform(3, 4)}, semantics="ideal", target=target, **options))
        check(Case(name, {"input": uniform(3, 4), "target": target}, **options))
        name = F + "binary_cross_entropy_with_logits"
        check(Case(name, z, target=target, **options), others)
        check(Case(name, z, target=target, pos_weight=WEIGHT + 0.5, **options), others)
        check(Case(name, {**z, "target": target}, pos_weight=WEIGHT + 0.5, **options))
        name = F + "multilabel_soft_margin_loss"
        check(Case(name, z, target=target, **options), others)
    check(Case(F + "soft_margin_loss", z, target=signs(3, 4), reduction=reduction), others[:-1])  # torch overflows


def test_binary_cross_entropy_as_coded_keeps_the_logarithm_above_minus_100() -> None:
    point = {"input": torch.tensor([1e-300, 0.5], dtype=torch.float64)}
    case = Case(F + "binary_cross_entropy", point, target=torch.tensor([1.0, 0.0]).double(), reduction="none")
    check(case)
    assert case.lowered.deviates
    ideal = Case(
        F + "binary_cross_entropy", point, semantics="ideal", target=torch.tensor([1.0, 0.0]).double(), reduction="none"
    )
    value = floats(ideal.program(), np.array([[1e-300], [0.5]]))[int(ideal.results[0][0])][0]
    assert value == pytest.approx(300 * math.log(10))


def test_softplus_is_the_real_function_or_the_coded_one() -> None:
    at = torch.tensor([19.0, 21.0])
    coded = Case(F + "softplus", {"input": at})
    check(coded, tolerance=1e-15)
    ideal = Case(F + "softplus", {"input": at}, semantics="ideal")
    assert ideal.lowered.deviates == coded.lowered.deviates != []
    values = floats(ideal.program(), at.numpy()[:, None])
    assert values[int(ideal.results[0][1])][0] == pytest.approx(21 + math.exp(-21), rel=1e-15)


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
def test_kullback_leibler(log_target: bool, reduction: str) -> None:
    target = distribution(3, 4)
    if log_target:
        target = target.log()
    else:
        target[0] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    options = {"reduction": reduction, "log_target": log_target}
    check(Case(F + "kl_div", {"input": normal(3, 4)}, target=target, **options))
    check(Case(F + "kl_div", {"input": normal(3, 4), "target": target}, **options))
    check(Case(F + "kl_div", {"target": target}, input=normal(3, 4), **options))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("full", [False, True])
def test_poisson_and_gaussian(full: bool, reduction: str) -> None:
    counts = torch.tensor([[0.0, 1.0, 2.0, 7.0]] * 3, dtype=torch.float64)
    options = {"full": full, "reduction": reduction}
    check(Case(F + "poisson_nll_loss", {"input": normal(3, 4)}, target=counts, **options))
    rates = {"input": uniform(3, 4)}
    check(Case(F + "poisson_nll_loss", rates, target=counts, log_input=False, **options))
    check(Case(F + "poisson_nll_loss", rates, target=counts, log_input=False, eps=0.5, **options))
    x, y = {"input": normal(3, 4)}, normal(3, 4, seed=1)
    for var in (uniform(3, 4), uniform(3, 1), uniform(3)):
        check(Case(F + "gaussian_nll_loss", x, target=y, var=var, **options))
        check(Case(F + "gaussian_nll_loss", {**x, "var": var}, target=y, **options))
    check(Case(F + "gaussian_nll_loss", {**x, "var": uniform(3, 4)}, target=y, eps=0.5, **options))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("margin", [0.25, 1.0])
def test_margins(margin: float, reduction: str) -> None:
    z, others = logits(3, 4)
    options = {"margin": margin, "reduction": reduction}
    check(Case(F + "hinge_embedding_loss", z, target=signs(3, 4), **options), others)
    check(Case(F + "hinge_embedding_loss", z, target=torch.zeros(3, 4), **options), others)
    for p in (1, 2):
        for weight in (None, WEIGHT):
            case = Case(F + "multi_margin_loss", z, target=classes(3, k=4), p=p, weight=weight, **options)
            check(case, others)
    check(Case(F + "multi_margin_loss", {"input": normal(4)}, target=torch.tensor(1), **options))
    labels = torch.tensor([[1, 3, -1, 0], [-1, 0, 1, 2], [0, 1, 2, 3]])
    check(Case(F + "multilabel_margin_loss", z, target=labels, reduction=reduction), others)
    check(Case(F + "multilabel_margin_loss", {"input": normal(4)}, target=labels[0], reduction=reduction))
    pair = {"input1": normal(5), "input2": normal(5, seed=1)}
    check(Case(F + "margin_ranking_loss", pair, target=signs(5), **options))
    check(Case(F + "margin_ranking_loss", {"input1": normal(5)}, input2=normal(5, seed=1), target=signs(5), **options))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("margin", [0.25, 1.0])
def test_embeddings(margin: float, reduction: str) -> None:
    x, y, w = normal(3, 4), normal(3, 4, seed=1), normal(3, 4, seed=2)
    options = {"margin": margin, "reduction": reduction}
    check(Case(F + "cosine_embedding_loss", {"input1": x, "input2": y}, target=signs(3), **options))
    check(Case(F + "cosine_embedding_loss", {"input1": x}, input2=x + 0.1 * y, target=-torch.ones(3), **options))
    for p in (1.0, 2.0, 3.0):
        for swap in (False, True):
            triple = {"anchor": x, "positive": y, "negative": w}
            check(Case(F + "triplet_margin_loss", triple, p=p, swap=swap, **options))
    check(Case(F + "triplet_margin_loss", {"anchor": x}, positive=y, negative=w, eps=0.5, **options))
    triple = {"anchor": x, "positive": y, "negative": w}
    check(Case(F + "triplet_margin_with_distance_loss", triple, swap=True, **options))


@given(
    st.integers(1, 4),
    st.integers(2, 6),
    st.floats(0, 1),
    st.lists(st.floats(-60, 60), min_size=24, max_size=24),
    st.sampled_from(REDUCTIONS),
)
@settings(max_examples=60, deadline=None)
def test_cross_entropy_anywhere(n: int, k: int, smoothing: float, values: list[float], reduction: str) -> None:
    z = torch.tensor(values[: n * k], dtype=torch.float64).reshape(n, k)
    target = torch.arange(n) % k
    case = Case(F + "cross_entropy", {"input": z}, target=target, label_smoothing=smoothing, reduction=reduction)
    check(case)


def test_cross_entropy_keeps_a_form_that_composition_can_prove() -> None:
    """lse(z) - z_y is a sum with a coefficient >= 0 on the one term that is not affine."""
    case = Case(F + "cross_entropy", {"input": normal(1, 5)}, target=torch.tensor([3]))
    program = case.lowered.program(int(case.results[0])).program
    assert sorted({i.op for i in program.instructions}) == ["linear", "logsumexp", "variable"]
    op, args, constants = program.instructions[program.output]
    assert op == "linear"
    top = {program.instructions[a].op: c for a, c in zip(args, constants, strict=False)}
    assert top == {"variable": -1, "logsumexp": 1}


def test_bce_with_logits_keeps_a_form_that_composition_can_prove() -> None:
    """(1 - y) z + (1 + (w - 1) y) softplus(-z), for any target y."""
    case = Case(F + "binary_cross_entropy_with_logits", {"input": normal(1)}, target=torch.tensor([0.25]).double())
    program = case.lowered.program(int(case.results[0])).program
    op, args, constants = program.instructions[program.output]
    assert op == "linear"
    top = {program.instructions[a].op: c for a, c in zip(args, constants, strict=False)}
    assert top["softplus"] == 1
    assert float(top["variable"]) == 0.75


def test_losses_refuse_what_they_do_not_mean() -> None:
    lowered = Lowered()
    z = Tracked(lowered.variables(6).reshape(2, 3))
    target = Known(np.array([0, 7]))
    assert lowered.apply(Call("cross_entropy", {"input": z, "target": target}, {}, ((),))) is None
    good = Known(np.array([0, 1]))
    smoothed = {"label_smoothing": Const(1.5)}
    assert lowered.apply(Call("cross_entropy", {"input": z, "target": good}, smoothed, ((),))) is None
    assert lowered.apply(Call("multi_margin", {"input": z, "target": good}, {"p": Const(3)}, ((),))) is None
    both = {"input": z, "target": Known(np.zeros((2, 3)))}
    assert lowered.apply(Call("huber", both, {"delta": Const(0.0)}, ((),))) is None
