"""`lossaudit recheck FILE.json`: replays a certificate or a verdict and says whether it holds."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lossaudit.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE.json", help="a certificate or a verdict as JSON; - reads it from stdin")
    parser.set_defaults(handler=handle)


def handle(options: argparse.Namespace) -> int:
    """Replay it, and print one line.

    Returns:
        0 if it holds, 1 if it does not.

    Raises:
        UsageError: The file cannot be read, or is not JSON.
    """
    from lossaudit.recheck.axioms import numbers
    from lossaudit.recheck.refusal import Refusal
    from lossaudit.recheck.verdicts import examine

    data = _read(options.file)
    try:
        shown = examine(data)
    except Refusal as refusal:
        print(f"does not hold: {refusal}")
        return 1
    says = "convex" if shown.shows == "proved" else "not convex"
    scope: Any = data.get("scope")
    variables: Any = scope.get("variables") if isinstance(scope, dict) else None
    parts = [f"{says} in {variables}" if isinstance(variables, str) else says, f"rule {shown.rule}"]
    if shown.instructions:
        parts.append(f"{shown.instructions} instruction{'s' * (shown.instructions != 1)}")
    parts.append(f"axioms {', '.join(map(str, numbers(shown.axioms)))}")
    print(f"holds: {', '.join(parts)}")
    return 0


def _read(file: str) -> dict[str, Any]:
    name = "standard input" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"cannot read {name}: {reason}") from error
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise UsageError(f"{name} holds neither a certificate nor a verdict: a JSON object is wanted")
    return data
