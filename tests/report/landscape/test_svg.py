"""The static form of pages."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.report.browser import Chromium
from tests.report.landscape.made import curves, sliding, three
from tests.report.landscape.odd import ALL, HOSTILE, field, holes, hostile, marked_curves, simplex

from lossaudit.landscape.picture import Coordinate, Panel, Picture, Scale, Surface
from lossaudit.report.landscape.svg import svg, svg_file

EVERY = {"three": three, "curves": curves, "sliding": sliding, **ALL}
SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(svg_file(picture))


def texts(picture: Picture) -> list[str]:
    return [each.text or "" for each in parsed(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", EVERY)
def test_every_picture_is_well_formed_and_refers_to_nothing_outside(name: str) -> None:
    root = parsed(EVERY[name]())
    assert not list(root.iter(f"{SVG}script"))
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    document = svg_file(EVERY[name]())
    assert set(re.findall(r"url\(#(\w+)\)", document)) <= set(ids)
    assert all(each.startswith("data:image/png;base64,") for each in re.findall(r'href="([^"]*)"', document))
    assert not re.search(
        r"NaN|nan\b|Infinity|\binf\b", re.sub(r"base64,[^\"]*", "", re.sub(r">[^<]*<", "><", document))
    )


def test_three_surfaces_and_five_curves_stay_under_100_kb() -> None:
    assert len(svg(three())) + len(svg(curves())) <= 100_000


def test_a_surface_of_any_size_stays_small() -> None:
    picture = three(301)
    assert len(svg(replace(picture, panels=picture.panels[1:2]))) < 50_000


def test_patterns_of_two_pictures_in_one_page_do_not_meet() -> None:
    first, second = (set(re.findall(r'id="(\w+)"', svg(picture))) for picture in (three(), holes()))
    assert first
    assert not first & second


def test_hostile_text_stays_text_and_whole() -> None:
    document = svg_file(hostile())
    assert "<script" not in document
    assert parsed(hostile()).find(f"{SVG}title").text == HOSTILE


def test_names_of_axes_scale_panels_and_marks_are_there() -> None:
    said = texts(three())
    for name in ("z1, logit of the true class (nats)", "z2, logit of class 2 (nats)"):
        assert said.count(name) == 3
    for name in ("loss (nats)", "zero-one loss", "witness", "uniform logits"):
        assert name in said


def test_every_panel_has_a_name_and_words_for_a_screen_reader() -> None:
    root = ElementTree.fromstring(svg(three()))
    panels = [each for each in root.iter("svg") if each.get("role") == "img"]
    assert [each.findtext("title") for each in panels] == [panel.surface.name for panel in three().panels]
    assert all("negative curvature: " in (each.findtext("desc") or "") for each in panels)


def test_overlays_are_explained_only_where_they_are() -> None:
    assert "negative curvature, by second differences" in " ".join(texts(three()))
    assert "not a number" not in texts(three())
    assert "not a number" in texts(holes())
    assert not any(said.startswith("negative curvature") for said in texts(simplex()))


def test_values_beyond_the_scale_are_said() -> None:
    assert "Values above 8 have the colour of that end." in texts(three())
    line = Coordinate("x", np.linspace(0, 1, 3))
    calm = Picture("calm", (), (Panel((Surface("calm", line, line, np.eye(3)),)),), Scale("loss", 0.0, 1.0))
    assert not any(said.startswith("Values") for said in texts(calm))


def test_the_slider_is_at_its_first_frame() -> None:
    assert "focal loss, focal gamma = 2" in texts(sliding())


def test_a_simplex_names_its_corners() -> None:
    assert {"class 0", "class 1", "class 2"} <= set(texts(simplex()))


def test_arrows_only_in_a_field() -> None:
    assert any(said.startswith("gradient, uphill") for said in texts(field()))
    assert not any(said.startswith("gradient, uphill") for said in texts(three()))


def test_a_gap_of_a_curve_is_a_gap() -> None:
    root = parsed(marked_curves())
    lines = [each.get("d") for each in root.iter(f"{SVG}path") if "ls-line" in each.get("class", "") and each.get("d")]
    assert sorted(d.count("M") for d in lines)[-1] == 2
    assert "A gap: not a finite number." in texts(marked_curves())


def test_five_curves_have_five_looks() -> None:
    root = parsed(curves())
    shown = {each.get("class") for each in root.iter(f"{SVG}path") if "ls-line" in each.get("class", "")}
    assert len(shown) == 5


def test_without_contourpy_there_are_no_isolines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'class="ls-iso"' in svg(three())
    monkeypatch.setitem(sys.modules, "contourpy", None)
    assert 'class="ls-iso"' not in svg(three())


def test_a_label_that_several_curves_have_stands_once() -> None:
    picture = marked_curves()
    bent = picture.panels[0]
    twice = replace(picture, panels=(bent, bent))
    assert texts(twice).count("witness") == 1


@pytest.mark.browser
def test_a_browser_has_nothing_to_complain_of(chromium: Chromium, tmp_path: Path) -> None:
    page = tmp_path / "three.svg"
    page.write_text(svg_file(three()), encoding="utf-8")
    shot, console = chromium.screenshot(page, 1080, 600)
    assert console == []
    assert shot.stat().st_size > 20_000  # a blank page is far smaller
