"""Losses: each callable on an example small enough to be worked out from its printed formula."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from lossaudit import catalogue  # noqa: E402
from lossaudit.catalogue import OPS  # noqa: E402
from lossaudit.catalogue.schema import Kind, Loss, Param  # noqa: E402

# Those of PyTorch; what it does not have is compared with Keras and optax in test_losses_elsewhere.py.
LOSSES = {name: loss for name, loss in catalogue.LOSSES.items() if loss.callable.startswith("torch.")}


def vector(*values: float) -> object:
    return torch.tensor([values], dtype=torch.float64)


def log(x: float) -> float:
    return math.log(x)


Z = (0.3, -1.2, 2.0)
TOTAL = sum(map(math.exp, Z))
P = tuple(math.exp(z) / TOTAL for z in Z)
LOG_P = tuple(log(p) for p in P)
U, V = (1.0, 2.0, 2.0), (2.0, 0.0, 0.0)  # norms 3 and 2, scalar product 2
FIRST = torch.tensor([0])

# Arguments by the catalogue's names, and the loss of the one sample, worked out by hand from the formula.
EXAMPLES: dict[str, tuple[dict[str, object], float]] = {
    "cross_entropy": ({"input": vector(*Z), "target": FIRST}, log(TOTAL) - 0.3),
    "nll": ({"input": vector(*LOG_P), "target": FIRST}, -LOG_P[0]),
    "linear_cross_entropy": (
        {"input": vector(1.0), "linear_weight": vector(*Z).T, "target": FIRST},
        log(TOTAL) - 0.3,
    ),
    # margin 1: the second is 1.5 below, the third 1.7 above
    "multi_margin": ({"input": vector(*Z), "target": FIRST}, (0 + 2.7) / 3),
    "bce": ({"input": vector(0.2), "target": vector(1.0)}, -log(0.2)),
    "bce_with_logits": (
        {"input": vector(-1.2), "target": vector(1.0), "pos_weight": vector(2.0)},
        2 * log(1 + math.exp(1.2)),
    ),
    "soft_margin": ({"input": vector(-1.2), "target": vector(-1.0)}, log(1 + math.exp(-1.2))),
    "multilabel_soft_margin": (
        {"input": vector(0.3, -1.2), "target": vector(1.0, 0.0)},
        (log(1 + math.exp(-0.3)) + log(1 + math.exp(-1.2))) / 2,
    ),
    # label 0 holds: 1 - 0.3 - 1.2 is negative, 1 - 0.3 + 2
    "multilabel_margin": ({"input": vector(*Z), "target": torch.tensor([[0, -1, -1]])}, 2.7 / 3),
    "mse": ({"input": vector(3.0), "target": vector(5.0)}, 4.0),
    "mae": ({"input": vector(3.0), "target": vector(5.0)}, 2.0),
    "smooth_l1": ({"input": vector(3.0), "target": vector(5.0), "beta": 4.0}, 4 / 8),
    "huber": ({"input": vector(3.0), "target": vector(5.0), "delta": 0.5}, 0.5 * (2 - 0.25)),
    "kl_div": (
        {"input": vector(log(0.25), log(0.75)), "target": vector(0.5, 0.5)},
        0.5 * (log(0.5) - log(0.25)) + 0.5 * (log(0.5) - log(0.75)),
    ),
    "poisson_nll": ({"input": vector(0.3), "target": vector(4.0)}, math.exp(0.3) - 1.2),
    "gaussian_nll": (
        {"input": vector(3.0), "target": vector(5.0), "var": vector(0.5)},
        (log(0.5) + 4 / 0.5) / 2,
    ),
    "margin_ranking": (
        {"input1": vector(0.2), "input2": vector(0.5), "target": vector(1.0), "margin": 1.0},
        1 + 0.3,
    ),
    "hinge_embedding": ({"input": vector(0.3), "target": vector(-1.0)}, 0.7),
    "cosine_embedding": (
        {"input1": vector(*U), "input2": vector(*V), "target": torch.tensor([1.0])},
        1 - 2 / 6,
    ),
    "triplet_margin": (
        {"anchor": vector(0.0, 0.0), "positive": vector(3.0, 4.0), "negative": vector(0.0, 1.0)},
        5 - 1 + 1,
    ),
    "triplet_margin_with_distance": (
        {"anchor": vector(0.0, 0.0), "positive": vector(3.0, 4.0), "negative": vector(0.0, 1.0)},
        5 - 1 + 1,
    ),
}


def implementation(loss: Loss) -> Callable[..., object]:
    module, _, name = loss.callable.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_every_loss_has_an_example() -> None:
    assert set(LOSSES) - set(EXAMPLES) == {"ctc", "adaptive_log_softmax"}  # below


@pytest.mark.parametrize("name", EXAMPLES)
def test_formula(name: str) -> None:
    arguments, expected = EXAMPLES[name]
    value = implementation(LOSSES[name])(**arguments, reduction="none")
    # Each distribution is one sample; some losses add an epsilon of 1e-6 or 1e-8.
    assert float(value.sum()) == pytest.approx(expected, abs=1e-5)  # type: ignore[attr-defined]


def test_ctc_sums_over_alignments() -> None:
    """Three steps, the text is one letter: all paths of blanks and letters that collapse to it."""
    p = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1]], dtype=torch.float64)

    def collapse(path: tuple[int, ...]) -> list[int]:
        return [letter for letter, _ in itertools.groupby(path) if letter]

    paths = [path for path in itertools.product(range(3), repeat=3) if collapse(path) == [1]]
    expected = -log(sum(math.prod(float(p[t, a]) for t, a in enumerate(path)) for path in paths))
    value = implementation(LOSSES["ctc"])(
        p.log()[:, None], torch.tensor([[1]]), torch.tensor([3]), torch.tensor([1]), reduction="none"
    )
    assert float(value) == pytest.approx(expected)  # type: ignore[arg-type]


def test_adaptive_softmax_is_a_distribution() -> None:
    """exp(-loss) over all targets sums to one."""
    torch.manual_seed(0)
    layer = implementation(LOSSES["adaptive_log_softmax"])(4, 6, [2, 4], div_value=1.0)
    hidden = torch.randn(1, 4)
    losses = [layer(hidden, torch.tensor([k])).loss.item() for k in range(6)]  # type: ignore[operator]
    assert sum(math.exp(-value) for value in losses) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("loss", catalogue.LOSSES.values(), ids=lambda loss: loss.name)
def test_names_are_known(loss: Loss) -> None:
    assert set(loss.heads) <= set(OPS)
    assert loss.heads
    assert loss.tasks
    framework = catalogue.framework_of(loss.callable)
    assert framework is not None
    found = catalogue.find(framework[0], loss.callable)
    assert found is not None
    assert found[0] is loss
    everywhere = [
        spelling
        for framework in ("torch", "keras", "tensorflow", "jax")
        for kind in (Kind.FUNCTION, Kind.GRAPH)
        for spelling, entry in catalogue.spellings(framework, kind)
        if entry is loss
    ]
    for spelling in everywhere:
        if spelling.kind is Kind.FUNCTION:
            names = {param.canonical for param in spelling.params}
            assert {loss.prediction, *loss.others} | ({loss.target} if loss.target else set()) <= names
        if spelling.kind is Kind.GRAPH:
            assert set(spelling.edges) <= {loss.prediction, loss.target, *loss.others}


def defaults(params: tuple[Param, ...]) -> dict[str, object]:
    return {param.canonical: param.default for param in params}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_module_and_function_agree_on_defaults(loss: Loss) -> None:
    """A module is the function with its options chosen beforehand."""
    functions = [defaults(s.params) for s in loss.spellings if s.kind is Kind.FUNCTION]
    modules = [defaults(s.params) for s in loss.spellings if s.kind is Kind.MODULE]
    for function, module in itertools.product(functions, modules):
        shared = function.keys() & module.keys()
        assert {name: function[name] for name in shared} == {name: module[name] for name in shared}


@pytest.mark.parametrize("name", ["cross_entropy", "bce_with_logits"])
def test_the_loss_on_logits_is_the_other_after_its_head(name: str) -> None:
    other, head = {"cross_entropy": ("nll", "log_softmax"), "bce_with_logits": ("bce", "sigmoid")}[name]
    assert LOSSES[other].heads == (head,)
    z = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    target = torch.tensor([0, 1, 2, 0, 1]) if name == "cross_entropy" else (z > 0).double()
    headed = torch.log_softmax(z, 1) if head == "log_softmax" else torch.sigmoid(z)
    torch.testing.assert_close(implementation(LOSSES[name])(z, target), implementation(LOSSES[other])(headed, target))
