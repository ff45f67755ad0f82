"""The examples in docs/ are run as they stand."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

# The other pages are tried by test_readme.py and, the formats of lint, by tests/report.
PAGES = [page for page in sorted((Path(__file__).parents[1] / "docs").glob("*.md")) if ">>> " in page.read_text()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_are_true(page: Path) -> None:
    result = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0
