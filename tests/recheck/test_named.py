"""The checker accepts what holds, and nothing else: each certificate is broken in many ways."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.geometry.convexity import convexity
from lossaudit.pairing import Const, TargetEncoding
from lossaudit.recheck import as_json, from_json, recheck

INDEX, ONE_HOT = TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT
SIGNED, BINARY = TargetEncoding.SIGNED, TargetEncoding.BINARY

BRIER = as_json(convexity("mse", ("softmax",), {}, 3, ONE_HOT))
CROSS_ENTROPY = as_json(convexity("cross_entropy", (), {"label_smoothing": Const(0.1)}, 3, INDEX))
BY_WITNESS = as_json(convexity("cross_entropy", (), {}, 3, SIGNED))
ALL = [BRIER, CROSS_ENTROPY, BY_WITNESS]


@pytest.mark.parametrize("data", ALL, ids=["bounded", "composition", "witness"])
def test_a_verdict_survives_json_and_is_replayed(data):
    again = json.loads(json.dumps(data))
    assert recheck(again)
    assert recheck(again["certificate"])
    assert as_json(from_json(again)) == data


def _changed(data, path, value):
    data = copy.deepcopy(data)
    *way, last = path
    node = data
    for key in way:
        node = node[key]
    node[last] = value
    return data


PAIRING = ("certificate", "data", "pairing")


@pytest.mark.parametrize(
    ("data", "path", "value"),
    [
        # A proof of something that is not convex.
        (CROSS_ENTROPY, (*PAIRING, "head"), ["softmax"]),
        (CROSS_ENTROPY, (*PAIRING, "head"), ["sigmoid", "log"]),
        (CROSS_ENTROPY, (*PAIRING, "loss"), "mse"),
        (CROSS_ENTROPY, (*PAIRING, "params"), {"weight": [1.0, -1.0, 1.0]}),
        (CROSS_ENTROPY, (*PAIRING, "params"), {"weight": [1.0, 1.0]}),
        (CROSS_ENTROPY, (*PAIRING, "params"), {"label_smoothing": -0.1}),
        (CROSS_ENTROPY, (*PAIRING, "params"), {"gamma": 2.0}),
        (CROSS_ENTROPY, (*PAIRING, "encoding"), "real"),
        (CROSS_ENTROPY, (*PAIRING, "encoding"), "{-1,+1}"),
        (CROSS_ENTROPY, (*PAIRING, "encoding"), "ranking"),
        (CROSS_ENTROPY, ("certificate", "data", "atom"), "convex of affine"),
        (CROSS_ENTROPY, ("certificate", "data", "atom"), "no such atom"),
        (CROSS_ENTROPY, ("certificate", "rule"), "bounded"),
        (CROSS_ENTROPY, ("certificate", "rule"), "trust me"),
        (CROSS_ENTROPY, ("status",), "refuted"),
        (CROSS_ENTROPY, ("property",), "strongly convex"),
        # A refutation by boundedness.
        (BRIER, ("status",), "proved"),
        (BRIER, ("status",), "undecided"),
        (BRIER, (*PAIRING, "head"), []),
        (BRIER, (*PAIRING, "head"), ["relu"]),
        (BRIER, (*PAIRING, "head"), ["log", "softmax"]),
        (BRIER, (*PAIRING, "head"), ["log_softmax", "softmax", "log"]),
        (BRIER, (*PAIRING, "loss"), "bce"),
        (BRIER, (*PAIRING, "classes"), 4),
        (BRIER, ("certificate", "data", "range"), [0, 0]),
        (BRIER, ("certificate", "data", "points"), [[0.0] * 3, [0.0] * 3]),
        (BRIER, ("certificate", "data", "points"), [[0.0] * 3, [8.0] * 3]),  # softmax ignores a common shift
        (BRIER, ("certificate", "data", "target"), [1, 1, 0]),
        (BRIER, ("certificate", "data", "target"), [0.5, 0.5, 0.0]),
        (BRIER, ("certificate", "data", "counts"), [1, 1, 2]),
        (BRIER, PAIRING, {**BRIER["certificate"]["data"]["pairing"], "loss": "multi_margin", "params": {"p": 3}}),
        (BRIER, PAIRING, {**BRIER["certificate"]["data"]["pairing"], "loss": "huber", "params": {"delta": -1}}),
        # A witness.
        (BRIER, ("witness", "gap"), 10.0),
        (BRIER, ("witness", "gap"), 0.0),
        (BRIER, ("witness", "midpoint"), [0.0, 0.0, 1.0]),
        (BRIER, ("witness", "a"), BRIER["witness"]["b"]),
        (BRIER, ("witness", "target"), [0.0, 1.0]),
        (BY_WITNESS, (*PAIRING, "encoding"), "one-hot"),
        (BY_WITNESS, ("certificate", "data", "b"), BY_WITNESS["certificate"]["data"]["a"]),
        (BY_WITNESS, ("certificate", "data", "target"), [1.0, 1.0, 1.0]),
        (BY_WITNESS, ("certificate", "data", "a"), [0.0]),
        # Not a verdict at all.
        (BRIER, ("certificate",), None),
        (BRIER, ("certificate",), "yes"),
        (BRIER, (*PAIRING, "params"), {"weight": ["heavy"]}),
        (BRIER, (*PAIRING, "params"), {"weight": [float("nan")]}),
    ],
)
def test_a_broken_certificate_is_not_accepted(data, path, value):
    assert recheck(data)
    assert not recheck(_changed(data, path, value))


def test_negative_weights_need_a_sum():
    params = {"weight": Const((-1.0, -1.0)), "reduction": Const("sum")}
    data = as_json(convexity("cross_entropy", (), params, 2, INDEX))
    assert recheck(data)
    assert not recheck(_changed(data, (*PAIRING, "params", "reduction"), "mean"))


def test_an_undecided_verdict_has_no_evidence():
    assert not recheck(as_json(convexity("ctc", (), {}, 3, INDEX)))
    assert not recheck({})


def test_large_numbers_of_classes_are_replayed():
    for loss, head in (("mse", ("softmax",)), ("cross_entropy", ("softmax",)), ("cross_entropy", ())):
        assert recheck(as_json(convexity(loss, head, {}, 1000, INDEX)))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["cross_entropy", "nll", "mse", "mae", "huber", "bce", "bce_with_logits", "soft_margin", "kl_div"]),
    st.lists(
        st.sampled_from(["identity", "softmax", "log_softmax", "sigmoid", "log", "exp", "tanh", "relu"]), max_size=4
    ),
    st.integers(1, 4),
    st.sampled_from(list(TargetEncoding)),
)
def test_every_verdict_replays_and_every_undecided_does_not(loss, head, classes, encoding):
    verdict = convexity(loss, tuple(head), {}, classes, encoding)
    assert recheck(as_json(verdict)) == (verdict.status.value != "undecided")


def test_it_shares_no_code_with_the_prover_and_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['numpy'] = None\n"
        "import lossaudit.recheck; print([m for m in sys.modules if m.startswith('lossaudit.geometry')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
