"""Builds the documentation: `python tools/docs.py [FOLDER]` (default build/docs), without a network.

The pages are those that `lossaudit explain` prints, what the rooms of `lossaudit.advise` write of themselves (any
module there with a function `as_text()` has a page), README, docs/ and the files beside them. This file gathers them,
links them to each other, turns LaTeX into MathML and adds the picture of each loss's gradient response; zensical
makes HTML of it.
"""

from __future__ import annotations

import importlib
import json
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from pkgutil import iter_modules

from latex2mathml.converter import convert

from lossaudit import advise, catalogue, rules
from lossaudit.advise import loss_page
from lossaudit.advise.losses import select
from lossaudit.advise.topics import topics
from lossaudit.cards import shipped
from lossaudit.report import chart, losses, pictures

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    **{
        f"docs/{name}": f"guides/{name}"
        for name in sorted(file.relative_to(ROOT / "docs").as_posix() for file in (ROOT / "docs").rglob("*.md"))
    },
}
"""Of the repository, and where they stand in the site."""

STYLE = f"""
:root{{{chart.LIGHT}}}
[data-md-color-scheme=slate]{{{chart.DARK}}}
@media print{{:root{{{chart.LIGHT}}}}}
figure.response{{max-width:480px;margin:1rem auto}}
figure.response figcaption{{max-width:none;text-align:left;font-style:normal}}
figure.response{{{chart.SHAPES}}}
.md-typeset td:first-child code{{white-space:nowrap}}
.math{{overflow-x:auto;margin:1rem 0;font-size:1.1em}}
math{{font-family:"STIX Two Math","Cambria Math","Latin Modern Math","Libertinus Math","DejaVu Math TeX Gyre",math}}
"""

_WIDE = ("task", "reference")  # columns that leave no room for the others
_NAMED = ("losses/", "rules/", "topics/")
_FENCE = re.compile(r"^(```+)[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_MATH = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"(?P<link>\[[^\]]*\]\([^)]*\))|(?<!`)`(?:lossaudit explain )?(?P<name>[\w-]+)`(?!`)")


@dataclass(frozen=True)
class Page:
    """One page, Markdown.

    Attributes:
        path: In the site, such as `losses/mse.md`.
        title: In the navigation.
        section: Of the navigation, such as `("Losses", "regression")`.
        plain: Words that are no links here, though something is called so.
    """

    path: str
    title: str
    text: str
    section: tuple[str, ...] = ()
    plain: frozenset[str] = field(default_factory=frozenset)


def pages() -> Iterator[Page]:
    """All pages, in the order of the navigation."""
    texts = {path: (ROOT / name).read_text(encoding="utf-8") for name, path in FILES.items()}
    files = [Page(path, _title(text), text, (path.partition("/")[0].capitalize(),)) for path, text in texts.items()]
    yield Page("index.md", "Home", texts["index.md"])
    yield from (page for page in files if page.section == ("Guides",))
    yield from _topics()
    yield from _losses()
    yield from _rules()
    yield from _rooms()
    yield from (page for page in files if page.section == ("Project",))


def _topics() -> Iterator[Page]:
    listed = "\n".join(f"- [{_title(text)}]({name}.md)" for name, text in topics().items())
    yield Page("topics/index.md", "All topics", f"# Topics\n\n{listed}\n", ("Topics",))
    for name, text in topics().items():
        yield Page(f"topics/{name}.md", _title(text), text, ("Topics",))


def _losses() -> Iterator[Page]:
    intro = "Each name leads to a page with the formula, the names in every framework, and the card of the loss."
    families = dict.fromkeys(loss.family for loss in catalogue.LOSSES.values())
    tables = (f"## {name.capitalize()}\n\n{losses.markdown(select(family=name), _WIDE)}" for name in families)
    yield Page("losses/index.md", "All losses", "\n\n".join(("# Losses", intro, *tables)), ("Losses",))
    for loss in catalogue.LOSSES.values():
        text, card = loss_page.page(loss), shipped(loss.name)
        if card is not None and card.response is not None:
            picture = str(pictures.response(card.response, loss.title)).replace("<figure>", '<figure class="response">')
            text = text.replace("\n## Formula\n", f"\n{picture}\n\n## Formula\n", 1)
        plain = frozenset(option.name for option in loss.options) | {loss.name}
        yield Page(f"losses/{loss.name}.md", loss.title, text, ("Losses", loss.family.capitalize()), plain)


def _rules() -> Iterator[Page]:
    rows = "".join(f"| {rule.code} | `{name}` | {rule.summary} |\n" for name, rule in rules.RULES.items())
    yield Page("rules/index.md", "All rules", f"# Rules\n\n| code | name | finds |\n|---|---|---|\n{rows}", ("Rules",))
    for name, (code, text) in rules.pages().items():
        yield Page(f"rules/{name}.md", f"{code} {name}", text, ("Rules",), frozenset({name}))


def _rooms() -> Iterator[Page]:
    """What else gives advice, in whatever modules there are."""
    for info in iter_modules(advise.__path__, f"{advise.__name__}."):
        module = importlib.import_module(info.name)
        if hasattr(module, "as_text"):
            name, text = info.name.rpartition(".")[2], module.as_text()
            if not text.startswith("# "):
                text = f"# {name.capitalize()}\n\n{text}"
            yield Page(f"advice/{name}.md", _title(text), text, ("Advice",))


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ").replace("`", "")


def finished(page: Page, names: Mapping[str, str]) -> Page:
    """The page as the generator of the site wants it.

    Args:
        page: As it was gathered.
        names: What has a page, by the name that it has in code quotes.
    """
    parts: list[str] = []
    end = 0
    for fence in _FENCE.finditer(page.text):
        parts += [_prose(page.text[end : fence.start()], page, names), _program(fence[0])]
        end = fence.end()
    parts.append(_prose(page.text[end:], page, names))
    return replace(page, text="".join(parts))


def _program(block: str) -> str:
    """A block of code under the name of its language alone; `ipython` and `text` are shown as they are."""
    return re.sub(r"^(```+)(\w*)[^\n]*", lambda head: head[1] + head[2].replace("ipython", "python"), block)


def _prose(text: str, page: Page, names: Mapping[str, str]) -> str:
    text = _MATH.sub(lambda math: f'<div class="math">{_mathml(math[1])}</div>', text)
    text = _LINK.sub(lambda link: _moved(link, page.path), text)
    text = re.sub(r"^ {2,3}(?=\S)", "    ", text, flags=re.MULTILINE)  # of a list's item: Python-Markdown wants four
    lines = text.split("\n")
    return "\n".join(line if line.startswith(("#", "    ", "<")) else _linked(line, page, names) for line in lines)


def _mathml(latex: str) -> str:
    """MathML, which browsers show by themselves. Bars that nothing says should grow keep their size."""
    return convert(re.sub(r"\\[lr]vert\b", "|", latex), display="block")


def _linked(line: str, page: Page, names: Mapping[str, str]) -> str:
    """A link for every name in code quotes that has a page."""

    def link(found: re.Match[str]) -> str:
        target = names.get(found["name"] or "")
        if target is None or target == page.path or found["name"] in page.plain:
            return found[0]
        return f"[{found[0]}]({posixpath.relpath(target, posixpath.dirname(page.path))})"

    return _CODE.sub(link, line)


def _moved(link: re.Match[str], path: str) -> str:
    """A link between files of the repository as one between pages; the text alone where the file has no page."""
    target, _, fragment = link["target"].partition("#")
    source = next((name for name, page in FILES.items() if page == path), None)
    if source is None or not target or "://" in target:
        return link[0]
    page = FILES.get(posixpath.normpath(posixpath.join(posixpath.dirname(source), target)))
    if page is None:
        return link["text"]
    return f"[{link['text']}]({posixpath.relpath(page, posixpath.dirname(path))}{'#' + fragment if fragment else ''})"


def names_of(gathered: list[Page]) -> dict[str, str]:
    """The paths of losses, rules and topics, by their names and codes."""
    found = {Path(page.path).stem: page.path for page in gathered if page.path.startswith(_NAMED)}
    codes = {code: f"rules/{name}.md" for name, (code, _) in rules.pages().items()}
    return {name: path for name, path in (found | codes).items() if name != "index"}


def navigation(gathered: list[Page]) -> list[object]:
    """Titles and paths, nested by section."""
    tree: list[object] = []
    for page in gathered:
        level = tree
        for name in page.section:
            inner = next((each[name] for each in level if isinstance(each, dict) and name in each), None)
            if inner is None:
                inner = []
                level.append({name: inner})
            level = inner
        level.append({page.title: page.path})
    return tree


def configuration(gathered: list[Page]) -> str:
    """The settings of zensical: no fonts, scripts or styles of another host."""
    return f"""\
[project]
site_name = "lossaudit"
site_description = "Does your model's output head belong with its loss?"
docs_dir = "pages"
site_dir = "site"
use_directory_urls = false
extra_css = ["style.css"]
nav = {_toml(navigation(gathered))}

[project.theme]
font = false
features = ["navigation.tabs", "navigation.prune", "navigation.top", "search.highlight", "content.code.copy"]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle = {{ icon = "lucide/sun", name = "Dark" }}

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle = {{ icon = "lucide/moon", name = "Light" }}

[project.markdown_extensions.tables]
[project.markdown_extensions.toc]
permalink = true
[project.markdown_extensions.pymdownx.highlight]
[project.markdown_extensions.pymdownx.superfences]
"""


def _toml(value: object) -> str:
    """Lists, tables with one key, and strings in the notation of TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def build(output: Path) -> int:
    """Write the site; a link that leads nowhere is an error.

    Returns:
        How many pages there are.
    """
    gathered = list(pages())
    names = names_of(gathered)
    shutil.rmtree(output, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        for page in gathered:
            file = Path(folder, "pages", page.path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(finished(page, names).text, encoding="utf-8")
        Path(folder, "pages", "style.css").write_text(STYLE, encoding="utf-8")
        Path(folder, "zensical.toml").write_text(configuration(gathered), encoding="utf-8")
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"zensical: {done.stdout}{done.stderr}")
        shutil.copytree(Path(folder, "site"), output)
    return len(gathered)


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "docs"
    print(f"{build(where)} pages in {where}")
