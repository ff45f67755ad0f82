"""Probabilities into a Keras loss that was told to expect logits."""

from __future__ import annotations

from lossaudit.catalogue.schema import Expects
from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# The TensorFlow backend finds the logits again behind the activation; these do not look.
LITERAL = frozenset({"jax", "torch"})


def check(pairing: Pairing) -> Problem | None:
    head = heads.ends_with(pairing.prediction, "softmax", "sigmoid")
    if head is None or not heads.is_switched(pairing) or heads.expects(pairing) is not Expects.LOGITS:
        return None
    literal = pairing.backend in LITERAL
    return Problem(
        message=wording.together(head, pairing),
        why=f"the loss applies its own {head.op} to them"
        if literal
        else f"harmless with a warning on the TensorFlow backend, a second {head.op} on JAX and torch",
        places=wording.places(pairing, head),
        severity=Severity.ERROR if literal else Severity.WARNING,
        remedy=Remedy(title=f"leave the {head.op} out, or from_logits=True"),
    )


RULE = Rule(
    name="keras-from-logits-true-on-probs",
    code="LA115",
    severity=Severity.WARNING,
    summary="probabilities into a Keras loss with from_logits=True",
    check=check,
)
