"""Writes the pages of docs/ that are derived: `python tools/pages.py [--check]`.

With `--check` nothing is written: it names the pages that are not up to date, and exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"


def pages() -> Mapping[str, str]:
    """The pages by file name."""
    from lossaudit.advise.claims import CLAIMS
    from lossaudit.report import claims, survey

    return {"claims.md": claims.markdown(CLAIMS), "survey.md": survey.markdown()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is there, and write nothing")
    options = parser.parse_args()
    stale = 0
    for name, text in pages().items():
        path = DOCS / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{path}: {'not up to date' if options.check else 'written'}")
        if not options.check:
            path.write_text(text, encoding="utf-8")
    return int(bool(stale) and options.check)


if __name__ == "__main__":
    sys.exit(main())
