"""Functions at the edge: exact ties, tiny curvatures, and what other tools get wrong (certify.md, section 2)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from tests.zoo.case import convex, not_convex, numbers, positives, reals
from torch import Tensor

FORM = "a quadratic form; the sign of its smallest eigenvalue decides"


def two() -> tuple[Tensor]:
    return (reals(2),)


def one() -> tuple[Tensor]:
    return (reals(1),)


def plus() -> tuple[Tensor]:
    return (positives(1),)


def form(a: float, b: float, c: float) -> Callable[[Tensor], Tensor]:
    """a x^2 + 2 b x y + c y^2."""
    return lambda v: a * v[0] ** 2 + 2 * b * v[0] * v[1] + c * v[1] ** 2


CASES = (
    not_convex("x^2 - 1e-11 y^2", form(1.0, 0.0, -1e-11), two, FORM, witness=((0.0, -1.0), (0.0, 1.0))),
    not_convex("-1e-11 x^2", lambda v: -1e-11 * v[0] ** 2, one, FORM),
    convex("x^2 + 1e-11 y^2", form(1.0, 0.0, 1e-11), two, FORM),
    convex("(x + y)^2 expanded", form(1.0, 1.0, 1.0), two, FORM + ": 0"),
    not_convex("(x + y)^2 less 1e-11 y^2", form(1.0, 1.0, 1.0 - 1e-11), two, FORM, witness=((-1.0, 1.0), (1.0, -1.0))),
    convex("4x^2 + 4xy + y^2", form(4.0, 2.0, 1.0), two, FORM + ": 0"),
    not_convex("x y", lambda v: v[0] * v[1], two, FORM + ": -1/2"),
    convex("x y - y x", lambda v: v[0] * v[1] - v[1] * v[0], two, "zero"),
    convex("x y + squares", form(1.0, 0.5, 1.0), two, FORM + ": 1/2"),
    convex("product of equals", lambda v: (v[0] - 1) * (v[0] - 1), one, "a square"),
    convex(
        "difference of squares that cancels", lambda v: (v[0] + v[1]) ** 2 - 2 * v[0] * v[1] - v[1] ** 2, two, "x^2"
    ),
    not_convex(
        "x^4 - 1e-12 x^2", lambda v: v[0] ** 4 - 1e-12 * v[0] ** 2, one, "-2e-12 at 0", witness=((-5e-7,), (5e-7,))
    ),
    not_convex("double well", lambda v: (v[0] ** 2 - 1) ** 2, one, "a local maximum at 0"),
    convex("x^4", lambda v: v[0] ** 4, one, "12 x^2 >= 0"),
    convex("x^4 + x^2 - x", lambda v: v[0] ** 4 + v[0] ** 2 - v[0], one, "12 x^2 + 2"),
    convex(
        "x^4 - 2x^3 + 2x^2",
        lambda v: v[0] ** 4 - 2 * v[0] ** 3 + 2 * v[0] ** 2,
        one,
        "12x^2 - 12x + 4: discriminant < 0",
    ),
    not_convex("x^4 - 2x^3", lambda v: v[0] ** 4 - 2 * v[0] ** 3, one, "12x^2 - 12x < 0 on (0, 1)"),
    not_convex("x^3", lambda v: v[0] ** 3, one, "6x"),
    convex("x^3: positive", lambda v: v[0] ** 3, plus, "6x > 0", domain="positive"),
    convex("(x^2)^-2: positive", lambda v: (v[0] ** 2) ** -2.0, plus, "x^-4", domain="positive"),
    convex("exp(x)^-2", lambda v: torch.exp(v[0]) ** -2.0, one, "exp(-2x)", reach=100),
    not_convex("-(exp(x)^-2)", lambda v: -(torch.exp(v[0]) ** -2.0), one, "-exp(-2x)", reach=100),
    not_convex(
        "log1p(x)^2 - log1p(y): positive",
        lambda v: torch.log1p(v[0]) ** 2 - torch.log1p(v[1]),
        lambda: (positives(2),),
        "x > e - 1",
        domain="positive",
        witness=((9.0, 1.0), (19.0, 1.0)),
    ),
    convex(
        "-log1p(y): positive",
        lambda v: -torch.log1p(v).sum(),
        lambda: (positives(2),),
        "log is concave",
        domain="positive",
    ),
    not_convex("sigmoid", lambda v: torch.sigmoid(v[0]), one, "bounded, not constant"),
    not_convex("sin", lambda v: torch.sin(v[0]), one, "bounded, not constant"),
    not_convex("x + sin x", lambda v: v[0] + torch.sin(v[0]), one, "-sin"),
    not_convex("x^2/2 + 1.01 sin x", lambda v: v[0] ** 2 / 2 + 1.01 * torch.sin(v[0]), one, "1 - 1.01 sin x"),
    convex(
        "x^2 + sin x",
        lambda v: v[0] ** 2 + torch.sin(v[0]),
        one,
        "2 - sin x >= 1",
        expect_undecided="a strongly convex part against a bounded second derivative",
    ),
    convex(
        "x log x: positive", lambda v: (v * torch.log(v)).sum(), lambda: (positives(2),), "1/x > 0", domain="positive"
    ),
    convex("1/x: positive", lambda v: (1 / v).sum(), lambda: (positives(2),), "2/x^3 > 0", domain="positive"),
    not_convex("-1/x: positive", lambda v: -(1 / v).sum(), lambda: (positives(2),), "-2/x^3 < 0", domain="positive"),
    convex(
        "sqrt of x, minus: positive",
        lambda v: -v.sqrt().sum(),
        lambda: (positives(2),),
        "x^(-3/2)/4 > 0",
        domain="positive",
    ),
    convex("x^2/y: y constant", lambda v: v[0] ** 2 / 3.0, one, "a square"),
    convex(
        "x^2/y: positive",
        lambda v: v[0] ** 2 / v[1],
        lambda: (positives(2),),
        "the perspective of a square",
        domain="positive",
    ),
    convex(
        "x log(x/y): positive",
        lambda v: v[0] * torch.log(v[0] / v[1]),
        lambda: (positives(2),),
        "the perspective of x log x",
        domain="positive",
    ),
    not_convex(
        "y/x: positive", lambda v: v[1] / v[0], lambda: (positives(2),), "determinant -1/x^4", domain="positive"
    ),
    convex(
        "log of sum of exp, by hand",
        lambda v: torch.log(torch.exp(v[0]) + torch.exp(v[1])),
        two,
        "logsumexp",
        reach=100,
    ),
    convex("log(e^x + e^x)", lambda v: torch.log(torch.exp(v[0]) + torch.exp(v[0])), one, "affine", reach=100),
    convex("log(exp(x))", lambda v: torch.log(torch.exp(v[0])), one, "affine", reach=100),
    convex("minus log(exp(x))", lambda v: -torch.log(torch.exp(v[0])), one, "affine", reach=100),
    convex("logsumexp less its shift", lambda v: torch.logsumexp(v - 5.0, 0) + 5.0, two, "logsumexp"),
    convex("logsumexp of twice, halved", lambda v: torch.logsumexp(2 * v, 0) / 2, two, "logsumexp"),
    not_convex(
        "logsumexp(z) - logsumexp(2z)/2",
        lambda v: torch.logsumexp(v, 0) - torch.logsumexp(2 * v, 0) / 2,
        two,
        "bounded",
    ),
    convex(
        "2 logsumexp(z) - logsumexp(z)", lambda v: 2 * torch.logsumexp(v, 0) - torch.logsumexp(v, 0), two, "logsumexp"
    ),
    not_convex(
        "max - 1e-9 |x|",
        lambda v: v.max() - 1e-9 * v[0].abs(),
        two,
        "bends down at x = 0 > y",
        witness=((-1.0, -9.0), (1.0, -9.0)),
    ),
    convex("max + 1e-9 |x|", lambda v: v.max() + 1e-9 * v[0].abs(), two, "a sum of convex functions"),
    not_convex(
        "|x| - |x - 1e-9|", lambda v: v[0].abs() - (v[0] - 1e-9).abs(), one, "bounded", witness=((0.0,), (2e-9,))
    ),
    convex("|x| + |x - 1| - |x|/2", lambda v: v[0].abs() + (v[0] - 1).abs() - v[0].abs() / 2, one, "|x|/2 + |x - 1|"),
    convex(
        "max(x, y) + min(x, y)", lambda v: torch.maximum(v[0], v[1]) + torch.minimum(v[0], v[1]), two, "x + y: affine"
    ),
    not_convex(
        "max(x, y) - 2 min(x, y) + 3 min(x, y)",
        lambda v: torch.maximum(v[0], v[1]) + 1.01 * torch.minimum(v[0], v[1]),
        two,
        "affine + 0.01 min",
    ),
    convex("relu(x) - relu(-x)", lambda v: torch.relu(v[0]) - torch.relu(-v[0]), one, "x: affine"),
    convex("affine", lambda v: v @ numbers(3.0, -1e-11) + 7.0, two, "affine"),
    convex("constant", lambda v: (v - v).sum() + 1.0, two, "constant"),
    convex(
        "0 times log: positive",
        lambda v: 0.0 * torch.log(v).sum(),
        lambda: (positives(2),),
        "constant where log has a value",
        domain="positive",
    ),
    convex("1e-11 x^2", lambda v: 1e-11 * (v**2).sum(), two, "a square"),
    convex("1e-300 exp", lambda v: 1e-300 * torch.exp(v).sum(), two, "exp", reach=100),
    convex("clamp from below at 1e-7", lambda v: v.clamp(min=1e-7).sum(), two, "a maximum of affine functions"),
    not_convex(
        "clamp from above at 1e7",
        lambda v: v.clamp(max=1e7).sum(),
        two,
        "a minimum of affine functions",
        witness=((0.0, 0.0), (2e7, 0.0)),
    ),
    convex(
        "clamp both sides of a constant range",
        lambda v: torch.sigmoid(v).clamp(0, 1).sum() * 0 + v.sum(),
        two,
        "affine",
    ),
    convex("abs of exp", lambda v: torch.exp(v).abs().sum(), two, "exp", reach=100),
    convex("square of exp", lambda v: (torch.exp(v) ** 2).sum(), two, "exp(2x)", reach=100),
    convex("exp of square", lambda v: torch.exp(v**2).sum(), two, "increasing convex of convex", reach=16),
    not_convex(
        "square of exp minus 1",
        lambda v: ((torch.exp(v) - 1) ** 2).sum(),
        two,
        "e^x (2 e^x - 1) < 0 for x < -log 2",
        reach=16,
    ),
    convex("exp minus x, expm1", lambda v: (torch.expm1(v) - v).sum(), two, "exp + affine", reach=100),
    not_convex("log(1 + x^2)", lambda v: torch.log(1 + v**2).sum(), two, "1 - x^2 < 0 outside [-1, 1]"),
    not_convex(
        "x times its sigmoid", lambda v: torch.nn.functional.silu(v).sum(), two, "tends to 0 from below for x -> -inf"
    ),
    not_convex("gelu", lambda v: torch.nn.functional.gelu(v).sum(), two, "tends to 0 from below for x -> -inf"),
    convex("elu: alpha 1", lambda v: torch.nn.functional.elu(v).sum(), two, "slopes e^x, then 1"),
    not_convex(
        "elu: alpha 3/2", lambda v: torch.nn.functional.elu(v, 1.5).sum(), two, "the slope drops from 1.5 to 1 at 0"
    ),
    convex("relu6 of a negative square", lambda v: torch.nn.functional.relu6(-(v**2)).sum(), two, "0"),
)
