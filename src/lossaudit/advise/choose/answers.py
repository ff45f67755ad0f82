"""How to answer for a metric that counts otherwise than the loss: one row for each metric, task and group of losses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Answer(NamedTuple):
    """From the output of some losses to the best answer for a metric.

    Attributes:
        metric: What is reported.
        task: Where.
        losses: Whose output it starts from; `()` for all the others of the task.
        decide: What to do with the output.
        gap: What of the metric is then still missing, if that differs from what holds for every loss.
    """

    metric: str
    task: str
    losses: tuple[str, ...]
    decide: str
    gap: str = ""


_DONE = "nothing: at its optimum the frequencies are out already, and dividing by them again would correct twice"
_LARGEST = "the class with the largest p / FREQUENCIES, the shares of the classes in the training data"
_PER_CLASS = (
    "F1 is no mean over rows. For each class against the rest, with true probabilities, the best threshold is half of "
    "that class's own best F1; where each row gets exactly one class, thresholds compete: tune an offset for each "
    "class. F1 pooled over exclusive classes (micro) is accuracy"
)

ANSWERS: tuple[Answer, ...] = (
    Answer("balanced-accuracy", "multiclass", ("cross_entropy", "linear_cross_entropy"), f"p = softmax(z); {_LARGEST}"),
    Answer(
        "balanced-accuracy", "multiclass", ("logit_adjusted",),
        "the class with the largest z: the bare logits are free of the frequencies", _DONE,
    ),
    Answer(
        "balanced-accuracy", "multiclass", ("weighted_cross_entropy",),
        "the class with the largest z: the weights, one over the frequencies, have divided by them", _DONE,
    ),
    Answer(
        "balanced-accuracy", "multiclass", ("label_smoothing",),
        "p = softmax(z) - 0.1 / CLASSES takes the smoothing back, up to a factor; " + _LARGEST,
    ),
    Answer(
        "balanced-accuracy", "multiclass", ("class_balanced",),
        "p = softmax(z) / WEIGHTS takes the weights back, up to a factor; " + _LARGEST,
    ),
    Answer(
        "balanced-accuracy", "multiclass", ("gce",),
        "p = softmax(z)**0.3 takes its sharpening back, up to a factor; " + _LARGEST,
    ),
    Answer(
        "balanced-accuracy", "multiclass", (),
        "the class with the largest z + OFFSETS, one for each class, chosen on validation data",
    ),
    Answer(
        "balanced-accuracy", "binary", ("bce_with_logits",),
        "p = sigmoid(z); say 1 where p is above the share of 1 in the training data, not above 1/2",
    ),
    Answer(
        "balanced-accuracy", "binary", ("weighted_bce",),
        "say 1 where z > 0: with negatives over positives as the weight, that is the balanced threshold", _DONE,
    ),
    Answer("balanced-accuracy", "binary", (), "rank by z, and choose the threshold on validation data"),
    Answer(
        "balanced-accuracy", "multilabel", ("bce_with_logits",),
        "p = sigmoid(z) for each label; say yes where p is above that label's share in the training data",
    ),
    Answer(
        "balanced-accuracy", "ordinal", (),
        "probabilities of the levels, from sigmoid(z_k) or softmax(z); the level with the largest p / FREQUENCIES, the "
        "shares of the levels in the training data",
    ),
    Answer(
        "balanced-accuracy", "segmentation", ("bce_with_logits",),
        "p = sigmoid(z); say 1 where p is above the share of such pixels in the training data, not above 1/2",
    ),
    Answer(
        "balanced-accuracy", "segmentation", ("cross_entropy",),
        "p = softmax(z); the class with the largest p / FREQUENCIES, the shares of the classes' pixels",
    ),
    Answer(
        "balanced-accuracy", "segmentation", (),
        "the largest z after an offset for each class (for a single logit, a threshold), chosen on validation data",
    ),
    Answer("f1", "multiclass", (), "the class with the largest z + OFFSETS, chosen on validation data", _PER_CLASS),
)  # fmt: skip


def answer(metric: str | None, task: str, loss: str) -> Answer | None:
    """The row for this metric and loss, if the metric asks for an answer of its own.

    >>> answer("balanced-accuracy", "multiclass", "logit_adjusted").decide
    'the class with the largest z: the bare logits are free of the frequencies'
    """
    return next(_rows(metric, task, loss), None)


def _rows(metric: str | None, task: str, loss: str) -> Iterator[Answer]:
    for each in ANSWERS:
        if (each.metric, each.task) == (metric, task) and (not each.losses or loss in each.losses):
            yield each
