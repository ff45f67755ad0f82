"""Advice for machines: every field by its own name."""

from __future__ import annotations

import json
from dataclasses import asdict

from lossaudit.advise.choose.decide import Choice

SCHEMA = 1


def render(choice: Choice) -> str:
    """The answer as a JSON object."""
    return json.dumps({"tool": "lossaudit", "schema": SCHEMA, **asdict(choice)}, indent=1, allow_nan=False) + "\n"
