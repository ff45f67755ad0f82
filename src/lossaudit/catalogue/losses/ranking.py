"""Losses over the order of scores."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

LOSSES = (
    Loss(
        name="margin_ranking",
        title="Pairwise hinge",
        family="ranking",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.SIGNED}),
        formula="max(0, margin - y (z_1 - z_2))",
        callable="torch.nn.functional.margin_ranking_loss",
        spellings=function(
            "torch.nn.functional.margin_ranking_loss", "input1", "input2", "target", margin=0, **REDUCTION
        )
        + module("MarginRankingLoss", margin=0.0, **REDUCTION),
        tasks=("ranking",),
        references=("Herbrich, Graepel, Obermayer 2000, Large margin rank boundaries for ordinal regression",),
        prediction="input1",
        others=("input2",),
        summary="y = 1 wants the first score above the second, y = -1 below",
    ),
)
