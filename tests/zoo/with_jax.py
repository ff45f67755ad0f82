"""The losses of optax themselves, on arrays of JAX, and others as people write them with `jax.numpy`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from optax import losses as optax
from tests.zoo.case import Case, convex, not_convex, undefined_outside

LSE = "logsumexp minus a linear form"
SQUARE = "squares of affine functions"
LOGISTIC = "softplus of affine"
MAXIMUM = "a maximum of affine functions"
BOUNDED = "not constant and bounded above on all of R^n, so not convex (losses.md C1)"
ONE_HOT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
KINDS = np.array([0, 2])
PRIOR = np.array([0.2, 0.3, 0.5])


def reals(*shape: int, seed: int = 0) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape))


def against(target: Any, *shape: int) -> Callable[[], tuple[Any, ...]]:
    """An example of two arguments: a prediction of the target's shape, or of the given one, and the target."""
    return lambda: (reals(*(shape or np.shape(target))), jnp.asarray(target))


def mean(loss: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return lambda z, y: loss(z, y, **options).mean()


onehot, kinds = against(ONE_HOT), against(KINDS, 2, 3)
signs, labels = against([1.0, -1.0, 1.0]), against([1.0, 0.0, 1.0])
both = against([0.5, -1.5, 2.0])
positive = against([0.5, 1.5, 2.0])


def positive_both() -> tuple[jax.Array, jax.Array]:
    return reals(3) ** 2 + 0.1, jnp.asarray(PRIOR)


def cross_entropy_by_hand(z: jax.Array, y: jax.Array) -> jax.Array:
    p = jnp.exp(z) / jnp.exp(z).sum(-1, keepdims=True)
    return -jnp.log(p[jnp.arange(len(y)), y]).mean()


def cross_entropy_shifted(z: jax.Array, y: jax.Array) -> jax.Array:
    z = z - z.max(-1, keepdims=True)
    return -(z - jnp.log(jnp.exp(z).sum(-1, keepdims=True)))[jnp.arange(len(y)), y].sum()


def masked_cross_entropy(z: jax.Array, y: jax.Array) -> jax.Array:
    mask = jnp.array([True, False])
    return jnp.where(mask, optax.softmax_cross_entropy_with_integer_labels(z, y), 0.0).sum() / mask.sum()


def over_a_batch(z: jax.Array, y: jax.Array) -> jax.Array:
    return jax.vmap(lambda row, k: jax.nn.logsumexp(row) - row[k])(z, y).mean()


def over_time(z: jax.Array, y: jax.Array) -> jax.Array:
    def step(total: jax.Array, row: Any) -> tuple[jax.Array, None]:
        return total + optax.softmax_cross_entropy_with_integer_labels(*row), None

    return jax.lax.scan(step, jnp.zeros(()), (z, y))[0]


def weighted_by_confidence(z: jax.Array, y: jax.Array) -> jax.Array:
    p = jax.nn.softmax(z)[jnp.arange(len(y)), y]
    return ((1 - p) ** 2 * optax.softmax_cross_entropy_with_integer_labels(z, y)).mean()


def huber_by_hand(f: jax.Array, y: jax.Array) -> jax.Array:
    r = jnp.abs(f - y)
    return jnp.where(r < 1.0, 0.5 * r**2, r - 0.5).sum()


def fenchel_young(max_fun: Callable[..., Any]) -> Callable[..., Any]:
    return mean(optax.make_fenchel_young_loss(max_fun))


def ctc(z: jax.Array) -> jax.Array:
    no_padding, label = jnp.zeros((1, 3)), jnp.array([[1]])
    return optax.ctc_loss(z, no_padding, label, jnp.zeros((1, 1))).sum()


def logistic_regression(w: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    return optax.sigmoid_binary_cross_entropy(x @ w, y).mean() + 0.1 * (w**2).sum()


def network(params: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    return ((jax.nn.sigmoid(x @ params["hidden"]) @ params["out"] - 1.0) ** 2).mean()


def weights() -> tuple[Any, ...]:
    return {"hidden": reals(2, 2), "out": reals(2, seed=1)}, reals(3, 2, seed=2)


CASES: tuple[Case, ...] = (
    convex("jax: optax.squared_error", mean(optax.squared_error), both, SQUARE),
    convex("jax: optax.l2_loss", mean(optax.l2_loss), both, SQUARE),
    convex("jax: optax.huber_loss", mean(optax.huber_loss), both, "C1, derivative not decreasing"),
    convex("jax: optax.huber_loss: 0.25", mean(optax.huber_loss, delta=0.25), both, "C1, derivative not decreasing"),
    convex("jax: optax.log_cosh", mean(optax.log_cosh), both, "logsumexp of affine"),
    not_convex("jax: optax.cosine_similarity", mean(optax.cosine_similarity), both, BOUNDED),
    not_convex("jax: optax.cosine_distance", mean(optax.cosine_distance, epsilon=1e-6), both, BOUNDED),
    convex("jax: optax.sigmoid_binary_cross_entropy", mean(optax.sigmoid_binary_cross_entropy), labels, LOGISTIC),
    convex("jax: optax.hinge_loss", mean(optax.hinge_loss), signs, "max(0, affine)"),
    convex("jax: optax.perceptron_loss", mean(optax.perceptron_loss), signs, "max(0, affine)"),
    convex(
        "jax: optax.sparsemax_loss",
        mean(optax.sparsemax_loss),
        against([1, 0, 1]),
        "C1, derivative clamp((x+1)/2, 0, 1)",
    ),
    not_convex("jax: optax.sigmoid_focal_loss", mean(optax.sigmoid_focal_loss), labels, "losses.md C2"),
    not_convex("jax: optax.sigmoid_focal_loss: alpha", mean(optax.sigmoid_focal_loss, alpha=0.25), labels, "C2"),
    convex("jax: optax.softmax_cross_entropy", mean(optax.softmax_cross_entropy), onehot, LSE),
    convex(
        "jax: optax.softmax_cross_entropy: smooth_labels",
        lambda z, t: optax.softmax_cross_entropy(z, optax.smooth_labels(t, 0.1)).mean(),
        onehot,
        LSE,
    ),
    convex(
        "jax: optax.softmax_cross_entropy_with_integer_labels",
        mean(optax.softmax_cross_entropy_with_integer_labels),
        kinds,
        LSE,
    ),
    convex("jax: optax.safe_softmax_cross_entropy", mean(optax.safe_softmax_cross_entropy), onehot, LSE),
    convex(
        "jax: optax.poly_loss_cross_entropy: 1",
        mean(optax.poly_loss_cross_entropy, epsilon=1.0),
        onehot,
        "losses.md C2: |eps| <= 1",
    ),
    not_convex(
        "jax: optax.poly_loss_cross_entropy: 2 (default)",
        mean(optax.poly_loss_cross_entropy),
        onehot,
        "losses.md C2: |eps| <= 1",
    ),
    convex("jax: optax.kl_divergence", mean(optax.kl_divergence), onehot, "affine in the log-predictions"),
    convex(
        "jax: optax.kl_divergence: of log_softmax",
        lambda z, t: optax.kl_divergence(jax.nn.log_softmax(z), t).mean(),
        onehot,
        LSE,
    ),
    convex(
        "jax: optax.kl_divergence_with_log_targets",
        lambda z, t: optax.kl_divergence_with_log_targets(jax.nn.log_softmax(z), t).mean(),
        against(np.log([PRIOR, PRIOR[::-1]])),
        LSE,
    ),
    convex(
        "jax: optax.generalized_kl_divergence",
        mean(optax.generalized_kl_divergence),
        onehot,
        "exp + affine in the log-predictions",
        reach=100,
    ),
    convex("jax: optax.multiclass_hinge_loss", mean(optax.multiclass_hinge_loss), kinds, MAXIMUM),
    convex("jax: optax.multiclass_perceptron_loss", mean(optax.multiclass_perceptron_loss), kinds, MAXIMUM),
    convex(
        "jax: optax.multiclass_sparsemax_loss",
        mean(optax.multiclass_sparsemax_loss),
        kinds,
        "a Fenchel-Young loss: a supremum of affine functions, plus affine (Martins and Astudillo 2016)",
        expect_undecided="sorts the scores",
    ),
    convex("jax: optax.make_fenchel_young_loss: logsumexp", fenchel_young(jax.nn.logsumexp), onehot, LSE),
    convex("jax: optax.make_fenchel_young_loss: max", fenchel_young(jnp.max), onehot, MAXIMUM),
    convex("jax: optax.ranking_softmax_loss", mean(optax.ranking_softmax_loss), onehot, LSE),
    convex(
        "jax: optax.ranking_softmax_loss: where",
        lambda s, r: optax.ranking_softmax_loss(s, r, where=jnp.array([True, True, False])),
        against([2.0, 0.0, 1.0]),
        LSE,
    ),
    not_convex(
        "jax: optax.ntxent",
        functools.partial(optax.ntxent, temperature=0.5),
        against([0, 0, 1, 1], 4, 2),
        BOUNDED,
    ),
    not_convex(
        "jax: optax.triplet_margin_loss",
        lambda a, p: optax.triplet_margin_loss(a, p, -p).mean(),
        against([[1.0, 0.0], [0.0, 1.0]]),
        "along a = t (p - n) the loss falls from a constant to 0 in the end: |a - n| is convex, with a minus",
    ),
    not_convex("jax: optax.dice_loss", mean(optax.dice_loss), against(ONE_HOT[None]), BOUNDED),
    not_convex(
        "jax: optax.binary_dice_loss",
        mean(optax.binary_dice_loss),
        against([[[1.0], [0.0], [1.0]]]),
        BOUNDED,
    ),
    not_convex(
        "jax: optax.multiclass_generalized_dice_loss",
        optax.multiclass_generalized_dice_loss,
        against(ONE_HOT[None]),
        BOUNDED,
    ),
    not_convex("jax: optax.ctc_loss", ctc, lambda: (reals(1, 3, 2),), "minus the logsumexp of several paths"),
    convex("jax: cross-entropy by hand", cross_entropy_by_hand, kinds, LSE, reach=100),
    convex("jax: cross-entropy, shifted by hand", cross_entropy_shifted, kinds, LSE),
    convex("jax: cross-entropy, masked", masked_cross_entropy, kinds, LSE),
    convex("jax: cross-entropy, vmap", over_a_batch, kinds, LSE),
    convex("jax: cross-entropy, scan", over_time, kinds, LSE),
    not_convex("jax: focal by hand", weighted_by_confidence, kinds, "losses.md C2"),
    not_convex("jax: mse of softmax", lambda z, t: ((jax.nn.softmax(z) - t) ** 2).sum(), onehot, BOUNDED),
    convex("jax: huber by hand", huber_by_hand, both, "C1, derivative not decreasing"),
    convex("jax: poisson", lambda z, y: (jnp.exp(z) - y * z).sum(), positive, "exp + affine", reach=100),
    not_convex(
        "jax: gamma",
        lambda m, y: (y / m + jnp.log(m)).sum(),
        positive_both,
        "second derivative (2 y - m) / m^3",
        domain="positive",
    ),
    undefined_outside("jax: -log p", lambda p, y: -(y * jnp.log(p)).sum(), positive_both, "-log on p > 0"),
    convex(
        "jax: -log p: positive", lambda p, y: -(y * jnp.log(p)).sum(), positive_both, "-log on p > 0", domain="positive"
    ),
    convex(
        "jax: logistic regression with L2",
        logistic_regression,
        lambda: (reals(3), reals(4, 3, seed=1), jnp.array([0.0, 1.0, 1.0, 0.0])),
        "softplus of affine plus squares",
    ),
    convex("jax: network: output weights", network, weights, SQUARE, wrt="params.out"),
    not_convex(
        "jax: network: hidden weights",
        lambda hidden, x: network({"hidden": hidden, "out": jnp.array([1.0, -1.0])}, x),
        lambda: (reals(2, 2), reals(3, 2, seed=2)),
        BOUNDED,
    ),
)
