"""Losses over ordered classes."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import one_hot
from lossaudit.catalogue.schema import Expects, Implementation, Loss, View
from lossaudit.pairing import TargetEncoding

_LEVEL = frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ORDINAL})


def ranked_probability_score(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Sum over the cuts of (cumulative p - cumulative y)^2."""
    return ((p.cumsum(-1) - one_hot(p, y).cumsum(-1)) ** 2).sum()


def ordinal_cross_entropy(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of the cumulative probabilities, summed over the K - 1 cuts."""
    below = p.cumsum(-1)[:, :-1]
    above = p.flip(-1).cumsum(-1).flip(-1)[:, 1:]
    at_most = one_hot(p, y).cumsum(-1)[:, :-1]
    return -(at_most * below.log() + (1 - at_most) * above.log()).sum()


def coral(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of "the level is above k", for the K - 1 cuts."""
    return _cuts(z, y).sum()


def coral_of_score(score: torch.Tensor, y: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
    """`coral` as it is used: one score for all cuts, and a bias for each."""
    return coral(score[:, None] + biases, y)


def corn(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of "above k, given that it is not below k", for the cuts that a sample reaches."""
    reached = y[:, None] >= torch.arange(z.shape[-1])
    return (reached * _cuts(z, y)).sum()


def _cuts(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Of each cut (N, K - 1), the binary cross-entropy of whether the level (N,) lies above it."""
    above = (y[:, None] > torch.arange(z.shape[-1])).to(z.dtype)
    return torch.nn.functional.binary_cross_entropy_with_logits(z, above, reduction="none")


def cumulative_link(score: torch.Tensor, y: torch.Tensor, thresholds: torch.Tensor) -> torch.Tensor:
    """-log(sigmoid(t_y - s) - sigmoid(t_(y-1) - s)) of scores (N,), levels (N,) and ascending thresholds (K - 1,)."""
    last = len(thresholds)
    upper, lower = thresholds[y.clamp(max=last - 1)] - score, thresholds[(y - 1).clamp(min=0)] - score
    not_above, not_below = -torch.nn.functional.logsigmoid(upper), -torch.nn.functional.logsigmoid(-lower)
    between = not_above + not_below - torch.log(-torch.expm1(lower - upper))
    return torch.where(y == 0, not_above, torch.where(y == last, not_below, between)).sum()


def cumulative_link_of_gaps(
    score: torch.Tensor, y: torch.Tensor, first: torch.Tensor, gaps: torch.Tensor
) -> torch.Tensor:
    """`cumulative_link` with thresholds told by the first one and the gaps between them."""
    return cumulative_link(score, y, torch.cat([first, gaps]).cumsum(0))


def cumulative_link_of_log_gaps(
    score: torch.Tensor, y: torch.Tensor, first: torch.Tensor, logs: torch.Tensor
) -> torch.Tensor:
    """`cumulative_link` with thresholds told by the first one and the logarithms of the gaps between them."""
    return cumulative_link_of_gaps(score, y, first, logs.exp())


LOSSES = (
    Loss(
        name="rps",
        title="Ranked probability score",
        aliases=("ranked_probability_score", "discrete_crps", "squared_emd"),
        family="ordinal",
        tasks=("ordinal", "forecasting"),
        summary="The Brier score of every cut between the levels: being far off costs more.",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=_LEVEL,
        class_axis=True,
        formula="sum over cuts k of (P(level <= k) - [y <= k])^2",
        latex=r"\sum_{k=1}^{K-1} \left(\sum_{i \le k} p_i - [y \le k]\right)^2",
        callable="lossaudit.catalogue.losses.ordinal.ranked_probability_score",
        definition=ranked_probability_score,
        gradient="Bounded, and it dies like exp(-t) where the softmax is sure of a wrong level, near or far.",
        optimises="q, the true probabilities: it is strictly proper.",
        when="To score ordered probabilities, or to fine-tune a model that is nearly right.",
        when_not="Training from scratch on clean levels: use ordinal_cross_entropy or cumulative_link, which do not "
        "saturate.",
        stable="p = torch.softmax(z, -1), then cumsum: there is no logarithm in it.",
        limits="Convex in p and not in the logits. Some authors divide by K - 1.",
        implementations=(
            Implementation("scoringrules.rps_score", "levels are counted from 1; the observation comes first"),
        ),
        references=("Epstein 1969, A scoring system for probability forecasts of ranked categories",),
    ),
    Loss(
        name="ordinal_cross_entropy",
        title="Ordinal cross-entropy",
        aliases=("oce", "ordered_cross_entropy", "cumulative_cross_entropy"),
        family="ordinal",
        tasks=("ordinal", "forecasting"),
        summary="Binary cross-entropy of every cut between the levels, from one softmax.",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=_LEVEL,
        class_axis=True,
        formula="-sum over cuts k of ([y <= k] log P(level <= k) + [y > k] log P(level > k))",
        latex=r"-\sum_{k=1}^{K-1} \left([y \le k] \log \sum_{i \le k} p_i + [y > k] \log \sum_{i > k} p_i\right)",
        callable="lossaudit.catalogue.losses.ordinal.ordinal_cross_entropy",
        definition=ordinal_cross_entropy,
        gradient="It does not vanish where the softmax is sure of a wrong level: its largest entry then tends to the "
        "distance in levels, so that far errors pull harder.",
        optimises="q, the true probabilities: it is a sum of strictly proper scores.",
        when="Ordered levels, or a number cut into bins, and a softmax over them.",
        when_not="The levels have no order: use cross_entropy. You want one score and thresholds: use cumulative_link.",
        stable="torch.logcumsumexp of torch.log_softmax(z, -1), from both ends, in place of log(cumsum(p)).",
        limits="Not convex in the logits for three levels or more, though convex in p. Written with probabilities it "
        "is infinite in float32 from a gap of 104 on.",
        implementations=(
            Implementation(
                "OCE-TS",
                "the authors' code keeps the cumulative probabilities of both sides within 1e-8 of 0 and 1, adds 1e-8 "
                "in the logarithms, and averages over samples",
            ),
        ),
        references=("Wang, Shi, Li, Shang 2025, arXiv 2511.10200",),
    ),
    Loss(
        name="coral",
        title="CORAL",
        aliases=("coral_loss", "rank_consistent_ordinal_regression"),
        family="ordinal",
        tasks=("ordinal",),
        summary="One yes-or-no question for each cut, with one score for all of them and a bias for each.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_LEVEL,
        class_axis=True,
        formula="sum over cuts k of ([y > k] log(1 + exp(-z_k)) + [y <= k] log(1 + exp(z_k))), z_k = s + b_k",
        latex=r"\sum_k \left([y > k] \log(1 + e^{-z_k}) + [y \le k] \log(1 + e^{z_k})\right), \quad z_k = s + b_k",
        callable="lossaudit.catalogue.losses.ordinal.coral",
        definition=coral,
        example=View(
            variables="the K - 1 logits",
            arguments=(((0.7, -0.2, -1.1),), (0,)),
            wrong=(1, 1, 1),
        ),
        views=(
            View(
                variables="the score and the biases",
                arguments=((0.3, -0.4, 0.9), (0, 1, 2), (0.7, -0.2)),
                wrt=(0, 2),
                through=coral_of_score,
            ),
        ),
        gradient="sigmoid(z_k) - [y > k] for each cut. In the score they add up: up to K - 1 where the model is "
        "confident and wrong by all levels, and 1 where it is by one.",
        optimises="P(level > k) for each cut, as far as one score and its biases can say it.",
        when="Ordered levels that one hidden scale may explain, such as ages or grades.",
        when_not="The cuts depend on different features: use corn. Levels have no order: use cross_entropy.",
        stable="binary_cross_entropy_with_logits(z, levels): levels[k] is 1 if y > k. The last layer has one weight "
        "vector and K - 1 biases.",
        limits="The K - 1 answers cannot contradict each other if the weights are shared and the biases fall from cut "
        "to cut. At the minimum they do; on the way there nothing forces them to.",
        implementations=(
            Implementation(
                "coral_pytorch.losses.coral_loss", "takes the levels as rows of 0 and 1; averages over samples"
            ),
        ),
        references=("Cao, Mirjalili, Raschka 2020, Rank consistent ordinal regression, arXiv 1901.07884, eq. 4",),
    ),
    Loss(
        name="corn",
        title="CORN",
        aliases=("corn_loss", "conditional_ordinal_regression"),
        family="ordinal",
        tasks=("ordinal",),
        summary="One yes-or-no question for each cut, asked only of samples that passed the cut before.",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=_LEVEL,
        class_axis=True,
        formula="sum over cuts k <= y of ([y > k] log(1 + exp(-z_k)) + [y = k] log(1 + exp(z_k))), k from 0",
        latex=r"\sum_{k \le \min(y,\, K-2)} \left([y > k] \log(1 + e^{-z_k}) + [y = k] \log(1 + e^{z_k})\right)",
        callable="lossaudit.catalogue.losses.ordinal.corn",
        definition=corn,
        example=View(
            variables="the K - 1 logits",
            arguments=(((0.7, -0.2, -1.1),), (1,)),
            wrong=(-1, 1, 0),
        ),
        gradient="sigmoid(z_k) - [y > k] for each cut that the sample reaches, 0 for the others: it tends to 1 in "
        "size for each answer that is confident and wrong.",
        optimises="P(level > k given level >= k) for each cut; the product of the first ones is P(level > k).",
        when="Ordered levels whose cuts may depend on different features: the K - 1 logits are free.",
        when_not="High levels are rare: the last cuts see few samples. Use coral, which shares its weights.",
        stable="binary_cross_entropy_with_logits on the cuts with k <= y, then torch.cumprod(torch.sigmoid(z), -1).",
        limits="A logit beyond the sample's level gets no gradient from it.",
        implementations=(
            Implementation(
                "coral_pytorch.losses.corn_loss",
                "divides by the number of questions asked in the batch, not of samples",
            ),
        ),
        references=(
            "Shi, Cao, Raschka 2023, Deep neural networks for rank-consistent ordinal regression, arXiv 2111.08851",
        ),
    ),
    Loss(
        name="cumulative_link",
        title="Cumulative link",
        aliases=("proportional_odds", "ordered_logit", "ordinal_logistic_regression"),
        family="ordinal",
        tasks=("ordinal",),
        summary="The likelihood of a level when one score falls between ascending thresholds.",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.ORDINAL, TargetEncoding.CLASS_INDEX}),
        prediction="score",
        target="y",
        others=("thresholds",),
        formula="-log(sigmoid(t_y - s) - sigmoid(t_(y-1) - s)), t_(-1) = -infinity, t_(K-1) = infinity",
        latex=r"-\log\left(\sigma(t_y - s) - \sigma(t_{y-1} - s)\right), \quad t_{-1} = -\infty,\ t_{K-1} = \infty",
        callable="lossaudit.catalogue.losses.ordinal.cumulative_link",
        definition=cumulative_link,
        example=View(
            variables="the score",
            arguments=((0.3,), (1,), (-1.0, 0.5, 1.7)),
            wrong=(1,),
        ),
        views=(
            View(
                variables="the score, the first threshold and the gaps",
                arguments=((0.3, 2.4, 0.9, 1.6), (0, 1, 2, 3), (0.7,), (1.2, 0.5)),
                wrt=(0, 2, 3),
                domain="positive",
                through=cumulative_link_of_gaps,
            ),
            View(
                variables="the score, the first threshold and the log gaps",
                arguments=((0.3, -0.4, 0.9, 0.2), (0, 1, 2, 3), (-0.6,), (0.2, 0.5)),
                wrt=(0, 2, 3),
                through=cumulative_link_of_log_gaps,
            ),
        ),
        gradient="1 - sigmoid(t_y - s) - sigmoid(t_(y-1) - s) in the score: between -1 and 1, and it tends to 1 in "
        "size where the score is far beyond its level. In a threshold it is unbounded as two of them meet.",
        optimises="The true probabilities of the levels, if one score and shared thresholds can say them.",
        when="Ordered levels, one score, and thresholds that are learned: the classic model, with p-values in "
        "statsmodels.",
        when_not="The effect of features differs from cut to cut: use corn, or a softmax with ordinal_cross_entropy.",
        stable="-logsigmoid(u) - logsigmoid(-l) - log(-expm1(l - u)) with u = t_y - s, l = t_(y-1) - s. A difference "
        "of sigmoids rounds to 0.",
        limits="Convex in the score and ascending thresholds together, not in the logarithms of the gaps that keep "
        "them ascending.",
        implementations=(
            Implementation(
                "statsmodels.miscmodels.ordinal_model.OrderedModel",
                "probit by default, distr='logit' for this; adds 1e-20 in the logarithm; its parameters are the first "
                "threshold and the log gaps",
            ),
            Implementation(
                "spacecutter.losses.CumulativeLinkLoss",
                "takes probabilities and clips them to [1e-15, 1 - 1e-15]; nothing keeps its thresholds ascending but "
                "a callback",
            ),
        ),
        references=("McCullagh 1980, Regression models for ordinal data",),
    ),
)
