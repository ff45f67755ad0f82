"""Losses over the order of scores."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import REDUCTION, function, module
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_RELEVANCE = frozenset({TargetEncoding.RANKING, TargetEncoding.ORDINAL, TargetEncoding.BINARY, TargetEncoding.REAL})
_LIST = ((0.2, -0.5, 0.9),)


def margin_ranking(first: torch.Tensor, second: torch.Tensor, y: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
    """max(0, margin - y (z_1 - z_2))."""
    return torch.nn.functional.margin_ranking_loss(first, second, y, margin=margin, reduction="sum")


def ranknet(scores: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
    """log(1 + exp(z_j - z_i)) over all pairs of a list with y_i > y_j."""
    return -(_in_order(relevance) * torch.nn.functional.logsigmoid(_gaps(scores))).sum()


def listnet(scores: torch.Tensor, top: torch.Tensor) -> torch.Tensor:
    """-sum_i q_i log softmax(z)_i, where q_i is the probability that document i stands first."""
    return -(top * scores.log_softmax(-1)).sum()


def listmle(scores: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
    """Of the order by falling relevance: each choice of the next among all that are left."""
    ranked = scores.gather(-1, relevance.argsort(dim=-1, descending=True, stable=True))
    left = ranked.flip(-1).logcumsumexp(-1).flip(-1)
    return (left - ranked).sum()


def lambdarank(scores: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
    """RankNet's pairs, each weighted with what its swap would change in NDCG; the weights bear no gradient."""
    return lambdarank_in_order(scores, relevance, scores.detach())


def lambdarank_in_order(scores: torch.Tensor, relevance: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """The same with the weights of a fixed order: that of the scores `order`."""
    places = torch.arange(relevance.shape[-1], dtype=scores.dtype)
    gain = 2.0**relevance - 1
    best = (gain.sort(dim=-1, descending=True).values / (places + 2).log2()).sum(-1)
    above = (order[..., None, :] > order[..., :, None]).sum(-1)
    change = (_gaps(gain) * _gaps(1 / (above + 2).to(scores.dtype).log2())).abs() / best[..., None, None]
    return -(_in_order(relevance) * change * torch.nn.functional.logsigmoid(_gaps(scores))).sum()


def _gaps(values: torch.Tensor) -> torch.Tensor:
    """Of each pair the first less the second."""
    return values[..., :, None] - values[..., None, :]


def _in_order(relevance: torch.Tensor) -> torch.Tensor:
    """Whether the first of a pair is the more relevant."""
    return relevance[..., :, None] > relevance[..., None, :]


LOSSES = (
    Loss(
        name="margin_ranking",
        title="Pairwise hinge",
        aliases=("pairwise_hinge", "ranking_svm"),
        family="ranking",
        tasks=("ranking",),
        summary="y = 1 wants the first score above the second, y = -1 below",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        prediction="input1",
        others=("input2",),
        formula="max(0, margin - y (z_1 - z_2))",
        latex=r"\max(0,\; m - y\,(z_1 - z_2))",
        callable="torch.nn.functional.margin_ranking_loss",
        definition=margin_ranking,
        options=(Option("margin", 0.0, "margin >= 0", "the gap that is asked for; with 0 any tie is good enough"),),
        example=View(
            variables="the two scores of each pair",
            arguments=((0.3, -0.4), (0.7, -0.9), (1.0, -1.0)),
            wrt=(0, 1),
            wrong=(-1, 1, 1, -1),
        ),
        gradient="-y on the first score and +y on the second while their gap is too small, exactly 0 afterwards. Its "
        "size does not depend on how wrong the order is.",
        optimises="The more probable order of each pair, by a gap of the margin (with margin 0 a tie will do); not how "
        "probable it is.",
        when="Pairs with a known order, and a scorer that should stop once the gap is wide enough.",
        when_not="With lists of graded relevance use listmle or listnet; for a probability that one beats the other, "
        "ranknet.",
        stable="torch.nn.functional.margin_ranking_loss with a margin above 0.",
        limits="PyTorch's margin is 0 by default: a tie then has loss 0, and any gap in the right direction is "
        "enough, however small. A pair with label 0 costs the margin whatever its scores.",
        spellings=function(
            "torch.nn.functional.margin_ranking_loss", "input1", "input2", "target", margin=0, **REDUCTION
        )
        + module("MarginRankingLoss", margin=0.0, **REDUCTION),
        implementations=(
            Implementation("rax.pairwise_hinge_loss", "takes a list and its relevance, uses all pairs, margin 1"),
        ),
        references=("Herbrich, Graepel, Obermayer 2000, Large margin rank boundaries for ordinal regression",),
    ),
    Loss(
        name="ranknet",
        title="RankNet",
        aliases=("pairwise_logistic",),
        family="ranking",
        tasks=("ranking",),
        summary="logistic loss of the score differences of all pairs that are not equally relevant",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_RELEVANCE,
        formula="sum over pairs with y_i > y_j of log(1 + exp(z_j - z_i))",
        latex=r"\sum_{y_i > y_j} \log\left(1 + e^{z_j - z_i}\right)",
        callable="lossaudit.catalogue.losses.ranking.ranknet",
        definition=ranknet,
        example=View(variables="the scores of a list", arguments=(_LIST, ((2.0, 0.0, 1.0),)), wrong=(-1, 1, 0)),
        gradient="Each pair pushes its two scores apart with sigmoid(z_j - z_i): 1 where the order is clearly wrong, "
        "0 where it is clearly right.",
        optimises="The log-odds that i is ranked above j, as the difference of their scores; scores up to a common "
        "shift.",
        when="Comparisons of pairs, also contradictory ones: what is learned is a probability for each pair.",
        when_not="Where only the top of the list counts: all pairs weigh the same. Use lambdarank, or listmle.",
        stable="-torch.nn.functional.logsigmoid(z_i - z_j), or softplus(z_j - z_i); never log(sigmoid(...)).",
        limits="The number of pairs grows with the square of the list's length; a list with equal relevance has none "
        "and gives 0.",
        implementations=(
            Implementation(
                "torch.nn.functional.binary_cross_entropy_with_logits",
                "on the differences, with target 1 (or a probability)",
            ),
            Implementation("torch.nn.functional.soft_margin_loss", "on the differences, with target 1"),
            Implementation("rax.pairwise_logistic_loss", ""),
            Implementation(
                "xgboost rank:pairwise", "by default only pairs with the top of the list (lambdarank_pair_method)"
            ),
        ),
        references=("Burges et al. 2005, Learning to rank using gradient descent, eq. 3",),
    ),
    Loss(
        name="listnet",
        title="ListNet",
        aliases=("ranking_softmax", "softmax_ranking"),
        family="ranking",
        tasks=("ranking",),
        summary="cross-entropy between who should stand first in a list and who does by the scores",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_RELEVANCE | {TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION},
        class_axis=True,
        formula="-sum_i q_i log(exp(z_i) / sum_j exp(z_j)) over a list; in the paper q = softmax(relevance)",
        latex=r"-\sum_i q_i \log \frac{e^{z_i}}{\sum_j e^{z_j}}",
        callable="optax.losses.ranking_softmax_loss",
        definition=listnet,
        example=View(variables="the scores of a list", arguments=(_LIST, ((0.6, 0.1, 0.3),)), wrong=(-1, 1, 0)),
        gradient="softmax(z) - q where q sums to 1, otherwise sum(q) softmax(z) - q: a document that stands first by "
        "mistake is pushed down with a strength that does not vanish.",
        optimises="q itself, as softmax of the scores: scores are log(q) up to a shift.",
        when="Lists in which the first place matters most, above all with one relevant document.",
        when_not="Where the whole order counts use listmle; for relevance 0 everywhere the loss is 0 and the list is "
        "lost.",
        stable="log_softmax over the list, the lowest finite number as the score of padding (-inf times a label of 0 "
        "is NaN), or optax's `where`; no softmax of one's own before it.",
        limits="Unnormalised labels weigh long lists and high grades more. Padding with score 0 takes part in the "
        "softmax.",
        implementations=(
            Implementation(
                "optax.losses.ranking_softmax_loss", "labels are used as they are, without softmax; mean over the lists"
            ),
            Implementation("torch.nn.functional.cross_entropy", "with probabilities as target, where q sums to 1"),
            Implementation("rax.softmax_loss", "labels are weights; the sum over the lists by default"),
        ),
        references=("Cao et al. 2007, Learning to rank: from pairwise approach to listwise approach, section 4",),
    ),
    Loss(
        name="listmle",
        title="ListMLE",
        aliases=("plackett_luce",),
        family="ranking",
        tasks=("ranking",),
        summary="negative log-likelihood of the right order under the Plackett-Luce model",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_RELEVANCE,
        formula="sum_r log(sum_{s >= r} exp(z_(s))) - z_(r), where (1), (2), ... is the order by falling relevance",
        latex=r"\sum_r \left(\log \sum_{s \ge r} e^{z_{(s)}} - z_{(r)}\right)",
        callable="lossaudit.catalogue.losses.ranking.listmle",
        definition=listmle,
        example=View(variables="the scores of a list", arguments=(_LIST, ((2.0, 0.0, 1.0),)), wrong=(-1, 1, 0)),
        gradient="A cross-entropy's softmax minus one-hot for each place, over the documents that are still to be "
        "placed. It stays bounded, and does not vanish when the order is wrong.",
        optimises="The worths of a Plackett-Luce model, as exp of the scores, up to a common factor.",
        when="Full orders without ties, such as preferences or races.",
        when_not="With many equal grades: ties are broken by the order in which the documents happen to come. Use "
        "listnet or ranknet there.",
        stable="logcumsumexp over the reversed order; not log(cumsum(exp(...))).",
        limits="All places count the same, so that a long tail outweighs the top.",
        implementations=(
            Implementation("allrank.models.losses.listMLE", "shuffles ties at random, adds 1e-10 inside the logarithm"),
        ),
        references=("Xia et al. 2008, Listwise approach to learning to rank, section 4.2", "Plackett 1975; Luce 1959"),
    ),
    Loss(
        name="lambdarank",
        title="LambdaRank (a field that is no loss)",
        aliases=("lambdamart",),
        family="ranking",
        tasks=("ranking",),
        summary="RankNet's gradients times what each swap would change in NDCG; it is the gradient of no function of "
        "the scores",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=_RELEVANCE,
        formula="sum over pairs with y_i > y_j of |delta NDCG_ij| log(1 + exp(z_j - z_i)), |delta NDCG| of the "
        "current order, without gradient",
        latex=r"\sum_{y_i > y_j} \left|\Delta\mathrm{NDCG}_{ij}\right| \log\left(1 + e^{z_j - z_i}\right)",
        callable="lossaudit.catalogue.losses.ranking.lambdarank",
        definition=lambdarank,
        example=View(variables="the scores of a list", arguments=(_LIST, ((2.0, 0.0, 1.0),))),
        views=(
            View(
                variables="the scores while their order stays",
                arguments=(_LIST, ((2.0, 0.0, 1.0),), _LIST),
                through=lambdarank_in_order,
            ),
        ),
        gradient="Each pair pushes with |delta NDCG| sigmoid(z_j - z_i). The weights jump where two scores change "
        "places, and the push is not the derivative of this jumping value: round a closed way that crosses such a "
        "place it does work.",
        optimises="No function of the scores. Where it comes to rest, NDCG was empirically found to be near a local "
        "optimum.",
        when="Search results judged by NDCG, above all with boosted trees (LightGBM and XGBoost call it lambdarank, "
        "rank:ndcg).",
        when_not="Where a value of the loss has to mean something: early stopping, line search or second-order "
        "methods on it are unfounded. Watch NDCG itself, or use listnet.",
        stable="Ranks and weights from scores.detach(), and -logsigmoid(z_i - z_j) for the pairs.",
        limits="A list without a relevant document has no ideal NDCG: 0/0, skip it. Equal scores share the better "
        "rank here; libraries break such ties by a sort.",
        implementations=(
            Implementation(
                "lightgbm lambdarank",
                "normalises the lambdas of a query (lambdarank_norm) and stops at the top 30 "
                "(lambdarank_truncation_level)",
            ),
            Implementation(
                "xgboost rank:ndcg", "by default only pairs with the top of the list (lambdarank_pair_method)"
            ),
        ),
        references=(
            "Burges, Ragno, Le 2006, Learning to rank with nonsmooth cost functions",
            "Burges 2010, From RankNet to LambdaRank to LambdaMART: an overview, section 4",
            "Donmez, Svore, Burges 2009, On the local optimality of LambdaRank",
        ),
    ),
)
