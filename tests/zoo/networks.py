"""Losses of models in blocks of their parameters: the textbook cases."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tests.zoo.case import convex, index, not_convex, numbers, reals
from torch import Tensor, nn

LINEAR = "a convex loss of logits that are affine in the parameters"
SWAP = "two hidden units exchanged: the same loss at both ends, not in the middle (losses.md C8)"
POINTS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))


class Objective(nn.Module):
    """A model, its data and its loss: a function of the parameters alone."""

    def __init__(self, model: nn.Module, loss: nn.Module, x: Tensor, y: Tensor) -> None:
        super().__init__()
        self.model, self.loss = model, loss
        self.register_buffer("x", x)
        self.register_buffer("y", y)

    def forward(self) -> Tensor:
        return self.loss(self.model(self.x), self.y)


def filled(model: nn.Module) -> nn.Module:
    """The model in float64 with parameters that are always the same."""
    model = model.double()
    with torch.no_grad():
        for seed, parameter in enumerate(model.parameters()):
            parameter.copy_(reals(*parameter.shape, seed=seed))
    return model


def nothing() -> tuple[Tensor, ...]:
    return ()


def classifier(*layers: nn.Module) -> Objective:
    return Objective(filled(nn.Sequential(*layers)), nn.CrossEntropyLoss(), reals(5, 2), index(0, 1, 2, 1, 0))


def regressor(*layers: nn.Module) -> Objective:
    return Objective(filled(nn.Sequential(*layers)), nn.MSELoss(), reals(5, 2), reals(5, 1, seed=9))


def one_one_one(w1: Tensor, w2: Tensor) -> Tensor:
    """The 1-1-1 network with a sigmoid, x = 1, y = 0."""
    return (w2 * torch.sigmoid(w1 * 1.0) - 0.0) ** 2


def weights() -> tuple[Tensor, Tensor]:
    return numbers(2.0)[0], numbers(1.0)[0]


def relu_chain(w0: Tensor, b0: Tensor, w1: Tensor, b1: Tensor) -> Tensor:
    x = 1.0
    return (x - F.relu(w1 * F.relu(w0 * x + b0) + b1)) ** 2


def chain() -> tuple[Tensor, ...]:
    return numbers(2.0)[0], numbers(0.0)[0], numbers(0.5)[0], numbers(0.0)[0]


def bilinear(w1: Tensor, w2: Tensor) -> Tensor:
    return (1 - w1 * w2) ** 2 / 2


def logistic_regression(w: Tensor, b: Tensor) -> Tensor:
    x, y = reals(6, 3, seed=3), numbers(1.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    return F.binary_cross_entropy_with_logits(x @ w + b, y)


def ridge_logistic(w: Tensor, b: Tensor) -> Tensor:
    return logistic_regression(w, b) + 0.1 * w.square().sum()


def linear_regression(w: Tensor, b: Tensor) -> Tensor:
    return F.mse_loss(reals(6, 3, seed=3) @ w + b, reals(6, seed=4))


def affine() -> tuple[Tensor, Tensor]:
    return reals(3), reals(1)


def one_neuron(w: Tensor) -> Tensor:
    x = numbers(10.0, -0.1)
    return ((torch.sigmoid(w * x) - 0.9) ** 2).sum()


def one_neuron_ce(w: Tensor) -> Tensor:
    x = numbers(10.0, -0.1)
    return F.binary_cross_entropy_with_logits(w * x, numbers(0.9, 0.9))


def xor(hidden: Tensor, out: Tensor) -> Tensor:
    x, y = numbers(*POINTS), numbers(0.0, 1.0, 1.0, 0.0)
    h = torch.tanh(x @ hidden[:, :2].T + hidden[:, 2])
    return F.binary_cross_entropy_with_logits(h @ out[:2] + out[2], y)


def xor_weights() -> tuple[Tensor, Tensor]:
    return numbers([6.0, 6.0, -3.0], [-6.0, -6.0, 9.0]), numbers(6.0, 6.0, -6.0)


def weight_decay_only(w: Tensor, b: Tensor) -> Tensor:
    return 0.5 * w.pow(2).sum() + b.abs().sum()


def factorization(u: Tensor, v: Tensor) -> Tensor:
    return ((u @ v.T - reals(3, 3, seed=5)) ** 2).sum()


def factors() -> tuple[Tensor, Tensor]:
    return reals(3, 1), reals(3, 1, seed=1)


CASES = (
    convex("1-1-1 network: w2", one_one_one, weights, "second derivative 2 sigma(w1 x)^2", wrt=1),
    not_convex("1-1-1 network: w1", one_one_one, weights, "bounded in w1, not constant"),
    not_convex("1-1-1 network: both", one_one_one, weights, "not convex in w1 alone", wrt=(0, 1)),
    not_convex("relu chain: w0", relu_chain, chain, "(1 - relu(w0 / 2))^2: flat, then falls"),
    not_convex("relu chain: w1", relu_chain, chain, "(1 - relu(2 w1))^2: flat, then falls", wrt=2),
    not_convex("relu chain: w0 and w1", relu_chain, chain, "(2, .5) and (.5, 2) cost 0, the midpoint .316", wrt=(0, 2)),
    not_convex("relu chain: all", relu_chain, chain, "not convex in w0 alone", wrt=(0, 1, 2, 3)),
    convex("bilinear: w1", bilinear, weights, "the square of an affine function"),
    convex("bilinear: w2", bilinear, weights, "the square of an affine function", wrt=1),
    not_convex("bilinear: both", bilinear, weights, "Hessian at 0 has eigenvalues -1 and 1", wrt=(0, 1)),
    convex(
        "relu(w x)^2 with target 0",
        lambda w: F.relu(w * 1.5) ** 2,
        lambda: (numbers(1.0)[0],),
        "max(0, affine), squared",
    ),
    convex("logistic regression", logistic_regression, affine, LINEAR, wrt=(0, 1)),
    convex("logistic regression: weights", logistic_regression, affine, LINEAR),
    convex("logistic regression + L2", ridge_logistic, affine, LINEAR + ", plus squares", wrt=(0, 1)),
    convex("linear regression", linear_regression, affine, LINEAR, wrt=(0, 1)),
    convex(
        "logistic regression on random labels",
        lambda w: F.soft_margin_loss(reals(8, 4) @ w, torch.sign(reals(8, seed=7))),
        lambda: (reals(4),),
        LINEAR,
        reach=16,
    ),
    not_convex(
        "sigmoid regression",
        lambda w, b: F.mse_loss(torch.sigmoid(reals(6, 3, seed=3) @ w + b), numbers(1.0, 0.0, 1.0, 1.0, 0.0, 0.0)),
        affine,
        "bounded, not constant",
        wrt=(0, 1),
    ),
    not_convex(
        "one neuron, squared error (Auer 1995)",
        one_neuron,
        lambda: (numbers(0.0)[0],),
        "minima at w = 0.209 and -21.97 (losses.md C7)",
    ),
    convex("one neuron, cross-entropy", one_neuron_ce, lambda: (numbers(0.0)[0],), LINEAR),
    not_convex("XOR: hidden layer", xor, xor_weights, SWAP, witness=((6, 6, -3, -6, -6, 9), (-6, -6, 9, 6, 6, -3))),
    convex("XOR: output layer", xor, xor_weights, LINEAR, wrt=1),
    not_convex(
        "XOR: all",
        xor,
        xor_weights,
        SWAP,
        wrt=(0, 1),
        witness=((6, 6, -3, -6, -6, 9, 6, 6, -6), (-6, -6, 9, 6, 6, -3, 6, 6, -6)),
    ),
    convex("weight decay", weight_decay_only, affine, "squares and norms", wrt=(0, 1)),
    convex("matrix factorization: one factor", factorization, factors, "squares of affine functions"),
    not_convex("matrix factorization: both", factorization, factors, "a product of two variables", wrt=(0, 1)),
    # the same as modules
    convex(
        "module: linear classifier",
        classifier(nn.Linear(2, 3)),
        nothing,
        LINEAR,
        wrt=["model.0.weight", "model.0.bias"],
    ),
    convex("module: linear classifier's weight", classifier(nn.Linear(2, 3)), nothing, LINEAR, wrt="model.0.weight"),
    convex(
        "module: linear regression", regressor(nn.Linear(2, 1)), nothing, LINEAR, wrt=["model.0.weight", "model.0.bias"]
    ),
    convex(
        "module: two linear layers, the last",
        classifier(nn.Linear(2, 2), nn.Linear(2, 3)),
        nothing,
        LINEAR,
        wrt="model.1.weight",
    ),
    convex(
        "module: two linear layers, the first",
        classifier(nn.Linear(2, 2), nn.Linear(2, 3)),
        nothing,
        LINEAR,
        wrt="model.0.weight",
    ),
    not_convex(
        "module: two linear layers",
        classifier(nn.Linear(2, 2), nn.Linear(2, 3)),
        nothing,
        SWAP,
        wrt=["model.0.weight", "model.1.weight"],
    ),
    convex(
        "module: tanh network, last layer",
        classifier(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3)),
        nothing,
        LINEAR,
        wrt=["model.2.weight", "model.2.bias"],
    ),
    not_convex(
        "module: tanh network, first layer",
        classifier(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3)),
        nothing,
        "bounded in the first layer, not constant",
        wrt="model.0.weight",
    ),
    not_convex(
        "module: relu network, first bias",
        regressor(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)),
        nothing,
        SWAP,
        wrt="model.0.bias",
    ),
    not_convex(
        "module: relu network",
        regressor(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)),
        nothing,
        SWAP,
        wrt=["model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"],
    ),
    not_convex(
        "module: sigmoid head, squared error",
        regressor(nn.Linear(2, 1), nn.Sigmoid()),
        nothing,
        "bounded, not constant",
        wrt="model.0.weight",
    ),
    convex(
        "module: softplus head, target below 0",
        Objective(
            filled(nn.Sequential(nn.Linear(2, 1), nn.Softplus(threshold=700))),
            nn.MSELoss(),
            reals(5, 2),
            -torch.ones(5, 1, dtype=torch.float64),
        ),
        nothing,
        "increasing convex of softplus",
        wrt="model.0.weight",
        reach=100,
    ),
)
