"""A watch fed by hand with samples of which everything is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from lossaudit.pairing import (
    AxisRole,
    Basis,
    Const,
    Dim,
    Flow,
    LossUse,
    Pairing,
    Source,
    Step,
    Target,
    TargetEncoding,
    Unknown,
)
from lossaudit.run.encodings import encodings_of
from lossaudit.run.sight import Sight
from lossaudit.run.watch import Watch

K = 4
E = TargetEncoding


def _watch(loss="mse", head=("softmax",), target=Source.LABELS, params=None, exact=True):
    dims = (Dim(8, AxisRole.BATCH), Dim(K, AxisRole.CLASS))
    steps = tuple(Step(op, axis=1, axis_role=AxisRole.CLASS) for op in head)
    side = Target(Flow(target), frozenset({E.ONE_HOT, E.DISTRIBUTION, E.CLASS_INDEX}), Basis.DECLARED)
    return Watch(
        Pairing(Flow(Source.AFFINE, steps, dims, "float32"), LossUse(loss, params or {}), side),
        head,
        exact_head=exact,
        affine_before=True,
    )


def _rows(kinds: str):
    """Logits and classes: `r` right, `w` wrong and close, `s` wrong by a gap of 20, where softmax is flat."""
    row = {"r": (5.0, 0.0), "w": (0.0, 1.0), "s": (0.0, 20.0)}
    logits = torch.zeros(len(kinds), K)
    logits[:, :2] = torch.tensor([row[kind] for kind in kinds])
    return logits, torch.zeros(len(kinds), dtype=torch.long)


def _sight(kinds, step=1, head="softmax", one_hot=True, loss=0.5):
    logits, index = _rows(kinds)
    prediction = logits.softmax(1) if head == "softmax" else logits
    target = F.one_hot(index, K).float() if one_hot else index
    return Sight(step, torch.tensor(loss), logits if head else prediction, prediction, target)


@pytest.mark.parametrize("one_hot", [True, False])
def test_stuck_wrong_and_confident_shares_are_those_of_the_samples(one_hot):
    loss = "mse" if one_hot else "nll"
    watch = _watch(loss)
    watch.see(_sight("rrrrwwss", one_hot=one_hot))
    seen = watch.observed()
    assert (seen.backwards, seen.samples) == (1, 8)
    assert (seen.wrong, seen.confidently_wrong) == (4 / 8, 2 / 8)
    assert seen.stuck == 2 / 8  # -p_y on softmax is as flat there as the squared error is
    assert seen.accuracy == 4 / 8


def test_cross_entropy_on_the_same_samples_has_none_stuck():
    watch = _watch("cross_entropy", ())
    logits, index = _rows("rrrrwwss")
    watch.see(Sight(1, torch.tensor(1.0), logits, logits, index))
    assert watch.observed().stuck == 0.0
    assert watch.observed().wrong == 4 / 8


def test_the_worst_share_and_the_last_one_are_both_kept():
    watch = _watch()
    for step in range(1, 18):  # one alone, then a block of sixteen
        watch.see(_sight("ssssssss" if step == 1 else "rrrrrrrs", step))
    watch.flush()
    seen = watch.observed()
    assert seen.stuck == 1.0
    assert seen.stuck_last == pytest.approx(1 / 8)
    series = watch.series()
    assert series.step == tuple(range(1, 18))
    assert {len(getattr(series, name)) for name in ("loss", "accuracy", "stuck", "median", "low", "gradient")} == {17}
    assert series.stuck[0] == 1.0
    assert series.stuck[5] == pytest.approx(1 / 8)
    assert series.accuracy[5] == pytest.approx(7 / 8)


def test_batches_of_different_sizes_are_measured_each_by_its_own_size():
    watch = _watch()
    for step, kinds in enumerate(["rrrr", "rrrrrrrr", "rs", "rrrw"], 1):
        watch.see(_sight(kinds, step))
    watch.flush()
    by_step = dict(zip(watch.series().step, watch.series().accuracy, strict=True))
    assert by_step == {1: 1.0, 2: 1.0, 3: 0.5, 4: 0.75}
    assert watch.observed().samples == 18


def test_an_empty_batch_is_no_trouble():
    watch = _watch()
    empty = torch.zeros(0, K)
    for _ in range(2):
        watch.see(Sight(1, torch.tensor(math.nan), empty, empty, empty))
        watch.see(Sight(1, None))
        watch.flush()
    seen = watch.observed()
    assert seen.samples == 0
    assert seen.stuck is None
    assert seen.nonfinite == 2


def test_losses_that_are_not_finite_are_counted():
    watch = _watch()
    for step, value in enumerate([1.0, math.nan, math.inf, -math.inf, 2.0], 1):
        watch.see(_sight("rw", step, loss=value))
    watch.flush()
    assert watch.observed().nonfinite == 3


def test_rows_that_do_not_belong_to_these_logits_are_refused():
    watch = _watch()
    logits, index = _rows("rrrrwwss")
    permuted = logits.softmax(1).flip(0)
    watch.see(Sight(1, torch.tensor(0.5), logits, permuted, F.one_hot(index, K).float()))
    seen = watch.observed()
    assert seen.wrong is None
    assert seen.stuck is None


def test_rows_in_another_precision_are_still_their_own():
    watch = _watch()
    logits, index = _rows("rrrrwwss")
    watch.see(Sight(1, torch.tensor(0.5), logits, logits.softmax(1).bfloat16(), F.one_hot(index, K).float()))
    assert watch.observed().stuck == 2 / 8


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"target": Source.NETWORK}, "a teacher is no label"),
        ({"params": {"sample_weight": Unknown("w")}}, "rows may have been weighted away"),
        ({"exact": False}, "the head is not known"),
    ],
)
def test_what_is_not_known_is_not_measured(change, why):
    watch = _watch(**change)
    watch.see(_sight("rrrrwwss"))
    assert watch.observed().stuck is None, why
    assert watch.observed().wrong is None


def test_ignored_rows_do_not_count():
    watch = _watch("cross_entropy", (), params={"ignore_index": Const(-100)})
    logits, index = _rows("rrww")
    index[2:] = torch.tensor([-100, -100])
    watch.see(Sight(1, torch.tensor(1.0), logits, logits, index))
    assert watch.observed().wrong == 0.0
    assert watch.observed().accuracy == 1.0


def test_class_weights_become_constants_once_seen():
    watch = _watch("cross_entropy", (), params={"weight": Unknown("a tensor of the program")})
    logits, index = _rows("rw")
    watch.see(Sight(1, torch.tensor(1.0), logits, logits, index, torch.tensor([1.0, 2.0, 3.0, 4.0])))
    assert watch.pairing(watch.observed()).loss.params["weight"] == Const((1.0, 2.0, 3.0, 4.0))
    assert watch.observed().wrong == 0.5


def test_binary_targets_are_measured_one_by_one():
    side = Target(Flow(Source.LABELS), frozenset({E.BINARY}), Basis.DECLARED)
    pairing = Pairing(Flow(Source.AFFINE, (Step("sigmoid"),), (Dim(4), Dim(1))), LossUse("mse"), side)
    watch = Watch(pairing, ("sigmoid",), exact_head=True, affine_before=True)
    logits = torch.tensor([[5.0], [-5.0], [30.0], [-30.0]])
    watch.see(Sight(1, torch.tensor(0.5), logits, logits.sigmoid(), torch.tensor([[1.0], [0.0], [0.0], [1.0]])))
    seen = watch.observed()
    assert (seen.wrong, seen.confidently_wrong, seen.stuck) == (0.5, 0.5, 0.5)


def test_gradients_of_a_regression_are_plain_norms():
    side = Target(Flow(Source.LABELS), frozenset({E.REAL}), Basis.DECLARED)
    pairing = Pairing(Flow(Source.AFFINE, (), (Dim(3), Dim(1))), LossUse("mse"), side)
    watch = Watch(pairing, (), exact_head=True, affine_before=True)
    z, y = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[0.5], [2.5], [0.0]])
    watch.see(Sight(1, torch.tensor(0.5), z, z, y))
    assert watch.series().gradient == pytest.approx((2 * (0.5 + 0.5 + 4.0) / 3,))  # d/dz (z - y)^2 = 2 (z - y)
    assert math.isnan(watch.series().accuracy[0])


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (torch.eye(3), {E.REAL, E.COUNT, E.BINARY, E.ONE_HOT, E.DISTRIBUTION}),
        (torch.full((2, 4), 0.25), {E.REAL, E.DISTRIBUTION}),
        (torch.tensor([[1.0, 1.0, 0.0]]), {E.REAL, E.COUNT, E.BINARY}),
        (torch.tensor([0, 3, 2]), {E.REAL, E.COUNT, E.CLASS_INDEX}),
        (torch.tensor([0, 1, 1]), {E.REAL, E.COUNT, E.BINARY, E.CLASS_INDEX}),
        (torch.tensor([-1.0, 1.0]), {E.REAL, E.SIGNED}),
        (torch.tensor([1.0, 1.0]), {E.REAL, E.SIGNED, E.COUNT, E.BINARY}),
        (torch.tensor([0.5, 2.0]), {E.REAL}),
        (torch.tensor([1.0, math.nan]), {E.REAL}),
        (torch.tensor([-2, 5]), {E.REAL, E.CLASS_INDEX}),
        (torch.tensor([[0.5, 0.5], [0.9, 0.2]]), {E.REAL}),
    ],
)
def test_encodings_are_those_that_every_row_satisfies(rows, wanted):
    assert encodings_of(rows) == wanted


def test_an_encoding_holds_only_if_it_held_all_the_time():
    watch = _watch()
    watch.see(_sight("rrrr"))
    logits, _ = _rows("rr")
    watch.see(Sight(2, torch.tensor(0.5), logits, logits.softmax(1), torch.full((2, K), 0.25)))
    watch.flush()
    assert watch.observed().encodings == {E.REAL, E.DISTRIBUTION}
    assert watch.observed().target_sums == (1.0, 1.0)
    target = watch.pairing(watch.observed()).target
    assert target is not None
    assert target.encodings == {E.DISTRIBUTION}
    assert target.basis is Basis.OBSERVED
