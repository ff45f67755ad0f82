"""What the shipped card of a loss says, in sentences. Nothing about a loss's properties is typed here."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from lossaudit.card import Card, Entry, Ground
from lossaudit.cards import shipped
from lossaudit.verdict import Status

_EXAMPLE = (
    (re.compile(r"(?<=like )(?:\S+ = )?[\d.]+ (?=e\^|t)"), ""),
    (re.compile(r" like t\^\S+ e\^\S+$"), ""),
    (re.compile(r", w = \(.*\)$"), ""),
    (re.compile(r", of a level in .*$"), ""),
    (re.compile(r"(?<=q), [+-][\d.]+$"), ", moved by a constant"),
)
"""Figures of the example for which a card is derived (three classes, some weights) or of a fit: the law goes beyond."""


class Facts(NamedTuple):
    """The part of a card on which advice rests: its laws, without the figures of the card's own example.

    Attributes:
        proper: Whether it is proved strictly proper (True), or proved not to be (False).
        sentences: For people, each with the way in which it is known.
        optimum: The sentence about the minimiser of the expected loss.
    """

    loss: str
    proper: bool | None
    sentences: tuple[str, ...]
    optimum: str = ""

    def __str__(self) -> str:
        return "; ".join(self.sentences)


@cache
def facts(loss: str) -> Facts:
    """What is known of a loss; of one without a card, nothing.

    >>> facts("cross_entropy").proper, facts("focal").proper
    (True, False)
    >>> facts("cross_entropy").sentences[0]
    'convex in the logits (proved)'
    """
    card = shipped(loss)
    if card is None:
        return Facts(loss, None, ())
    proper = card.entries.get("proper")
    decided = None
    if proper is not None and proper.ground in (Ground.PROVED, Ground.REFUTED):
        decided = proper.value == "strictly"
    optimum = _optimum(card)
    return Facts(loss, decided, tuple(filter(None, (_convexity(card), _gradient(card), optimum))), optimum)


def _convexity(card: Card) -> str:
    verdict = card.convexity
    where = verdict.scope.variables if _of_classes(card) else verdict.scope.variables.replace("logits", "raw output")
    if verdict.status is Status.UNDECIDED:
        return ""
    return f"convex in {where} (proved)" if verdict.status is Status.PROVED else f"not convex in {where} (refuted)"


def _gradient(card: Card) -> str:
    entry = card.entries.get("gradient when wrong")
    if entry is None or not _known(entry):
        return ""
    where = "where the model is confident and wrong" if _of_classes(card) else "far from the target"
    value = entry.value
    law = _law(value)
    if value.startswith("constant "):
        says = f"{where} its gradient keeps its size"
    elif value.startswith(("decays", "0")):
        says = f"{where} its gradient dies ({law}, t the gap)"
    else:
        says = f"{where} its gradient {law}, t the gap"
    return f"{says} ({entry.ground.value})"


def _optimum(card: Card) -> str:
    proper, optimum = card.entries.get("proper"), card.entries.get("elicits")
    aim = _law(optimum.value) if optimum is not None and _known(optimum) else ""
    if proper is not None and _known(proper):
        kind = {"strictly": "strictly proper", "no": "not proper"}.get(proper.value, "proper")
        known = f"{kind} ({proper.ground.value})"
        return f"{known}: its optimum is {aim} ({optimum.ground.value})" if optimum is not None and aim else known
    if optimum is None or not aim or aim.startswith("another"):
        return ""
    return f"its optimum is the {aim} ({optimum.ground.value})"


def _law(value: str) -> str:
    """What an entry says beyond the example for which it was derived.

    >>> _law("decays like sqrt(56) = 7.483315 e^-t"), _law("w q, normalised, w = (1, 2, 3)")
    ('decays like e^-t', 'w q, normalised')
    """
    for figure, instead in _EXAMPLE:
        value = figure.sub(instead, value)
    return value


def _of_classes(card: Card) -> bool:
    proper = card.entries.get("proper")
    return proper is not None and _known(proper)


def _known(entry: Entry) -> bool:
    return entry.ground is not Ground.UNKNOWN and entry.value not in ("-", "unknown")
