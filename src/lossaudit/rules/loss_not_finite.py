"""A loss that is NaN or infinite."""

from __future__ import annotations

from math import log2

from lossaudit.finding import Severity
from lossaudit.pairing import Const, Objective, Pairing, Value
from lossaudit.rules import heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# Gradient scaling for half precision starts at 2**16, halves at each overflow, and tries to double every 2000 steps.
# So 16 overflows at the start and one in 2000 steps later are normal: the optimiser step is left out each time.
SCALE_HALVINGS = 16
SCALE_GROWTH_INTERVAL = 2000


def check_objective(objective: Objective) -> Problem | None:
    pairings = [pairing for term in objective.terms for pairing in term.alternatives]
    count = max([objective.nonfinite, *(_nonfinite(pairing) for pairing in pairings)])
    backwards = max([0, *(pairing.observed.backwards for pairing in pairings if pairing.observed is not None)])
    if count == 0 or (_may_be_scaled(objective) and count <= SCALE_HALVINGS + backwards // SCALE_GROWTH_INTERVAL):
        return None
    culprits = [pairing for pairing in pairings if _nonfinite(pairing)]
    named = f": {wording.loss_name(culprits[0])}{wording.line(culprits[0].loss.place)}" if culprits else ""
    return Problem(
        message=f"the loss is NaN or infinite{named}",
        why="its gradient is NaN, and one optimizer step with it ruins every weight that it reaches",
        places=(*(place for pairing in culprits[:1] for place in wording.places(pairing)), objective.place),
        evidence=(f"in {count} of {backwards} backward passes" if backwards else f"in {count} backward passes",),
        remedy=_remedy(culprits[0] if culprits else None),
    )


def _nonfinite(pairing: Pairing) -> int:
    return pairing.observed.nonfinite if pairing.observed is not None else 0


def _may_be_scaled(objective: Objective) -> bool:
    """Whether every term is multiplied by a large power of two, as gradient scaling does."""
    return bool(objective.terms) and all(_is_scale(term.coefficient) for term in objective.terms)


def _is_scale(coefficient: Value) -> bool:
    number = coefficient.value if isinstance(coefficient, Const) else None
    return isinstance(number, int | float) and number >= 2 and log2(number).is_integer()


def _remedy(pairing: Pairing | None) -> Remedy:
    """Advice that fits the spelling: a logarithm taken of rounded probabilities is the commonest cause."""
    ops = [step.op for step in heads.head(pairing.prediction)] if pairing is not None else []
    if "log" in ops and "softmax" in ops:
        return Remedy(title="use log_softmax: the log of a softmax is -inf from a gap of 104 between logits in float32")
    if "log" in ops and "sigmoid" in ops:
        return Remedy(title="use logsigmoid: the log of a sigmoid is -inf from a logit of -104 in float32")
    return Remedy(title="look at the first step where it happens: the inputs, a division, a logarithm, the step size")


RULE = Rule(
    name="loss-not-finite",
    code="LA302",
    severity=Severity.ERROR,
    summary="the loss is NaN or infinite",
    check_objective=check_objective,
    needs_run=True,
)
