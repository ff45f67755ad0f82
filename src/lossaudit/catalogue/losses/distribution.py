"""Losses between a predicted distribution and a target."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

LOSSES = (
    Loss(
        name="kl_div",
        title="Kullback-Leibler divergence",
        family="distribution",
        expects=Expects.LOG_PROBABILITIES,
        heads=("log_softmax",),
        encodings=frozenset({TargetEncoding.DISTRIBUTION, TargetEncoding.ONE_HOT}),
        formula="sum_k y_k (log(y_k) - log(p_k)), where the input is log(p), and the target log(y) with log_target",
        callable="torch.nn.functional.kl_div",
        spellings=function("torch.nn.functional.kl_div", "input", "target", **REDUCTION, log_target=False)
        + module("KLDivLoss", **REDUCTION, log_target=False),
        tasks=("distillation", "multiclass"),
        references=("Kullback and Leibler 1951, On information and sufficiency, eq. 2.4",),
        class_axis=True,
        summary="reduction='mean' also divides by the number of classes; 'batchmean' does not",
    ),
    Loss(
        name="kl_divergence",
        title="Kullback-Leibler divergence of probabilities",
        family="distribution",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.DISTRIBUTION, TargetEncoding.ONE_HOT}),
        formula="sum_k y_k log(y_k / p_k), each between 1e-7 and 1",
        callable="keras.losses.kl_divergence",
        spellings=(),
        tasks=("distillation", "multiclass"),
        references=("Kullback and Leibler 1951, On information and sufficiency, eq. 2.4",),
        class_axis=True,
        summary="takes probabilities, unlike kl_div",
    ),
)
