"""Losses over the overlap of two regions."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

_REGIONS = frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})

LOSSES = (
    Loss(
        name="dice",
        title="Dice",
        family="overlap",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid", "softmax"),
        encodings=_REGIONS,
        formula="1 - 2 sum(p y) / (sum(p) + sum(y))",
        callable="keras.losses.dice",
        spellings=(),
        tasks=("segmentation",),
        references=("Milletari, Navab, Ahmadi 2016, V-Net, eq. 1",),
    ),
    Loss(
        name="tversky",
        title="Tversky",
        family="overlap",
        expects=Expects.PROBABILITIES,
        heads=("sigmoid", "softmax"),
        encodings=_REGIONS,
        formula="1 - sum(p y) / (sum(p y) + alpha sum((1 - p) y) + beta sum(p (1 - y)))",
        callable="keras.losses.tversky",
        spellings=(),
        tasks=("segmentation",),
        references=("Salehi, Erdogmus, Gholipour 2017, Tversky loss function for image segmentation",),
        summary="as Keras computes it; its documentation has alpha and beta the other way round",
    ),
)
