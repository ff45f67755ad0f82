"""Losses between a predicted distribution and a target."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import REDUCTION, function, module
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding


def kl_divergence(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """sum_k y_k log(y_k / p_k), where 0 log 0 is 0."""
    return torch.nn.functional.kl_div(p.log(), y, reduction="sum")


def distillation(z: torch.Tensor, teacher: torch.Tensor, temperature: float = 2.0) -> torch.Tensor:
    """T^2 KL between the softmax of both logits over T."""
    student = (z / temperature).log_softmax(-1)
    soft = (teacher / temperature).softmax(-1)
    return temperature**2 * torch.nn.functional.kl_div(student, soft, reduction="sum")


LOSSES = (
    Loss(
        name="kl_div",
        title="Kullback-Leibler divergence",
        aliases=("kl_divergence_of_logs",),
        family="distribution",
        tasks=("distillation", "multiclass"),
        summary="reduction='mean' also divides by the number of classes; 'batchmean' does not",
        expects=Expects.LOG_PROBABILITIES,
        heads=("log_softmax",),
        encodings=frozenset({TargetEncoding.DISTRIBUTION, TargetEncoding.ONE_HOT}),
        class_axis=True,
        formula="sum_k y_k (log(y_k) - log(p_k)), where the input is log(p), and the target log(y) with log_target",
        latex=r"\sum_k y_k \left(\log y_k - \log p_k\right)",
        callable="torch.nn.functional.kl_div",
        options=(Option("log_target", False, "true or false", "whether the target is given as log(y)"),),
        gradient="p - y at the logits, where y sums to 1: that of cross-entropy, since only the entropy of y is taken "
        "off. It does not vanish where the prediction is confident and wrong.",
        optimises="y, the distribution of the target, as softmax of the logits.",
        when="Soft targets from a teacher, from several annotators, or from smoothing.",
        when_not="For class indices use cross_entropy; against a teacher at a temperature, distillation; to pick one "
        "mode of the target, reverse_kl.",
        stable="kl_div(log_softmax(z, dim=-1), y, reduction='batchmean'), and log_target=True for a target in logs.",
        limits="The input is a logarithm, the target is not. Classes with y = 0 add nothing, but NaN where log(p) is "
        "-inf, and so does a target of -inf with log_target; where p = 0 < y the loss is infinite.",
        spellings=function("torch.nn.functional.kl_div", "input", "target", **REDUCTION, log_target=False)
        + module("KLDivLoss", **REDUCTION, log_target=False),
        implementations=(
            Implementation("torch.nn.KLDivLoss", "the default reduction 'mean' divides by samples times classes"),
            Implementation("optax.losses.kl_divergence", "one value for each sample, not reduced"),
            Implementation("optax.losses.convex_kl_divergence", "adds sum(p - y), which is 0 for distributions"),
            Implementation("scipy.stats.entropy", "entropy(y, p): takes probabilities, y first, and normalises both"),
        ),
        references=("Kullback and Leibler 1951, On information and sufficiency, eq. 2.4",),
    ),
    Loss(
        name="kl_divergence",
        title="Kullback-Leibler divergence of probabilities",
        aliases=("kld",),
        family="distribution",
        tasks=("distillation", "multiclass"),
        summary="takes probabilities, unlike kl_div",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.DISTRIBUTION, TargetEncoding.ONE_HOT}),
        class_axis=True,
        formula="sum_k y_k log(y_k / p_k); Keras keeps both between 1e-7 and 1",
        latex=r"\sum_k y_k \log \frac{y_k}{p_k}",
        callable="keras.losses.kl_divergence",
        definition=kl_divergence,
        gradient="p - y at the logits by the formula. Where an implementation clips p, the terms of classes under the "
        "clip give no gradient: next to none is left where the target is such a class alone.",
        optimises="y, the distribution of the target.",
        when="Where a model already ends in softmax, as in Keras.",
        when_not="Otherwise take kl_div, which gets logarithms and neither clips nor rounds.",
        stable="Not from probabilities: log_softmax of the logits with kl_div.",
        limits="p = 0 < y is infinite; Keras makes it y log(y / 1e-7) and cuts the gradient there.",
        implementations=(
            Implementation("keras.losses.kl_divergence", "clips p and y to [1e-7, 1]: no gradient for p_k < 1e-7"),
            Implementation("scipy.special.rel_entr", "the terms of the sum, y first"),
        ),
        references=("Kullback and Leibler 1951, On information and sufficiency, eq. 2.4",),
    ),
    Loss(
        name="distillation",
        title="Knowledge distillation",
        aliases=("kd", "knowledge_distillation", "soft_targets"),
        family="distribution",
        tasks=("distillation",),
        summary="Kullback-Leibler divergence to a teacher, both at temperature T, times T^2",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.REAL}),
        target="teacher",
        class_axis=True,
        formula="T^2 sum_k q_k (log(q_k) - log(p_k)), p = softmax(z / T), q = softmax(teacher's logits / T)",
        latex=r"T^2 \sum_k q_k \log \frac{q_k}{p_k}, \quad p = \mathrm{softmax}(z/T),\; q = \mathrm{softmax}(v/T)",
        callable="lossaudit.catalogue.losses.distribution.distillation",
        definition=distillation,
        options=(
            Option("temperature", 2.0, "T > 0", "softens both; as it grows, the loss tends to matching centred logits"),
        ),
        example=View(
            variables="the student's logits", arguments=(((0.2, -0.5, 0.9),), ((1.3, -0.4, 0.6),)), wrong=(-1, 1, 0)
        ),
        gradient="T (p - q) at the student's logits: with T^2 in front its size stays that of a cross-entropy when T "
        "is changed; without, it shrinks like 1 / T^2 for large T.",
        optimises="The teacher's distribution: logits that differ from the teacher's by a shift.",
        when="A good teacher, and classes whose similarities are worth learning. Usually added to cross_entropy on "
        "the labels.",
        when_not="With a teacher trained with label smoothing, which has lost these similarities, or with two "
        "classes, where there are none.",
        stable="kl_div(log_softmax(z / T), log_softmax(v / T), reduction='batchmean', log_target=True) * T**2, with v "
        "detached.",
        limits="The teacher has to be in eval mode and without gradient. Forgetting T^2 changes the balance with the "
        "other terms.",
        implementations=(
            Implementation("torch.nn.functional.kl_div", "the divergence; temperature and T^2 are up to the caller"),
            Implementation("optax.losses.kl_divergence", "the same, with the teacher as probabilities"),
        ),
        references=(
            "Hinton, Vinyals, Dean 2015, Distilling the knowledge in a neural network, section 2",
            "Mueller, Kornblith, Hinton 2019, When does label smoothing help?, section 4",
        ),
    ),
)
