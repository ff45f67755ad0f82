"""Claims 62 to 79, from discussions of convexity: convex in what, and for which network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from lossaudit.advise.claims.cases import (
    AFFINE,
    INPUT_WEIGHT,
    ITS_LOSS,
    JOINT,
    LINEAR,
    MATCHING,
    NEURON,
    OUTPUT,
    OUTPUT_WEIGHT,
    PLUS,
    PREDICTION,
    PRODUCT,
    RELU,
    SIGMOID,
    TANH,
    TO_ZERO,
    Case,
    are_convex,
    are_not_convex,
    are_various,
    minus_log_sigmoid,
    neuron,
    sigmoid,
    squared_error,
    verdict,
)
from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.advise.claims.grounds import ROUNDING, Unary, gradient, minimiser, proved, real, refuted, told
from lossaudit.catalogue.later import torch

if TYPE_CHECKING:
    from lossaudit.verdict import Verdict


def good_because_convex(cases: Sequence[Case] = (PREDICTION, TANH)) -> Evidence:
    return are_convex(*cases)


def depends_on_the_network(cases: Sequence[Case] = (LINEAR, TANH, RELU)) -> Evidence:
    return are_various(*cases)


def by_itself(cases: Sequence[Case] = (LINEAR, PRODUCT, TANH)) -> Evidence:
    return are_convex(*cases)


def certainly_not(cases: Sequence[Case] = (TANH, RELU, TO_ZERO)) -> Evidence:
    return are_not_convex(*cases)


def in_the_output_weight(case: Case = OUTPUT_WEIGHT) -> Evidence:
    return are_convex(case)


def in_the_input_weight(case: Case = INPUT_WEIGHT) -> Evidence:
    found = are_not_convex(case)
    w1, w2 = real(*case.at)

    def one(w: torch.Tensor) -> torch.Tensor:
        return case.loss(w, w2)

    bend = torch.autograd.functional.hessian(one, w1).item()
    return Evidence(
        holds=found.holds, fails=found.fails, shown=f"{found.shown}; second derivative at ({w1:g}, {w2:g}): {bend:.4f}"
    )


# 68


def one_coordinate_is_enough(functions: Sequence[Case] = JOINT) -> Evidence:
    """A counterexample in one coordinate, with the others held, has to be one of the whole function."""
    carried, contrary, shown = 0, 0, list[str]()
    for case in functions:
        alone = [verdict(Case(case.name, case.loss, case.at, (i,))) for i in range(len(case.at))]
        together = verdict(Case(case.name, case.loss, case.at, tuple(range(len(case.at)))))
        bent = [i for i, found in enumerate(alone) if refuted(found)]
        kept = all(above_chord(case, i, alone[i]) for i in bent)
        carried += bool(bent) and kept and refuted(together)
        contrary += bool(bent) and (proved(together) or not kept)
        which = ", ".join(str(i + 1) for i in bent) or "none"
        shown.append(f"{case.name}: not convex in coordinate {which}; jointly {told(together)}")
    return Evidence(holds=carried > 0 and not contrary, fails=contrary > 0, shown="; ".join(shown))


def above_chord(case: Case, index: int, found: Verdict) -> bool:
    if found.witness is None:
        return False

    def value(x: float) -> float:
        numbers = [x if i == index else held for i, held in enumerate(case.at)]
        return case.loss(*(torch.tensor(number, dtype=torch.float64) for number in numbers)).item()

    (a,), (middle,), (b,) = found.witness.a, found.witness.midpoint, found.witness.b
    return value(middle) > (value(a) + value(b)) / 2


def in_the_residual(case: Case = PREDICTION) -> Evidence:
    return are_convex(case)


# 70


def from_the_model(alone: Case = PREDICTION, models: Sequence[Case] = (AFFINE, SIGMOID, PLUS)) -> Evidence:
    """The first model is affine, the others are not."""
    straight, bent = are_convex(alone, models[0]), are_convex(*models[1:])
    return Evidence(
        holds=straight.answer is Answer.TRUE and bent.fails,
        fails=straight.fails or bent.answer is Answer.TRUE,
        shown=f"{straight.shown}; {bent.shown}",
    )


# 71


def off_its_taylor_model(loss: Unary, at: float, distance: float) -> float:
    """Relative to the loss there."""
    value, point = loss(real(at)[0]), real(at)[0]
    first = gradient(loss, point)
    second = torch.autograd.functional.hessian(loss, point)
    far = loss(point + distance)
    return ((value + first * distance + second * distance**2 / 2 - far).abs() / far).item()


def only_nearby(loss: Unary = squared_error) -> Evidence:
    errors = {d: max(off_its_taylor_model(loss, at, d) for at in (-2.0, 0.5, 3.0)) for d in (0.01, 1e3, 1e6)}
    return Evidence(
        holds=max(errors.values()) > 1e-3,
        fails=max(errors.values()) < ROUNDING,
        shown="the loss against its second-order Taylor model, relative: "
        + ", ".join(f"{error:.0e} at distance {d:g}" for d, error in errors.items()),
    )


# 72


def worse_minima(loss: Unary, near: Sequence[float]) -> int:
    """Verified local minima of a function of one number that are higher than the lowest of them."""
    from lossaudit.proving.minima import minima

    found = minima(loss, torch.tensor(1.0, dtype=torch.float64), near=near)
    lowest = min((minimum.value[1] for minimum in found), default=0.0)
    return sum(minimum.value[0] > lowest for minimum in found)


def chain(weights: torch.Tensor) -> torch.Tensor:
    """Squared error of a deep linear network, a unit a layer."""
    return (1 - weights.prod(-1)) ** 2


def worse_ends(loss: Unary, layers: int, starts: int = 100) -> int:
    """From how many random starts gradient descent does not reach zero."""
    made = torch.Generator().manual_seed(0)
    weights = torch.randn(starts, layers, generator=made, dtype=torch.float64)
    for _ in range(3000):
        weights = weights - 0.02 * gradient(lambda w: loss(w).sum(), weights).clamp(-1, 1)
    return int((loss(weights) > 1e-6).sum())


def deeper_has_more(shallow: Unary = neuron, deep: Unary = chain) -> Evidence:
    one = worse_minima(shallow, near=(0.2, -20))
    three = worse_ends(deep, layers=3)
    return Evidence(
        holds=three > one,
        fails=one > three,
        shown=f"one sigmoid neuron has {one} local minimum above its best one, verified in ball arithmetic; "
        f"of 100 descents of three linear layers {three} end above zero",
    )


def one_layer(cases: Sequence[Case] = (LINEAR, MATCHING, NEURON)) -> Evidence:
    return are_convex(*cases)


def not_always(cases: Sequence[Case] = (PREDICTION, NEURON)) -> Evidence:
    return are_not_convex(*cases)


# 75


def relu_cost(w0: Fraction, w1: Fraction) -> Fraction:
    """The relu network without biases, in exact arithmetic."""
    return (1 - max(w1 * max(w0, Fraction(0)), Fraction(0))) ** 2


def two_relu_layers(case: Case = RELU, cost: Callable[[Fraction, Fraction], Fraction] = relu_cost) -> Evidence:
    two, half = Fraction(2), Fraction(1, 2)
    ends, middle = (cost(two, half) + cost(half, two)) / 2, cost((two + half) / 2, (two + half) / 2)
    found = are_not_convex(case)
    return Evidence(
        holds=found.holds and middle > ends,
        fails=found.fails,
        shown=f"{found.shown}; at (w0, w1) = (2, 1/2) and (1/2, 2) it costs {ends} on average, midway {middle}",
    )


# 76 to 78


def minus(function: Unary) -> Unary:
    return lambda z: -function(z)


def follows_the_model(model: Unary = sigmoid, loss: Unary = minus_log_sigmoid) -> Evidence:
    up, down, after = Case("model", model), Case("minus the model", minus(model)), Case("its loss", loss)
    bent = are_not_convex(up, down).answer is Answer.TRUE
    return Evidence(
        holds=bent and refuted(verdict(after)),
        fails=bent and proved(verdict(after)),
        shown=are_convex(up, down, after).shown,
    )


def linear_classifier(output: Case = OUTPUT) -> Evidence:
    found = are_convex(output)
    return Evidence(holds=found.holds, fails=found.fails, shown=f"{found.shown}; {are_convex(ITS_LOSS).shown}")


def outer_and_inner(outer: Case = PREDICTION, inner: Unary = sigmoid) -> Evidence:

    def composed(w: torch.Tensor) -> torch.Tensor:
        return outer.loss(inner(w))

    both = Case("the convex function of the other", composed)
    found, inside = are_not_convex(both), are_not_convex(Case("inner function", inner))
    return Evidence(
        holds=proved(verdict(outer)) and inside.holds and found.holds,
        fails=inside.fails or found.fails,
        shown=f"{are_convex(outer).shown}; {inside.shown}; {found.shown}",
    )


# 79

Row: TypeAlias = tuple[float, float, int]

DRAWN = Random(0)
HARD: Mapping[str, tuple[Row, ...]] = {
    "exclusive or": ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)),
    "random labels": tuple((DRAWN.gauss(0, 1), DRAWN.gauss(0, 1), DRAWN.randrange(2)) for _ in range(12)),
    "one point with both labels": ((0.5, 0.25, 0), (0.5, 0.25, 1), (-1, 0, 0)),
}
"""Two features and a label in each row."""


def fitted(rows: tuple[Row, ...]) -> Callable[..., torch.Tensor]:
    """Binary cross-entropy of a linear classifier."""

    def loss(w1: torch.Tensor, w2: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        x1, x2, y = real(*rows).T
        return torch.nn.functional.binary_cross_entropy_with_logits(w1 * x1 + w2 * x2 + b, y)

    return loss


def hard_tasks(
    tasks: Mapping[str, tuple[Row, ...]] = HARD, cost: Callable[[tuple[Row, ...]], Callable[..., torch.Tensor]] = fitted
) -> Evidence:
    found = are_not_convex(*(Case(name, cost(rows), (0.1, -0.2, 0.3), (0, 1, 2)) for name, rows in tasks.items()))

    def least(rows: tuple[Row, ...]) -> float:
        fit = fitted(rows)
        return fit(*minimiser(lambda w: fit(*w), torch.zeros(3, dtype=torch.float64))).item()

    heights = [least(rows) for rows in tasks.values()]
    hard = min(heights) > 0.1  # 0 is approached where a line separates the labels
    return Evidence(
        holds=found.holds and hard,
        fails=found.fails and hard,
        shown=f"{found.shown}; least cross-entropy " + ", ".join(f"{height:.3f}" for height in heights),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        number=62,
        name="mse-is-good-because-convex",
        said="MSE is a good loss because it is convex.",
        answer=Answer.DEPENDS,
        reason="It is convex in the prediction. What training moves are parameters, and in those of a network it is "
        "not convex; nor are losses good for being convex.",
        means=Means.CERTIFICATE,
        check=good_because_convex,
        terms="Convex: in the prediction, or in the parameters.",
    ),
    Claim(
        number=63,
        name="convexity-depends-on-network",
        said="Whether MSE is convex in the parameters depends on the network.",
        answer=Answer.TRUE,
        reason="For a model that is affine in its parameters it is a square of affine functions, hence convex. For the "
        "smallest network with a hidden unit it is not.",
        means=Means.CERTIFICATE,
        check=depends_on_the_network,
    ),
    Claim(
        number=64,
        name="mse-convex-by-itself",
        said="MSE is convex in its input and in the parameters, whatever stands before it.",
        answer=Answer.DEPENDS,
        reason="It is so in the parameters of an affine model. In weight and input together it is not, even for the "
        "product w x, and a hidden unit spoils it in the weights alone.",
        means=Means.CERTIFICATE,
        check=by_itself,
        terms="Input: of the loss (the prediction), or of the model.",
    ),
    Claim(
        number=65,
        name="never-convex-with-a-network",
        said="With any non-trivial network, MSE is certainly not convex in the parameters.",
        answer=Answer.DEPENDS,
        reason="Exchanging two hidden units, or the signs around one, leaves the loss as it is, while the midpoint of "
        "the two usually costs more. Yet there are nonlinear exceptions: relu(w x)^2, for a target of zero, is convex.",
        means=Means.WITNESS,
        check=certainly_not,
    ),
    Claim(
        number=66,
        name="convex-in-output-weight",
        said="Squared error of a 1-1-1 sigmoid network is convex in its output weight.",
        answer=Answer.TRUE,
        reason="The prediction is linear in that weight, so the loss is a parabola. Its second derivative is twice the "
        "square of the hidden activation.",
        means=Means.CERTIFICATE,
        check=in_the_output_weight,
    ),
    Claim(
        number=67,
        name="not-convex-in-input-weight",
        said="Squared error of a 1-1-1 sigmoid network is not convex in its input weight.",
        answer=Answer.TRUE,
        reason="As a function of the input weight the loss is bounded and not constant, and no convex function on the "
        "whole line is. At w1 = 2 and w2 = 1 its second derivative is -0.12.",
        means=Means.WITNESS,
        check=in_the_input_weight,
    ),
    Claim(
        number=68,
        name="one-coordinate-is-enough",
        said="A function that is not convex in one coordinate is not convex jointly.",
        answer=Answer.TRUE,
        reason="A counterexample with the other coordinates held fixed is a counterexample of the whole. The converse "
        "fails: (1 - w1 w2)^2 is convex in each weight and not in both.",
        means=Means.WITNESS,
        check=one_coordinate_is_enough,
    ),
    Claim(
        number=69,
        name="quadratic-is-convex",
        said="Quadratic losses, drawn as a parabola, are convex.",
        answer=Answer.TRUE,
        reason="The drawing has the residual on its axis, and a square is convex in that. It says nothing of the "
        "parameters behind the residual.",
        means=Means.CERTIFICATE,
        check=in_the_residual,
        terms="Convex: in the residual.",
    ),
    Claim(
        number=70,
        name="nonconvexity-from-the-model",
        said="With squared error, non-convexity comes from a model whose output is nonlinear in the parameters.",
        answer=Answer.TRUE,
        reason="Of an affine output the loss stays convex, as every convex function of an affine one does. Of a "
        "sigmoid or a relu it need not be.",
        means=Means.CERTIFICATE,
        check=from_the_model,
    ),
    Claim(
        number=71,
        name="quadratic-is-an-approximation",
        said="The quadratic loss only describes a small neighbourhood of a point.",
        answer=Answer.FALSE,
        reason="The squared error is exact at any distance, since its second-order Taylor model is itself. What holds "
        "only nearby is the quadratic model of another loss.",
        means=Means.IDENTITY,
        check=only_nearby,
    ),
    Claim(
        number=72,
        name="deeper-has-more-minima",
        said="Deeper networks have more local minima, shallower ones fewer.",
        answer=Answer.FALSE,
        reason="A single sigmoid neuron with squared error can have exponentially many in the number of its weights. A "
        "deep linear network has none above its best.",
        means=Means.WITNESS,
        check=deeper_has_more,
        terms="Local minima: those that are higher than the best one.",
    ),
    Claim(
        number=73,
        name="one-layer-is-convex",
        said="The loss of a network with one layer is convex.",
        answer=Answer.DEPENDS,
        reason="It is if loss and activation match: no activation with squared error, a sigmoid with cross-entropy. A "
        "sigmoid with squared error is not convex even for a single neuron.",
        means=Means.CERTIFICATE,
        check=one_layer,
        terms="Convex: in the weights.",
    ),
    Claim(
        number=74,
        name="quadratic-not-always-convex",
        said="The quadratic loss is not always convex.",
        answer=Answer.DEPENDS,
        reason="As a function of the prediction it always is. As a function of weights behind a nonlinear model it may "
        "not be, but then it is the composition that is not.",
        means=Means.CERTIFICATE,
        check=not_always,
    ),
    Claim(
        number=75,
        name="two-relu-layers",
        said="The squared error of a network with two ReLU layers is not convex.",
        answer=Answer.TRUE,
        reason="Only the product of two positive weights counts, so (2, 1/2) and (1/2, 2) both fit x = 1 without "
        "error. Midway between them the product is 25/16, and the loss 81/256.",
        means=Means.WITNESS,
        check=two_relu_layers,
    ),
    Claim(
        number=76,
        name="nonconvex-model-nonconvex-loss",
        said="If the model or the true function is not convex, neither is the loss.",
        answer=Answer.FALSE,
        reason="The sigmoid is neither convex nor concave, yet minus its logarithm is convex. What counts is the "
        "composition of loss and model, not the shape of either.",
        means=Means.CERTIFICATE,
        check=follows_the_model,
    ),
    Claim(
        number=77,
        name="linear-classifier-is-convex",
        said="A linear classifier sigmoid(w x + b) is convex.",
        answer=Answer.FALSE,
        reason="Its output, as a function of the weights, bends both ways. Convex is its cross-entropy.",
        means=Means.WITNESS,
        check=linear_classifier,
        terms="Classifier: its output; people often mean its loss.",
    ),
    Claim(
        number=78,
        name="convex-of-nonconvex",
        said="A convex function of a non-convex one may be non-convex, and the sigmoid is not convex.",
        answer=Answer.TRUE,
        reason="The squared error of a sigmoid is an example of the first. The sigmoid is convex to the left of zero "
        "and concave to the right.",
        means=Means.WITNESS,
        check=outer_and_inner,
    ),
    Claim(
        number=79,
        name="hard-task-nonconvex-loss",
        said="On a hard task, the binary cross-entropy of a linear classifier is not convex.",
        answer=Answer.FALSE,
        reason="It is convex in the weights for any labels whatsoever, random and contradictory ones included. That a "
        "task is hard shows in the height of the minimum, not in the shape.",
        means=Means.CERTIFICATE,
        check=hard_tasks,
        terms="Hard: no linear classifier gets all labels right.",
    ),
)
