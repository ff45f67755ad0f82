"""Derives the cards that are shipped: one for each loss of the catalogue, as it is meant to be used."""

from __future__ import annotations

from dataclasses import replace

from lossaudit import catalogue
from lossaudit.card import Card, Entry, Ground
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.errors import LossauditError
from lossaudit.proving.card import Sized, card
from lossaudit.proving.named import Named, named, view
from lossaudit.proving.prove import prove
from lossaudit.proving.request import by_name
from lossaudit.verdict import Scope, Status

CLASSES = 3
"""Of the cards that are shipped: constants are exact there, and no two classes are all there is."""

_WORDS = {Status.PROVED: "yes", Status.REFUTED: "no", Status.UNDECIDED: "undecided"}
_GROUNDS = {Status.PROVED: Ground.PROVED, Status.REFUTED: Ground.REFUTED, Status.UNDECIDED: Ground.UNKNOWN}


def derive(name: str) -> Card:
    """The card of a loss of the catalogue behind its usual head, with three classes, and whether it is convex in its
    further variables.
    """
    loss = catalogue.LOSSES[name]
    made = card(by_name(name, None, CLASSES, {}), sized=Sized(name, None, {}))
    further = {f"convex in {seen.variables}": _convex(view(loss, seen)) for seen in loss.views}
    return replace(made, head=loss.heads[0], entries={**made.entries, **_in_probabilities(loss), **further})


def _in_probabilities(loss: Loss) -> dict[str, Entry]:
    """Whether a loss of probabilities is convex in these."""
    if loss.expects is not Expects.PROBABILITIES or loss.example is not None:
        return {}
    known = named(loss.name, "identity", CLASSES)
    return {"convex in p": _convex(replace(known, domain="unit", variables="the probabilities"))}


def _convex(known: Named) -> Entry:
    scope = Scope(known.variables, known.words)
    wrt = list(known.wrt) if len(known.wrt) > 1 else known.wrt[0]
    try:
        verdict = prove(known.function, *known.arguments, wrt=wrt, domain=known.domain, described=scope)
    except LossauditError as error:
        return Entry("undecided", Ground.UNKNOWN, str(error))
    how = verdict.reason
    if verdict.witness is not None:
        how = f"a midpoint {verdict.witness.gap:.3g} above its chord, in ball arithmetic"
    return Entry(_WORDS[verdict.status], _GROUNDS[verdict.status], how)
