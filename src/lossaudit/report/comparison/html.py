"""A comparison as one offline page: what is decided, figures, curves, how rates were chosen, and how to repeat it.

Sections come in the order in which a reader asks. Nothing depends on colour alone, and no script runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from lossaudit.comparison import Comparison, Contestant
from lossaudit.report import page, wording
from lossaudit.report.comparison import forest, panels, words
from lossaudit.report.comparison.style import STYLE
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.report.reliability import diagram
from lossaudit.report.wording import count, one_line
from lossaudit.result import Result

_NAME = 48  # letters of a name in a table
_SENTENCES = 8  # that are read without a click
_SIGNS = {"+": ("▲", "better", "clean"), "-": ("▼", "worse", "error")}
_UNSIGNED = tag("span", class_="sign")
_CONVEX = {True: "convex in the logits: proved", False: "convex in the logits: refuted", None: ""}


def render(
    comparison: Comparison, *, audits: Mapping[str, Result | str] | None = None, links: Mapping[str, str] | None = None
) -> str:
    """The page as text, to be written as UTF-8.

    Args:
        comparison: What to show.
        audits: The audit of each loss's model, by the name of the loss; or why there is none.
        links: Where the pages of these audits lie, relative to this one.
    """
    title = f"lossaudit compare: {one_line(comparison.title)}"
    top = tag(
        "header",
        tag("p", tag("code", "lossaudit compare"), class_="program"),
        tag("h1", one_line(comparison.title)),
        opening(comparison),
    )
    return page.render(title, top, *sections(comparison, audits or {}, links or {}), style=STYLE)


def opening(comparison: Comparison) -> Markup:
    """What a reader has to know first: whether it is whole, what is decided, and what warns."""
    partial = words.partial(comparison)
    losses, seeds = len(comparison.contestants), len(comparison.seeds)
    said = f"{count(losses, 'loss')}, {count(seeds, 'seed')} each, learning rates chosen on validation data."
    return join(
        tag("p", partial, class_="partial") if partial else EMPTY,
        *(tag("p", one_line(each), class_="lead") for each in comparison.sentences[:1]),
        _list(comparison.sentences[1:_SENTENCES]),
        _more(comparison.sentences[_SENTENCES:]),
        tag("ul", *(tag("li", one_line(each)) for each in comparison.warnings), class_="warnings")
        if comparison.warnings
        else EMPTY,
        tag("p", said, class_="note"),
    )


def _list(said: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", one_line(each)) for each in said)) if said else EMPTY


def _more(said: Sequence[str]) -> Markup:
    return tag("details", tag("summary", f"{count(len(said), 'sentence')} more"), _list(said)) if said else EMPTY


def sections(comparison: Comparison, audits: Mapping[str, Result | str], links: Mapping[str, str]) -> Iterator[Markup]:
    """Everything below the opening."""
    yield _section("Figures on test data", _figures(comparison, links), _legend(comparison))
    yield _differences(comparison)
    for name in panels.names(comparison):
        title = f"{name[:1].upper()}{name[1:]} over the epochs"
        yield _section(title, _curve_legend(comparison, name), panels.curves(comparison, name))
    yield _choices(comparison)
    yield _reliability(comparison)
    yield _audits(comparison, audits, links)
    yield _section("Each loss", *(_loss(each, comparison) for each in comparison.contestants))
    yield _repeat(comparison)


def _section(title: str, *children: Markup) -> Markup:
    return tag("section", tag("h2", title), *children) if any(children) else EMPTY


def _figures(comparison: Comparison, links: Mapping[str, str]) -> Markup:
    columns = words.columns(comparison)
    head = tag(
        "tr",
        tag("th", "loss"),
        tag("th", "rate", class_="n"),
        *(tag("th", each.title, class_="n") for each in columns),
    )
    rows = [_row(each, comparison, columns, links) for each in comparison.contestants]
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="figures")


def _row(
    contestant: Contestant, comparison: Comparison, columns: Sequence[words.Column], links: Mapping[str, str]
) -> Markup:
    under = [one_line(contestant.words)] if contestant.words != contestant.name else []
    under += ["reference"] if contestant.name == comparison.reference else []
    link = links.get(contestant.name)
    name = tag(
        "th",
        words.cut(contestant.name, _NAME),
        tag("small", "; ".join(words.cut(each, 2 * _NAME) for each in under)) if under else EMPTY,
        tag("small", tag("a", "audit of its model", href=link)) if link else EMPTY,
        class_="name",
        title=one_line(contestant.name),
    )
    rate = tag("td", words.rate(contestant), class_="n", data_name="learning rate")
    state = words.state(contestant, comparison)
    decides = contestant.figures.get(columns[0].measure.name) if columns else None
    if state and (decides is None or math.isnan(decides.mean)):
        return tag("tr", name, rate, tag("td", state, class_="said", colspan=len(columns)))
    cells = [_cell(contestant, comparison, column) for column in columns]
    if state:
        name = Markup(name.removesuffix("</th>") + tag("small", state, class_="warning") + "</th>")
    return tag("tr", name, rate, *cells)


def _cell(contestant: Contestant, comparison: Comparison, column: words.Column) -> Markup:
    """The mean, a sign where it is decided against the reference, and the interval."""
    figure = contestant.figures.get(column.measure.name)
    if figure is None:
        return tag("td", words.NONE, class_="n", data_name=column.title)
    sign = words.sign(comparison, contestant.name, column.measure.name)
    glyph, said, kind = _SIGNS.get(sign, ("", "", ""))
    mark = tag("span", glyph, class_=f"sign {kind}", role="img", aria_label=said, title=said) if glyph else _UNSIGNED
    interval = column.interval(figure.low, figure.high)
    never = sum(map(math.isinf, figure.values))
    rarely = f"{never} of {len(figure.values)} never" if never and math.isfinite(figure.mean) else ""
    under = "; ".join(filter(None, (interval, rarely)))
    return tag(
        "td",
        column.value(figure.mean),
        mark,
        tag("small", under) if under else EMPTY,
        class_="n",
        data_name=column.title,
    )


def _legend(comparison: Comparison) -> Markup:
    if not comparison.contrasts:
        return EMPTY
    name = words.cut(comparison.reference, _NAME)
    return tag(
        "p",
        tag("span", "▲", class_="clean"),
        " better, ",
        tag("span", "▼", class_="error"),
        f" worse than {name}: decided at the 5 % level, corrected for the number of comparisons. Figures without a "
        "sign are not decided against it. Below each mean: its 95 % interval.",
        class_="note",
    )


def _differences(comparison: Comparison) -> Markup:
    """A forest plot for each measure; that of the measure which decides is open."""
    plots: list[Markup] = []
    for column in words.columns(comparison):
        drawn = forest.plot(comparison, column)
        if drawn and not plots:
            plots.append(join(tag("h3", column.title), drawn))
        elif drawn:
            plots.append(tag("details", tag("summary", column.title), drawn))
    note = "Paired over the seeds. A filled point is decided, a hollow one is not."
    return _section("Differences", tag("p", note, class_="note"), *plots) if plots else EMPTY


def _curve_legend(comparison: Comparison, name: str) -> Markup:
    def swatch(words: str, *parts: Markup) -> Markup:
        return tag("span", tag("svg", *parts, viewBox="0 0 34 12", aria_hidden="true"), words)

    line = tag("path", class_="line k1", d="M1 6L33 6")
    several = len(comparison.seeds) > 1
    items = [swatch("mean over the seeds" if several else "this loss", line)]
    if several:
        items.append(swatch("lowest to highest seed", tag("path", class_="band", d="M0 0H34V12H0Z")))
    if len(comparison.contestants) > 1 and name != panels.OWN:
        reference = words.cut(comparison.reference, _NAME)
        items.append(swatch(f"{reference}, the reference", tag("path", class_="line k2", d="M1 6L33 6")))
    if any(words.diverged(each, comparison) for each in comparison.contestants):
        items.append(swatch("a seed ends: no longer finite", panels.cross(17, 6)))
    return tag("p", *items, class_="legend")


def _choices(comparison: Comparison) -> Markup:
    drawn = panels.rates(comparison)
    if not drawn:
        return EMPTY
    note = (
        "Every loss was tried at the same learning rates, and further outwards by the same rule where its best was the "
        "outermost. The choice is made on validation data by the mean over the first seeds; test data is not read "
        "before. The line marks the chosen rate; a cross is a rate at which a run diverged."
    )
    return _section("How the learning rates were chosen", tag("p", note, class_="note"), drawn)


def _reliability(comparison: Comparison) -> Markup:
    drawn = [
        diagram(each.reliability, words.cut(each.name, 36))
        for each in comparison.contestants
        if each.reliability is not None and each.reliability.bins
    ]
    without = [words.cut(each.name, _NAME) for each in comparison.contestants if each.reliability is None]
    if not drawn:
        return EMPTY
    said = f"No diagram for {', '.join(without)}: no probabilities, or nothing finite." if without else ""
    note = tag("p", "On test data, first seed, before any temperature. ", said, class_="note")
    return _section("Reliability", note, tag("div", *drawn, class_="pictures"))


def _audits(comparison: Comparison, audits: Mapping[str, Result | str], links: Mapping[str, str]) -> Markup:
    """What the audit of each loss's model found, and where its page is."""
    rows: list[Markup] = []
    for each in comparison.contestants:
        found = audits.get(each.name)
        if found is None:
            continue
        link = links.get(each.name)
        more = tag("p", tag("a", "the whole audit", href=link)) if link else EMPTY
        said = [tag("p", one_line(found))] if isinstance(found, str) else _audit(found)
        rows.append(tag("tr", tag("th", words.cut(each.name, _NAME)), tag("td", *said, more)))
    note = "Of the trained model, first seed at the chosen rate."
    return _section("Audits", tag("p", note, class_="note"), tag("table", *rows, class_="audits")) if rows else EMPTY


def _audit(found: Result) -> Iterator[Markup]:
    """The findings, what was proved of the loss, and the curvature of the head, a sentence each."""
    for each in wording.mistakes(found):
        severity = each.severity.value
        yield tag("p", tag("span", severity, class_=f"chip {severity}"), f" {each.rule}: {one_line(each.why)}")
    if not wording.mistakes(found):
        read = f"{count(len(found.pairings), 'pairing')} read: nothing wrong between head and loss."
        yield tag("p", read if found.pairings else "No rule speaks of this loss: its operations have no name.")
    for met in (*found.pairings, *found.unnamed):
        if met.verdict is not None:
            yield tag("p", one_line(met.verdict.headline))
    if found.head is not None:
        yield tag("p", wording.head_sentence(found.head))


def _loss(contestant: Contestant, comparison: Comparison) -> Markup:
    """What is known of one loss: notes, and every seed."""
    said = [one_line(contestant.words), *map(one_line, contestant.notes)]
    said += [_CONVEX[contestant.convex]] if contestant.convex is not None else []
    said += [f"{contestant.seconds:,.1f} s of training over all its trials"] if contestant.seconds else []
    bad = words.diverged(contestant, comparison)
    for seed, epoch in bad:
        said.append(f"seed {seed} diverged" + (f" in epoch {epoch}" if epoch is not None else ""))
    columns = [each for each in words.columns(comparison) if each.measure.name in contestant.figures]
    head = tag("tr", tag("th", "seed"), *(tag("th", each.title, class_="n") for each in columns))
    rows = [
        tag(
            "tr",
            tag("th", seed),
            *(tag("td", _of_seed(contestant, column, i), class_="n") for column in columns),
        )
        for i, seed in enumerate(contestant.seeds)
    ]
    table = (
        tag("div", tag("table", head, *rows, class_="tally"), class_="wide", tabindex=0) if rows and columns else EMPTY
    )
    return tag(
        "details",
        tag("summary", tag("b", one_line(contestant.name)), f" {words.state(contestant, comparison)}"),
        tag("ul", *(tag("li", each) for each in said if each)),
        table,
        class_="loss",
    )


def _of_seed(contestant: Contestant, column: words.Column, i: int) -> str:
    values = contestant.figures[column.measure.name].values
    return column.value(values[i]) if i < len(values) else words.NONE


def _repeat(comparison: Comparison) -> Markup:
    rows = [
        ("seeds", ", ".join(map(str, comparison.seeds))),
        ("level", f"{comparison.level:.4g} on validation data" if math.isfinite(comparison.level) else ""),
        ("versions", words.versions(comparison)),
        ("made", one_line(comparison.made)),
        ("key", one_line(comparison.key)),
    ]
    listed = [join(tag("dt", name), tag("dd", said)) for name, said in rows if said]
    again = words.again(comparison)
    return _section(
        "What was the same for all",
        _list(comparison.setting),
        tag("dl", *listed) if listed else EMPTY,
        join(tag("p", "Show it again:"), tag("pre", tag("code", again))) if again else EMPTY,
    )
