"""A picture for machines: every field by its own name, arrays as nested lists, not-a-number as null."""

from __future__ import annotations

import json
from dataclasses import fields

from lossaudit.landscape.picture import Picture
from lossaudit.report.json import plain

SCHEMA = 1


def render(picture: Picture) -> str:
    """The picture as a JSON object with its fields on the top level, beside `"schema"` and `"tool"`.

    Infinite values are the strings `"inf"` and `"-inf"`, since JSON has none.
    """
    document = {
        "tool": "lossaudit",
        "schema": SCHEMA,
        "kind": "landscape",
        **{field.name: plain(getattr(picture, field.name)) for field in fields(picture)},
    }
    return json.dumps(document, sort_keys=True, allow_nan=False) + "\n"
