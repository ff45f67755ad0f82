from __future__ import annotations

import pytest
from tests.report import browser


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> browser.Chromium:
    return browser.find(tmp_path_factory.mktemp("chromium"))
