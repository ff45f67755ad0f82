"""Losses of class logits: cross-entropy in the spellings that people use, its relatives and its replacements."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from tests.zoo.case import convex, index, not_convex, numbers, reals
from torch import Tensor, nn

LSE = "logsumexp(z) - z_y; logsumexp is convex: its Hessian diag(p) - pp' is a covariance"
WEIGHTED = "a sum of convex functions with weights >= 0"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
RADIAL = "a function of p_y alone: convex for every K iff its margin loss is (losses.md C2)"
SUM = "sum_k y_k (logsumexp(z) - z_k) = (sum y) logsumexp(z) - y.z: convex iff sum y >= 0"
DIFFERENCE = "a difference of two logsumexp: where the first is nearly affine the second bends it down"


def rows() -> tuple[Tensor, Tensor]:
    return reals(2, 3), index(0, 2)


def row() -> tuple[Tensor, Tensor]:
    return reals(1, 4), index(2)


def pair() -> tuple[Tensor, Tensor]:
    return reals(1, 2), index(0)


def dense() -> tuple[Tensor, Tensor]:
    return reals(2, 3), numbers([0.5, 0.25, 0.25], [0.0, 0.75, 0.25])


def true_p(z: Tensor, y: Tensor) -> Tensor:
    return F.softmax(z, dim=1).gather(1, y[:, None])[:, 0]


def onehot(z: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, z.shape[1]).to(z.dtype)


def from_log_p(z: Tensor, y: Tensor) -> Tensor:
    return -torch.log_softmax(z, dim=-1).gather(-1, y.unsqueeze(-1)).squeeze(-1).mean()


def from_picked_rows(z: Tensor, y: Tensor) -> Tensor:
    return -F.log_softmax(z, dim=1)[torch.arange(len(y)), y].mean()


def from_onehot(z: Tensor, y: Tensor) -> Tensor:
    return -(onehot(z, y) * torch.log(F.softmax(z, dim=1))).sum(dim=1).mean()


def from_einsum(z: Tensor, y: Tensor) -> Tensor:
    return -torch.einsum("nk,nk->", onehot(z, y), z.log_softmax(1)) / len(z)


def from_logsumexp(z: Tensor, y: Tensor) -> Tensor:
    return (torch.logsumexp(z, dim=1) - z.gather(1, y[:, None]).squeeze(1)).mean()


def from_sum_of_exp(z: Tensor, y: Tensor) -> Tensor:
    return (torch.log(torch.exp(z).sum(1)) - z[torch.arange(len(y)), y]).mean()


def from_quotient(z: Tensor, y: Tensor) -> Tensor:
    e = torch.exp(z)
    p = e / e.sum(dim=1, keepdim=True)
    return -torch.log(p[range(len(y)), y]).mean()


def from_shifted(z: Tensor, y: Tensor) -> Tensor:
    z = z - z.max(dim=1, keepdim=True).values
    return -(z.gather(1, y[:, None]).squeeze(1) - z.exp().sum(1).log()).mean()


def from_shift_detached(z: Tensor, y: Tensor) -> Tensor:
    z = z - z.detach().amax(1, keepdim=True)
    e = torch.exp(z)
    return -torch.log(e / e.sum(1, keepdim=True)).gather(1, y[:, None]).mean()


def from_shift_in_place(z: Tensor, y: Tensor) -> Tensor:
    z = z.clone()
    z -= z.max(1, keepdim=True)[0]
    e = torch.exp(z)
    p = e[torch.arange(len(y)), y] / e.sum(1)
    return p.log().neg_().sum()


def from_loop(z: Tensor, y: Tensor) -> Tensor:
    total = z.new_zeros(())
    for i in range(len(y)):
        total = total - torch.log_softmax(z[i], 0)[int(y[i])]
    return total / len(y)


def from_buffer(z: Tensor, y: Tensor) -> Tensor:
    losses = torch.zeros(len(y), dtype=z.dtype)
    for i, k in enumerate(y.tolist()):
        losses[i] = torch.logsumexp(z[i], 0) - z[i, k]
    return losses.mean()


def from_others(z: Tensor, y: Tensor) -> Tensor:
    others = ~onehot(z, y).bool()
    gaps = (z - z.gather(1, y[:, None]))[others].view(len(z), -1)
    return torch.log1p(gaps.exp().sum(1)).sum()


def from_where(z: Tensor, y: Tensor) -> Tensor:
    chosen = torch.where(onehot(z, y) > 0, F.log_softmax(z, 1), torch.zeros_like(z))
    return -chosen.sum() / len(z)


def from_stack(z: Tensor, y: Tensor) -> Tensor:
    return torch.stack([torch.logsumexp(r, 0) - r[k] for r, k in zip(z, y, strict=True)]).mean()


def from_exponent_of_log(z: Tensor, y: Tensor) -> Tensor:
    return torch.log(torch.sum(torch.exp(z - z.gather(1, y[:, None])), 1)).mean()


def soft(z: Tensor, t: Tensor) -> Tensor:
    return -(t * F.log_softmax(z, dim=1)).sum(1).mean()


def soft_by_matmul(z: Tensor, t: Tensor) -> Tensor:
    return -torch.trace(t @ torch.log_softmax(z, 1).T)


def smoothed(z: Tensor, y: Tensor, amount: float = 0.125) -> Tensor:
    log_p = F.log_softmax(z, dim=-1)
    nll = -log_p.gather(-1, y[:, None]).squeeze(1)
    return ((1 - amount) * nll - amount * log_p.mean(-1)).mean()


def smoothed_targets(z: Tensor, y: Tensor) -> Tensor:
    t = torch.full_like(z, 0.1 / (z.shape[1] - 1)).scatter_(1, y[:, None], 0.9)
    return F.cross_entropy(z, t)


def poly1(z: Tensor, y: Tensor, eps: float) -> Tensor:
    return (F.cross_entropy(z, y, reduction="none") + eps * (1 - true_p(z, y))).mean()


def poly2(z: Tensor, y: Tensor, first: float, second: float) -> Tensor:
    q = 1 - true_p(z, y)
    return (F.cross_entropy(z, y, reduction="none") + first * q + second * q**2).mean()


def poly_truncated(z: Tensor, y: Tensor) -> Tensor:
    q = 1 - true_p(z, y)
    return sum((q**j / j for j in range(1, 5)), q.new_zeros(())).mean()  # type: ignore[union-attr]


def plus_squared_miss(z: Tensor, y: Tensor, c: float) -> Tensor:
    return (F.cross_entropy(z, y, reduction="none") + c * (1 - true_p(z, y)).square()).mean()


def plus_brier(z: Tensor, y: Tensor, c: float) -> Tensor:
    return F.cross_entropy(z, y) + c * (F.softmax(z, 1) - onehot(z, y)).pow(2).sum()


def focal(z: Tensor, y: Tensor, gamma: float) -> Tensor:
    p = true_p(z, y)
    return (-((1 - p) ** gamma) * torch.log(p)).mean()


def focal_from_ce(z: Tensor, y: Tensor) -> Tensor:
    ce = F.cross_entropy(z, y, reduction="none")
    return (0.25 * (1 - torch.exp(-ce)) ** 2 * ce).mean()


def focal_detached(z: Tensor, y: Tensor) -> Tensor:
    ce = F.cross_entropy(z, y, reduction="none")
    return ((1 - torch.exp(-ce)).detach() ** 2 * ce).mean()


def gce(z: Tensor, y: Tensor, q: float) -> Tensor:
    return ((1 - true_p(z, y) ** q) / q).mean()


def brier(z: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(torch.softmax(z, 1), onehot(z, y))


def brier_by_hand(z: Tensor, y: Tensor) -> Tensor:
    p = torch.exp(z) / torch.exp(z).sum(1, keepdim=True)
    d = p - onehot(z, y)
    return (d * d).sum(dim=1).mean()


def brier_from_log(z: Tensor, y: Tensor) -> Tensor:
    p = torch.exp(F.log_softmax(z, 1))
    return (p.square().sum(1) - 2 * p.gather(1, y[:, None])[:, 0] + 1).mean()


def spherical(z: Tensor, y: Tensor) -> Tensor:
    p = F.softmax(z, 1)
    return -(p.gather(1, y[:, None])[:, 0] / p.norm(dim=1)).mean()


def normalized_ce(z: Tensor, y: Tensor) -> Tensor:
    log_p = F.log_softmax(z, 1)
    return (log_p.gather(1, y[:, None])[:, 0] / log_p.sum(1)).mean()


def symmetric_ce(z: Tensor, y: Tensor, alpha: float, beta: float) -> Tensor:
    log_labels = torch.where(onehot(z, y) > 0, 0.0, -4.0)
    reverse = -(F.softmax(z, 1) * log_labels).sum(1).mean()
    return alpha * F.cross_entropy(z, y) + beta * reverse


def confidence_penalty(z: Tensor, y: Tensor) -> Tensor:
    log_p = F.log_softmax(z, 1)
    entropy = -(log_p.exp() * log_p).sum(1).mean()
    return F.cross_entropy(z, y) - 0.1 * entropy


def entropy(z: Tensor) -> Tensor:
    p = F.softmax(z, 1)
    return -(p * torch.log(p)).sum(1).mean()


def jensen_shannon(z: Tensor, t: Tensor) -> Tensor:
    p = F.softmax(z, 1)
    m = (p + t) / 2
    kl = lambda a, b: torch.special.xlogy(a, a / b).sum(1)  # noqa: E731
    return (kl(t, m) / 2 + kl(p, m) / 2).mean()


def crammer_singer(z: Tensor, y: Tensor) -> Tensor:
    margins = z - z.gather(1, y[:, None]) + (1 - onehot(z, y))
    return margins.max(dim=1).values.mean()


def weston_watkins(z: Tensor, y: Tensor) -> Tensor:
    margins = (1 + z - z.gather(1, y[:, None])).clamp(min=0)
    return (margins.sum(1) - 1).mean()


def weston_watkins_masked(z: Tensor, y: Tensor) -> Tensor:
    margins = torch.clamp(1 + z - z.gather(1, y[:, None]), min=0)
    margins[torch.arange(len(y)), y] = 0
    return margins.sum() / len(y)


def hui_belkin(z: Tensor, y: Tensor) -> Tensor:
    hot = onehot(z, y)
    return ((1 + (15 - 1) * hot) * (z - 30 * hot) ** 2).mean()


def output_reset(z: Tensor, y: Tensor) -> Tensor:
    margin = z.gather(1, y[:, None]) - z.gather(1, 1 - y[:, None])
    return 0.5 * F.relu(1 - margin).square().mean()


def sparsemax(z: Tensor, y: Tensor) -> Tensor:
    s = torch.sort(z, 1, descending=True).values
    k = torch.arange(1, z.shape[1] + 1, dtype=z.dtype)
    inside = 1 + k * s > s.cumsum(1)
    size = inside.sum(1, keepdim=True)
    tau = ((s * inside).sum(1, keepdim=True) - 1) / size
    body = ((s**2 - tau**2) * inside).sum(1) / 2
    return (body - z.gather(1, y[:, None])[:, 0] + 0.5).mean()


def balanced(z: Tensor, y: Tensor) -> Tensor:
    counts = numbers(100.0, 10.0, 1.0)
    w = (1 - 0.99) / (1 - 0.99**counts)
    return F.cross_entropy(z, y, weight=w / w.sum() * len(w))


def adjusted(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z + torch.log(numbers(0.7, 0.2, 0.1)), y)


def ldam(z: Tensor, y: Tensor) -> Tensor:
    margins = numbers(0.2, 0.3, 0.5)
    return F.cross_entropy(30.0 * (z - onehot(z, y) * margins), y)


def z_loss(z: Tensor, y: Tensor, c: float) -> Tensor:
    return F.cross_entropy(z, y) + c * torch.logsumexp(z, 1).square().mean()


def masked_mean(z: Tensor, y: Tensor) -> Tensor:
    mask = numbers(1.0, 0.0, 1.0, 1.0)
    losses = F.cross_entropy(z, y, reduction="none")
    return (losses * mask).sum() / mask.sum()


def masked_rows(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z, y, reduction="none")[y != 1].mean()


def hidden_classes(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z.masked_fill(torch.tensor([False, True, False]), -torch.inf), y)


def tokens(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z.view(-1, z.size(-1)), y.view(-1), ignore_index=-100)


def tokens_transposed(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z.transpose(1, 2), y)


def shifted_tokens(z: Tensor, y: Tensor) -> Tensor:
    before, after = z[:, :-1].contiguous(), y[:, 1:].contiguous()
    return F.cross_entropy(before.reshape(-1, z.shape[-1]), after.reshape(-1))


def mixup(z: Tensor, y: Tensor) -> Tensor:
    return 0.3 * F.cross_entropy(z, y) + 0.7 * F.cross_entropy(z, y.flip(0))


def per_row(then: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of the cross-entropies of the rows."""
    return lambda z, y: then(F.cross_entropy(z, y, reduction="none"))


def of_p(then: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The mean of a function of the true class's probability."""
    return lambda z, y: then(true_p(z, y)).mean()


def of_logits(first: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy of changed logits."""
    return lambda z, y: F.cross_entropy(first(z), y)


def many() -> tuple[Tensor, Tensor]:
    return reals(4, 3), index(0, 2, 1, 0)


def sequence() -> tuple[Tensor, Tensor]:
    return reals(2, 3, 4), index([1, 3, -100], [0, 2, 2])


def weighted(*w: float, reduction: str = "mean") -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, y: F.cross_entropy(z, y, weight=numbers(*w), reduction=reduction)


def targets(*t: float) -> Callable[[], tuple[Tensor, Tensor]]:
    return lambda: (reals(1, len(t)), numbers(list(t)))


CASES = (
    # cross-entropy, as people write it
    convex("cross_entropy", F.cross_entropy, rows, LSE),
    convex("cross_entropy: sum", functools.partial(F.cross_entropy, reduction="sum"), rows, LSE),
    convex("cross_entropy: the module", nn.CrossEntropyLoss(), rows, LSE),
    convex("cross_entropy: one row without a batch", F.cross_entropy, lambda: (reals(5), index(3)[0]), LSE),
    convex("cross_entropy: two classes", F.cross_entropy, pair, LSE),
    convex("cross_entropy: ten classes", F.cross_entropy, lambda: (reals(3, 10), index(1, 9, 4)), LSE),
    convex("cross_entropy: pixels", F.cross_entropy, lambda: (reals(1, 3, 2, 2), index([[0, 1], [2, 2]])), LSE),
    convex("cross_entropy: nll_loss of log_softmax", lambda z, y: F.nll_loss(F.log_softmax(z, 1), y), rows, LSE),
    convex("cross_entropy: gather of log_softmax", from_log_p, rows, LSE),
    convex("cross_entropy: rows picked from log_softmax", from_picked_rows, rows, LSE),
    convex("cross_entropy: one-hot times log of softmax", from_onehot, rows, LSE, reach=100),
    convex("cross_entropy: einsum with one-hot", from_einsum, rows, LSE),
    convex("cross_entropy: logsumexp minus logit", from_logsumexp, rows, LSE),
    convex("cross_entropy: log of sum of exp", from_sum_of_exp, rows, LSE, reach=300),
    convex("cross_entropy: log of a quotient", from_quotient, rows, LSE, reach=100),
    convex("cross_entropy: shifted by max", from_shifted, rows, LSE),
    convex("cross_entropy: shifted by detached max, quotient", from_shift_detached, rows, LSE, reach=100),
    convex("cross_entropy: shifted in place", from_shift_in_place, rows, LSE, reach=100),
    convex("cross_entropy: loop over rows", from_loop, rows, LSE),
    convex("cross_entropy: written into a buffer", from_buffer, rows, LSE),
    convex("cross_entropy: log1p of the other classes", from_others, rows, LSE, reach=100),
    convex("cross_entropy: where on log_softmax", from_where, rows, LSE),
    convex("cross_entropy: stack of rows", from_stack, rows, LSE),
    convex("cross_entropy: log of sum of exp of gaps", from_exponent_of_log, rows, LSE, reach=100),
    convex("cross_entropy: tokens with ignored ones", tokens, sequence, LSE),
    convex(
        "cross_entropy: transposed tokens",
        tokens_transposed,
        lambda: (reals(2, 3, 4), index([1, 3, 0], [0, 2, 2])),
        LSE,
    ),
    convex("cross_entropy: next token", shifted_tokens, lambda: (reals(1, 3, 4), index([1, 3, 0])), LSE),
    convex("cross_entropy: ignore_index", F.cross_entropy, lambda: (reals(3, 3), index(0, -100, 2)), LSE),
    convex("cross_entropy: mask times loss", masked_mean, many, WEIGHTED),
    convex("cross_entropy: rows picked by a mask", masked_rows, many, WEIGHTED),
    convex("cross_entropy: a class masked by -inf", hidden_classes, rows, LSE),
    convex("cross_entropy: temperature 1/2", of_logits(lambda z: z / 0.5), rows, LSE),
    convex("cross_entropy: temperature 4", of_logits(lambda z: z / 4.0), rows, LSE),
    convex("cross_entropy: 1e-11 of it", lambda z, y: 1e-11 * F.cross_entropy(z, y), rows, WEIGHTED),
    convex("cross_entropy: 1e-11 of the logits", of_logits(lambda z: 1e-11 * z), rows, LSE),
    convex("cross_entropy: zero times it", lambda z, y: 0.0 * F.cross_entropy(z, y), rows, "constant"),
    not_convex("cross_entropy: minus", lambda z, y: -F.cross_entropy(z, y), rows, "concave, not affine"),
    not_convex(
        "cross_entropy: minus 1e-11 of it", lambda z, y: -1e-11 * F.cross_entropy(z, y), rows, "concave, not affine"
    ),
    # soft targets
    convex("soft targets", F.cross_entropy, dense, SUM),
    convex("soft targets: product with log_softmax", soft, dense, SUM),
    convex("soft targets: trace of a matrix product", soft_by_matmul, dense, SUM),
    convex("soft targets: a negative one, sum 1", F.cross_entropy, targets(0.75, -0.25, 0.5), SUM),
    convex("soft targets: sum 0", F.cross_entropy, targets(0.5, -0.25, -0.25), SUM),
    convex("soft targets: sum 5", soft, targets(2.0, 3.0, 0.0), SUM),
    not_convex("soft targets: sum -1/2", F.cross_entropy, targets(0.5, -0.75, -0.25), SUM),
    not_convex("soft targets: sum -1/2 by hand", soft, targets(0.5, -0.75, -0.25), SUM),
    convex("label smoothing", functools.partial(F.cross_entropy, label_smoothing=0.1), rows, SUM),
    convex("label smoothing 0", functools.partial(F.cross_entropy, label_smoothing=0.0), rows, SUM),
    convex("label smoothing 1", functools.partial(F.cross_entropy, label_smoothing=1.0), rows, SUM),
    convex("label smoothing: by hand", smoothed, rows, SUM),
    convex("label smoothing: 2, by hand", functools.partial(smoothed, amount=2.0), rows, SUM),
    convex("label smoothing: scattered targets", smoothed_targets, rows, SUM),
    convex("mixup", mixup, rows, WEIGHTED),
    # weights
    convex("weights", weighted(1.0, 2.0, 0.5), rows, WEIGHTED),
    convex("weights: a zero", weighted(1.0, 2.0, 0.0, reduction="sum"), rows, WEIGHTED),
    convex("weights: all zero", weighted(0.0, 0.0, 0.0, reduction="sum"), rows, "constant"),
    convex("weights: a negative one that no row has", weighted(1.0, -2.0, 0.5), rows, WEIGHTED),
    not_convex("weights: a negative one", weighted(1.0, 2.0, -0.5, reduction="sum"), rows, "concave in the second row"),
    convex("weights: class-balanced (Cui 2019)", balanced, rows, WEIGHTED),
    convex(
        "weights: with label smoothing",
        lambda z, y: F.cross_entropy(z, y, weight=numbers(1.0, 2.0, 3.0), label_smoothing=0.1),
        rows,
        WEIGHTED,
    ),
    convex(
        "weights: of rows",
        lambda z, y: (F.cross_entropy(z, y, reduction="none") * numbers(2.0, 0.5)).mean(),
        rows,
        WEIGHTED,
    ),
    convex("logit adjustment (Menon 2021)", adjusted, rows, LSE),
    convex("LDAM (Cao 2019)", ldam, rows, LSE),
    # functions of the rows' cross-entropies
    convex("rows: largest", per_row(torch.max), many, "a maximum of convex functions"),
    convex(
        "rows: two largest", per_row(lambda v: v.topk(2).values.mean()), many, "a maximum of sums of convex functions"
    ),
    convex(
        "rows: CVaR with a threshold", per_row(lambda v: F.relu(v - 1.0).mean()), many, "increasing convex of convex"
    ),
    convex("rows: tilted", per_row(lambda v: torch.logsumexp(2.0 * v, 0) / 2.0), many, "logsumexp of convex functions"),
    convex("rows: squared", per_row(lambda v: v.square().mean()), many, "t^2 increases on t >= 0, cross-entropy > 0"),
    convex("rows: power 3/2", per_row(lambda v: v.pow(1.5).mean()), many, "t^1.5 is convex, increases on t >= 0"),
    convex("rows: exp", per_row(lambda v: v.exp().mean()), many, "exp of convex", reach=100),
    convex("rows: norm", per_row(torch.linalg.vector_norm), many, "a norm increases in each t >= 0"),
    not_convex("rows: square root", per_row(lambda v: v.sqrt().mean()), row, RADIAL),
    not_convex("rows: log1p", per_row(lambda v: v.log1p().mean()), row, RADIAL + "; grows like log m"),
    not_convex("rows: truncated", per_row(lambda v: v.clamp(max=5.0).mean()), rows, BOUNDED),
    not_convex("rows: smallest", per_row(torch.min), rows, "two valleys: each row's own"),
    not_convex(
        "rows: flooding (Ishida 2020)", per_row(lambda v: (v.mean() - 0.5).abs() + 0.5), rows, "|t - b| falls for t < b"
    ),
    # penalties
    convex("logit penalty", lambda z, y: F.cross_entropy(z, y) + 0.01 * z.pow(2).sum(), rows, WEIGHTED),
    convex("logit penalty: absolute", lambda z, y: F.cross_entropy(z, y) + 0.01 * z.abs().mean(), rows, WEIGHTED),
    not_convex(
        "z-loss 1e-4 (PaLM)",
        functools.partial(z_loss, c=1e-4),
        pair,
        "Hessian on (1,-1): (1 + 2c lse) S, negative where lse < -1/(2c)",
        witness=((-9999.0, -10001.0), (-10001.0, -9999.0)),
    ),
    not_convex("z-loss 1", functools.partial(z_loss, c=1.0), rows, "Hessian on (1,-1): (1 + 2c lse) S"),
    not_convex(
        "confidence penalty (Pereyra 2017)", confidence_penalty, row, "losses.md section 4: from gap 1 + 1/beta"
    ),
    not_convex("entropy", entropy, lambda: (reals(1, 3),), BOUNDED),
    not_convex("negative entropy", lambda z: -entropy(z), lambda: (reals(1, 3),), BOUNDED),
    # polynomial relatives: exact boundaries
    convex("poly-1: eps 1/2", functools.partial(poly1, eps=0.5), rows, RADIAL + ": h = 1 + eps (2p - 1)"),
    convex("poly-1: eps 1", functools.partial(poly1, eps=1.0), rows, RADIAL + ": h = 1 + eps (2p - 1)"),
    convex("poly-1: eps -1", functools.partial(poly1, eps=-1.0), rows, RADIAL + ": h = 1 + eps (2p - 1)"),
    not_convex("poly-1: eps 1.01", functools.partial(poly1, eps=1.01), row, RADIAL + ": h(0) = 1 - eps"),
    not_convex("poly-1: eps -1.01", functools.partial(poly1, eps=-1.01), row, RADIAL + ": h(1) = 1 + eps"),
    not_convex("poly-1: eps 2 (ImageNet)", functools.partial(poly1, eps=2.0), rows, RADIAL),
    convex("poly-2: 1/2, 1/4", functools.partial(poly2, first=0.5, second=0.25), row, RADIAL + ": h = 3p - 1.5p^2"),
    not_convex("poly-2: 1/2, 0.26", functools.partial(poly2, first=0.5, second=0.26), row, RADIAL + ": h(0) = -0.02"),
    not_convex("poly: four terms of the series", poly_truncated, rows, BOUNDED),
    convex("plus c(1-p)^2: c 1/2", functools.partial(plus_squared_miss, c=0.5), rows, RADIAL + ": h = 1-2c+8cp-6cp^2"),
    not_convex("plus c(1-p)^2: c 0.51", functools.partial(plus_squared_miss, c=0.51), row, RADIAL + ": h(0) = -0.02"),
    not_convex("plus c(1-p)^2: c 1", functools.partial(plus_squared_miss, c=1.0), rows, RADIAL),
    convex(
        "plus c Brier, two classes: c 1/4", functools.partial(plus_brier, c=0.25), pair, "Brier = 2 (1-p)^2: c = 1/2"
    ),
    not_convex("plus c Brier, two classes: c 0.26", functools.partial(plus_brier, c=0.26), pair, "Brier = 2 (1-p)^2"),
    # focal
    convex("focal: gamma 0", functools.partial(focal, gamma=0.0), rows, "cross-entropy", reach=100),
    *(
        not_convex(
            f"focal: gamma {gamma}", functools.partial(focal, gamma=gamma), row, "losses.md C2: p_y below a limit"
        )
        for gamma in (0.5, 1.0, 2.0, 3.0, 5.0)
    ),
    not_convex("focal: from cross_entropy", focal_from_ce, rows, "losses.md C2: p_y < 0.0578"),
    not_convex("focal: factor detached", focal_detached, rows, "the value is that of focal loss"),
    # bounded and redescending
    not_convex("GCE: q 0.7", functools.partial(gce, q=0.7), rows, BOUNDED),
    not_convex("GCE: q 0.1", functools.partial(gce, q=0.1), rows, BOUNDED),
    not_convex("MAE on softmax", lambda z, y: F.l1_loss(F.softmax(z, 1), onehot(z, y)), rows, BOUNDED),
    not_convex("1 - p", of_p(lambda p: 1 - p), rows, BOUNDED),
    not_convex("Brier: mse_loss of softmax", brier, rows, BOUNDED),
    not_convex("Brier: by hand", brier_by_hand, rows, BOUNDED),
    not_convex("Brier: expanded", brier_from_log, rows, BOUNDED),
    not_convex("Brier: two classes", brier, pair, BOUNDED),
    not_convex("Brier: 1e-11 of it", lambda z, y: 1e-11 * brier(z, y), rows, BOUNDED),
    not_convex("squared 1 - p", of_p(lambda p: (1 - p) ** 2), rows, BOUNDED),
    not_convex("spherical", spherical, rows, BOUNDED),
    not_convex("normalized cross-entropy (Ma 2020)", normalized_ce, rows, BOUNDED),
    convex(
        "symmetric CE, beta 1/4: eps 1",
        functools.partial(symmetric_ce, alpha=1.0, beta=0.25),
        rows,
        "poly-1 with eps 4 beta",
    ),
    not_convex(
        "symmetric CE (Wang 2019)", functools.partial(symmetric_ce, alpha=0.1, beta=1.0), rows, "poly-1 with eps 40"
    ),
    not_convex("Jensen-Shannon", jensen_shannon, dense, BOUNDED),
    not_convex("double softmax", of_logits(lambda z: F.softmax(z, 1)), rows, BOUNDED),
    not_convex("softmax of sigmoid", of_logits(torch.sigmoid), rows, BOUNDED),
    not_convex("softmax of tanh", of_logits(torch.tanh), rows, BOUNDED),
    not_convex("soft-capped logits", of_logits(lambda z: 30.0 * torch.tanh(z / 30.0)), rows, BOUNDED),
    not_convex("clamped logits", of_logits(lambda z: z.clamp(-10.0, 10.0)), rows, BOUNDED),
    not_convex("softmax of relu", of_logits(F.relu), rows, "-relu(z_y) bends down at 0"),
    not_convex("normalized logits (Kornblith 2021)", of_logits(lambda z: F.normalize(z, dim=1) * 10.0), rows, BOUNDED),
    not_convex("layer norm before", of_logits(lambda z: F.layer_norm(z, (3,))), rows, BOUNDED),
    # epsilons and clamps
    not_convex("log(p + 1e-8)", of_p(lambda p: -torch.log(p + 1e-8)), rows, BOUNDED),
    not_convex("log(p + 1e-12)", of_p(lambda p: -torch.log(p + 1e-12)), rows, BOUNDED),
    not_convex("log(clamp(p, 1e-7))", of_p(lambda p: -torch.log(p.clamp(min=1e-7))), rows, BOUNDED),
    not_convex("log(clamp(p, 1e-7, 1 - 1e-7))", of_p(lambda p: -torch.log(p.clamp(1e-7, 1 - 1e-7))), rows, BOUNDED),
    not_convex("log(max(p, 1e-12))", of_p(lambda p: -torch.log(torch.maximum(p, numbers(1e-12)))), rows, BOUNDED),
    not_convex(
        "where(p > 1e-6, -log p, const)", of_p(lambda p: torch.where(p > 1e-6, -torch.log(p), 13.8)), rows, BOUNDED
    ),
    # other functions of p
    convex("1/p", of_p(lambda p: 1 / p), rows, "sum_j exp(z_j - z_y)", reach=100),
    convex("1/p - log p", of_p(lambda p: 1 / p - torch.log(p)), rows, "a sum of convex functions", reach=100),
    convex("log(p)^2", of_p(lambda p: torch.log(p) ** 2), rows, "cross-entropy squared", reach=100),
    not_convex("-sqrt(p)", of_p(lambda p: -torch.sqrt(p)), rows, BOUNDED),
    convex("odds: (1 - p)/p", of_p(lambda p: (1 - p) / p), rows, "sum_{j != y} exp(z_j - z_y)", reach=30),
    convex("log odds: log(1-p) - log p", lambda z, y: torch.logsumexp(z[:, 1:], 1).sum() - z[:, 0].sum(), rows, LSE),
    not_convex(
        "pseudo-label",
        lambda z: F.cross_entropy(z, z.detach().argmax(1)),
        lambda: (reals(1, 3),),
        "logsumexp(z) - max(z): on (t, 0, 0) a peak at t = 0",
        expect_undecided="the target is an argmax of the variable",
    ),
    # margins and raw outputs
    convex("Crammer-Singer", crammer_singer, rows, "a maximum of affine functions"),
    convex("Weston-Watkins", weston_watkins, rows, "a sum of max(0, affine)"),
    convex("Weston-Watkins: own class written over", weston_watkins_masked, rows, "a sum of max(0, affine)"),
    convex("multi_margin_loss", F.multi_margin_loss, rows, "a sum of max(0, affine)"),
    convex("multi_margin_loss: p 2", functools.partial(F.multi_margin_loss, p=2), rows, "squares of max(0, affine)"),
    convex("perceptron", lambda z, y: (z.max(1).values - z.gather(1, y[:, None])[:, 0]).mean(), rows, "max of affine"),
    convex("square on raw outputs", lambda z, y: F.mse_loss(z, onehot(z, y)), rows, "squares of affine functions"),
    convex("Hui-Belkin", hui_belkin, rows, "squares of affine functions"),
    convex("output reset, two classes", output_reset, pair, "half the squared hinge"),
    not_convex("sigmoid per class, squared", lambda z, y: F.mse_loss(torch.sigmoid(z), onehot(z, y)), rows, BOUNDED),
    convex(
        "one against all", lambda z, y: F.binary_cross_entropy_with_logits(z, onehot(z, y)), rows, "softplus of affine"
    ),
    convex(
        "one against all: softplus",
        lambda z, y: F.softplus(z * (1 - 2 * onehot(z, y))).sum(),
        rows,
        "softplus of affine",
        reach=19,
    ),
    convex(
        "sparsemax",
        sparsemax,
        lambda: (reals(1, 3), index(0)),
        "a maximum over the simplex of affine functions (Martins 2016)",
        expect_undecided="a data-dependent support",
    ),
    convex("additive margin", lambda z, y: F.cross_entropy(z - 0.35 * onehot(z, y), y), rows, LSE),
    convex("unhinged", lambda z, y: 1 - z.gather(1, y[:, None]).mean() + z.mean(), rows, "affine"),
    convex("constant", lambda z, y: (z * 0).sum() + math.pi, rows, "constant"),
)
