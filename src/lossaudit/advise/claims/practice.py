"""Claims 52 to 61, from interview answers: imbalance, smoothing, divergences, several labels, which loss."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import count
from typing import TypeAlias

from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.advise.claims.grounds import ROUNDING, Paired, Unary, apart, digits, minimiser, real, slope, trained
from lossaudit.catalogue.later import torch

# 52


def focal(margin: torch.Tensor) -> torch.Tensor:
    """With gamma = 2, for the margin of the true label over the other."""
    return torch.sigmoid(-margin) ** 2 * torch.nn.functional.softplus(-margin)


def cross_entropy(margin: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.softplus(-margin)


def ranked(scores: torch.Tensor, positive: torch.Tensor) -> float:
    """Average precision."""
    hits = positive[scores.argsort(descending=True)].double()
    return (hits.cumsum(0) / torch.arange(1, len(hits) + 1) * hits).sum().item() / hits.sum().item()


def under_imbalance(loss: Unary = focal, seeds: Sequence[int] = (0, 1, 2, 3, 4)) -> Evidence:
    x, y = digits()
    found: dict[str, list[float]] = {"focal": [], "cross-entropy": []}
    for seed in seeds:
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
        rows, rest, positive = order[:1000], order[1000:], y == 8
        few = torch.cat([rows[positive[rows]][:5], rows[~positive[rows]]])
        sign = torch.where(positive[few], 1.0, -1.0)
        for name, cost in (("focal", loss), ("cross-entropy", cross_entropy)):

            def objective(z: torch.Tensor, cost: Unary = cost, sign: torch.Tensor = sign) -> torch.Tensor:
                return cost(sign * z[:, 0]).mean()

            model = trained(x[few], objective, 1, 100, seed)
            with torch.no_grad():
                found[name].append(ranked(model(x[rest])[:, 0], positive[rest]))
    gains = [a - b for a, b in zip(found["focal"], found["cross-entropy"], strict=True)]
    return Evidence(
        holds=min(gains) > 0,
        fails=sum(gains) <= 0,
        shown=f"5 eights among about 900 other digits, 100 steps, average precision over {len(seeds)} seeds: "
        + ", ".join(f"{name} {min(scores):.2f} to {max(scores):.2f}" for name, scores in found.items()),
    )


# 53: what each fix does to the best constant model of data with 10 positives among 1000.


def plain(margin: torch.Tensor, rare: torch.Tensor) -> torch.Tensor:
    return cross_entropy(margin).mean()


def weighted(margin: torch.Tensor, rare: torch.Tensor) -> torch.Tensor:
    return (torch.where(rare, 99.0, 1.0) * cross_entropy(margin)).mean()


def resampled(margin: torch.Tensor, rare: torch.Tensor) -> torch.Tensor:
    return cross_entropy(margin.repeat_interleave(torch.where(rare, 99, 1))).mean()


def focused(margin: torch.Tensor, rare: torch.Tensor) -> torch.Tensor:
    return focal(margin).mean()


def balanced_accuracy(margin: torch.Tensor, rare: torch.Tensor) -> torch.Tensor:
    right = (margin > 0).double()
    return (right[rare].mean() + right[~rare].mean()) / 2


FIXES: Mapping[str, Paired] = {
    "class weights": weighted,
    "resampling": resampled,
    "focal": focused,
    "balanced accuracy": balanced_accuracy,
}


def imbalance_fixes(fixes: Mapping[str, Paired] = FIXES) -> Evidence:
    rare = torch.arange(1000) < 10
    sign = torch.where(rare, 1.0, -1.0).double()
    at, step = math.log(10 / 990), 1e-4

    def pull(fix: Paired) -> float:
        """By chords, since a metric has no gradient to ask for."""
        up, down = (fix(sign * (at + way * step), rare).item() for way in (1, -1))
        return (up - down) / (2 * step)

    pulls = {name: pull(fix) for name, fix in fixes.items()}
    own = [abs(value) for value in pulls.values()]
    return Evidence(
        holds=max(own) > 1e-3,
        fails=min(own) < 1e-9,
        shown=f"where cross-entropy is least (slope {pull(plain):.0e}), slope in the one parameter: "
        + ", ".join(f"{name} {value:.2g}" for name, value in pulls.items()),
    )


# 54


def rebalancing(weights: tuple[float, float] = (1, 2)) -> Evidence:
    q, w = real(0.55, 0.45), real(*weights)

    def cost(z: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(z[None], q[None], weight=w)

    found = torch.softmax(minimiser(cost, torch.zeros(2, dtype=torch.float64)), 0)
    moved = apart(found, q)
    shown = f"q = (.55, .45), weights {weights}: the optimum is ({found[0]:.4f}, {found[1]:.4f})"
    return Evidence(
        holds=moved > 0.01, fails=moved < 1e-6, shown=f"{shown}; w q, normalised: {(w * q / (w @ q))[0]:.4f}"
    )


# 55 and 56


def smoothed(z: torch.Tensor, y: torch.Tensor, epsilon: float) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(z, y, label_smoothing=epsilon, reduction="none")


Smoothed: TypeAlias = "Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]"


def mixes_with_uniform(loss: Smoothed = smoothed) -> Evidence:
    z, y = real((1, -2, 0.5, 3), (0, 4, -1, 2)), torch.tensor([1, 3])
    far = 0.0
    for epsilon in (0.0, 0.1, 0.5, 1.0):
        target = (1 - epsilon) * torch.nn.functional.one_hot(y, 4).double() + epsilon / 4
        far = max(far, apart(loss(z, y, epsilon), -(target * torch.log_softmax(z, -1)).sum(-1)))
    return Evidence(
        holds=far < ROUNDING,
        fails=far > 1e-6,
        shown=f"against cross-entropy with (1 - e) one-hot + e/K, at four strengths: {far:.0e} apart",
    )


def finite_gap(loss: Smoothed = smoothed, epsilon: float = 0.1) -> Evidence:
    most = 30.0

    def pull(gap: float, classes: int, strength: float) -> float:
        true = real(1, *[0] * (classes - 1))
        return slope(lambda t: loss((t * true)[None], torch.tensor([0]), strength)[0], gap)

    def root(classes: int) -> float:
        low, high = 0.0, most
        while high - low > 1e-9:
            middle = (low + high) / 2
            low, high = (low, middle) if pull(middle, classes, epsilon) > 0 else (middle, high)
        return low

    closed = {k: math.log((k * (1 - epsilon) + epsilon) / epsilon) for k in (10, 1000)}
    found = {k: root(k) for k in closed}
    # without smoothing the gap is pushed on, however large it is
    endless = all(pull(gap, 10, 0.0) < 0 for gap in (1.0, 5.0, 10.0, most))
    return Evidence(
        holds=endless and all(abs(found[k] - closed[k]) < 1e-6 for k in closed),
        fails=any(gap > most - 1e-6 for gap in found.values()),
        shown="best gap, found and in closed form: "
        + ", ".join(f"{found[k]:.4f} and {closed[k]:.4f} (K = {k})" for k in closed)
        + f"; without smoothing it is still pushed at {most:g}: {endless}",
    )


# 57


def calibration_error(model: Unary, x: torch.Tensor, y: torch.Tensor) -> float:
    """Expected calibration error in ten bins."""
    with torch.no_grad():
        confidence, answer = torch.softmax(model(x), 1).max(1)
    right, bins = (answer == y).float(), (confidence * 10).long().clamp(max=9)
    members = [bins == b for b in range(10) if (bins == b).any()]
    return sum((m.float().mean() * (confidence[m].mean() - right[m].mean()).abs()).item() for m in members)


@cache
def calibration_errors(examples: int, wrong: float, epsilon: float, seeds: tuple[int, ...]) -> tuple[float, ...]:
    """On held-out digits, for training sets of this size, with this share of all labels redrawn."""
    x, clean = digits()
    errors: list[float] = []
    for seed in seeds:
        made, y = torch.Generator().manual_seed(seed), clean.clone()
        order, redrawn = torch.randperm(len(x), generator=made), torch.rand(len(x), generator=made) < wrong
        y[redrawn] = torch.randint(10, (int(redrawn.sum()),), generator=made)
        rows, rest = order[:examples], order[-500:]

        def loss(z: torch.Tensor, y: torch.Tensor = y[rows]) -> torch.Tensor:
            return smoothed(z, y, epsilon).mean()

        errors.append(calibration_error(trained(x[rows], loss, 10, 150, seed), x[rest], y[rest]))
    return tuple(errors)


def smoothing_calibrates(epsilon: float = 0.1, seeds: tuple[int, ...] = (0, 1, 2)) -> Evidence:
    hard, easy = (300, 0.3), (1200, 0.0)
    found = {
        case: tuple(calibration_errors(*case, strength, seeds) for strength in (0.0, epsilon)) for case in (hard, easy)
    }
    better = all(a > b for a, b in zip(*found[hard], strict=True))
    worse = all(a < b for a, b in zip(*found[easy], strict=True))
    means = {case: [sum(errors) / len(seeds) for errors in pair] for case, pair in found.items()}
    return Evidence(
        holds=better,
        fails=worse,
        shown=f"calibration error on digits, {len(seeds)} seeds: 300 examples with 30 % of the labels redrawn "
        f"{means[hard][0]:.3f}, smoothed {means[hard][1]:.3f}; 1200 clean ones "
        f"{means[easy][0]:.3f}, smoothed {means[easy][1]:.3f}",
    )


# 58 and 59


def kl(log_p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """KL(q, p) as PyTorch has it."""
    return torch.nn.functional.kl_div(log_p, q, reduction="sum")


def matches_distributions(divergence: Paired = kl) -> Evidence:
    teacher = torch.softmax(real(2, -1, 0.5, 0), 0)
    student = minimiser(lambda z: divergence(torch.log_softmax(z, 0), teacher), torch.zeros(4, dtype=torch.float64))
    distilled = apart(torch.softmax(student, 0), teacher)
    # a coin of unknown chance out of three, and what five heads of eight say of it: log evidence - ELBO = KL
    prior, chance = real(0.2, 0.5, 0.3), real(0.25, 0.5, 0.75)
    joint = prior.log() + 5 * chance.log() + 3 * (1 - chance).log()
    evidence = joint.logsumexp(0)
    posterior = (joint - evidence).exp()
    gaps = [
        (evidence - (q * (joint - q.log())).sum() - divergence(posterior.log(), q)).abs().item()
        for q in (prior, real(0.1, 0.1, 0.8), posterior)
    ]
    so = distilled < 1e-6 and max(gaps) < ROUNDING
    return Evidence(
        holds=so,
        fails=not so,
        shown=f"distilled student {distilled:.0e} from its teacher; "
        f"log evidence - ELBO - KL(q, posterior) = {max(gaps):.0e}",
    )


def code_lengths(chances: Sequence[Fraction]) -> list[int]:
    """Bits of each symbol in Huffman's code.

    >>> code_lengths([Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 8)])
    [1, 2, 3, 3]
    """
    tie = count()
    heap = [(chance, next(tie), [symbol]) for symbol, chance in enumerate(chances)]
    heapq.heapify(heap)
    lengths = [0] * len(chances)
    while len(heap) > 1:
        (first, _, some), (second, _, others) = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in some + others:
            lengths[symbol] += 1
        heapq.heappush(heap, (first + second, next(tie), some + others))
    return lengths


def extra_bits(divergence: Paired = kl) -> Evidence:
    """For powers of two, for which Huffman's code is as long as the logarithms say."""
    p = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 8)]
    q = [Fraction(1, 8), Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)]
    extra = sum(
        chance * (long - short) for chance, long, short in zip(p, code_lengths(q), code_lengths(p), strict=True)
    )
    bits = divergence(real(*map(float, q)).log(), real(*map(float, p))).item() / math.log(2)
    so = abs(bits - float(extra)) < ROUNDING
    return Evidence(
        holds=so, fails=not so, shown=f"Huffman's code for q instead of p: {extra} bits more; KL / ln 2 = {bits:.12g}"
    )


# 60


def independent(z: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(z)


def several_labels(head: Unary = independent) -> Evidence:
    q = real(0.9, 0.8, 0.1)  # how often each label is there
    zero = torch.zeros(3, dtype=torch.float64)

    def expected(p: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.binary_cross_entropy(p, q, reduction="sum")

    by_head = head(minimiser(lambda z: expected(head(z)), zero))
    exclusive = torch.softmax(minimiser(lambda z: torch.nn.functional.cross_entropy(z[None], q[None]), zero), 0)
    so = apart(by_head, q) < 1e-6 < apart(exclusive, q)
    return Evidence(
        holds=so,
        fails=apart(by_head, q) > 1e-3,
        shown="labels present in 90, 80 and 10 %: BCE gives "
        + ", ".join(f"{p:.3f}" for p in by_head.tolist())
        + "; softmax with cross-entropy "
        + ", ".join(f"{p:.3f}" for p in exclusive.tolist()),
    )


# 61


def gaussian_noise(made: torch.Generator) -> torch.Tensor:
    return torch.randn(4000, 101, generator=made, dtype=torch.float64)


def laplace_noise(made: torch.Generator) -> torch.Tensor:
    u = torch.rand(4000, 101, generator=made, dtype=torch.float64) - 0.5
    return -u.sign() * torch.log1p(-2 * u.abs())


def by_task(
    noises: Sequence[Callable[[torch.Generator], torch.Tensor]] = (gaussian_noise, laplace_noise),
) -> Evidence:
    """Regression is in the table with squared error: 4000 fits of a constant to 101 values, against absolute error."""
    found: dict[str, tuple[float, float]] = {}
    for noise in noises:
        values = noise(torch.Generator().manual_seed(0))
        squared, absolute = values.mean(1), values.median(1).values  # the minimisers
        found[noise.__name__.replace("_", " ")] = squared.square().mean().item(), absolute.square().mean().item()
    return Evidence(
        holds=any(squared < 0.9 * absolute for squared, absolute in found.values()),
        fails=any(absolute < 0.9 * squared for squared, absolute in found.values()),
        shown="mean squared error of the fitted constant by MSE and by MAE: "
        + "; ".join(f"{name} {a:.4f} and {b:.4f}" for name, (a, b) in found.items()),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        number=52,
        name="focal-for-imbalance",
        said="Focal loss is useful when classes are extremely imbalanced.",
        answer=Answer.TRUE,
        reason="Most examples of the common class are soon easy, and focal keeps their sum from drowning the rare. "
        "It acts on easiness and not on rarity, and after long training cross-entropy may catch up.",
        means=Means.EXPERIMENT,
        check=under_imbalance,
        terms="Useful: ranks the rare class better after the same short training; not that it always does.",
    ),
    Claim(
        number=53,
        name="fixes-for-imbalance",
        said="To fix class imbalance, use class weights, resampling, focal loss or another metric.",
        answer=Answer.DEPENDS,
        reason="Weights, resampling and focal change the gradient, and so what is learned. Another metric changes what "
        "is reported and has no gradient; it helps to choose a threshold or a model, not to train one.",
        means=Means.LIMIT,
        check=imbalance_fixes,
        terms="To fix: to change what training learns.",
    ),
    Claim(
        number=54,
        name="rebalancing-changes-calibration",
        said="Rebalancing the classes changes the calibration of the model.",
        answer=Answer.TRUE,
        reason="With weights w the best forecast is no longer q but proportional to w times q. At q = (0.55, 0.45) and "
        "weights (1, 2) even the predicted class changes.",
        means=Means.IDENTITY,
        check=rebalancing,
    ),
    Claim(
        number=55,
        name="label-smoothing-is-a-mixture",
        said="Label smoothing mixes the one-hot target with the uniform distribution.",
        answer=Answer.TRUE,
        reason="Cross-entropy is linear in its target, so smoothing the target mixes two losses. The true class gets "
        "1 - e + e/K and every other class e/K.",
        means=Means.IDENTITY,
        check=mixes_with_uniform,
    ),
    Claim(
        number=56,
        name="label-smoothing-bounds-confidence",
        said="Label smoothing stops the push towards infinite confidence.",
        answer=Answer.TRUE,
        reason="With hard labels every finite gap between the logits is still too small. With smoothing e the best gap "
        "is ln((K(1 - e) + e) / e), which for e = 0.1 is 4.5 with ten classes and 9.1 with a thousand.",
        means=Means.LIMIT,
        check=finite_gap,
    ),
    Claim(
        number=57,
        name="label-smoothing-calibrates",
        said="Label smoothing improves calibration.",
        answer=Answer.DEPENDS,
        reason="It lowers the confidence of a network that has learned noise by heart, and such a network needs that. "
        "Its optimum is (1 - e) q + e/K and not q, so a network that was calibrated becomes too modest.",
        means=Means.EXPERIMENT,
        check=smoothing_calibrates,
        terms="Calibration: on held-out data with labels like those of the training data.",
    ),
    Claim(
        number=58,
        name="kl-matches-distributions",
        said="KL divergence is the loss for matching distributions, as in distillation and variational models.",
        answer=Answer.TRUE,
        reason="It is zero only where the two agree, so a student that minimises it has its teacher's probabilities. "
        "The evidence lower bound falls short of the log evidence by exactly the KL divergence to the posterior.",
        means=Means.IDENTITY,
        check=matches_distributions,
    ),
    Claim(
        number=59,
        name="kl-is-extra-bits",
        said="KL(p, q) is the number of extra bits when data from p are coded for q.",
        answer=Answer.TRUE,
        reason="A symbol of probability q takes log2(1/q) bits in the best code for q. The average is under p, and the "
        "logarithm to base two: with the natural one the unit is the nat.",
        means=Means.IDENTITY,
        check=extra_bits,
    ),
    Claim(
        number=60,
        name="sigmoids-for-several-labels",
        said="When several labels may hold at once, use independent sigmoids with binary cross-entropy, not softmax.",
        answer=Answer.TRUE,
        reason="A softmax sums to one, so it cannot say 90 % and 80 % of two labels. One sigmoid for each label gives "
        "the probability of each; it says nothing of how labels go together.",
        means=Means.IDENTITY,
        check=several_labels,
    ),
    Claim(
        number=61,
        name="loss-by-task",
        said="The task decides the loss: MSE for regression, BCE for binary, cross-entropy for several classes.",
        answer=Answer.DEPENDS,
        reason="Each is the likelihood of the plainest noise for its task, and is hard to beat where that holds. Heavy "
        "tails, imbalance, wrong labels or the metric may ask for another one: for Laplace noise, absolute error.",
        means=Means.EXPERIMENT,
        check=by_task,
    ),
)
