"""A page in headless Chromium, driven over its DevTools pipe: JSON messages that end in NUL, on descriptors 3 and 4."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# No GPU and no WebGL: a page that needs either stays empty here.
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-webgl",
    "--disable-3d-apis",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# Puts the two ends of the pipe where Chromium looks for them, whatever numbers they have here.
_START = """
import os, sys
ends = [os.dup(os.dup(os.dup(int(each)))) for each in sys.argv[1:3]]
for wanted, end in zip((3, 4), ends):
    os.dup2(end, wanted)
os.execvp(sys.argv[3], sys.argv[3:])
"""
_PATIENCE = 60.0  # seconds that a busy machine may take to answer


class Page:
    """A tab. What went wrong on it is in `complaints`, what it asked the network for in `requests`."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._buffer, self._count, self._session = b"", 0, ""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self._send(f"{domain}.enable")

    def open(self, page: Path, width: int = 1200, height: int = 900, *, ratio: float = 1.0, **media: str) -> None:
        """Load a file, and wait until it has been loaded. Media features have underscores for hyphens."""
        self.complaints.clear()
        self.requests.clear()
        self.resize(width, height, ratio)
        self._media("", media)
        self._loaded = False
        self._send("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._message()

    def resize(self, width: int, height: int, ratio: float = 1.0) -> None:
        """The size of the window in CSS pixels, narrower than any real window where that is wanted."""
        size = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": False}
        self._send("Emulation.setDeviceMetricsOverride", **size)

    def emulate(self, kind: str = "", **features: str) -> None:
        """A media type (`"print"`) and media features (`prefers_color_scheme="dark"`)."""
        self._media(kind, features)
        self.settle()

    def _media(self, kind: str, features: dict[str, str]) -> None:
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self._send("Emulation.setEmulatedMedia", media=kind, features=wanted)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression on the page; promises are awaited."""
        answer = self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def settle(self) -> None:
        """Wait until what was asked for has been drawn."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def text(self, selector: str) -> list[str]:
        """The text of all elements that a selector finds."""
        return self.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(each => each.textContent)")

    def box(self, selector: str, index: int = 0) -> dict[str, float]:
        """Where an element stands in the window, after scrolling to it."""
        found = f"document.querySelectorAll({json.dumps(selector)})[{index}]"
        self.evaluate(f"{found}.scrollIntoView({{block: 'center'}})")
        return self.evaluate(
            f"(() => {{ const {{x, y, width, height}} = {found}.getBoundingClientRect();"
            " return {x, y, width, height}; })()"
        )

    def mouse(self, kind: str, x: float, y: float, **more: object) -> None:
        """A `mouseMoved`, `mousePressed`, `mouseReleased` or `mouseWheel` at a place in the window."""
        self._send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 5) -> None:
        """Press, move in steps, release."""
        self.mouse("mousePressed", *start, button="left", clickCount=1)
        for k in range(1, steps + 1):
            x, y = (a + (b - a) * k / steps for a, b in zip(start, end, strict=True))
            self.mouse("mouseMoved", x, y, button="left", buttons=1)
        self.mouse("mouseReleased", *end, button="left", clickCount=1)
        self.settle()

    def pinch(self, centre: tuple[float, float], before: float, after: float) -> None:
        """Two fingers side by side, so far apart before and after."""
        x, y = centre

        def fingers(apart: float) -> list[dict[str, float]]:
            return [{"x": x - apart / 2, "y": y, "id": 0}, {"x": x + apart / 2, "y": y, "id": 1}]

        self._send("Input.dispatchTouchEvent", type="touchStart", touchPoints=fingers(before))
        for k in range(1, 6):
            points = fingers(before + (after - before) * k / 5)
            self._send("Input.dispatchTouchEvent", type="touchMove", touchPoints=points)
        self._send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.settle()

    def key(self, name: str, shift: bool = False) -> None:
        """A key as the keyboard sends it to whatever has the focus."""
        code = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "Tab": 9}.get(name, 0)
        key = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self._send("Input.dispatchKeyEvent", type="rawKeyDown", **key)
        self._send("Input.dispatchKeyEvent", type="keyUp", **key)
        self.settle()

    @contextmanager
    def scripts_off(self) -> Iterator[None]:
        """Pages that are opened in the body run no script of theirs."""
        self._send("Emulation.setScriptExecutionDisabled", value=True)
        try:
            yield
        finally:
            self._send("Emulation.setScriptExecutionDisabled", value=False)

    def tree(self) -> list[dict[str, Any]]:
        """What a screen reader is told: role, name and value of every element that has one."""
        nodes = self._send("Accessibility.getFullAXTree")["nodes"]
        said = [{key: node.get(key, {}).get("value") for key in ("role", "name", "value")} for node in nodes]
        return [each for each in said if each["role"] not in {"none", "generic", "InlineTextBox"}]

    def picture(self, target: Path) -> Path:
        """A PNG of the whole page."""
        size = self._send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        target.write_bytes(base64.b64decode(shot["data"]))
        return target

    def _send(self, method: str, **params: object) -> dict[str, Any]:
        self._count += 1
        order: dict[str, object] = {"id": self._count, "method": method, "params": params}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == order["id"]:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _message(self) -> dict[str, Any]:
        """The next message; events are noted on the way."""
        end = time.monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(end - time.monotonic(), 0))
            if not ready:
                raise TimeoutError("Chromium does not answer")
            part = os.read(self._answers, 1 << 20)
            if not part:
                raise ConnectionError("Chromium has ended")
            self._buffer += part
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(raw)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, params: dict[str, Any]) -> None:
        match method:
            case "Page.loadEventFired":
                self._loaded = True
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" | "Audits.issueAdded":
                self.complaints.append(f"{method}: {json.dumps(params)[:2000]}")
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case _:
                pass


@contextmanager
def browser(program: str, folder: Path) -> Iterator[Page]:
    """A page in a browser of its own, which is ended afterwards."""
    hears, orders = os.pipe()
    answers, says = os.pipe()
    started = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _START,
            str(hears),
            str(says),
            program,
            *_OPTIONS,
            f"--user-data-dir={folder / 'devtools'}",
        ],
        pass_fds=(hears, says),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(hears)
    os.close(says)
    try:
        yield Page(orders, answers)
    finally:
        os.close(orders)  # the end of the pipe ends the browser
        os.close(answers)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
