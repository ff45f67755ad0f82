"""What is recorded of a function gives its value at other points too: many spellings, replayed with torch itself."""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np
import pytest
import torch
from tests.record.replay import Replay, replays
from torch import nn
from torch.nn import functional as F

from lossaudit.errors import RecordingError, UsageError
from lossaudit.record.function import record_function

N, K = 4, 5
Z = torch.randn(N, K, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
Y = torch.tensor([0, 3, 2, 4])
W = torch.tensor([0.5, 0.25, 1.0, 0.1, 2.0], dtype=torch.float64)
ONE_HOT = F.one_hot(Y, K).double()
SOFT = ONE_HOT * 0.8 + 0.04


def stable_by_hand(z):
    x = z.clone()
    x.sub_(x.max(1, keepdim=True).values)
    x.exp_()
    x /= x.sum(1, keepdim=True)
    return -x[range(N), Y].log().sum()


def written_through_views(z):
    x = z.clone()
    v = x[1:3]
    v.mul_(2.0)
    v[0] = 0.0
    x.t()[0] += 1
    x.view(-1)[7] = x[3, 3] * 2
    x.detach()[0, 0] = 3.0
    return (x**3).sum()


def known_buffer(z):
    out = torch.zeros(N, dtype=torch.float64)
    first = out[0]
    for i in range(N):
        out[i] = z[i].logsumexp(0) - z[i, Y[i]]
    return out.mean() + first * 2


def adds_up(z):
    total = 0.0
    for row, y in zip(z, Y, strict=True):
        total = total + F.cross_entropy(row, y)
    return total


def masked_by_known(z):
    x = z.clone()
    x[ONE_HOT.bool()] = -1.0
    x[:, 0] = -math.inf
    return x.logsumexp(1).sum()


def masked_by_own_sign(z):
    x = z.clone()
    x[z > 0] = 0.5
    x.masked_fill_(z < -1, 2.0)
    return (x * z).sum()


def margin(z):
    others = z.masked_fill(ONE_HOT.bool(), -math.inf)
    return (1 + others.amax(1) - z.gather(1, Y.unsqueeze(1)).squeeze(1)).clamp(min=0).mean()


class Focal(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma
        self.register_buffer("alpha", W)

    def forward(self, z, y):
        logp = F.log_softmax(z, -1)
        p = logp.exp()
        picked = logp.gather(1, y[:, None])[:, 0]
        return -(self.alpha[y] * (1 - p[torch.arange(len(y)), y]) ** self.gamma * picked).mean()


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2 + 1

    @staticmethod
    def backward(ctx, gradient):
        return 7 * gradient


class Handed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, gradient):
        return gradient


FLOAT32 = torch.tensor([0.1, 0.7, 1e-7, 3.3, 0.3])

SPELLINGS = {
    # framework composites
    "cross entropy": lambda z: F.cross_entropy(z, Y, weight=W, label_smoothing=0.1),
    "cross entropy of soft targets": lambda z: F.cross_entropy(z, SOFT, reduction="sum"),
    "old reduction": lambda z: F.nll_loss(F.log_softmax(z, 1), Y, size_average=False),
    "module": lambda z: nn.CrossEntropyLoss(weight=W)(z, Y),
    "partial": functools.partial(F.cross_entropy, target=Y, ignore_index=2),
    "bce": lambda z: F.binary_cross_entropy_with_logits(z, ONE_HOT, pos_weight=W),
    "huber": lambda z: F.huber_loss(z, ONE_HOT, delta=0.5),
    "kl": lambda z: F.kl_div(z.log_softmax(1), SOFT, reduction="batchmean"),
    "implicit axis": lambda z: F.softmax(z).square().sum() + F.softmax(z[0]).square().sum(),
    "gaussian, both": lambda z: F.gaussian_nll_loss(z, ONE_HOT, torch.full((N, 1), 0.3, dtype=torch.float64)),
    "poisson": lambda z: F.poisson_nll_loss(z, ONE_HOT, full=True),
    "margin": lambda z: F.multi_margin_loss(z, Y, p=2, margin=0.5),
    "triplet": lambda z: F.triplet_margin_loss(z[:1], z[1:2], z[2:3], swap=True),
    "own distance": lambda z: F.triplet_margin_with_distance_loss(
        W, W + 1, W - 1, distance_function=lambda a, b: ((a - b) * z[0]).square().sum(-1)
    ),
    "cosine": lambda z: F.cosine_embedding_loss(z[:2], z[2:], torch.tensor([1, -1])),
    # by hand
    "stable by hand": stable_by_hand,
    "through views": written_through_views,
    "into a known buffer": known_buffer,
    "added up in a loop": adds_up,
    "masked by a known mask": masked_by_known,
    "masked by its own sign": masked_by_own_sign,
    "margin by hand": margin,
    "focal": lambda z: Focal()(z, Y),
    "squared error of softmax": lambda z: ((z.softmax(-1) - ONE_HOT) ** 2).sum(1).mean(),
    # moving elements
    "gather": lambda z: -z.log_softmax(1).gather(1, Y[:, None]).mean(),
    "take along": lambda z: torch.take_along_dim(z, Y[:, None], 1).exp().sum() + z.take(torch.tensor([3, 3, 7])).sum(),
    "index": lambda z: z[[0, 2], :][:, Y[:2]].exp().sum() + z[..., None, 1:4:2].square().sum() + z[-1, -1],
    "index by negative mask": lambda z: z[~ONE_HOT.bool()].reshape(N, K - 1).exp().sum(),
    "masked select": lambda z: z.masked_select(ONE_HOT.bool()).exp().sum(),
    "index select": lambda z: z.index_select(1, Y).tanh().sum(),
    "cat": lambda z: torch.cat([z, torch.ones(N, 1, dtype=torch.float64)], 1).logsumexp(1).mean(),
    "stack, flip, roll": lambda z: (torch.stack([z.flip(1), z.roll(1, 0)]) ** 2 * W).sum(),
    "many joins": lambda z: torch.vstack([torch.hstack([z, 2 * z]), torch.zeros(1, 10)]).exp().sum(),
    "repeat": lambda z: (z.repeat(2, 1) * torch.arange(8.0)[:, None]).sum() + z.repeat_interleave(2, 0).exp().sum(),
    "repeat by counts": lambda z: (z.repeat_interleave(torch.tensor([1, 2, 0, 3]), 0) ** 2).sum(),
    "pad": lambda z: F.pad(z, (1, 1), value=2.0).prod(1).sum() + F.pad(z, (0, 1)).exp().sum(),
    "reflect": lambda z: (F.pad(z[None], (1, 1), mode="reflect")[0] ** 2).sum(),
    "patches": lambda z: (F.unfold(z[None, None], 2, padding=1) ** 2 * torch.arange(30.0)).sum(),
    "windows": lambda z: z.unfold(1, 3, 1).prod(-1).sum(),
    "triangles": lambda z: (z[:, :4].tril() @ z).sum() + z.triu(1).exp().sum(),
    "diagonals": lambda z: z.diagonal().prod() + torch.diag(z[0]).exp().sum() + torch.diag_embed(z).square().sum(),
    "scatter": lambda z: torch.zeros(N, K, dtype=torch.float64).scatter_(1, Y[:, None], z[:, :1]).exp().sum(),
    "scatter a value": lambda z: z.scatter(1, Y[:, None], 0.5).exp().sum(),
    "index put": lambda z: z.clone().index_put_((torch.arange(N), Y), torch.tensor(0.0).double()).exp().sum(),
    "index fill and copy": lambda z: z.index_fill(1, Y[:2], 1.0).index_copy(0, Y[:1], z[1:2] * 2).exp().sum(),
    "where known": lambda z: torch.where(ONE_HOT > 0, z, z.new_zeros(())).exp().sum(),
    "where known, numbers": lambda z: torch.where(ONE_HOT > 0, 1.5, z).exp().sum() + z.where(ONE_HOT > 0, 2.0).sum(),
    "masked fill": lambda z: z.masked_fill(ONE_HOT.bool(), 0.25).exp().sum(),
    "masked scatter": lambda z: torch.zeros(N, K).double().masked_scatter(ONE_HOT.bool(), z[:, 0]).exp().sum(),
    "embedding": lambda z: F.embedding(torch.tensor([[0, 3], [3, 1]]), z).exp().sum(),
    "split and chunk": lambda z: sum(
        i * x.exp().sum() for i, x in enumerate((*z.split(2, 1), *z.chunk(2), *z.unbind()))
    ),
    "expand": lambda z: (z[:, None].expand(N, N, K) - z[None]).square().sum(),
    "expand as": lambda z: (z[:1].expand_as(ONE_HOT) * ONE_HOT + W.expand_as(z)).square().sum(),
    "broadcast": lambda z: sum(x.exp().sum() for x in torch.broadcast_tensors(z[:1], ONE_HOT)),
    "meshgrid": lambda z: (lambda g: (g[0] * g[1] ** 2).sum())(torch.meshgrid(z[0], z[1], indexing="ij")),
    "pairs": lambda z: torch.combinations(z[0]).prod(1).sum() + torch.cartesian_prod(z[0], z[1]).prod(1).sum(),
    "axes": lambda z: (z.T @ z).trace() + z.mT.permute(1, 0).movedim(0, 1).reshape(-1).view(2, 10).ravel()[3] ** 2,
    "scattered slices": lambda z: z.select_scatter(z[0] * 2, 0, 1).slice_scatter(z[:1].exp(), 0, 3, 4).square().sum(),
    "tensor of scalars": lambda z: torch.stack([z[0, 0], z[1, 1]]).exp().sum(),
    "pixel shuffle": lambda z: (F.pixel_shuffle(z[:, :4].reshape(1, 4, 2, 2), 2)[0, 0] @ W[:4]).exp().sum(),
    # writing in place
    "clamped in place": lambda z: (-z).clone().clamp_min_(0).sum(),
    "activation in place": lambda z: F.relu(z * 2, inplace=True).sum() + nn.LeakyReLU(0.1, inplace=True)(z * 1).sum(),
    "addcmul": lambda z: z.clone().addcmul_(z, z, value=0.5).sum(),
    "zeroed": lambda z: (lambda x: (x[0].zero_(), x.exp().sum())[1])(z * 2),
    "filled by itself": lambda z: (lambda x: (x[0].fill_(z[1, 1]), x.exp().sum())[1])(z * 2),
    "copied": lambda z: torch.empty(K, dtype=torch.float64).copy_(z[0]).exp().sum(),
    "copied wide": lambda z: torch.empty(N, K, dtype=torch.float64).copy_(z[0]).exp().sum(),
    "full like": lambda z: (torch.full_like(z, 3.0) * z + torch.zeros_like(z) + torch.ones_like(z)).square().sum(),
    "accumulated": lambda z: sum((row.sum() for row in z), torch.zeros(())),
    # arithmetic
    "operators": lambda z: (1 - z).pow(3).sum() + (2**z).sum() + (1 / (z * z + 1)).sum() + (-z / 3 + 2).abs().sum(),
    "einsum": lambda z: torch.einsum("ij,j->i", z, W).square().sum() + torch.einsum("ij,kj->", z, z),
    "spreads": lambda z: z.std(False) + z.var(1).sum() + z.std(dim=0, correction=0).sum(),
    "largest": lambda z: torch.max(z, ONE_HOT).sum() + z.max() + z.min(1).values.sum() + torch.min(z[0], z[1]).sum(),
    "comparisons": lambda z: (
        (((z > 0) + (ONE_HOT > 0)) * 1.5).sum() + ((z > 0) & (z < 1)).sum() * 2.0 + (~(z > 0)).double().mean()
    ),
    "where": lambda z: torch.where(z > 0, z, 0.1 * z).sum(),
    "signs": lambda z: ((z > 0).float() * z).sum() + (z * (z > 0)).sum() + z.sign().sum(),
    "truncated": lambda z: (z.long() * 0.5).sum() + z.bool().sum() * 1.0 + z.to(torch.int64).double().sum(),
    "norms": lambda z: z.norm() + torch.linalg.norm(z) + z.norm(dim=1, p=1).sum() + torch.linalg.vector_norm(z, 3.0),
    "special": lambda z: torch.special.expit(z).sum() + torch.special.xlogy(W, z.exp()).sum(),
    "casts": lambda z: z.to(torch.float32).double().to("cpu").type_as(W).mul(0).sum() + z.type(torch.float64).sum(),
    "float32 constants": lambda z: (z * FLOAT32 + FLOAT32.exp()).square().sum(),
    "sums with a type": lambda z: z.sum(dtype=torch.float64) + torch.softmax(z, 1, dtype=torch.float64).square().sum(),
    "detached": lambda z: (z * z.detach()).sum() + (z.data * z).sum(),
    "autograd function": lambda z: Double.apply(z).square().sum() + Handed.apply(z).sum(),
    "no gradient": lambda z: torch.no_grad()(lambda: z.exp().sum())() + z.sum(),
    "norm with a body": lambda z: F.normalize(z, dim=1).sum(),
    "sequential": lambda z: nn.Sequential(nn.Softplus(), nn.Flatten(0), nn.Tanh())(z).sum(),
    "shape questions": lambda z: z.sum() / z.shape[0] * len(z) * z.numel() * z.size(1) * z.dim(),
    "formatted": lambda z: (f"{z.sum():.3f} {z}", z.exp().sum())[1],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SPELLINGS)
def test_what_is_recorded_is_the_function(name):
    replays(SPELLINGS[name], Z)


# The body of a composite of which the lowering knows nothing is looked at.
@pytest.mark.parametrize(
    ("op", "function"),
    [
        ("gaussian_nll", lambda z: F.gaussian_nll_loss(z, ONE_HOT, torch.full((N, 1), 0.3, dtype=torch.float64))),
        ("softmin", lambda z: F.softmin(z, 1).square().sum()),
        ("normalize", lambda z: F.normalize(z, dim=1).sum()),
        ("softsign", lambda z: F.softsign(z).sum()),
        ("triplet_margin_with_distance", lambda z: F.triplet_margin_with_distance_loss(z[:1], z[1:2], z[2:3])),
    ],
)
def test_the_body_of_an_unknown_composite_is_recorded(op, function):
    lowering, _ = replays(function, Z, unknown=[op])
    assert op not in [call.op for call in lowering.calls]


def test_composites_stay_whole():
    lowering, _ = replays(lambda z: nn.CrossEntropyLoss(reduction="sum")(z, Y), Z)
    assert [call.op for call in lowering.calls] == ["cross_entropy"]
    (call,) = lowering.calls
    assert call.operands["input"].ids.shape == (N, K)
    assert call.operands["target"].values.tolist() == Y.tolist()
    assert call.args["reduction"].value == "sum"
    assert call.place.path.endswith("test_function.py")
    assert call.spelled == "torch.nn.functional.cross_entropy"


def test_several_variables():
    replays(lambda a, b: (a @ b).exp().sum() + a[0, 0] * b[0], Z, torch.ones(K, dtype=torch.float64))


def test_a_view_made_before_memory_depends_on_variables():
    def function(z):
        buffer = torch.zeros(6, dtype=torch.float64)
        early = buffer[2:4]
        buffer[1:4] = z[0, :3]
        return early.exp().sum() + buffer.square().sum()

    replays(function, Z)


def test_known_again_after_it_is_written_over():
    lowering, _ = replays(lambda z: (lambda x: (x.fill_(2.0), torch.exp(x).sum() + z.sum())[1])(z.clone()), Z)
    assert "exp" not in [call.op for call in lowering.calls]


# Values that leave

ESCAPES = {
    "torch.Tensor.__bool__": lambda z: z.sum() if z.sum() > 0 else -z.sum(),
    "torch.Tensor.item": lambda z: z.sum() * z.max().item(),
    "torch.Tensor.__float__": lambda z: z.sum() * float(z[0, 0]),
    "torch.Tensor.__int__": lambda z: z.sum() * int(z[0, 0]),
    "torch.Tensor.tolist": lambda z: z.sum() * sum(z[0].tolist()),
    "torch.Tensor.__array__": lambda z: z.sum() + float(np.asarray(z.detach())[0, 0]),
    "torch.Tensor.numpy": lambda z: z.sum() + torch.from_numpy(z.detach().numpy()).sum(),
    "torch.Tensor.__index__": lambda z: z[0, [0, 1, 2, 3, 4][z[0].argmax()]],
    "torch.Tensor.__getitem__": lambda z: z[z > 0].sum(),
    "torch.Tensor.nonzero": lambda z: z.sum() + (z > 0).nonzero().sum(),
    "torch.Tensor.masked_select": lambda z: z.masked_select(z > 0).sum(),
    "torch.where": lambda z: z.sum() + torch.where(z > 0)[0].sum(),
    "torch.allclose": lambda z: z.sum() * (2 if torch.allclose(z, z + 1) else 3),
    "torch.equal": lambda z: z.sum() * torch.equal(z, ONE_HOT),
    "torch.Tensor.untyped_storage": lambda z: z.sum() + len(z.untyped_storage()),
    "torch.unique": lambda z: torch.unique(z).sum(),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ESCAPES)
def test_a_value_that_leaves_is_noted_with_its_line(name):
    recorded = record_function(ESCAPES[name], [Z], Replay())
    line = ESCAPES[name].__code__.co_firstlineno
    assert any(
        text.startswith("tests/record/test_function.py:") and f":{line}: {name} of a value" in text
        for text in recorded.escapes
    ), recorded.escapes


@pytest.mark.parametrize(
    "function",
    [
        lambda z: z[: z[0].argmax()].sum(),
        lambda z: z[z[0].argmax() * 0].sum(),
        lambda z: z[:, z[0].argmax()].sum(),
        lambda z: z.narrow(1, z[0].argmax(), 1).sum(),
        lambda z: z.select(1, z[0].argmax()).sum(),
        lambda z: torch.select(z, 1, z[0].argmax()).sum(),
        lambda z: z.unbind(1)[z[0].argmax()].sum(),
        lambda z: z[0].roll(z[0].argmax()).prod(),
        lambda z: z.sum((z > 0).sum() * 0).sum(),
        lambda z: z.repeat_interleave((z[:, 0] > 0).long(), 0).sum(),
    ],
)
def test_elements_picked_by_values_are_noted(function):
    lowering = Replay()
    recorded = record_function(function, [Z], lowering)
    assert recorded.escapes or math.isnan(lowering.at(Z.reshape(-1).numpy())[recorded.output])


def test_a_caught_exception_is_noted():
    def function(z):
        try:
            torch.linalg.cholesky(z[:, :4])
        except RuntimeError:
            return z.sum()
        return z.exp().sum()

    assert any(
        "an exception in torch.linalg.cholesky" in text for text in record_function(function, [Z], Replay()).escapes
    )


def test_written_without_a_trace():
    def function(z):
        with torch.inference_mode():
            x = z * 2
            x.mul_(3)
        return x.sum() + z.sum()

    lowering = Replay()
    recorded = record_function(function, [Z], lowering)
    value = lowering.at(np.zeros(N * K))[recorded.output]
    assert math.isnan(value) or value == 0


def test_a_known_tensor_in_place_of_a_number_is_unknown():
    assert output_is_unknown(lambda z: z.sum(torch.tensor(1)).square().sum())


# What is not understood is never taken for a constant


def output_is_unknown(function, *, points=([0.3] * (N * K), [-1.0] * (N * K))):
    lowering = Replay(unknown=["argsort", "gather"])
    recorded = record_function(function, [Z], lowering)
    assert recorded.unknown
    return all(math.isnan(lowering.at(np.array(point))[recorded.output]) for point in points)


@functools.cache
def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(lambda x: x * 3, torch.zeros(2).double())


def ignoring_modes(z):
    with torch._C.DisableTorchFunction():
        x = z * 2
    return x.sum()


def unseen_in_place(z):
    x = z.clone()
    with torch._C.DisableTorchFunction():
        x.mul_(2)
    return x.sum()


def by_forward_gradient(z):
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(z, torch.ones_like(z))
        return torch.autograd.forward_ad.unpack_dual((dual**2).sum()).tangent


UNKNOWN = {
    "scripted": lambda z: scripted()(z).sum(),
    "vmap": lambda z: torch.func.vmap(torch.sin)(z).sum(),
    "gradient": lambda z: torch.autograd.grad((z**2).sum(), z, create_graph=True)[0].sum(),
    "functional gradient": lambda z: torch.func.grad(lambda x: (x**2).sum())(z).sum(),
    "jvp": lambda z: torch.func.jvp(lambda x: (x**2).sum(), (z,), (torch.ones_like(z),))[1],
    "determinant": lambda z: torch.linalg.det(z[:, :4]),
    "inverse": lambda z: torch.linalg.inv(z[:, :4]).sum(),
    "fft": lambda z: torch.fft.fft(z).abs().sum(),
    "aten": lambda z: torch.ops.aten.mul(z, 2.0).sum(),
    "modes switched off": ignoring_modes,
    "modes switched off, in place": unseen_in_place,
    "bits": lambda z: z.view(torch.int64).double().sum(),
    "bits written": lambda z: (lambda x: (x.view(torch.int64).zero_(), x.sum())[1])(z.clone()),
    "index that depends": lambda z: z[0].gather(0, z[1].argsort()).sum(),
    "narrow integers": lambda z: (z.to(torch.uint8) - 3).double().sum(),
    "log determinant": lambda z: torch.linalg.slogdet(z[:, :4])[1],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_understood_is_unknown(name):
    scripted()
    assert output_is_unknown(UNKNOWN[name])


def test_a_tensor_where_a_number_is_meant_is_not_overlooked():
    assert output_is_unknown(lambda z: torch.add(z, z, alpha=z[0, 0].detach()).sum())


def test_forward_gradients_are_refused():
    lowering = Replay()
    try:
        recorded = record_function(by_forward_gradient, [Z], lowering)
    except RecordingError:
        return
    assert recorded.escapes or math.isnan(lowering.at(np.zeros(N * K))[recorded.output])


def test_backward_inside_is_an_escape():
    def function(z):
        x = z.detach().requires_grad_()
        (x**2).sum().backward()
        return (x.grad * z).sum()

    assert record_function(function, [Z], Replay()).escapes


# Notes and refusals


@pytest.mark.parametrize(
    ("function", "detached"),
    [
        (lambda z: z.exp().sum(), False),
        (lambda z: z.detach().exp().sum() + z.sum(), True),
        (lambda z: Double.apply(z).sum(), True),
        (lambda z: torch.no_grad()(lambda: z.exp().sum())() + z.sum(), True),
    ],
)
def test_a_cut_gradient_is_noted(function, detached):
    assert record_function(function, [Z], Replay()).detached is detached


@pytest.mark.parametrize(
    "function",
    [
        lambda z: F.dropout(z, 0.5).sum(),
        lambda z: (z + torch.randn_like(z)).sum(),
        lambda z: (z * torch.rand(K)).sum(),
        lambda z: nn.Dropout(0.5)(z).sum(),
    ],
)
def test_random_numbers_are_refused(function):
    before = torch.get_rng_state()
    with pytest.raises(UsageError, match="random"):
        record_function(function, [Z], Replay())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("function", "message"),
    [(lambda z: z, "shape"), (lambda z: 3.0, "float"), (lambda z: (z.sum(), z), "tuple")],
)
def test_what_is_no_number_is_refused(function, message):
    with pytest.raises(UsageError, match=message):
        record_function(function, [Z], Replay())


def test_an_exception_of_the_program_says_so():
    with pytest.raises(RecordingError, match="IndexError"):
        record_function(lambda z: z[99].sum(), [Z], Replay())


def test_nothing_of_the_program_is_changed():
    variable = Z.clone().requires_grad_()
    record_function(lambda z: z.mul_(2).sum(), [variable], Replay())
    assert torch.equal(variable, Z)
    assert variable.grad is None
    assert torch.overrides._len_torch_function_stack() == 0
