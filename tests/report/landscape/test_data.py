"""What a page is given of a picture: values to four digits, signs and gaps as they are, nodes where they are."""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report import samples
from tests.report.landscape import made

from lossaudit.landscape.picture import Coordinate, Mark, MarkKind, Panel, Picture, Scale, Surface
from lossaudit.report import html, page
from lossaudit.report.frame import framed
from lossaudit.report.landscape import data
from lossaudit.report.landscape.page import SCRIPT, STYLE, render, section


def decoded(text: str) -> list[float]:
    """As IEEE 754 has it: three upper bytes of a float32, the lowest one zero."""
    raw = b64decode(text)
    return [struct.unpack(">f", raw[k : k + 3] + b"\0")[0] for k in range(0, len(raw), 3)]


def read(picture: Picture) -> dict:
    return json.loads(data.text(picture))


@given(st.floats(min_value=2.0**-126, max_value=3e38), st.booleans())
def test_a_value_keeps_four_digits_and_its_sign(size: float, negative: bool) -> None:
    value = -size if negative else size
    [got] = decoded(data.floats(np.array([value])))
    assert abs(got - value) <= size * 2.0**-16


@pytest.mark.parametrize("value", [1e300, 3.4028235e38, 1e-60, 5e-324, 1e-40])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_value_becomes_zero_or_infinite(value: float, sign: int) -> None:
    [got] = decoded(data.floats(np.array([sign * value])))
    assert np.isfinite(got)
    assert got * sign > 0


def test_zero_and_what_is_no_number_stay_what_they_are() -> None:
    zero, infinite, least, gap = decoded(data.floats(np.array([0.0, np.inf, -np.inf, np.nan])))
    assert (zero, infinite, least) == (0, np.inf, -np.inf)
    assert np.isnan(gap)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_bits_in_their_order(values: list[bool]) -> None:
    raw = b64decode(data.bits(np.array(values)))
    assert [bool(raw[k // 8] >> (7 - k % 8) & 1) for k in range(len(values))] == values


def test_nodes_are_left_out_but_neither_moved_nor_averaged() -> None:
    full = made.surface("mse", made.FORMS["mean squared error on softmax"], 201)
    picture = Picture("one", (), (Panel((full,)),), Scale("loss", 0, 8))
    [shown] = read(picture)["panels"][0]["frames"]
    size = shown["x"]["count"]
    assert size == shown["y"]["count"] == data.LARGEST
    loss = np.array(decoded(shown["loss"])).reshape(size, size)
    xs = np.array(shown["x"]["values"])
    assert {0.0, -8.0, 8.0} <= set(xs)  # the centre and both ends
    columns = [int(np.flatnonzero(full.x.values == x)[0]) for x in xs]
    assert np.allclose(loss, full.loss[np.ix_(columns, columns)], rtol=2.0**-16, atol=0)
    negative = np.unpackbits(np.frombuffer(b64decode(shown["negative"]), np.uint8))[: size * size]
    assert (negative.reshape(size, size) == full.negative[np.ix_(columns, columns)]).all()
    assert "81 x 81 of the 201 x 201 nodes" in render(picture)
    assert "nodes; the .npz" not in render(made.three())


def test_many_frames_stay_small() -> None:
    assert len(data.text(made.sliding(201))) < 200_000


def test_the_midpoint_of_a_witness_stands_between_its_ends() -> None:
    points = np.array([[0.0, 0.0], [4.0, 2.0], [2.0, 1.0]])
    for order in ([0, 1, 2], [2, 0, 1], [0, 2, 1]):
        mark = Mark(MarkKind.WITNESS, "w", points[order], np.array([1.0, 3.0, 9.0])[order])
        surface = replace(made.surface("s", made.FORMS["zero-one loss"], 5), marks=(mark,))
        [shown] = read(Picture("t", (), (Panel((surface,)),), Scale("l", 0, 1)))["panels"][0]["frames"]
        assert shown["marks"][0]["points"][1] == [2, 1]
        assert shown["marks"][0]["loss"][1] == 9


def test_a_curvature_within_rounding_has_no_sign() -> None:
    x = Coordinate("x", np.array([0.0, 1.0, 2.0, 3.0]))
    bent = np.array([-1e-3, -1e-9, 1e-9, np.nan])
    curve = Surface("c", x, None, np.zeros(4), curvature=bent, rounding=np.full(4, 1e-6))
    [shown] = read(Picture("t", (), (Panel((curve,)),), Scale("l", 0, 1)))["panels"][0]["frames"]
    assert [b64decode(shown[name])[0] >> 4 for name in ("negative", "signless")] == [0b1000, 0b0110]


HOSTILE = "</script><script>document.title = 'taken over'</script><!-- \u2028 \" ' & \u202e"


def hostile() -> Picture:
    """Text that would end an element, a string or a line, wherever a picture has text."""
    surface = made.surface(HOSTILE, made.FORMS["mean squared error on softmax"], 9)
    marks = tuple(replace(mark, label=HOSTILE) for mark in surface.marks)
    axes = (replace(surface.x, name=HOSTILE), replace(surface.y, name=HOSTILE))
    surface = replace(surface, x=axes[0], y=axes[1], marks=marks, notes=(HOSTILE,), value=1.0)
    slider = replace(made.sliding(9).panels[0].slider, name=HOSTILE, start=0)
    return Picture(HOSTILE, (HOSTILE,), (Panel((surface, surface), slider),), Scale(HOSTILE, 0, 1))


class Scripts(HTMLParser):
    """The scripts of a page as a parser sees them, by their type."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str | None, str]] = []
        self.policy = ""
        self._type: tuple[str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag == "script":
            self.found.append((given.get("type"), ""))

    def handle_data(self, text: str) -> None:
        if self.cdata_elem == "script":
            kind, before = self.found[-1]
            self.found[-1] = (kind, before + text)


@pytest.mark.parametrize("picture", [made.three(9), made.curves(), hostile()])
def test_the_policy_names_the_only_script(picture: Picture) -> None:
    parsed = Scripts(render(picture))
    [script] = [text for kind, text in parsed.found if kind is None]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in parsed.policy
    assert parsed.policy.startswith("default-src 'none';")
    assert [kind for kind, _ in parsed.found] == ["application/json", None]
    assert "eval" not in script
    assert "innerHTML" not in script


def test_text_reaches_the_page_as_it_is() -> None:
    [(_, text), _] = Scripts(render(hostile())).found
    [panel] = json.loads(text)["panels"]
    assert panel["frames"][0]["name"] == HOSTILE.replace("\u2028", "\\u2028").replace("\u202e", "\\u202e")
    assert "<" not in text


def test_pages_without_pictures_have_no_script() -> None:
    parsed = Scripts(html.render(samples.demo()))
    assert parsed.found == []
    assert "script-src" not in parsed.policy


def test_several_pictures_share_the_script() -> None:
    text = page.render("two", section(made.three(9)), section(made.curves()), style=STYLE, script=SCRIPT)
    assert [kind for kind, _ in Scripts(text).found] == ["application/json", "application/json", None]


def test_a_frame_runs_scripts_only_where_it_is_told_to() -> None:
    assert 'sandbox=""' in framed("<p>")
    assert 'sandbox="allow-scripts"' in framed("<p>", scripts=True)
