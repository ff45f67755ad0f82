"""Every entry of the catalogue is whole: it runs, it has a card, and it says what a reader needs to know."""

from __future__ import annotations

import importlib

import pytest
import torch

from lossaudit import catalogue
from lossaudit.card import Ground
from lossaudit.cards import shipped
from lossaudit.catalogue.schema import Loss
from lossaudit.proving.named import named, view

EACH = pytest.mark.parametrize("loss", catalogue.LOSSES.values(), ids=lambda loss: loss.name)
PROSE = ("title", "summary", "formula", "latex", "gradient", "optimises", "when", "when_not", "stable")


def test_how_many() -> None:
    assert len(catalogue.LOSSES) >= 110


def test_no_name_means_two_losses() -> None:
    names = [name for loss in catalogue.LOSSES.values() for name in (loss.name, *loss.aliases)]
    assert len(names) == len(set(names))
    assert all(name == name.strip().lower().replace(" ", "_").replace("-", "_") for name in names)


@EACH
def test_it_says_what_a_reader_needs(loss: Loss) -> None:
    assert [field for field in PROSE if not getattr(loss, field).strip()] == []
    assert loss.references
    assert all(option.values and option.means for option in loss.options)


@EACH
def test_its_callable_is_there(loss: Loss) -> None:
    module, _, name = loss.callable.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


@EACH
def test_it_runs_on_its_example(loss: Loss) -> None:
    known = named(loss.name, None, 3)
    value = known.function(*known.arguments)
    assert value.numel() == 1
    assert torch.isfinite(value)
    for seen in loss.views:
        further = view(loss, seen)
        assert torch.isfinite(further.function(*further.arguments))


@EACH
def test_its_card_is_shipped(loss: Loss) -> None:
    card = shipped(loss.name)
    assert card is not None
    assert not {"samples", "variables"} & set(card.entries), "it could not be taken apart"
    known = [entry for entry in card.entries.values() if entry.ground is not Ground.UNKNOWN]
    assert len(known) >= 2
