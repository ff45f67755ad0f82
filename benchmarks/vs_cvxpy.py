"""CVXPY and lossaudit before the same losses, each spelled as people write it there.

CVXPY's rules say "convex" or nothing; they cannot say "not convex". Both times are for one decision, warm: CVXPY
builds the expression and asks for its curvature, lossaudit runs the loss, proves or refutes it.

    python -m benchmarks.vs_cvxpy
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import cvxpy as cp
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import lossaudit

Expression: TypeAlias = Any
REPEATS = 5

Y = np.array([0.5, 0.25, 0.25])
TARGETS = np.array([1.0, -2.0, 0.5])
T, R = torch.tensor(Y), torch.tensor(TARGETS)
PSD = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])


@dataclass(frozen=True, slots=True)
class Row:
    """One loss in both spellings, of a vector of three.

    Attributes:
        cvxpy: Of a `cvxpy.Variable(3)`.
        torch: Of a tensor of three.
        convex: The truth.
        domain: Where the loss has a value; what CVXPY's atoms imply there too.
    """

    name: str
    cvxpy: Callable[[Any], Expression]
    torch: Callable[[Tensor], Tensor]
    convex: bool = True
    domain: str | tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What both say; seconds for one decision."""

    row: Row
    cvxpy_convex: bool
    lossaudit: str
    cvxpy_seconds: float
    lossaudit_seconds: float

    @property
    def lossaudit_decides(self) -> bool:
        return self.lossaudit in ("proved", "refuted")

    @property
    def wrong(self) -> bool:
        return self.lossaudit == ("refuted" if self.row.convex else "proved")


def softmax(z: Any) -> Expression:
    return cp.exp(z) / cp.sum(cp.exp(z))


def lse(z: Any) -> Expression:
    return cp.log_sum_exp(z)


def softplus(z: Tensor) -> Tensor:
    return torch.logaddexp(z, torch.zeros_like(z))


def each(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The sum of a function of the entries of r = z - targets, in CVXPY."""
    return lambda z: cp.sum(of(z - TARGETS))


def each_t(of: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The same in torch."""
    return lambda z: of(z - R).sum()


def p0(z: Tensor) -> Tensor:
    return torch.softmax(z, 0)[0]


ROWS = (
    # logits
    Row("cross-entropy: logsumexp", lambda z: lse(z) - z[0], lambda z: F.cross_entropy(z, torch.tensor(0))),
    Row(
        "cross-entropy: log of sum of exp",
        lambda z: cp.log(cp.sum(cp.exp(z))) - z[0],
        lambda z: torch.log(z.exp().sum()) - z[0],
    ),
    Row(
        "cross-entropy: log of softmax",
        lambda z: -cp.log(softmax(z)[0]),
        lambda z: -torch.log(z.exp() / z.exp().sum())[0],
    ),
    Row(
        "cross-entropy: shifted by max",
        lambda z: lse(z - cp.max(z)) + cp.max(z) - z[0],
        lambda z: torch.logsumexp(z - z.max(), 0) + z.max() - z[0],
    ),
    Row("soft targets: logsumexp", lambda z: lse(z) - Y @ z, lambda z: F.cross_entropy(z, T)),
    Row(
        "soft targets: sum of terms",
        lambda z: sum(Y[i] * (lse(z) - z[i]) for i in range(3)),
        lambda z: -(T * F.log_softmax(z, 0)).sum(),
    ),
    Row(
        "KL with temperature",
        lambda z: cp.sum(cp.multiply(Y, np.log(Y))) - Y @ z / 4 + lse(z / 4),
        lambda z: F.kl_div(F.log_softmax(z / 4, 0), T, reduction="sum"),
    ),
    Row(
        "KL of softmax: kl_div",
        lambda z: cp.sum(cp.kl_div(Y, softmax(z))),
        lambda z: F.kl_div(F.softmax(z, 0).log(), T, reduction="sum"),
    ),
    Row(
        "KL of softmax: rel_entr",
        lambda z: cp.sum(cp.rel_entr(Y, softmax(z))),
        lambda z: (T * (T / torch.softmax(z, 0)).log()).sum(),
    ),
    Row(
        "logit penalty",
        lambda z: lse(z) - z[0] + 0.01 * cp.sum_squares(z),
        lambda z: F.cross_entropy(z, torch.tensor(0)) + 0.01 * (z**2).sum(),
    ),
    Row(
        "Crammer-Singer",
        lambda z: cp.max(z + np.array([0.0, 1.0, 1.0])) - z[0],
        lambda z: (z + torch.tensor([0.0, 1.0, 1.0], dtype=z.dtype)).max() - z[0],
    ),
    Row(
        "Weston-Watkins",
        lambda z: cp.sum(cp.pos(1 + z[1:] - z[0])),
        lambda z: F.multi_margin_loss(z, torch.tensor(0), reduction="sum"),
    ),
    Row(
        "Plackett-Luce",
        lambda z: lse(z) - z[0] + lse(z[1:]) - z[1],
        lambda z: (z.flip(0).logcumsumexp(0).flip(0) - z).sum(),
    ),
    Row(
        "RankNet",
        lambda z: cp.logistic(z[1] - z[0]) + cp.logistic(z[2] - z[0]),
        lambda z: -F.logsigmoid(z[0] - z[1:]).sum(),
    ),
    Row(
        "multi-label ranking",
        lambda z: lse(cp.hstack([0, z[1], z[2]])) + cp.logistic(-z[0]),
        lambda z: torch.logsumexp(torch.cat([z.new_zeros(1), z[1:]]), 0) + softplus(-z[0]),
    ),
    # margins
    Row("logistic: atom", lambda z: cp.sum(cp.logistic(-z)), lambda z: -F.logsigmoid(z).sum()),
    Row(
        "logistic: log(1 + exp)", lambda z: cp.sum(cp.log(1 + cp.exp(-z))), lambda z: torch.log(1 + torch.exp(-z)).sum()
    ),
    Row("logistic: log1p(exp)", lambda z: cp.sum(cp.log1p(cp.exp(-z))), lambda z: torch.log1p(torch.exp(-z)).sum()),
    Row(
        "logistic: -log of 1/(1 + exp)",
        lambda z: cp.sum(-cp.log(cp.inv_pos(1 + cp.exp(-z)))),
        lambda z: -torch.log(1 / (1 + torch.exp(-z))).sum(),
    ),
    Row(
        "logistic: stable",
        lambda z: cp.sum(cp.pos(z) + cp.log1p(cp.exp(-cp.abs(z)))),
        lambda z: (F.relu(z) + torch.log1p(torch.exp(-z.abs()))).sum(),
    ),
    Row(
        "BCE with logits",
        lambda z: cp.sum(cp.logistic(z) - cp.multiply(Y, z)),
        lambda z: F.binary_cross_entropy_with_logits(z, T, reduction="sum"),
    ),
    Row("softplus squared", lambda z: cp.sum_squares(cp.logistic(z)), lambda z: (softplus(z) ** 2).sum()),
    Row("hinge", lambda z: cp.sum(cp.pos(1 - z)), lambda z: F.relu(1 - z).sum()),
    Row("squared hinge", lambda z: cp.sum_squares(cp.pos(1 - z)), lambda z: F.relu(1 - z).square().sum()),
    Row("exponential", lambda z: cp.sum(cp.exp(-z)), lambda z: torch.exp(-z).sum()),
    Row("perceptron", lambda z: cp.sum(cp.pos(-z)), lambda z: F.relu(-z).sum()),
    Row("CVaR of hinges", lambda z: cp.sum_largest(cp.pos(1 - z), 2), lambda z: F.relu(1 - z).topk(2).values.sum()),
    # residuals
    Row("squares", each(cp.square), each_t(torch.square)),
    Row("squares: product", lambda z: cp.sum(cp.multiply(z - TARGETS, z - TARGETS)), each_t(lambda r: r * r)),
    Row(
        "squares: Mahalanobis",
        lambda z: cp.quad_form(z - TARGETS, PSD),
        lambda z: (z - R) @ torch.tensor(PSD) @ (z - R),
    ),
    Row("RMSE", lambda z: cp.norm2(z - TARGETS), lambda z: torch.sqrt(((z - R) ** 2).sum())),
    Row("absolute", each(cp.abs), each_t(torch.abs)),
    Row("largest error", lambda z: cp.norm_inf(z - TARGETS), lambda z: (z - R).abs().max()),
    Row("Huber: atom", each(cp.huber), lambda z: 2 * F.huber_loss(z, R, reduction="sum")),
    Row(
        "Huber: min and abs",
        each(lambda r: cp.square(cp.minimum(cp.abs(r), 1)) / 2 + cp.abs(r) - cp.minimum(cp.abs(r), 1)),
        each_t(lambda r: r.abs().clamp(max=1) ** 2 / 2 + r.abs() - r.abs().clamp(max=1)),
    ),
    Row(
        "pseudo-Huber: norm",
        lambda z: sum(cp.norm2(cp.hstack([1, z[i]])) for i in range(3)),
        lambda z: torch.sqrt(1 + z**2).sum(),
    ),
    Row(
        "pseudo-Huber: sqrt(1 + r^2)", each(lambda r: cp.sqrt(1 + cp.square(r))), each_t(lambda r: torch.sqrt(1 + r**2))
    ),
    Row(
        "log-cosh: logsumexp",
        lambda z: sum(lse(cp.hstack([z[i], -z[i]])) for i in range(3)),
        lambda z: torch.logaddexp(z, -z).sum(),
    ),
    Row(
        "log-cosh: log of cosh",
        each(lambda r: cp.log((cp.exp(r) + cp.exp(-r)) / 2)),
        each_t(lambda r: torch.log(torch.cosh(r))),
    ),
    Row(
        "pinball", each(lambda r: cp.maximum(0.25 * r, -0.75 * r)), each_t(lambda r: torch.maximum(0.25 * r, -0.75 * r))
    ),
    Row("eps-insensitive", each(lambda r: cp.pos(cp.abs(r) - 0.5)), each_t(lambda r: F.relu(r.abs() - 0.5))),
    Row("power 3/2", each(lambda r: cp.power(cp.abs(r), 1.5)), each_t(lambda r: r.abs() ** 1.5)),
    Row("power 4", each(lambda r: cp.power(r, 4)), each_t(lambda r: r**4)),
    Row("LINEX", each(lambda r: cp.exp(r) - r - 1), each_t(lambda r: torch.exp(r) - r - 1)),
    Row(
        "Poisson, log link",
        lambda z: cp.sum(cp.exp(z) - cp.multiply(Y, z)),
        lambda z: F.poisson_nll_loss(z, T, reduction="sum"),
    ),
    Row("Gamma, log link", lambda z: cp.sum(z + cp.multiply(Y, cp.exp(-z))), lambda z: (z + T * torch.exp(-z)).sum()),
    Row(
        "total variation",
        lambda z: cp.sum_squares(z - TARGETS) + cp.tv(z),
        lambda z: ((z - R) ** 2).sum() + z.diff().abs().sum(),
    ),
    Row(
        "elastic net",
        lambda z: cp.sum_squares(z - TARGETS) + cp.norm1(z),
        lambda z: ((z - R) ** 2).sum() + z.abs().sum(),
    ),
    # on a domain
    Row(
        "Poisson, no link",
        lambda z: cp.sum(z - cp.multiply(Y, cp.log(z))),
        lambda z: (z - T * torch.log(z)).sum(),
        domain="positive",
    ),
    Row(
        "KL in the prediction",
        lambda z: cp.sum(cp.kl_div(Y, z)),
        lambda z: (T * torch.log(T / z) - T + z).sum(),
        domain="positive",
    ),
    Row(
        "negative entropy",
        lambda z: -cp.sum(cp.entr(z)),
        lambda z: torch.special.xlogy(z, z).sum(),
        domain="nonnegative",
    ),
    Row(
        "z log z: product",
        lambda z: cp.sum(cp.multiply(z, cp.log(z))),
        lambda z: (z * torch.log(z)).sum(),
        domain="positive",
    ),
    Row("cube", lambda z: cp.sum(cp.power(z, 3)), lambda z: (z**3).sum(), domain="nonnegative"),
    Row("reciprocal", lambda z: cp.sum(cp.inv_pos(z)), lambda z: (1 / z).sum(), domain="positive"),
    Row(
        "square over linear",
        lambda z: cp.quad_over_lin(z[0], z[1]) + z[2],
        lambda z: z[0] ** 2 / z[1] + z[2],
        domain="positive",
    ),
    Row(
        "(z^2 - 1)^2 on [1, 5]",
        lambda z: cp.sum_squares(cp.square(z) - 1),
        lambda z: ((z**2 - 1) ** 2).sum(),
        domain=(1.0, 5.0),
    ),
    # not convex
    Row(
        "MSE on softmax",
        lambda z: cp.sum_squares(softmax(z) - Y),
        lambda z: F.mse_loss(F.softmax(z, 0), T),
        convex=False,
    ),
    Row(
        "focal",
        lambda z: cp.multiply(cp.square(1 - softmax(z)[0]), -cp.log(softmax(z)[0])),
        lambda z: -((1 - p0(z)) ** 2) * p0(z).log(),
        convex=False,
    ),
    Row("GCE", lambda z: (1 - cp.power(softmax(z)[0], 0.7)) / 0.7, lambda z: (1 - p0(z) ** 0.7) / 0.7, convex=False),
    Row(
        "reverse KL",
        lambda z: cp.sum(cp.kl_div(softmax(z), Y)),
        lambda z: (F.softmax(z, 0) * (F.log_softmax(z, 0) - T.log())).sum(),
        convex=False,
    ),
    Row(
        "ramp", lambda z: cp.sum(cp.pos(1 - z) - cp.pos(-z)), lambda z: (F.relu(1 - z) - F.relu(-z)).sum(), convex=False
    ),
    Row("Cauchy", each(lambda r: cp.log(1 + cp.square(r))), each_t(lambda r: torch.log(1 + r**2)), convex=False),
    Row(
        "Geman-McClure",
        each(lambda r: cp.square(r) / (1 + cp.square(r))),
        each_t(lambda r: r**2 / (1 + r**2)),
        convex=False,
    ),
    Row(
        "Dice",
        lambda z: 1 - (Y @ softmax(z)) / cp.sum_squares(softmax(z)),
        lambda z: 1 - (T @ F.softmax(z, 0)) / F.softmax(z, 0).square().sum(),
        convex=False,
    ),
    Row(
        "triplet, of squares in n",
        lambda z: cp.pos(4 - cp.sum_squares(z - TARGETS)),
        lambda z: F.relu(4 - (z - R).square().sum()),
        convex=False,
    ),
    Row("product", lambda z: z[0] * z[1], lambda z: z[0] * z[1], convex=False),
)


def variable(row: Row) -> Any:
    """A CVXPY variable with what CVXPY can be told of the domain."""
    if row.domain is None:
        return cp.Variable(3)
    if isinstance(row.domain, tuple):
        low, high = row.domain
        return cp.Variable(3, bounds=[low, high])
    return cp.Variable(3, nonneg=True)


def example(row: Row) -> Tensor:
    return torch.tensor([1.5, 2.0, 3.0] if row.domain else [0.3, -0.2, 0.7], dtype=torch.float64)


def ask(row: Row, repeats: int) -> Answer:
    """Both tools before one loss."""
    cvxpy_times, lossaudit_times, convex, status = [], [], False, ""
    for _ in range(repeats):
        start = time.perf_counter()
        convex = bool(row.cvxpy(variable(row)).is_convex())
        cvxpy_times.append(time.perf_counter() - start)
        start = time.perf_counter()
        status = lossaudit.prove(row.torch, example(row), domain=row.domain).status.value  # type: ignore[attr-defined]
        lossaudit_times.append(time.perf_counter() - start)
    return Answer(row, convex, status, statistics.median(cvxpy_times), statistics.median(lossaudit_times))


def answers(repeats: int = REPEATS) -> list[Answer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [ask(row, repeats) for row in ROWS]


def main() -> int:
    """Print the table; 1 if lossaudit is wrong, or leaves open what CVXPY decides."""
    given = answers()
    print(f"{'loss':34}{'truth':>12}{'CVXPY ' + cp.__version__:>14}{'ms':>8}{'lossaudit':>12}{'ms':>8}")
    for a in given:
        truth, cvxpy = "convex" if a.row.convex else "not convex", "convex" if a.cvxpy_convex else "unknown"
        times = a.cvxpy_seconds * 1e3, a.lossaudit_seconds * 1e3
        print(f"{a.row.name:34}{truth:>12}{cvxpy:>14}{times[0]:8.2f}{a.lossaudit:>12}{times[1]:8.1f}")
    by_cvxpy = [a for a in given if a.cvxpy_convex]
    by_lossaudit = [a for a in given if a.lossaudit_decides]
    missed = [a.row.name for a in by_cvxpy if a.lossaudit != "proved"]
    wrong = [a.row.name for a in given if a.wrong or (a.cvxpy_convex and not a.row.convex)]
    times = [statistics.median(a.cvxpy_seconds for a in given), statistics.median(a.lossaudit_seconds for a in given)]
    print(f"decided of {len(given)}: CVXPY {len(by_cvxpy)}, lossaudit {len(by_lossaudit)}")
    print(f"median time: CVXPY {times[0] * 1e3:.2f} ms, lossaudit {times[1] * 1e3:.1f} ms")
    print(f"decided by CVXPY alone: {', '.join(missed) or 'none'}; wrong: {', '.join(wrong) or 'none'}")
    return int(bool(missed or wrong))


if __name__ == "__main__":
    sys.exit(main())
