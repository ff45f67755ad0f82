"""What `lossaudit.draw` returns."""

from __future__ import annotations

import html
import io
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.report.landscape.made import curves, sliding, three
from tests.report.landscape.odd import holes

from lossaudit.errors import UsageError
from lossaudit.landscape import store
from lossaudit.report.picture import ShownPicture


def test_its_parts() -> None:
    shown = ShownPicture(sliding(11))
    assert shown.title == shown.picture.title
    assert [surface.value for surface in shown.surfaces] == [0.0, 0.5, 1.0, 2.0, 3.0, 5.0]
    assert str(shown) == repr(shown)
    assert shown.title in str(shown)


def test_a_terminal_of_ascii_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "█" in str(ShownPicture(three(11)))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert str(ShownPicture(three(11))).isascii()


def test_a_notebook_shows_the_page_once() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    shown = ShownPicture(curves())
    frame = formatters.HTMLFormatter()(shown)
    assert frame.count("<iframe") == 1
    assert "allow-scripts" in frame
    assert "allow-same-origin" not in frame
    (page,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(page) == shown.to_html()


def test_json_keeps_every_number_and_says_what_is_none() -> None:
    picture = holes()
    read = json.loads(ShownPicture(picture).to_json())
    assert read["title"] == "Holes"
    loss = read["panels"][0]["frames"][0]["loss"]
    assert loss[5][12] is None
    assert loss[0][0] == "inf"
    assert loss[15][3] == "-inf"
    back = np.array([[np.nan if v is None else float(v) for v in row] for row in loss])
    np.testing.assert_array_equal(back, picture.panels[0].surface.loss)


@pytest.mark.parametrize("suffix", [".html", ".svg", ".png", ".npz", ".json", ".PNG"])
def test_the_ending_says_what_is_written(tmp_path: Path, suffix: str) -> None:
    if suffix.lower() in (".svg", ".png"):
        pytest.importorskip("matplotlib")
    target = tmp_path / f"picture{suffix}"
    target.write_text("old")
    ShownPicture(curves()).save(target)
    starts = {".html": b"<!doctype html>", ".svg": b"<?xml", ".png": b"\x89PNG", ".npz": b"PK", ".json": b"{"}
    assert target.read_bytes().startswith(starts[suffix.lower()])
    assert os.listdir(tmp_path) == [target.name]


def test_arrays_come_back(tmp_path: Path) -> None:
    target = tmp_path / "picture.npz"
    ShownPicture(holes()).save(str(target))
    read = store.load(target)
    for panel, known in zip(read.panels, holes().panels, strict=True):
        np.testing.assert_array_equal(panel.surface.loss, known.surface.loss)


@pytest.mark.parametrize("name", ["picture", "picture.jpg", "", ".png", "picture.html.gz"])
def test_other_endings_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"let it end in \.html, \.png, \.svg, \.npz, \.json") as caught:
        ShownPicture(curves()).save(tmp_path / name if name else "")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "folder.json"
    folder.mkdir()
    for target in (tmp_path / "no such folder" / "picture.json", folder):
        with pytest.raises(UsageError, match=r"^cannot write .*; choose another place$"):
            ShownPicture(curves()).save(target)
    assert os.listdir(tmp_path) == [folder.name]


def test_the_old_file_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "picture.json"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        ShownPicture(curves()).save(target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == [target.name]


def test_svg_text_needs_no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert ShownPicture(three(11)).to_svg().startswith("<svg")
