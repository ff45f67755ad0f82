"""Files for papers."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.report.landscape.made import curves, three
from tests.report.landscape.odd import ALL, HOSTILE, hostile

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Coordinate, Panel, Picture, Scale, Surface
from lossaudit.report.landscape import png
from lossaudit.report.landscape.colours import MAP

matplotlib = pytest.importorskip("matplotlib")

ELSEWHERE = """
import sys
import matplotlib
matplotlib.rcParams.update({"text.usetex": True, "font.family": "no such font", "svg.fonttype": "none"})
before = dict(matplotlib.rcParams)
from tests.report.landscape.made import curves
from lossaudit.report.landscape.png import png, svg
sys.stdout.buffer.write(png(curves()) + svg(curves()))
assert dict(matplotlib.rcParams) == before
assert "matplotlib.pyplot" not in sys.modules
"""


@pytest.mark.parametrize("name", ALL)
def test_every_picture_is_drawn(name: str) -> None:
    assert png.png(ALL[name]()).startswith(b"\x89PNG")


def test_the_same_bytes_in_another_process_under_other_settings_and_no_display() -> None:
    root = Path(__file__).parents[3]
    environment = {"PYTHONPATH": f"{root / 'src'}:{root}", "MPLBACKEND": "TkAgg", "PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == png.png(curves()) + png.svg(curves())


def test_svg_is_well_formed_and_undated() -> None:
    root = ElementTree.fromstring(png.svg(hostile()))
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert b"<dc:date>" not in png.svg(curves())


def test_hostile_text_is_drawn_as_it_is() -> None:
    from matplotlib.text import Text

    from lossaudit.report.landscape.sheet import figure

    with png._settings():
        drawn = [each for each in figure(hostile()).findobj(Text) if each.get_text()]
    assert not any(each.get_parse_math() for each in drawn)
    together = " ".join(each.get_text() for each in drawn)
    assert r"$\frac{a}{b}$" in together
    assert HOSTILE.split()[0] in together


def test_colours_in_the_file_are_those_of_the_map() -> None:
    from matplotlib.image import imread

    line = Coordinate("x", np.linspace(0, 1, 5))
    flat = Picture("flat", (), (Panel((Surface("flat", line, line, np.full((5, 5), 0.25)),)),), Scale("loss", 0.0, 1.0))
    read = np.round(imread(io.BytesIO(png.png(flat)))[..., :3] * 255)
    wanted = np.array(MAP[64])
    near = (np.abs(read - wanted).max(-1) <= 6).mean()
    assert near > 0.1  # the map alone covers a tenth of the sheet


def test_three_surfaces_have_one_colour_bar() -> None:
    from lossaudit.report.landscape.sheet import figure

    with png._settings():
        texts = [each.get_text() for each in figure(three(11)).axes[0].texts]
    assert texts.count("loss (nats)") == 1
    assert texts[0] == three().title


def test_a_missing_matplotlib_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"needs matplotlib: pip install 'lossaudit\[plots\]'"):
        png.png(curves())
