"""What torch's kl_div, or optax's kl_divergence, is given: the questions that several rules ask of its two sides."""

from __future__ import annotations

from lossaudit.pairing import Const, Pairing, Step
from lossaudit.rules import heads

# What makes probabilities, and what makes their logarithms instead.
PROBABILITIES = {"softmax": "log_softmax", "sigmoid": "logsigmoid"}


def takes_logarithms(pairing: Pairing) -> bool:
    """Whether the loss is torch's or optax's own: written by hand or in Keras, a divergence takes probabilities."""
    return pairing.loss.loss == "kl_div" and pairing.framework in ("torch", "jax") and not pairing.loss.ops


def log_target(pairing: Pairing) -> Step | None:
    """What made the target a logarithm, where this kl_div wants probabilities there."""
    if not takes_logarithms(pairing) or pairing.target is None:
        return None
    if pairing.loss.params.get("log_target", Const(False)) != Const(False):
        return None
    return heads.logarithm(pairing.target.flow)


def swapped(pairing: Pairing) -> tuple[Step, Step] | None:
    """What made the input probabilities and the target logarithms, where both are so."""
    logarithm = log_target(pairing)
    probabilities = heads.ends_with(pairing.prediction, *PROBABILITIES, "one_hot")
    return (probabilities, logarithm) if probabilities is not None and logarithm is not None else None
