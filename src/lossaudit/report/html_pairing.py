"""A pairing on the page: the pictures of its run, the verdict with its evidence, and what the verdict speaks about."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lossaudit.report import pictures, wording
from lossaudit.report.markup import EMPTY, Markup, join, tag
from lossaudit.result import PairingResult
from lossaudit.verdict import Certificate, Scope, Status, Verdict, Witness

_COORDINATES = 16  # of a point that are written out


def section(met: PairingResult) -> Markup:
    """Everything that is known of one pairing."""
    name = wording.pairing_name(met.pairing)
    drawn = _pictures(met, name)
    return tag(
        "section",
        tag("h2", name),
        tag("p", " ".join(_facts(met)), class_="note"),
        tag("div", *drawn, class_="pictures") if drawn else EMPTY,
        _verdict(met.verdict) if met.verdict is not None else EMPTY,
    )


def final_accuracy(met: PairingResult) -> float | None:
    """Accuracy at the end of the run: as observed, else the last one measured."""
    if met.pairing.observed is not None and met.pairing.observed.accuracy is not None:
        return met.pairing.observed.accuracy
    return next((value for value in reversed(met.series.accuracy) if math.isfinite(value)), None)


def _pictures(met: PairingResult, name: str) -> list[Markup]:
    series = met.series
    drawn: list[Markup] = []
    if measured(series.accuracy) or measured(series.confidently_wrong) or measured(series.stuck):
        drawn.append(pictures.shares(series))
    if met.response is not None and len(met.response.gap) > 1:
        drawn.append(pictures.response(met.response, name))
    if measured(series.loss):
        drawn.append(pictures.loss(series))
    if measured(series.median) or measured(series.low):
        drawn.append(pictures.ratios(series))
    return drawn


def measured(values: Sequence[float]) -> bool:
    """Whether there is anything to draw."""
    return any(map(math.isfinite, values))


def _facts(met: PairingResult) -> list[str]:
    pairing, seen = met.pairing, met.pairing.observed
    facts = [f"Loss at {wording.where(pairing.loss.place)}." if pairing.loss.place else ""]
    facts.append(f"Differentiated at {wording.one_line(met.where)}." if met.where else "")
    facts.append(f"{pairing.prediction.classes} classes." if pairing.prediction.classes else "")
    if seen is not None:
        passes = wording.count(seen.backwards, "backward pass")
        facts.append(f"Met in {passes}, {wording.count(seen.samples, 'sample')} measured.")
        bad = wording.count(seen.nonfinite, "backward pass")
        facts.append(f"The loss was NaN or infinite in {bad}." if seen.nonfinite else "")
    if met.scale is not None:
        facts.append(f"At uniform logits its gradient is {wording.figure(met.scale)} times cross-entropy's.")
    if met.share_of_loss is not None:
        facts.append(f"This term is {wording.percent(met.share_of_loss)} of its objective.")
    if met.series.step:
        facts.append(
            "Gradients come from autograd." if met.captured else "Gradients are recomputed in double precision."
        )
    return [wording.one_line(fact) for fact in facts if fact]


def _verdict(verdict: Verdict) -> Markup:
    proof = EMPTY
    if verdict.witness is not None:
        proof = _witness(verdict.witness)
    elif verdict.certificate is not None:
        proof = _certificate(verdict.certificate)
    return join(
        tag("h3", tag("span", verdict.status.value, class_=f"chip {verdict.status.value}"), " ", verdict.headline),
        tag("p", wording.one_line(verdict.reason)) if verdict.status is not Status.UNDECIDED else EMPTY,
        proof,
        _scope(verdict.scope),
    )


def _witness(witness: Witness) -> Markup:
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
    coded = "" if witness.as_coded_gap is None else f" (it computes {wording.figure(witness.as_coded_gap)})."
    return join(
        tag(
            "table",
            tag("tr", tag("th", "point"), tag("th", "logits"), tag("th", "loss", class_="n")),
            *body,
        ),
        tag(
            "p",
            f"A convex function lies at the midpoint on or below the mean of its ends, {chord}. This one lies "
            f"above it, by at least {wording.figure(witness.gap)}, verified in ball arithmetic. "
            f"Target: {_point(witness.target)}. {hidden}{coded}",
        ),
    )


def _point(point: tuple[float, ...]) -> str:
    shown = ", ".join(f"{value:g}" for value in point[:_COORDINATES])
    more = f", … ({len(point):,} in all)" if len(point) > _COORDINATES else ""
    return f"({shown}{more})"


def _certificate(certificate: Certificate) -> Markup:
    steps = tag("ol", *(tag("li", step) for step in certificate.steps)) if certificate.steps else EMPTY
    return join(tag("p", "Certificate ", tag("code", certificate.rule), ", step by step:" if steps else ""), steps)


def _scope(scope: Scope) -> Markup:
    shape = " × ".join("any" if size is None else str(size) for size in scope.shape)
    rows = [
        ("speaks of", scope.function),
        ("as a function of", scope.variables + (f", shape {shape}" if shape else "")),
        ("targets", scope.targets),
        ("where", scope.domain),
        ("semantics", scope.semantics),
    ]
    return tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in rows if value), class_="scope")
