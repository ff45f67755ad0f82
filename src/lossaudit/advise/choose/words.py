"""The words that `choose` understands: tasks, needs and metrics, and what each metric asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from lossaudit import catalogue
from lossaudit.errors import UsageError

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "binary": "one question, yes or no",
        "multiclass": "one of K exclusive classes",
        "multilabel": "any of L labels at once",
        "ordinal": "one of K ordered levels",
        "regression": "a real number, or several",
        "counts": "how often something happens: 0, 1, 2, ...",
        "positive-amounts": "sums, durations, sizes: above 0, often with a long tail",
        "proportions": "a share in [0, 1]",
        "quantiles": "limits that a given share of outcomes stays below",
        "forecasting": "the next values of a series",
        "ranking": "the order of items within a list",
        "segmentation": "a class for each pixel",
        "metric-learning": "embeddings: what belongs together lies close",
        "distillation": "a small model that imitates a large one",
        "survival": "time until an event, not always seen",
        "sequence": "symbols without alignment to the frames",
        "generative": "a variational autoencoder",
    }
)
_TASK_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "classification": "multiclass",
        "count": "counts",
        "positive": "positive-amounts",
        "amounts": "positive-amounts",
        "proportion": "proportions",
        "quantile": "quantiles",
        "quantile-regression": "quantiles",
        "forecast": "forecasting",
        "time-series": "forecasting",
        "embedding": "metric-learning",
        "embeddings": "metric-learning",
        "contrastive": "metric-learning",
        "ctc": "sequence",
        "vae": "generative",
        "variational": "generative",
    }
)

CLASSES = frozenset({"binary", "multiclass", "multilabel", "ordinal", "segmentation"})
NUMBERS = frozenset({"regression", "counts", "positive-amounts", "proportions", "quantiles", "forecasting"})

NEEDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "calibrated-probabilities": CLASSES | {"proportions", "survival", "distillation"},
        "ranking": CLASSES | {"ranking", "survival", "metric-learning"},
        "quantiles": NUMBERS | {"survival"},
        "uncertainty": NUMBERS | {"survival"},
    }
)
"""What a need makes sense for."""


class Metric(NamedTuple):
    """What a metric asks for.

    Attributes:
        tasks: Where it is one.
        gap: What of it a loss does not optimise, and what to do about that.
        met: Losses whose optimum is the metric's own.
    """

    tasks: frozenset[str]
    gap: str
    met: tuple[str, ...] = ()


_ORDERED = frozenset({"ordinal"})
_THRESHOLD = CLASSES
METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "accuracy": Metric(
            CLASSES,
            "accuracy only asks which class comes first, is constant almost everywhere, and has no gradient to follow: "
            "take the most probable class, and compare models by accuracy on validation data",
        ),
        "balanced-accuracy": Metric(
            CLASSES,
            "balanced accuracy counts every class alike, and the loss every row: the frequencies have to come out of "
            "the answer, once",
        ),
        "f1": Metric(
            CLASSES,
            "F1 is no mean over rows and hangs on a threshold: choose the threshold on validation data; of one "
            "question, yes or no, with true probabilities, the best one is half of the best F1, and seldom 1/2",
        ),
        "auc": Metric(
            CLASSES | {"ranking"},
            "AUC counts pairs of a positive and a negative in the wrong order; the true probabilities order best, but "
            "the loss also spends effort on their size",
            ("ranknet",),
        ),
        "average-precision": Metric(
            CLASSES | {"ranking"},
            "average precision looks at the order near the top; the true probabilities order best, but the loss "
            "weighs all rows alike",
        ),
        "log-loss": Metric(
            CLASSES | {"distillation", "proportions"},
            "log loss is the mean of -log p of what happened; this loss has another optimum unless its card says q",
            ("cross_entropy", "bce_with_logits", "linear_cross_entropy", "cumulative_link", "kl_div"),
        ),
        "brier": Metric(
            CLASSES,
            "the Brier score is the squared error of the probabilities; a strictly proper loss has the same optimum "
            "and another weighting on the way",
        ),
        "ece": Metric(
            CLASSES,
            "the calibration error says nothing of sharpness, and is measured, not trained: fit a temperature on "
            "validation data",
        ),
        "kappa": Metric(
            CLASSES,
            "quadratic weighted kappa is a ratio over all rows: decide by the expected squared distance under the "
            "predicted probabilities, and tune the cuts on validation data",
        ),
        "ndcg": Metric(
            frozenset({"ranking"}),
            "NDCG depends on ranks, which are piecewise constant in the scores: this loss weighs all positions, not "
            "the top k; LambdaRank's weights follow NDCG, but are a field of gradients and no loss",
        ),
        "mrr": Metric(
            frozenset({"ranking", "metric-learning"}),
            "the reciprocal rank only looks at the first hit; this loss looks at the whole list",
        ),
        "recall-at-k": Metric(
            frozenset({"ranking", "metric-learning"}),
            "recall at k asks what stands among the nearest k in the whole collection; the loss sees one batch",
        ),
        "mae": Metric(
            NUMBERS | _ORDERED,
            "the mean absolute error is least at the median; this loss aims elsewhere where the noise is skewed",
            ("mae",),
        ),
        "rmse": Metric(
            NUMBERS | _ORDERED,
            "the squared error is least at the mean; this loss aims elsewhere where the noise is skewed, or weighs "
            "the rows otherwise",
            ("mse",),
        ),
        "r2": Metric(NUMBERS, "R2 is the squared error over a constant; this loss weighs the rows otherwise", ("mse",)),
        "mape": Metric(
            NUMBERS,
            "MAPE is least at a median weighted by 1/y, below the median: it rewards predictions that are too low, "
            "and is undefined where y is 0",
            ("mape",),
        ),
        "smape": Metric(
            NUMBERS,
            "sMAPE is 2 tanh(d / 2) of the distance d of the logarithms: with a ceiling of 2 it hardly tells gross "
            "misses apart, and it jumps where y is 0; its optimum is the median where the logarithms lie evenly around "
            "one peak",
        ),
        "rmsle": Metric(
            NUMBERS,
            "RMSLE is least at exp of the mean of log(1 + y), less 1; this loss aims at another number",
            ("msle",),
        ),
        "quantile-loss": Metric(
            NUMBERS,
            "the pinball loss is least at the quantile; this loss gives one only through its distribution",
            ("pinball",),
        ),
        "crps": Metric(
            NUMBERS,
            "the CRPS scores a whole distribution; this loss gives none, or weighs the tails otherwise",
            ("gaussian_crps",),
        ),
        "coverage": Metric(
            NUMBERS,
            "coverage of intervals is measured, not trained: a wide interval covers too; correct it on validation data "
            "(conformal prediction)",
        ),
        "deviance": Metric(
            NUMBERS,
            "a deviance belongs to one distribution; it is this loss only if they are the same",
            ("poisson_nll", "gamma", "tweedie"),
        ),
        "dice": Metric(
            frozenset({"segmentation"}),
            "Dice is a ratio over a whole mask: tune the threshold on validation masks; a single pixel's loss knows "
            "nothing of the overlap",
            (),
        ),
        "iou": Metric(
            frozenset({"segmentation"}),
            "IoU is a ratio over a whole mask: tune the threshold on validation masks; a single pixel's loss knows "
            "nothing of the overlap",
        ),
        "c-index": Metric(
            frozenset({"survival"}),
            "concordance counts pairs in the right order; the partial likelihood weighs whole risk sets",
        ),
        "perplexity": Metric(
            frozenset({"multiclass", "sequence"}),
            "perplexity is exp of the mean cross-entropy; this loss has another optimum",
            ("cross_entropy", "linear_cross_entropy"),
        ),
        "error-rate": Metric(
            frozenset({"sequence"}),
            "the error rate counts edits of the best path; the loss sums over all alignments",
        ),
    }
)
_METRIC_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "acc": "accuracy",
        "f-score": "f1",
        "macro-f1": "f1",
        "roc-auc": "auc",
        "pr-auc": "average-precision",
        "ap": "average-precision",
        "logloss": "log-loss",
        "nll": "log-loss",
        "cross-entropy": "log-loss",
        "brier-score": "brier",
        "calibration": "ece",
        "qwk": "kappa",
        "mse": "rmse",
        "mean-squared-error": "rmse",
        "mean-absolute-error": "mae",
        "pinball": "quantile-loss",
        "quantile": "quantile-loss",
        "f1-score": "f1",
        "jaccard": "iou",
        "miou": "iou",
        "concordance": "c-index",
        "wer": "error-rate",
        "cer": "error-rate",
    }
)


def task(name: object) -> str:
    """The task of this name.

    >>> task("Positive amounts"), task("time series"), task("multi-class")
    ('positive-amounts', 'forecasting', 'multiclass')
    """
    return _find("task", name, TASKS, _TASK_ALIASES)


def need(name: object) -> str:
    """The need of this name."""
    return _find("need", name, NEEDS, {})


def metric(name: object) -> str:
    """The metric of this name.

    >>> metric("ROC AUC")
    'auc'
    """
    return _find("metric", name, METRICS, _METRIC_ALIASES)


def _find(kind: str, name: object, known: Iterable[str], aliases: Mapping[str, str]) -> str:
    if not isinstance(name, str):
        raise UsageError(f"--{kind} {one_line(str(name))}: a name is wanted")
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-").replace("@", "-at-")
    wanted = aliases.get(wanted, wanted)
    if wanted in (names := tuple(known)):
        return wanted
    joined = {each.replace("-", ""): aliases.get(each, each) for each in (*aliases, *names)}
    if (found := joined.get(wanted.replace("-", ""))) is not None:
        return found
    raise UsageError(f"--{kind} {one_line(name)}: no such {kind}; {did_you_mean(wanted, (*names, *aliases), names)}")


def did_you_mean(wanted: str, candidates: Iterable[str], otherwise: Iterable[str] = ()) -> str:
    """Which of the names a person may have meant, as the end of a sentence.

    >>> did_you_mean("targt", ["target", "x"])
    'did you mean target?'
    """
    choices = tuple(candidates)
    near = catalogue.nearest(wanted, choices)
    if near:
        return f"did you mean {' or '.join(near)}?"
    shown = tuple(otherwise) or choices
    rest = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
    return f"there is {', '.join(map(one_line, shown[:20]))}{rest}"


def one_line(text: str, most: int = 60) -> str:
    r"""Text of the user in one line of a message.

    >>> one_line("a\nb")
    'a\\nb'
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
    return shown if len(shown) <= most else f"{shown[: most - 3]}..."
