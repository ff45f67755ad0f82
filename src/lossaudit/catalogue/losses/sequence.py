"""Losses over sequences whose alignment is not known."""

from __future__ import annotations

from lossaudit.catalogue.notation import function, module, node
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

LOSSES = (
    Loss(
        name="ctc",
        title="Connectionist temporal classification",
        family="sequence",
        expects=Expects.LOG_PROBABILITIES,
        heads=("log_softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="-log(sum over alignments a of y of prod_t p_{t, a_t}), where the input is log(p)",
        callable="torch.nn.functional.ctc_loss",
        spellings=function(
            "torch.nn.functional.ctc_loss",
            "log_probs",
            "targets",
            "input_lengths",
            "target_lengths",
            blank=0,
            reduction="mean",
            zero_infinity=False,
        )
        + module("CTCLoss", blank=0, reduction="mean", zero_infinity=False)
        + node("CtcLossBackward0", "log_probs", "blank zero_infinity input_lengths target_lengths")
        + node("CtcLossBackward1", "log_probs", "blank zero_infinity"),
        tasks=("sequence",),
        references=("Graves, Fernandez, Gomez, Schmidhuber 2006, Connectionist temporal classification, eq. 8",),
        prediction="log_probs",
        target="targets",
        class_axis=True,
        summary="reduction='mean' first divides by the target lengths",
    ),
    Loss(
        name="ctc_with_logits",
        title="Connectionist temporal classification on logits",
        family="sequence",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="-log(sum over alignments a of y of prod_t p_{t, a_t}), where p = softmax(z_t)",
        callable="keras.losses.ctc",
        spellings=(),
        tasks=("sequence",),
        references=("Graves, Fernandez, Gomez, Schmidhuber 2006, Connectionist temporal classification, eq. 8",),
        class_axis=True,
        summary="takes the log-softmax itself",
    ),
)
