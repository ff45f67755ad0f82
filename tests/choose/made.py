"""Made data for every training step that `choose` writes: small, learnable, seeded."""

from __future__ import annotations

from typing import Any

import numpy as np

ROWS = 64


def _rows(random: np.random.Generator) -> tuple[Any, Any]:
    x = random.normal(size=(ROWS, 8)).astype("float32")
    return x, x[:, 0] - 0.5 * x[:, 1] + 0.1 * random.normal(size=ROWS)


def _cut(score: Any, classes: int) -> Any:
    return np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])).astype("int64")


def batch(recipe: str, framework: str, sizes: dict[str, Any]) -> tuple[Any, Any]:
    """`x` and `y` of one batch, arrays of numpy, as the snippet's comments ask for them."""
    random = np.random.default_rng(7)
    x, score = _rows(random)
    classes = sizes.get("CLASSES", 3)
    index = _cut(score, classes)
    real = score[:, None].astype("float32")
    if recipe in ("bce", "weighted_bce", "binary_focal", "hinge"):
        return x, (score > 0).astype("float32")
    if recipe.endswith("_labels") or recipe == "asymmetric":
        return x, (x[:, :5] + x[:, 1:6] > 0.5).astype("float32")
    if recipe in ("poisson_nll", "negative_binomial_nll"):
        return x, random.poisson(np.exp(real)).astype("float32")
    if recipe in ("gamma", "mape"):
        return x, np.exp(real)
    if recipe in ("tweedie", "msle"):
        return x, np.where(real > 0, np.exp(real), 0).astype("float32")
    if recipe == "fraction":
        return x, 1 / (1 + np.exp(-real))
    if recipe == "binned_ordinal_cross_entropy":
        return x, np.tanh(real)
    if recipe in ("listnet", "ranknet", "listmle"):
        lists = random.normal(size=(ROWS, 6, 8)).astype("float32")
        return lists, np.digitize(lists[..., 0], [-0.5, 0.5]).astype("float32")
    if recipe in ("info_nce", "contrastive"):
        pairs = np.stack([x, x + 0.1 * random.normal(size=x.shape)], axis=1).astype("float32")
        if recipe == "info_nce":
            return pairs, np.arange(ROWS)
        same = (np.arange(ROWS) % 2).astype("float32")
        pairs[same == 0, 1] = x[random.permutation(ROWS)][same == 0]
        return pairs, same
    if recipe in ("distillation", "kl_div"):
        logits = (x[:, :classes] * 2).astype("float32")
        if recipe == "distillation":
            return x, np.concatenate([index[:, None], logits], axis=1).astype("float32")
        odds = np.exp(logits)
        return x, odds / odds.sum(1, keepdims=True)
    if recipe in ("cox", "hazard"):
        time = np.exp(score) if recipe == "cox" else _cut(score, 10)
        return x, np.stack([time, random.integers(0, 2, ROWS)], axis=1).astype("float32")
    if recipe == "ctc":
        frames = random.normal(size=(ROWS, 12, 8)).astype("float32")
        return frames, random.integers(1, classes, size=(ROWS, 3))
    if recipe == "elbo":
        x = (1 / (1 + np.exp(-3 * x))).astype("float32")
        return x, x
    if recipe in (
        "bce_pixels",
        "dice",
        "tversky",
        "focal_pixels",
        "cross_entropy_pixels",
        "dice_classes",
        "lovasz_softmax",
    ):
        images = random.normal(size=(8, 10, 10, 8)).astype("float32")
        mask = _cut(images[..., 0].ravel(), classes).reshape(8, 10, 10)
        if recipe not in ("cross_entropy_pixels", "dice_classes", "lovasz_softmax"):
            mask = (images[..., :1] > 0.5).astype("float32")
        if framework == "torch":
            images = np.moveaxis(images, -1, 1)
            mask = np.moveaxis(mask, -1, 1) if mask.ndim == 4 else mask
        return images, mask
    if recipe in _REAL:
        return x, real
    return x, index


_REAL = (
    "mse", "mae", "huber", "log_cosh", "tukey", "cauchy", "gaussian_nll", "gaussian_crps", "student_t_nll",
    "pinball",
)  # fmt: skip
