"""Terms of the parameters alone, added to a loss of the data."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View

_WEIGHTS = View(variables="the weights", arguments=((0.5, -1.2, 0.8),), wrong=(1, -1, 1))


def l2_penalty(w: torch.Tensor, weight: float = 0.01) -> torch.Tensor:
    """Weight times the sum of the squares.

    >>> import torch
    >>> l2_penalty(torch.tensor([3.0, -4.0]), weight=0.5)
    tensor(12.5000)
    """
    return weight * (w**2).sum()


def l1_penalty(w: torch.Tensor, weight: float = 0.01) -> torch.Tensor:
    """Weight times the sum of the sizes.

    >>> import torch
    >>> l1_penalty(torch.tensor([3.0, -4.0]), weight=0.5)
    tensor(3.5000)
    """
    return weight * w.abs().sum()


def elastic_net(w: torch.Tensor, l1: float = 0.01, l2: float = 0.01) -> torch.Tensor:
    """Both penalties, each with its own weight.

    >>> import torch
    >>> elastic_net(torch.tensor([3.0, -4.0]), l1=1.0, l2=0.5)
    tensor(19.5000)
    """
    return l1_penalty(w, l1) + l2_penalty(w, l2)


LOSSES = (
    Loss(
        name="l2_penalty",
        title="L2 penalty",
        aliases=("l2_regularisation", "l2_regularization", "ridge", "tikhonov"),
        family="penalty",
        tasks=("regularisation",),
        summary="the squared length of the weights: shrinks all of them, none to exactly 0",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset(),
        target="",
        formula="weight * sum of w^2",
        latex=r"\lambda \sum_j w_j^2",
        callable="keras.regularizers.L2",
        definition=l2_penalty,
        options=(Option("weight", 0.01, "weight >= 0", "how much it counts beside the loss of the data"),),
        example=_WEIGHTS,
        gradient="It is 2 * weight * w: proportional to each weight, so that large ones shrink most. With plain SGD a "
        "step multiplies the weights by 1 - 2 * rate * weight, which is weight decay.",
        optimises="with a negative log-likelihood summed over the data: the most probable weights under a normal prior "
        "of variance 1 / (2 * weight). Alone: zero.",
        when="Linear and kernel models, and networks trained with SGD; it makes a convex loss strongly convex.",
        when_not="Training with Adam: its scaling weakens the penalty where gradients are large. Take decoupled weight "
        "decay, `torch.optim.AdamW`. Weights should become 0: l1_penalty.",
        stable="`torch.optim.SGD(..., weight_decay=2 * weight)` adds the same gradient without a term in the loss; "
        "leave biases and normalisation layers out by parameter groups.",
        limits="It depends on how inputs are scaled: standardise them. Losses that are means over n samples need a "
        "weight n times smaller than sums.",
        implementations=(
            Implementation("keras.regularizers.L2", "weight is l2"),
            Implementation("torch.optim.SGD", "weight_decay is twice the weight: its penalty has a factor 1/2"),
            Implementation("torch.optim.AdamW", "weight_decay is decoupled: no gradient of any penalty"),
            Implementation("sklearn.linear_model.Ridge", "weight is alpha, beside the sum of the squared errors"),
            Implementation(
                "sklearn.linear_model.LogisticRegression", "weight is 1 / (2 C), beside the sum of the losses"
            ),
        ),
        references=(
            "Hoerl and Kennard 1970, Ridge regression: biased estimation for nonorthogonal problems",
            "Loshchilov and Hutter 2019, Decoupled weight decay regularization, section 2",
        ),
    ),
    Loss(
        name="l1_penalty",
        title="L1 penalty",
        aliases=("l1_regularisation", "l1_regularization", "lasso"),
        family="penalty",
        tasks=("regularisation",),
        summary="the sum of the sizes of the weights: makes many of them exactly 0",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset(),
        target="",
        formula="weight * sum of |w|",
        latex=r"\lambda \sum_j \lvert w_j \rvert",
        callable="keras.regularizers.L1",
        definition=l1_penalty,
        options=(Option("weight", 0.01, "weight >= 0", "how much it counts beside the loss of the data"),),
        example=_WEIGHTS,
        gradient="It is weight times the sign of w: the same pull on small and large weights, which is why small ones "
        "end at 0 and large ones are biased towards it.",
        optimises="with a negative log-likelihood summed over the data: the most probable weights under a Laplace "
        "prior of scale 1 / weight. Alone: zero.",
        when="Few of many inputs matter and should be found; a model should be small.",
        when_not="Inputs are correlated: which of them it keeps is chance; take elastic_net. Shrinking is all that is "
        "wanted: l2_penalty.",
        stable="By soft thresholding after each step: `w.sign() * (w.abs() - rate * weight).clamp(min=0)`. Gradient "
        "steps alone jump over 0 and hardly ever end there.",
        limits="No derivative at 0; PyTorch takes 0 there, so that a weight at 0 is moved by the loss of the data "
        "alone.",
        implementations=(
            Implementation("keras.regularizers.L1", "weight is l1"),
            Implementation("sklearn.linear_model.Lasso", "weight is alpha, beside half the mean of the squared errors"),
        ),
        references=("Tibshirani 1996, Regression shrinkage and selection via the lasso",),
    ),
    Loss(
        name="elastic_net",
        title="Elastic net",
        aliases=("l1l2", "l1_l2_penalty"),
        family="penalty",
        tasks=("regularisation",),
        summary="an L1 and an L2 penalty together: zeros, and groups of correlated inputs kept",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset(),
        target="",
        formula="l1 * sum of |w| + l2 * sum of w^2",
        latex=r"\lambda_1 \sum_j \lvert w_j \rvert + \lambda_2 \sum_j w_j^2",
        callable="keras.regularizers.L1L2",
        definition=elastic_net,
        options=(
            Option("l1", 0.01, "l1 >= 0", "weight of the sum of sizes"),
            Option("l2", 0.01, "l2 >= 0", "weight of the sum of squares"),
        ),
        example=_WEIGHTS,
        gradient="It is l1 times the sign of w plus 2 * l2 * w: never less than l1 in size, and growing with the "
        "weight.",
        optimises="with a loss of the data: sparse weights, alike for inputs that are alike. Alone: zero.",
        when="Many inputs, few of which matter, in correlated groups.",
        when_not="Two weights are too many to tune: l1_penalty or l2_penalty alone.",
        stable="Soft thresholding for the L1 part, weight decay for the other.",
        limits="No derivative at 0, as with l1_penalty.",
        implementations=(
            Implementation("keras.regularizers.L1L2", "both weights 0 by default"),
            Implementation(
                "sklearn.linear_model.ElasticNet",
                "l1 is alpha * l1_ratio, l2 is alpha * (1 - l1_ratio) / 2, beside half the mean of the squared errors",
            ),
        ),
        references=("Zou and Hastie 2005, Regularization and variable selection via the elastic net",),
    ),
)
