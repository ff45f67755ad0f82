"""Losses over exclusive classes."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects, Kind, Loss, Param, Spelling
from lossaudit.pairing import TargetEncoding

LOSSES = (
    Loss(
        name="cross_entropy",
        title="Cross-entropy on logits",
        family="multiclass",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="log(sum_k exp(z_k)) - z_y",
        callable="torch.nn.functional.cross_entropy",
        spellings=(
            Spelling(
                "torch",
                "torch.nn.functional.cross_entropy",
                Kind.FUNCTION,
                (
                    Param("input"),
                    Param("target"),
                    Param("weight", None),
                    Param("size_average", None),
                    Param("ignore_index", -100),
                    Param("reduce", None),
                    Param("reduction", "mean"),
                    Param("label_smoothing", 0.0),
                ),
            ),
            Spelling(
                "torch",
                "torch.nn.CrossEntropyLoss",
                Kind.MODULE,
                (
                    Param("weight", None),
                    Param("size_average", None),
                    Param("ignore_index", -100),
                    Param("reduce", None),
                    Param("reduction", "mean"),
                    Param("label_smoothing", 0.0),
                ),
            ),
        ),
        tasks=("multiclass",),
        reference="Bridle 1990, Training stochastic model recognition algorithms as networks",
        class_axis=True,
    ),
)
