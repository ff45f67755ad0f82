"""The page as text: well formed, small, offline, and only text where the user's program speaks."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from tests.report import samples

from lossaudit.finding import Severity
from lossaudit.pairing import Place
from lossaudit.report import html, html_finding
from lossaudit.result import Result, Series

VOID = {"meta", "br", "hr"}
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "br"),
    *("b", "span", "code", "pre", "del", "ins", "mark", "ul", "ol", "li", "dl", "dt", "dd", "div", "figure"),
    *("table", "tr", "th", "td", "figcaption", "svg", "desc", "path", "line", "circle", "rect", "text"),
    *("details", "summary"),
}


class Page(HTMLParser):
    """Checks that elements nest, and collects elements, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


RESULTS = {"demo": samples.demo(), "clean": samples.clean(), "hostile": samples.hostile(), "empty": samples.empty()}


@pytest.mark.parametrize("name", RESULTS)
def test_every_page_is_well_formed_offline_and_inert(name: str) -> None:
    text = html.render(RESULTS[name], compare=samples.fixed())
    text.encode("utf-8")
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= ALLOWED
    for _, attributes in page.elements:
        assert not {key for key in attributes if key.startswith("on") or key in ("href", "src", "style", "srcset")}
    assert not re.search(r"https?:|url\(|@import|@font-face", text)
    policies = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    first_style = text.index("<style>")
    assert text.index("Content-Security-Policy") < first_style


def test_hostile_text_stays_text() -> None:
    text = html.render(samples.hostile())
    page = Page(text)
    assert page.text.count("<script>alert(1)</script>") > 10
    assert "\\u202eevil\\u2066 \\x1b[31m\\x00" in page.text
    assert "\\ud800" in page.text
    assert not re.search("[\x00\x1b\u202e\u2066\ud800]", text)


def test_what_is_wrong_comes_first_and_the_sections_in_their_order() -> None:
    text = Page(html.render(replace(samples.demo(), unresolved=(samples.UNRESOLVED,)), compare=samples.fixed())).text
    order = [
        "Head and loss do not fit: softmax (line 33) + MSELoss (line 41), 10 classes",
        "Its gradient vanishes exactly where the model is confident and wrong",
        "Fix: use cross-entropy on the raw logits",
        "- loss_fn(model(x).softmax(1), onehot)",
        "+ F.cross_entropy(model(x), y)",
        "62 % of training samples are wrong",
        "Accuracy 19 % → 96 %",
        "Gradient response of softmax + MSELoss beside cross-entropy",
        "not convex in the logits: counterexample confirmed",
        "midpoint",
        "speaks of",
        "Not understood",
        "the custom function FocalTail hides its operations (operations: FocalTail, index_put)",
        "data, learning rate, architecture",
        "140 of 5,000 backward passes seen (2.8 %)",
        "lossaudit 0.1.0, python 3.11.9, torch 2.13.0",
    ]
    at = -1
    for sentence in order:
        at = text.find(sentence, at + 1)
        assert at >= 0, sentence


def test_a_clean_page_says_how_much_was_read() -> None:
    text = Page(html.render(samples.clean())).text
    assert "Nothing wrong between head and loss in 1 pairing read, 1 not understood" in text
    assert "convex in the logits: proved" in text
    assert "logsumexp(z) is convex (axiom)" in text
    assert "explicit-log-softmax" in text


def test_an_empty_page_approves_of_nothing() -> None:
    text = Page(html.render(samples.empty())).text
    assert "No pairing of a head and a loss was read" in text
    assert "othing wrong" not in text
    assert "nothing read" in text


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (0.17, "The program's own function shows it too (it computes 0.17)."),
        (0.0, "Rounding hides it"),
        (None, "The program's own function was not run at these points."),
    ],
)
def test_the_witness_says_whether_rounding_hides_it(gap: float | None, said: str) -> None:
    verdict = replace(samples.REFUTED, witness=replace(samples.witness(), as_coded_gap=gap))
    met = replace(samples.demo().pairings[0], verdict=verdict)
    assert said in Page(html.render(replace(samples.demo(), pairings=(met,)))).text


def test_the_figures_of_the_witness_are_those_of_the_function() -> None:
    """f at two points and their midpoint, from the formula, as the table shows them."""
    text = html.render(samples.demo())
    for gap in (2.0, 7.0, 12.0):
        others = 9 + math.exp(gap)
        value = (1 - 1 / others) ** 2 + (math.exp(gap) / others) ** 2 + 8 / others**2
        assert f">{value:.4g}</td>" in text


def test_excerpts_mark_the_place(tmp_path) -> None:
    source = tmp_path / "train.py"
    source.write_text("".join(f"    step_{k} < {k}\n" for k in range(1, 21)))
    page = Page(f"<main>{html_finding.excerpt(Place(str(source), 10, end_line=11, scope='train'))}</main>")
    assert "in train" in page.text
    assert [number for number in range(1, 21) if f"step_{number} < {number}" in page.text] == [8, 9, 10, 11, 12, 13]
    marked = re.findall(r"<mark>\s*(\d+)", html_finding.excerpt(Place(str(source), 10, end_line=11)))
    assert marked == ["10", "11"]


@pytest.mark.parametrize("path", ["no/such/file.py", "nul\x00.py", "half\ud800.py", ""])
def test_source_that_cannot_be_read_is_left_out(path: str) -> None:
    assert "<pre" not in html_finding.excerpt(Place(path, 3))


def test_a_run_that_is_still_going_or_failed_says_so() -> None:
    running = Page(html.render(replace(samples.demo(), ended="running", exit_code=None))).text
    assert "Still running: what was seen up to backward pass 5,000" in running
    assert "accuracy so far" in running
    failed = Page(html.render(replace(samples.demo(), ended="raised KeyError: 'x'", exit_code=1))).text
    assert "Did not finish: raised KeyError: 'x' (exit code 1)" in failed


def large() -> Result:
    """Three pairings, five curves each of 2,000 points and more, three findings."""
    met = replace(samples.demo().pairings[0], series=samples.slow(2000, 1))
    finding = replace(samples.FINDING, severity=Severity.WARNING)
    return replace(samples.demo(), pairings=(met, met, met), findings=(samples.FINDING, finding, finding))


def test_a_large_result_stays_small_and_quick() -> None:
    result = replace(large(), pairings=tuple(replace(each, where=str(k)) for k, each in enumerate(large().pairings)))
    text = html.render(result, compare=result)
    assert text.count("<svg") == 16
    assert len(text.encode()) <= 300_000
    start = time.process_time()
    for _ in range(5):
        html.render(result)
    assert (time.process_time() - start) / 5 < 0.25


def test_curves_without_any_value_draw_nothing() -> None:
    nan = (math.nan,) * 3
    series = Series((1, 2, 3), nan, nan, nan, nan, nan, nan, nan)
    met = replace(samples.demo().pairings[0], series=series, response=None, verdict=None)
    assert "<svg" not in html.render(replace(samples.demo(), pairings=(met,)))
    assert "<svg" not in html.render(replace(samples.demo(), pairings=(replace(met, series=Series()),)))


def test_one_batch_is_drawn_as_dots() -> None:
    nothing = (math.nan,)
    series = Series((1,), (0.2,), (0.1,), (0.8,), (0.5,), (0.1,), (0.0,), nothing)
    met = replace(samples.demo().pairings[0], series=series, response=None, verdict=None)
    text = html.render(replace(samples.demo(), kind="audit", pairings=(met,)), compare=samples.empty())
    assert text.count("<circle") == 6
    assert "<path" not in text
    assert "With the fix" not in text
