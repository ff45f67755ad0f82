"""The cards that are shipped: derived once by `make cards`, read without torch, one file of JSON for each loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lossaudit.card import Card, Entry, GradientResponse, Ground
from lossaudit.verdict import Scope, Status, Verdict

FOLDER = Path(__file__).parent


def shipped(name: str) -> Card | None:
    """The card of the loss of this name; None where there is none yet. It holds no certificates: their digests only.

    >>> shipped("cross_entropy").entries["proper"].value
    'strictly'
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        return None
    return card_of(json.loads(path.read_text(encoding="utf-8")))


def as_data(card: Card) -> dict[str, Any]:
    """What is shipped of a card: everything but evidence that only a machine reads. `card_of` takes it back."""
    verdict = card.convexity
    scope = {name: value for name, value in asdict(verdict.scope).items() if name != "points"}
    return {
        "loss": card.loss,
        "head": card.head,
        "classes": card.classes,
        "convex": {
            "status": verdict.status.value,
            "reason": _reason(verdict),
            "region": verdict.region,
            "notes": list(verdict.notes),
            "scope": scope,
        },
        "entries": {
            name: {"value": entry.value, "ground": entry.ground.value, "how": entry.how, "bounds": entry.bounds}
            for name, entry in card.entries.items()
        },
        "response": None if card.response is None else asdict(card.response),
    }


def _reason(verdict: Verdict) -> str:
    if verdict.witness is None:
        return verdict.reason
    return f"a midpoint {verdict.witness.gap:.3g} above its chord, in ball arithmetic"


def card_of(data: Mapping[str, Any]) -> Card:
    """The card that `as_data` wrote."""
    convex, response = data["convex"], data["response"]
    about: dict[str, Any] = dict(convex["scope"])
    about["shape"] = tuple(about["shape"])
    scope = Scope(**about)
    verdict = Verdict(
        "convex",
        Status(convex["status"]),
        scope,
        convex["reason"],
        region=convex["region"],
        notes=tuple(convex["notes"]),
    )
    entries = {
        name: Entry(
            entry["value"],
            Ground(entry["ground"]),
            entry["how"],
            bounds=None if entry["bounds"] is None else (entry["bounds"][0], entry["bounds"][1]),
        )
        for name, entry in data["entries"].items()
    }
    curve = None
    if response is not None:
        fields: dict[str, Any] = {n: tuple(x) if isinstance(x, list) else x for n, x in response.items()}
        curve = GradientResponse(**fields)
    return Card(data["loss"], data["head"], data["classes"], verdict, curve, entries)
