"""The page of an audit in a real browser: on a phone too, without a complaint, with its script and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.audit.made import data, loader, mse_on_softmax, network
from tests.report.browser import Chromium
from torch import nn

import lossaudit

pytestmark = pytest.mark.browser

_MEASURE = (
    "<script>document.getElementById('f').onload = e => { const inner = e.target.contentDocument;"
    "const rows = [...inner.querySelectorAll('.measures tr, .blocks tr')];"
    "document.body.dataset.measured = inner.documentElement.scrollWidth + '/' + e.target.contentWindow.innerWidth"
    " + '/' + Math.max(...rows.map(row => row.offsetHeight)) }</script>"
)


@pytest.fixture(scope="module")
def page() -> str:
    report = lossaudit.audit(network(nn.Softmax(1)), mse_on_softmax, loader(), held_out=data(40), landscape=True)
    return report.to_html()


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_overflows_and_no_column_is_squeezed(chromium: Chromium, tmp_path: Path, page: str, width: int) -> None:
    """Measured in a frame, since a window is never narrower than 500 px."""
    inner, outer = tmp_path / "inner.html", tmp_path / "frame.html"
    inner.write_text(page, encoding="utf-8")
    outer.write_text(
        f'<!doctype html><iframe id="f" src="{inner.as_uri()}" style="width:{width}px;height:800px;border:0"></iframe>'
        + _MEASURE,
        encoding="utf-8",
    )
    dom, _ = chromium.dom(outer.as_uri(), "--allow-file-access-from-files", "--window-size=1600,900")
    measured = re.search(r'data-measured="(\d+)/(\d+)/(\d+)"', dom)
    assert measured is not None, dom[-2000:]
    needed, given, tallest = map(int, measured.groups())
    assert given == width
    assert needed <= given
    assert tallest <= 260  # a row whose words are broken letter by letter is far taller


def test_the_page_loads_without_a_complaint(chromium: Chromium, tmp_path: Path, page: str) -> None:
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    dom, console = chromium.dom(file.as_uri())
    assert console == []
    assert "land-on" in dom  # its own script ran
    attacked = tmp_path / "attacked.html"
    attacked.write_text(page.replace("</main>", "<script>document.title = 'taken over'</script></main>"))
    dom, console = chromium.dom(attacked.as_uri())
    assert "<title>taken over" not in dom
    assert any("Content Security Policy" in line for line in console)
