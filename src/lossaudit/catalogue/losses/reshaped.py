"""Cross-entropy with another shape: focused, smoothed, penalised."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.rows import of_class
from lossaudit.catalogue.schema import Expects, Loss, Option
from lossaudit.pairing import TargetEncoding


def focal(p: torch.Tensor, y: torch.Tensor, gamma: float = 2.0) -> torch.Tensor:
    """-(1 - p_y)^gamma log p_y."""
    true = of_class(p, y)
    return -((1 - true) ** gamma * true.log()).sum()


def poly1(p: torch.Tensor, y: torch.Tensor, epsilon: float = 1.0) -> torch.Tensor:
    """-log p_y + epsilon (1 - p_y)."""
    true = of_class(p, y)
    return (-true.log() + epsilon * (1 - true)).sum()


def label_smoothing(z: torch.Tensor, y: torch.Tensor, epsilon: float = 0.1) -> torch.Tensor:
    """Cross-entropy with (1 - epsilon) one-hot + epsilon / K."""
    return torch.nn.functional.cross_entropy(z, y, label_smoothing=epsilon, reduction="sum")


def confidence_penalty(p: torch.Tensor, y: torch.Tensor, beta: float = 0.1) -> torch.Tensor:
    """-log p_y - beta H(p)."""
    return -of_class(p, y).log().sum() + beta * (p * p.log()).sum()


def logit_penalty(z: torch.Tensor, y: torch.Tensor, beta: float = 1e-2) -> torch.Tensor:
    """Cross-entropy + beta |z|^2."""
    return torch.nn.functional.cross_entropy(z, y, reduction="sum") + beta * (z * z).sum()


def logit_normalisation(z: torch.Tensor, y: torch.Tensor, temperature: float = 1.0) -> torch.Tensor:
    """Cross-entropy of z / (temperature |z|)."""
    direction = z / (temperature * z.norm(dim=-1, keepdim=True))
    return torch.nn.functional.cross_entropy(direction, y, reduction="sum")


LOSSES = (
    Loss(
        name="focal",
        title="Focal",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-(1 - p_y)^gamma log p_y",
        callable="lossaudit.catalogue.losses.reshaped.focal",
        definition=focal,
        options=(Option("gamma", 2.0, "", ""),),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Lin et al. 2017, eq. 4 (without alpha)",),
    ),
    Loss(
        name="poly1",
        title="Poly1",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log p_y + epsilon (1 - p_y)",
        callable="lossaudit.catalogue.losses.reshaped.poly1",
        definition=poly1,
        options=(Option("epsilon", 1.0, "", ""),),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Leng et al. 2022, eq. 4",),
    ),
    Loss(
        name="label_smoothing",
        title="Label smoothing",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="Cross-entropy with (1 - epsilon) one-hot + epsilon / K",
        callable="lossaudit.catalogue.losses.reshaped.label_smoothing",
        definition=label_smoothing,
        options=(Option("epsilon", 0.1, "", ""),),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Szegedy et al. 2016",),
    ),
    Loss(
        name="confidence_penalty",
        title="Confidence penalty",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log p_y - beta H(p)",
        callable="lossaudit.catalogue.losses.reshaped.confidence_penalty",
        definition=confidence_penalty,
        options=(Option("beta", 0.1, "", ""),),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Pereyra et al. 2017",),
    ),
    Loss(
        name="logit_penalty",
        title="Logit penalty",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="Cross-entropy + beta |z|^2",
        callable="lossaudit.catalogue.losses.reshaped.logit_penalty",
        definition=logit_penalty,
        options=(Option("beta", 0.01, "", ""),),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Kornblith et al. 2021",),
    ),
    Loss(
        name="logit_norm",
        title="Logit norm",
        family="multiclass",
        tasks=("multiclass",),
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="Cross-entropy of z / (temperature |z|)",
        callable="lossaudit.catalogue.losses.reshaped.logit_normalisation",
        definition=logit_normalisation,
        options=(Option("temperature", 1.0, "", ""),),
        encoding=TargetEncoding.CLASS_INDEX,
        references=("Wei et al. 2022",),
    ),
)
