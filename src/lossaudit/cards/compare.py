"""Whether a card that was derived again says the same: exact words exactly, measured numbers to three digits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_EXACT = ("proved", "refuted")
_NOTHING = 1e-60


def differences(shipped: Mapping[str, Any], derived: Mapping[str, Any]) -> list[str]:
    """What differs, one line each.

    >>> one = {"entries": {"Lipschitz": {"value": "1.59662", "ground": "measured", "how": "near 0.0578"}}}
    >>> two = {"entries": {"Lipschitz": {"value": "1.59659", "ground": "measured", "how": "near 0.0579"}}}
    >>> differences(one, two)
    []
    >>> two["entries"]["Lipschitz"]["ground"] = "proved"
    >>> differences(one, two)
    ['Lipschitz: 1.59662 (measured) -> 1.59659 (proved)']
    """
    if not shipped:
        return ["new"]
    found = [
        f"{field}: {shipped.get(field)} -> {derived.get(field)}"
        for field in ("loss", "head", "classes")
        if shipped.get(field) != derived.get(field)
    ]
    for field in ("status", "scope", "region", "notes"):
        before, after = shipped.get("convex", {}).get(field), derived.get("convex", {}).get(field)
        if before != after:
            found.append(f"convex, {field}: {before} -> {after}")
    before, after = shipped["entries"], derived["entries"]
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            found.append(f"{name}: {'gone' if name in before else 'new'}")
        elif not _same(before[name], after[name]):
            found.append(f"{name}: {_said(before[name])} -> {_said(after[name])}")
    if not _same_numbers(shipped.get("response"), derived.get("response")):
        found.append("gradient response")
    return found


def _said(entry: Mapping[str, Any]) -> str:
    return f"{entry['value']} ({entry['ground']})"


def _same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if before["ground"] != after["ground"]:
        return False
    if before["ground"] in _EXACT:
        return before["value"] == after["value"]
    return _rounded(before["value"]) == _rounded(after["value"])


def _rounded(text: str) -> str:
    """Numbers to three digits; those that are nothing but what a search had left of zero, as zero."""

    def short(number: re.Match[str]) -> str:
        value = float(number.group())
        return f"{value if abs(value) > _NOTHING else 0:.3g}"

    return _NUMBER.sub(short, text)


def _same_numbers(before: object, after: object) -> bool:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before.keys() == after.keys() and all(_same_numbers(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same_numbers, before, after))
    if isinstance(before, float) and isinstance(after, float):
        return f"{before:.3g}" == f"{after:.3g}"
    return before == after
