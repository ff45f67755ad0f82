"""How large a report with pictures is, and how soon it is drawn: Chromium without GPU and WebGL, beside an empty page.

    python -m benchmarks.report_page [--rounds 9] [--size 41]

Three surfaces and five curves on one page. Each round opens both pages; medians are printed in milliseconds from the
start of the navigation, and what the page takes more than the empty one.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from tests.report import devtools
from tests.report.landscape import made

from lossaudit.report import page
from lossaudit.report.landscape.data import text
from lossaudit.report.landscape.page import SCRIPT, STYLE, section
from lossaudit.report.landscape.svg import svg

BYTES, MILLISECONDS = 300_000, 1000
EMPTY = "<!doctype html><title>empty</title><script>document.documentElement.dataset.drawn = performance.now()</script>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=41, help="nodes along an axis of a surface")
    options = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("report_page: no Chromium found; install one to measure")
    pictures = [made.three(options.size), made.curves()]
    report = page.render("report", *map(section, pictures), style=STYLE, script=SCRIPT)
    whole = len(report.encode())
    print(f"page {whole:,} bytes (bar {BYTES:,}), {len(gzip.compress(report.encode())):,} compressed; of these")
    parts = {"script": SCRIPT, "data": "".join(map(text, pictures)), "static form": "".join(map(svg, pictures))}
    for name, part in parts.items():
        print(f"  {name:<12}{len(part.encode()):>9,}")
    with tempfile.TemporaryDirectory() as folder, devtools.browser(program, Path(folder)) as tab:
        files = {"empty": EMPTY, "report": report}
        taken: dict[str, list[float]] = {name: [] for name in files}
        for name, content in files.items():
            (Path(folder) / f"{name}.html").write_text(content, encoding="utf-8")
        for _ in range(options.rounds):
            for name in files:
                tab.open(Path(folder) / f"{name}.html")
                taken[name].append(float(tab.evaluate("document.documentElement.dataset.drawn")))
        complaints = list(tab.complaints)
    median = {name: statistics.median(times) for name, times in taken.items()}
    for name, times in taken.items():
        print(f"{name:<8} drawn after {median[name]:6.0f} ms (best {min(times):.0f}, worst {max(times):.0f})")
    print(f"report - empty {median['report'] - median['empty']:.0f} ms (bar {MILLISECONDS}); complaints {complaints}")
    if whole > BYTES or complaints:
        sys.exit(1)


if __name__ == "__main__":
    main()
