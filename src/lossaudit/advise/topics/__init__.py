"""Topics: one page each, as `explain` prints them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).parent
_ORDER = (
    "empirical-risk",
    "logits",
    "softmax-with-cross-entropy",
    "saturation",
    "convex-in-what",
    "why-not-accuracy",
    "regularisation",
    "imbalance",
    "calibration",
    "label-smoothing",
    "choosing",
)


@cache
def topics() -> Mapping[str, str]:
    """The pages by name, in the order in which to read them.

    >>> topics()["logits"].splitlines()[0]
    '# Logits'
    """
    return MappingProxyType({name: (_FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in _ORDER})
