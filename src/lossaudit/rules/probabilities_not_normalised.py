"""Rows that should be distributions and do not sum to one."""

from __future__ import annotations

from lossaudit.catalogue.schema import Role
from lossaudit.finding import Severity
from lossaudit.pairing import Const, Pairing, Step
from lossaudit.rules import divergence, heads, wording
from lossaudit.rules.rule import Problem, Remedy, Rule

# Rounding moves the sum of a row by far less: bfloat16, the coarsest common type, by at most 0.4 %.
TOLERANCE = 0.01


def check(pairing: Pairing) -> Problem | None:
    return _target(pairing) or _prediction(pairing)


def _target(pairing: Pairing) -> Problem | None:
    sums = pairing.observed.target_sums if pairing.observed is not None else None
    if sums is None or not _wants_rows(pairing) or not _is_matrix(pairing):
        return None
    low, high = sums
    # Rows of zeros are how padding is left out.
    if high <= 1 + TOLERANCE and (low >= 1 - TOLERANCE or low == 0):
        return None
    name = f"{wording.loss_name(pairing)}{wording.line(pairing.loss.place)}"
    return Problem(
        message=f"target rows that sum to {low:.3g} to {high:.3g} + {name}, which wants distributions",
        why="the optimum is not the target, and samples with larger sums count more",
        places=wording.places(pairing),
        remedy=Remedy(
            title="divide each target row by its sum",
            also=("if a sample can have several labels, use bce_with_logits on the logits instead",),
        ),
    )


def _wants_rows(pairing: Pairing) -> bool:
    """Cross-entropy always; `kl_div`, which sums over everything, only for a softmax along the rows of a matrix."""
    steps = [step.op for step in heads.meaning(pairing.prediction)]
    softmax = steps[-1:] == ["log_softmax"] or steps[-2:] == ["softmax", "log"]
    rows = len(pairing.prediction.dims) == 2 and softmax
    return pairing.loss.loss == "cross_entropy" or (pairing.loss.loss == "kl_div" and rows)


def _prediction(pairing: Pairing) -> Problem | None:
    """Logarithms of sigmoids where one distribution over several classes is meant: nothing makes them compete."""
    sigmoid = _log_of_sigmoid(pairing)
    count = heads.classes(pairing.prediction)
    if sigmoid is None or count is None or count < 2 or pairing.loss.ops or not _one_distribution(pairing):
        return None
    return Problem(
        message=f"{wording.together(sigmoid, pairing)}: the probabilities of the classes do not sum to one",
        why="the loss is lowest when every sigmoid is one, so wrong classes are never pushed down",
        places=wording.places(pairing, sigmoid),
        remedy=Remedy(title="use log_softmax over the classes instead of the logarithm of a sigmoid"),
    )


def _log_of_sigmoid(pairing: Pairing) -> Step | None:
    """The sigmoid, unless it was joined with its complement to two classes."""
    if any(heads.role(step.op) is Role.JOIN for step in pairing.prediction.steps):
        return None
    steps = heads.meaning(pairing.prediction)
    if len(steps) >= 2 and steps[-1].op == "log" and steps[-2].op == "sigmoid":
        return steps[-2]
    return steps[-1] if steps and steps[-1].op == "logsigmoid" else None


def _one_distribution(pairing: Pairing) -> bool:
    """Whether the target is one class or one distribution per row, so that classes have to compete."""
    sums = pairing.observed.target_sums if pairing.observed is not None else None
    normalised = sums is not None and all(abs(total - 1) <= TOLERANCE for total in sums)
    return pairing.loss.loss == "nll" or (pairing.loss.loss == "kl_div" and normalised)


def _is_matrix(pairing: Pairing) -> bool:
    """Whether the target is rows of real numbers, not class indices; logarithms have no sum to speak of."""
    target = pairing.target
    indices = target is not None and target.flow.dtype is not None and "int" in target.flow.dtype
    logarithms = pairing.loss.params.get("log_target", Const(False)) != Const(False)
    return not indices and not logarithms and divergence.log_target(pairing) is None


RULE = Rule(
    name="probabilities-not-normalised",
    code="LA202",
    severity=Severity.WARNING,
    summary="target rows or predicted probabilities that do not sum to one where a distribution is meant",
    check=check,
)
