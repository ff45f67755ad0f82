"""Claims 45 to 51, from interview answers: robust regression, penalties, and what stands in for accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import TypeAlias

from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.advise.claims.grounds import ROUNDING, Paired, Unary, apart, card_of, gradient, minimiser, real, slope
from lossaudit.catalogue.later import torch

# 45 and 46


def huber(residual: torch.Tensor, delta: float = 1.0) -> torch.Tensor:
    return torch.nn.functional.huber_loss(residual, torch.zeros_like(residual), reduction="sum", delta=delta)


def square(residual: torch.Tensor) -> torch.Tensor:
    return residual.square().sum() / 2


Joined: TypeAlias = "Callable[[torch.Tensor, float], torch.Tensor]"


def bounded_influence(loss: Unary = huber) -> Evidence:
    inside = max(abs(loss(real(r)).item() - r * r / 2) for r in (0.0, 0.25, -0.5, 0.75))
    outside = max(abs(slope(loss, r) - math.copysign(1, r)) for r in (1.5, -4.0, 1e3, 1e9))
    clean, zero = real(-0.5, 0, 0.25, 0.5), torch.zeros((), dtype=torch.float64)

    def moved(cost: Unary) -> float:
        """How far the fitted centre goes when an outlier goes from 10 to 1000."""

        def centre(outlier: float) -> float:
            return minimiser(lambda m: cost(torch.cat([clean, real(outlier)]) - m), zero).item()

        return abs(centre(1000) - centre(10))

    own, squared = moved(loss), moved(square)
    so = inside < ROUNDING and outside < ROUNDING and own < squared / 100
    return Evidence(
        holds=so,
        fails=not so,
        shown=f"off the parabola inside {inside:.0e}, off slope 1 outside {outside:.0e}; an outlier sent from 10 to "
        f"1000 moves the centre by {own:.2g}, with squared error by {squared:.3g}",
    )


def jump(loss: Unary, at: float, step: float) -> float:
    """The slope to the right less that to the left, from chords of this length."""
    before, here, after = (loss(real(at + way * step)).item() for way in (-1, 0, 1))
    return ((after - here) - (here - before)) / step


def kink_at_the_join(loss: Joined = huber) -> Evidence:
    wide, narrow = 2.0**-6, 2.0**-16
    joins = [(way * delta, delta) for delta in (0.5, 1.0, 4.0) for way in (-1, 1)]

    def with_delta(delta: float) -> Unary:
        return lambda residual: loss(residual, delta)

    jumps = [tuple(jump(with_delta(delta), at, step) for step in (wide, narrow)) for at, delta in joins]
    return Evidence(
        holds=any(abs(second) > abs(first) / 2 > 0 for first, second in jumps),
        fails=all(abs(second) <= 2 * narrow for _, second in jumps),
        shown=f"slopes from both sides of the joins differ by {max(abs(a) for a, _ in jumps):.1e} over chords of "
        f"{wide:.1e}, and by {max(abs(b) for _, b in jumps):.1e} over chords of {narrow:.1e}",
    )


# 47 and 48


def l2(weights: torch.Tensor, strength: float) -> torch.Tensor:
    return strength * weights.square().sum()


def shrinks(penalty: Joined = l2) -> Evidence:
    x, y = real((1, 0.5), (-1, 2), (0.25, -1), (2, 1), (-1.5, -0.5)), real(1, 0, 0, 1, 1)
    start, strengths = torch.zeros(2, dtype=torch.float64), (0.01, 0.1, 1, 10, 100)

    def objective(weights: torch.Tensor, strength: float) -> torch.Tensor:
        fit = torch.nn.functional.binary_cross_entropy_with_logits(x @ weights, y)
        return fit + penalty(weights, strength)

    norms = [minimiser(partial(objective, strength=s), start).norm().item() for s in strengths]
    added = apart(gradient(lambda w: penalty(w, 0.3), real(2, -5)), 2 * 0.3 * real(2, -5))
    so = added < ROUNDING and all(a > b for a, b in pairwise(norms)) and norms[-1] < 0.01
    return Evidence(
        holds=so,
        fails=not so,
        shown="norm of the best weights at strengths .01 to 100: " + ", ".join(f"{n:.2g}" for n in norms),
    )


OPTIMISERS: Mapping[str, str] = {"plain": "SGD", "adaptive": "Adam", "decoupled": "AdamW"}
"""Their names in `torch.optim`."""


def decays(optimisers: Mapping[str, str] = OPTIMISERS, rate: float = 0.1, strength: float = 0.05) -> Evidence:
    def fit(weights: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.mse_loss(real((1, 2), (3, -1), (0.5, 0.5)) @ weights, real(1, -2, 4))

    def steps(kind: str, penalty: float, decay: float, shrink: float = 0.0) -> torch.Tensor:
        """The weights after ten steps with L2 in the loss, the optimiser's own decay, or shrinking before the step."""
        weights = real(3, -2).requires_grad_()
        optimiser = getattr(torch.optim, optimisers[kind])([weights], lr=rate, weight_decay=decay)
        for _ in range(10):
            optimiser.zero_grad()
            (fit(weights) + l2(weights, penalty)).backward()
            with torch.no_grad():
                weights.mul_(1 - shrink)
            optimiser.step()
        return weights.detach()

    in_loss = steps("plain", strength, 0)
    same = max(
        apart(in_loss, steps("plain", 0, 2 * strength)), apart(in_loss, steps("plain", 0, 0, 2 * rate * strength))
    )
    adam = apart(steps("adaptive", strength, 0), steps("adaptive", 0, 2 * strength))
    adamw = apart(steps("adaptive", strength, 0), steps("decoupled", 0, 2 * strength))
    so = same < ROUNDING and adam < ROUNDING and adamw > 1e-3
    return Evidence(
        holds=so,
        fails=not so,
        shown=f"after ten steps, L2 in the loss against decay: SGD {same:.0e} apart, Adam {adam:.0e}, "
        f"AdamW {adamw:.2g}",
    )


# 49


def hits(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 where the largest logit is the label's."""
    return (z.argmax(-1) == y).double()


def flat_almost_everywhere(metric: Paired = hits) -> Evidence:
    made = torch.Generator().manual_seed(0)
    z = torch.randn(20_000, 5, generator=made, dtype=torch.float64)
    way = torch.randn(20_000, 5, generator=made, dtype=torch.float64)
    y = torch.randint(5, (20_000,), generator=made)
    changed = {
        step: (metric(z + step * way, y) != metric(z, y)).double().mean().item() for step in (1.0, 0.1, 0.01, 1e-9)
    }
    return Evidence(
        holds=changed[1.0] > 0 == changed[1e-9] and changed[0.01] < changed[0.1] / 5,
        fails=changed[1e-9] > 0.01,
        shown="of 20,000 random logits, a random step changes it for "
        + ", ".join(f"{share:.2%} (step {step:g})" for step, share in changed.items()),
    )


# 50


def smooth_surrogate(name: str = "cross_entropy") -> Evidence:
    entries = card_of(name).entries
    calibrated, smoothness, slope_bound = (entries[key] for key in ("calibrated", "smoothness", "Lipschitz"))
    differentiable = smoothness.bounds is not None  # a gradient that is itself Lipschitz
    known = calibrated.ground.value in {"proved", "refuted"}
    return Evidence(
        holds=differentiable and known and calibrated.value == "yes",
        fails=known and calibrated.value == "no",
        shown=f"gradient at most {slope_bound.value}, smoothness {smoothness.value}, calibrated: {calibrated.value}",
    )


# 51


def focal(z: torch.Tensor) -> torch.Tensor:
    """Of two logits, the first one's class being true."""
    p = torch.softmax(z, -1)[0]
    return -((1 - p) ** 2) * p.log()


def down_weights_easy(loss: Unary = focal) -> Evidence:
    def share(p: float) -> float:
        """This loss's gradient as a share of cross-entropy's, where the true class has probability p."""
        z = real(math.log(p / (1 - p)), 0)
        reference = gradient(lambda z: -torch.log_softmax(z, -1)[0], z)
        return (gradient(loss, z).norm() / reference.norm()).item()

    easy, hard = {p: share(p) for p in (0.6, 0.8, 0.9, 0.99, 0.999)}, share(0.05)
    shares = list(easy.values())
    so = shares[0] < 1 and all(a > b for a, b in pairwise(shares)) and shares[-1] < 1e-3
    return Evidence(
        holds=so,
        fails=max(shares) >= 1,
        shown="gradient as a share of cross-entropy's: "
        + ", ".join(f"{share:.2g} at p = {p:g}" for p, share in (*easy.items(), (0.05, hard))),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        number=45,
        name="huber-between-mse-and-mae",
        said="Huber is quadratic near zero and linear far out, so outliers move it less than MSE.",
        answer=Answer.TRUE,
        reason="Beyond delta the gradient is delta, whatever the residual. However far an outlier goes, it pulls no "
        "more than one at delta.",
        means=Means.LIMIT,
        check=bounded_influence,
    ),
    Claim(
        number=46,
        name="huber-needs-a-subgradient",
        said="Huber is not differentiable where its pieces join, so it needs a subgradient there.",
        answer=Answer.FALSE,
        reason="The slope is delta on both sides of the join, so the loss has an ordinary gradient everywhere. Only "
        "its second derivative jumps, from one to zero.",
        means=Means.IDENTITY,
        check=kink_at_the_join,
    ),
    Claim(
        number=47,
        name="l2-shrinks-weights",
        said="L2 regularisation adds lambda times the squared norm of the weights, and so shrinks them.",
        answer=Answer.TRUE,
        reason="The term adds 2 lambda w to the gradient, a pull towards zero. The norm of the minimiser falls as "
        "lambda grows; whether that improves generalisation depends on the data.",
        means=Means.IDENTITY,
        check=shrinks,
    ),
    Claim(
        number=48,
        name="l2-is-weight-decay",
        said="L2 in the loss is weight decay for SGD, and AdamW is something else.",
        answer=Answer.TRUE,
        reason="For plain SGD at rate eta the term is the factor 1 - 2 eta lambda on the weights before each step. "
        "Adam divides the term by its running scale of the gradient, and AdamW does not, so the two part ways.",
        means=Means.IDENTITY,
        check=decays,
        terms="Weight decay: shrinking the weights by a factor at each step. The weight_decay of SGD is then 2 lambda.",
    ),
    Claim(
        number=49,
        name="accuracy-has-no-gradient",
        said="Accuracy is piecewise constant in the logits, so its gradient is zero almost everywhere.",
        answer=Answer.TRUE,
        reason="It changes only where two logits tie for the largest, and those points have no volume. Everywhere "
        "else a small enough step changes nothing.",
        means=Means.LIMIT,
        check=flat_almost_everywhere,
    ),
    Claim(
        number=50,
        name="ce-is-a-surrogate",
        said="Cross-entropy is a differentiable surrogate for accuracy.",
        answer=Answer.TRUE,
        reason="Its gradient exists everywhere and is Lipschitz. It is also calibrated, so whoever minimises its "
        "expectation over all functions predicts the most probable class.",
        means=Means.CERTIFICATE,
        check=smooth_surrogate,
        terms="Surrogate: something smooth whose minimiser makes the best decisions, too.",
    ),
    Claim(
        number=51,
        name="focal-down-weights-easy",
        said="Focal loss gives less weight to easy examples.",
        answer=Answer.TRUE,
        reason="At p = 0.9 and gamma = 2 its gradient is 3 % of cross-entropy's, and the share tends to zero as p "
        "tends to one. Some hard examples weigh more than with cross-entropy: at p = 0.05 the share is 1.19.",
        means=Means.LIMIT,
        check=down_weights_easy,
        terms="Easy: the true class already has a probability well above one half.",
    ),
)
