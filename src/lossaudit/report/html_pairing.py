"""A pairing on the page: the pictures of its run, the verdict with its evidence, and what the verdict speaks about."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lossaudit.report import html_audit, pictures, wording
from lossaudit.report.html_verdict import verdict_section
from lossaudit.report.markup import EMPTY, Markup, tag
from lossaudit.result import PairingResult, Split


def section(met: PairingResult, splits: Sequence[Split] = ()) -> Markup:
    """Everything that is known of one pairing, and what was measured of it on parts of the data."""
    name = wording.pairing_name(met.pairing)
    drawn = _pictures(met, name)
    return tag(
        "section",
        tag("h2", name),
        tag("p", " ".join(_facts(met)), class_="note"),
        html_audit.measures(met, splits),
        tag("div", *drawn, class_="pictures") if drawn else EMPTY,
        verdict_section(met.verdict) if met.verdict is not None else EMPTY,
        html_audit.card(met.card),
    )


def final_accuracy(met: PairingResult) -> float | None:
    """Accuracy at the end of the run: as observed, else the last one measured."""
    if met.pairing.observed is not None and met.pairing.observed.accuracy is not None:
        return met.pairing.observed.accuracy
    return next((value for value in reversed(met.series.accuracy) if math.isfinite(value)), None)


def _pictures(met: PairingResult, name: str) -> list[Markup]:
    series = met.series
    over_time = not met.measured  # an audit of all data has no course
    drawn: list[Markup] = []
    if over_time and (measured(series.accuracy) or measured(series.confidently_wrong) or measured(series.stuck)):
        drawn.append(pictures.shares(series))
    if met.response is not None and len(met.response.gap) > 1:
        drawn.append(pictures.response(met.response, name))
    if over_time and measured(series.loss):
        drawn.append(pictures.loss(series))
    if over_time and (measured(series.median) or measured(series.low)):
        drawn.append(pictures.ratios(series))
    return drawn


def measured(values: Sequence[float]) -> bool:
    """Whether there is anything to draw."""
    return any(map(math.isfinite, values))


def _facts(met: PairingResult) -> list[str]:
    pairing, seen = met.pairing, met.pairing.observed
    facts = [f"Loss at {wording.where(pairing.loss.place)}." if pairing.loss.place else ""]
    known = met.where and met.where != wording.UNKNOWN_PLACE
    facts.append(f"Differentiated at {wording.one_line(met.where)}." if known else "")
    facts.append(f"{pairing.prediction.classes} classes." if pairing.prediction.classes else "")
    if seen is not None:
        passes = wording.count(seen.backwards, "backward pass")
        if not met.measured:
            facts.append(f"Met in {passes}, {wording.count(seen.samples, 'sample')} measured.")
        bad = wording.count(seen.nonfinite, "backward pass")
        facts.append(f"The loss was NaN or infinite in {bad}." if seen.nonfinite else "")
    if met.scale is not None:
        facts.append(f"At uniform logits its gradient is {wording.figure(met.scale)} times cross-entropy's.")
    if met.share_of_loss is not None:
        facts.append(f"This term is {wording.percent(met.share_of_loss)} of its objective.")
    if met.series.step and not met.measured:
        facts.append(
            "Gradients come from autograd." if met.captured else "Gradients are recomputed in double precision."
        )
    return [wording.one_line(fact) for fact in facts if fact]
