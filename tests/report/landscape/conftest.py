from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.report import devtools
from tests.report.browser import Chromium


@pytest.fixture(scope="session")
def tab(chromium: Chromium) -> Iterator[devtools.Page]:
    """One tab for all tests: each opens its own page in it."""
    with devtools.browser(chromium.program, chromium.folder) as page:
        yield page
