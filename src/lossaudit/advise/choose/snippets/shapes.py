"""What the snippets of one recipe have in common in every framework: sizes, outputs, and what y is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Shape(NamedTuple):
    """The shape of a training step.

    Attributes:
        y: What the second argument of the step holds, for a comment.
        last: What the last layer gives, for a comment.
        outputs: Width of the last layer, an expression in the sizes.
        sizes: Names of the sizes that stand at the top of the snippet.
        x: What the first argument of the step holds, for a comment.
        model: `"rows"` (a dense network on the last axis) or `"images"` (convolutions).
    """

    y: str
    last: str
    outputs: str = "OUTPUTS"
    sizes: tuple[str, ...] = ("OUTPUTS",)
    x: str = "(N, FEATURES) float32"
    model: str = "rows"


_INDEX = "(N,) class index 0 .. CLASSES - 1"
_RATING = "(N,) level 0 .. CLASSES - 1, in order"
_REAL = "(N, OUTPUTS) float32"
_STANDARDISED = "(N, OUTPUTS) float32, standardised (less its median, divided by its interquartile range)"
_IMAGE = "images, float32"
_MASK = "masks of 0 and 1, float32, shaped like the output"
_MASKS = "masks of class indices"

_classes = Shape(_INDEX, "CLASSES logits, no softmax", "CLASSES", ("CLASSES",))
_counted = _classes._replace(sizes=("CLASSES", "COUNTS"))
_yes_no = Shape("(N,) of 0 and 1, float32", "1 logit, no sigmoid", "1", ())
_real = Shape(_REAL, "OUTPUTS real numbers")
_location = Shape(_STANDARDISED, "OUTPUTS real numbers")
_spread = _real._replace(last="a location and a raw scale for each output", outputs="2 * OUTPUTS")
_levels = _classes._replace(y=_RATING)
_lists = Shape("(LISTS, ITEMS) graded relevance, float32", "1 score for each item", "1", (), "(LISTS, ITEMS, FEATURES)")
_pixels = Shape(_MASK, "1 logit for each pixel, no sigmoid", "1", (), _IMAGE, "images")
_class_pixels = Shape(_MASKS, "CLASSES logits for each pixel, no softmax", "CLASSES", ("CLASSES",), _IMAGE, "images")
_embedding = Shape(_INDEX, "an embedding", "16", ())
_pairs = _embedding._replace(x="(N, 2, FEATURES) float32: pairs")

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "bce": _yes_no,
        "weighted_bce": _yes_no._replace(sizes=("POSITIVE_WEIGHT",)),
        "binary_focal": _yes_no,
        "hinge": _yes_no._replace(last="1 score"),
        "cross_entropy": _classes,
        "label_smoothing": _classes,
        "weighted_cross_entropy": _counted,
        "class_balanced": _counted,
        "logit_adjusted": _counted,
        "ldam": _counted,
        "focal": _classes,
        "gce": _classes,
        "sce": _classes,
        "crammer_singer": _classes._replace(last="CLASSES scores"),
        "linear_cross_entropy": _classes._replace(
            last="the last hidden layer: the loss makes the logits", outputs="64"
        ),
        "bce_labels": Shape("(N, LABELS) of 0 and 1, float32", "LABELS logits, no sigmoid", "LABELS", ("LABELS",)),
        "weighted_bce_labels": Shape(
            "(N, LABELS) of 0 and 1, float32", "LABELS logits, no sigmoid", "LABELS", ("LABELS", "POSITIVE_WEIGHT")
        ),
        "asymmetric": Shape("(N, LABELS) of 0 and 1, float32", "LABELS logits, no sigmoid", "LABELS", ("LABELS",)),
        "mse": _real,
        "mae": _real,
        "huber": _location,
        "log_cosh": _location,
        "tukey": _location,
        "cauchy": _location,
        "msle": Shape("(N, OUTPUTS) float32, not negative", "log(1 + prediction)"),
        "mape": Shape("(N, OUTPUTS) float32, never 0", "OUTPUTS real numbers"),
        "gaussian_nll": _spread,
        "gaussian_crps": _spread,
        "student_t_nll": _spread,
        "poisson_nll": Shape("(N, OUTPUTS) counts, float32", "log of the rate"),
        "negative_binomial_nll": Shape(
            "(N, OUTPUTS) counts, float32", "log of the mean", sizes=("OUTPUTS", "DISPERSION")
        ),
        "gamma": Shape("(N, OUTPUTS) float32, positive", "log of the mean"),
        "tweedie": Shape("(N, OUTPUTS) float32, not negative", "log of the mean"),
        "fraction": Shape("(N, OUTPUTS) in [0, 1], float32", "OUTPUTS logits, no sigmoid"),
        "pinball": Shape(_REAL, "the quantiles of each output", "OUTPUTS * len(LEVELS)", ("OUTPUTS", "LEVELS")),
        "binned_ordinal_cross_entropy": Shape(
            "(N, OUTPUTS) float32, scaled to [-1, 1] by what was seen before",
            "BINS logits for each output, no softmax",
            "OUTPUTS * BINS",
            ("OUTPUTS", "BINS"),
        ),
        "coral": _levels._replace(last="one score plus CLASSES - 1 biases: logits of y > k"),
        "corn": _levels._replace(last="logits of y > k among the rows with y >= k", outputs="CLASSES - 1"),
        "cumulative_link": _levels._replace(last="CLASSES - 1 increasing thresholds less one score"),
        "rps": _levels,
        "ordinal_cross_entropy": _levels,
        "ordered_cross_entropy": _levels,
        "listnet": _lists,
        "ranknet": _lists,
        "listmle": _lists,
        "bce_pixels": _pixels,
        "dice": _pixels,
        "tversky": _pixels,
        "focal_pixels": _pixels,
        "cross_entropy_pixels": _class_pixels,
        "dice_classes": _class_pixels,
        "lovasz_softmax": _class_pixels,
        "info_nce": _pairs._replace(y="(N,) the pair's own row number, 0 .. N - 1"),
        "triplet_margin": _embedding._replace(y="(N,) identity of each row; each at least twice in a batch"),
        "contrastive": _pairs._replace(y="(N,) 1 for a pair that belongs together, else 0, float32"),
        "distillation": _classes._replace(y="(N, 1 + CLASSES): class index, then the teacher's logits, float32"),
        "kl_div": _classes._replace(y="(N, CLASSES) the teacher's probabilities, float32"),
        "cox": Shape("(N, 2) time and event (1) or censoring (0), float32", "1 log-hazard, no bias needed", "1", ()),
        "hazard": Shape(
            "(N, 2) number of the last interval seen, and event (1) or censoring (0), float32",
            "a logit for each interval: it ends here, given that it lasted so far",
            "INTERVALS",
            ("INTERVALS",),
        ),
        "ctc": Shape(
            "(N, S) symbols 1 .. CLASSES - 1; 0 is the blank",
            "CLASSES logits for each frame, no softmax",
            "CLASSES",
            ("CLASSES",),
            "(N, FRAMES, FEATURES) float32",
        ),
        "elbo": Shape(
            "x once more", "mean and log-variance of the code", "2 * LATENT", ("LATENT",), "(N, FEATURES) in [0, 1]"
        ),
    }
)
