"""The `lossaudit` command."""

from __future__ import annotations

import argparse
import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from lossaudit import __version__
from lossaudit.errors import LossauditError

# Each command's file is imported when it is asked for: a linter starts often.
COMMANDS = {
    "lint": "read training code, run nothing, and name the mistakes",
    "run": "run a training script and watch what it trains on",
    "audit": "say what a model and its loss make of given data",
    "compare": "train a model under several losses, and say what that decides",
    "choose": "say which loss fits a task and its targets, and why",
    "losses": "list the losses and what is known of them",
    "explain": "explain a loss, a rule or a topic",
    "claims": "list what people say about losses, and check it",
    "prove": "prove a loss convex, or refute it",
    "card": "print everything known of a loss",
    "draw": "draw losses over their logits, or a model's loss over its parameters",
    "rules": "list the rules",
    "recheck": "check a certificate or a verdict",
    "axioms": "list what the checker trusts",
}
PLANNED = ("watch",)

_DESCRIPTION = "Does your model's output head belong with its loss? Finds the mistake, proves it, shows it, fixes it."


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _Parser(prog="lossaudit", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"lossaudit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    name = next((word for word in given if not word.startswith("-")), "")
    asked = parser
    for command, summary in COMMANDS.items():
        sub = commands.add_parser(command, help=summary, description=summary.capitalize() + ".")
        if command == name:
            importlib.import_module(f"lossaudit.cli.{command}").configure(sub)
            asked = sub
    if name and name not in COMMANDS:
        print(f"lossaudit: {_unknown(name)}", file=sys.stderr)
        return 2
    options, left = parser.parse_known_args(given)
    if left:
        asked.error(f"unrecognized arguments: {' '.join(left)}")
    if options.command is None:
        parser.print_help()
        return 0
    try:
        return options.handler(options)
    except LossauditError as error:
        print(f"lossaudit: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0


def _unknown(name: str) -> str:
    if name in PLANNED:
        return f"{name} is planned and not in version {__version__}; there is {', '.join(COMMANDS)}"
    near = difflib.get_close_matches(name, [*COMMANDS, *PLANNED], n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(COMMANDS)}"
    return f"there is no command {name!r}; {hint}"
