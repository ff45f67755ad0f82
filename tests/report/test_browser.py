"""What a real browser makes of the page: no overflow on a phone, no complaint, no request, dark when asked."""

from __future__ import annotations

import re
import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.report import samples
from tests.report.browser import Chromium

from lossaudit.report import html

pytestmark = pytest.mark.browser

DARK = "--blink-settings=preferredColorScheme=0"
LIGHT = "--blink-settings=preferredColorScheme=1"


def first_pixel(png: Path) -> tuple[int, ...]:
    """Red, green and blue of the upper left corner. The first pixel of the first row is stored as it is under every
    filter of the PNG standard, since its neighbours count as zero."""
    data = png.read_bytes()
    packed, at = b"", 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompress(packed)[1:4])


def write(folder: Path, name: str, text: str) -> Path:
    page = folder / f"{name}.html"
    page.write_text(text, encoding="utf-8")
    return page


PAGES = {
    "demo": html.render(samples.demo(), compare=samples.fixed()),
    "clean": html.render(samples.clean()),
    "hostile": html.render(samples.hostile()),
    "empty": html.render(samples.empty()),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_overflows(chromium: Chromium, tmp_path: Path, name: str, width: int) -> None:
    """Chromium's window is never narrower than 500 px, so the page is measured in a frame of the right width.

    The copy that is measured runs a script; the page itself allows none.
    """
    probe = (
        "<script>addEventListener('load', () => document.body.dataset.measured = "
        "document.documentElement.scrollWidth + '/' + innerWidth + '/' + document.querySelectorAll('section').length)"
        "</script>"
    )
    copy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", PAGES[name]) + probe
    inner = write(tmp_path, "inner", copy)
    frame = write(
        tmp_path,
        "frame",
        f'<!doctype html><iframe id="f" src="{inner.as_uri()}" style="width:{width}px;height:800px;border:0"></iframe>'
        "<script>document.getElementById('f').onload = e =>"
        " document.body.dataset.measured = e.target.contentDocument.body.dataset.measured</script>",
    )
    dom, _ = chromium.dom(frame.as_uri(), "--allow-file-access-from-files", "--window-size=1600,900")
    measured = re.search(r'data-measured="(\d+)/(\d+)/(\d+)"', dom)
    assert measured is not None, dom[-2000:]
    needed, given, sections = map(int, measured.groups())
    assert given == width
    assert needed <= given
    assert sections >= 2


@pytest.mark.parametrize("name", PAGES)
def test_the_page_loads_without_a_complaint(chromium: Chromium, tmp_path: Path, name: str) -> None:
    dom, console = chromium.dom(write(tmp_path, name, PAGES[name]).as_uri())
    assert console == []
    assert "<script" not in dom


def test_the_policy_stops_a_script_that_got_in(chromium: Chromium, tmp_path: Path) -> None:
    """Shows too that a complaint would have been seen by the test above."""
    page = PAGES["demo"].replace("</main>", "<script>document.title = 'taken over'</script></main>")
    dom, console = chromium.dom(write(tmp_path, "attacked", page).as_uri())
    assert "<title>taken over" not in dom
    assert any("Content Security Policy" in line for line in console)


def test_dark_and_light(chromium: Chromium, tmp_path: Path) -> None:
    page = write(tmp_path, "demo", PAGES["demo"])
    dark, _ = chromium.screenshot(page, 500, 400, DARK)
    assert max(first_pixel(dark)) < 64
    light, _ = chromium.screenshot(page, 500, 400, LIGHT)
    assert min(first_pixel(light)) > 224


def test_the_page_asks_for_nothing(chromium: Chromium, tmp_path: Path) -> None:
    """Served on this machine, the only requests are the page and the browser's own for an icon."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            found = self.path == "/report.html"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGES["demo"].encode() if found else b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            dom, _ = chromium.dom(f"http://127.0.0.1:{server.server_port}/report.html")
        finally:
            server.shutdown()
            thread.join()
    assert "mse-on-softmax" in dom
    assert set(asked) - {"/favicon.ico"} == {"/report.html"}
