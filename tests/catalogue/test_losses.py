"""Losses: what their names and spellings say of each other."""

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

LOSSES = {name: loss for name, loss in catalogue.LOSSES.items() if loss.callable.startswith("torch.")}


def implementation(loss: Loss) -> Callable[..., object]:
    module, _, name = loss.callable.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_ctc_sums_over_alignments() -> None:
    """Three steps, the text is one letter: all paths of blanks and letters that collapse to it."""
    p = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1]], dtype=torch.float64)

    def collapse(path: tuple[int, ...]) -> list[int]:
        return [letter for letter, _ in itertools.groupby(path) if letter]

    paths = [path for path in itertools.product(range(3), repeat=3) if collapse(path) == [1]]
    expected = -math.log(sum(math.prod(float(p[t, a]) for t, a in enumerate(path)) for path in paths))
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
    everywhere = [
        spelling
        for framework in ("torch", "keras", "tensorflow", "jax")
        for kind in (Kind.FUNCTION, Kind.GRAPH)
        for spelling, entry in catalogue.spellings(framework, kind)
        if entry is loss
    ]
    if everywhere and loss.definition is None:  # what has no spelling of its own may be another loss behind a head
        known = catalogue.find("torch", loss.callable)
        assert known is not None
        assert known[0] is loss
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
