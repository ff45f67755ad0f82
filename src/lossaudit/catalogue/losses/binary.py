"""Losses over two classes, or over several independent yes-or-no questions one by one."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import REDUCTION, function, module, node
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option
from lossaudit.pairing import TargetEncoding

# Probabilities are welcome as targets; whether they sum to one does not matter, since values stand alone.
_YES_OR_NO = frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})

_FOCAL = "Lin, Goyal, Girshick, He, Dollar 2017, Focal loss for dense object detection, eq. 4-5"
_FOCAL_OPTIONS = (
    Option(
        "gamma", 2.0, "gamma >= 0", "how much a sample counts for less as it is closer to right; 0 is cross-entropy"
    ),
    Option("alpha", None, "0 <= alpha <= 1, or none", "weight of the label 1, with 1 - alpha for 0; none: both 1"),
)


def weighted_bce(z: torch.Tensor, y: torch.Tensor, pos_weight: float = 3.0) -> torch.Tensor:
    """Binary cross-entropy with the positive label's term times `pos_weight`."""
    log_yes, log_no = torch.nn.functional.logsigmoid(z), torch.nn.functional.logsigmoid(-z)
    return -(pos_weight * y * log_yes + (1 - y) * log_no).sum()


def binary_focal(p: torch.Tensor, y: torch.Tensor, gamma: float = 2.0, alpha: float | None = None) -> torch.Tensor:
    """Cross-entropy times the probability of the other label to the power `gamma`."""
    cross_entropy = torch.nn.functional.binary_cross_entropy(p, y, reduction="none")
    missing = y * (1 - p) + (1 - y) * p
    return (_balance(y, alpha) * missing**gamma * cross_entropy).sum()


def binary_focal_with_logits(
    z: torch.Tensor, y: torch.Tensor, gamma: float = 2.0, alpha: float | None = None
) -> torch.Tensor:
    """The same with p = sigmoid(z)."""
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    missing = y * torch.sigmoid(-z) + (1 - y) * torch.sigmoid(z)
    return (_balance(y, alpha) * missing**gamma * cross_entropy).sum()


def _balance(y: torch.Tensor, alpha: float | None) -> torch.Tensor | float:
    """Alpha for the label 1, 1 - alpha for 0."""
    return 1.0 if alpha is None else alpha * y + (1 - alpha) * (1 - y)


LOSSES = (
    Loss(
        name="bce",
        title="Binary cross-entropy on probabilities",
        aliases=("binary_cross_entropy", "binary_crossentropy", "bernoulli_nll"),
        family="binary",
        tasks=("binary", "multilabel"),
        summary="Negative log-likelihood of a yes-or-no label, of a probability.",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid",),
        encodings=_YES_OR_NO,
        formula="-y log(p) - (1 - y) log(1 - p)",
        latex=r"-y \log p - (1 - y) \log(1 - p)",
        callable="torch.nn.functional.binary_cross_entropy",
        gradient="p - y at the logit, so it tends to 1 in size where the model is confident and wrong; as it is coded, "
        "until the sigmoid rounds, is clipped or falls below 1e-12: from there on it is lost.",
        optimises="q, the true probability.",
        when="The model must end in a sigmoid, since something else needs probabilities.",
        when_not="You can have the logits: bce_with_logits is the same function without the rounding.",
        stable="binary_cross_entropy_with_logits(z, y) in place of binary_cross_entropy(sigmoid(z), y); in Keras "
        "from_logits=True.",
        limits="In PyTorch, behind a sigmoid in float32, the gradient is exactly 0 from z = 16.7 on for the label 0, "
        "where sigmoid(z) rounds to 1. For the label 1 it is p / 1e-12 in size in place of 1 from z = -27.6 down, 0.09 "
        "at z = -30, and exactly 0 from z = -88.8 down.",
        spellings=function("torch.nn.functional.binary_cross_entropy", "input", "target", weight=None, **REDUCTION)
        + module("BCELoss", weight=None, **REDUCTION)
        + node("BinaryCrossEntropyBackward0", "input target", "weight reduction"),
        implementations=(
            Implementation(
                "torch.nn.functional.binary_cross_entropy",
                "each logarithm is at least -100; its backward divides by p (1 - p) or 1e-12, whichever is larger",
            ),
            Implementation(
                "keras.losses.binary_crossentropy",
                "clips p to [1e-7, 1 - 1e-7], so that the loss stops at 16.1 with gradient 0 (at 15.9 for the label 0 "
                "in float32, where 1 - 1e-7 is rounded); averages over the last axis",
            ),
            Implementation("sklearn.metrics.log_loss", "clips p by the epsilon of its type; averages"),
        ),
        references=("Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",),
    ),
    Loss(
        name="bce_with_logits",
        title="Binary cross-entropy on logits",
        aliases=("sigmoid_cross_entropy", "binary_cross_entropy_with_logits", "sigmoid_binary_cross_entropy"),
        family="binary",
        tasks=("binary", "multilabel"),
        summary="The default for one yes-or-no question, and for several labels that may hold together.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_YES_OR_NO,
        formula="pos_weight y log(1 + exp(-z)) + (1 - y) log(1 + exp(z))",
        latex=r"w\, y \log(1 + e^{-z}) + (1 - y) \log(1 + e^{z})",
        callable="torch.nn.functional.binary_cross_entropy_with_logits",
        options=(
            Option(
                "pos_weight", None, "a tensor, pos_weight > 0", "factor of the positive term; weighted_bce is its page"
            ),
        ),
        gradient="sigmoid(z) - y. It tends to 1 in size where the model is confident and wrong, and dies like "
        "exp(-|z|) where it is right.",
        optimises="q: sigmoid(z) is the true probability.",
        when="Two classes with one output, or one output for each label of a multi-label task.",
        when_not="The classes exclude one another and are more than two: use cross_entropy. Many labels are wrong: a "
        "bounded loss such as sigmoid_loss listens less to them.",
        stable="torch.nn.BCEWithLogitsLoss(), optax.sigmoid_binary_cross_entropy, or Keras with from_logits=True. No "
        "sigmoid before it.",
        limits="On separable data it has no finite minimiser: the weights grow for ever, ever more slowly.",
        spellings=function(
            "torch.nn.functional.binary_cross_entropy_with_logits",
            "input",
            "target",
            weight=None,
            **REDUCTION,
            pos_weight=None,
        )
        + module("BCEWithLogitsLoss", weight=None, **REDUCTION, pos_weight=None)
        + node("BinaryCrossEntropyWithLogitsBackward0", "input target", "weight pos_weight reduction"),
        implementations=(
            Implementation("optax.sigmoid_binary_cross_entropy", "does not reduce; no pos_weight"),
            Implementation("keras.losses.BinaryCrossentropy", "with from_logits=True; no pos_weight"),
            Implementation("lightgbm.LGBMClassifier", "objective='binary'; its scale_pos_weight is pos_weight"),
        ),
        references=("Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",),
    ),
    Loss(
        name="weighted_bce",
        title="Binary cross-entropy with a weight for the positive label",
        aliases=("balanced_bce", "class_weighted_bce", "cost_sensitive_bce"),
        family="binary",
        tasks=("binary", "multilabel", "imbalance"),
        summary="Misses cost more than false alarms, by a factor.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_YES_OR_NO,
        formula="w y log(1 + exp(-z)) + (1 - y) log(1 + exp(z))",
        latex=r"w\, y \log(1 + e^{-z}) + (1 - y) \log(1 + e^{z})",
        callable="torch.nn.functional.binary_cross_entropy_with_logits",
        definition=weighted_bce,
        encoding=TargetEncoding.BINARY,
        options=(Option("pos_weight", 3.0, "pos_weight > 0", "w, the cost of a miss in false alarms"),),
        gradient="-w (1 - sigmoid(z)) for the label 1, sigmoid(z) for 0: a confident miss pulls with strength w, a "
        "confident false alarm with 1.",
        optimises="w q / (w q + 1 - q): the true log-odds plus log(w), on purpose. Subtract log(w) from z to have q "
        "back.",
        when="A miss really costs w times a false alarm, or positives are so rare that training does not start.",
        when_not="You need calibrated probabilities and will not correct them, or you only want another threshold: "
        "train bce_with_logits and move the threshold to 1 / (1 + w), which decides the same.",
        stable="torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(w)). pos_weight is a tensor, one number for each "
        "label or one for all.",
        limits="A mean over the batch does not divide by the weights: a larger w also raises the learning rate.",
        implementations=(
            Implementation(
                "torch.nn.BCEWithLogitsLoss", "its pos_weight; the mean divides by the count, not by weights"
            ),
            Implementation(
                "tensorflow.nn.weighted_cross_entropy_with_logits",
                "its pos_weight; takes labels first, does not reduce",
            ),
            Implementation("lightgbm.LGBMClassifier", "objective='binary', with its scale_pos_weight"),
        ),
        references=("Elkan 2001, The foundations of cost-sensitive learning, theorem 1",),
    ),
    Loss(
        name="soft_margin",
        title="Logistic loss on signed labels",
        aliases=("soft_margin_loss",),
        family="binary",
        tasks=("binary",),
        summary="PyTorch's logistic loss for labels -1 and 1, in a spelling that overflows.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        formula="log(1 + exp(-y z))",
        latex=r"\log(1 + e^{-y z})",
        callable="torch.nn.functional.soft_margin_loss",
        gradient="-y sigmoid(-y z): it tends to 1 in size where the model is confident and wrong, and in float32 it "
        "is not a number from y z = -88.8 down.",
        optimises="log(q / (1 - q)): sigmoid(z) is the true probability.",
        when="Labels are -1 and 1, and logits stay small.",
        when_not="Otherwise: use logistic, written with logsigmoid, or bce_with_logits for labels 0 and 1.",
        stable="-torch.nn.functional.logsigmoid(y * z).mean().",
        limits="It is coded as log(1 + exp(-y z)): infinite in float32 from y z = -88.8 down, in float16 from -11.1 "
        "down.",
        spellings=function("torch.nn.functional.soft_margin_loss", "input", "target", **REDUCTION)
        + module("SoftMarginLoss", **REDUCTION)
        + node("SoftMarginLossBackward0", "input", "reduction"),
        references=(
            "Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, eq. 10.18 (there with 2 z)",
        ),
    ),
    Loss(
        name="binary_focal",
        title="Binary focal loss on probabilities",
        aliases=("binary_focal_crossentropy",),
        family="binary",
        tasks=("binary", "multilabel", "imbalance", "detection"),
        summary="Cross-entropy that leaves easy samples alone, of a probability; takes logits with from_logits=True.",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid",),
        encodings=_YES_OR_NO,
        formula="(1 - p_t)^gamma (-y log(p) - (1 - y) log(1 - p)), p_t = y p + (1 - y) (1 - p)",
        latex=r"(1 - p_t)^\gamma \left(-y \log p - (1 - y) \log(1 - p)\right), \quad p_t = y p + (1 - y)(1 - p)",
        callable="keras.losses.binary_focal_crossentropy",
        definition=binary_focal,
        encoding=TargetEncoding.BINARY,
        options=_FOCAL_OPTIONS,
        gradient="At the logit it tends to 1 in size where the model is confident and wrong, and dies like exp(-(1 + "
        "gamma) |z|) where it is right; as Keras codes it, it is 0 once p is clipped.",
        optimises="A probability nearer to 1/2 than q, on the right side of it.",
        when="Very many easy negatives, as in detection, and a model that must end in a sigmoid.",
        when_not="You can have the logits: use binary_focal_with_logits. You need calibrated probabilities: use bce.",
        stable="binary_focal_with_logits: from_logits=True in Keras does not help, since it applies the sigmoid and "
        "clips.",
        limits="For 0 < gamma < 1 autograd gives nan where p is exactly right: infinity times 0.",
        implementations=(
            Implementation(
                "keras.losses.binary_focal_crossentropy",
                "alpha counts only with apply_class_balancing=True; clips p to [1e-7, 1 - 1e-7], also of logits; "
                "averages over the last axis",
            ),
        ),
        references=(_FOCAL,),
    ),
    Loss(
        name="binary_focal_with_logits",
        title="Binary focal loss on logits",
        aliases=("sigmoid_focal", "sigmoid_focal_loss"),
        family="binary",
        tasks=("binary", "multilabel", "imbalance", "detection"),
        summary="Cross-entropy that leaves easy samples alone: the loss of RetinaNet.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_YES_OR_NO,
        formula="(1 - p_t)^gamma (-y log(p) - (1 - y) log(1 - p)), p_t = y p + (1 - y) (1 - p), p = sigmoid(z)",
        latex=r"(1 - p_t)^\gamma \left(-y \log p - (1 - y) \log(1 - p)\right), \quad p_t = y p + (1 - y)(1 - p)",
        callable="optax.sigmoid_focal_loss",
        definition=binary_focal_with_logits,
        encoding=TargetEncoding.BINARY,
        options=_FOCAL_OPTIONS,
        gradient="It tends to 1 in size where the model is confident and wrong, exceeds cross-entropy's a little "
        "while p of the label is small but not tiny, and dies like exp(-(1 + gamma) |z|) where it is right.",
        optimises="A probability nearer to 1/2 than q, on the right side of it: with gamma = 2 the label of q = 0.8 "
        "gets p = 0.627. q can be computed back.",
        when="Very many easy negatives drown few positives, as in dense detection.",
        when_not="Classes are rare but not easy: it weighs how easy a sample is, not how rare. Use weighted_bce. You "
        "need calibrated probabilities: use bce_with_logits.",
        stable="optax.sigmoid_focal_loss, or with torch -sigmoid(-m) ** gamma * logsigmoid(m), m = (2 y - 1) z.",
        limits="Not convex for any gamma > 0: for gamma = 2 it bends down where p of the label is below 0.0578.",
        implementations=(
            Implementation("optax.sigmoid_focal_loss", "does not reduce; alpha=None by default"),
            Implementation(
                "torchvision.ops.sigmoid_focal_loss",
                "alpha=0.25 by default, -1 for none, and no reduction by default: with alpha=0.25 positives count a "
                "third of negatives",
            ),
            Implementation(
                "keras.losses.BinaryFocalCrossentropy",
                "with from_logits=True still clips the sigmoid to [1e-7, 1 - 1e-7]: from |z| = 16.1 on the gradient is "
                "0 on a false alarm and below 1e-5 on a miss",
            ),
        ),
        references=(_FOCAL,),
    ),
    Loss(
        name="sigmoid_mse",
        title="Squared error of a sigmoid",
        aliases=("binary_brier",),
        family="binary",
        tasks=("binary", "noisy labels"),
        summary="The Brier score of one yes-or-no question, trained through a sigmoid.",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid",),
        encodings=_YES_OR_NO,
        formula="(p - y)^2, p = sigmoid(z)",
        latex=r"(p - y)^2, \quad p = \sigma(z)",
        callable="torch.nn.functional.mse_loss",
        encoding=TargetEncoding.BINARY,
        gradient="2 (p - y) p (1 - p) at the logit, at most 8/27 in size: it dies like exp(-|z|) where the model is "
        "confident and wrong, and like exp(-2 |z|) where it is right.",
        optimises="q, the true probability: it is strictly proper, though not convex in z.",
        when="Labels may be wrong and the start is gentle; or to report calibration.",
        when_not="From a start that may be confident and wrong, or with clean labels: use bce_with_logits.",
        stable="torch.nn.functional.mse_loss(torch.sigmoid(z), y).",
        limits="It bends down exactly where the label's probability is below 1/3, that is below z = -log 2 for the "
        "label 1.",
        implementations=(Implementation("sklearn.metrics.brier_score_loss", "averages; of probabilities, to report"),),
        references=(
            "Brier 1950, Verification of forecasts expressed in terms of probability",
            "Auer, Herbster, Warmuth 1995, Exponentially many local minima for single neurons",
        ),
    ),
)
