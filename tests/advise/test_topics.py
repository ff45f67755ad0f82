"""The topics: their examples run as they are printed, their commands exist, and the two fields are there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from lossaudit import advise, catalogue, rules
from lossaudit.advise.topics import topics
from lossaudit.cli.main import COMMANDS

EACH = pytest.mark.parametrize("name", topics())


def test_there_is_no_other_file() -> None:
    folder = Path(advise.__path__[0], "topics")
    assert {path.stem for path in folder.glob("*.md")} == set(topics())


@EACH
def test_the_two_fields(name: str) -> None:
    page = topics()[name]
    assert len(re.findall(r"^\*\*Gradient:\*\* \S", page, re.M)) == 1
    assert len(re.findall(r"^\*\*What it optimises:\*\* \S", page, re.M)) == 1


@EACH
def test_the_example_prints_what_it_says(name: str) -> None:
    blocks = re.findall(r"```pycon\n(.*?)```", topics()[name], re.S)
    assert blocks or name == "choosing"
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, {}, name, None, 0)
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


@EACH
def test_the_commands_and_names_exist(name: str) -> None:
    commands = re.findall(r"`lossaudit (\w+)([^`]*)`", topics()[name])
    assert commands
    for command, rest in commands:
        assert command in COMMANDS
        if command == "explain":
            word = rest.strip()
            assert word in topics() or rules.find(word) or catalogue.find_loss(word), word
