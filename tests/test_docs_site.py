"""The site that `make docs` builds: a page for everything, no link that leads nowhere, nothing from another host."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from lossaudit import catalogue, rules
from lossaudit.advise.topics import topics
from lossaudit.cards import shipped

pytest.importorskip("zensical")
pytest.importorskip("latex2mathml")

ROOT = Path(__file__).parents[1]
PAGES = (
    *(f"losses/{name}" for name in catalogue.LOSSES),
    *(f"rules/{name}" for name in rules.RULES),
    *(f"topics/{name}" for name in topics()),
)


@dataclass
class Document(HTMLParser):
    """What a page holds, and what it asks for."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    tags: list[str] = field(default_factory=list)
    text: str = ""
    article: str = ""
    within: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.names |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(given.get("href", ""))
        self.loaded += [given[key] for key in ("src", "srcset") if key in given]
        self.within = self.within or tag == "article"

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag != "article"

    def handle_data(self, data: str) -> None:
        if self.within:
            self.article += data


def read(file: Path) -> Document:
    document = Document()
    document.feed(file.read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    done = subprocess.run([sys.executable, "tools/docs.py", str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def documents(site: Path) -> dict[Path, Document]:
    return {file: read(file) for file in site.rglob("*.html")}


def test_everything_has_a_page(site: Path) -> None:
    assert [page for page in PAGES if not (site / f"{page}.html").is_file()] == []
    others = {f"guides/{file.stem}" for file in (ROOT / "docs").glob("*.md")} | {"advice/questions", "index"}
    assert [page for page in others if not (site / f"{page}.html").is_file()] == []


def test_each_says_what_becomes_of_the_gradient_and_what_is_optimised(
    site: Path, documents: dict[Path, Document]
) -> None:
    for page in PAGES:
        words = documents[site / f"{page}.html"].article
        assert re.search(r"^Gradient: \S", words, re.MULTILINE), page
        assert re.search(r"^What it optimises: \S", words, re.MULTILINE), page


def test_no_link_leads_nowhere(site: Path, documents: dict[Path, Document]) -> None:
    lost = []
    for file, document in documents.items():
        for link in document.links:
            target, _, fragment = link.partition("#")
            if "://" in target or target.startswith("mailto:") or file.name == "404.html":
                continue
            page = (file.parent / unquote(target)).resolve() if target else file
            page = page / "index.html" if page.is_dir() else page
            if page not in documents or (fragment and unquote(fragment) not in documents[page].names):
                lost.append((file.relative_to(site).as_posix(), link))
    assert lost == []


def test_nothing_comes_from_another_host(documents: dict[Path, Document]) -> None:
    for file, document in documents.items():
        assert not [address for address in document.loaded if re.match(r"(https?:)?//", address)], file


def test_formulas_and_pictures_are_part_of_the_page(site: Path, documents: dict[Path, Document]) -> None:
    for loss in catalogue.LOSSES.values():
        document = documents[site / f"losses/{loss.name}.html"]
        assert "$$" not in document.article
        assert ("math" in document.tags) == bool(loss.latex)
        formula = document.article.partition("Formula")[2].partition("What it expects")[0]
        assert not re.search(r"\\[a-zA-Z]", formula), loss.name  # LaTeX that was not understood
        card = shipped(loss.name)
        assert ("figcaption" in document.tags) == (card is not None and card.response is not None)


def test_names_lead_to_their_pages(site: Path) -> None:
    page = (site / "losses" / "mse.html").read_text(encoding="utf-8")
    assert 'href="../rules/mse-on-softmax.html"' in page
    assert 'href="mae.html"' in page
    home = read(site / "index.html")
    assert "guides/lint.html" in home.links
    assert "project/contributing.html" in home.links
