"""`lossaudit claims [NAME|NUMBER ...]`: what people repeat about losses, and whether it is true."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from lossaudit.cli.prove import write
from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.advise.checking import Checked
    from lossaudit.advise.claims import Claim

_ANSWERS = ("true", "false", "depends", "open")
_FORMATS = ("full", "json", "markdown")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("claims", nargs="*", metavar="NAME|NUMBER", help="which claims (default: a list of all)")
    parser.add_argument("--answer", choices=_ANSWERS, help="only claims with this answer")
    parser.add_argument("--check", action="store_true", help="derive the answers again; exit with 1 if one differs")
    parser.add_argument("--format", choices=_FORMATS, default="full", help="what is printed")
    parser.add_argument("--output", metavar="FILE", help="where it is printed (default: the terminal)")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Print the claims and return 0; with `--check` 1 if an answer differs from what its check derives.

    Raises:
        UsageError: There is no such claim, or the checks have no such format.
    """
    chosen = _chosen(options)
    if options.check:
        return _check(chosen, options)
    from lossaudit.report import claims as report

    texts = {"full": report.table, "json": report.as_json, "markdown": report.markdown}
    if options.claims and options.format == "full":
        write("\n".join(map(report.whole, chosen)), options.output)
    else:
        write(texts[options.format](chosen), options.output)
    return 0


def _chosen(options: argparse.Namespace) -> tuple[Claim, ...]:
    from lossaudit.advise import claims as advise

    asked: list[Claim] = []
    for name in options.claims:
        claim = advise.find(name)
        if claim is None:
            last = len(advise.CLAIMS)
            if not any(letter.isalpha() for letter in name):
                raise UsageError(f"there is no claim {name!r}; give numbers from 1 to {last}, with spaces between them")
            near = ", ".join(advise.nearest(name))
            raise UsageError(f"there is no claim {name!r}; nearest: {near} (numbers go to {last})")
        asked.append(claim)
    of = tuple(dict.fromkeys(asked)) or advise.CLAIMS
    chosen = tuple(claim for claim in of if options.answer in (None, claim.answer.value.removeprefix("it ")))
    if not chosen:
        raise UsageError(f"none of these claims has the answer {options.answer}; `lossaudit claims` shows each answer")
    return chosen


def _check(chosen: tuple[Claim, ...], options: argparse.Namespace) -> int:
    from lossaudit.advise.checking import check_all
    from lossaudit.report import claims as report

    if options.format == "markdown":
        raise UsageError("--check prints --format full or json")
    names = max((len(claim.name) for claim in chosen), default=0)
    found: list[Checked] = []
    lines: list[str] = []
    started = time.perf_counter()
    for checked in check_all(chosen):
        found.append(checked)
        lines.append(report.checked_line(checked, names))
        if options.format == "full" and options.output is None:
            print(lines[-1], flush=True)
    seconds = time.perf_counter() - started
    lines.append(report.summary(found, seconds))
    if options.format == "json":
        write(report.checked_json(found, seconds), options.output)
    elif options.output is None:
        print(lines[-1])
    else:
        write("\n".join(lines), options.output)
    return int(not all(checked.passes for checked in found))
