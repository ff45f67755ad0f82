"""A saved picture is the same picture when it is loaded, to the bit."""

from __future__ import annotations

import dataclasses
import math
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.report.landscape import made

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import (
    Coordinate,
    Curvature,
    Mark,
    MarkKind,
    Panel,
    Picture,
    Scale,
    Slider,
    Surface,
)
from lossaudit.landscape.store import load, save

TEXT = st.text(max_size=8)
FLOAT = st.floats()  # with NaN, infinite values and -0
LOSS = arrays.arrays(np.float64, (3, 4), elements=st.floats(width=64))
LINE = arrays.arrays(np.float64, (4,), elements=st.floats(width=64))
MARKS = st.builds(
    Mark, st.sampled_from(MarkKind), TEXT, arrays.arrays(np.float64, (2, 2), elements=FLOAT), st.none() | LINE
)
COORDINATES = st.builds(Coordinate, TEXT, LINE)
SURFACES = st.builds(
    Surface,
    TEXT,
    COORDINATES,
    st.none() | COORDINATES,
    LOSS,
    slope=st.none() | LOSS,
    curvature=st.none() | LOSS,
    curvature_by=st.none() | st.sampled_from(Curvature),
    rounding=FLOAT | LOSS,
    plateau=st.none() | arrays.arrays(np.bool_, (3, 4)),
    residual=st.none() | FLOAT,
    marks=st.lists(MARKS, max_size=2).map(tuple),
    notes=st.lists(TEXT, max_size=2).map(tuple),
)
SETTINGS = st.dictionaries(TEXT, TEXT | st.integers() | FLOAT | st.booleans() | st.none(), max_size=4)
DIRECTIONS = st.dictionaries(
    TEXT, arrays.arrays(st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), (2, 3)), max_size=4
)
PICTURES = st.builds(
    Picture,
    TEXT,
    st.lists(TEXT, max_size=2).map(tuple),
    st.lists(
        st.builds(Panel, st.lists(SURFACES, min_size=1, max_size=2).map(tuple), st.none() | st.builds(Slider, TEXT)),
        max_size=2,
    ).map(tuple),
    st.builds(Scale, TEXT, FLOAT, FLOAT, st.booleans()),
    DIRECTIONS,
    SETTINGS,
)


def same(a: object, b: object) -> bool:
    """Equal to the bit, in type and in value."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, each.name), getattr(b, each.name)) for each in dataclasses.fields(a))
    if isinstance(a, Mapping):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@settings(max_examples=25, deadline=None)
@given(PICTURES)
def test_a_picture_is_the_same_when_it_is_loaded(tmp_path_factory: pytest.TempPathFactory, picture: Picture) -> None:
    path = tmp_path_factory.mktemp("store") / "picture.npz"
    save(picture, path)
    assert same(load(path), picture)


def test_any_reader_of_npz_finds_the_arrays_by_name(tmp_path: Path) -> None:
    picture = dataclasses.replace(made.three(5), directions={"x/0.weight": np.ones(3), "y": np.zeros(2)})
    save(picture, tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz", allow_pickle=False) as held:
        assert np.array_equal(held["panels.0.frames.0.loss"], picture.panels[0].surface.loss)
        assert np.array_equal(held["directions.y"], np.zeros(2))
    assert list(tmp_path.iterdir()) == [tmp_path / "p.npz"]


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    assert "no such file" in refused(path)
    for content in (b"", b"<html>", b"PK\x03\x04 broken", b"\x93NUMPY"):
        path.write_bytes(content)
        assert "no picture" in refused(path)
    np.savez(path, a=np.ones(3))
    assert "no picture" in refused(path)
    np.savez(path, **{"picture.json": np.array('{"kind": "another", "version": 1}')})
    assert "no picture" in refused(path)
    np.save(tmp_path / "p.npy", np.ones(3))
    assert "no picture" in refused(tmp_path / "p.npy")
    refused(tmp_path)


def rewritten(path: Path, old: str, new: str) -> None:
    save(made.curves(), path)
    with np.load(path) as held:
        members = {name: held[name] for name in held.files}
    text = str(members["picture.json"])
    assert old in text
    np.savez(path, **{**members, "picture.json": np.array(text.replace(old, new))})


def test_a_later_format_and_a_damaged_picture_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    rewritten(path, '"version": 1', '"version": 2')
    assert "format 2" in refused(path)
    for old, new in (
        ('{"array": "panels.0.frames.0.loss"}', '{"array": "gone"}'),
        ('"Surface"', '"Path"'),
        ('{"Scale": {"name": "loss (nats)", ', '{"Scale": {'),
        ('{"Picture": ', '{"Panel": '),
    ):
        rewritten(path, old, new)
        refused(path)


def test_pickles_are_neither_written_nor_read(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    objects = np.array([{"a": 1}], dtype=object)
    with pytest.raises(UsageError, match="array of objects"):
        save(dataclasses.replace(made.curves(), directions={"bad": objects}), path)
    assert not path.exists()
    np.savez(path, **{"picture.json": objects})
    assert "no picture" in refused(path)


def test_a_file_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        save(made.curves(), tmp_path / "no" / "p.npz")


def test_the_file_is_a_compressed_archive(tmp_path: Path) -> None:
    save(made.three(21), tmp_path / "p.npz")
    with zipfile.ZipFile(tmp_path / "p.npz") as archive:
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_DEFLATED}
