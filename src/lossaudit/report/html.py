"""One offline page: what is wrong in one sentence, then how it is known, then what was not looked at.

The page needs no network and no font: CSS and SVG inline, everything else forbidden by its Content-Security-Policy.
A landscape brings the one script that draws it, which the policy names by its hash. Sections come in the order in
which a reader asks: what, where, how to mend it, the evidence, the proof, the landscape, the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lossaudit.report import html_audit, html_finding, html_pairing, page, pictures, wording
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.result import Measured, PairingResult, Result

if TYPE_CHECKING:
    from lossaudit.landscape.picture import Picture

# What a rule's code says about the kind of mistake, in the words of DESIGN.md.
_KINDS = {
    "LA1": "Head and loss do not fit",
    "LA2": "The targets do not fit",
    "LA3": "A numerically unstable spelling",
    "LA4": "The learning signal is cut or vanishes",
    "LA5": "The reduction or weighting is off",
    "LA9": "Style or speed",
}

_IN_FULL = 12  # terms with pictures: a page stays small enough to attach


def render(result: Result, *, compare: Result | None = None, landscapes: Sequence[Picture] = ()) -> str:
    """The page as text, to be written as UTF-8.

    Args:
        result: What to show; it may still be running.
        compare: The result of the same program with the fix, for a before/after section.
        landscapes: Pictures of the loss over the parameters. With them the page carries the script that moves them.
    """
    style = script = ""
    if landscapes:
        from lossaudit.report.landscape.page import SCRIPT, STYLE  # with arrays come NumPy

        style, script = STYLE, SCRIPT
    title = f"lossaudit: {_title(result)}"
    return page.render(title, *_sections(result, compare, landscapes), style=style, script=script)


def _sections(result: Result, compare: Result | None, landscapes: Sequence[Picture]) -> Iterator[Markup]:
    yield _top(result, compare)
    yield join(*(html_finding.section(each) for each in wording.mistakes(result)))
    if compare is not None:
        yield _before_after(result, compare)
    yield html_audit.losses(result)
    met = [*_worst_first(result), *result.unnamed]
    yield join(*(html_pairing.section(each, result.splits) for each in met[:_IN_FULL]))
    yield _section("Further terms", *(tag("p", _short(each), class_="note") for each in met[_IN_FULL:]))
    yield html_audit.blocks(result.blocks)
    yield html_audit.head(result.head)
    yield join(*map(_landscape, landscapes))
    yield _section("Remarks", *(html_finding.remark(each) for each in wording.remarks(result)))
    missed = [tag("li", wording.unresolved_line(each)) for each in wording.not_understood(result)]
    yield _section(
        "Not understood",
        tag("ul", *missed) if missed else tag("p", "Nothing was met that was not understood."),
    )
    yield _limits(result)


def _landscape(picture: Picture) -> Markup:
    from lossaudit.report.landscape.page import section

    return section(picture)


def _short(met: PairingResult) -> str:
    """A term in one line, where there are too many to show all of them in full."""
    place = met.pairing.loss.place
    where = f" at {wording.where(place)}" if place is not None else ""
    return f"{wording.pairing_name(met.pairing)}{where}"


def _title(result: Result) -> str:
    found = wording.mistakes(result)
    return f"{found[0].rule} in {result.program}" if found else f"{result.program}: {wording.counts(result)}"


def _top(result: Result, compare: Result | None) -> Markup:
    """The one sentence, and the figures that carry it."""
    found = wording.mistakes(result)
    if found:
        label = state = found[0].severity.value
        kind = _KINDS.get(found[0].code[:3], "A mistake")
        more = f" (and {wording.count(len(found) - 1, 'more finding')})" if len(found) > 1 else ""
        sentence = f"{kind}: {wording.one_line(found[0].message)}{more}"
    else:
        label, state = ("nothing wrong", "clean") if result.pairings else ("nothing read", "warning")
        sentence = _capital(_clean(result))
    ending = wording.ending(result)
    return tag(
        "header",
        tag(
            "p",
            tag("span", label, class_=f"chip {state}"),
            " ",
            tag("code", wording.one_line(result.program)),
            class_="program",
        ),
        tag("h1", sentence),
        tag("p", _capital(found[0].why), class_="lead") if found else EMPTY,
        tag("p", _capital(ending), class_="ending") if ending else EMPTY,
        _tiles(result, compare),
    )


def _clean(result: Result) -> str:
    if not result.pairings:
        return wording.clean_sentence(result)
    missed = len(wording.not_understood(result))
    read = wording.count(len(result.pairings), "pairing")
    return f"nothing wrong between head and loss in {read} read, {missed} not understood"


def _tiles(result: Result, compare: Result | None) -> Markup:
    """A few large figures of the pairing in question."""
    main = _main(result)
    if main is None:
        return EMPTY
    if main.measured:
        return _tiles_of(main.measured)
    seen = main.pairing.observed
    tiles: list[tuple[str, str, str | None]] = []
    accuracy = html_pairing.final_accuracy(main)
    if accuracy is not None:
        so_far = "accuracy so far" if result.ended == "running" else "accuracy at the end"
        tiles.append((wording.percent(accuracy), so_far, None))
    if compare is not None and (other := _main(compare)) is not None:
        fixed = html_pairing.final_accuracy(other)
        tiles += [(wording.percent(fixed), "accuracy with the fix", "better")] if fixed is not None else []
    if seen is not None and seen.stuck is not None:
        tiles.append((wording.percent(seen.stuck), "stuck, at its worst", None))
    if seen is not None and seen.confidently_wrong is not None:
        tiles.append((wording.percent(seen.confidently_wrong), "confidently wrong", None))
    return _tiled(tiles)


def _tiles_of(measured: Sequence[Measured]) -> Markup:
    """The same of an audit: accuracy on each part of the data, then the worst of the others."""
    last = measured[-1]
    tiles: list[tuple[str, str, str | None]] = [
        (wording.percent(each.accuracy), f"accuracy, {each.split}", None) for each in measured
    ]
    stuck = [each for each in measured if each.stuck is not None]
    if stuck:
        tiles.append((wording.percent(stuck[0].stuck or 0.0), f"stuck, {stuck[0].split}", None))
    if last.calibration is not None:
        error = wording.figure(last.calibration.error, 2)
        tiles.append((error, f"calibration error, {last.split}", None))
    return _tiled(tiles)


def _tiled(tiles: Sequence[tuple[str, str, str | None]]) -> Markup:
    shown = (tag("div", tag("b", value), " ", tag("span", name), class_=look) for value, name, look in tiles)
    return tag("div", *shown, class_="tiles") if tiles else EMPTY


def _before_after(result: Result, compare: Result) -> Markup:
    before, after = _main(result), _main(compare)
    if before is None or after is None:
        return EMPTY
    was, became = html_pairing.final_accuracy(before), html_pairing.final_accuracy(after)
    if was is None or became is None:
        return EMPTY
    drawn = html_pairing.measured(before.series.accuracy) and html_pairing.measured(after.series.accuracy)
    figures = tag("b", wording.percent(was)), " → ", tag("b", wording.percent(became))
    return _section(
        "With the fix",
        tag("p", "Accuracy ", *figures, ", measured while both programs ran."),
        pictures.accuracies(before.series, after.series) if drawn else EMPTY,
        tag("p", f"As it is: {_capital(_state(result))} With the fix: {_state(compare)}", class_="note"),
    )


def _state(result: Result) -> str:
    found = len(wording.mistakes(result))
    return f"{wording.count(found, 'finding')}, {wording.coverage(result) or 'no backward pass seen'}."


def _worst_first(result: Result) -> list[PairingResult]:
    """The pairings that findings speak about, worst first, then the others as they were met."""
    accused = [met for each in wording.mistakes(result) if (met := wording.pairing_of(each, result)) is not None]
    ordered: list[PairingResult] = []
    for each in (*accused, *result.pairings):
        if not any(each is known for known in ordered):
            ordered.append(each)
    return ordered


def _main(result: Result) -> PairingResult | None:
    """The pairing in question: the worst one, or the first one whose accuracy is known."""
    ordered = _worst_first(result)
    known = (each for each in ordered if html_pairing.final_accuracy(each) is not None)
    return next(known, ordered[0] if ordered else None)


def main_accuracy(result: Result) -> float | None:
    """Accuracy at the end of the run, of the pairing that the report is about."""
    main = _main(result)
    return html_pairing.final_accuracy(main) if main is not None else None


def _limits(result: Result) -> Markup:
    names = wording.rule_names()
    versions = ", ".join(f"{name} {version}" for name, version in sorted(result.versions.items()))
    rows = [
        ("Not checked", f"{wording.NOT_CHECKED}. A clean result is no praise of the model."),
        ("Read", f"{wording.counts(result)}."),
        ("Seen", _seen(result)),
        ("Checked", ", ".join(names)),
        ("Versions", versions),
    ]
    shown = [join(tag("dt", name), tag("dd", value)) for name, value in rows if value]
    notes = tag("ul", *(tag("li", note) for note in result.notes)) if result.notes else EMPTY
    return _section("Not checked, and other limits", tag("dl", *shown), notes)


def _seen(result: Result) -> str:
    seen = wording.coverage(result)
    if result.kind == "audit":
        return f"{_capital(seen)}; nothing was trained." if seen else ""
    return f"{seen}; {wording.count(result.steps, 'optimizer step')}." if seen else "no backward pass."


def _section(heading: str, *content: Markup) -> Markup:
    return tag("section", tag("h2", heading), *content) if any(content) else EMPTY


def _capital(sentence: str) -> str:
    """The sentence on one line, with a capital."""
    plain = wording.one_line(sentence)
    return plain[:1].upper() + plain[1:]
