"""The losses that are recommended, each with the task it stands for. A new one is one row here and one recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from lossaudit.advise.choose.case import Case


class Candidate(NamedTuple):
    """A loss for a task.

    Attributes:
        loss: Its name in the catalogue.
        task: What it is for.
        recipe: Which training step spells it: of `snippets.SHAPES`.
        score: Before any evidence: 100 for the default of the field; from `decide.SHOWN` on it is shown.
        metric: What to watch besides the loss.
        why: Why it fits the task.
        price: What it costs.
        decide: How to get from the output to an answer.
        fits: Whether it can be asked for at all.
    """

    loss: str
    task: str
    recipe: str
    score: int
    metric: str
    why: str
    price: str
    decide: str
    fits: Callable[[Case], bool] = lambda _: True


def _two(case: Case) -> bool:
    return case.classes is None or case.classes == 2


def _several(case: Case) -> bool:
    return not _two(case)


_THRESHOLD = "p = sigmoid(z); choose the threshold on validation data, 1/2 only if both mistakes cost the same"
_LARGEST = "p = softmax(z); the class with the largest p"
_SCORE_ONLY = "the class with the largest score; the scores are no probabilities"
_LABELS = "p = sigmoid(z) for each label; a threshold for each, chosen on validation data"
_CLASS_METRIC = "log loss on validation data, and accuracy beside it"
_BINARY_METRIC = "log loss on validation data, and AUC beside it"
_RARE_METRIC = "average precision, or recall at the precision that you need"
_RARE_CLASSES = "recall of each class, or balanced accuracy"
_CORRECT = (
    "p = softmax(z), which is no longer the training data's: fit a temperature and the frequencies again, or rank only"
)
_VALUE = "the output itself"
_LOG = "exp(z)"

CARD_OF: Mapping[str, str] = MappingProxyType(
    {
        "dice": "of the Dice part, without the cross-entropy",
        "dice_classes": "of the Dice part, without the cross-entropy",
        "tversky": "of the Tversky part, without the cross-entropy",
        "lovasz_softmax": "of the Lovasz part, without the cross-entropy",
        "msle": "of the prediction, expm1(z); in z it is the squared error",
    }
)
"""Of what the card is, for a recipe that computes more than the loss of that name, or in other variables."""

CANDIDATES: tuple[Candidate, ...] = (
    # binary
    Candidate(
        "bce_with_logits", "binary", "bce", 100, _BINARY_METRIC,
        "the gradient at the logit is sigmoid(z) - y: largest where the model is sure and wrong, and 0 on average only "
        "where the outputs are the true probabilities",
        "a row with a wrong label keeps its full gradient, however sure the model becomes",
        _THRESHOLD,
    ),
    Candidate(
        "weighted_bce", "binary", "weighted_bce", 25, _RARE_METRIC,
        "the gradient of positives is POSITIVE_WEIGHT times as large, so that few of them are heard in a small batch",
        "the outputs are probabilities of reweighted data, too high for the rare class: calibrate them afterwards",
        "rank by z, or take the threshold from validation data",
    ),
    Candidate(
        "binary_focal_with_logits", "binary", "binary_focal", 20, _RARE_METRIC,
        "rows that are right already get little gradient, so that a mass of easy negatives does not drown the rest",
        "the outputs are too cautious to be read as probabilities; gamma is one more number to tune",
        "rank by z, or take the threshold from validation data",
    ),
    Candidate(
        "hinge", "binary", "hinge", 20, "accuracy",
        "rows beyond the margin get no gradient, so that all effort goes to the border",
        "it gives a side and a margin, no probability",
        "the sign of the score",
    ),
    # multiclass
    Candidate(
        "cross_entropy", "multiclass", "cross_entropy", 100, _CLASS_METRIC,
        "the gradient at the logits is p - y: largest where the model is sure and wrong, and 0 on average only where "
        "the outputs are the true probabilities",
        "a row with a wrong label keeps its full gradient, however sure the model becomes; long training on hard "
        "labels "
        "makes the outputs overconfident",
        _LARGEST,
    ),
    Candidate(
        "label_smoothing", "multiclass", "label_smoothing", 45, _CLASS_METRIC,
        "the gradient ends at a finite gap, so that a large network does not run off to certainty",
        "the optimum is mixed with the uniform distribution; such a network is a worse teacher",
        _LARGEST,
    ),
    Candidate(
        "logit_adjusted", "multiclass", "logit_adjusted", 15, _RARE_CLASSES,
        "the frequencies are put into the loss, so that the bare logits are free of them and suit a test where classes "
        "count alike",
        "the bare logits are wrong about the training data's frequencies, on purpose",
        "the class with the largest z, without the prior; with it, softmax(z + LOG_PRIOR) are the training "
        "data's probabilities",
    ),
    Candidate(
        "weighted_cross_entropy", "multiclass", "weighted_cross_entropy", 15, _RARE_CLASSES,
        "each class has the same share in the gradient, however rare it is",
        "the outputs are probabilities of reweighted data; large weights make a batch with a rare row jump",
        _CORRECT,
    ),
    Candidate(
        "class_balanced", "multiclass", "class_balanced", 10, _RARE_CLASSES,
        "weights grow with the effective number of rows, which saturates: gentler than the inverse frequency",
        "beta has to be chosen, and the outputs are probabilities of reweighted data",
        _CORRECT,
    ),
    Candidate(
        "ldam", "multiclass", "ldam", 10, _RARE_CLASSES,
        "rare classes get a larger margin, where they overfit most",
        "no probabilities; meant for normalised logits and a late switch to class weights",
        _SCORE_ONLY,
    ),
    Candidate(
        "focal", "multiclass", "focal", 15, _RARE_CLASSES,
        "rows that are right already get little gradient; it acts on easiness, not on rarity",
        "the outputs are too cautious to be read as probabilities; gamma is one more number to tune",
        _CORRECT,
    ),
    Candidate(
        "gce", "multiclass", "gce", 10, "accuracy on rows with checked labels",
        "rows that the model contradicts with confidence are given up, and wrong labels are mostly among these",
        "so are rare and hard rows; from a bad start it stalls, so warm up with cross-entropy",
        _SCORE_ONLY,
    ),
    Candidate(
        "sce", "multiclass", "sce", 5, "accuracy on rows with checked labels",
        "a bounded part that gives up contradicted rows is added to a small part of cross-entropy, which keeps moving",
        "two coefficients to tune, and the optimum is not the true probabilities",
        _SCORE_ONLY,
    ),
    Candidate(
        "crammer_singer", "multiclass", "crammer_singer", 10, "accuracy",
        "only the true class and its strongest rival get a gradient, and none beyond the margin",
        "where no class has more than half of the probability, its optimum may tie the best class with others",
        _SCORE_ONLY,
    ),
    Candidate(
        "linear_cross_entropy", "multiclass", "linear_cross_entropy", 0, "perplexity",
        "the same loss as cross_entropy, without keeping all logits in memory",
        "no second derivatives; PyTorch has it from 2.13 on",
        _LARGEST,
    ),
    # multilabel
    Candidate(
        "bce_with_logits", "multilabel", "bce_labels", 100, "average precision of each label",
        "every label is a question of its own, so that several, one or none can be true",
        "it takes the labels as independent given the input",
        _LABELS,
    ),
    Candidate(
        "asymmetric", "multilabel", "asymmetric", 30, "mean average precision",
        "easy negatives count less than positives, and the easiest nothing: most labels are absent in most rows",
        "confident false alarms get little gradient, by design against missing labels; no probabilities",
        _LABELS,
    ),
    Candidate(
        "weighted_bce", "multilabel", "weighted_bce_labels", 20, "average precision of each label",
        "the gradient of rare labels is larger",
        "the outputs are probabilities of reweighted data",
        _LABELS,
    ),
    # ordinal
    Candidate(
        "coral", "ordinal", "coral", 100, "mean absolute error in levels",
        "one score and K - 1 ordered cuts: each level is a row of yes-or-no questions, is it above k, so that a "
        "mistake by "
        "two levels costs more than one by one, and the answers agree with each other",
        "all cuts see the same score: what separates low levels must separate high ones too",
        "sum over k of [sigmoid(z_k) > 1/2] is the level; differences of sigmoid(z_k) are probabilities",
    ),
    Candidate(
        "cumulative_link", "ordinal", "cumulative_link", 80, "log loss, and mean absolute error in levels",
        "the proportional-odds model of statistics: the likelihood of one hidden score between ordered thresholds",
        "as for coral, one score for all cuts; the thresholds need an increasing parametrisation",
        "differences of sigmoid(z_k) are the probabilities of the levels",
    ),
    Candidate(
        "cross_entropy", "ordinal", "ordered_cross_entropy", 60, "mean absolute error in levels",
        "it forgets the order, so that nothing about the order can be wrong: hard to beat with much data",
        "a mistake by four levels costs as much as one by one",
        "the median level under softmax(z) for absolute errors, the largest for hits",
    ),
    Candidate(
        "corn", "ordinal", "corn", 50, "mean absolute error in levels",
        "the same questions asked one after the other, each of the rows that passed the last: no cut shares its "
        "weights",
        "late questions see few rows",
        "products of sigmoid(z_k) up to k are P(y > k)",
    ),
    Candidate(
        "rps", "ordinal", "rps", 30, "ranked probability score",
        "it scores cumulative probabilities, so that near misses count as near",
        "bounded, so its gradient dies where the model is sure and wrong: start from small weights",
        _LARGEST,
    ),
    Candidate(
        "ordinal_cross_entropy", "ordinal", "ordinal_cross_entropy", 35, "ranked probability score",
        "cross-entropy of the cumulative probabilities: near misses count as near, and the gradient stays",
        "not convex in the logits for three levels or more",
        _LARGEST,
    ),
    # regression
    Candidate(
        "mse", "regression", "mse", 100, "RMSE in the target's unit, beside that of the constant mean",
        "its optimum is the mean, the quantity that adds up; the gradient is twice the residual",
        "an error of 10 counts a hundred times an error of 1: one gross row can lead the whole batch",
        _VALUE,
    ),
    Candidate(
        "huber", "regression", "huber", 50, "MAE, and RMSE without the far rows",
        "squared where errors are usual, linear beyond: no row's gradient exceeds delta",
        "delta has a unit: standardise the target; with skewed noise the optimum is neither mean nor median",
        _VALUE,
    ),
    Candidate(
        "mae", "regression", "mae", 30, "MAE",
        "every row's gradient has the same size, whatever its error: the optimum is the median",
        "the gradient does not shrink near the answer: lower the learning rate at the end; sums of medians are "
        "no totals",
        _VALUE,
    ),
    Candidate(
        "log_cosh", "regression", "log_cosh", 20, "MAE",
        "like Huber with a smooth bend",
        "its bend is at 1: standardise the target",
        _VALUE,
    ),
    Candidate(
        "cauchy", "regression", "cauchy", 10, "MAE on checked rows",
        "gross errors are given up: their gradient fades",
        "not convex: it can give up good rows from a bad start, so begin with Huber",
        _VALUE,
    ),
    Candidate(
        "tukey", "regression", "tukey", 5, "MAE on checked rows",
        "errors beyond the cut get no gradient at all",
        "not convex, and rows that start beyond the cut are never seen: begin with Huber",
        _VALUE,
    ),
    Candidate(
        "gaussian_nll", "regression", "gaussian_nll", 20, "log score, and coverage of intervals",
        "a mean and a spread for each row: rows known to be noisy get less gradient",
        "a spread near 0 makes the loss explode, and rows that fit badly can hide behind a large one",
        "location and scale of a normal distribution",
    ),
    Candidate(
        "gaussian_crps", "regression", "gaussian_crps", 20, "CRPS, and coverage of intervals",
        "a mean and a spread in the target's unit; the gradient of a gross row is bounded",
        "still a normal distribution: symmetric, with light tails",
        "location and scale of a normal distribution",
    ),
    Candidate(
        "student_t_nll", "regression", "student_t_nll", 15, "log score, and coverage of intervals",
        "a location and a spread with heavy tails: a gross row is no surprise and gets little gradient",
        "degrees of freedom have to be chosen; not convex in the location",
        "location and scale of a t distribution",
    ),
    Candidate(
        "pinball", "regression", "pinball", 20, "coverage of the quantiles",
        "limits without any assumption about the noise",
        "one output for each level; neighbouring quantiles can cross: sort them",
        "the quantiles themselves",
    ),
    Candidate(
        "msle", "regression", "msle", 5, "RMSLE",
        "relative errors count, and large targets do not lead",
        "it aims below the mean; needs targets of at least 0",
        "expm1(z)",
    ),
    Candidate(
        "mape", "regression", "mape", 5, "MAPE",
        "each error is divided by its target: relative errors count",
        "its optimum lies below the median, and small targets lead: the gradient of a row with y = 0.01 is a "
        "hundred times that of one with y = 1",
        _VALUE,
    ),
    # counts
    Candidate(
        "poisson_nll", "counts", "poisson_nll", 100, "mean deviance on validation data, and the total",
        "exp keeps rates positive, effects multiply, and the optimum is the mean even where the counts are no "
        "Poisson variable",
        "its standard errors and intervals believe that variance equals mean; exp(z) overflows at z = 89 in float32",
        _LOG + "; with an exposure, add its logarithm to z",
    ),
    Candidate(
        "negative_binomial_nll", "counts", "negative_binomial_nll", 40, "log score, and coverage of intervals",
        "the same mean with a variance that grows faster, so that rows with large counts do not lead",
        "the dispersion has to be estimated",
        _LOG,
    ),
    Candidate(
        "mse", "counts", "mse", 20, "RMSE",
        "the mean again, with absolute errors instead of relative ones",
        "it can predict negative counts, and large counts lead",
        _VALUE,
    ),
    Candidate(
        "mae", "counts", "mae", 5, "MAE",
        "the median count",
        "where more than half of the counts are 0, so is the median, and every prediction",
        _VALUE,
    ),
    Candidate(
        "msle", "counts", "msle", 10, "RMSLE",
        "relative errors count",
        "it aims below the mean, so that totals come out too low",
        "expm1(z)",
    ),
    # positive amounts
    Candidate(
        "gamma", "positive-amounts", "gamma", 100, "mean deviance on validation data, and the total",
        "relative errors count, exp keeps predictions positive, and the optimum is the mean, so that totals come "
        "out right",
        "a prediction a thousand times too low has a thousand times the gradient: start z at the log of the mean",
        _LOG,
    ),
    Candidate(
        "tweedie", "positive-amounts", "tweedie", 60, "mean deviance on validation data, and the total",
        "a point mass at 0 and a long tail above it in one: the compound of a Poisson number of gamma amounts",
        "the power (between 1 and 2) has to be chosen",
        _LOG,
    ),
    Candidate(
        "msle", "positive-amounts", "msle", 40, "RMSLE",
        "squared errors of log(1 + y): the long tail is folded in",
        "it aims at exp of the mean logarithm, below the mean: totals come out too low",
        "expm1(z)",
    ),
    Candidate(
        "mse", "positive-amounts", "mse", 20, "RMSE",
        "the mean, with absolute errors",
        "a few large amounts lead, and predictions can be negative",
        _VALUE,
    ),
    Candidate(
        "mae", "positive-amounts", "mae", 10, "MAE",
        "the median, deaf to the long tail",
        "medians do not add up to totals",
        _VALUE,
    ),
    Candidate(
        "pinball", "positive-amounts", "pinball", 15, "coverage of the quantiles",
        "limits without any assumption about the tail",
        "one output for each level; quantiles can cross",
        "the quantiles themselves",
    ),
    Candidate(
        "mape", "positive-amounts", "mape", 5, "MAPE",
        "each error is divided by its target: relative errors count",
        "its optimum lies below the median, and small amounts lead",
        _VALUE,
    ),
    # proportions
    Candidate(
        "bce_with_logits", "proportions", "fraction", 100, "log loss, and RMSE",
        "a share is a probability: the fractional logit has the mean share as its optimum and never leaves [0, 1]",
        "its standard errors are no binomial's unless the share comes from a known number of trials: weight by "
        "that number",
        "sigmoid(z)",
    ),
    Candidate(
        "mse", "proportions", "mse", 40, "RMSE",
        "the mean share, on raw outputs",
        "it can leave [0, 1]",
        "the output, cut to [0, 1]",
    ),
    Candidate(
        "mae", "proportions", "mae", 10, "MAE",
        "the median share",
        "it can leave [0, 1]",
        "the output, cut to [0, 1]",
    ),
    Candidate(
        "pinball", "proportions", "pinball", 15, "coverage of the quantiles",
        "limits without any assumption about the noise",
        "it can leave [0, 1]; quantiles can cross",
        "the quantiles, cut to [0, 1]",
    ),
    # quantiles
    Candidate(
        "pinball", "quantiles", "pinball", 100, "coverage of each level on validation data, and the pinball loss",
        "the gradient is tau below the target and 1 - tau above it, and these balance exactly at the quantile",
        "extreme levels see few rows beyond them; neighbouring quantiles can cross: sort them",
        "the quantiles themselves",
    ),
    Candidate(
        "gaussian_crps", "quantiles", "gaussian_crps", 45, "CRPS, and coverage",
        "all quantiles at once, never crossing",
        "they are those of a normal distribution",
        "location + scale * normal quantile",
    ),
    Candidate(
        "student_t_nll", "quantiles", "student_t_nll", 20, "coverage",
        "all quantiles at once, with heavy tails",
        "they are those of a t distribution",
        "location + scale * t quantile",
    ),
    # forecasting
    Candidate(
        "mse", "forecasting", "mse", 100, "error over that of the seasonal naive forecast (MASE, RMSSE)",
        "its optimum is the expected value of each step, which adds up over steps and series",
        "series with large values lead: scale each by its own past",
        "the output, scaled back by what was known before",
    ),
    Candidate(
        "pinball", "forecasting", "pinball", 50, "weighted quantile loss, and coverage",
        "intervals without any assumption about the noise, for stock and risk",
        "a forecast for each level; quantiles can cross",
        "the quantiles, scaled back",
    ),
    Candidate(
        "mae", "forecasting", "mae", 45, "MASE",
        "the median path, which one outage does not bend",
        "for series that are mostly 0 the median is 0",
        "the output, scaled back",
    ),
    Candidate(
        "mape", "forecasting", "mape", 5, "MAPE",
        "each error is divided by its target: relative errors count, whatever the scale of the series",
        "its optimum lies below the median, so that totals come out too low; small values lead, and 0 is forbidden",
        "the output, scaled back",
    ),
    Candidate(
        "huber", "forecasting", "huber", 42, "MASE",
        "squared where errors are usual, linear for peaks and outages",
        "delta has the unit of the scaled series",
        "the output, scaled back",
    ),
    Candidate(
        "student_t_nll", "forecasting", "student_t_nll", 30, "CRPS, and coverage",
        "a distribution for each step, with tails for shocks",
        "one shape for all series",
        "location and scale, scaled back",
    ),
    Candidate(
        "gaussian_crps", "forecasting", "gaussian_crps", 30, "CRPS, and coverage",
        "a distribution for each step; the gradient of a shock is bounded",
        "a normal distribution",
        "location and scale, scaled back",
    ),
    Candidate(
        "binned_ordinal_cross_entropy", "forecasting", "binned_ordinal_cross_entropy", 10, "CRPS",
        "a histogram for each step: any shape, several peaks included",
        "a value beyond the bins cannot be told; scale by the past only, since scaling by the future's range leaks it",
        "sum of bin centre times softmax(z)",
    ),
    # ranking
    Candidate(
        "listnet", "ranking", "listnet", 100, "NDCG at the length of the list that is shown",
        "softmax over each list: only differences within a list count, and the gradient at the scores is the "
        "difference of two distributions",
        "a list without any relevant item teaches nothing; it weighs the whole list, not the top",
        "sort each list by score",
    ),
    Candidate(
        "ranknet", "ranking", "ranknet", 60, "share of pairs in the right order",
        "logistic loss on pairs of one list: a wrong pair keeps its gradient",
        "pairs grow with the square of the list, and the bottom counts as much as the top",
        "sort each list by score",
    ),
    Candidate(
        "listmle", "ranking", "listmle", 42, "NDCG",
        "the likelihood of the whole order, item after item",
        "ties in relevance are broken at random",
        "sort each list by score",
    ),
    # segmentation
    Candidate(
        "bce_with_logits", "segmentation", "bce_pixels", 100, "Dice and IoU of each mask",
        "the gradient of every pixel is sigmoid(z) - y, from the first step on",
        "large regions lead, and small ones are found late",
        _THRESHOLD, _two,
    ),
    Candidate(
        "dice", "segmentation", "dice", 60, "Dice of each mask",
        "the overlap of the whole mask beside the pixels' cross-entropy, which keeps the gradient alive",
        "the outputs are pushed to 0 and 1: no probabilities; empty masks hang on the smoothing term",
        "sigmoid(z) > 1/2", _two,
    ),
    Candidate(
        "tversky", "segmentation", "tversky", 30, "recall and Dice of each mask",
        "as Dice, with missed pixels counting more than false ones",
        "two weights to choose; Keras takes them in another order than its documentation says",
        "sigmoid(z) > 1/2", _two,
    ),
    Candidate(
        "binary_focal_with_logits", "segmentation", "focal_pixels", 25, "recall and Dice of each mask",
        "the mass of easy background counts less",
        "no probabilities; gamma has to be tuned",
        "sigmoid(z) > 1/2 or another threshold", _two,
    ),
    Candidate(
        "cross_entropy", "segmentation", "cross_entropy_pixels", 100, "mean IoU over the classes",
        "the gradient at every pixel's logits is p - y, from the first step on",
        "large regions lead, and small ones are found late",
        _LARGEST, _several,
    ),
    Candidate(
        "dice", "segmentation", "dice_classes", 60, "mean Dice over the classes",
        "the overlap of each class beside the pixels' cross-entropy, which keeps the gradient alive",
        "the outputs are pushed to 0 and 1: no probabilities; absent classes hang on the smoothing term",
        _SCORE_ONLY, _several,
    ),
    Candidate(
        "lovasz_softmax", "segmentation", "lovasz_softmax", 30, "mean IoU over the classes",
        "the convex closure of the Jaccard loss in p: IoU itself at the corners",
        "it sorts all pixels in each step; needs cross-entropy beside it to start",
        _SCORE_ONLY, _several,
    ),
    # metric learning
    Candidate(
        "info_nce", "metric-learning", "info_nce", 100, "recall at k in the whole collection",
        "each row must pick its partner among the batch: a softmax over similarities, in which near misses get "
        "the largest gradient",
        "large batches are needed; the temperature matters more than the loss",
        "cosine similarity",
    ),
    Candidate(
        "triplet_margin", "metric-learning", "triplet_margin", 60, "recall at k",
        "works with few examples of each identity, and stops at the margin",
        "most triplets teach nothing: the hard ones must be mined, and the hardest of all can collapse the embedding",
        "distance",
    ),
    Candidate(
        "contrastive", "metric-learning", "contrastive", 42, "recall at k",
        "pairs are enough",
        "positives are pulled onto one point; the margin has the unit of the embedding",
        "distance below a threshold from validation data",
    ),
    # distillation
    Candidate(
        "distillation", "distillation", "distillation", 100, "agreement with the teacher, and accuracy",
        "the teacher's probabilities at a temperature say which mistakes are near ones; T^2 keeps their gradient "
        "as T grows",
        "temperature and share have to be chosen; a teacher trained with label smoothing has less to say",
        _LARGEST,
    ),
    Candidate(
        "kl_div", "distillation", "kl_div", 60, "agreement with the teacher",
        "needs no labels at all",
        "the student inherits the teacher's mistakes",
        _LARGEST,
    ),
    # survival
    Candidate(
        "cox", "survival", "cox", 100, "concordance on validation data",
        "who fails first among those at risk: censored rows count as long as they were seen, and no baseline is "
        "assumed",
        "a batch is its own risk set: make it large; it ranks, and needs a baseline estimate for probabilities",
        "order by z; survival curves by the Breslow estimate",
    ),
    Candidate(
        "bce_with_logits", "survival", "hazard", 60, "Brier score over time",
        "time cut into intervals, and in each one a yes-or-no question to those who got there: gives curves at once",
        "intervals have to be chosen",
        "products of 1 - sigmoid(z) are the survival curve",
    ),
    # sequence, generative
    Candidate(
        "ctc", "sequence", "ctc", 100, "error rate of symbols or words",
        "sums over all alignments, so that none has to be given",
        "assumes that frames are independent given the input; a target longer than its input has infinite loss",
        "beam search, or the best path without repeats and blanks",
    ),
    Candidate(
        "elbo", "generative", "elbo", 100, "ELBO on held-out data",
        "reconstruction and the distance of the code from its prior, each in nats: a bound on the likelihood",
        "a strong decoder can ignore the code: raise the weight of the second part slowly",
        "decode draws from the prior",
    ),
)  # fmt: skip
