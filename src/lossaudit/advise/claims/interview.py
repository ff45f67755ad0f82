"""Claims 35 to 44, from interview answers: what a loss is, likelihoods, cross-entropy, hinge."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.advise.claims.grounds import (
    ROUNDING,
    Paired,
    Unary,
    apart,
    card_of,
    decided,
    gradient,
    minimiser,
    proved,
    real,
)
from lossaudit.catalogue.later import torch

# 35: each takes the predictions for two examples, a row each.


def mean_squares(z: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.mse_loss(z, real((0, 1), (2, 0)))


def mean_cross_entropy(z: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(z, torch.tensor([0, 1]))


def root_of_mean_squares(z: torch.Tensor) -> torch.Tensor:
    return mean_squares(z).sqrt()


def dice_of_batch(z: torch.Tensor) -> torch.Tensor:
    p, y = torch.sigmoid(z), real((0, 1), (1, 1))
    return 1 - 2 * (p * y).sum() / (p.sum() + y.sum())


def info_nce(z: torch.Tensor) -> torch.Tensor:
    others = real((1, 0.5), (-0.5, 1))  # another view of each example; the rest of the batch are its negatives
    return torch.nn.functional.cross_entropy(others @ z.T, torch.tensor([0, 1]))


def list_net(z: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(z.sum(1), torch.softmax(real(2, 0), 0))


def interaction(loss: Unary) -> float:
    """How much what one example costs depends on the prediction for the other; 0 for every sum of a term for each."""
    one, other = real((0.3, -0.8), (1.1, 0.4))
    a, b = real(0.9, 0.2), real(-0.5, 1.3)
    values = [loss(torch.stack(rows)) for rows in ((one, other), (a, other), (one, b), (a, b))]
    return (values[0] - values[1] - values[2] + values[3]).abs().item()


def additive(
    losses: Sequence[Unary] = (
        mean_squares,
        mean_cross_entropy,
        root_of_mean_squares,
        dice_of_batch,
        info_nce,
        list_net,
    ),
) -> Evidence:
    found = {loss.__name__.replace("_", " "): interaction(loss) for loss in losses}
    shown = ", ".join(f"{name} {value:.2g}" for name, value in found.items())
    return Evidence(
        holds=min(found.values()) < ROUNDING,
        fails=max(found.values()) > 1e-3,
        shown=f"interaction of two examples: {shown}",
    )


# 36


def squares_weigh(name: str = "mse") -> Evidence:
    from lossaudit.proving.named import named

    known, residuals = named(name), (3.0, -0.5, 0.25, 10.0)
    value = known.function(real(*residuals), real(0, 0, 0, 0)).item() / len(residuals)
    squares = float(sum(Fraction(r) ** 2 for r in residuals) / len(residuals))
    response = card_of(name).entries["gradient when wrong"].value
    so = abs(value - squares) < ROUNDING and response.startswith("grows")
    return Evidence(holds=so, fails=not so, shown=f"{value:g} = {squares:g}; gradient at residual t {response}")


# 37


def gaussian(mean: torch.Tensor, y: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.gaussian_nll_loss(mean, y, variance)


def gaussian_likelihood(nll: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor] = gaussian) -> Evidence:
    y, zero = real(0, 1, 5), torch.zeros((), dtype=torch.float64)

    def proportional(variance: torch.Tensor) -> float:
        """How far the gradient of the negative log-likelihood is from a multiple of that of squared error."""
        means = real((0.3, -1, 2), (4, 0.5, -3))
        target = y.expand_as(means)
        ratio = gradient(lambda m: nll(m, target, variance.expand_as(means)), means)
        ratio = ratio / gradient(lambda m: torch.nn.functional.mse_loss(m, target), means)
        return apart(ratio, ratio.mean())

    unequal = real(0.1, 1, 10)
    squares = minimiser(lambda m: torch.nn.functional.mse_loss(m.expand(3), y), zero).item()
    likelihood = minimiser(lambda m: nll(m.expand(3), y, unequal), zero).item()
    return Evidence(
        holds=proportional(real(2, 2, 2)) < ROUNDING,
        fails=abs(squares - likelihood) > 1e-3,
        shown=f"equal variances: gradients proportional to {proportional(real(2, 2, 2)):.0e}; variances .1, 1, 10: "
        f"squared error gives the mean {squares:.3f}, the likelihood {likelihood:.3f}",
    )


# 38


def binary_cross_entropy(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.binary_cross_entropy(p, y, reduction="sum")


def bernoulli(loss: Paired = binary_cross_entropy) -> Evidence:
    chances = [Fraction(k, 16) for k in (1, 3, 8, 13, 15, 10)]
    flips = (0, 1, 1, 0, 1, 1)
    likelihood = math.prod((p if y else 1 - p for p, y in zip(chances, flips, strict=True)), start=Fraction(1))
    from_loss = math.exp(-loss(real(*map(float, chances)), real(*flips)).item())
    so = abs(from_loss / float(likelihood) - 1) < ROUNDING
    return Evidence(
        holds=so,
        fails=not so,
        shown=f"six flips have probability {likelihood} = {float(likelihood):.9g}; exp(-BCE) = {from_loss:.9g}",
    )


# 39


def clipped(gap: float) -> float:
    """BCE of a probability, for a positive at the logit -gap, as Keras has it: clipped to [1e-7, 1 - 1e-7]."""
    p = torch.sigmoid(torch.tensor(-gap)).clamp(1e-7, 1 - 1e-7)
    return -p.log().item()


def with_keras() -> tuple[Callable[[float], float], str]:
    """The same by Keras itself, where it is installed and starts with the backend that is chosen."""
    try:
        import keras
    except ImportError:
        return clipped, "the clip of Keras, written in torch (no Keras here)"

    def value(gap: float) -> float:
        p = torch.sigmoid(torch.tensor([[-gap]])).numpy()
        return float(keras.losses.binary_crossentropy([[1.0]], p)[0])

    return value, f"Keras {keras.__version__}"


def strong_when_wrong(
    name: str = "bce_with_logits", implementation: Callable[[], tuple[Callable[[float], float], str]] = with_keras
) -> Evidence:
    response = card_of(name).entries["gradient when wrong"].value
    loss, who = implementation()
    at = {gap: loss(gap) for gap in (5.0, 16.0, 17.0, 40.0, 80.0)}
    flat = at[5.0] < at[16.0] < at[17.0] == at[40.0] == at[80.0]
    return Evidence(
        holds=response.startswith("constant"),
        fails=flat,
        shown=f"in the logit: {response}; {who} on probabilities: "
        + ", ".join(f"{value:.4g} at gap {gap:g}" for gap, value in at.items()),
    )


# 40


def cross_entropy(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(z, y, reduction="none")


def picks_the_true_class(loss: Paired = cross_entropy) -> Evidence:
    rows = ((0.5, -1.0, 2.0, 0.0), (3.0, 3.0, -4.0, 1.5), (-7.0, 0.25, 6.0, 2.0))
    found = loss(real(*rows), torch.tensor([2, 0, 0]))
    chances = [math.exp(row[y]) / sum(map(math.exp, row)) for row, y in zip(rows, (2, 0, 0), strict=True)]
    far = apart(found, real(*(-math.log(p) for p in chances)))
    return Evidence(
        holds=far < ROUNDING,
        fails=far > 1e-6,
        shown=f"three rows of four logits: -ln p_true and the loss differ by {far:.0e}",
    )


# 41


def softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.softmax(z, -1)


def makes_a_distribution(head: Unary = softmax) -> Evidence:
    from lossaudit.proving.properties import bounded

    z, other = real(0.1, 0.4, -0.3), head(real(4, -2, 1))

    def total(z: torch.Tensor) -> torch.Tensor:
        return head(z).sum()

    def surprise(z: torch.Tensor) -> torch.Tensor:
        return -head(z)[0].log()

    def minus_total(z: torch.Tensor) -> torch.Tensor:
        return -total(z)

    # convex, concave and bounded on all of R^n: constant, so its value at one point says it
    constant = proved(decided(total, z), decided(minus_total, z), bounded(total, z))
    positive = proved(decided(surprise, z))  # which has a value for all logits
    at_zero = total(torch.zeros(3, dtype=torch.float64)).item()
    so = constant and positive and abs(at_zero - 1) < ROUNDING
    return Evidence(
        holds=so,
        fails=abs(other.sum().item() - 1) > 1e-6 or other.min().item() < 0,
        shown=f"sum constant: {constant}, positive for all logits: {positive}, sum at 0: {at_zero:g}, "
        f"at (4, -2, 1): {other.sum().item():g}",
    )


# 42


def by_log_softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.nll_loss(torch.log_softmax(z, -1), torch.zeros(len(z), dtype=torch.long))


def by_log_of_softmax(z: torch.Tensor) -> torch.Tensor:
    return -torch.log(torch.softmax(z, -1))[0, 0]


def by_exponentials(z: torch.Tensor) -> torch.Tensor:
    return -torch.log(z.exp()[0, 0] / z.exp().sum())


def breaks_at(spelling: Unary, dtype: torch.dtype) -> float | None:
    """The first gap at which value or gradient is wrong, of those from 1 to the largest number of the format."""
    numbers = torch.finfo(dtype)
    gap = 1.0
    while gap < numbers.max:
        z = torch.tensor([[0.0, gap]], dtype=dtype)
        gap = z[0, 1].item()
        truth = gap + math.log1p(math.exp(-gap))
        value, pulls = spelling(z).item(), gradient(spelling, z)
        if not abs(value - truth) <= 4 * numbers.eps * truth or not apart(pulls, z.new_tensor([[-1, 1]])) < 0.5:
            return gap
        gap *= 1.05 if gap < 1000 else 4
    return None


def stable(spelling: Unary = by_log_softmax) -> Evidence:
    formats = {"f16": torch.float16, "f32": torch.float32, "f64": torch.float64}
    named = {"log-softmax + NLL": spelling, "log(softmax)": by_log_of_softmax, "exponentials": by_exponentials}
    broken = {name: [breaks_at(how, dtype) for dtype in formats.values()] for name, how in named.items()}
    shown = "; ".join(
        f"{name}: " + "/".join("never" if gap is None else f"{gap:.3g}" for gap in gaps)
        for name, gaps in broken.items()
    )
    so = not any(broken["log-softmax + NLL"])
    return Evidence(holds=so, fails=not so, shown=f"breaks at a gap of ({'/'.join(formats)}): {shown}")


# 43


def hinge(margin: torch.Tensor) -> torch.Tensor:
    return torch.relu(1 - margin)


def support_vectors(loss: Unary = hinge) -> Evidence:
    from sklearn.datasets import load_digits
    from sklearn.svm import SVC

    pixels, digits = load_digits(return_X_y=True)
    chosen = (digits == 3) | (digits == 8)
    x, y = pixels[chosen] / 16, (digits[chosen] == 3) * 2.0 - 1
    y[::7] *= -1  # some labels are wrong: there are violations
    fitted = SVC(kernel="linear", C=1.0, tol=1e-9).fit(x, y)
    weights = real(*fitted.coef_[0])
    margins = real(*(y * fitted.decision_function(x)))
    primal = (weights @ weights / 2 + loss(margins).sum()).item()
    dual = abs(fitted.dual_coef_).sum() - (weights @ weights).item() / 2
    far = abs(primal - dual) / dual
    return Evidence(
        holds=far < 1e-6,
        fails=far > 1e-3,
        shown=f"scikit-learn's SVC: dual optimum {dual:.6f}, hinge plus half the squared norm {primal:.6f}; "
        f"{int((margins < 1 - 1e-6).sum())} of {len(y)} margins violated",
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        number=35,
        name="scalar-per-example",
        said="A loss gives one number for each example, and training minimises the mean of these numbers.",
        answer=Answer.DEPENDS,
        reason="Squared error and cross-entropy are such means, so that a mini-batch estimates the whole without bias. "
        "Dice over a batch, root mean squared error, ranking and contrastive losses are not: what one prediction costs "
        "there depends on the other predictions.",
        means=Means.IDENTITY,
        check=additive,
    ),
    Claim(
        number=36,
        name="mse-punishes-large-errors",
        said="MSE is the mean of the squared differences, and it punishes large errors heavily.",
        answer=Answer.TRUE,
        reason="The gradient at a residual r is 2r, which has no bound. One residual of ten therefore costs as much as "
        "a hundred residuals of one.",
        means=Means.LIMIT,
        check=squares_weigh,
    ),
    Claim(
        number=37,
        name="mse-is-gaussian-likelihood",
        said="Minimising MSE is maximum likelihood under Gaussian noise.",
        answer=Answer.DEPENDS,
        reason="With one variance for all examples the two gradients are the same up to a factor. If the variance "
        "differs between examples, the likelihood divides each squared residual by it and has another minimiser.",
        means=Means.IDENTITY,
        check=gaussian_likelihood,
        terms="Gaussian noise: of constant variance, or not.",
    ),
    Claim(
        number=38,
        name="bce-is-bernoulli-likelihood",
        said="Binary cross-entropy is the negative log-likelihood of a Bernoulli variable.",
        answer=Answer.TRUE,
        reason="The probability of a label is p where it is 1 and 1 - p where it is 0. The loss is minus its "
        "logarithm, so the sum is minus the logarithm of the probability of the whole sample.",
        means=Means.IDENTITY,
        check=bernoulli,
    ),
    Claim(
        number=39,
        name="bce-strong-gradient",
        said="Binary cross-entropy gives a strong gradient when the model is confident and wrong.",
        answer=Answer.DEPENDS,
        reason="In the logit the gradient tends to 1, as far out as one likes. An implementation that clips the "
        "probability first, as Keras does at 1e-7 without from_logits, has gradient 0 beyond a logit of 16.1.",
        means=Means.LIMIT,
        check=strong_when_wrong,
        terms="Strong: does not vanish in the logit; in the probability it grows like 1/p.",
    ),
    Claim(
        number=40,
        name="ce-picks-true-class",
        said="Multi-class cross-entropy is minus the log-probability of the true class.",
        answer=Answer.TRUE,
        reason="With a one-hot target all other terms of the sum are zero. The wrong classes enter only through the "
        "normalization of the softmax.",
        means=Means.IDENTITY,
        check=picks_the_true_class,
    ),
    Claim(
        number=41,
        name="softmax-makes-a-distribution",
        said="Softmax turns any logits into a probability distribution.",
        answer=Answer.TRUE,
        reason="Every output is positive, and the outputs sum to one, for all real logits. Whether that distribution "
        "is a good forecast is another question.",
        means=Means.CERTIFICATE,
        check=makes_a_distribution,
    ),
    Claim(
        number=42,
        name="log-softmax-is-stable",
        said="Log-softmax followed by the negative log-likelihood is numerically stable.",
        answer=Answer.TRUE,
        reason="Subtracting the largest logit first keeps every exponential at most one, in every format. Spelled with "
        "exponentials or as the logarithm of a softmax, the loss overflows or becomes infinite at moderate gaps.",
        means=Means.LIMIT,
        check=stable,
        terms="Stable: value and gradient right up to rounding, for gaps up to the largest number of the format.",
    ),
    Claim(
        number=43,
        name="hinge-is-the-svm-loss",
        said="Hinge is the loss of the support vector machine: it charges violations of the margin.",
        answer=Answer.TRUE,
        reason="The soft-margin problem is half the squared norm of the weights plus C times the sum of max(0, 1 - m). "
        "At the solution that equals the optimum of the dual problem, so it is what the machine minimises.",
        means=Means.IDENTITY,
        check=support_vectors,
    ),
    Claim(
        number=44,
        name="hinge-is-rare-in-deep-nets",
        said="Hinge is rare as the loss of deep classifiers and lives on in contrastive and triplet losses.",
        answer=Answer.TRUE,
        reason="This is a statement about usage, so nothing is computed. The margin in triplet and contrastive losses "
        "is the same max(0, margin - difference).",
        means=Means.NONE,
    ),
)
