"""Losses as people write them, instruction by instruction. Each takes a builder and its variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flint import fmpq

from lossaudit.geometry.interval import rational
from lossaudit.geometry.program import Builder

Make = Callable[[Builder, Sequence[int]], int]
HALF = fmpq(1, 2)


def quotients(b: Builder, z: Sequence[int]) -> list[int]:
    """exp(z) / exp(z).sum()."""
    total = b.linear((1, b.exp(v)) for v in z)
    return [b.divide(b.exp(v), total) for v in z]


def softmax(b: Builder, z: Sequence[int]) -> list[int]:
    total = b.logsumexp(z)
    return [b.exp(b.minus(v, total)) for v in z]


def log_softmax(b: Builder, z: Sequence[int]) -> list[int]:
    total = b.logsumexp(z)
    return [b.minus(v, total) for v in z]


def shifted(b: Builder, z: Sequence[int]) -> list[int]:
    """Z - z.max()."""
    top = b.maximum(z)
    return [b.minus(v, top) for v in z]


def log_of_sum(b: Builder, z: Sequence[int]) -> int:
    return b.log(b.linear((1, b.exp(v)) for v in z))


def sigmoid(b: Builder, x: int) -> int:
    return b.add("sigmoid", (x,))


def softplus(b: Builder, x: int) -> int:
    return b.add("softplus", (x,))


def minus_log(b: Builder, x: int) -> int:
    return b.scale(-1, b.log(x))


def one_minus(b: Builder, x: int) -> int:
    return b.scale(-1, x, 1)


def divided_sigmoid(b: Builder, x: int) -> int:
    """1 / (1 + exp(-x))."""
    return b.divide(b.constant(1), b.scale(1, b.exp(b.scale(-1, x)), 1))


def exp_sigmoid(b: Builder, x: int) -> int:
    """exp(x) / (1 + exp(x))."""
    return b.divide(b.exp(x), b.scale(1, b.exp(x), 1))


def stable_softplus(b: Builder, x: int) -> int:
    """max(x, 0) + log1p(exp(-|x|))."""
    even = b.log(b.scale(1, b.exp(b.scale(-1, b.absolute(x))), 1))
    return b.plus(b.maximum([x, b.constant(0)]), even)


def cosh(b: Builder, x: int) -> int:
    return b.linear([(HALF, b.exp(x)), (HALF, b.exp(b.scale(-1, x)))])


CROSS_ENTROPY: Mapping[str, Make] = {
    "logsumexp(z) - z_0": lambda b, z: b.minus(b.logsumexp(z), z[0]),
    "-log_softmax(z)[0]": lambda b, z: b.scale(-1, log_softmax(b, z)[0]),
    "-log(softmax(z)[0])": lambda b, z: minus_log(b, softmax(b, z)[0]),
    "-log(exp(z_0) / sum(exp(z)))": lambda b, z: minus_log(b, quotients(b, z)[0]),
    "log(sum(exp(z))) - z_0": lambda b, z: b.minus(log_of_sum(b, z), z[0]),
    "log(sum(exp(z)) / exp(z_0))": lambda b, z: b.log(b.divide(b.linear((1, b.exp(v)) for v in z), b.exp(z[0]))),
    "log(sum(exp(z - z_0)))": lambda b, z: log_of_sum(b, [b.minus(v, z[0]) for v in z]),
    "log(1 + sum_k exp(z_k - z_0))": lambda b, z: b.log(b.linear([(1, b.exp(b.minus(v, z[0]))) for v in z[1:]], 1)),
    "softplus(logsumexp(z_k - z_0))": lambda b, z: softplus(b, b.logsumexp([b.minus(v, z[0]) for v in z[1:]])),
    "-log(1 / (1 + sum_k exp(z_k - z_0)))": lambda b, z: minus_log(
        b, b.divide(b.constant(1), b.linear([(1, b.exp(b.minus(v, z[0]))) for v in z[1:]], 1))
    ),
    "smoothed targets": lambda b, z: b.linear(
        (-c, v) for c, v in zip([fmpq(9, 10), *[fmpq(1, 10 * (len(z) - 1))] * len(z)], log_softmax(b, z), strict=False)
    ),
    "with the mean subtracted": lambda b, z: b.scale(
        -1, log_softmax(b, [b.minus(v, b.linear((fmpq(1, len(z)), w) for w in z)) for v in z])[0]
    ),
    "with temperature": lambda b, z: b.scale(-4, log_softmax(b, [b.scale(HALF, v) for v in z])[0]),
    "squared": lambda b, z: b.power(b.minus(b.logsumexp(z), z[0]), 2),
    "1 / p, the exponential of it": lambda b, z: b.power(softmax(b, z)[0], -1),
}

STABILISED: Mapping[str, Make] = {
    "-log(quotient) of z - max": lambda b, z: minus_log(b, quotients(b, shifted(b, z))[0]),
    "log_softmax of z - max": lambda b, z: b.scale(-1, log_softmax(b, shifted(b, z))[0]),
    "log(sum(exp(z - max))) + max - z_0": lambda b, z: b.linear(
        [(1, log_of_sum(b, shifted(b, z))), (1, b.maximum(z)), (-1, z[0])]
    ),
    "(z - max) - log(sum(exp(z - max)))": lambda b, z: b.scale(
        -1, b.minus(shifted(b, z)[0], log_of_sum(b, shifted(b, z)))
    ),
    "log_softmax twice": lambda b, z: b.scale(-1, log_softmax(b, log_softmax(b, z))[0]),
    "distillation, both stabilised": lambda b, z: b.linear(
        (-c, v) for c, v in zip([HALF, fmpq(1, 4), fmpq(1, 4)], log_softmax(b, shifted(b, z)), strict=False)
    ),
}

LOGISTIC: Mapping[str, Make] = {
    "softplus(-x)": lambda b, x: softplus(b, b.scale(-1, x[0])),
    "log(1 + exp(-x))": lambda b, x: b.log(b.scale(1, b.exp(b.scale(-1, x[0])), 1)),
    "-log(sigmoid(x))": lambda b, x: minus_log(b, sigmoid(b, x[0])),
    "-log(1 / (1 + exp(-x)))": lambda b, x: minus_log(b, divided_sigmoid(b, x[0])),
    "-log(exp(x) / (1 + exp(x)))": lambda b, x: minus_log(b, exp_sigmoid(b, x[0])),
    "-log(1 - sigmoid(x))": lambda b, x: minus_log(b, one_minus(b, sigmoid(b, x[0]))),
    "-log(1 - 1 / (1 + exp(-x)))": lambda b, x: minus_log(b, one_minus(b, divided_sigmoid(b, x[0]))),
    "-log(1 - exp(x) / (1 + exp(x)))": lambda b, x: minus_log(b, one_minus(b, exp_sigmoid(b, x[0]))),
    "max(x, 0) + log1p(exp(-|x|))": lambda b, x: stable_softplus(b, x[0]),
    "max(x, 0) - x y + log1p(exp(-|x|))": lambda b, x: b.minus(stable_softplus(b, x[0]), b.scale(fmpq(1, 3), x[0])),
    "max(x, 0) + softplus(-|x|)": lambda b, x: b.plus(
        b.maximum([x[0], b.constant(0)]), softplus(b, b.scale(-1, b.absolute(x[0])))
    ),
    "-(min(x, 0) - log1p(exp(-|x|)))": lambda b, x: b.scale(
        -1,
        b.minus(b.minimum([x[0], b.constant(0)]), b.log(b.scale(1, b.exp(b.scale(-1, b.absolute(x[0]))), 1))),
    ),
    "binary cross-entropy of a probability": lambda b, x: b.linear(
        [
            (fmpq(-3, 10), b.log(sigmoid(b, x[0]))),
            (fmpq(-7, 10), b.log(one_minus(b, sigmoid(b, x[0])))),
        ]
    ),
    "of two logits, -log(1 - softmax)": lambda b, x: minus_log(b, one_minus(b, softmax(b, [x[0], b.constant(0)])[0])),
    "of two logits, -log(1 - quotient)": lambda b, x: minus_log(
        b, one_minus(b, quotients(b, [x[0], b.constant(0)])[0])
    ),
    "squared": lambda b, x: b.power(softplus(b, x[0]), 2),
}

CONVEX: Mapping[str, Make] = {
    "positive and unlabelled data": lambda b, x: b.linear(
        [
            (HALF, softplus(b, b.scale(-1, x[0]))),
            (-HALF, softplus(b, x[0])),
            (1, b.logsumexp([x[1], b.constant(0)])),
        ]
    ),
    "the same, not under zero": lambda b, x: b.plus(
        b.scale(HALF, softplus(b, b.scale(-1, x[0]))),
        b.maximum([b.constant(0), b.linear([(1, softplus(b, x[1])), (-HALF, b.logsumexp([x[0], b.constant(0)]))])]),
    ),
    "twice the larger minus the distance": lambda b, x: b.linear(
        [(2, b.maximum(x[:2])), (-1, b.absolute(b.minus(x[0], x[1]))), (1, b.power(x[2], 2))]
    ),
    "logsumexp(x, y) against softplus(y - x)": lambda b, x: b.minus(
        b.scale(rational(1 + 1e-9), b.logsumexp(x[:2])), softplus(b, b.minus(x[1], x[0]))
    ),
    "square": lambda b, x: b.power(b.scale(1, x[0], -1), 2),
    "(x - 1)(x - 1) unsimplified": lambda b, x: b.add("multiply", (b.scale(1, x[0], -1),) * 2),
    "x (x - 1)": lambda b, x: b.multiply(x[0], b.scale(1, x[0], -1)),
    "(x - y)^2 multiplied out": lambda b, x: b.linear(
        [(1, b.power(x[0], 2)), (-2, b.multiply(x[0], x[1])), (1, b.power(x[1], 2))]
    ),
    "exponential": lambda b, x: b.exp(b.scale(-1, x[0])),
    "hinge": lambda b, x: b.maximum([b.constant(0), b.scale(-1, x[0], 1)]),
    "squared hinge": lambda b, x: b.power(b.maximum([b.constant(0), b.scale(-1, x[0], 1)]), 2),
    "multi-class margin": lambda b, x: b.linear(
        (1, b.maximum([b.constant(0), b.linear([(-1, x[0]), (1, v)], 1)])) for v in x[1:]
    ),
    "Crammer-Singer": lambda b, x: b.maximum([b.constant(0), *(b.linear([(-1, x[0]), (1, v)], 1) for v in x[1:])]),
    "pinball": lambda b, x: b.maximum([b.scale(fmpq(3, 10), x[0]), b.scale(fmpq(-7, 10), x[0])]),
    "expectile": lambda b, x: b.linear(
        [
            (fmpq(3, 10), b.power(b.maximum([x[0], b.constant(0)]), 2)),
            (fmpq(7, 10), b.power(b.maximum([b.scale(-1, x[0]), b.constant(0)]), 2)),
        ]
    ),
    "epsilon-insensitive": lambda b, x: b.maximum([b.constant(0), b.scale(1, b.absolute(x[0]), fmpq(-1, 10))]),
    "log(cosh(x))": lambda b, x: b.log(cosh(b, x[0])),
    "x + softplus(-2x) - log 2": lambda b, x: b.linear(
        [(1, x[0]), (1, softplus(b, b.scale(-2, x[0]))), (-1, b.log(b.constant(2)))]
    ),
    "Poisson": lambda b, x: b.linear([(1, b.exp(x[0])), (-3, x[0])]),
    "gamma, log link": lambda b, x: b.linear([(3, b.exp(b.scale(-1, x[0]))), (1, x[0])]),
    "Tweedie, p = 3/2": lambda b, x: b.linear([(6, b.exp(b.scale(-HALF, x[0]))), (2, b.exp(b.scale(HALF, x[0])))]),
    "negative binomial": lambda b, x: b.linear([(5, b.log(b.scale(1, b.exp(x[0]), 2))), (-3, x[0])]),
    "sqrt(1 + x^2) - 1": lambda b, x: b.scale(1, b.power(b.scale(1, b.power(x[0], 2), 1), HALF), -1),
    "norm": lambda b, x: b.power(b.linear((1, b.power(b.scale(1, v, -1), 2)) for v in x), HALF),
    "norm with a floor": lambda b, x: b.power(b.linear([(1, b.power(v, 2)) for v in x], fmpq(1, 100)), HALF),
    "l1": lambda b, x: b.linear((1, b.absolute(b.scale(1, v, -1))) for v in x),
    "RankNet": lambda b, x: b.linear((1, softplus(b, b.minus(v, x[0]))) for v in x[1:]),
    "KL to softmax": lambda b, x: b.linear(
        ((-c, v) for c, v in zip([HALF, fmpq(3, 10), fmpq(1, 5)], log_softmax(b, x), strict=False)), fmpq(-1)
    ),
    "probit": lambda b, x: minus_log(b, b.scale(HALF, b.add("erf", (b.scale(rational(0.7), x[0]),)), HALF)),
    "complementary log-log": lambda b, x: minus_log(b, one_minus(b, b.exp(b.scale(-1, b.exp(x[0]))))),
    "cumulative link, middle level": lambda b, x: minus_log(
        b, b.minus(sigmoid(b, b.scale(-1, x[0], 1)), sigmoid(b, b.scale(-1, x[0], HALF)))
    ),
    "cumulative link, a level between a score and another": lambda b, x: minus_log(
        b,
        b.minus(
            sigmoid(b, b.linear([(1, x[0]), (-1, x[1]), (1, b.exp(b.constant(-20)))])), sigmoid(b, b.minus(x[0], x[1]))
        ),
    ),
    "cumulative probit, middle level": lambda b, x: minus_log(
        b,
        b.linear([(HALF, b.add("erf", (b.scale(-1, x[0], 1),))), (-HALF, b.add("erf", (b.scale(-1, x[0], -1),)))]),
    ),
    "a slice of tanh": lambda b, x: minus_log(
        b, b.minus(b.add("tanh", (b.scale(3, x[0], rational(1e-9)),)), b.add("tanh", (b.scale(3, x[0]),)))
    ),
    "cumulative link": lambda b, x: minus_log(b, one_minus(b, divided_sigmoid(b, b.minus(x[0], x[1])))),
    "exp(x)^-2": lambda b, x: b.power(b.exp(x[0]), -2),
    "InfoNCE over similarities": lambda b, x: b.scale(-1, log_softmax(b, [b.scale(14, v) for v in x])[0]),
    "penalised logistic regression": lambda b, x: b.linear(
        [(1, softplus(b, b.linear([(3, x[0]), (-2, x[1])], 1))), *((fmpq(1, 100), b.power(v, 2)) for v in x)]
    ),
}

NOT_CONVEX: Mapping[str, Make] = {
    "Brier": lambda b, z: b.linear(
        [(1, b.power(one_minus(b, softmax(b, z)[0]), 2)), (1, b.power(softmax(b, z)[1], 2))]
    ),
    "Brier of quotients": lambda b, z: b.power(one_minus(b, quotients(b, z)[0]), 2),
    "Brier, stabilised": lambda b, z: b.power(one_minus(b, softmax(b, shifted(b, z))[0]), 2),
    "squared error of a sigmoid": lambda b, z: b.power(one_minus(b, sigmoid(b, z[0])), 2),
    "focal": lambda b, z: b.scale(-1, b.multiply(b.power(one_minus(b, softmax(b, z)[0]), 2), log_softmax(b, z)[0])),
    "binary focal": lambda b, z: b.multiply(b.power(sigmoid(b, b.scale(-1, z[0])), 2), softplus(b, b.scale(-1, z[0]))),
    "mean absolute error of softmax": lambda b, z: b.absolute(one_minus(b, softmax(b, z)[0])),
    "generalised cross-entropy": lambda b, z: one_minus(b, b.power(softmax(b, z)[0], fmpq(7, 10))),
    "-log(p + 1e-8)": lambda b, z: minus_log(b, b.scale(1, softmax(b, z)[0], rational(1e-8))),
    "-log(clamp(p))": lambda b, z: minus_log(b, b.maximum([softmax(b, z)[0], b.constant(rational(1e-7))])),
    "double softmax": lambda b, z: b.scale(-1, log_softmax(b, softmax(b, z))[0]),
    "cross-entropy minus its maximum": lambda b, z: b.logsumexp(shifted(b, z)),
    "ramp": lambda b, z: b.minimum([b.constant(1), b.maximum([b.constant(0), b.scale(-1, z[0], 1)])]),
    "Cauchy": lambda b, z: b.log(b.scale(1, b.power(z[0], 2), 1)),
    "Geman-McClure": lambda b, z: b.divide(b.power(z[0], 2), b.scale(1, b.power(z[0], 2), 1)),
    "Welsch": lambda b, z: one_minus(b, b.exp(b.scale(-1, b.power(z[0], 2)))),
    "entropy of softmax, negated": lambda b, z: b.linear(
        (1, b.multiply(p, q)) for p, q in zip(softmax(b, z), log_softmax(b, z), strict=True)
    ),
    "cross-entropy with a negative weight": lambda b, z: b.linear(
        (c, v) for c, v in zip([fmpq(-1), HALF, fmpq(1)], log_softmax(b, z), strict=False)
    ),
    "Poly-1 at 2": lambda b, z: b.linear([(-1, log_softmax(b, z)[0]), (-2, softmax(b, z)[0])], 2),
    "bilinear": lambda b, z: b.power(b.scale(-1, b.multiply(z[0], z[1]), 1), 2),
    "cube": lambda b, z: b.power(z[0], 3),
    "log(cosh) minus |x|": lambda b, x: b.minus(b.log(cosh(b, x[0])), b.absolute(x[0])),
    "softplus(-|x|) alone": lambda b, x: softplus(b, b.scale(-1, b.absolute(x[0]))),
    "|x|/4 + softplus(-|x|)": lambda b, x: b.linear(
        [(fmpq(1, 4), b.absolute(x[0])), (1, softplus(b, b.scale(-1, b.absolute(x[0]))))]
    ),
    "x^2 - 1e-11 y^2": lambda b, x: b.linear([(1, b.power(x[0], 2)), (rational(-1e-11), b.power(x[1], 2))]),
    "-1e-11 x^2": lambda b, x: b.scale(rational(-1e-11), b.power(x[0], 2)),
    "x^4 - 1e-12 x^2": lambda b, x: b.linear([(1, b.power(x[0], 4)), (rational(-1e-12), b.power(x[0], 2))]),
    "x^2 - (2 + 1e-11) x y + y^2": lambda b, x: b.linear(
        [(1, b.power(x[0], 2)), (-2 - rational(1e-11), b.multiply(x[0], x[1])), (1, b.power(x[1], 2))]
    ),
    "x^2 - max(x, 0) + max(x, 1)": lambda b, x: b.linear(
        [
            (1, b.power(x[0], 2)),
            (-1, b.maximum([x[0], b.constant(0)])),
            (1, b.maximum([x[0], b.constant(1)])),
        ]
    ),
    "softplus(x) - softplus(-2x)": lambda b, x: b.minus(softplus(b, x[0]), softplus(b, b.scale(-2, x[0]))),
    "softplus(x) - softplus(1 - x)": lambda b, x: b.minus(softplus(b, x[0]), softplus(b, b.scale(-1, x[0], 1))),
    "logsumexp(x, y) against a little more": lambda b, x: b.minus(
        b.scale(rational(1 - 1e-9), b.logsumexp(x[:2])), softplus(b, b.minus(x[1], x[0]))
    ),
    "a max minus a little more of it": lambda b, x: b.plus(
        b.scale(-1 - rational(1e-11), b.maximum(x[:2])), b.maximum([b.scale(-1, v) for v in x[:2]])
    ),
    "max of a sum that is concave in one argument": lambda b, x: b.minus(
        b.maximum([b.constant(0), b.minus(x[1], softplus(b, x[0]))]), b.scale(HALF, x[0])
    ),
    "a level whose upper end is convex": lambda b, x: minus_log(
        b, b.minus(sigmoid(b, b.scale(1, b.exp(x[0]), fmpq(1, 100))), sigmoid(b, b.constant(0)))
    ),
    "a level whose lower end is concave": lambda b, x: minus_log(
        b, b.minus(sigmoid(b, b.constant(1)), sigmoid(b, b.scale(-1, b.exp(x[0]))))
    ),
    "the wrong sign": lambda b, x: b.log(
        b.minus(sigmoid(b, b.scale(-1, x[0], 1)), sigmoid(b, b.scale(-1, x[0], HALF)))
    ),
    "a slice of atan, whose density is not log-concave": lambda b, x: minus_log(
        b, b.minus(b.add("atan", (b.scale(1, x[0], 1),)), b.add("atan", (x[0],)))
    ),
    "two scales": lambda b, x: minus_log(
        b, b.scale(1, b.minus(b.add("tanh", (b.scale(1, x[0], 1),)), sigmoid(b, x[0])), 2)
    ),
    "sqrt(|x|)": lambda b, x: b.power(b.absolute(x[0]), HALF),
    "(sum x^2)^(1/4)": lambda b, x: b.power(b.linear((1, b.power(v, 2)) for v in x), fmpq(1, 4)),
}
"""Truly not convex on all of R^n, and none may be proved."""
