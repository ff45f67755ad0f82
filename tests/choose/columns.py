"""Real columns of targets, and made ones, with the first choice that an expert would defend, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np


class Target(NamedTuple):
    """A column and what is right for it.

    Attributes:
        name: As the docs call it.
        write: Writes the file and returns what stands behind `--targets`.
        first: The first choice.
        reason: Why that is right: an expert's, not the program's.
        words: Further words of the user.
        listed: What must be on the short list beside it.
        said: Words that must be somewhere in the answer.
    """

    name: str
    write: Callable[[Path], str]
    first: str
    reason: str
    words: Mapping[str, Any] = MappingProxyType({})
    listed: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def _sklearn(name: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        from sklearn import datasets

        np.save(folder / "y.npy", getattr(datasets, f"load_{name}")().target)
        return str(folder / "y.npy")

    return write


def _statsmodels(name: str, column: str, more: Callable[[Any], Any] = lambda frame: frame) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        import statsmodels.api as sm

        more(getattr(sm.datasets, name).load_pandas().data).to_csv(folder / f"{name}.csv", index=False)
        return f"{folder / name}.csv:{column}"

    return write


def _made(make: Callable[[np.random.Generator], Any]) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        np.save(folder / "y.npy", make(np.random.default_rng(3)))
        return str(folder / "y.npy")

    return write


def _noisy(share: float) -> Callable[[np.random.Generator], Any]:
    """Four classes, a share of the labels drawn anew among the other three."""

    def make(random: np.random.Generator) -> Any:
        true = random.integers(0, 4, 2000)
        return np.where(random.random(2000) < share, (true + random.integers(1, 4, 2000)) % 4, true)

    return make


REAL = (
    Target(
        "scikit-learn: iris",
        _sklearn("iris"),
        "cross_entropy",
        "three species, none between two others, equally frequent: nothing speaks against the default",
        listed=("label_smoothing",),
        said=("--task ordinal",),
    ),
    Target(
        "scikit-learn: wine",
        _sklearn("wine"),
        "cross_entropy",
        "three cultivars at 48 to 71 rows: an imbalance of 1.5 needs no remedy",
    ),
    Target(
        "scikit-learn: breast_cancer",
        _sklearn("breast_cancer"),
        "bce_with_logits",
        "yes or no at 212 to 357; a doctor needs a probability and chooses the threshold by the costs",
    ),
    Target(
        "scikit-learn: digits",
        _sklearn("digits"),
        "cross_entropy",
        "ten shapes; the numerals are names here, since an 8 is not nearer to a 9 than to a 3",
        said=("--task ordinal",),
    ),
    Target(
        "scikit-learn: diabetes",
        _sklearn("diabetes"),
        "mse",
        "a score of disease progression from 25 to 346 without far values: the mean is wanted",
        said=("--task counts",),
    ),
    Target(
        "scikit-learn: linnerud",
        _sklearn("linnerud"),
        "mse",
        "weight, waist and pulse of 20 men: three real numbers, to be standardised each",
        said=("3 targets each",),
    ),
    Target(
        "statsmodels: spector, GRADE",
        _statsmodels("spector", "GRADE"),
        "bce_with_logits",
        "whether a grade improved: the textbook's logit model",
    ),
    Target(
        "statsmodels: fair, rate_marriage",
        _statsmodels("fair", "rate_marriage"),
        "coral",
        "a rating from 1 to 5: 4 lies between 3 and 5, and a miss by one is not a miss by four",
        listed=("cumulative_link", "cross_entropy"),
        said=("subtract 1", "--task multiclass"),
    ),
    Target(
        "statsmodels: fair, affairs",
        _statsmodels("fair", "affairs"),
        "tweedie",
        "an amount of time, 68 % of it exactly 0 and the rest long-tailed: no density has a point mass at 0, Tweedie "
        "has",
        listed=("msle",),
        said=("gamma",),
    ),
    Target(
        "statsmodels: randhie, mdvis",
        _statsmodels("randhie", "mdvis"),
        "poisson_nll",
        "visits to a doctor: Poisson's loss finds the mean whatever the spread, which is seven times Poisson's; the "
        "negative "
        "binomial is for whoever needs intervals",
        listed=("negative_binomial_nll",),
        said=("--need uncertainty",),
    ),
    Target(
        "statsmodels: cancer, cancer",
        _statsmodels("cancer", "cancer"),
        "poisson_nll",
        "deaths in counties of very different size: counts with an exposure",
        said=("exposure",),
    ),
    Target(
        "statsmodels: ccard, AVGEXP",
        _statsmodels("ccard", "AVGEXP"),
        "gamma",
        "monthly expenditure, above 0, with a spread that grows with the mean: the textbook's case of unequal "
        "variances",
    ),
    Target(
        "statsmodels: copper, WORLDCONSUMPTION",
        _statsmodels("copper", "WORLDCONSUMPTION"),
        "mse",
        "25 years of consumption between 3136 and 8480, without far values",
    ),
    Target(
        "statsmodels: macrodata, infl",
        _statsmodels("macrodata", "infl"),
        "huber",
        "quarterly inflation with five quarters far outside: least squares would follow 2008 and the seventies",
        listed=("mae", "mse"),
    ),
    Target(
        "statsmodels: star98, share above the median",
        _statsmodels("star98", "share", lambda frame: frame.assign(share=frame.NABOVE / (frame.NABOVE + frame.NBELOW))),
        "bce_with_logits",
        "a share of pupils: Papke and Wooldridge's fractional logit stays in [0, 1] and finds the mean share",
        said=("number of trials",),
    ),
    Target(
        "statsmodels: co2, co2",
        _statsmodels("co2", "co2"),
        "mse",
        "a smooth series with 59 gaps: the mean of the next weeks, and gaps left out of the loss",
        {"task": "forecasting"},
        said=("59 missing",),
    ),
    Target(
        "statsmodels: sunspots, SUNACTIVITY",
        _statsmodels("sunspots", "SUNACTIVITY"),
        "pinball",
        "a cycle whose peaks differ: who plans by it asks for limits",
        {"task": "forecasting", "need": ["quantiles"]},
    ),
    Target(
        "statsmodels: anes96, PID",
        _statsmodels("anes96", "PID"),
        "cross_entropy",
        "0 to 6 without a word on order: cross-entropy is right for names and for levels; that it is a scale only a "
        "person "
        "knows",
        listed=("label_smoothing",),
        said=("--task ordinal",),
    ),
    Target(
        "statsmodels: anes96, vote",
        _statsmodels("anes96", "vote"),
        "bce_with_logits",
        "Clinton or Dole, 551 to 393",
    ),
    Target(
        "statsmodels: modechoice, choice",
        _statsmodels("modechoice", "choice"),
        "listnet",
        "each traveller chose one of four modes: softmax over the alternatives is McFadden's conditional logit",
        {"groups": "individual"},
        said=("210 groups of 4 to 4",),
    ),
    Target(
        "statsmodels: heart, survival",
        _statsmodels("heart", "survival"),
        "cox",
        "days after a transplant, a third of them censored: only a loss that knows lower limits will do",
        {"task": "survival"},
    ),
    Target(
        "statsmodels: engel, foodexp",
        _statsmodels("engel", "foodexp"),
        "pinball",
        "Koenker's own example of quantile regression: the spread of food expenditure grows with income",
        {"task": "quantiles"},
    ),
)

MADE = (
    Target(
        "made: 8 labels, 3 % to 40 % present",
        _made(lambda random: (random.random((1000, 8)) < np.linspace(0.03, 0.4, 8)).astype(int)),
        "bce_with_logits",
        "several labels can be true at once, so each is a question of its own",
        listed=("asymmetric",),
        said=("softmax over the labels",),
    ),
    Target(
        "made: 1 positive in 500",
        _made(lambda random: (np.arange(5010) % 501 == 0).astype(int)),
        "bce_with_logits",
        "a rare class is no reason to bend probabilities: move the threshold first, weight later",
        listed=("weighted_bce", "binary_focal_with_logits"),
        said=("accuracy as the metric", "average precision"),
    ),
    Target(
        "made: 4 classes, 20 % of the labels wrong",
        _made(_noisy(0.2)),
        "cross_entropy",
        "80 % of the labels are right, so the right class is still the most common one; a robust loss must prove "
        "itself on "
        "checked labels",
        {"noise": 0.2},
        listed=("gce",),
        said=("checked labels", "leaving cross-entropy"),
    ),
    Target(
        "made: 4 classes, half of the labels wrong",
        _made(_noisy(0.5)),
        "gce",
        "where half of the labels are wrong, a network that fits them all is wrong half of the time; giving rows up "
        "helps",
        {"noise": 0.5},
        listed=("cross_entropy",),
    ),
    Target(
        "made: 12,000 tokens",
        _made(lambda random: random.permutation(np.arange(24_000) % 12_000)),
        "cross_entropy",
        "language models are trained by it; only the memory of the logits is a problem",
        {"task": "multiclass"},
        listed=("linear_cross_entropy",),
    ),
)
