"""Losses over sequences whose alignment is not known."""

from __future__ import annotations

import math

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import function, module, node
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding


def ctc(
    log_probs: torch.Tensor,
    targets: torch.Tensor,
    input_lengths: torch.Tensor,
    target_lengths: torch.Tensor,
    blank: int = 0,
) -> torch.Tensor:
    """Minus the log of the summed probability of all alignments, of (T, N, K) log-probabilities and (N, S) labels."""
    lengths = zip(input_lengths.tolist(), target_lengths.tolist(), strict=True)
    samples = [(log_probs[:steps, n], targets[n, :size]) for n, (steps, size) in enumerate(lengths)]
    return -torch.stack([_log_of_alignments(rows, labels.tolist(), blank) for rows, labels in samples]).sum()


def ctc_with_logits(logits: torch.Tensor, targets: torch.Tensor, blank: int = 0) -> torch.Tensor:
    """The same of (N, T, K) logits and (N, S) labels, which end where the blank stands."""
    n, steps, _ = logits.shape
    sizes = (targets != blank).sum(-1)
    return ctc(logits.log_softmax(-1).transpose(0, 1), targets, torch.tensor([steps] * n), sizes, blank)


def _log_of_alignments(rows: torch.Tensor, labels: list[int], blank: int) -> torch.Tensor:
    """The forward recursion over the labels with blanks between them: one entry for each place in that path."""
    path = [blank, *(k for label in labels for k in (label, blank))]
    may_skip = torch.tensor([s > 1 and k != blank and k != path[s - 2] for s, k in enumerate(path)])
    never = rows.new_full((2,), -math.inf)
    reached = torch.cat([rows[0, path[:2]], never.repeat(len(path))])[: len(path)]
    for row in rows[1:]:
        one, two = (torch.cat([never[:by], reached])[: len(path)] for by in (1, 2))
        ways = torch.stack([reached, one, two.masked_fill(~may_skip, -math.inf)])
        reached = ways.logsumexp(0) + row[path]
    return reached[-2:].logsumexp(0)


LOSSES = (
    Loss(
        name="ctc",
        title="Connectionist temporal classification",
        aliases=("ctc_loss", "connectionist_temporal_classification"),
        family="sequence",
        tasks=("sequence",),
        summary="reduction='mean' first divides by the target lengths",
        expects=Expects.LOG_PROBABILITIES,
        heads=("log_softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        prediction="log_probs",
        target="targets",
        class_axis=True,
        formula="-log(sum over alignments a of y of prod_t p_{t, a_t}), where the input is log(p)",
        latex=r"-\log \sum_{a \in \mathcal{B}^{-1}(y)} \prod_t p_{t, a_t}",
        callable="torch.nn.functional.ctc_loss",
        definition=ctc,
        options=(Option("blank", 0, "a class index", "the class that means no label"),),
        example=View(
            variables="the logits of the frames",
            arguments=((((0.3, -0.2, 0.5),), ((0.1, 0.6, -0.4),)), ((1,),), (2,), (1,)),
            wrong=(0, 0, 1, 0, 0, 1),
        ),
        gradient="p - (posterior of the classes given the labels) at the logits of each frame: bounded, and not "
        "vanishing where the frames are confidently wrong.",
        optimises="The distribution of label sequences; within one the alignment is free and turns out peaky, mostly "
        "blanks.",
        when="Speech and handwriting, where labels come in order and there are fewer of them than frames.",
        when_not="Where labels may be out of order, or depend on each other given the input: use a transducer or an "
        "attention decoder with cross_entropy.",
        stable="In log space throughout: log_softmax, then the fused function; zero_infinity=True for samples that "
        "are too short.",
        limits="Infinite where frames are fewer than labels plus repeats. The blank must not occur among the labels. "
        "PyTorch's layout is (T, N, K).",
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
        implementations=(
            Implementation(
                "torch.nn.functional.ctc_loss",
                "its backward takes the input for the output of log_softmax, and is wrong otherwise",
            ),
        ),
        references=("Graves, Fernandez, Gomez, Schmidhuber 2006, Connectionist temporal classification, eq. 8",),
    ),
    Loss(
        name="ctc_with_logits",
        title="Connectionist temporal classification on logits",
        aliases=("ctc_on_logits",),
        family="sequence",
        tasks=("sequence",),
        summary="takes the log-softmax itself",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log(sum over alignments a of y of prod_t p_{t, a_t}), where p = softmax(z_t)",
        latex=r"-\log \sum_{a \in \mathcal{B}^{-1}(y)} \prod_t \mathrm{softmax}(z_t)_{a_t}",
        callable="optax.ctc_loss",
        definition=ctc_with_logits,
        options=(Option("blank", 0, "a class index", "the class that means no label, and pads the labels"),),
        example=View(
            variables="the logits of the frames",
            arguments=((((0.3, -0.2, 0.5), (0.1, 0.6, -0.4)),), ((1,),)),
            wrong=(0, 0, 1, 0, 0, 1),
        ),
        gradient="softmax(z) - (posterior of the classes given the labels) for each frame, as for ctc.",
        optimises="The distribution of label sequences.",
        when="The same as ctc, in JAX, Keras and TensorFlow.",
        when_not="After a softmax: it would be applied twice.",
        stable="The logits as they are.",
        limits="optax gives about 1e5 where the labels do not fit, not infinity. Keras takes label 0 for padding: "
        "classes begin at 1.",
        implementations=(
            Implementation(
                "optax.losses.ctc_loss", "takes paddings of 0 and 1; log(0) is -1e5; one value for each sequence"
            ),
            Implementation("keras.losses.ctc", "all frames count; labels end at the first 0"),
            Implementation("tensorflow.nn.ctc_loss", "takes time first by default (logits_time_major)"),
        ),
        references=("Graves, Fernandez, Gomez, Schmidhuber 2006, Connectionist temporal classification, eq. 8",),
    ),
)
