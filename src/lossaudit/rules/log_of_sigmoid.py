"""The logarithm of a sigmoid, or of one minus a sigmoid, in several steps."""

from __future__ import annotations

from lossaudit.finding import Severity
from lossaudit.pairing import Pairing
from lossaudit.rules import heads, wording
from lossaudit.rules.logarithms import Logarithm, logarithms, on_the_way, places, spelled_out
from lossaudit.rules.rule import Problem, Remedy, Respelling, Rule

# Where float32 gives up: exp(89) is infinite, and exp(-16.7) is less than half of the spacing of numbers below one.
OF_SIGMOID = "a sigmoid of float32 is zero from a logit of -89 on, and its logarithm -inf"
OF_COMPLEMENT = "1 - sigmoid(z) is zero in float32 from z = 16.7 on, and its logarithm -inf"


def check(pairing: Pairing) -> Problem | None:
    for found in logarithms(pairing.prediction):
        if found.head.op == "sigmoid" and not found.guards and not found.bounded:
            return _of(pairing, found)
    return _written_out(pairing)


def _of(pairing: Pairing, found: Logarithm) -> Problem:
    complement = found.complement is not None
    where = found.log.place
    inside = f"{'1 - ' if complement else ''}sigmoid{wording.line(found.head.place, where)}"
    return Problem(
        message=f"log{wording.line(where)} of {inside}{on_the_way(pairing)}",
        why=OF_COMPLEMENT if complement else OF_SIGMOID,
        places=places(pairing, *found.steps),
        remedy=Remedy(
            title=f"use logsigmoid({'-' if complement else ''}z), which is exact for every logit z",
            keeps_values=True,
            respelling=Respelling(found.steps, "logsigmoid", negated=complement),
        ),
    )


def _written_out(pairing: Pairing) -> Problem | None:
    """Binary cross-entropy by hand: it takes both logarithms."""
    head = heads.head(pairing.prediction)
    if not head or head[-1].op != "sigmoid" or not spelled_out(pairing):
        return None
    where = pairing.loss.place
    return Problem(
        message=f"{wording.loss_name(pairing)}{wording.line(where)} of sigmoid{wording.line(head[-1].place, where)}",
        why=OF_COMPLEMENT,
        places=wording.places(pairing, head[-1]),
        remedy=Remedy(title="use binary cross-entropy with logits on the logits, without the sigmoid"),
    )


RULE = Rule(
    name="log-of-sigmoid",
    code="LA303",
    severity=Severity.INFO,
    summary="the logarithm of a sigmoid or of its complement, where logsigmoid is exact",
    check=check,
    unnamed=True,
)
