"""The shipped cards: derived again they say the same, and a word changed by hand is noticed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lossaudit import catalogue
from lossaudit.cards import FOLDER, as_data, card_of, shipped
from lossaudit.cards.compare import differences
from lossaudit.proving.derive import derive


def _shipped(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def test_each_loss_has_one_and_nothing_else_is_there() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(catalogue.LOSSES)


@pytest.mark.parametrize("name", sorted(catalogue.LOSSES))
def test_derived_again_it_says_the_same(name: str) -> None:
    assert differences(_shipped(name), json.loads(json.dumps(as_data(derive(name))))) == []


@pytest.mark.parametrize("name", sorted(catalogue.LOSSES))
def test_it_is_read_as_it_was_written(name: str) -> None:
    card = shipped(name)
    assert card is not None
    assert json.loads(json.dumps(as_data(card))) == _shipped(name)


def test_any_word_changed_by_hand_is_noticed() -> None:
    true = _shipped("cross_entropy")
    for entry in true["entries"]:
        for field, value in (("value", "something else"), ("ground", "guessed")):
            changed = copy.deepcopy(true)
            changed["entries"][entry][field] = value
            assert differences(changed, true), (entry, field)
    for field, value in (("status", "refuted"), ("region", 3.0)):
        changed = copy.deepcopy(true)
        changed["convex"][field] = value
        assert differences(changed, true), field
    for field in ("ratio", "reference"):
        changed = copy.deepcopy(true)
        changed["response"][field][7] *= 1.01
        assert differences(changed, true) == ["gradient response"]


def test_exact_numbers_are_compared_exactly_and_measured_ones_to_three_digits() -> None:
    entry = {"value": "at least 2.828427", "ground": "measured", "how": "", "bounds": None}
    card = {**_shipped("cross_entropy"), "entries": {"Lipschitz": entry}}
    for ground, value, found in (
        ("measured", "at least 2.828999", False),
        ("measured", "at least 2.84", True),
        ("proved", "at least 2.828427", True),
    ):
        other = {**card, "entries": {"Lipschitz": {**entry, "ground": ground, "value": value}}}
        assert bool(differences(card, other)) is found
    exact = {**card, "entries": {"Lipschitz": {**entry, "ground": "proved"}}}
    nearly = {**card, "entries": {"Lipschitz": {**entry, "ground": "proved", "value": "at least 2.828428"}}}
    assert differences(exact, nearly)


def test_a_card_without_evidence_for_machines_is_still_a_card() -> None:
    card = derive("hinge")
    again = card_of(json.loads(json.dumps(as_data(card))))
    assert again.convexity.certificate is None
    assert {name: entry.value for name, entry in again.entries.items()} == {
        name: entry.value for name, entry in card.entries.items()
    }
