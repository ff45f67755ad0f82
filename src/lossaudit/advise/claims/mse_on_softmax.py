"""Claims 1 to 14, of a post on interview questions: squared error on softmax outputs."""

from __future__ import annotations

from itertools import islice, pairwise

from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.advise.claims.grounds import ROUNDING, Function, apart, card_of, proved, refuted, told
from lossaudit.advise.claims.logits import (
    believing,
    descent,
    drawn,
    ends_above_nothing,
    ends_at_nothing,
    established,
    rate,
    size,
    slopes,
    steps_until_right,
    value,
    verdict,
)
from lossaudit.advise.claims.training import LOSSES, USUAL, Setting, Start, tuned
from lossaudit.catalogue.later import torch

NOISE = Setting(wrong_labels=0.4, epochs=80)
WRONG = Setting(Start.WRONG)
_GAPS = (5.0, 10.0, 20.0)


def not_convex(loss: str = "brier") -> Evidence:
    """Asks the prover for 2, 3 and 10 classes; a counterexample is confirmed in ball arithmetic, and replayed."""
    found = [verdict(loss, classes) for classes in (2, 3, 10)]
    return Evidence(
        holds=refuted(*found),
        fails=any(map(proved, found)),
        shown="K = 2, 3, 10: " + "; ".join(map(told, found)),
    )


def turns(loss: str) -> int:
    """How often the loss of three classes turns between rising and falling on one of 200 random lines, at most."""
    along = torch.linspace(-30, 30, 2001, dtype=torch.float64)[:, None]
    most = 0
    for base, direction in zip(drawn(3, 200), drawn(3, 400)[200:], strict=True):
        values = LOSSES[loss](base + along * direction / direction.norm(), torch.zeros(len(along), dtype=torch.long))
        rises = values.diff()
        rises = rises[rises.abs() > ROUNDING].sign()
        most = max(most, int((rises.diff() != 0).sum()))
    return most


def jagged(loss: str = "brier") -> Evidence:
    """Encloses the largest slope and the largest curvature in balls, and counts the turns on 200 random lines."""
    entries = card_of(loss).entries
    steepest, sharpest = entries["Lipschitz"], entries["smoothness"]
    bound, bend = ((entry.bounds or (0, float("inf")))[1] for entry in (steepest, sharpest))
    most = turns(loss)
    return Evidence(
        holds=steepest.value == "infinite" or most > 20,
        fails=established(steepest) and established(sharpest) and max(bound, bend) < 10 and most <= 4,
        shown=f"K = 3: slope at most {bound:.4g}, curvature at most {bend:.4g}, at most {most} turns on a line",
    )


def cannot_descend(loss: str = "brier", setting: Setting = USUAL) -> Evidence:
    """Trains on digits from default weights, three seeds, at the best of four learning rates."""
    found, beside = tuned(loss, setting), tuned("cross_entropy", setting)
    worst = min(run.test[-1] for run in found.runs)
    return Evidence(
        holds=worst < 0.8,
        fails=worst >= 0.95,
        shown=f"test accuracy {found.accuracy:.1%}, worst seed {worst:.1%}; cross-entropy {beside.accuracy:.1%}",
    )


def always_breaks(settings: tuple[Setting, ...] = (USUAL, WRONG)) -> Evidence:
    """Looks for one training with squared error on softmax that fits its training images, from two starts."""
    fitted = [min(run.fitted for run in tuned("brier", setting).runs) for setting in settings]
    return Evidence(
        holds=max(fitted) < 0.5,
        fails=max(fitted) >= 0.98,
        shown="training accuracy, worst of three seeds: "
        + ", ".join(f"{share:.1%} from {setting.start.value}" for share, setting in zip(fitted, settings, strict=True)),
    )


def not_for_probabilities(loss: str = "brier") -> Evidence:
    """Asks the prover whether squared error on softmax is a proper scoring rule: least, on average, at the truth."""
    entry = card_of(loss).entries["proper"]
    return Evidence(
        holds=established(entry) and entry.value == "no",
        fails=established(entry) and entry.value == "strictly",
        shown=f"proper: {entry.value} ({entry.ground.value}: {entry.how})",
    )


def topology_alone() -> Evidence:
    """Descends on the logits of one sample: far in the wrong corner, and at uniform logits with a rescaled rate."""
    corner = believing(1, 12.0)
    stuck, moved = (steps_until_right(loss, corner, 1.0) for loss in ("brier", "cross_entropy"))
    classes = 200
    flat = believing(0, 0.0, classes)
    slow, fast = (steps_until_right("brier", flat, step) for step in (1.0, classes / 2))
    reference = steps_until_right("cross_entropy", flat, 1.0)
    return Evidence(
        holds=stuck > 20 * moved,
        fails=slow > 5 * reference and fast <= reference,
        shown=f"steps at rate 1 from a gap of 12: {'over 500' if stuck > 500 else stuck} against {moved:g}; "
        f"from 200 equal logits: {slow:g} against {reference:g}, and {fast:g} at rate 100",
    )


def exponentials_and_squares() -> Evidence:
    """Computes both again by their definitions, at 100 random rows of five."""
    z, y = drawn(5, 100), drawn(5, 200)[100:]
    powers = z.exp() / z.exp().sum(1, keepdim=True)
    squares = ((z - y) * (z - y)).sum() / z.numel()
    errors = apart(torch.softmax(z, 1), powers), apart(torch.nn.functional.mse_loss(z, y), squares)
    return Evidence(
        holds=max(errors) < ROUNDING,
        fails=max(errors) > 1e-6,
        shown=f"largest difference {errors[0]:.1g} for softmax, {errors[1]:.1g} for squared error",
    )


def plateaus(loss: str = "brier") -> Evidence:
    """Follows the gradient into a right and a wrong corner: exact series, and autograd at gaps of 5, 10 and 20."""
    entries = card_of(loss).entries
    wrong, right = entries["gradient when wrong"], entries["gradient when right"]
    measured = rate([size(loss, believing(1, gap)) for gap in _GAPS], _GAPS)
    height = value(loss, believing(1, 20.0)).item()
    return Evidence(
        holds=ends_at_nothing(wrong) and ends_at_nothing(right) and measured > 0.5 and height > 0.1,
        fails=ends_above_nothing(wrong),
        shown=f"wrong: the gradient {wrong.value}; right: {right.value}; the loss at the wrong end is {height:.3g}",
    )


def bounces(loss: str = "brier") -> Evidence:
    """Encloses the curvature, then descends with a step of one over it from 20 random starts: does the loss rise?"""
    curvature = card_of(loss).entries["smoothness"]
    bound = curvature.bounds[1] if curvature.bounds else float("inf")
    rises: list[float] = []
    for z in drawn(3, 20, spread=5.0):
        losses = [value(loss, at).item() for at in islice(descent(loss, z, 1 / bound), 50)]
        rises += [after - before for before, after in pairwise(losses)]
    return Evidence(
        holds=max(rises) > 1e-9,
        fails=established(curvature) and bound < float("inf") and max(rises) < ROUNDING,
        shown=f"curvature at most {bound:.4g}; largest rise of the loss in {len(rises)} steps: {max(rises):.1g}",
    )


def neuron(w: torch.Tensor) -> torch.Tensor:
    """Two classes, one weight, two examples of which 90 % belong to the first: squared error on the softmax."""
    x, y = torch.tensor([10.0, -0.1]), torch.tensor([[0.9, 0.1], [0.9, 0.1]])
    z = torch.stack([w * x, 0 * x], 1)
    return ((torch.softmax(z, 1) - y) ** 2).sum()


def valleys(network: Function = neuron) -> tuple[float, ...]:
    """The losses at the local minima that are verified near 0.2 and -20."""
    from lossaudit.proving.minima import minima

    found = minima(network, torch.tensor(1.0), near=(0.2, -20))
    return tuple(sum(each.value) / 2 for each in found)


def always_a_way_down(loss: str = "brier") -> tuple[float, float]:
    """How far <gradient, p - y> is from twice the variance of p - y under p, and the least such variance.

    The variance is 0 only where p - y is the same for every class, that is where p = y: at no finite logits.
    """
    error, least = 0.0, float("inf")
    for classes in (2, 3, 10):
        for z in drawn(classes, 100):
            p = torch.softmax(z, 0)
            v = p - torch.nn.functional.one_hot(torch.tensor(0), classes)
            variance = (p * (v - (p * v).sum()) ** 2).sum().item()
            error = max(error, abs((slopes(loss, z) @ v).item() - 2 * variance))
            least = min(least, variance)
    return error, least


def trapped() -> Evidence:
    """Verifies two valleys of one weight in balls; and that in one sample's logits some direction always goes down."""
    bottoms = valleys()
    error, variance = always_a_way_down()
    return Evidence(
        holds=len(bottoms) == 2 and max(bottoms) > min(bottoms) + 0.1,
        fails=error < ROUNDING and variance > 0,
        shown=f"valleys of one weight: loss {' and '.join(f'{b:.3f}' for b in bottoms)}; "
        f"in the logits <gradient, p - y> = 2 Var(p - y) > 0 at 300 points, up to {error:.1g}",
    )


def _softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.softmax(z, 0)


def jacobian_vanishes() -> Evidence:
    """Differentiates softmax at gaps of 5, 10 and 20, confident in one class."""
    jacobians = (torch.autograd.functional.jacobian(_softmax, believing(1, gap)) for gap in _GAPS)
    norms = [jacobian.norm().item() for jacobian in jacobians]
    found = rate(norms, _GAPS)
    return Evidence(
        holds=found > 0.5 and norms[-1] < 1e-8,
        fails=norms[-1] > 1e-6,
        shown=f"norm of the Jacobian at gaps of 5, 10, 20: {', '.join(f'{n:.2g}' for n in norms)}: e^(-{found:.4g} t)",
    )


def gradient_vanishes(loss: str = "brier") -> Evidence:
    """Takes the exact limit along the ray to confident and wrong, for 2 and 3 classes, and autograd at a gap of 20."""
    two, three = (card_of(loss, classes).entries["gradient when wrong"] for classes in (2, 3))
    at_20 = size(loss, believing(1, 20.0))
    return Evidence(
        holds=ends_at_nothing(two) and ends_at_nothing(three) and at_20 < 1e-6,
        fails=ends_above_nothing(two) and ends_above_nothing(three) and at_20 > 1e-6,
        shown=f"K = 2: {two.value}; K = 3: {three.value}; at a gap of 20 it is {at_20:.3g}",
    )


def single(gap: float) -> float:
    """Largest entry of the gradient of squared error on softmax in float32 (whose norm would underflow earlier)."""
    z = believing(1, gap).float().requires_grad_()
    return torch.autograd.grad(value("brier", z), z)[0].abs().max().item()


def learning_stops() -> Evidence:
    """Differentiates in float32 at gaps of 100 and 105, and lets Adam start at a gap of 15."""
    far, near = single(105.0), single(100.0)
    z = believing(1, 15.0).float().requires_grad_()
    adam = torch.optim.Adam([z], lr=0.1)
    for _ in range(1000):
        adam.zero_grad()
        value("brier", z).backward()
        adam.step()
    end = torch.softmax(z.detach(), 0)[0].item()
    return Evidence(
        holds=far == 0,
        fails=near > 0 and end > 0.99,
        shown=f"float32 gradient {near:.2g} at a gap of 100, {far:g} at 105; Adam from 15 ends at p = {end:.4f}",
    )


def stops_where_it_should_learn() -> Evidence:
    """Trains on digits, confident and wrong with right labels, then from default weights with 40 % wrong labels."""
    stuck, moved = (tuned(loss, WRONG).accuracy for loss in ("brier", "cross_entropy"))
    robust, fooled = (tuned(loss, NOISE).accuracy for loss in ("brier", "cross_entropy"))
    return Evidence(
        holds=moved - stuck > 0.2,
        fails=robust - fooled > 0.03,
        shown=f"test accuracy, squared error against cross-entropy: {stuck:.1%} against {moved:.1%} from a wrong "
        f"start, {robust:.1%} against {fooled:.1%} with 40 % wrong labels",
    )


CLAIMS = (
    Claim(
        number=1,
        name="mse-on-softmax-not-convex",
        said="Squared error on softmax outputs is not convex in the logits.",
        answer=Answer.TRUE,
        reason="It is bounded and not constant, and no such function is convex on all logits. A midpoint above its "
        "chord can be written down for every number of classes.",
        means=Means.WITNESS,
        check=not_convex,
    ),
    Claim(
        number=2,
        name="mse-on-softmax-jagged",
        said="That surface is jagged, a bumpy staircase full of waves.",
        answer=Answer.FALSE,
        reason="It is smooth: for three classes its slope is at most 0.839 and its curvature at most 0.617, where "
        "cross-entropy has 1.414 and 0.5. On no line of a random sample does it turn more than twice.",
        terms="jagged: slopes or curvatures without a bound, or many turns on one line",
        means=Means.CERTIFICATE,
        check=jagged,
    ),
    Claim(
        number=3,
        name="mse-on-softmax-cannot-train",
        said="Standard training cannot reliably descend it.",
        answer=Answer.FALSE,
        reason="From default weights, with the learning rate chosen on validation data, every seed gets about as far "
        "as with cross-entropy. It takes about one epoch more.",
        terms="standard training: default weights, scaled inputs, SGD with momentum, a tuned learning rate",
        means=Means.EXPERIMENT,
        check=cannot_descend,
    ),
    Claim(
        number=4,
        name="mse-on-softmax-always-breaks",
        said="Keeping squared error on softmax outputs is guaranteed to break the optimiser.",
        answer=Answer.FALSE,
        reason="One start from which it fits nearly all of the training data refutes a guarantee, and default weights "
        "are such a start. A start that is confident and wrong does break it, so the pairing is a risk and no "
        "certainty.",
        means=Means.EXPERIMENT,
        check=always_breaks,
    ),
    Claim(
        number=5,
        name="mse-only-for-regression",
        said="Squared error belongs to regression and cross-entropy to probabilities.",
        answer=Answer.FALSE,
        reason="Squared error on probabilities is the Brier score, which is strictly proper: its expectation is least "
        "at the true probabilities and nowhere else. What can stall is its composition with softmax under gradient "
        "descent.",
        means=Means.CERTIFICATE,
        check=not_for_probabilities,
    ),
    Claim(
        number=6,
        name="only-topology-matters",
        said="What is wrong with it is entirely the topology of the loss in the logits.",
        answer=Answer.DEPENDS,
        reason="Confident and wrong, the shape alone stops it. From equal logits its gradient is merely 2/K of "
        "cross-entropy's, and a learning rate of K/2 makes up for that.",
        terms="topology: the shape of the loss over the logits, whatever its scale, the data and the model",
        means=Means.EXPERIMENT,
        check=topology_alone,
    ),
    Claim(
        number=7,
        name="softmax-exponentials",
        said="Softmax uses exponentials, and squared error squares the difference.",
        answer=Answer.TRUE,
        reason="Both are definitions. Computing them again from exponentials and products gives the same numbers.",
        means=Means.IDENTITY,
        check=exponentials_and_squares,
    ),
    Claim(
        number=8,
        name="mse-on-softmax-plateaus",
        said="The surface has flat plateaus.",
        answer=Answer.TRUE,
        reason="Towards every corner of the simplex the gradient decays exponentially in the gap between logits, "
        "while in a wrong corner the loss stays near 2. The corner of the right class is flatter still, but there "
        "the loss is 0.",
        means=Means.LIMIT,
        check=plateaus,
    ),
    Claim(
        number=9,
        name="mse-on-softmax-bounces",
        said="The optimiser bounces wildly on it.",
        answer=Answer.FALSE,
        reason="Its curvature is bounded, so gradient descent with a step below two over the bound never raises the "
        "loss. What goes wrong on it is stalling.",
        terms="optimiser: gradient descent on the logits of one sample",
        means=Means.CERTIFICATE,
        check=bounces,
    ),
    Claim(
        number=10,
        name="mse-on-softmax-traps",
        said="The optimiser gets trapped on it.",
        answer=Answer.DEPENDS,
        reason="In the logits of one labelled sample there is no trap: the gradient is nowhere 0, only small. Over "
        "several samples the weights can have a true local minimum that is worse than the best one.",
        terms="trapped: at a local minimum that is not a global one",
        means=Means.WITNESS,
        check=trapped,
    ),
    Claim(
        number=11,
        name="softmax-jacobian-vanishes",
        said="When the model is confident and wrong, the Jacobian of softmax goes to zero.",
        answer=Answer.TRUE,
        reason="It is diag(p) - p p', which is 0 at every corner of the simplex and decays like e^(-t) in the gap t. "
        "Confident and right, it vanishes just so.",
        means=Means.LIMIT,
        check=jacobian_vanishes,
    ),
    Claim(
        number=12,
        name="mse-gradient-vanishes",
        said="Hence the gradient of squared error on softmax vanishes there.",
        answer=Answer.TRUE,
        reason="The gradient in the logits is the Jacobian times the error, and the error is bounded. It decays like "
        "e^(-t) with an exact constant for each number of classes.",
        means=Means.LIMIT,
        check=gradient_vanishes,
    ),
    Claim(
        number=13,
        name="learning-stops",
        said="Backpropagation halts there, and learning literally stops.",
        answer=Answer.DEPENDS,
        reason="In float32 the gradient is exactly 0 only beyond a gap of about 104; before that it is tiny, and Adam "
        "rescales it. Whether training recovers depends on the gap, the optimiser and the other samples.",
        means=Means.LIMIT,
        check=learning_stops,
    ),
    Claim(
        number=14,
        name="stops-when-needed-most",
        said="It stops exactly when the model most needs to learn.",
        answer=Answer.DEPENDS,
        reason="If the label is right, a confident mistake is the sample to learn from, and it is given up. If the "
        "label is wrong, giving it up is why squared error on softmax stands label noise better than cross-entropy.",
        means=Means.EXPERIMENT,
        check=stops_where_it_should_learn,
    ),
)
