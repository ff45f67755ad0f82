"""The complete result for machines: every field by its own name, keys sorted, one schema version.

Enumerations are their values, sets are sorted lists, NaN ("not measured") is null and an infinite number is the
string `"inf"` or `"-inf"`, since JSON has neither.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TypeAlias

from lossaudit.result import Result

SCHEMA = 1

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


def render(result: Result) -> str:
    """The result as a JSON object with its fields on the top level, beside `"schema"` and `"tool"`."""
    document = {
        "tool": "lossaudit",
        "schema": SCHEMA,
        **{f.name: plain(getattr(result, f.name)) for f in fields(result)},
    }
    return json.dumps(document, sort_keys=True, allow_nan=False, indent=1) + "\n"


def plain(value: object) -> Json:
    """The value in JSON's own types.

    >>> plain((1.5, float("nan"), frozenset({"b", "a"}), -math.inf))
    [1.5, None, ['a', 'b'], '-inf']
    """
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None if math.isnan(value) else str(value)
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case frozenset() | set():
            return sorted(map(plain, value), key=json.dumps)
        case tuple() | list():
            return [plain(each) for each in value]
        case _ if hasattr(value, "tolist"):  # an array
            return plain(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)
