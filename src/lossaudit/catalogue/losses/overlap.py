"""Losses over the overlap of two regions."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_REGIONS = frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})
_MASK = (1.0, 0.0, 1.0)
_LOGITS = View(variables="the logits of the pixels", arguments=((0.3, -0.4, 0.8), _MASK), wrong=(-1, 1, -1))
_P = View(variables="p", arguments=((0.2, 0.7, 0.4), _MASK), domain="unit")
_SMOOTH = Option("smooth", 0.0, "smooth >= 0", "added above and below the line, so that an empty mask has a value")


def dice(p: torch.Tensor, y: torch.Tensor, smooth: float = 0.0) -> torch.Tensor:
    """1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth)."""
    return 1 - (2 * (p * y).sum() + smooth) / (p.sum() + y.sum() + smooth)


def jaccard(p: torch.Tensor, y: torch.Tensor, smooth: float = 0.0) -> torch.Tensor:
    """1 - (sum(p y) + smooth) / (sum(p) + sum(y) - sum(p y) + smooth)."""
    both = (p * y).sum()
    return 1 - (both + smooth) / (p.sum() + y.sum() - both + smooth)


def tversky(
    p: torch.Tensor, y: torch.Tensor, alpha: float = 0.5, beta: float = 0.5, smooth: float = 0.0
) -> torch.Tensor:
    """1 - TP / (TP + alpha FP + beta FN), where false positives are sum(p (1 - y)), and so on."""
    both = (p * y).sum()
    missed, wrong = ((1 - p) * y).sum(), (p * (1 - y)).sum()
    return 1 - (both + smooth) / (both + alpha * wrong + beta * missed + smooth)


def focal_tversky(
    p: torch.Tensor, y: torch.Tensor, alpha: float = 0.3, beta: float = 0.7, gamma: float = 4 / 3
) -> torch.Tensor:
    """The Tversky loss to the power 1 / gamma."""
    return tversky(p, y, alpha, beta) ** (1 / gamma)


LOSSES = (
    Loss(
        name="dice",
        title="Dice",
        aliases=("soft_dice", "dice_loss", "f1_loss"),
        family="overlap",
        tasks=("segmentation",),
        summary="1 less the soft F1 score of a region",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid", "softmax"),
        encodings=_REGIONS,
        formula="1 - 2 sum(p y) / (sum(p) + sum(y)), sums over the pixels of a region",
        latex=r"1 - \frac{2 \sum_i p_i y_i}{\sum_i p_i + \sum_i y_i}",
        callable="keras.losses.dice",
        definition=dice,
        options=(_SMOOTH,),
        example=_LOGITS,
        views=(_P,),
        gradient="(2 I / S - 2 y_i) / S for each p_i, with I = sum(p y) and S = sum(p) + sum(y), and p_i (1 - p_i) "
        "times that at the logits: confidently wrong pixels get almost none.",
        optimises="The region with the best expected overlap, as a rule with p at 0 or 1, not the probabilities: of "
        "three independent pixels that are foreground with probability 0.3 all three are predicted.",
        when="Small regions in a large background, judged by Dice or F1; best added to cross-entropy.",
        when_not="For calibrated probabilities, or with many empty masks: use bce_with_logits, or the sum of both.",
        stable="sigmoid in float32, sums over the whole region before the quotient, smooth or epsilon above 0.",
        limits="On an empty mask without smoothing it is 1 whatever is predicted, and its gradient is exactly 0. It "
        "is not a sum over pixels: taken over a batch and over each image it differs.",
        implementations=(
            Implementation(
                "keras.losses.dice", "adds 1e-7 below the line; one value for the whole batch unless axis is given"
            ),
            Implementation(
                "optax.losses.dice_loss",
                "takes logits, applies the softmax itself; smooth=1; classes of one sample are averaged",
            ),
            Implementation(
                "segmentation_models_pytorch.losses.DiceLoss",
                "takes logits by default; sums over the batch; a class that is absent counts 0",
            ),
            Implementation("monai.losses.DiceLoss", "smooth_nr and smooth_dr are 1e-5; takes probabilities by default"),
        ),
        references=("Milletari, Navab, Ahmadi 2016, V-Net, section 3 (with squares below the line)",),
    ),
    Loss(
        name="jaccard",
        title="Jaccard (soft IoU)",
        aliases=("iou", "soft_iou", "jaccard_distance"),
        family="overlap",
        tasks=("segmentation",),
        summary="1 less intersection over union of soft regions",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid", "softmax"),
        encodings=_REGIONS,
        formula="1 - sum(p y) / (sum(p) + sum(y) - sum(p y))",
        latex=r"1 - \frac{\sum_i p_i y_i}{\sum_i p_i + \sum_i y_i - \sum_i p_i y_i}",
        callable="lossaudit.catalogue.losses.overlap.jaccard",
        definition=jaccard,
        options=(_SMOOTH,),
        example=_LOGITS,
        views=(_P,),
        gradient="-1 / U for a foreground p_i and I / U^2 for a background one, I the intersection and U the union; "
        "times p_i (1 - p_i) at the logits.",
        optimises="The region with the best expected intersection over union, as a rule with p at 0 or 1.",
        when="Where the metric is intersection over union.",
        when_not="As the only loss on large or empty regions; lovasz_hinge is the convex surrogate of the same metric.",
        stable="As dice: the sums first, then one quotient, with smooth or epsilon.",
        limits="1 and without gradient on an empty mask. It is a monotone function of dice, J = 2 D / (1 + D) for the "
        "losses.",
        implementations=(
            Implementation(
                "segmentation_models_pytorch.losses.JaccardLoss",
                "takes logits by default; sums over the batch; a class that is absent counts 0",
            ),
            Implementation("sklearn.metrics.jaccard_score", "the score of hard regions; no gradient"),
        ),
        references=("Rahman and Wang 2016, Optimizing intersection-over-union in deep neural networks, section 3.1",),
    ),
    Loss(
        name="tversky",
        title="Tversky",
        aliases=("tversky_loss", "f_beta_loss"),
        family="overlap",
        tasks=("segmentation",),
        summary="dice with a price each for false positives (alpha) and false negatives (beta)",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid", "softmax"),
        encodings=_REGIONS,
        formula="1 - sum(p y) / (sum(p y) + alpha sum(p (1 - y)) + beta sum((1 - p) y))",
        latex=r"1 - \frac{\sum_i p_i y_i}{\sum_i p_i y_i + \alpha \sum_i p_i (1 - y_i) + \beta \sum_i (1 - p_i) y_i}",
        callable="keras.losses.tversky",
        definition=tversky,
        options=(
            Option("alpha", 0.5, "alpha >= 0", "price of a false positive"),
            Option("beta", 0.5, "beta >= 0", "price of a false negative; above alpha for more recall"),
            _SMOOTH,
        ),
        example=_LOGITS,
        views=(_P,),
        gradient="Like dice's, with the two kinds of error weighted; p_i (1 - p_i) in front at the logits, so it dies "
        "on confidently wrong pixels.",
        optimises="The region with the best expected Tversky index: with alpha = beta = 1/2 that of dice, with both 1 "
        "of jaccard.",
        when="Missed pixels cost more (or less) than false alarms, such as lesions.",
        when_not="Where probabilities are needed, a weighted cross-entropy moves the balance as well.",
        stable="As dice.",
        limits="As dice. Check on one example which of alpha and beta an implementation takes for false negatives.",
        implementations=(
            Implementation(
                "keras.losses.tversky",
                "alpha multiplies false negatives and beta false positives, against its docstring (in 3.15.1); adds "
                "1e-7 below",
            ),
            Implementation(
                "segmentation_models_pytorch.losses.TverskyLoss", "alpha for false positives, as here; takes logits"
            ),
            Implementation("optax.losses.dice_loss", "with alpha (false positives) and beta; takes logits, smooth=1"),
            Implementation("monai.losses.TverskyLoss", "alpha for false positives; smooth_nr and smooth_dr are 1e-5"),
            Implementation(
                "sklearn.metrics.fbeta_score", "of hard regions, alpha = 1 / (1 + b^2) and beta = b^2 / (1 + b^2)"
            ),
        ),
        references=("Salehi, Erdogmus, Gholipour 2017, Tversky loss function for image segmentation, section 2",),
    ),
    Loss(
        name="focal_tversky",
        title="Focal Tversky",
        aliases=("focal_tversky_loss",),
        family="overlap",
        tasks=("segmentation",),
        summary="the Tversky loss to a power below 1: steeper where the overlap is nearly right",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid", "softmax"),
        encodings=_REGIONS,
        formula="(1 - TP / (TP + alpha FP + beta FN))^(1 / gamma)",
        latex=r"\left(1 - \frac{TP}{TP + \alpha\, FP + \beta\, FN}\right)^{1/\gamma}",
        callable="lossaudit.catalogue.losses.overlap.focal_tversky",
        definition=focal_tversky,
        options=(
            Option("alpha", 0.3, "alpha >= 0", "price of a false positive"),
            Option("beta", 0.7, "beta >= 0", "price of a false negative"),
            Option(
                "gamma",
                4 / 3,
                "gamma > 0; 1 to 3 in the paper",
                "above 1, regions that overlap well keep a larger share",
            ),
        ),
        example=_LOGITS,
        views=(_P,),
        gradient="The Tversky gradient times (1 / gamma) T^(1/gamma - 1): with gamma above 1 this factor grows "
        "without bound as the loss T goes to 0, and is smaller than 1 / gamma nowhere.",
        optimises="The region with the best expected value of that power; for a single certain mask the same as "
        "tversky.",
        when="Small structures, after tversky has been tried.",
        when_not="With perfect overlap within reach: the slope is infinite at 0. Add a small constant inside the "
        "power, or use tversky.",
        stable="(loss + 1e-7) ** (1 / gamma), so that the derivative at 0 is finite.",
        limits="In the paper alpha is the price of false negatives; here it is that of false positives, as for "
        "tversky. Libraries raise to gamma instead of 1 / gamma.",
        implementations=(
            Implementation(
                "segmentation_models_pytorch.losses.TverskyLoss",
                "the mean over the classes to the power gamma, not 1 / gamma",
            ),
        ),
        references=("Abraham and Khan 2019, A novel focal Tversky loss function, section 2",),
    ),
)
