"""Published comparisons, repeated at a size that two cores can run.

Every module of this folder that has `PRESET` is one: nothing is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from lossaudit.study import Study
from lossaudit.trials.workshop import Workshop

__all__ = ["Preset", "Scale", "presets"]


class Scale(Enum):
    """How large a preset is run."""

    SMALL = "small"  # minutes on two cores; what the pages show
    TINY = "tiny"  # seconds: the same steps on so little that the figures mean nothing


@dataclass(frozen=True, slots=True)
class Preset:
    """A published comparison that can be repeated.

    Attributes:
        name: On the command line: `"golik2013"`.
        summary: What is compared, one line.
        make: Runs what is not in the workshop's store yet, and writes down what came of it.
        make_with: The same with data of the user's besides, named as `trials.data.load` takes it; None: it takes none.
    """

    name: str
    summary: str
    make: Callable[[Workshop, Scale], Study]
    make_with: Callable[[Workshop, Scale, str], Study] | None = None


@cache
def presets() -> Mapping[str, Preset]:
    """All presets, by name.

    >>> presets()["golik2013"].name
    'golik2013'
    """
    modules = (import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__))
    found = (module.PRESET for module in modules if hasattr(module, "PRESET"))
    return MappingProxyType({preset.name: preset for preset in sorted(found, key=lambda preset: preset.name)})
