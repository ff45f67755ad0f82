"""A picture as a file: NumPy's .npz, without pickle, so that opening one runs no code."""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Coordinate, Curvature, Mark, MarkKind, Panel, Picture, Scale, Slider, Surface

VERSION = 1
KIND = "lossaudit picture"
TYPES: Mapping[str, Any] = {
    each.__name__: each for each in (Coordinate, Curvature, Mark, MarkKind, Panel, Picture, Scale, Slider, Surface)
}


def save(picture: Picture, path: Path) -> None:
    """Write a picture with all its arrays, directions, settings and sentences; floats are kept to the bit.

    The file has one member for each array, named by where it stands (`panels.0.frames.0.loss`, `directions.x`), and
    `picture.json` for the rest. A file that is there is replaced at once.

    Raises:
        UsageError: The file cannot be written, or an array holds objects.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    described = _described(picture, "", arrays)
    document = json.dumps({"kind": KIND, "version": VERSION, "picture": described})
    members: dict[str, Any] = {"picture.json": np.array(document), **arrays}
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("wb") as file:
            np.savez_compressed(file, **members)
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


def load(path: Path) -> Picture:
    """The picture of a file that `save` has written.

    Raises:
        UsageError: There is no such file, it is no picture, or a later version has written it.
    """
    arrays = archive(path)
    if arrays is None:
        raise _no_picture(path)
    try:
        document = json.loads(str(arrays["picture.json"]))
        kind, version = document["kind"], document["version"]
    except (KeyError, TypeError, ValueError) as error:
        raise _no_picture(path) from error
    if kind != KIND:
        raise _no_picture(path)
    if version != VERSION:
        raise UsageError(f"{path}: written in format {version}, and this lossaudit reads format {VERSION}")
    try:
        picture = _made(document["picture"], arrays)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise UsageError(f"{path}: this picture is damaged: {type(error).__name__}: {error}") from error
    if not isinstance(picture, Picture):
        raise _no_picture(path)
    return picture


def archive(path: Path) -> dict[str, NDArray[np.generic]] | None:
    """The arrays of an .npz file, read without pickle; None where it is none.

    Raises:
        UsageError: There is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            held = np.load(file, allow_pickle=False)
            return {name: held[name] for name in held.files} if isinstance(held, np.lib.npyio.NpzFile) else None
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def _no_picture(path: Path) -> UsageError:
    return UsageError(f"{path}: this is no picture that lossaudit has saved")


def _described(value: Any, where: str, arrays: dict[str, NDArray[np.generic]]) -> Any:
    """As JSON; arrays go into `arrays`, and their names stand in their place."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise UsageError(f"{where}: an array of objects cannot be saved; numbers, truth values and text can")
        name = where
        while name in arrays:
            name += "_"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, StrEnum):
        return {type(value).__name__: value.value}
    if is_dataclass(value):
        content = {each.name: getattr(value, each.name) for each in fields(value)}
        return {type(value).__name__: {k: _described(v, _below(where, k), arrays) for k, v in content.items()}}
    if isinstance(value, Mapping):
        entries = [
            [key, _described(each, _below(where, key if re.fullmatch(r"[\w.-]+", key, re.ASCII) else str(i)), arrays)]
            for i, (key, each) in enumerate(value.items())
        ]
        return {"mapping": entries}
    if isinstance(value, tuple):
        return [_described(each, _below(where, str(i)), arrays) for i, each in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _made(value: Any, arrays: Mapping[str, NDArray[np.generic]]) -> Any:
    """What `_described` has described."""
    if isinstance(value, list):
        return tuple(_made(each, arrays) for each in value)
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "mapping":
        return {key: _made(each, arrays) for key, each in content}
    if isinstance(content, str):
        return TYPES[kind](content)
    return TYPES[kind](**{name: _made(each, arrays) for name, each in content.items()})
