"""One loss in many spellings: each is the same mathematical function, so each has to get the same name.

`SPELLINGS` says for each spelling what it is by definition. `UNNAMED` holds functions that are near a named loss and
are none: a name there would be a false statement.
"""

from __future__ import annotations

import functools
import math
import operator
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lossaudit.pairing import AxisRole, Const, Source, TargetEncoding, Unknown

N, K = 6, 4
INDEX = {TargetEncoding.CLASS_INDEX}
ROWS = {TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}
torch.manual_seed(0)
MODEL, TEACHER, UNIT, SQUARE = nn.Linear(5, K), nn.Linear(5, K), nn.Linear(5, 1), nn.Linear(5, N)
NETWORK = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, K))
CONV = nn.Conv2d(3, K, 1)
X, IMAGES = torch.randn(N, 5), torch.randn(2, 3, 4, 4)
Y = torch.tensor([0, 1, 2, 3, 0, 1])
PIXELS = torch.randint(K, (2, 4, 4))
ONE_HOT = torch.eye(K)[Y]
BITS = torch.tensor([0.0, 1, 1, 0, 1, 0])
SIGNS = 2 * BITS - 1
ROW = torch.arange(N)
KEPT = torch.tensor([True, False, True, True, True, False])
WEIGHTS = torch.rand(N)


@dataclass(frozen=True)
class Is:
    """What a spelling means; fields that are None are not looked at."""

    loss: str
    head: tuple[str, ...] = ()
    source: Source = Source.AFFINE
    classes: int | None = None
    target: Source = Source.LABELS
    encodings: set[TargetEncoding] | None = None
    reduction: str | None = None
    coefficient: float | None = 1.0
    weighted: bool = False
    params: dict[str, object] = field(default_factory=dict)


def _p():
    return MODEL(X).softmax(1)


def _bits(p):
    return -(BITS * torch.log(p) + (1 - BITS) * torch.log(1 - p)).mean()


def _lse_minus_picked(reduced):
    z = MODEL(X)
    return reduced(z.logsumexp(1) - z[ROW, Y])


def _by_exp(shift=None):
    z = MODEL(X)
    if shift is not None:
        z = z - shift(z)
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)


def _log_softmax_by_hand():
    z = MODEL(X)
    return z - z.logsumexp(1, keepdim=True)


def _without_gradient(build, mode=torch.no_grad):
    with mode():
        return build()


CE = Is("cross_entropy", classes=K, encodings=INDEX)
NLL = Is("nll", ("log_softmax",), classes=K, encodings=INDEX)
NLL_LOG = Is("nll", ("softmax", "log"), classes=K, encodings=INDEX)
NLL_ROWS = Is("nll", ("softmax", "log"), classes=K, encodings=ROWS)
MSE = Is("mse", ("softmax",), classes=K)
MAE = Is("mae", ("softmax",), classes=K)
BCE = Is("bce", ("sigmoid",))


def but(this: Is, **changes) -> Is:
    return Is(**{**{name: getattr(this, name) for name in Is.__dataclass_fields__}, **changes})


SPELLINGS = {
    "F.cross_entropy": (lambda: F.cross_entropy(MODEL(X), Y), but(CE, reduction="mean")),
    "F.cross_entropy sum": (lambda: F.cross_entropy(MODEL(X), Y, reduction="sum"), but(CE, reduction="sum")),
    "by keyword": (lambda: F.cross_entropy(target=Y, input=MODEL(X)), CE),
    "CrossEntropyLoss, smoothing": (
        lambda: nn.CrossEntropyLoss(label_smoothing=0.1)(MODEL(X), Y),
        but(CE, params={"label_smoothing": 0.1}),
    ),
    "CrossEntropyLoss, ignore": (
        lambda: nn.CrossEntropyLoss(ignore_index=3)(MODEL(X), Y),
        but(CE, params={"ignore_index": 3}),
    ),
    "class weights": (lambda: F.cross_entropy(MODEL(X), Y, weight=torch.ones(K)), CE),
    "soft targets": (lambda: F.cross_entropy(MODEL(X), ONE_HOT), but(CE, encodings=ROWS)),
    "spatial": (lambda: F.cross_entropy(CONV(IMAGES), PIXELS), CE),
    "spatial, flattened": (
        lambda: F.cross_entropy(CONV(IMAGES).permute(0, 2, 3, 1).reshape(-1, K), PIXELS.reshape(-1)),
        CE,
    ),
    "spatial, softmax before it is flattened": (
        lambda: F.cross_entropy(CONV(IMAGES).softmax(1).permute(0, 2, 3, 1).reshape(-1, K), PIXELS.reshape(-1)),
        but(CE, head=("softmax",)),
    ),
    "unbatched": (lambda: F.cross_entropy(MODEL(X[0]), Y[0]), CE),
    "temperature": (lambda: F.cross_entropy(MODEL(X) / 3, Y), but(CE, head=("div",))),
    "nll_loss of log_softmax": (lambda: F.nll_loss(F.log_softmax(MODEL(X), 1), Y), NLL),
    "nll_loss of LogSoftmax, last axis": (lambda: nn.NLLLoss()(nn.LogSoftmax(-1)(MODEL(X)), Y), NLL),
    "nll_loss of log of softmax": (lambda: F.nll_loss(torch.log(_p()), Y), NLL_LOG),
    "nll_loss of z - logsumexp": (lambda: F.nll_loss(_log_softmax_by_hand(), Y), NLL),
    "-(y log p).sum(1).mean()": (lambda: -(ONE_HOT * torch.log(_p())).sum(1).mean(), NLL_ROWS),
    "mean(-1 * sum(log p * y))": (lambda: torch.mean(-1 * torch.sum(torch.log(_p()) * ONE_HOT, dim=1)), NLL_ROWS),
    "-(y log(p + eps)).sum() / n": (
        lambda: -(ONE_HOT * torch.log(_p() + 1e-8)).sum() / N,
        but(NLL_ROWS, head=("softmax", "add", "log"), coefficient=1 / N, reduction="sum"),
    ),
    "-(y * log_softmax).sum(-1).mean()": (
        lambda: -(ONE_HOT * MODEL(X).log_softmax(-1)).sum(-1).mean(),
        but(NLL_ROWS, head=("log_softmax",)),
    ),
    "-log(p)[range(n), y]": (lambda: -torch.log(_p())[range(N), Y].mean(), NLL_LOG),
    "-log_softmax[arange(n), y]": (lambda: -MODEL(X).log_softmax(1)[ROW, Y].mean(), but(NLL, reduction="mean")),
    "-log(p[arange(n), y])": (lambda: -torch.log(_p()[ROW, Y]).mean(), NLL_LOG),
    "-log_softmax.gather": (lambda: -MODEL(X).log_softmax(1).gather(1, Y[:, None]).mean(), NLL),
    "-log(p.gather)": (lambda: -_p().gather(1, Y[:, None]).squeeze(1).log().mean(), NLL_LOG),
    "classes first": (
        lambda: -MODEL(X).T.log_softmax(0).gather(0, Y[None]).mean(),
        but(NLL, head=("log_softmax",)),
    ),
    "picked log-softmax over the batch": (  # a mistake, and still a likelihood of the fourth of four classes
        lambda: -MODEL(X).log_softmax(0)[ROW, Y].mean(),
        NLL,
    ),
    "logsumexp(z) - z[y], mean": (lambda: _lse_minus_picked(torch.mean), but(CE, reduction="mean")),
    "logsumexp(z) - z[y], sum": (lambda: _lse_minus_picked(torch.sum), but(CE, reduction="sum")),
    "-(z[y] - logsumexp(z))": (lambda: -_lse_minus_picked(lambda loss: -loss.mean()), CE),
    "bce": (lambda: F.binary_cross_entropy(torch.sigmoid(UNIT(X)[:, 0]), BITS), BCE),
    "bce by hand": (lambda: _bits(torch.sigmoid(UNIT(X)).squeeze(1)), but(BCE, reduction="mean")),
    "bce with logits": (
        lambda: F.binary_cross_entropy_with_logits(UNIT(X)[:, 0], BITS),
        Is("bce_with_logits"),
    ),
    "((p - y)**2).mean()": (lambda: ((_p() - ONE_HOT) ** 2).mean(), but(MSE, reduction="mean")),
    "((y - p)**2).sum() / n": (lambda: ((ONE_HOT - _p()) ** 2).sum() / N, but(MSE, coefficient=1 / N, reduction="sum")),
    "(p - y).pow(2).sum(1).mean()": (lambda: (_p() - ONE_HOT).pow(2).sum(1).mean(), MSE),
    "torch.square": (lambda: torch.square(_p() - ONE_HOT).mean(), MSE),
    "torch.sub, torch.pow": (lambda: torch.pow(torch.sub(_p(), ONE_HOT), 2.0).mean(), MSE),
    "d * d": (lambda: (lambda d: (d * d).mean())(_p() - ONE_HOT), MSE),
    "(p - y).abs()": (lambda: (_p() - ONE_HOT).abs().mean(), MAE),
    "torch.abs(y - p)": (lambda: torch.abs(ONE_HOT - _p()).sum() / N, but(MAE, coefficient=1 / N)),
    "mse_loss": (lambda: F.mse_loss(_p(), ONE_HOT), but(MSE, reduction="mean")),
    "mse_loss, swapped": (lambda: F.mse_loss(ONE_HOT, _p()), but(MSE, reduction="mean")),
    "l1_loss, swapped": (lambda: nn.L1Loss()(ONE_HOT, _p()), MAE),
    "exp(z) / sum exp(z)": (lambda: F.mse_loss(_by_exp(), ONE_HOT), MSE),
    "exp(z - row maximum)": (lambda: F.mse_loss(_by_exp(lambda z: z.max(1, keepdim=True)[0]), ONE_HOT), MSE),
    "exp(z - amax)": (lambda: F.mse_loss(_by_exp(lambda z: z.amax(1, keepdim=True)), ONE_HOT), MSE),
    "exp(z - detached row maximum)": (
        lambda: F.mse_loss(_by_exp(lambda z: z.max(1, keepdim=True).values.detach()), ONE_HOT),
        MSE,
    ),
    "exp(z - global maximum)": (lambda: F.mse_loss(_by_exp(lambda z: z.max()), ONE_HOT), MSE),
    "Categorical": (
        lambda: -torch.distributions.Categorical(logits=MODEL(X)).log_prob(Y).mean(),
        but(NLL, target=None),
    ),
    "Bernoulli": (
        lambda: -torch.distributions.Bernoulli(logits=UNIT(X)[:, 0]).log_prob(BITS).mean(),
        Is("bce_with_logits"),
    ),
    "accumulated over 4 steps": (lambda: F.cross_entropy(MODEL(X), Y) / 4, but(CE, coefficient=0.25)),
    "GradScaler": (
        lambda: torch.amp.GradScaler("cpu", init_scale=8.0).scale(F.cross_entropy(MODEL(X), Y)),
        but(CE, coefficient=None),
    ),
    "sample weights": (
        lambda: (F.cross_entropy(MODEL(X), Y, reduction="none") * WEIGHTS).mean(),
        but(CE, weighted=True, reduction="mean"),
    ),
    "weighted mean": (
        lambda: (WEIGHTS * F.cross_entropy(MODEL(X), Y, reduction="none")).sum() / WEIGHTS.sum(),
        but(CE, weighted=True, coefficient=None, reduction="sum"),
    ),
    "mask": (lambda: F.cross_entropy(MODEL(X), Y, reduction="none")[KEPT].mean(), but(CE, weighted=True)),
    # where the target comes from
    "target: one_hot": (
        lambda: F.mse_loss(_p(), F.one_hot(Y, K).float()),
        but(MSE, encodings={TargetEncoding.ONE_HOT}),
    ),
    "target: smoothed by hand": (lambda: F.cross_entropy(MODEL(X), ONE_HOT * 0.9 + 0.1 / K), but(CE, encodings=ROWS)),
    "target: mixed up": (
        lambda: F.cross_entropy(MODEL(X), 0.3 * ONE_HOT + 0.7 * ONE_HOT.flip(0)),
        but(CE, encodings=ROWS),
    ),
    "target: scattered": (lambda: F.mse_loss(_p(), torch.zeros(N, K).scatter_(1, Y[:, None], 1.0)), MSE),
    "target: detached teacher": (
        lambda: F.mse_loss(_p(), TEACHER(X).softmax(1).detach()),
        but(MSE, target=Source.NETWORK),
    ),
    "target: teacher without gradient": (
        lambda: F.mse_loss(_p(), _without_gradient(lambda: TEACHER(X)).softmax(1)),
        but(MSE, target=Source.NETWORK),
    ),
    "target: teacher in inference mode": (
        lambda: F.mse_loss(_p(), _without_gradient(lambda: TEACHER(X).softmax(1), torch.inference_mode).clone()),
        but(MSE, target=Source.NETWORK),
    ),
    "target: teacher, changed in place": (
        lambda: F.mse_loss(_p(), _without_gradient(lambda: TEACHER(X).softmax(1)).mul_(2).clamp_(0, 1)),
        but(MSE, target=Source.NETWORK),
    ),
    "target: teacher, copied into a buffer": (
        lambda: F.mse_loss(_p(), torch.empty(N, K).copy_(_without_gradient(lambda: TEACHER(X).softmax(1)))),
        but(MSE, target=Source.NETWORK),
    ),
    "target: pseudo-labels": (
        lambda: F.cross_entropy(MODEL(X), _without_gradient(lambda: TEACHER(X)).argmax(1)),
        but(CE, target=Source.NETWORK),
    ),
    "target: thresholded teacher": (
        lambda: F.mse_loss(_p(), (_without_gradient(lambda: TEACHER(X)) > 0.5).float()),
        but(MSE, target=Source.NETWORK),
    ),
    "target: labels where a teacher is sure": (
        lambda: F.mse_loss(
            _p()[_without_gradient(lambda: TEACHER(X)[:, 0] > -9)],
            ONE_HOT[_without_gradient(lambda: TEACHER(X)[:, 0] > -9)],
        ),
        MSE,
    ),
    "target: one-hot of pseudo-labels": (
        lambda: F.mse_loss(_p(), torch.eye(K)[_without_gradient(lambda: TEACHER(X)).argmax(1)]),
        but(MSE, target=Source.NETWORK),
    ),
    "view_as": (lambda: ((_p().view_as(ONE_HOT) - ONE_HOT.type_as(X)) ** 2).mean(), MSE),
    "target: labels at masked rows": (
        lambda: F.cross_entropy(MODEL(X)[KEPT], Y[KEPT]),
        CE,
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_is_the_loss_it_means(read_recorded, spelling):
    build, wanted = SPELLINGS[spelling]
    (term,) = read_recorded(build).terms
    assert not term.unresolved
    (pairing,) = term.alternatives
    heads = tuple(step.op for step in pairing.prediction.steps if step.op in _CHANGES)
    assert (pairing.loss.loss, heads) == (wanted.loss, wanted.head)
    assert pairing.prediction.source is wanted.source
    if wanted.classes is not None:
        assert pairing.prediction.classes == wanted.classes
    assert pairing.target is not None
    if wanted.target is not None:
        assert pairing.target.flow.source is wanted.target
    if wanted.encodings is not None:
        assert pairing.target.encodings == wanted.encodings
    if wanted.coefficient is None:
        assert isinstance(term.coefficient, Unknown)
    else:
        assert isinstance(term.coefficient, Const)
        assert math.isclose(term.coefficient.value, wanted.coefficient)
    if wanted.reduction is not None:
        assert pairing.loss.params["reduction"] == Const(wanted.reduction)
    assert ("sample_weight" in pairing.loss.params) is wanted.weighted
    assert {name: pairing.loss.params[name] for name in wanted.params} == {
        name: Const(value) for name, value in wanted.params.items()
    }


_CHANGES = {"softmax", "log_softmax", "sigmoid", "log", "add", "sub", "mul", "div", "exp"}


def test_every_named_cross_entropy_has_the_value_of_cross_entropy():
    """The table above calls these the same loss; so they must be the same number."""
    names = [name for name, (_, wanted) in SPELLINGS.items() if wanted in (CE, NLL, NLL_LOG, NLL_ROWS)]
    expected = F.cross_entropy(MODEL(X), Y).item()
    plain = [name for name in names if not name.startswith(("spatial", "unbatched", "picked", "target", "by keyword"))]
    assert len(plain) > 9
    for name in plain:
        assert math.isclose(SPELLINGS[name][0]().item(), expected, rel_tol=1e-5), name


def test_the_softmax_axis_has_its_role(read_recorded):
    def role(build):
        (term,) = read_recorded(build).terms
        return next(step.axis_role for step in term.alternatives[0].prediction.steps if "softmax" in step.op)

    over_batch, over_classes = AxisRole.BATCH, AxisRole.CLASS
    assert role(lambda: F.cross_entropy(MODEL(X).softmax(1), Y)) is over_classes
    assert role(lambda: F.cross_entropy(MODEL(X).softmax(0), Y)) is over_batch
    assert role(lambda: -MODEL(X).log_softmax(0)[ROW, Y].mean()) is over_batch
    assert role(lambda: -MODEL(X).log_softmax(0).gather(1, Y[:, None]).mean()) is over_batch
    assert role(lambda: -MODEL(X).T.log_softmax(0).gather(0, Y[None]).mean()) is over_classes
    assert role(lambda: F.cross_entropy(CONV(IMAGES).softmax(1), PIXELS)) is over_classes


def _focal():
    picked = MODEL(X).log_softmax(1)[ROW, Y]
    return -((1 - picked.exp()) ** 2 * picked).mean()


def _focal_of_cross_entropy():
    ce = F.cross_entropy(MODEL(X), Y, reduction="none")
    return ((1 - torch.exp(-ce)) ** 2 * ce).mean()


def _negative_entropy():
    p = _p()
    return (p * p.log()).sum(1).mean()


def _dice():
    p = _p()
    return 1 - 2 * (p * ONE_HOT).sum() / (p.sum() + ONE_HOT.sum())


def _contrastive():
    z = F.normalize(MODEL(X))
    return -(z @ z.T / 0.1).log_softmax(1).diagonal().mean()


def _lse_without_keepdim():
    z = SQUARE(X)
    return -(z - torch.logsumexp(z, 1))[ROW, Y].mean()


def _lse_of_the_transpose():
    z = SQUARE(X)
    return -(z - z.T.logsumexp(1, keepdim=True))[ROW, Y].mean()


def _lse_along(dim, take):
    z = SQUARE(X)
    return (z.logsumexp(dim) - take(z)).mean()


def _uncertainty():
    return F.cross_entropy(MODEL(X), Y) * torch.exp(-UNIT(X).mean())


def _two_predictions_in_bce():
    p, q = torch.sigmoid(UNIT(X))[:, 0], torch.sigmoid(UNIT(2 * X))[:, 0]
    return -(BITS * torch.log(p) + (1 - BITS) * torch.log(1 - q)).mean()


def _wrong_complement():
    p = torch.sigmoid(UNIT(X))[:, 0]
    return -(BITS * torch.log(p) + (2 - BITS) * torch.log(1 - p)).mean()


UNNAMED = {
    "focal": _focal,
    "focal of cross_entropy": _focal_of_cross_entropy,
    "entropy bonus": _negative_entropy,
    "dice": _dice,
    "contrastive": _contrastive,
    "cosine": lambda: torch.cos(MODEL(X)).mean(),
    "1 - cosine similarity": lambda: (1 - F.cosine_similarity(MODEL(X), ONE_HOT)).mean(),
    "product of predictions": lambda: (MODEL(X) * TEACHER(X)).mean(),
    "expected error": lambda: -_p()[ROW, Y].mean(),
    "expected error, gathered": lambda: (1 - _p().gather(1, Y[:, None])).mean(),
    "-(y * p)": lambda: -(ONE_HOT * _p()).sum(1).mean(),
    "z - logsumexp without keepdim": _lse_without_keepdim,
    "z - logsumexp of the transpose": _lse_of_the_transpose,
    "logsumexp over the batch - z[y]": lambda: _lse_along(0, lambda z: z[ROW, Y]),
    "logsumexp - rows": lambda: _lse_along(1, lambda z: z[Y]),
    "logsumexp - 2 z[y]": lambda: _lse_along(1, lambda z: 2 * z[ROW, Y]),
    "logsumexp - dropped-out z[y]": lambda: _lse_along(1, lambda z: F.dropout(z)[ROW, Y]),
    "rows of log p": lambda: -SQUARE(X).log_softmax(1)[Y].mean(),
    "columns of log p": lambda: -MODEL(X).log_softmax(1)[:, Y].mean(),
    "log p gathered along the batch": lambda: -SQUARE(X).log_softmax(1).gather(0, Y[None]).mean(),
    "several of a row": lambda: -MODEL(X).log_softmax(1).gather(1, Y[:, None].repeat(1, 2)).mean(),
    "likelihood upwards": lambda: (ONE_HOT * MODEL(X).log_softmax(1)).sum(1).mean(),
    "weights per row": lambda: -(torch.rand(N, 1) * MODEL(X).log_softmax(1)).sum(1).mean(),
    "every prediction with every target": lambda: ((UNIT(X) - BITS) ** 2).mean(),
    "every prediction with every target, abs": lambda: (UNIT(X).sigmoid() - BITS).abs().mean(),
    "bce, every prediction with every target": lambda: _bits(torch.sigmoid(UNIT(X))),
    "bce with two predictions": _two_predictions_in_bce,
    "bce with 2 - y": _wrong_complement,
    "half of bce": lambda: -(BITS * torch.log(torch.sigmoid(UNIT(X))[:, 0])).mean(),
    "1 / loss": lambda: 1 / F.cross_entropy(MODEL(X), Y),
    "loss squared": lambda: F.cross_entropy(MODEL(X), Y) ** 2,
    "root of the mean square": lambda: F.mse_loss(MODEL(X), ONE_HOT).sqrt(),
    "2 ** difference": lambda: (2 ** (MODEL(X) - ONE_HOT)).mean(),
    "cube": lambda: ((MODEL(X) - ONE_HOT) ** 3).mean(),
    "flooding": lambda: (F.cross_entropy(MODEL(X), Y) - 0.1).abs() + 0.1,
    "worst sample": lambda: F.cross_entropy(MODEL(X), Y, reduction="none").max(),
    "variance": lambda: F.cross_entropy(MODEL(X), Y, reduction="none").var(),
    "limited": lambda: F.cross_entropy(MODEL(X), Y, reduction="none").clamp(max=2).mean(),
    "product of losses": lambda: F.cross_entropy(MODEL(X), Y) * F.mse_loss(MODEL(X), ONE_HOT),
    "weight with a gradient": _uncertainty,
    # functions of the other argument than the one that is trained by the loss of that name
    "kl_div trains its target": lambda: F.kl_div(ONE_HOT, _p(), reduction="batchmean"),
    "cross_entropy trains its target": lambda: F.cross_entropy(ONE_HOT, _p()),
    "bce trains its target": lambda: F.binary_cross_entropy(ONE_HOT, _p()),
}


@pytest.mark.parametrize("what", UNNAMED)
def test_what_is_no_known_loss_has_no_name_and_shows_its_operations(read_recorded, what):
    objective = read_recorded(UNNAMED[what])
    assert [pairing.loss.loss for term in objective.terms for pairing in term.alternatives] == []
    for term in objective.terms:
        (unresolved,) = term.unresolved
        assert unresolved.ops
        assert unresolved.place is not None
        assert unresolved.place.path.endswith("test_spellings.py")


@pytest.mark.parametrize(
    "shift",
    [lambda z: z.max(0, keepdim=True)[0], lambda z: z.max(1)[0], lambda z: z.amin(1, keepdim=True) * 2],
    ids=["maximum of the other axis", "without keepdim on a square batch", "no maximum"],
)
def test_a_shift_that_softmax_sees_is_not_dropped(read_recorded, shift):
    def build():
        z = SQUARE(X)
        e = torch.exp(z - shift(z))
        return F.mse_loss(e / e.sum(1, keepdim=True), torch.eye(N)[Y])

    (term,) = read_recorded(build).terms
    flow = term.alternatives[0].prediction
    assert flow.source is not Source.AFFINE or "sub" in [step.op for step in flow.steps]


def test_a_softmax_laid_against_the_wrong_sums_is_no_softmax(read_recorded):
    def build():
        e = SQUARE(X).exp()
        return F.mse_loss(e / e.sum(1), torch.eye(N)[Y])

    (term,) = read_recorded(build).terms
    flow = term.alternatives[0].prediction
    assert "softmax" not in [step.op for step in flow.steps]
    assert flow.source is Source.NETWORK


@pytest.mark.parametrize(
    "change",
    [lambda y: y.mul_(0.9).add_(0.1 / K), lambda y: y.__setitem__(0, 0.25) or y, lambda y: y * 0.9],
    ids=["in place", "set", "out of place"],
)
def test_one_hot_rows_that_were_changed_are_not_said_to_be_one_hot(read_recorded, change):
    def build():
        return F.mse_loss(_p(), change(F.one_hot(Y, K).float()))

    (term,) = read_recorded(build).terms
    assert term.alternatives[0].target.encodings != {TargetEncoding.ONE_HOT}


def _terms(objective):
    return [
        (term.coefficient.value, pairing.loss.loss, pairing.loss.params.get("reduction"))
        for term in objective.terms
        for pairing in term.alternatives
    ]


def _three():
    return F.cross_entropy(MODEL(X), Y), F.mse_loss(_p(), ONE_HOT), F.l1_loss(MODEL(X), ONE_HOT)


def _in_place():
    a, b, c = _three()
    a += b
    a *= 2
    a -= c
    return a


NAMES = ("cross_entropy", "mse", "mae")
SUMS = {
    "2a + b/2 - 3c": (lambda: (lambda a, b, c: 2 * a + 0.5 * b - 3 * c)(*_three()), (2, 0.5, -3)),
    "sum": (lambda: sum(_three()), (1, 1, 1)),
    "stacked, sum": (lambda: torch.stack(_three()).sum(), (1, 1, 1)),
    "stacked, mean": (lambda: torch.stack(_three()).mean(), (1 / 3, 1 / 3, 1 / 3)),
    "stacked, doubled, mean": (lambda: (2 * torch.stack(_three())).mean(), (2 / 3, 2 / 3, 2 / 3)),
    "reduce": (lambda: functools.reduce(operator.add, _three()) / 3, (1 / 3, 1 / 3, 1 / 3)),
    "alpha": (
        lambda: (lambda a, b, c: torch.add(a, b, alpha=3).sub(c, alpha=2))(*_three()),
        (1, 3, -2),
    ),
    "in place": (_in_place, (2, 2, -1)),
    "10 - (a + b) + c": (lambda: (lambda a, b, c: 10 - (a + b) + c)(*_three()), (-1, -1, 1)),
}


@pytest.mark.parametrize("spelling", SUMS)
def test_a_sum_of_losses_is_its_terms(read_recorded, spelling):
    build, coefficients = SUMS[spelling]
    found = _terms(read_recorded(build))
    assert [name for _, name, _ in found] == list(NAMES)
    assert [value for value, _, _ in found] == pytest.approx(coefficients)


def test_a_scalar_that_is_laid_against_a_vector_counts_once_for_each_element_of_a_sum(read_recorded):
    def total(reduce):
        return lambda: reduce(F.cross_entropy(MODEL(X), Y, reduction="none") + 0.5 * F.mse_loss(_p(), ONE_HOT))

    # sum_i (a_i + b/2) = sum_i a_i + n b / 2, and the mean is 1/n of it
    assert [(c, name) for c, name, _ in _terms(read_recorded(total(torch.sum)))] == [
        (1, "cross_entropy"),
        (pytest.approx(N / 2), "mse"),
    ]
    assert [(c, name) for c, name, _ in _terms(read_recorded(total(torch.mean)))] == [
        (1, "cross_entropy"),
        (0.5, "mse"),
    ]


@pytest.mark.parametrize(
    ("penalty", "name"),
    [
        (lambda: 0.01 * sum((w**2).sum() for w in NETWORK.parameters()), "l2_penalty"),
        (lambda: 0.01 * sum(w.pow(2).sum() for w in NETWORK.parameters()), "l2_penalty"),
        (lambda: 0.01 * torch.stack([w.square().sum() for w in NETWORK.parameters()]).sum(), "l2_penalty"),
        (lambda: 0.01 * sum(w.abs().sum() for w in NETWORK.parameters()), "l1_penalty"),
        (lambda: 0.01 * sum(w.norm() for w in NETWORK.parameters()), "norm_penalty"),
    ],
    ids=["**2", "pow", "stack", "abs", "norm"],
)
def test_a_penalty_on_many_parameters_is_one_term(read_recorded, penalty, name):
    found = _terms(read_recorded(lambda: F.cross_entropy(NETWORK(X), Y) + penalty()))
    assert [(value, loss) for value, loss, _ in found] == [(1.0, "cross_entropy"), (0.01, name)]


def test_what_stands_side_by_side_is_not_mistaken_for_its_neighbour(read_recorded):
    def build():
        a, b = torch.broadcast_tensors(F.cross_entropy(MODEL(X), Y, reduction="none"), F.mse_loss(_p(), ONE_HOT))
        return (a + b).mean()

    objective = read_recorded(build)
    unresolved = [item for term in objective.terms for item in term.unresolved]
    names = [name for _, name, _ in _terms(objective)]
    assert len(names) + len(unresolved) == 2
    assert names in ([], ["cross_entropy"], ["cross_entropy", "mse"])


def test_what_cannot_be_named_does_not_hide_what_can(read_recorded):
    objective = read_recorded(lambda: F.cross_entropy(MODEL(X), Y) + 0.01 * _negative_entropy())
    assert _terms(objective)[0][:2] == (1.0, "cross_entropy")
    (unresolved,) = [item for term in objective.terms for item in term.unresolved]
    assert unresolved.what == "mul"


def test_a_teacher_that_is_a_recurrent_network_is_a_network(read_recorded):
    lstm = nn.LSTM(5, K)
    for build in (lambda: lstm(X)[0].detach(), lambda: _without_gradient(lambda: lstm(X)[0])):
        (term,) = read_recorded(lambda build=build: F.mse_loss(MODEL(X), build())).terms
        assert term.alternatives[0].target.flow.source is Source.NETWORK


def test_parameters_that_are_updated_by_hand_stay_parameters(read_recorded):
    weight = nn.Parameter(torch.randn(3, 3))

    def build():
        with torch.no_grad():
            weight.mul_(0.9).add_(0.1)
        return (weight**2).sum()

    assert _terms(read_recorded(build))[0][1] == "l2_penalty"
