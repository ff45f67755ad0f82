"""What evidence does to a score, and what is refused. Each is one row: when it holds, whom it concerns, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossaudit.advise.choose.case import OVERDISPERSED, Case
from lossaudit.advise.choose.facts import facts
from lossaudit.advise.choose.words import CLASSES

RARE = 20.0
"""From this imbalance on a remedy for rare classes is shown."""
VERY_RARE = 100.0
NOISY = 0.1
"""From this share of wrong labels on losses that tolerate them are shown."""
VERY_NOISY = 0.4
"""From this share on one of them comes first."""
MANY_CLASSES = 10_000

_PROBABILITIES = CLASSES | {"proportions"}
_AMOUNTS = ("regression", "counts", "positive-amounts", "proportions")


@dataclass(frozen=True, slots=True)
class Consideration:
    """Evidence for or against some losses.

    Attributes:
        tasks: Where it counts.
        losses: Whom it concerns.
        effect: What it adds to the score.
        when: Whether the evidence is there.
        because: What it says of them, a clause.
    """

    tasks: tuple[str, ...]
    losses: tuple[str, ...]
    effect: int
    when: Callable[[Case], bool]
    because: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that is not recommended, however it may be asked for.

    Attributes:
        tasks: Where.
        what: In words.
        when: Whether it is worth saying.
        why: The reason.
        losses: Candidates that are thereby out.
    """

    tasks: tuple[str, ...]
    what: str
    when: Callable[[Case], bool]
    why: Callable[[Case], str]
    losses: tuple[str, ...] = ()


def _rare(case: Case) -> bool:
    return case.rare >= RARE


def _very_rare(case: Case) -> bool:
    return case.rare >= VERY_RARE


def _noisy(case: Case) -> bool:
    return case.noise >= NOISY


def _very_noisy(case: Case) -> bool:
    return case.noise >= VERY_NOISY


def _outliers(case: Case) -> bool:
    return case.outliers


def _overdispersed(case: Case) -> bool:
    return case.dispersion is not None and case.dispersion > OVERDISPERSED


def _zeros(case: Case) -> bool:
    return case.zeros > 0


def _always(_: Case) -> bool:
    return True


def _metric(*names: str) -> Callable[[Case], bool]:
    return lambda case: case.metric in names


def _need(*names: str) -> Callable[[Case], bool]:
    return lambda case: not case.needs.isdisjoint(names)


CONSIDERATIONS: tuple[Consideration, ...] = (
    # rare classes
    Consideration(("binary",), ("weighted_bce",), 30, _rare, "the positives are rare"),
    Consideration(("binary",), ("binary_focal_with_logits",), 25, _very_rare, "easy negatives are a hundred to one"),
    Consideration(("multiclass",), ("logit_adjusted",), 40, _rare, "some classes are rare"),
    Consideration(("multiclass",), ("weighted_cross_entropy",), 32, _rare, "some classes are rare"),
    Consideration(("multiclass",), ("class_balanced", "ldam", "focal"), 33, _very_rare, "some classes are very rare"),
    Consideration(("multilabel",), ("asymmetric",), 30, _rare, "most labels are absent in most rows"),
    Consideration(("multilabel",), ("weighted_bce",), 30, _rare, "some labels are rare"),
    Consideration(("segmentation",), ("dice", "tversky", "binary_focal_with_logits"), 25, _rare, "the region is small"),
    Consideration(
        ("multiclass",), ("logit_adjusted",), 20, _metric("balanced-accuracy", "f1"), "the metric counts classes alike"
    ),
    # wrong labels
    Consideration(("multiclass",), ("gce",), 50, _noisy, "some labels are wrong"),
    Consideration(("multiclass",), ("sce",), 45, _noisy, "some labels are wrong"),
    Consideration(("multiclass",), ("label_smoothing",), 5, _noisy, "a wrong label moves the logits only so far"),
    Consideration(
        ("multiclass",), ("gce",), 60, _very_noisy, "so many labels are wrong that a network learns them too"
    ),
    # gross errors and heavy tails
    Consideration(("regression",), ("huber",), 70, _outliers, "some targets are far off"),
    Consideration(("regression",), ("mae", "log_cosh"), 30, _outliers, "some targets are far off"),
    Consideration(("regression",), ("cauchy",), 30, _outliers, "some targets are far off"),
    Consideration(("forecasting",), ("huber",), 70, _outliers, "some values are far off"),
    Consideration(("forecasting", "quantiles"), ("student_t_nll",), 25, _outliers, "the tails are heavy"),
    Consideration(("regression",), ("student_t_nll",), 30, _outliers, "the tails are heavy"),
    Consideration(("positive-amounts",), ("mae",), 35, _outliers, "a few amounts are far above the rest"),
    # the metric
    Consideration(
        (*_AMOUNTS, "forecasting"),
        ("mae",),
        140,
        _metric("mae"),
        "the metric's optimum is the median, and so is this loss's",
    ),
    Consideration(
        ("regression", "forecasting"), ("mse",), 75, _metric("rmse", "r2"), "the metric's optimum is the mean"
    ),
    Consideration(_AMOUNTS, ("msle",), 130, _metric("rmsle"), "it is the metric squared"),
    Consideration(
        ("regression", "positive-amounts", "forecasting"), ("mape",), 145, _metric("mape"), "it is the metric"
    ),
    Consideration(
        ("counts", "proportions"),
        ("mae",),
        140,
        _metric("mape"),
        "the absolute error without the division, which a target of 0 does not bear",
    ),
    Consideration(
        (*_AMOUNTS, "forecasting"),
        ("mae",),
        140,
        _metric("smape"),
        "sMAPE grows with the distance of the logarithms, and the median is the same for logarithms",
    ),
    Consideration(("regression", "forecasting"), ("gaussian_crps",), 100, _metric("crps"), "it is the metric"),
    Consideration(_AMOUNTS, ("pinball",), 120, _metric("quantile-loss"), "it is the metric"),
    Consideration(("ranking",), ("ranknet",), 50, _metric("auc"), "the metric counts pairs"),
    Consideration(("segmentation",), ("dice",), 50, _metric("dice", "iou", "f1"), "the metric is an overlap"),
    Consideration(("segmentation",), ("lovasz_softmax",), 60, _metric("iou"), "the metric is the Jaccard index"),
    Consideration(
        ("binary", "multiclass"), ("hinge", "crammer_singer"), 25, _metric("accuracy"), "only the side counts"
    ),
    # the needs
    Consideration(
        _AMOUNTS, ("gaussian_nll", "student_t_nll"), 100, _need("uncertainty"), "a spread for each row is asked for"
    ),
    Consideration(("regression",), ("gaussian_crps",), 95, _need("uncertainty"), "a spread for each row is asked for"),
    Consideration((*_AMOUNTS, "forecasting"), ("pinball",), 120, _need("quantiles"), "it is what gives quantiles"),
    Consideration(("forecasting",), ("pinball",), 75, _need("uncertainty"), "intervals are asked for"),
    Consideration(
        ("forecasting",),
        ("student_t_nll", "gaussian_crps"),
        60,
        _need("uncertainty", "quantiles"),
        "a distribution is asked for",
    ),
    Consideration(
        ("forecasting",), ("binned_ordinal_cross_entropy",), 40, _need("uncertainty"), "a distribution is asked for"
    ),
    Consideration(
        (*_AMOUNTS, "forecasting"),
        ("mse", "mae", "huber", "log_cosh", "cauchy", "tukey", "msle", "mape", "bce_with_logits"),
        -170,
        _need("uncertainty", "quantiles"),
        "it gives one number and no spread",
    ),
    Consideration(
        ("positive-amounts",),
        ("gamma", "tweedie"),
        -50,
        _need("uncertainty", "quantiles"),
        "it gives the mean alone, and the spread only by assumption",
    ),
    Consideration(
        ("counts",), ("negative_binomial_nll",), 70, _need("uncertainty", "quantiles"), "a distribution is asked for"
    ),
    Consideration(("counts",), ("negative_binomial_nll",), 30, _overdispersed, "the counts spread more than Poisson's"),
    Consideration(("positive-amounts", "proportions"), ("pinball",), 120, _need("uncertainty"), "limits are asked for"),
    Consideration(("regression",), ("pinball",), 60, _need("uncertainty"), "limits are a kind of spread"),
    Consideration(
        ("survival",),
        ("bce_with_logits",),
        50,
        _need("calibrated-probabilities", "quantiles", "uncertainty"),
        "curves are asked for",
    ),
    Consideration(
        ("ordinal",), ("rps", "ordinal_cross_entropy"), 15, _metric("mae", "kappa"), "near misses count as near"
    ),
    # the data
    Consideration(("positive-amounts",), ("tweedie",), 45, _zeros, "some amounts are exactly 0"),
    Consideration(
        ("multiclass",),
        ("linear_cross_entropy",),
        60,
        lambda case: (case.classes or 0) >= MANY_CLASSES,
        "the logits of so many classes do not fit in memory",
    ),
)


def _constant(case: Case) -> str:
    share = case.rare / (case.rare + 1)
    return f"of the most common and the rarest class, a constant answer gets {share:.1%} right: watch the rare class"


def _gradient_of(loss: str, says: str) -> Callable[[Case], str]:
    """The reason, with what the card proves."""
    return lambda _: "; ".join(part for part in (says, str(facts(loss))) if part)


def _says(text: str) -> Callable[[Case], str]:
    return lambda _: text


REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        ("multiclass", "binary", "multilabel", "ordinal"),
        "accuracy as the loss",
        lambda case: case.metric in (None, "accuracy"),
        _says("it is constant almost everywhere in the outputs, so its gradient is 0 wherever there is one"),
    ),
    Refusal(
        ("binary", "multiclass"),
        "accuracy as the metric",
        _rare,
        _constant,
    ),
    Refusal(
        ("multiclass",),
        "squared error on softmax as the first choice",
        _always,
        _gradient_of("brier", "it stalls from a start that is sure and wrong, and begins K/2 times as slowly"),
    ),
    Refusal(
        ("binary",),
        "squared error on sigmoid",
        _always,
        _says("its gradient carries the factor p (1 - p), which is nothing where the model is sure and wrong"),
    ),
    Refusal(
        ("multiclass",),
        "regression on the class numbers",
        lambda case: "ordinal" in case.ambiguous,
        _says("it takes class 2 to lie between 1 and 3; if that is true, the task is ordinal"),
    ),
    Refusal(
        ("multiclass",),
        "class weights",
        lambda case: "calibrated-probabilities" in case.needs,
        _says(
            "weights move the optimum from q to weights times q: the outputs are no probabilities of your data; "
            "decide by probabilities and costs instead"
        ),
        ("weighted_cross_entropy", "class_balanced", "logit_adjusted", "ldam"),
    ),
    Refusal(
        ("binary", "multilabel"),
        "class weights (pos_weight)",
        lambda case: "calibrated-probabilities" in case.needs,
        _says(
            "a weight moves the optimum from q to w q / (w q + 1 - q): the outputs are no probabilities of your data; "
            "move the threshold instead"
        ),
        ("weighted_bce",),
    ),
    Refusal(
        ("binary", "multiclass"),
        "training on the costs",
        lambda case: case.costs is not None,
        _says("costs change with the business, probabilities do not: train for probabilities, decide by expected cost"),
        ("hinge", "crammer_singer"),
    ),
    Refusal(
        ("multilabel",),
        "softmax over the labels",
        _always,
        _says("it makes the labels compete for a sum of 1, and here several or none can be true"),
    ),
    Refusal(
        ("binary", "multiclass", "multilabel", "segmentation"),
        "F1 as the loss",
        _metric("f1"),
        _says("it is piecewise constant; its soft form is no mean over rows, and depends on the batch"),
    ),
    Refusal(
        ("ranking",),
        "LambdaRank as a loss",
        _metric("ndcg"),
        _says(
            "its gradients belong to no function; in boosted trees it works well, with a framework's backward it "
            "does not exist"
        ),
    ),
    Refusal(
        ("multiclass",),
        "leaving cross-entropy for a robust loss already",
        lambda case: 0 < case.noise < VERY_NOISY,
        lambda case: (
            f"{case.noise:.0%} wrong labels leave the right class the most common one wherever they fall evenly, and "
            "cross-entropy finds it; early stopping helps first"
        ),
    ),
    Refusal(
        ("counts", "proportions"),
        "MAPE as the loss",
        lambda case: case.metric == "mape" and case.zeros == 0,
        _says("the next target may be 0, and MAPE divides by it"),
    ),
    Refusal(
        (*_AMOUNTS, "forecasting"),
        "MAPE",
        lambda case: case.zeros > 0,
        lambda case: f"{case.zeros:.1%} of the targets are 0, and MAPE divides by them",
        ("mape",),
    ),
    Refusal(
        ("regression", "positive-amounts", "forecasting"),
        "MAPE",
        lambda case: case.negative is True and case.zeros == 0,
        _says("some targets are negative, and a percentage of them means nothing"),
        ("mape",),
    ),
    Refusal(
        _AMOUNTS,
        "RMSLE",
        lambda case: case.negative is True,
        _says("some targets are negative, and log(1 + y) is not defined below -1"),
        ("msle",),
    ),
    Refusal(
        ("counts", "positive-amounts"),
        "a log link",
        lambda case: case.negative is True,
        _says("some targets are negative, and exp(z) never is"),
        ("poisson_nll", "negative_binomial_nll", "gamma", "tweedie"),
    ),
    Refusal(
        ("positive-amounts",),
        "gamma",
        lambda case: case.zeros > 0 and case.negative is not True,
        _says("for a target of exactly 0 its loss falls without end as the prediction goes to 0"),
        ("gamma",),
    ),
    Refusal(
        ("counts", "positive-amounts"),
        "absolute error",
        lambda case: case.zeros > 0.5,
        lambda case: f"{case.zeros:.0%} of the targets are 0, so the median is 0, and a constant 0 is hard to beat",
        ("mae",),
    ),
    Refusal(
        ("regression",),
        "squared error as the first choice",
        lambda case: case.outliers and case.metric not in ("rmse", "r2"),
        _gradient_of("mse", "the gradient of a gross row grows with its error"),
    ),
    Refusal(
        ("ordinal",),
        "squared error on the level numbers",
        _always,
        _says(
            "it takes the steps between levels to be equally long, and gives one number: probabilities that lie "
            "around the middle and at both ends get the same answer"
        ),
    ),
    Refusal(
        ("ordinal",),
        "the largest probability as the answer",
        _metric("mae", "rmse", "kappa"),
        _says(
            "it asks for hits alone; absolute errors are least at the median level, squared ones at the level nearest "
            "to the mean"
        ),
    ),
    Refusal(
        ("counts",),
        "squared error on raw outputs as the first choice",
        lambda case: case.metric not in ("rmse", "r2"),
        _says(
            "it can predict negative counts, and it weighs a row as if a rate of 100 scattered no more than a rate of 1"
        ),
    ),
    Refusal(
        ("proportions",),
        "squared error on sigmoid as the first choice",
        _always,
        _says("its gradient carries the factor p (1 - p), which is nothing where the model is sure and wrong"),
    ),
    Refusal(
        ("proportions",),
        "the logarithm of the odds as the target",
        _always,
        _says("it is infinite at shares of 0 and 1, and the mean of log-odds is not the log-odds of the mean"),
    ),
    Refusal(
        ("distillation",),
        "the divergence from student to teacher, exchanged",
        _always,
        _says(
            "KL(student, teacher) is least on one mode of the teacher where the student cannot have all; in "
            "PyTorch's kl_div the first argument is the student's log-probabilities, the second the teacher's "
            "probabilities"
        ),
    ),
    Refusal(
        ("distillation",),
        "a temperature without the factor T^2",
        _always,
        _says(
            "the gradient of the soft part shrinks as 1 / T^2, so that every change of the temperature also "
            "changes its weight beside the labels"
        ),
    ),
    Refusal(
        ("quantiles",),
        "expectiles",
        _always,
        _says("an expectile is no quantile: nobody can say which share of outcomes lies below it"),
    ),
    Refusal(
        ("forecasting",),
        "scaling by the range of the future window",
        _always,
        _says("it tells the model the answer's range, and the error then looks better than it is"),
    ),
    Refusal(
        ("segmentation",),
        "Dice alone",
        _always,
        _says(
            "on an empty mask it has no gradient without its smoothing term, and its optimum is a mask, no probability"
        ),
    ),
    Refusal(
        ("segmentation",),
        "Dice, Tversky, Lovasz and focal losses",
        lambda case: "calibrated-probabilities" in case.needs,
        _says("they push the outputs to 0 and 1 or away from them: not probabilities"),
        ("dice", "tversky", "lovasz_softmax", "binary_focal_with_logits"),
    ),
    Refusal(
        ("survival",),
        "squared error on the times",
        _always,
        _says("a censored time is a lower limit; taken as the time itself it teaches that everybody fails early"),
    ),
    Refusal(
        ("metric-learning",),
        "squared error between embeddings of partners alone",
        _always,
        _says("one constant embedding makes it 0: something has to push the others apart"),
    ),
)


def improper(case: Case, loss: str) -> str:
    """Why a loss is out where probabilities have to be right; `""` if it may stay.

    Only a loss whose card proves it strictly proper stays: at its optimum the outputs are the true probabilities.
    """
    if "calibrated-probabilities" not in case.needs or case.task not in _PROBABILITIES:
        return ""
    known = facts(loss)
    if known.proper:
        return ""
    return f"calibrated probabilities are needed; {known.optimum or 'nothing proves that its optimum is these'}"


@dataclass(frozen=True, slots=True)
class Change:
    """Evidence that is not there and would change the first choice."""

    tasks: tuple[str, ...]
    when: Callable[[Case], bool]
    says: Callable[[Case], str]


CHANGES: tuple[Change, ...] = (
    Change(
        ("multiclass",),
        lambda case: 0 < case.noise < VERY_NOISY,
        _says(
            "wrong labels: a set of rows with checked labels on which gce, after a warm-up, beats cross-entropy "
            "with early "
            "stopping; or accuracy there that falls while training accuracy climbs; or 40 % wrong labels and more"
        ),
    ),
    Change(
        ("binary",),
        lambda case: 0 < case.noise < 0.5,
        _says(
            "wrong labels: with two classes they move probabilities towards 1/2 and leave the order as it is, if "
            "both classes suffer alike and fewer than half of the labels are wrong; known rates for each class would "
            "allow to correct the probabilities"
        ),
    ),
    Change(
        ("binary",),
        lambda case: case.noise > 0.5,
        _says(
            "wrong labels: with two classes that suffer alike, more than half of them wrong reverse the order of the "
            "probabilities; if the share is right, exchange 0 and 1 and train on that"
        ),
    ),
    Change(
        ("multiclass", "binary"),
        _rare,
        _says(
            "rare classes: recall of the rare class that stays poor on validation data after the threshold (or "
            "the prior) has been "
            "moved; moving it costs nothing and comes first"
        ),
    ),
    Change(
        ("multiclass",),
        lambda case: "ordinal" in case.ambiguous,
        _says(
            "the numbers may be levels in order, or mere names: what decides is whether 2 lies between 1 and 3 "
            "in the world; "
            "if so, say --task ordinal (coral first); cross-entropy is sound for both, an ordinal loss only for one"
        ),
    ),
    Change(
        ("multiclass",),
        lambda case: "counts" in case.ambiguous,
        _says("the numbers may be counts: if the next one, never seen, is possible, say --task counts"),
    ),
    Change(
        ("multiclass",),
        lambda case: "distillation" in case.ambiguous,
        _says("the rows are distributions: if a teacher made them, say --task distillation"),
    ),
    Change(
        ("ordinal",),
        lambda case: "multiclass" in case.ambiguous,
        _says("the numbers may be mere names of classes, in no order: then say --task multiclass"),
    ),
    Change(
        ("regression", "positive-amounts"),
        lambda case: "counts" in case.ambiguous,
        _says(
            "the whole numbers may be counts: if they are, say --task counts, for a log link and effects that multiply"
        ),
    ),
    Change(
        ("counts",),
        lambda case: "regression" in case.ambiguous,
        _says("whole numbers need not be counts: measurements that are merely rounded are --task regression"),
    ),
    Change(
        ("proportions", "positive-amounts"),
        lambda case: "regression" in case.ambiguous,
        _says("a column that was scaled, or a difference, is --task regression, whatever its range"),
    ),
    Change(
        ("regression",),
        lambda case: not case.outliers,
        _says("residuals on validation data with a heavy tail (then huber), or a metric whose optimum is not the mean"),
    ),
    Change(
        ("regression", "counts", "positive-amounts", "forecasting"),
        lambda case: case.metric is None,
        _says("a metric: mae asks for the median, rmse for the mean, mape for less than the median; --metric says it"),
    ),
    Change(
        ("counts",),
        _overdispersed,
        _says(
            "more spread than Poisson's does not bend the mean; it does bend intervals: for those say --need "
            "uncertainty "
            "(negative_binomial_nll first)"
        ),
    ),
)
