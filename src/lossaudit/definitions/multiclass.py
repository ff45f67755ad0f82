"""Losses of a row of K class probabilities, or of K scores, and a class index."""

from __future__ import annotations

import torch
from torch import Tensor

from lossaudit.definitions.definition import Definition
from lossaudit.pairing import TargetEncoding


def _true(values: Tensor, target: Tensor) -> Tensor:
    return values.gather(-1, target[:, None])[:, 0]


def _one_hot(values: Tensor, target: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(target, values.shape[-1]).to(values.dtype)


def focal(p: Tensor, y: Tensor, gamma: float = 2.0) -> Tensor:
    """-(1 - p_y)^gamma log p_y."""
    true = _true(p, y)
    return -((1 - true) ** gamma * true.log()).sum()


def generalised_cross_entropy(p: Tensor, y: Tensor, q: float = 0.7) -> Tensor:
    """(1 - p_y^q) / q."""
    return ((1 - _true(p, y) ** q) / q).sum()


def poly1(p: Tensor, y: Tensor, epsilon: float = 1.0) -> Tensor:
    """-log p_y + epsilon (1 - p_y)."""
    true = _true(p, y)
    return (-true.log() + epsilon * (1 - true)).sum()


def brier(p: Tensor, y: Tensor) -> Tensor:
    """sum_k (p_k - y_k)^2."""
    return ((p - _one_hot(p, y)) ** 2).sum()


def spherical(p: Tensor, y: Tensor) -> Tensor:
    """1 - p_y / |p|."""
    return (1 - _true(p, y) / (p * p).sum(-1).sqrt()).sum()


def ranked_probability_score(p: Tensor, y: Tensor) -> Tensor:
    """sum over cuts of (cumulative p - cumulative y)^2."""
    return ((p.cumsum(-1) - _one_hot(p, y).cumsum(-1)) ** 2).sum()


def ordinal_cross_entropy(p: Tensor, y: Tensor) -> Tensor:
    """Binary cross-entropy of the cumulative probabilities, summed over the K - 1 cuts."""
    below = p.cumsum(-1)[:, :-1]
    above = p.flip(-1).cumsum(-1).flip(-1)[:, 1:]
    at_most = _one_hot(p, y).cumsum(-1)[:, :-1]
    return -(at_most * below.log() + (1 - at_most) * above.log()).sum()


def confidence_penalty(p: Tensor, y: Tensor, beta: float = 0.1) -> Tensor:
    """-log p_y - beta H(p)."""
    return -_true(p, y).log().sum() + beta * (p * p.log()).sum()


def symmetric_cross_entropy(p: Tensor, y: Tensor, alpha: float = 0.1, beta: float = 1.0, floor: float = -4.0) -> Tensor:
    """-alpha log p_y - beta floor (1 - p_y)."""
    true = _true(p, y)
    return (-alpha * true.log() - beta * floor * (1 - true)).sum()


def normalised_cross_entropy(p: Tensor, y: Tensor) -> Tensor:
    """log p_y / sum_k log p_k."""
    logs = p.log()
    return (_true(logs, y) / logs.sum(-1)).sum()


def jensen_shannon(p: Tensor, y: Tensor) -> Tensor:
    """Jensen-Shannon divergence between the prediction and the one-hot target, in nats."""
    true = _true(p, y)
    middle = (1 + true) / 2
    others = (1 - true) * torch.log(torch.tensor(2.0, dtype=p.dtype))
    return (-middle.log() / 2 + (true * (true.log() - middle.log()) + others) / 2).sum()


def label_smoothing(z: Tensor, y: Tensor, epsilon: float = 0.1) -> Tensor:
    """Cross-entropy with (1 - epsilon) one-hot + epsilon / K."""
    return torch.nn.functional.cross_entropy(z, y, label_smoothing=epsilon, reduction="sum")


def logit_penalty(z: Tensor, y: Tensor, beta: float = 1e-2) -> Tensor:
    """Cross-entropy + beta |z|^2."""
    return torch.nn.functional.cross_entropy(z, y, reduction="sum") + beta * (z * z).sum()


def logit_normalisation(z: Tensor, y: Tensor, temperature: float = 1.0) -> Tensor:
    """Cross-entropy of z / (temperature |z|)."""
    direction = z / (temperature * z.norm(dim=-1, keepdim=True))
    return torch.nn.functional.cross_entropy(direction, y, reduction="sum")


def square(z: Tensor, y: Tensor) -> Tensor:
    """sum_k (z_k - y_k)^2 on the raw outputs."""
    return ((z - _one_hot(z, y)) ** 2).sum()


def hui_belkin(z: Tensor, y: Tensor, k: float = 15.0, m: float = 30.0) -> Tensor:
    """(k (z_y - m)^2 + sum over the other classes of z_i^2) / K."""
    hot = _one_hot(z, y)
    return ((k * hot + 1 - hot) * (z - m * hot) ** 2).sum() / z.shape[-1]


def crammer_singer(z: Tensor, y: Tensor) -> Tensor:
    """max(0, 1 + max over the other classes of z_i - z_y)."""
    margins = torch.relu(1 + z - _true(z, y)[:, None])
    return (margins * (1 - _one_hot(z, y))).amax(-1).sum()


def weston_watkins(z: Tensor, y: Tensor) -> Tensor:
    """Sum over the other classes of max(0, 1 + z_i - z_y)."""
    margins = torch.relu(1 + z - _true(z, y)[:, None])
    return (margins * (1 - _one_hot(z, y))).sum()


_INDEX = TargetEncoding.CLASS_INDEX

DEFINITIONS = (
    Definition("focal", focal, "softmax", _INDEX, "Lin et al. 2017, eq. 4 (without alpha)", {"gamma": 2.0}),
    Definition("gce", generalised_cross_entropy, "softmax", _INDEX, "Zhang and Sabuncu 2018, eq. 6", {"q": 0.7}),
    Definition("poly1", poly1, "softmax", _INDEX, "Leng et al. 2022, eq. 4", {"epsilon": 1.0}),
    Definition("brier", brier, "softmax", _INDEX, "Brier 1950"),
    Definition("spherical", spherical, "softmax", _INDEX, "Gneiting and Raftery 2007, section 4.2"),
    Definition("rps", ranked_probability_score, "softmax", _INDEX, "Epstein 1969"),
    Definition("ordinal_cross_entropy", ordinal_cross_entropy, "softmax", _INDEX, "Wang et al. 2025, arXiv 2511.10200"),
    Definition("confidence_penalty", confidence_penalty, "softmax", _INDEX, "Pereyra et al. 2017", {"beta": 0.1}),
    Definition(
        "sce",
        symmetric_cross_entropy,
        "softmax",
        _INDEX,
        "Wang et al. 2019, eq. 7",
        {"alpha": 0.1, "beta": 1.0, "floor": -4.0},
    ),
    Definition("nce", normalised_cross_entropy, "softmax", _INDEX, "Ma et al. 2020, eq. 3"),
    Definition("js", jensen_shannon, "softmax", _INDEX, "Englesson and Azizpour 2021"),
    Definition("label_smoothing", label_smoothing, "identity", _INDEX, "Szegedy et al. 2016", {"epsilon": 0.1}),
    Definition("logit_penalty", logit_penalty, "identity", _INDEX, "Kornblith et al. 2021", {"beta": 1e-2}),
    Definition("logit_norm", logit_normalisation, "identity", _INDEX, "Wei et al. 2022", {"temperature": 1.0}),
    Definition("square", square, "identity", _INDEX, "Hui and Belkin 2021"),
    Definition("hui_belkin", hui_belkin, "identity", _INDEX, "Hui and Belkin 2021", {"k": 15.0, "m": 30.0}),
    Definition("crammer_singer", crammer_singer, "identity", _INDEX, "Crammer and Singer 2001"),
    Definition("weston_watkins", weston_watkins, "identity", _INDEX, "Weston and Watkins 1999"),
)
