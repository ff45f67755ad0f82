"""A comparison or a study as JSON, both ways and exactly, without torch or numpy.

Fields have their own names. JSON has no NaN and no infinity: they are the strings `"nan"`, `"inf"` and `"-inf"`. A
field that has a default may be missing, so that a later version can add one and still read what this one wrote.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from lossaudit.comparison import Comparison
from lossaudit.errors import UsageError
from lossaudit.study import Study

SCHEMA = 1

Document: TypeAlias = Comparison | Study

_KINDS: Mapping[str, type[Document]] = {"comparison": Comparison, "study": Study}
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


class _Odd(Exception):
    """What is wrong, and where."""


def dumps(document: Document) -> str:
    """The document as a JSON object, with its kind and the version of the form.

    >>> study = Study("s", "t", "p", (), (), (), (), (), "c")
    >>> loads(dumps(study)) == study
    True
    """
    kind = next(name for name, each in _KINDS.items() if isinstance(document, each))
    head = {"tool": "lossaudit", "kind": kind, "schema": SCHEMA}
    return json.dumps({**head, **_plain(document)}, indent=1, allow_nan=False) + "\n"


def loads(text: str, where: str = "the file") -> Document:
    """What `dumps` made the text of.

    Args:
        text: JSON.
        where: Its name, for errors.

    Raises:
        UsageError: It is not JSON, not a comparison or study, broken, or of a later version.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}") from None
    if not isinstance(found, dict) or found.get("tool") != "lossaudit" or found.get("kind") not in [*_KINDS]:
        raise UsageError(f"{where} is neither a comparison nor a study of lossaudit")
    schema = found.get("schema")
    if schema != SCHEMA:
        raise UsageError(
            f"{where} has version {schema!r} of the form, this lossaudit reads {SCHEMA}; use the other one"
        )
    kind = _KINDS[found["kind"]]
    given = {name: value for name, value in found.items() if name not in ("tool", "kind", "schema")}
    try:
        return _made(kind, given, "")
    except _Odd as error:
        raise UsageError(f"{where} is broken: {error}") from None


def comparison(text: str, where: str = "the file") -> Comparison:
    """As `loads`, where it has to be a comparison."""
    found = loads(text, where)
    if not isinstance(found, Comparison):
        raise UsageError(f"{where} is a study, not a comparison")
    return found


def _plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    match value:
        case Enum():
            return value.value
        case float():
            return value if math.isfinite(value) else str(value)
        case tuple():
            return [_plain(each) for each in value]
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            raise TypeError(f"{type(value).__name__} in a document")


def _made(kind: Any, value: Any, at: str) -> Any:
    """The value as the annotation says."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if value is None and NoneType in inner else _made(inner[0], value, at)
    if origin is tuple:
        listed = _checked(value, list, "a list", at)
        if inner[-1] is not Ellipsis and len(listed) != len(inner):
            raise _Odd(f"{at} has {len(listed)} entries, not {len(inner)}")
        kinds = (inner[0],) * len(listed) if inner[-1] is Ellipsis else inner
        return tuple(_made(one, each, f"{at}[{k}]") for k, (one, each) in enumerate(zip(kinds, listed, strict=True)))
    if origin is Mapping:
        named = _checked(value, dict, "an object", at)
        return {name: _made(inner[1], each, f"{at}[{name!r}]") for name, each in named.items()}
    if is_dataclass(kind):
        return _dataclass(kind, _checked(value, dict, "an object", at), at)
    if issubclass(kind, Enum):
        if value not in [each.value for each in kind]:
            raise _Odd(f"{at} is {_short(value)}, not one of {', '.join(repr(each.value) for each in kind)}")
        return kind(value)
    if kind is float:
        return _number(value, at)
    return _checked(value, kind, _WORDS[kind], at)


def _dataclass(kind: Any, value: dict[str, Any], at: str) -> Any:
    known = {each.name: each for each in fields(kind)}
    inside = f"{at}." if at else ""
    for name in value.keys() - known.keys():
        raise _Odd(f"{inside}{name} is not known; a later lossaudit may have written it")
    for name, each in known.items():
        if name not in value and each.default is MISSING and each.default_factory is MISSING:
            raise _Odd(f"{inside}{name} is missing")
    kinds = get_type_hints(kind)
    return kind(**{name: _made(kinds[name], each, f"{inside}{name}") for name, each in value.items()})


def _number(value: Any, at: str) -> float:
    if value in ("nan", "inf", "-inf") or (isinstance(value, int | float) and not isinstance(value, bool)):
        with contextlib.suppress(OverflowError):  # an integer of hundreds of digits
            return float(value)
    raise _Odd(f"{at} is {_short(value)}, not a number")


def _checked(value: Any, kind: type[Any], words: str, at: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _Odd(f"{at} is {_short(value)}, not {words}")
    return value


def _short(value: Any) -> str:
    told = json.dumps(value)
    return told if len(told) <= 40 else f"{told[:40]} ..."
