"""Cards of losses by name; those that are shipped show each loss of the catalogue as it is meant to be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lossaudit import catalogue
from lossaudit.card import Card, Entry, Ground
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.errors import LossauditError
from lossaudit.proving.card import Sized, card
from lossaudit.proving.named import Named, named, usual_head, view
from lossaudit.proving.prove import Domain, prove
from lossaudit.proving.request import by_name
from lossaudit.verdict import Scope, Status

CLASSES = 3
"""Of the cards that are shipped: constants are exact there, and no two classes are all there is."""

_WORDS = {Status.PROVED: "yes", Status.REFUTED: "no", Status.UNDECIDED: "undecided"}
_GROUNDS = {Status.PROVED: Ground.PROVED, Status.REFUTED: Ground.REFUTED, Status.UNDECIDED: Ground.UNKNOWN}


def derive(name: str) -> Card:
    """The card that is shipped of a loss of the catalogue: behind its usual head, with three classes."""
    return card_by_name(name, None, CLASSES, {})


def card_by_name(name: str, head: str | None, classes: int, options: Mapping[str, Any], domain: Domain = None) -> Card:
    """The card of a loss of the catalogue, and whether it is convex in its further variables.

    Raises:
        UsageError: There is no such loss, head, or parameter.
    """
    made = card(by_name(name, head, classes, options), domain=domain, sized=Sized(name, head, options))
    loss = catalogue.find_loss(name)
    if loss is None or options:  # views are of the loss as it stands there
        return made
    further = {f"convex in {seen.variables}": _convex(view(loss, seen)) for seen in loss.views}
    return replace(made, head=head or usual_head(loss), entries={**made.entries, **_in_probabilities(loss), **further})


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
