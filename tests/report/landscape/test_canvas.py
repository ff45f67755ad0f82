"""The picture in a real browser without WebGL: drawn, pointed at, turned, moved by keys, printed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.report.devtools import Page
from tests.report.landscape import made
from tests.report.landscape.test_data import HOSTILE, hostile

from lossaudit.landscape.picture import Coordinate, Mark, MarkKind, Panel, Picture, Scale, Surface
from lossaudit.report import page as frame
from lossaudit.report.landscape.page import SCRIPT, STYLE, render, section

pytestmark = pytest.mark.browser

CANVAS = "[...document.querySelectorAll('canvas.land-{}')][{}].toDataURL()"


def load(tab: Page, folder: Path, text: str, width: int = 800, ratio: float = 1.0, scheme: str = "light") -> None:
    target = folder / "page.html"
    target.write_text(text, encoding="utf-8")
    tab.open(target, width, 900, ratio=ratio, prefers_color_scheme=scheme)


def drawn(tab: Page, kind: str, index: int = 0) -> str:
    return tab.evaluate(CANVAS.format(kind, index))


def point(tab: Page, kind: str, x: float, y: float, index: int = 0) -> None:
    """Move the pointer to a share of the width and height of a canvas."""
    box = tab.box(f".land-{kind}", index)
    tab.mouse("mouseMoved", box["x"] + x * box["width"], box["y"] + y * box["height"])
    tab.settle()


def focus(tab: Page, selector: str) -> None:
    tab.evaluate(f"document.querySelector({selector!r}).focus()")


def figures(text: str) -> dict[str, float]:
    """The numbers of a read-out by their names."""
    plain = text.replace("\u2212", "-")
    return {name: float(value) for name, value in re.findall(r"(\w+) =? ?(-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)", plain)}


def of(form, z1: float, z2: float) -> float:
    e = np.exp([z1, z2, 0.0])
    return float(form((e / e.sum())[:, None])[0])


def test_a_report_is_small_and_silent_and_drawn_without_webgl(tab: Page, tmp_path: Path) -> None:
    text = frame.render("both", section(made.three()), section(made.curves()), style=STYLE, script=SCRIPT)
    assert len(text.encode()) <= 300_000
    load(tab, tmp_path, text)
    assert tab.evaluate("document.createElement('canvas').getContext('webgl')") is None
    assert tab.evaluate("document.documentElement.dataset.pictures") == "2"
    assert float(tab.evaluate("document.documentElement.dataset.drawn")) > 0
    painted = "[...document.querySelectorAll('canvas')].map(c => c.toDataURL().length)"
    assert min(tab.evaluate(painted)) > 200
    assert len(tab.evaluate(painted)) >= 7
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:image/png;base64,")] == [
        (tmp_path / "page.html").as_uri()
    ]


def test_a_script_that_got_in_does_not_run(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three(9)).replace("</main>", "<script>document.title = 'taken over'</script>"))
    assert tab.evaluate("document.title") != "taken over"
    assert any("Content Security Policy" in line for line in tab.complaints)


@pytest.mark.parametrize("kind", ["map", "solid"])
def test_hover_shows_the_same_point_in_all_panels(tab: Page, tmp_path: Path, kind: str) -> None:
    load(tab, tmp_path, render(made.three()))
    assert all("Point at the picture" in each for each in tab.text(".land-read"))
    before = [drawn(tab, each, 2) for each in ("map", "solid")]
    point(tab, kind, 0.45, 0.5)
    reads = [figures(each) for each in tab.text(".land-read")]
    assert len(reads) == 3
    assert len({(read["z1"], read["z2"]) for read in reads}) == 1
    for read, form in zip(reads, made.FORMS.values(), strict=True):
        assert read["loss"] == pytest.approx(of(form, read["z1"], read["z2"]), rel=1e-3)
    p = np.exp([reads[0]["z1"], reads[0]["z2"], 0.0])
    p /= p.sum()
    assert reads[0]["norm"] == pytest.approx(np.hypot(p[0] - 1, p[1]), rel=1e-3)
    assert all("curvature" in each for each in tab.text(".land-read"))
    assert all(drawn(tab, each, 2) != was for each, was in zip(("map", "solid"), before, strict=True))
    tab.mouse("mouseMoved", 1, 1)
    tab.settle()
    assert [drawn(tab, each, 2) for each in ("map", "solid")] == before


def test_dragging_and_keys_turn_all_surfaces_and_reset_brings_them_back(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three(21)))
    start = [drawn(tab, "solid", k) for k in range(3)]
    maps = drawn(tab, "map")
    box = tab.box(".land-solid", 1)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.drag((x, y), (x + 60, y + 10))
    tab.mouse("mouseMoved", 1, 1)
    tab.settle()
    turned = [drawn(tab, "solid", k) for k in range(3)]
    assert all(a != b for a, b in zip(start, turned, strict=True))
    assert drawn(tab, "map") == maps
    focus(tab, ".land-solid")
    tab.key("ArrowLeft", shift=True)
    tab.settle()
    assert drawn(tab, "solid") != turned[0]
    tab.mouse("mouseWheel", x, y, deltaX=0, deltaY=-200)
    tab.settle()
    tab.evaluate("document.querySelector('[aria-label=\"reset the view\"]').click()")
    tab.mouse("mouseMoved", 1, 1)
    tab.settle()
    assert [drawn(tab, "solid", k) for k in range(3)] == start


def test_two_fingers_zoom(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three(9)), width=400)
    inked = (
        "(() => { const c = document.querySelector('.land-solid'), d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; let n = 0; for (let k = 3; k < d.length; k += 4) n += d[k] > 0;"
        " return n; })()"
    )
    box = tab.box(".land-solid")
    before = tab.evaluate(inked)
    tab.pinch((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), 60, 120)
    assert tab.evaluate(inked) > 1.3 * before


def test_keys_move_the_point_and_say_where_it_is(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three()))
    focus(tab, ".land-map")
    tab.key("Home")
    [said] = tab.text("[role=status]")
    assert figures(said)["z1"] == figures(said)["z2"] == 0
    assert "loss 1.099" in said  # log 3, the cross-entropy of uniform probabilities
    for name, moved in (
        ("ArrowRight", (0.4, 0)),
        ("ArrowUp", (0.4, 0.4)),
        ("ArrowLeft", (0, 0.4)),
        ("ArrowDown", (0, 0)),
    ):
        tab.key(name)
        said = figures(tab.text("[role=status]")[0])
        assert (said["z1"], said["z2"]) == moved
    for _ in range(2):
        tab.key("Tab")
    assert tab.evaluate("document.activeElement.className") == "land-map"
    assert "mean squared error" in tab.evaluate("document.activeElement.getAttribute('aria-label')")


def test_a_slider_moves_a_panel_through_its_frames(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.sliding(21)))
    assert tab.text("output") == ["2"]
    focus(tab, ".land-map")
    tab.key("Home")
    tab.key("ArrowLeft")
    before = drawn(tab, "solid"), drawn(tab, "map")
    focus(tab, "input[type=range]")
    tab.key("ArrowRight")
    assert tab.text("output") == ["3"]
    assert drawn(tab, "solid") != before[0]
    assert drawn(tab, "map") != before[1]
    read = figures(tab.text(".land-read")[0])
    assert read["loss"] == pytest.approx(of(made.focal(3.0), read["z1"], read["z2"]), rel=1e-3)
    [slider] = [each for each in tab.tree() if each["role"] == "slider"]
    assert slider["name"] == "focal gamma, focal loss"


def test_overlays_are_switched(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three(21)))
    for kind in ("negative", "plateau", "witness", "centre", "arrows"):
        button = f"document.querySelector('[data-overlay={kind}]')"
        before, state = drawn(tab, "map", 1), tab.evaluate(f"{button}.getAttribute('aria-pressed')")
        assert state == "true"
        tab.evaluate(f"{button}.click()")
        assert drawn(tab, "map", 1) != before, kind
        assert tab.evaluate(f"{button}.getAttribute('aria-pressed')") != state
        tab.evaluate(f"{button}.click()")
        assert drawn(tab, "map", 1) == before


@pytest.mark.parametrize(
    "text", [render(made.three(21)), render(made.curves()), render(made.sliding(9)), render(hostile())]
)
def test_a_phone_shows_it_sharply_without_overflow(tab: Page, tmp_path: Path, text: str) -> None:
    load(tab, tmp_path, text, width=360, ratio=2.0)
    assert tab.evaluate("innerWidth") == 360
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = tab.evaluate("[...document.querySelectorAll('.land-live canvas')].map(c => [c.width, c.clientWidth])")
    assert all(pixels == round(2 * given) and 0 < given <= 360 for pixels, given in sizes)
    tab.resize(900, 700, 1.0)
    tab.settle()
    tab.settle()
    sizes = tab.evaluate("[...document.querySelectorAll('.land-live canvas')].map(c => [c.width, c.clientWidth])")
    assert all(pixels == given for pixels, given in sizes)


def test_dark_and_light_and_paper(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three(9)))
    light = drawn(tab, "map"), drawn(tab, "scale")
    tab.emulate(prefers_color_scheme="dark")
    assert all(a != b for a, b in zip(light, (drawn(tab, "map"), drawn(tab, "scale")), strict=True))
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    shown = "['.land-live', '.land-static'].map(s => getComputedStyle(document.querySelector(s)).display != 'none')"
    assert tab.evaluate(shown) == [True, False]
    tab.emulate("print", prefers_color_scheme="light")
    assert tab.evaluate(shown) == [False, True]
    assert tab.evaluate("document.querySelectorAll('.land-static svg').length") >= 3
    tab.emulate(prefers_color_scheme="light")
    tab.settle()
    assert (drawn(tab, "map"), drawn(tab, "scale")) == light


def test_without_scripts_the_static_form_shows(tab: Page, tmp_path: Path) -> None:
    with tab.scripts_off():
        load(tab, tmp_path, render(made.three(9)))
        boxes = [tab.box(".land-static svg", k) for k in range(3)]
        assert all(box["width"] > 100 and box["height"] > 100 for box in boxes)
        assert tab.evaluate("document.querySelectorAll('canvas').length") == 0


def test_hostile_text_stays_text(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(hostile()))
    assert tab.evaluate("document.querySelectorAll('script').length") == 2
    assert "taken over" in tab.evaluate("document.title")  # the title says it, as text
    assert tab.evaluate("document.title").startswith("lossaudit: </script>")
    readable = HOSTILE.replace("\u2028", "\\u2028").replace("\u202e", "\\u202e")
    assert tab.text("figcaption")[-1] == readable
    focus(tab, ".land-map")
    tab.key("Home")
    assert "taken over" in tab.text("[role=status]")[0]
    tab.evaluate("document.querySelector('summary').click()")
    tab.settle()
    assert readable in tab.text("caption")[0]
    assert tab.complaints == []


def test_a_screen_reader_hears_titles_and_figures(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three()))
    tree = tab.tree()
    canvases = [each["name"] for each in tree if each["role"] == "application"]
    assert len(canvases) == 6
    assert canvases[0].startswith("3-D surface. Cross-entropy is a bowl;")
    assert canvases[1].startswith("contour map.")
    assert all("loss (nats): from" in name and "Arrow keys" in name for name in canvases)
    share = 100 * made.three().panels[1].surface.negative.mean()
    assert f"negative curvature at {round(share, 1):g} % of the nodes" in canvases[2]
    buttons = {each["name"] for each in tree if each["role"] in {"button", "togglebutton", "ToggleButton"}}
    assert {"negative curvature", "plateau", "zoom in", "reset the view"} <= buttons
    [scale] = [each["name"] for each in tree if (each["name"] or "").startswith("Colour scale")]
    assert scale == "Colour scale, loss (nats), from 0 to 8"
    tab.evaluate("document.querySelector('summary').click()")
    tab.settle()
    rows = tab.evaluate(
        "[...document.querySelectorAll('table')[0].rows].map(r => [...r.cells].map(c => c.textContent))"
    )
    across, up = rows[0][1:], [row[0] for row in rows[1:]]
    assert (across[0], across[-1], up[0], up[-1]) == ("\u22128", "8", "8", "\u22128")
    assert float(rows[1][-1]) == pytest.approx(np.log(2 + np.exp(-8)), rel=1e-3)  # both logits 8


def test_arrows_point_downhill(tab: Page, tmp_path: Path) -> None:
    """A slope that rises to the right: the head of the middle arrow, where it is widest, is at its left end."""
    ticks = np.linspace(0, 1, 3)
    loss = np.tile(ticks, (3, 1))
    arrows = np.stack([np.ones((3, 3)), np.zeros((3, 3))], -1)
    surface = Surface("slope", Coordinate("a", ticks), Coordinate("b", ticks), loss, arrows=arrows)
    load(tab, tmp_path, render(Picture("A slope", (), (Panel((surface,)),), Scale("loss", 0.0, 1.0))))
    pixels = (
        "(() => { const c = document.querySelector('.land-map');"
        " const [w, h] = [c.width, c.height].map(n => Math.round(n / 5));"
        " return [w, ...new Uint32Array(c.getContext('2d').getImageData(2 * w, 2 * h, w, h).data.buffer)]; })()"
    )
    images: list[np.ndarray] = []
    for _ in range(2):
        width, *flat = tab.evaluate(pixels)
        images.append(np.array(flat).reshape(-1, width))
        tab.evaluate("document.querySelector('[data-overlay=arrows]').click()")
    heights = (images[0] != images[1]).sum(0)
    assert heights.argmax() < np.flatnonzero(heights).mean()


def test_the_cut_says_how_far_the_midpoint_is_above_the_chord(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.three(9)))
    cut = "document.querySelector('canvas.land-cut')"
    said = tab.evaluate(f"{cut}.getAttribute('aria-label')")
    assert said == "Cut along the witness: loss 0.5 at the midpoint, 0.4 on the chord between 0.6 and 0.2."
    tab.evaluate("document.querySelector('[data-overlay=witness]').click()")
    assert tab.evaluate(f"getComputedStyle({cut}).visibility") == "hidden"


def gaps() -> Picture:
    """A bowl with a hole, infinite beyond a wall, interpolated at one node."""
    ticks = np.linspace(-1, 1, 21)
    a, b = np.meshgrid(ticks, ticks)
    loss = a**2 + b**2
    loss[(abs(a) < 0.25) & (abs(b) < 0.25)] = np.nan
    loss[a > 0.75] = np.inf
    computed = np.ones(loss.shape, bool)
    computed[0, 0] = False
    band = Mark(
        MarkKind.PATH, "path", np.array([[-0.8, -0.8], [-0.5, 0.0]]), np.array([1.5, 0.3]), np.array([0.0, 2.5])
    )
    surface = Surface(
        "bowl", Coordinate("a", ticks), Coordinate("b", ticks), loss, computed=computed, marks=(band,), residual=0.01
    )
    return Picture("A hole and a wall", (), (Panel((surface,)),), Scale("loss", 0.0, 2.0))


def test_what_is_no_number_is_not_drawn_and_infinity_is_clipped(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(gaps()))
    assert "infinite" in tab.text(".land-legend")[0]
    assert "not a number" in tab.text(".land-legend")[0]
    focus(tab, ".land-map")
    tab.key("Home")
    assert "loss not a number" in tab.text(".land-read")[0]
    for _ in range(9):
        tab.key("ArrowRight")
    assert "loss infinite" in tab.text(".land-read")[0]
    grey = tab.evaluate(
        "(() => { const c = document.querySelector('.land-map'), g = c.getContext('2d');"
        " const d = g.getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let k = 0; k < d.length; k += 4) n += d[k] == 212 && d[k + 1] == 214 && d[k + 2] == 218; return n; })()"
    )
    assert grey > 500  # the hole has a colour that is none of the scale
    assert tab.complaints == []


def test_the_read_out_says_what_was_interpolated_and_what_a_path_really_did(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(gaps()))
    focus(tab, ".land-map")
    tab.key("Home")
    for _ in range(10):
        tab.key("ArrowLeft")
        tab.key("ArrowDown")
    assert "interpolated" in tab.text(".land-read")[0]
    for _ in range(5):
        tab.key("ArrowRight")
    for _ in range(10):
        tab.key("ArrowUp")
    read = tab.text(".land-read")[0]
    assert "interpolated" not in read
    assert "true loss 0.3, 2.5 away from the plane" in read


def test_curves_are_read_together(tab: Page, tmp_path: Path) -> None:
    load(tab, tmp_path, render(made.curves()))
    point(tab, "lines", 0.4, 0.5)
    [place] = tab.text(".land-at")
    gap = figures(place)["logit"]
    e = np.exp([0.0, gap, 0.0])
    p = (e / e.sum())[:, None]
    forms = [*made.FORMS.values(), made.focal(2.0), made.focal(5.0)]
    for text, form in zip(tab.text(".land-list span"), forms, strict=True):
        assert figures(text)["loss"] == pytest.approx(float(form(p)[0]), rel=1e-3)
    focus(tab, ".land-lines")
    tab.key("ArrowRight")
    assert figures(tab.text(".land-at")[0])["logit"] == pytest.approx(gap + 0.2)
    assert "squared error" in tab.text("[role=status]")[0]


def test_a_log_scale_and_a_band(tab: Page, tmp_path: Path) -> None:
    t = np.linspace(-4, 4, 33)
    curve = Surface("power", Coordinate("t", t), None, 10.0**t, band=10.0**t / 4)
    wide = replace(curve, name="zero and infinite", loss=np.where(t < 0, 0.0, np.inf), band=None)
    picture = Picture("A power is a line", (), (Panel((curve,)), Panel((wide,))), Scale("loss", 1e-4, 1e4, log=True))
    load(tab, tmp_path, render(picture))
    before = drawn(tab, "lines")
    focus(tab, ".land-lines")
    tab.key("Home")
    assert figures(tab.text(".land-list span")[0])["loss"] == 1
    assert "loss 1 \u00b1 0.25" in tab.text(".land-list span")[0]
    assert "loss infinite" in tab.text(".land-list span")[1]
    tab.evaluate("document.querySelector('[data-overlay=band]').click()")
    tab.key("Escape")
    assert drawn(tab, "lines") != before
    assert tab.complaints == []
