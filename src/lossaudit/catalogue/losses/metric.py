"""Losses over distances and angles between two or three embeddings."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import REDUCTION, function, module
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

EMBEDDINGS = ("identity", "normalize", "tanh", "relu", "layer_norm")
_ONE, _OTHER = ((0.8, 0.3), (0.5, -0.6)), ((0.2, 0.5), (0.1, -0.4))
_TRIPLET = View(
    variables="anchor, positive and negative", arguments=(((0.8, 0.3),), ((0.2, 0.5),), ((0.1, -0.4),)), wrt=(0, 1, 2)
)


def cosine_embedding(first: torch.Tensor, second: torch.Tensor, y: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
    """1 - cos for pairs with y = 1, max(0, cos - margin) for those with y = -1."""
    return torch.nn.functional.cosine_embedding_loss(first, second, y, margin=margin, reduction="sum")


def cosine_distance(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 - cos(z, y)."""
    return (1 - torch.nn.functional.cosine_similarity(z, y, dim=-1)).sum()


def contrastive(first: torch.Tensor, second: torch.Tensor, y: torch.Tensor, margin: float = 1.0) -> torch.Tensor:
    """d^2 / 2 for pairs with y = 1, max(0, margin - d)^2 / 2 for those with y = 0."""
    return contrastive_of_distances((first - second).norm(dim=-1), y, margin)


def contrastive_of_distances(d: torch.Tensor, y: torch.Tensor, margin: float = 1.0) -> torch.Tensor:
    """The same of the distances."""
    return (y * d**2 + (1 - y) * (margin - d).relu() ** 2).sum() / 2


def triplet(
    anchor: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor, margin: float = 1.0, p: float = 2.0
) -> torch.Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin)."""
    return torch.nn.functional.triplet_margin_loss(anchor, positive, negative, margin=margin, p=p, reduction="sum")


def triplet_with_distance(
    anchor: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor, margin: float = 1.0
) -> torch.Tensor:
    """The same with the Euclidean distance, which is the one that is taken if none is given."""
    function = torch.nn.functional.triplet_margin_with_distance_loss
    return function(anchor, positive, negative, margin=margin, reduction="sum")


def triplet_of_distances(near: torch.Tensor, far: torch.Tensor, margin: float = 1.0) -> torch.Tensor:
    """The same of the two distances."""
    return (near - far + margin).relu().sum()


_DISTANCES = View(variables="the two distances", arguments=((0.4,), (0.9,)), wrt=(0, 1), through=triplet_of_distances)

LOSSES = (
    Loss(
        name="hinge_embedding",
        title="Hinge on distances",
        aliases=("hinge_embedding_loss",),
        family="metric",
        tasks=("metric learning",),
        summary="z is a distance; not the hinge loss of a classifier",
        expects=Expects.POSITIVE,
        heads=("pairwise_distance", "vector_norm", "norm", "square", "abs"),
        encodings=frozenset({TargetEncoding.SIGNED}),
        formula="z where y = 1; max(0, margin - z) where y = -1",
        latex=r"z \text{ if } y = 1, \quad \max(0, m - z) \text{ if } y = -1",
        callable="torch.nn.functional.hinge_embedding_loss",
        options=(Option("margin", 1.0, "margin > 0", "distance from which on dissimilar pairs cost nothing"),),
        example=View(variables="the distances of the pairs", arguments=((0.8, 0.3), (1.0, -1.0)), wrong=(1, 0)),
        gradient="1 on the distance of similar pairs, -1 on that of dissimilar ones closer than the margin, 0 beyond.",
        optimises="Distance 0 for pairs that are more often similar than not, the margin for the others.",
        when="Distances of pairs that are known to be similar or not.",
        when_not="For classification: it is not hinge. With embeddings at hand contrastive is smoother at distance 0.",
        stable="pairwise_distance, whose eps keeps the slope of the root finite at 0.",
        limits="Labels are -1 and 1; with any other label PyTorch adds both terms. A negative z has no lower bound "
        "for y = 1.",
        spellings=function("torch.nn.functional.hinge_embedding_loss", "input", "target", margin=1.0, **REDUCTION)
        + module("HingeEmbeddingLoss", margin=1.0, **REDUCTION),
        implementations=(
            Implementation(
                "pytorch_metric_learning.losses.ContrastiveLoss",
                "the same terms on all pairs of a batch; means over the pairs with a loss above 0, of each kind",
            ),
        ),
        references=(
            "PyTorch documentation, torch.nn.HingeEmbeddingLoss",
            "Hadsell, Chopra, LeCun 2006, Dimensionality reduction by learning an invariant mapping (with squares)",
        ),
    ),
    Loss(
        name="cosine_embedding",
        title="Hinge on cosines",
        aliases=("cosine_embedding_loss",),
        family="metric",
        tasks=("metric learning",),
        summary="angles of pairs: similar ones to cosine 1, dissimilar ones below a margin",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=frozenset({TargetEncoding.SIGNED}),
        prediction="input1",
        others=("input2",),
        formula="1 - cos(z_1, z_2) where y = 1; max(0, cos(z_1, z_2) - margin) where y = -1",
        latex=r"1 - \cos(z_1, z_2) \text{ if } y = 1, \quad \max(0, \cos(z_1, z_2) - m) \text{ if } y = -1",
        callable="torch.nn.functional.cosine_embedding_loss",
        definition=cosine_embedding,
        options=(Option("margin", 0.0, "-1 <= margin <= 1", "cosine up to which dissimilar pairs cost nothing"),),
        example=View(variables="both embeddings of the pairs", arguments=(_ONE, _OTHER, (1.0, -1.0)), wrt=(0, 1)),
        gradient="At right angles to each embedding and divided by its length: long embeddings turn slowly, and a "
        "pair at exactly 180 degrees is not pulled at all.",
        optimises="Cosine 1 for similar pairs, at most the margin for the others; lengths are free.",
        when="Similarity of pairs, where the length of an embedding means nothing.",
        when_not="With many negatives for each positive in a batch use info_nce; for class indices it is no loss.",
        stable="The fused function, or normalize with an eps before a dot product.",
        limits="Labels are -1 and 1, a pair with label 0 costs nothing and goes unnoticed. PyTorch adds 1e-12 to the "
        "squared lengths.",
        spellings=function(
            "torch.nn.functional.cosine_embedding_loss", "input1", "input2", "target", margin=0, **REDUCTION
        )
        + module("CosineEmbeddingLoss", margin=0.0, **REDUCTION),
        references=("PyTorch documentation, torch.nn.CosineEmbeddingLoss",),
    ),
    Loss(
        name="cosine_distance",
        title="Cosine distance",
        aliases=("cosine_similarity_loss", "cosine"),
        family="metric",
        tasks=("metric learning",),
        summary="1 less the cosine of the angle between prediction and target",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=frozenset(TargetEncoding) - {TargetEncoding.CLASS_INDEX, TargetEncoding.RANKING},
        encoding=TargetEncoding.REAL,
        formula="1 - cos(z, y); Keras leaves out the 1",
        latex=r"1 - \frac{z \cdot y}{\lVert z\rVert \lVert y\rVert}",
        callable="optax.cosine_distance",
        definition=cosine_distance,
        example=View(variables="the embedding", arguments=(_ONE[:1], _OTHER[:1])),
        gradient="(cos z/|z| - y/|y|) / |z|: at right angles to z, smaller for long z, and 0 where z points exactly "
        "the wrong way.",
        optimises="The direction of the mean of the normalised targets; the length is free.",
        when="Matching the directions of given embeddings, such as a teacher's.",
        when_not="Where lengths count, use mse; without negatives two trained embeddings collapse, use info_nce.",
        stable="With an eps below the line: 1 - torch.nn.functional.cosine_similarity(z, y, dim=-1), or epsilon= in "
        "optax.",
        limits="Not defined at z = 0; optax's epsilon is 0 by default, and gives NaN there.",
        implementations=(
            Implementation("keras.losses.cosine_similarity", "minus the cosine, without the 1: it runs from -1 to 1"),
            Implementation("torch.nn.functional.cosine_similarity", "the similarity, not a loss"),
            Implementation("scipy.spatial.distance.cosine", "of two vectors"),
        ),
        references=("optax documentation, optax.losses.cosine_distance",),
    ),
    Loss(
        name="contrastive",
        title="Contrastive (pairs)",
        aliases=("contrastive_loss", "siamese"),
        family="metric",
        tasks=("metric learning",),
        summary="squared distance of similar pairs, squared lack of distance of dissimilar ones",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=frozenset({TargetEncoding.BINARY}),
        prediction="input1",
        others=("input2",),
        formula="d^2 / 2 where y = 1 (similar); max(0, margin - d)^2 / 2 where y = 0, d = |z_1 - z_2|",
        latex=r"\tfrac12\, y\, d^2 + \tfrac12 (1 - y) \max(0, m - d)^2, \quad d = \lVert z_1 - z_2 \rVert",
        callable="lossaudit.catalogue.losses.metric.contrastive",
        definition=contrastive,
        options=(Option("margin", 1.0, "margin > 0", "distance from which on dissimilar pairs cost nothing"),),
        example=View(variables="both embeddings of the pairs", arguments=(_ONE, _OTHER, (1.0, 0.0)), wrt=(0, 1)),
        views=(
            View(
                variables="the distances",
                arguments=((0.8, 0.3), (1.0, 0.0)),
                domain="nonnegative",
                through=contrastive_of_distances,
            ),
        ),
        gradient="The difference z_1 - z_2 for similar pairs; (d - margin) times its direction for dissimilar ones "
        "within the margin, so the push is largest for pairs that nearly coincide, where it has no direction.",
        optimises="For a pair that is similar with probability q, the distance (1 - q) margin.",
        when="Labelled pairs and few negatives, as in siamese networks for verification.",
        when_not="With large batches info_nce uses all the negatives at once; for relative comparisons use "
        "triplet_margin.",
        stable="d^2 from the squared differences for similar pairs; a root with an eps for the others.",
        limits="In the paper label 0 means similar. All embeddings equal is a stationary point.",
        implementations=(
            Implementation(
                "pytorch_metric_learning.losses.ContrastiveLoss",
                "no squares and no 1/2; embeddings are normalised; mean over the pairs with a loss above 0",
            ),
            Implementation(
                "sentence_transformers.losses.ContrastiveLoss",
                "margin 0.5 on the cosine distance by default; label 1 is similar",
            ),
            Implementation(
                "tensorflow_addons.losses.contrastive_loss", "takes the distances; without the 1/2; label 1 is similar"
            ),
        ),
        references=("Hadsell, Chopra, LeCun 2006, Dimensionality reduction by learning an invariant mapping, eq. 4",),
    ),
    Loss(
        name="triplet_margin",
        title="Triplet",
        aliases=("triplet", "triplet_loss"),
        family="metric",
        tasks=("metric learning",),
        summary="an anchor nearer to its positive than to its negative, by a margin",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=frozenset(),
        prediction="anchor",
        target="",
        others=("positive", "negative"),
        formula="max(0, d(anchor, positive) - d(anchor, negative) + margin), d(a, b) = norm of a - b + eps",
        latex=r"\max\left(0,\; \lVert a - p \rVert - \lVert a - n \rVert + m\right)",
        callable="torch.nn.functional.triplet_margin_loss",
        definition=triplet,
        options=(
            Option("margin", 1.0, "margin > 0", "by how much the negative has to be further away"),
            Option("p", 2.0, "p >= 1", "which norm measures the distance"),
        ),
        example=_TRIPLET,
        views=(_DISTANCES,),
        gradient="Unit vectors: the positive is pulled to the anchor and the negative pushed away with force 1 until "
        "the margin is kept, then nothing. The size does not say how wrong a triplet is.",
        optimises="Any embedding that keeps the margin; distances have no further meaning.",
        when="Relative similarity, with mining of hard or semi-hard triplets.",
        when_not="Without mining nearly all triplets soon have loss 0; info_nce uses the whole batch instead.",
        stable="The fused function: its eps inside the norm keeps the slope finite where embeddings coincide.",
        limits="All embeddings equal gives the margin as loss, a place where training gets stuck (collapse). FaceNet "
        "squares the distances.",
        spellings=function(
            "torch.nn.functional.triplet_margin_loss",
            "anchor",
            "positive",
            "negative",
            margin=1.0,
            p=2,
            eps=1e-6,
            swap=False,
            **REDUCTION,
        )
        + module("TripletMarginLoss", margin=1.0, p=2.0, eps=1e-6, swap=False, **REDUCTION),
        implementations=(
            Implementation(
                "optax.losses.triplet_margin_loss",
                "adds eps to the sum of squares, not to the differences; without absolute values, so that an odd "
                "norm_degree is wrong",
            ),
            Implementation(
                "pytorch_metric_learning.losses.TripletMarginLoss",
                "margin 0.05, all triplets of a batch, normalised embeddings; mean over those with a loss above 0",
            ),
        ),
        references=(
            "Balntas et al. 2016, Learning local feature descriptors with triplets and shallow convolutional neural "
            "networks",
            "Schroff, Kalenichenko, Philbin 2015, FaceNet, eq. 2 (with squared distances)",
        ),
    ),
    Loss(
        name="triplet_margin_with_distance",
        title="Triplet with a distance of one's own",
        aliases=("triplet_with_distance",),
        family="metric",
        tasks=("metric learning",),
        summary="without a distance_function it is the Euclidean distance",
        expects=Expects.EMBEDDINGS,
        heads=EMBEDDINGS,
        encodings=frozenset(),
        prediction="anchor",
        target="",
        others=("positive", "negative"),
        formula="max(0, d(anchor, positive) - d(anchor, negative) + margin), d = distance_function",
        latex=r"\max\left(0,\; d(a, p) - d(a, n) + m\right)",
        callable="torch.nn.functional.triplet_margin_with_distance_loss",
        definition=triplet_with_distance,
        options=(Option("margin", 1.0, "margin > 0", "in units of the distance: below 2 for a cosine distance"),),
        example=_TRIPLET,
        views=(_DISTANCES,),
        gradient="That of the distance, once with each sign, until the margin is kept; then nothing.",
        optimises="Any embedding that keeps the margin in this distance.",
        when="Triplets with a cosine distance or another that is not a norm.",
        when_not="For a p-norm use triplet_margin.",
        stable="A distance with a bounded slope: 1 - cosine_similarity, or pairwise_distance; no root of 0.",
        limits="The function has to be differentiable and to return one number for each row; it is not checked to be "
        "a distance.",
        spellings=function(
            "torch.nn.functional.triplet_margin_with_distance_loss",
            "anchor",
            "positive",
            "negative",
            distance_function=None,
            margin=1.0,
            swap=False,
            reduction="mean",
        )
        + module("TripletMarginWithDistanceLoss", distance_function=None, margin=1.0, swap=False, reduction="mean"),
        references=(
            "PyTorch documentation, torch.nn.TripletMarginWithDistanceLoss",
            "Schroff, Kalenichenko, Philbin 2015, FaceNet, eq. 2",
        ),
    ),
)
