"""Programs of pairings known by name, against the formulas in balls that are written down apart."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb
from tests.geometry.named_program import named_program

from lossaudit.geometry.balls import blocks, value
from lossaudit.geometry.evaluate import balls, floats
from lossaudit.geometry.formula import LOSSES, NotCovered, formula
from lossaudit.pairing import Const, TargetEncoding

ONE_HOT, SIGNED, CLASS, REAL = (
    TargetEncoding.ONE_HOT,
    TargetEncoding.SIGNED,
    TargetEncoding.CLASS_INDEX,
    TargetEncoding.REAL,
)
HEADS = [(), ("sigmoid",), ("softmax",), ("log_softmax",), ("softmax", "log"), ("tanh",), ("logsigmoid",), ("relu",)]
PARAMS: dict[str, list[dict[str, Any]]] = {
    "cross_entropy": [{}, {"label_smoothing": 0.1}, {"weight": (0.5, 2.0, 1.0, 0.25)}],
    "nll": [{}, {"weight": (0.5, 2.0, 1.0, 0.25)}],
    "kl_div": [{}, {"log_target": True}],
    "multi_margin": [{}, {"p": 2}, {"margin": 0.5}],
    "huber": [{}, {"delta": 0.25}],
    "smooth_l1": [{}, {"beta": 0.25}, {"beta": 0.0}],
    "bce": [{}, {"weight": (0.5, 2.0, 1.0, 0.25)}],
    "bce_with_logits": [{}, {"pos_weight": (3.0,)}, {"weight": (0.5, 2.0, 1.0, 0.25)}],
    "hinge_embedding": [{}, {"margin": 0.5}],
    "poisson_nll": [{}, {"log_input": False, "eps": 0.5}],
}


@pytest.mark.parametrize("head", HEADS, ids=" ".join)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_program_is_the_formula(loss: str, head: tuple[str, ...]) -> None:
    encoding = SIGNED if loss in ("soft_margin", "hinge_embedding") else CLASS if loss == "multi_margin" else ONE_HOT
    points = np.random.default_rng(0).normal(0, 2, (4, 3))
    for params in PARAMS.get(loss, [{}]):
        given = {name: Const(v) for name, v in params.items()}
        program = named_program(loss, head, given, 4, encoding)
        assert program.variables == 4
        written = formula(loss, head, given, 4, encoding)
        parts = blocks(written)
        for k in range(3):
            point = [float(x) for x in points[:, k]]
            if parts.counts[-1] == 2:  # two classes share a block, and so their logits
                point[3] = point[2]
            wanted = value(written, parts, [arb(x) for x in point[: len(parts.counts)]])
            got = balls(program, [arb(x) for x in point], 200)[program.output]
            assert wanted.is_finite() == got.is_finite()
            if wanted.is_finite():
                assert abs(float(got.mid()) - float(wanted.mid())) < 1e-9 * (1 + abs(float(wanted.mid())))
            number = floats(program, np.array(point)[:, None])[program.output][0]
            assert not wanted.is_finite() or abs(number - float(wanted.mid())) < 1e-9 * (1 + abs(number))


def test_a_target_may_be_given() -> None:
    by_class = named_program("mse", ("softmax",), {}, 3, ONE_HOT, 2)
    by_entries = named_program("mse", ("softmax",), {}, 3, ONE_HOT, (0.0, 0.0, 1.0))
    assert by_class.instructions == by_entries.instructions
    at = np.array([[0.3], [-1.0], [2.0]])
    p = np.exp(at) / np.exp(at).sum()
    assert floats(by_class, at)[by_class.output] == pytest.approx(((p - [[0], [0], [1]]) ** 2).sum())


def test_what_cannot_be_written_down_says_so() -> None:
    with pytest.raises(NotCovered, match="no rule covers the loss"):
        named_program("ctc", (), {}, 3, ONE_HOT)
    with pytest.raises(NotCovered, match="entries"):
        named_program("mse", (), {}, 3, REAL, (1.0, 2.0))
    with pytest.raises(NotCovered, match="class 3"):
        named_program("mse", (), {}, 3, REAL, 3)


def test_semantics() -> None:
    ideal = named_program("bce", ("sigmoid",), {}, 1, TargetEncoding.BINARY)
    coded = named_program("bce", ("sigmoid",), {}, 1, TargetEncoding.BINARY, semantics="as coded")
    at = np.array([[-300.0]])
    assert floats(ideal, at)[ideal.output] == pytest.approx(300)
    assert floats(coded, at)[coded.output] == 100


def test_label_smoothing_is_exact() -> None:
    program = named_program("cross_entropy", (), {"label_smoothing": Const(0.1)}, 2, CLASS)
    constants = program.instructions[program.output].constants
    share = Fraction(0.1) / 2
    assert {Fraction(int(c.p), int(c.q)) for c in constants} == {1, share - 1, -share, 0}


@pytest.mark.parametrize("loss", ["hinge_embedding", "mse", "bce", "multi_margin", "poisson_nll"])
def test_the_two_engines_never_contradict_each_other(loss: str) -> None:
    """A pairing by name is decided by formula for all targets, and by its program for one."""
    from lossaudit.geometry.convexity import convexity
    from lossaudit.geometry.decide import decide

    for head in ((), ("exp",), ("log_softmax",), ("relu",), ("sigmoid",), ("softmax",), ("softplus",), ("tanh",)):
        for encoding in (CLASS, ONE_HOT, TargetEncoding.BINARY, TargetEncoding.SIGNED):
            by_name = convexity(loss, head, {}, 3, encoding).status
            try:
                by_program = decide(named_program(loss, head, {}, 3, encoding)).status
            except NotCovered:
                continue
            assert {by_name, by_program} != {"proved", "refuted"}, (head, encoding)


def test_labels_that_hinge_embedding_is_not_made_for() -> None:
    """For a label that is neither 1 nor -1 torch adds up both cases: x + max(0, 1 - x) = max(x, 1), which is convex."""
    from lossaudit.geometry.convexity import convexity

    assert convexity("hinge_embedding", ("exp",), {}, 3, ONE_HOT).status != "refuted"
