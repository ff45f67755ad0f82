"""Losses over distances and angles between embeddings."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

_EMBEDDINGS = ("identity", "normalize", "tanh", "relu", "layer_norm")

LOSSES = (
    Loss(
        name="hinge_embedding",
        title="Hinge on distances",
        family="metric",
        expects=Expects.POSITIVE,
        heads=("pairwise_distance", "vector_norm", "norm", "softplus", "square", "abs"),
        encodings=frozenset({TargetEncoding.SIGNED}),
        formula="z where y = 1; max(0, margin - z) where y = -1",
        callable="torch.nn.functional.hinge_embedding_loss",
        spellings=function("torch.nn.functional.hinge_embedding_loss", "input", "target", margin=1.0, **REDUCTION)
        + module("HingeEmbeddingLoss", margin=1.0, **REDUCTION),
        tasks=("metric learning",),
        references=("Hadsell, Chopra, LeCun 2006, Dimensionality reduction by learning an invariant mapping",),
        summary="z is a distance; not the hinge loss of a classifier",
    ),
    Loss(
        name="cosine_embedding",
        title="Hinge on cosines",
        family="metric",
        expects=Expects.EMBEDDINGS,
        heads=_EMBEDDINGS,
        encodings=frozenset({TargetEncoding.SIGNED}),
        formula="1 - cos(z_1, z_2) where y = 1; max(0, cos(z_1, z_2) - margin) where y = -1",
        callable="torch.nn.functional.cosine_embedding_loss",
        spellings=function(
            "torch.nn.functional.cosine_embedding_loss", "input1", "input2", "target", margin=0, **REDUCTION
        )
        + module("CosineEmbeddingLoss", margin=0.0, **REDUCTION),
        tasks=("metric learning",),
        references=("PyTorch documentation, torch.nn.CosineEmbeddingLoss",),
        prediction="input1",
        others=("input2",),
    ),
    Loss(
        name="triplet_margin",
        title="Triplet",
        family="metric",
        expects=Expects.EMBEDDINGS,
        heads=_EMBEDDINGS,
        encodings=frozenset(),
        formula="max(0, d(anchor, positive) - d(anchor, negative) + margin), d(a, b) = norm of a - b + eps",
        callable="torch.nn.functional.triplet_margin_loss",
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
        tasks=("metric learning",),
        references=("Schroff, Kalenichenko, Philbin 2015, FaceNet, eq. 2; Balntas et al. 2016",),
        prediction="anchor",
        target="",
        others=("positive", "negative"),
    ),
    Loss(
        name="triplet_margin_with_distance",
        title="Triplet with a distance of one's own",
        family="metric",
        expects=Expects.EMBEDDINGS,
        heads=_EMBEDDINGS,
        encodings=frozenset(),
        formula="max(0, d(anchor, positive) - d(anchor, negative) + margin), d = distance_function",
        callable="torch.nn.functional.triplet_margin_with_distance_loss",
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
        tasks=("metric learning",),
        references=("Schroff, Kalenichenko, Philbin 2015, FaceNet, eq. 2",),
        prediction="anchor",
        target="",
        others=("positive", "negative"),
        summary="without a distance_function it is the Euclidean distance",
    ),
    Loss(
        name="cosine_distance",
        title="Cosine distance",
        family="metric",
        expects=Expects.EMBEDDINGS,
        heads=_EMBEDDINGS,
        encodings=frozenset(TargetEncoding) - {TargetEncoding.CLASS_INDEX, TargetEncoding.RANKING},
        formula="1 - cos(z, y); Keras leaves out the 1",
        callable="keras.losses.cosine_similarity",
        spellings=(),
        tasks=("metric learning",),
        references=("optax documentation, optax.losses.cosine_distance",),
    ),
    Loss(
        name="circle",
        title="Circle",
        family="metric",
        expects=Expects.EMBEDDINGS,
        heads=_EMBEDDINGS,
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="log(1 + sum_n exp(gamma a_n (s_n - margin)) sum_p exp(-gamma a_p (s_p - 1 + margin)))",
        callable="keras.losses.circle",
        spellings=(),
        tasks=("metric learning",),
        references=("Sun et al. 2020, Circle loss, eq. 6",),
        summary="s: cosines of the pairs of a batch; a_p = max(0, 1 + margin - s_p), a_n = max(0, s_n + margin)",
    ),
)
