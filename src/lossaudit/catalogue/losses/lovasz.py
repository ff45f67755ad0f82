"""Convex surrogates of intersection over union: the Lovasz extension of the Jaccard loss over sets of wrong pixels."""

from __future__ import annotations

from itertools import permutations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss, View
from lossaudit.pairing import TargetEncoding

_MASK = (1.0, 0.0, 1.0)


def lovasz_hinge(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Extension of the Jaccard loss at the errors max(0, 1 - z sign) of one image, by one sort."""
    return _by_sorting(_hinge_errors(z, y), y)


def lovasz_softmax(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Mean over the classes that are present of the extension at the errors |[y = k] - p_k|, by one sort each."""
    return torch.stack([_by_sorting(errors, own) for errors, own in _errors_by_class(p, y)]).mean()


def lovasz_hinge_over_orders(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The same function as `lovasz_hinge`, for few pixels: the maximum over all orders of them."""
    return _over_orders(_hinge_errors(z, y), y)


def lovasz_softmax_over_orders(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The same function as `lovasz_softmax`, for few pixels: the maximum over all orders of them."""
    return torch.stack([_over_orders(errors, own) for errors, own in _errors_by_class(p, y)]).mean()


def _hinge_errors(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (1 - z * (2 * y - 1)).relu()


def _errors_by_class(p: torch.Tensor, y: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Of each class in y the errors of the pixels, and its mask."""
    masks = one_hot(p, y).T
    return [(torch.where(mask == 1, 1 - q, q), mask) for mask, q in zip(masks, p.T, strict=True) if mask.any()]


def _by_sorting(errors: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    falling, order = errors.sort(descending=True)
    return (falling * _steps(y[order])).sum()


def _over_orders(errors: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The Jaccard loss is submodular, so that no order gives more than the falling one."""
    orders = torch.tensor(list(permutations(range(len(y)))))
    return (errors[orders] * _steps(y[orders])).sum(-1).amax()


def _steps(y: torch.Tensor) -> torch.Tensor:
    """What each pixel adds to the Jaccard loss when the pixels become wrong in this order."""
    region = y.sum(-1, keepdim=True)
    loss = 1 - (region - y.cumsum(-1)) / (region + (1 - y).cumsum(-1))
    return torch.diff(loss, prepend=torch.zeros_like(region))


LOSSES = (
    Loss(
        name="lovasz_hinge",
        title="Lovasz hinge",
        aliases=("jaccard_hinge", "lovasz"),
        family="overlap",
        tasks=("segmentation",),
        summary="the convex surrogate of intersection over union on raw scores",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.BINARY}),
        formula="sum_i e_(i) (J_i - J_(i-1)), e_(1) >= e_(2) >= ... the sorted hinge errors, J_i the Jaccard loss if "
        "the first i pixels are wrong",
        latex=r"\sum_i e_{(i)} \left(J_i - J_{i-1}\right), \quad e_i = \max(0, 1 - z_i s_i),\; s_i = 2 y_i - 1",
        callable="lossaudit.catalogue.losses.lovasz.lovasz_hinge",
        definition=lovasz_hinge_over_orders,
        example=View(variables="the scores of the pixels", arguments=((0.3, -0.4, 0.8), _MASK), wrong=(-1, 1, -1)),
        gradient="Minus the sign times the share J_i - J_(i-1) of each pixel with an error: it depends on the order "
        "of the errors alone, and does not fade as they grow. It is 0 for background pixels that come after the "
        "whole region.",
        optimises="The Jaccard loss from above: it equals it where all hinge errors are 0 or 1.",
        when="Binary masks judged by intersection over union, usually to fine-tune after cross-entropy.",
        when_not="From scratch, or for probabilities: the scores mean nothing by themselves. Start with "
        "bce_with_logits.",
        stable="Sort the errors, take the labels in that order; the order needs no gradient. Raw scores, no sigmoid.",
        limits="Taken per image and per batch it differs. On an empty mask only the largest error counts.",
        implementations=(
            Implementation(
                "segmentation_models_pytorch.losses.LovaszLoss", "mode='binary'; over the whole batch by default"
            ),
        ),
        references=(
            "Yu and Blaschko 2015, Learning submodular losses with the Lovasz hinge",
            "Berman, Rannen Triki, Blaschko 2018, The Lovasz-softmax loss, section 3.1",
        ),
    ),
    Loss(
        name="lovasz_softmax",
        title="Lovasz-softmax",
        aliases=("lovasz_softmax_loss",),
        family="overlap",
        tasks=("segmentation",),
        summary="the surrogate of mean intersection over union on probabilities; convex in these, not in the logits",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="mean over the present classes of sum_i e_(i) (J_i - J_(i-1)), e_i = 1 - p_i for pixels of the class, "
        "p_i for others",
        latex=r"\frac{1}{|C|} \sum_{c \in C} \sum_i e_{(i)}(c) \left(J_i(c) - J_{i-1}(c)\right)",
        callable="lossaudit.catalogue.losses.lovasz.lovasz_softmax",
        definition=lovasz_softmax_over_orders,
        example=View(
            variables="the logits of the pixels",
            arguments=(((0.3, -0.4), (0.1, 0.6), (-0.2, 0.5)), (0, 1, 0)),
        ),
        views=(View(variables="p", arguments=(((0.2, 0.8), (0.6, 0.4), (0.35, 0.65)), (0, 1, 0)), domain="unit"),),
        gradient="The share J_i - J_(i-1) for each probability, times the Jacobian of softmax, which takes it to 0 on "
        "confidently wrong pixels.",
        optimises="The mean Jaccard loss of the classes, which it equals where all p are 0 or 1.",
        when="Several classes judged by mean intersection over union; best after, or added to, cross-entropy.",
        when_not="Alone from scratch, or for calibrated probabilities: use cross_entropy.",
        stable="softmax in float32, then one sort of the errors for each class.",
        limits="Classes that are absent from the image are left out; otherwise each of them would be an empty mask.",
        implementations=(
            Implementation(
                "segmentation_models_pytorch.losses.LovaszLoss",
                "mode='multiclass'; takes logits, over the whole batch by default",
            ),
        ),
        references=("Berman, Rannen Triki, Blaschko 2018, The Lovasz-softmax loss, section 3.2",),
    ),
)
