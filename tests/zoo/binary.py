"""Losses of one logit or one margin for each sample."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from tests.zoo.case import Truth, convex, not_convex, numbers, reals
from torch import Tensor, nn

LOGISTIC = "softplus(z) - y z: softplus'' = p (1-p) > 0"
WEIGHTED = "y w softplus(-z) + (1-y) softplus(z) = (1 + (w-1) y) softplus(z) - w y z: convex iff 1 + (w-1) y >= 0"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
REDESCENDING = "bounded above for m -> -inf or sublinear there: not convex (losses.md section 4)"
HINGE = "a maximum of affine functions"


def labels() -> tuple[Tensor, Tensor]:
    return reals(4), numbers(1.0, 0.0, 0.0, 1.0)


def signs() -> tuple[Tensor, Tensor]:
    return reals(4), numbers(1.0, -1.0, -1.0, 1.0)


def one() -> tuple[Tensor, Tensor]:
    return reals(1), numbers(1.0)


def given(*y: float) -> Callable[[], tuple[Tensor, Tensor]]:
    return lambda: (reals(len(y)), numbers(*y))


def margin(of_margin: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The mean of a function of the margin y z, y in {-1, +1}."""
    return lambda z, y: of_margin(y * z).mean()


def by_hand(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def both_sigmoids(z: Tensor, y: Tensor) -> Tensor:
    return -(y * torch.sigmoid(z).log() + (1 - y) * torch.sigmoid(-z).log()).sum()


def sigmoid_by_exp(z: Tensor, y: Tensor) -> Tensor:
    p = 1 / (1 + torch.exp(-z))
    return -(y * torch.log(p) + (1 - y) * torch.log1p(-p)).mean()


def stable(z: Tensor, y: Tensor) -> Tensor:
    return (z.clamp(min=0) - z * y + torch.log1p(torch.exp(-z.abs()))).mean()


def stable_relu(z: Tensor, y: Tensor) -> Tensor:
    return (F.relu(z) - z * y + torch.log(1 + torch.exp(-torch.abs(z)))).sum()


def stable_max(z: Tensor, y: Tensor) -> Tensor:
    top = (-z).clamp(min=0)
    return ((1 - y) * z + top + ((-top).exp() + (-z - top).exp()).log()).mean()


def stable_where(z: Tensor, y: Tensor) -> Tensor:
    plus = torch.where(z > 0, z + torch.log1p(torch.exp(-z)), torch.log1p(torch.exp(z)))
    return (plus - y * z).mean()


def by_probability_of_truth(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    return -torch.log(torch.where(y > 0.5, p, 1 - p)).mean()


def from_stack(z: Tensor, y: Tensor) -> Tensor:
    both = torch.stack([torch.zeros_like(z), z], dim=1)
    return F.cross_entropy(both, y.long())


def tanh_half(z: Tensor, y: Tensor) -> Tensor:
    return -torch.log((1 + torch.tanh(y * z / 2)) / 2).mean()


def smooth_hinge(m: Tensor) -> Tensor:
    return torch.where(m >= 1, torch.zeros_like(m), torch.where(m <= 0, 0.5 - m, 0.5 * (1 - m) ** 2))


def modified_huber(m: Tensor) -> Tensor:
    return torch.where(m >= -1, (1 - m).clamp(min=0) ** 2, -4 * m)


def quadratic_hinge(m: Tensor, gamma: float = 0.5) -> Tensor:
    return torch.where(m >= 1 - gamma, F.relu(1 - m) ** 2 / (2 * gamma), 1 - gamma / 2 - m)


def quadratic_hinge_misprinted(m: Tensor) -> Tensor:
    return torch.where(m >= -1, F.relu(-m) ** 2, -4 * m)


def sparse_plus(x: Tensor) -> Tensor:
    return torch.where(x <= -1, torch.zeros_like(x), torch.where(x >= 1, x, (x + 1) ** 2 / 4))


def focal(z: Tensor, y: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    p = torch.sigmoid(z)
    ce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    p_t = p * y + (1 - p) * (1 - y)
    loss = ce * ((1 - p_t) ** gamma)
    return ((alpha * y + (1 - alpha) * (1 - y)) * loss).mean()


def poly1(z: Tensor, y: Tensor, eps: float) -> Tensor:
    p_t = torch.sigmoid(torch.where(y > 0, z, -z))
    return (F.binary_cross_entropy_with_logits(z, y, reduction="none") + eps * (1 - p_t)).mean()


def plus_squared_error(z: Tensor, y: Tensor, c: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(z, y) + c * F.mse_loss(torch.sigmoid(z), y)


def clipped(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def with_eps(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    return -(y * torch.log(p + 1e-6) + (1 - y) * torch.log(1 - p + 1e-6)).mean()


def probit(m: Tensor) -> Tensor:
    return -torch.log(0.5 * (1 + torch.erf(m / 2**0.5)))


def cloglog(z: Tensor, y: Tensor) -> Tensor:
    return ((1 - y) * torch.exp(z) - y * torch.log(-torch.expm1(-torch.exp(z)))).mean()


def unlabelled(z: Tensor, y: Tensor) -> Tensor:
    """Positive and unlabelled data, logistic loss (du Plessis 2014): z[0] is positive, the others unlabelled."""
    risk = 0.3 * F.softplus(-z[0]) - 0.3 * F.softplus(z[0])
    return risk + F.softplus(z[1:]).mean()


def unlabelled_non_negative(z: Tensor, y: Tensor) -> Tensor:
    rest = torch.logaddexp(z[1:], torch.zeros(3, dtype=z.dtype)).mean() - 0.3 * torch.logaddexp(z[0], z[0] * 0)
    return -0.3 * F.logsigmoid(z[0]) + rest.clamp(min=0)


def bce(**options: object) -> Callable[..., Tensor]:
    return functools.partial(F.binary_cross_entropy_with_logits, **options)  # type: ignore[arg-type]


def softplus_spelling(z: Tensor, y: Tensor) -> Tensor:
    return F.softplus(-y * z).mean()


def logistic(z: Tensor, y: Tensor) -> Tensor:
    return -F.logsigmoid(y * z).mean()


CASES = (
    convex("bce_with_logits", F.binary_cross_entropy_with_logits, labels, LOGISTIC),
    convex("bce_with_logits: sum", bce(reduction="sum"), labels, LOGISTIC),
    convex("bce_with_logits: the module", nn.BCEWithLogitsLoss(), labels, LOGISTIC),
    convex("bce_with_logits: soft labels", F.binary_cross_entropy_with_logits, given(0.2, 0.9), LOGISTIC),
    convex("bce_with_logits: labels 2 and -1", F.binary_cross_entropy_with_logits, given(2.0, -1.0), LOGISTIC),
    convex("bce_with_logits: pos_weight 5", bce(pos_weight=numbers(5.0)), labels, WEIGHTED),
    convex("bce_with_logits: pos_weight 0", bce(pos_weight=numbers(0.0)), labels, WEIGHTED),
    convex(
        "bce_with_logits: pos_weight 3, label -1/2", bce(pos_weight=numbers(3.0)), given(-0.5), WEIGHTED + ": affine"
    ),
    not_convex("bce_with_logits: pos_weight 3, label -1", bce(pos_weight=numbers(3.0)), given(-1.0), WEIGHTED),
    not_convex("bce_with_logits: pos_weight -1, label 1", bce(pos_weight=numbers(-1.0)), one, WEIGHTED),
    convex("bce_with_logits: weights", bce(weight=numbers(1.0, 0.0, 2.0, 0.5)), labels, "weights >= 0"),
    not_convex(
        "bce_with_logits: a negative weight", bce(weight=numbers(1.0, -0.1, 2.0, 0.5)), labels, "a concave term"
    ),
    convex(
        "bce_with_logits: a column",
        F.binary_cross_entropy_with_logits,
        lambda: (reals(3, 1), numbers([1.0], [0.0], [1.0])),
        LOGISTIC,
    ),
    convex(
        "bce_with_logits: smoothed labels",
        lambda z, y: F.binary_cross_entropy_with_logits(z, y * 0.9 + 0.05),
        labels,
        LOGISTIC,
    ),
    convex(
        "bce: softplus(-y z)",
        softplus_spelling,
        signs,
        LOGISTIC,
        as_coded=Truth.NOT_CONVEX,
        ideal=logistic,
        witness=((0.0, 19.99, 0.0, 0.0), (0.0, 20.01, 0.0, 0.0)),
    ),
    convex("bce: logsigmoid", logistic, signs, LOGISTIC),
    convex("bce: log(1 + exp)", margin(lambda m: torch.log(1 + torch.exp(-m))), signs, LOGISTIC, reach=100),
    convex("bce: log1p(exp)", margin(lambda m: torch.log1p(torch.exp(-m))), signs, LOGISTIC, reach=100),
    convex("bce: logaddexp", margin(lambda m: torch.logaddexp(torch.zeros_like(m), -m)), signs, LOGISTIC),
    convex("bce: -log sigmoid", margin(lambda m: -torch.log(torch.sigmoid(m))), signs, LOGISTIC, reach=100),
    convex(
        "bce: -log of 1/(1 + exp)", margin(lambda m: -torch.log(1 / (1 + torch.exp(-m)))), signs, LOGISTIC, reach=100
    ),
    convex("bce: tanh", tanh_half, signs, LOGISTIC, reach=4),
    convex("bce: by hand with 1 - p", by_hand, labels, LOGISTIC, reach=4),
    convex("bce: by hand with sigmoid(-z)", both_sigmoids, labels, LOGISTIC, reach=100),
    convex("bce: sigmoid by exp, log1p(-p)", sigmoid_by_exp, labels, LOGISTIC, reach=4),
    convex("bce: stable with clamp and abs", stable, labels, LOGISTIC),
    convex("bce: stable with relu and abs", stable_relu, labels, LOGISTIC),
    convex("bce: stable with max", stable_max, labels, LOGISTIC),
    convex("bce: stable with where", stable_where, labels, LOGISTIC, reach=100),
    convex("bce: where on the labels", by_probability_of_truth, labels, LOGISTIC, reach=4),
    convex("bce: two classes", from_stack, labels, LOGISTIC),
    convex("bce: base 2", margin(lambda m: torch.log2(1 + torch.exp(-m))), signs, LOGISTIC, reach=100),
    convex(
        "bce: binary_cross_entropy of sigmoid",
        lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y),
        labels,
        LOGISTIC,
        as_coded=Truth.NOT_CONVEX,
        ideal=F.binary_cross_entropy_with_logits,
        witness=((-300.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)),
    ),
    convex(
        "bce: kinks at 0 taken out", margin(lambda m: F.relu(-m) + torch.log1p(torch.exp(-m.abs()))), signs, LOGISTIC
    ),
    not_convex("bce: clipped probabilities", clipped, labels, BOUNDED),
    not_convex("bce: eps in the logs", with_eps, labels, BOUNDED),
    not_convex(
        "bce: double sigmoid", lambda z, y: F.binary_cross_entropy_with_logits(torch.sigmoid(z), y), labels, BOUNDED
    ),
    not_convex(
        "bce: clamped logits", lambda z, y: F.binary_cross_entropy_with_logits(z.clamp(-5, 5), y), labels, BOUNDED
    ),
    not_convex("bce: of tanh", lambda z, y: F.binary_cross_entropy_with_logits(3 * torch.tanh(z), y), labels, BOUNDED),
    not_convex(
        "bce: of relu",
        lambda z, y: F.binary_cross_entropy_with_logits(F.relu(z), y),
        labels,
        "label 1: flat, then falls",
    ),
    not_convex("bce: minus", lambda z, y: -F.binary_cross_entropy_with_logits(z, y), labels, "concave, not affine"),
    # margins
    convex("hinge", margin(lambda m: F.relu(1 - m)), signs, HINGE),
    convex("hinge: clamp", margin(lambda m: torch.clamp(1 - m, min=0)), signs, HINGE),
    convex("hinge: maximum", margin(lambda m: torch.maximum(1 - m, torch.zeros_like(m))), signs, HINGE),
    convex("hinge: where", margin(lambda m: torch.where(m < 1, 1 - m, torch.zeros_like(m))), signs, HINGE),
    convex("hinge: product with a mask", margin(lambda m: (1 - m) * (m < 1)), signs, HINGE),
    convex("hinge: abs", margin(lambda m: ((1 - m) + (1 - m).abs()) / 2), signs, HINGE),
    convex("hinge: in place", margin(lambda m: (1 - m).clamp_(min=0)), signs, HINGE),
    convex("hinge: boolean index written", margin(lambda m: _zeroed(1 - m)), signs, HINGE),
    convex("hinge: squared", margin(lambda m: F.relu(1 - m) ** 2), signs, "the square of max(0, affine)"),
    convex("hinge: power 3/2", margin(lambda m: F.relu(1 - m) ** 1.5), signs, "t^1.5 increases on t >= 0"),
    convex("hinge: smoothed (Rennie)", margin(smooth_hinge), signs, "C1, derivative not decreasing"),
    convex("hinge: quadratically smoothed", margin(quadratic_hinge), signs, "C1, derivative not decreasing"),
    not_convex(
        "hinge: misprinted modified Huber", margin(quadratic_hinge_misprinted), signs, "jumps at m = -1 (losses.md 2.4)"
    ),
    convex("modified Huber", margin(modified_huber), signs, "C1, derivative not decreasing"),
    convex("sparsemax loss", margin(lambda m: sparse_plus(-m)), signs, "C1, derivative clamp((x+1)/2, 0, 1)"),
    convex("perceptron", margin(lambda m: F.relu(-m)), signs, HINGE),
    convex("exponential", margin(lambda m: torch.exp(-m)), signs, "exp of affine", reach=100),
    convex("square", margin(lambda m: (1 - m) ** 2), signs, "the square of an affine function"),
    convex("unhinged", margin(lambda m: 1 - m), signs, "affine"),
    convex("soft_margin_loss", F.soft_margin_loss, signs, LOGISTIC, reach=100),
    convex("hinge_embedding_loss", F.hinge_embedding_loss, signs, HINGE),
    convex("logistic with margin 1", margin(lambda m: F.softplus(1 - m, threshold=1000)), signs, LOGISTIC, reach=100),
    convex(
        "logistic squared",
        margin(lambda m: torch.log1p(torch.exp(-m)) ** 2),
        signs,
        "square of a convex function > 0",
        reach=100,
    ),
    convex("probit", margin(probit), signs, "Phi is log-concave (its density is)", reach=4),
    convex(
        "cloglog",
        cloglog,
        labels,
        "log(1 - exp(-u)), u = e^z, has the derivative u / (e^u - 1), which decreases",
        reach=4,
    ),
    convex(
        "power of 1/p",
        margin(lambda m: (1 + torch.exp(-m)) ** 0.5),
        signs,
        "f'' has the sign of 1 + e^-m / 2 (u = e^-m: (1+u)^(1/2), twice by m)",
        reach=100,
    ),
    not_convex("0-1 by erf", margin(lambda m: 0.5 * (1 - torch.erf(m))), signs, BOUNDED),
    not_convex("sigmoid loss", margin(lambda m: torch.sigmoid(-m)), signs, BOUNDED),
    not_convex("tanh loss", margin(lambda m: 1 - torch.tanh(m)), signs, BOUNDED),
    not_convex("savage", margin(lambda m: (1 + torch.exp(m)) ** -2.0), signs, BOUNDED, reach=100),
    not_convex("tangent", margin(lambda m: (2 * torch.atan(m) - 1) ** 2), signs, BOUNDED),
    not_convex("ramp", margin(lambda m: (1 - m).clamp(0, 2)), signs, BOUNDED),
    not_convex("ramp as a difference of hinges", margin(lambda m: F.relu(1 - m) - F.relu(-m)), signs, BOUNDED),
    not_convex("square root of the hinge", margin(lambda m: (F.relu(1 - m) + 1).sqrt()), signs, REDESCENDING),
    not_convex(
        "log of the logistic loss",
        margin(lambda m: torch.log1p(torch.log1p(torch.exp(-m)))),
        signs,
        REDESCENDING,
        reach=100,
    ),
    not_convex("squared error on tanh", margin(lambda m: (1 - torch.tanh(m)) ** 2), signs, BOUNDED),
    not_convex("squared error on sigmoid", lambda z, y: F.mse_loss(torch.sigmoid(z), y), labels, BOUNDED),
    not_convex(
        "squared error on sigmoid: by hand",
        lambda z, y: ((1 / (1 + (-z).exp()) - y) ** 2).mean(),
        labels,
        BOUNDED,
        reach=100,
    ),
    not_convex("absolute error on sigmoid", lambda z, y: F.l1_loss(z.sigmoid(), y), labels, BOUNDED),
    not_convex("huber on sigmoid", lambda z, y: F.huber_loss(z.sigmoid(), y, delta=0.5), labels, BOUNDED),
    not_convex("hinge on tanh", margin(lambda m: F.relu(1 - torch.tanh(m))), signs, BOUNDED),
    # focal and polynomial
    convex("focal: gamma 0", functools.partial(focal, gamma=0.0), labels, "weighted cross-entropy"),
    not_convex("focal: gamma 1", functools.partial(focal, gamma=1.0), one, "losses.md C2: p_t < 0.0432"),
    not_convex("focal: gamma 2 (RetinaNet)", focal, labels, "losses.md C2: p_t < 0.0578"),
    convex("poly-1: eps 1", functools.partial(poly1, eps=1.0), labels, "losses.md C2: h = 1 + eps (2p - 1)"),
    convex("poly-1: eps -1", functools.partial(poly1, eps=-1.0), labels, "losses.md C2: h = 1 + eps (2p - 1)"),
    not_convex("poly-1: eps 1.01", functools.partial(poly1, eps=1.01), one, "losses.md C2: h(0) < 0"),
    not_convex("poly-1: eps -1.01", functools.partial(poly1, eps=-1.01), one, "losses.md C2: h(1) < 0"),
    convex(
        "bce + 1/2 squared error", functools.partial(plus_squared_error, c=0.5), labels, "h = 1 - 2c + 8cp - 6cp^2 >= 0"
    ),
    not_convex("bce + 0.51 squared error", functools.partial(plus_squared_error, c=0.51), one, "h(0) = 1 - 2c < 0"),
    # positive and unlabelled data
    convex(
        "positive-unlabelled, logistic",
        unlabelled,
        labels,
        "softplus(-z) - softplus(z) = -z (linear-odd)",
        reach=19,
        as_coded=Truth.NOT_CONVEX,
        ideal=lambda z, y: -0.3 * z[0] + torch.logaddexp(z[1:], 0 * z[1:]).mean(),
        witness=((0.0, 19.99, 0.0, 0.0), (0.0, 20.01, 0.0, 0.0)),
    ),
    convex(
        "positive-unlabelled, non-negative",
        unlabelled_non_negative,
        labels,
        "max(0, A - 0.3 s(z)) + 0.3 s(-z) = max(0.3 s(-z), A - 0.3 z): a maximum of convex functions",
    ),
)


def _zeroed(x: Tensor) -> Tensor:
    x[x < 0] = 0
    return x
