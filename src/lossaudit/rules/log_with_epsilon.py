"""A small summand or a clamp inside the logarithm of a probability."""

from __future__ import annotations

from math import log

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.logarithms import logarithms, on_the_way, places, spelled_out
from lossaudit.rules.rule import Problem, Remedy, Rule

PROBABILITIES = ("softmax", "sigmoid")


def check(pairing: Pairing) -> Problem | None:
    found = next((log for log in logarithms(pairing.prediction) if log.head.op in PROBABILITIES and log.guards), None)
    if found is not None:
        return _problem(pairing, found.head, found.guards[-1], found.steps)
    steps = heads.head(pairing.prediction)
    guards = steps[len(heads.meaning(pairing.prediction)) :]
    head = heads.ends_with(pairing.prediction, *PROBABILITIES)
    if head is None or not guards or not spelled_out(pairing):
        return None
    return _problem(pairing, head, guards[-1], (head, *guards))


def _problem(pairing: Pairing, head: Step, guard: Step, steps: tuple[Step, ...]) -> Problem | None:
    epsilon = _distance(guard)
    if epsilon is None:
        return None
    clamped = guard.op in heads.CLAMPS
    where = steps[-1].place
    made = f"{guard.op}{wording.line(guard.place, where)}" if clamped else f"+ {epsilon:g}"
    fused = "log_softmax" if head.op == "softmax" else "logsigmoid"
    share = "no" if clamped else "less than half of the"
    return Problem(
        message=f"{made} on {head.op}{wording.line(head.place, where)} inside a logarithm{on_the_way(pairing)}",
        why="it makes the loss flat, and no longer convex, where the model is confident and wrong",
        places=places(pairing, *steps),
        evidence=(f"below a probability of {epsilon:g}, a logit gap of {-log(epsilon):.1f}, {share} gradient is left",),
        remedy=Remedy(title=f"use {fused} on the logits: it needs no such guard"),
    )


def _distance(guard: Step) -> float | None:
    """How far from zero (or one) the guard keeps a probability."""
    numbers = heads.numbers(guard)
    distances = [x if x <= heads.EPSILON else 1 - x for x in numbers if x > 0 and x != 1]
    return min((x for x in distances if x > 0), default=None)


RULE = Rule(
    name="log-with-epsilon",
    code="LA304",
    severity=Severity.INFO,
    summary="a small summand or a clamp inside the logarithm of a probability",
    check=check,
    unnamed=True,
)
