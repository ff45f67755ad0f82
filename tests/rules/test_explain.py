"""`explain` and `rules`: the pages and the table, as the command line prints them."""

from __future__ import annotations

import argparse

import pytest

from lossaudit.advise.explain import explain, nearest
from lossaudit.cli import explain as explain_command
from lossaudit.cli import rules as rules_command
from lossaudit.errors import UsageError
from lossaudit.rules import RULES, page


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    explain_command.configure(subparsers.add_parser("explain"))
    rules_command.configure(subparsers.add_parser("rules"))
    args = parser.parse_args(words)
    return args.handler(args)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_names_and_codes_explain_the_same(rule) -> None:
    assert explain(rule.name) == explain(rule.code) == explain(f" {rule.code.lower()} ") == page(rule)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mse-softmax", "mse-on-softmax"),
        ("doublesoftmax", "double-softmax"),
        ("LA1O4", "mse-on-softmax"),
        ("nll", "probs-into-nll"),
    ],
)
def test_unknown_names_get_the_nearest_three(typed: str, meant: str) -> None:
    assert len(nearest(typed)) == 3
    assert meant in nearest(typed)
    with pytest.raises(UsageError, match=meant) as caught:
        explain(typed)
    assert "\n" not in str(caught.value)


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "LA104") == 0
    assert capsys.readouterr().out.startswith("# mse-on-softmax (LA104)\n")
    assert run("rules") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(RULES)
    for line, rule in zip(lines, RULES.values(), strict=True):
        assert line.split()[:3] == [rule.code, rule.name, rule.severity.value]
        assert line.endswith(rule.summary)


def test_the_folder_stays_light() -> None:
    """Rules are loaded by the linter, which starts often and may not have torch."""
    import subprocess
    import sys

    code = "import sys, lossaudit.rules; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
