"""Losses over times of which some are only known to be later than when observation ended."""

from __future__ import annotations

import math

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Implementation, Loss, View
from lossaudit.pairing import TargetEncoding


def cox(risk: torch.Tensor, time: torch.Tensor, event: torch.Tensor) -> torch.Tensor:
    """Minus the log of the partial likelihood: of each event, whom of those at risk it strikes; ties as Breslow."""
    at_risk = time[None, :] >= time[:, None]
    everyone = risk.expand(len(risk), -1).masked_fill(~at_risk, -math.inf)
    return (event * (everyone.logsumexp(-1) - risk)).sum()


LOSSES = (
    Loss(
        name="cox",
        title="Cox partial likelihood",
        aliases=("cox_ph", "cox_partial_likelihood", "deepsurv"),
        family="survival",
        tasks=("survival",),
        summary="a softmax over those still at risk, at each event; censored cases only stand among the others",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL, TargetEncoding.COUNT}),
        target="time",
        formula="sum over i with an event of log(sum_{j: t_j >= t_i} exp(z_j)) - z_i",
        latex=r"\sum_{i:\,\delta_i = 1} \left(\log \sum_{j:\, t_j \ge t_i} e^{z_j} - z_i\right)",
        callable="lossaudit.catalogue.losses.survival.cox",
        definition=cox,
        example=View(
            variables="the log-hazards of a sample",
            arguments=((0.3, -0.4, 0.8, 0.1), (2.0, 1.0, 3.5, 2.5), (1.0, 1.0, 0.0, 1.0)),
            wrong=(-1, -1, 1, -1),
        ),
        gradient="For each case the sum of its softmax weights in the risk sets that it was in, less 1 if it had the "
        "event: like cross-entropy it is bounded, and does not vanish where the order of risks is wrong.",
        optimises="The log of the hazard ratio, up to a common shift; the baseline hazard is left open.",
        when="Times to an event with censoring, where relative risk is enough.",
        when_not="With hazards that cross use a discrete-time likelihood; for absolute survival, estimate the "
        "baseline afterwards. Do not drop censored cases and regress on the times.",
        stable="logsumexp over a masked row, or logcumsumexp after sorting by falling time; not log(cumsum(exp(z))).",
        limits="It does not split over samples: in small batches the risk sets are those of the batch. A batch "
        "without events gives 0. With many ties Efron's correction is better than Breslow's.",
        implementations=(
            Implementation(
                "statsmodels.duration.hazard_regression.PHReg", "linear in the covariates; ties='breslow' or 'efron'"
            ),
            Implementation(
                "pycox.models.loss.cox_ph_loss",
                "ties are taken in the order of the sort, 1e-7 is added inside the logarithm, and divided by the "
                "number of events",
            ),
        ),
        references=(
            "Cox 1972, Regression models and life-tables; Breslow 1974, Covariance analysis of censored survival data",
            "Katzman et al. 2018, DeepSurv",
        ),
    ),
)
