"""The audits of a comparison as pages of their own, in a folder beside its page."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from lossaudit.comparison import Comparison
from lossaudit.lint.files import replace_file
from lossaudit.report import html
from lossaudit.report.comparison import html as whole
from lossaudit.result import Result

_LETTERS = 40  # of a loss's name in the name of a file


def write(comparison: Comparison, audits: Mapping[str, Result | str], page: str) -> None:
    """Write the pages of the audits, and then the page that links to them: each in one step.

    Args:
        comparison: What the page shows.
        audits: The audit of each loss, or why there is none.
        page: Where the page goes; `lossaudit-compare.html` has the folder `lossaudit-compare` beside it.

    Raises:
        OSError: One of them cannot be written.
    """
    folder = Path(page).with_suffix("")
    links: dict[str, str] = {}
    for number, each in enumerate(comparison.contestants, 1):
        found = audits.get(each.name)
        if isinstance(found, Result):
            folder.mkdir(exist_ok=True)
            file = file_name(number, each.name)
            replace_file(os.fspath(folder / file), html.render(found).encode())
            links[each.name] = f"{quote(folder.name)}/{quote(file)}"
    replace_file(page, whole.render(comparison, audits=audits, links=links).encode())


def file_name(number: int, name: str) -> str:
    """A name for a file that every system takes, and that no other loss has.

    >>> file_name(2, "mse:softmax"), file_name(3, "../../étc")
    ('2-mse-softmax.html', '3-tc.html')
    """
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:_LETTERS]
    return f"{number}-{plain or 'loss'}.html"
