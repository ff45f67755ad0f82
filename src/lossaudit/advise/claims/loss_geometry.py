"""Claims 24 to 34, of a summary of that post: what a loss does to optimisation and generalisation."""

from __future__ import annotations

from itertools import pairwise

from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.advise.claims.cross_entropy import layered
from lossaudit.advise.claims.grounds import (
    ROUNDING,
    Function,
    apart,
    card_of,
    decided,
    proved,
    real,
    refuted,
    told,
)
from lossaudit.advise.claims.logits import (
    believing,
    drawn,
    ends_above_nothing,
    ends_at_nothing,
    slopes,
    steps_until_right,
    value,
    verdict,
)
from lossaudit.advise.claims.mse_on_softmax import NOISE, WRONG, always_a_way_down, neuron, plateaus, valleys
from lossaudit.advise.claims.training import LOSSES, RATES, USUAL, Setting, digits, tried, tuned
from lossaudit.catalogue.later import torch


def _of_weights(loss: str) -> Function:
    def model(w: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return LOSSES[loss](x @ w, y).sum()

    return model


def sets_geometry(losses: tuple[str, ...] = ("cross_entropy", "brier")) -> Evidence:
    """Asks the prover for convexity in the weights of one linear model with different losses."""
    x, y = real((1, 2), (-1, 1), (0.5, -1)), torch.tensor([0, 1, 2])
    found = [decided(_of_weights(loss), drawn(3, 2), x, y) for loss in losses]
    return Evidence(
        holds=any(map(proved, found)) and any(map(refuted, found)),
        fails=proved(*found) or refuted(*found),
        shown="; ".join(f"linear model with {loss}: {told(one)}" for loss, one in zip(losses, found, strict=True)),
    )


def riddled() -> Evidence:
    """Looks for plateaus and for two valleys of a weight; and for a way down from 300 points of the logits."""
    flat, bottoms = plateaus(), valleys(neuron)
    error, variance = always_a_way_down()
    ends = real(5, -10, 5), real(-10, 5, 5)
    middle = value("brier", (ends[0] + ends[1]) / 2).item()
    costs = [value("brier", end).item() for end in ends]
    return Evidence(
        holds=flat.holds and len(bottoms) == 2 and middle > max(costs),
        fails=error < ROUNDING and variance > 0,
        shown=f"{len(bottoms)} valleys of one weight; between points that cost {costs[0]:.3g} and {costs[1]:.3g} lies "
        f"one of {middle:.4g}; no stationary point in the logits: <gradient, p - y> is at least {2 * variance:.1g}",
    )


def bad_for_deep_nets(loss: str = "brier") -> Evidence:
    """Encloses how fast the gradient can change, and asks the prover about a network with either loss."""
    own, usual = (card_of(name).entries["smoothness"].bounds for name in (loss, "cross_entropy"))
    x, y = real((0, 0), (0, 1), (1, 0), (1, 1)), torch.tensor([0, 1, 1, 0])
    network = decided(layered, drawn(2, 4), x, y)
    deep = Setting(hidden=3, epochs=40)
    shallow_gap, deep_gap = (
        tuned("cross_entropy", setting).accuracy - tuned(loss, setting).accuracy for setting in (USUAL, deep)
    )
    smooth = own is not None and usual is not None and own[1] < 2 * usual[0]
    return Evidence(
        holds=not smooth or deep_gap > shallow_gap + 0.05,
        fails=smooth and refuted(network) and deep_gap < shallow_gap + 0.02,
        shown=f"the gradient changes by at most {own[1] if own else float('inf'):.4g} a unit, cross-entropy's by 0.5; "
        f"a network with cross-entropy is {told(network)}; behind cross-entropy by {shallow_gap:.1%} with one hidden "
        f"layer, {deep_gap:.1%} with three",
    )


def struggles() -> Evidence:
    """Trains on digits with squared error on softmax, from a confidently wrong start and from default weights."""
    wrong, usual = (max(run.fitted for run in tuned("brier", setting).runs) for setting in (WRONG, USUAL))
    return Evidence(
        holds=wrong < 0.5,
        fails=usual > 0.98,
        shown=f"training accuracy, best of three seeds: {wrong:.1%} from a wrong start, {usual:.1%} from "
        "default weights",
    )


def linearises() -> Evidence:
    """Compares the gradient at midpoints with the mean at the ends: midpoints of probabilities, then of logits."""

    def at(p: torch.Tensor) -> torch.Tensor:
        return slopes("cross_entropy", p.log())

    logits = list(zip(drawn(4, 100), drawn(4, 200)[100:], strict=True))
    ends = [(torch.softmax(a, 0), torch.softmax(b, 0)) for a, b in logits]
    in_p = max(apart(at((a + b) / 2), (at(a) + at(b)) / 2) for a, b in ends)
    in_z = max(
        apart(slopes("cross_entropy", (a + b) / 2), (slopes("cross_entropy", a) + slopes("cross_entropy", b)) / 2)
        for a, b in logits
    )
    return Evidence(
        holds=in_p < ROUNDING,
        fails=in_z > 1e-3,
        shown=f"departure from linear: {in_p:.1g} in the probabilities, up to {in_z:.2g} in the logits",
    )


def largest_rise(step: float) -> float:
    """The largest rise of cross-entropy in 100 steps of a linear model on the digits, from weights of 0.

    Args:
        step: In units of 1 / (0.5 max |x|^2), one over a bound of the curvature.
    """
    training, _, _ = digits()
    x = torch.cat([training.x, torch.ones(len(training.x), 1)], 1).double()
    rate = step / (0.5 * x.square().sum(1).max().item())
    w = torch.zeros(x.shape[1], 10, dtype=torch.float64)
    losses: list[float] = []
    for _ in range(100):
        w = w.detach().requires_grad_()
        loss = LOSSES["cross_entropy"](x @ w, training.y).mean()
        losses.append(loss.item())
        w = w - rate * torch.autograd.grad(loss, w)[0]
    return max(after - before for before, after in pairwise(losses))


def every_step_behaves() -> Evidence:
    """Descends with a linear model and a step below the bound; then trains a network at rates of 0.1 and 1."""
    rise = largest_rise(1.9)
    fine, broken = (max(run.fitted for run in tried("cross_entropy")[rate]) for rate in (0.1, 1.0))
    return Evidence(
        holds=rise <= ROUNDING,
        fails=fine > 0.95 and broken < 0.9,
        shown=f"linear model, largest rise of the loss in 100 steps: {rise:.1g}; network, training accuracy of the "
        f"best of three seeds {fine:.1%} at a rate of 0.1, {broken:.1%} at 1",
    )


def mean_epochs(loss: str, rate: float) -> float:
    """To 95 % of the test images; a training that never gets there counts double its length."""
    runs = tried(loss)[rate]
    return sum(run.epochs_to(0.95) or 2 * USUAL.epochs for run in runs) / len(runs)


def accelerates() -> Evidence:
    """Counts epochs to 95 % on digits, and steps from 200 equal logits at rates that make the first steps equal."""
    entropy, squares = (mean_epochs(loss, RATES[0]) for loss in ("cross_entropy", "brier"))
    best = [mean_epochs(loss, tuned(loss).rate) for loss in ("cross_entropy", "brier")]
    classes = 200
    flat = believing(0, 0.0, classes)
    first = apart(slopes("brier", flat) * classes / 2, slopes("cross_entropy", flat))
    steps = steps_until_right("brier", flat, classes / 2)
    reference = steps_until_right("cross_entropy", flat, 1.0)
    return Evidence(
        holds=entropy < 0.75 * squares,
        fails=first < ROUNDING and steps <= reference,
        shown=f"epochs to 95 % on digits: {entropy:.0f} against {squares:.0f} at a rate of {RATES[0]:g}, "
        f"{best[0]:.1f} against {best[1]:.1f} at the best rates; from 200 equal logits, first steps "
        f"equal: {reference:g} steps against {steps:g}",
    )


def generalises_better(settings: tuple[Setting, ...] = (USUAL, NOISE)) -> Evidence:
    """Trains on digits with either loss, with right labels and with 40 % wrong ones; test labels are right."""
    leads = [tuned("cross_entropy", setting).accuracy - tuned("brier", setting).accuracy for setting in settings]
    return Evidence(
        holds=min(leads) > 0,
        fails=min(leads) < -0.03,
        shown="test accuracy of cross-entropy over squared error on softmax: "
        + ", ".join(
            f"{lead:+.1%} with {setting.wrong_labels:.0%} wrong labels"
            for lead, setting in zip(leads, settings, strict=True)
        ),
    )


def the_only_pairing() -> Evidence:
    """Compares the cards of cross-entropy, of squared error on softmax, and of squared error on the raw outputs."""
    entropy, softmax, raw = (card_of(name).entries for name in ("cross_entropy", "brier", "squared_outputs"))
    convex = [verdict(name, 3) for name in ("cross_entropy", "brier", "squared_outputs")]
    return Evidence(
        holds=proved(convex[0])
        and refuted(convex[1])
        and ends_above_nothing(entropy["gradient when wrong"])
        and ends_at_nothing(softmax["gradient when wrong"]),
        fails=proved(convex[2]) and raw["proper"].value == "strictly" and raw["calibrated"].value == "yes",
        shown=f"cross-entropy {told(convex[0])}, squared error on softmax {told(convex[1])}; on the raw outputs it is "
        f"{told(convex[2])}, proper: {raw['proper'].value}, calibrated: {raw['calibrated'].value}",
    )


def ensures_training() -> Evidence:
    """Looks for a loss with each virtue and another failure; and for a rate at which cross-entropy, with all, fails."""
    brier, hinge, exponential = (card_of(name).entries for name in ("brier", "hinge", "exponential"))
    saturates = brier["proper"].value == "strictly" and ends_at_nothing(brier["gradient when wrong"])
    improper = card_of("hinge").convexity.status == "proved" and hinge["proper"].value == "no"
    explodes = exponential["calibrated"].value == "yes" and exponential["Lipschitz"].value == "infinite"
    fitted = {rate: max(run.fitted for run in runs) for rate, runs in tried("cross_entropy").items()}
    return Evidence(
        holds=min(fitted.values()) > 0.95,
        fails=saturates and improper and explodes and max(fitted.values()) > 0.95 and min(fitted.values()) < 0.9,
        shown="squared error on softmax is strictly proper and saturates, hinge is convex and improper, exponential is "
        "calibrated and has no largest slope; cross-entropy fits "
        + ", ".join(f"{share:.0%} at rate {rate:g}" for rate, share in fitted.items()),
    )


CLAIMS = (
    Claim(
        number=24,
        name="loss-sets-geometry",
        said="The choice of loss sets the geometry of the optimisation.",
        answer=Answer.TRUE,
        reason="One and the same linear model is convex in its weights with cross-entropy and not with squared error "
        "on softmax. The model has its share: with a hidden layer cross-entropy is not convex either.",
        means=Means.CERTIFICATE,
        check=sets_geometry,
    ),
    Claim(
        number=25,
        name="riddled-with-minima",
        said="Softmax with squared error is riddled with plateaus and local minima.",
        answer=Answer.DEPENDS,
        reason="Plateaus it has, and in weights shared by several samples it can have local minima. In the logits of "
        "one sample there are none, although its sublevel sets are not convex for three classes.",
        means=Means.WITNESS,
        check=riddled,
    ),
    Claim(
        number=26,
        name="bad-for-deep-nets",
        said="It is especially bad for deep networks, which need smooth gradients that it does not have.",
        answer=Answer.FALSE,
        reason="Its gradient is smooth: it changes by at most 0.617 a unit of the logits, cross-entropy's by 0.5. A "
        "deep network is non-convex with either loss, and given enough epochs three hidden layers do it no particular "
        "harm.",
        terms="bad for deep networks: further behind cross-entropy with three hidden layers than with one",
        means=Means.EXPERIMENT,
        check=bad_for_deep_nets,
    ),
    Claim(
        number=27,
        name="struggles-to-global-solution",
        said="Gradient descent struggles to reach a global solution with it.",
        answer=Answer.DEPENDS,
        reason="From a start that is confident and wrong it stays stuck. From default weights it fits nearly all of "
        "the training data.",
        means=Means.EXPERIMENT,
        check=struggles,
    ),
    Claim(
        number=28,
        name="fails-on-new-data",
        said="In production such models look trained and then fail on new data.",
        answer=Answer.OPEN,
        reason="Saturation is about training error: a model that is stuck looks untrained. Nobody has offered "
        "evidence about generalisation in production, and a benchmark on a desk cannot settle it.",
        means=Means.NONE,
    ),
    Claim(
        number=29,
        name="log-linearises-gradient",
        said="The logarithm linearises the gradient to p - y.",
        answer=Answer.DEPENDS,
        reason="In the probabilities the gradient is linear. In the logits, where the step is taken, p is softmax and "
        "the gradient bends with it.",
        means=Means.IDENTITY,
        check=linearises,
    ),
    Claim(
        number=30,
        name="every-step-well-behaved",
        said="Cross-entropy makes every gradient step well behaved.",
        answer=Answer.DEPENDS,
        reason="For a linear model a step below 2 / (0.5 max |x|^2) never raises the loss. In a network the same loss "
        "breaks at a learning rate that is only ten times a good one.",
        means=Means.EXPERIMENT,
        check=every_step_behaves,
    ),
    Claim(
        number=31,
        name="cross-entropy-accelerates",
        said="Cross-entropy accelerates convergence.",
        answer=Answer.DEPENDS,
        reason="On digits, at the same small rate, it needs half as many epochs, and at each loss's best rate about "
        "one fewer. Its head start from equal logits is a factor of K/2 in the gradient, which the rate can give as "
        "well.",
        means=Means.EXPERIMENT,
        check=accelerates,
    ),
    Claim(
        number=32,
        name="cross-entropy-generalises",
        said="Cross-entropy improves generalisation.",
        answer=Answer.FALSE,
        reason="Not in general: with 40 % wrong labels squared error on softmax is better on clean test data. Hui and "
        "Belkin (2021) report squared error on raw outputs as good or better on most language and speech tasks.",
        terms="improves: is better than squared error on every kind of data",
        means=Means.EXPERIMENT,
        check=generalises_better,
    ),
    Claim(
        number=33,
        name="softmax-with-cross-entropy-only",
        said="Pair softmax with cross-entropy, and keep squared error for regression.",
        answer=Answer.DEPENDS,
        reason="As a default it is sound: cross-entropy is convex in the logits and never goes silent when wrong, "
        "squared error on softmax is neither. It is no theorem: squared error on raw outputs is convex, proper and "
        "calibrated.",
        means=Means.CERTIFICATE,
        check=the_only_pairing,
    ),
    Claim(
        number=34,
        name="right-loss-ensures-training",
        said="The right loss ensures stable and efficient training.",
        answer=Answer.FALSE,
        reason="No virtue of a loss is enough: one that is strictly proper saturates, one that is convex is improper, "
        "one that is calibrated explodes. Cross-entropy lacks none of these virtues and still fails at a large rate.",
        means=Means.EXPERIMENT,
        check=ensures_training,
    ),
)
