"""A verdict on the page: the argument step by step, or the counterexample as a table, and what it speaks about."""

from __future__ import annotations

import json

from lossaudit.report import pictures, wording
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.verdict import Certificate, Scope, Status, Verdict, Witness

_COORDINATES = 16  # of a point that are written out
_LARGEST = 20_000  # characters of evidence that a page carries


def verdict_section(verdict: Verdict) -> Markup:
    """The headline, the argument or the counterexample, and the scope."""
    proof = EMPTY
    if verdict.witness is not None:
        proof = _witness(verdict.witness, verdict.scope)
    elif verdict.certificate is not None:
        proof = _certificate(verdict.certificate)
    return join(
        tag("h3", tag("span", verdict.status.value, class_=f"chip {verdict.status.value}"), " ", verdict.headline),
        tag("p", wording.one_line(verdict.reason)) if verdict.status is not Status.UNDECIDED else EMPTY,
        proof,
        *(tag("p", wording.one_line(note), class_="note") for note in verdict.notes),
        _scope(verdict.scope),
        _evidence(verdict),
    )


def _witness(witness: Witness, scope: Scope) -> Markup:
    """The counterexample as a table that a reader can check with a pocket calculator."""
    at_a, at_midpoint, at_b = witness.values
    rows = [
        ("a", _point(witness.a), wording.figure(at_a)),
        ("midpoint", _point(witness.midpoint), wording.figure(at_midpoint)),
        ("b", _point(witness.b), wording.figure(at_b)),
    ]
    body = [tag("tr", tag("th", name), tag("td", point), tag("td", value, class_="n")) for name, point, value in rows]
    chord = wording.figure((at_a + at_b) / 2)
    hidden = {
        None: "The program's own function was not run at these points.",
        True: "Rounding hides it: the program's own function, in its own precision, does not show this gap",
        False: "The program's own function shows it too",
    }[witness.hidden_by_rounding]
    target = f"Target: {_point(witness.target)}. " if witness.target else ""
    coded = "" if witness.as_coded_gap is None else f" (it computes {wording.figure(witness.as_coded_gap)})."
    return join(
        tag(
            "table",
            tag("tr", tag("th", "point"), tag("th", scope.variables), tag("th", "loss", class_="n")),
            *body,
        ),
        tag("div", pictures.chord(witness), class_="pictures"),
        tag(
            "p",
            f"A convex function lies at the midpoint on or below the mean of its ends, {chord}. This one lies "
            f"above it, by at least {wording.figure(witness.gap)}, verified in ball arithmetic. "
            f"{target}{hidden}{coded}",
        ),
    )


def _point(point: tuple[float, ...]) -> str:
    shown = ", ".join(f"{value + 0.0:g}" for value in point[:_COORDINATES])
    more = f", … ({len(point):,} in all)" if len(point) > _COORDINATES else ""
    return f"({shown}{more})"


def _certificate(certificate: Certificate) -> Markup:
    steps = tag("ol", *(tag("li", step) for step in certificate.steps)) if certificate.steps else EMPTY
    return join(tag("p", "Certificate ", tag("code", certificate.rule), ", step by step:" if steps else ""), steps)


def _evidence(verdict: Verdict) -> Markup:
    """The evidence as text, to be copied into a file for `lossaudit recheck`."""
    if verdict.certificate is None:
        return EMPTY
    from lossaudit.recheck import as_json  # it comes with exact arithmetic

    digest = verdict.certificate.digest[:12]
    data = json.dumps(as_json(verdict))
    if len(data) > _LARGEST:
        return tag("p", f"Certificate {digest}: {len(data):,} characters, in the JSON output.", class_="note")
    summary = tag("summary", f"Certificate {digest}: save it, and lossaudit recheck FILE replays it")
    return tag("details", summary, tag("pre", data))


def _scope(scope: Scope) -> Markup:
    shape = " × ".join("any" if size is None else str(size) for size in scope.shape)
    rows = [
        ("speaks of", scope.function),
        ("as a function of", scope.variables + (f", shape {shape}" if shape else "")),
        ("targets", scope.targets),
        ("where", scope.domain),
        ("semantics", scope.semantics),
        ("compared with the code", f"at {scope.points} points" if scope.points else ""),
    ]
    return tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in rows if value), class_="scope")
