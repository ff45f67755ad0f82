"""The cards that are shipped: derived once by `make cards`, read without torch, one file of JSON for each loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossaudit.card import Card
    from lossaudit.verdict import Verdict

FOLDER = Path(__file__).parent
_CONVEX = {"proved": "yes", "refuted": "no", "undecided": "undecided"}


def shipped(name: str) -> Card | None:
    """The card of the loss of this name; None where there is none yet. It holds no certificates: their digests only.

    >>> shipped("cross_entropy").entries["proper"].value
    'strictly'
    """
    data = _read(name)
    return None if data is None else card_of(data)


def said(name: str) -> Mapping[str, tuple[str, str]]:
    """What the card says of each property, and how that is known, convexity first; empty where there is no card.

    The same as the card's own words, and much faster to have for all losses.

    >>> said("cross_entropy")["proper"]
    ('strictly', 'proved')
    """
    data = _read(name)
    if data is None:
        return {}
    convex = data["convex"]
    value, ground = _CONVEX[convex["status"]], convex["status"].replace("undecided", "unknown")
    if convex["region"] is not None:
        value += f"; yes for |z| <= {convex['region']:g}"
    entries = {name: (entry["value"], entry["ground"]) for name, entry in data["entries"].items()}
    return {"convex": (value, ground), **entries}


def _read(name: str) -> dict[str, Any] | None:
    try:
        with open(FOLDER / f"{name}.json", encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def as_data(card: Card) -> dict[str, Any]:
    """What is shipped of a card: everything but evidence that only a machine reads. `card_of` takes it back."""
    from dataclasses import asdict

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
        "response": None if card.response is None else {n: _short(x) for n, x in asdict(card.response).items()},
    }


def _short(value: Any) -> Any:
    """Numbers of a curve to six digits, more than a picture shows."""
    if isinstance(value, tuple):
        return [_short(x) for x in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def as_text(card: Card) -> str:
    """The file of a card: JSON, with a line for each entry and each curve."""
    lines = ",\n".join(f' "{name}": {_block(value)}' for name, value in as_data(card).items())
    return f"{{\n{lines}\n}}\n"


def _block(value: Any) -> str:
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(inner, ensure_ascii=False)}" for name, inner in value.items()
    )
    return f"{{\n{lines}\n }}"


def _reason(verdict: Verdict) -> str:
    if verdict.witness is None:
        return verdict.reason
    return f"a midpoint {verdict.witness.gap:.3g} above its chord, in ball arithmetic"


def card_of(data: Mapping[str, Any]) -> Card:
    """The card that `as_data` wrote."""
    from lossaudit.card import Card, Entry, GradientResponse, Ground
    from lossaudit.verdict import Scope, Status, Verdict

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
