"""Losses of ordered classes, from scoringrules, scikit-learn, coral_pytorch and statsmodels."""

from __future__ import annotations

import numpy as np
import scoringrules
import sklearn.metrics
import torch
from coral_pytorch.dataset import levels_from_labelbatch
from coral_pytorch.losses import coral_loss, corn_loss
from scipy.stats import logistic
from statsmodels.miscmodels.ordinal_model import OrderedModel
from tests.catalogue.truth.case import Case

P = ((0.12, 0.43, 0.31, 0.14), (0.55, 0.08, 0.21, 0.16), (0.27, 0.23, 0.11, 0.39))
LEVELS = (2, 0, 3)
LOGITS = ((1.37, -0.42, -1.86), (0.65, 0.23, -0.94), (-0.31, 1.28, 0.77), (2.06, -1.15, 0.49))
ALL = (0, 1, 2, 3)
SCORES, THRESHOLDS = (0.35, -0.82, 1.47, 0.61, -1.24), (-1.1, 0.4, 1.9)
OF_SCORES = (1, 0, 3, 2, 1)


def _rps() -> float:
    return float(np.sum(scoringrules.rps_score(np.array(LEVELS) + 1, np.array(P))))


def _cross_entropy_of_cuts() -> float:
    cumulative = np.cumsum(P, axis=1)
    total = 0.0
    for cut in range(3):
        at_most = [level <= cut for level in LEVELS]
        total += sklearn.metrics.log_loss(at_most, cumulative[:, cut], labels=[False, True], normalize=False)
    return float(total)


def _coral() -> float:
    levels = levels_from_labelbatch(list(ALL), 4, dtype=torch.float64)
    return float(coral_loss(torch.tensor(LOGITS, dtype=torch.float64), levels, reduction="sum"))


def _corn() -> float:
    """A mean over the questions: 1, 2, 3 and 3 of them are asked of the levels 0, 1, 2 and 3."""
    return 9 * float(corn_loss(torch.tensor(LOGITS, dtype=torch.float64), torch.tensor(ALL), 4))


def _cumulative_link() -> float:
    model = OrderedModel(np.array(OF_SCORES), np.array(SCORES)[:, None], distr="logit")
    gaps = np.log(np.diff(THRESHOLDS))
    return -float(model.loglike(np.array([1.0, THRESHOLDS[0], *gaps])))


CASES: dict[str, tuple[Case, ...]] = {
    "rps": (Case((P, LEVELS), _rps(), "scoringrules.rps_score"),),
    "ordinal_cross_entropy": (
        Case((P, LEVELS), _cross_entropy_of_cuts(), "sklearn.metrics.log_loss, cut by cut"),
        Case((((0.3, 0.7), (0.9, 0.1)), (1, 1)), float(-np.log(0.7 * 0.1)), "two levels: cross-entropy"),
    ),
    "coral": (Case((LOGITS, ALL), _coral(), "coral_pytorch.losses.coral_loss"),),
    "corn": (Case((LOGITS, ALL), _corn(), "coral_pytorch.losses.corn_loss"),),
    "cumulative_link": (
        Case((SCORES, OF_SCORES, THRESHOLDS), _cumulative_link(), "statsmodels' OrderedModel, the score its regressor"),
        Case(
            ((30.0,), (1,), (-1.0, 0.5)),
            -float(np.log(logistic.cdf(0.5, 30) - logistic.cdf(-1, 30))),
            "scipy.stats.logistic, far from the level",
        ),
    ),
}
