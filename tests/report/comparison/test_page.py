"""The page of a comparison: sound HTML, nothing from elsewhere, and points where the numbers are."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.report.browser import Chromium
from tests.report.comparison import made
from tests.report.devtools import browser

from lossaudit.comparison import Curve
from lossaudit.report.chart import linear, x_pixel
from lossaudit.report.comparison import forest, html, panels, study_html, words

PAGES = {
    "one": html.render(made.comparison(1, 1, 1)),
    "four": html.render(made.comparison(4, diverging=True)),
    "twelve": html.render(made.comparison(12, 3, 500)),
    "hostile": html.render(made.hostile()),
    "bare": html.render(replace(made.comparison(2), contestants=(), contrasts=(), measures=(), sentences=())),
    "study": study_html.render(made.study()),
}


class Sound(HTMLParser):
    """Complains of an element that is not closed, and notes what a page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_sound_and_asks_for_nothing(name: str) -> None:
    parser = Sound()
    parser.feed(PAGES[name])
    parser.close()
    assert parser.open == []
    assert parser.addresses == []
    assert not {"script", "img", "link", "iframe", "object"} & set(parser.seen)
    assert "default-src &#x27;none&#x27;" in PAGES[name]
    assert "script-src" not in PAGES[name]
    assert "NaN" not in PAGES[name]
    assert not re.search(r"\b(?:nan|inf)\b", PAGES[name])


def test_nothing_of_the_users_becomes_markup() -> None:
    assert "<script" not in PAGES["hostile"]
    assert "&lt;script&gt;alert(1)" in PAGES["hostile"]
    assert "\u202e" not in PAGES["hostile"]


def test_every_loss_is_in_every_part() -> None:
    for name in made.NAMES:
        assert len(re.findall(rf">{re.escape(name)}(?: \(reference\))?</", PAGES["twelve"])) >= 5, name


def test_a_partial_comparison_says_so_before_anything_is_said() -> None:
    page = html.render(replace(made.comparison(2), missing=3))
    assert page.index("Partial: 3 trials are not finished.") < page.index("nothing is decided")


def test_signs_stand_only_where_it_is_decided() -> None:
    comparison = made.comparison(4)
    decided = sum(each.better is not None for each in comparison.contrasts)
    signs = re.findall(r'aria-label="(?:better|worse)"', html.render(comparison))
    assert len(signs) == decided
    open_ = replace(comparison, contrasts=tuple(replace(each, better=None) for each in comparison.contrasts))
    assert "aria-label" not in html.render(open_)


def test_intervals_stand_on_the_axis_of_their_numbers() -> None:
    """The axis is linear, so that of three points on it the middle one divides their distance as the numbers do."""
    comparison = made.comparison(2)
    contrast = next(each for each in comparison.contrasts if each.measure == "nll")
    column = words.column_of(comparison, "nll")
    assert column is not None
    drawn = forest.plot(comparison, column)
    low, high = map(float, re.findall(r'class="interval" x1="([\d.]+)" x2="([\d.]+)"', drawn)[0])
    (zero,) = map(float, re.findall(r'class="mark" x1="([\d.]+)"', drawn))
    (point,) = map(float, re.findall(r'cx="([\d.]+)"', drawn))
    assert (point - zero) / (high - zero) == pytest.approx(contrast.difference / contrast.high, abs=0.01)
    assert (low - zero) / (high - zero) == pytest.approx(contrast.low / contrast.high, abs=0.01)


def test_a_diverged_run_is_marked_where_it_ends_and_the_mean_ends_with_it() -> None:
    whole = made.comparison(1, 2, 10)
    curves = (Curve(0, tuple(k / 10 for k in range(11))), Curve(1, (0.0, 0.1, 0.2, *[math.nan] * 8)))
    entrant = replace(whole.contestants[0], curves={"validation accuracy": curves})
    drawn = panels.curves(replace(whole, contestants=(entrant,)), "validation accuracy")
    across = linear("epoch", 0, 10)
    crosses = [float(x) + 4 for x in re.findall(r'class="cross" d="M([\d.]+)', drawn)]
    assert crosses == pytest.approx([x_pixel(across, 2, panels.FRAME)], abs=0.1)
    (mean,) = re.findall(r'class="line k1" d="([^"]+)"', drawn)
    assert float(mean.split("L")[-1].split()[0]) == pytest.approx(x_pixel(across, 2, panels.FRAME), abs=0.1)


def test_the_band_holds_the_mean() -> None:
    drawn = panels.curves(made.comparison(1, 5, 4), "training loss")
    (band,) = re.findall(r'class="band" d="M([^"]+)Z"', drawn)
    edge = [tuple(map(float, point.split())) for point in band.split("L")]
    (line,) = re.findall(r'class="line k1" d="M([^"]+)"', drawn)
    for x, y in (tuple(map(float, point.split())) for point in line.split("L")):
        ends = sorted(height for at, height in edge if at == x)
        assert ends[0] - 0.1 <= y <= ends[-1] + 0.1


def test_the_chosen_rate_is_marked_and_its_edge_warned_of() -> None:
    comparison = made.comparison(5)
    drawn = panels.rates(comparison)
    assert len(re.findall(r'class="mark"', drawn)) == 5
    assert drawn.count("the outermost that was tried") == 1
    assert drawn.count('class="cross"') == 1  # the rate at which both seeds of the first loss diverged


def test_losses_of_another_unit_are_not_drawn_over_each_other() -> None:
    comparison = made.comparison(3)
    assert "k2" in panels.curves(comparison, "validation accuracy")
    assert "k2" not in panels.curves(comparison, "training loss")


def test_a_picture_has_at_most_three_lines() -> None:
    assert study_html.render(made.study(lines=3)).count("<svg") == 1
    assert study_html.render(made.study(lines=9)).count("<svg") == 9


@pytest.mark.browser
def test_nothing_overflows_and_nothing_is_asked_for(chromium: Chromium, tmp_path: Path) -> None:
    with browser(chromium.program, tmp_path) as page:
        for name in ("four", "hostile", "study"):
            file = tmp_path / f"{name}.html"
            file.write_text(PAGES[name], encoding="utf-8")
            for width in (360, 800, 1200):
                page.open(file, width)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                assert page.complaints == []
                assert page.requests == [file.as_uri()]
