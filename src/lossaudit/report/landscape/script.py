"""The page's one script, put together from the files beside it and the one table of colours."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files

from lossaudit.report.landscape import colours

_PARTS = (
    *("data", "colour", "axis", "marks", "solid", "map", "cut", "lines"),
    *("words", "pointer", "controls", "panels", "view"),
)
_SHADES = 128


def _constants() -> str:
    light, dark = ({_camel(k): v for k, v in asdict(each).items()} for each in (colours.LIGHT, colours.DARK))
    table = {
        "map": colours.colours(_SHADES),
        "ink": colours.INK,
        "casing": colours.CASING,
        "light": light,
        "dark": dark,
        "lines": [asdict(look) for look in colours.LINES],
        "marks": {kind.value: asdict(look) for kind, look in colours.MARKS.items()},
    }
    return f"const COLOURS = {json.dumps(table, separators=(',', ':'))};"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _part(name: str) -> str:
    """A file without its comments and its indentation, which the page need not carry."""
    lines = files("lossaudit.report.landscape").joinpath("script", f"{name}.js").read_text("utf-8").splitlines()
    stripped = (line.strip() for line in lines)
    return "\n".join(line for line in stripped if line and not line.startswith("//"))


SCRIPT = "\n".join(["(() => {", '"use strict";', _constants(), *map(_part, _PARTS), "})();"])
"""In one scope, which leaves nothing behind but what it draws."""
