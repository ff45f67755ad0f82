"""Pictures that were saved: shown again, alone or side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Panel, Picture
from lossaudit.landscape.store import load


def stored(paths: Sequence[Path]) -> Picture:
    """The picture of a file; of several files their panels side by side, on one scale that holds them all.

    Raises:
        UsageError: A file is no picture, or the pictures have no axes or no scale in common.
    """
    pictures = [load(path) for path in paths]
    first = pictures[0]
    if len(pictures) == 1:
        return first
    for path, other in zip(paths[1:], pictures[1:], strict=True):
        if (other.scale.name, other.scale.log) != (first.scale.name, first.scale.log):
            raise UsageError(
                f"{path} shows {other.scale.name!r} and {paths[0]} {first.scale.name!r}: no scale holds both; "
                "draw several losses with --raw, and one model at a time with the same loss"
            )
        if _axes(other) != _axes(first):
            raise UsageError(f"{path} and {paths[0]} have different axes: they cannot stand side by side")
    scale = replace(
        first.scale,
        low=min(picture.scale.low for picture in pictures),
        high=max(picture.scale.high for picture in pictures),
    )
    panels = [_from(panel, path) for path, picture in zip(paths, pictures, strict=True) for panel in picture.panels]
    titles = [f"{path.name}: {picture.title}" for path, picture in zip(paths, pictures, strict=True)]
    captions = [f"{path.name}: {' '.join(picture.caption)}" for path, picture in zip(paths, pictures, strict=True)]
    settings = {
        f"{path.name}: {name}": value
        for path, picture in zip(paths, pictures, strict=True)
        for name, value in picture.settings.items()
    }
    return Picture("; ".join(titles), tuple(captions), tuple(panels), scale, settings=settings)


def _axes(picture: Picture) -> tuple[str | None, ...]:
    surface = picture.panels[0].surface
    return surface.x.name, None if surface.y is None else surface.y.name


def _from(panel: Panel, path: Path) -> Panel:
    """The panel with the file that it comes from in its name."""
    return replace(panel, frames=tuple(replace(frame, name=f"{frame.name} ({path.name})") for frame in panel.frames))
