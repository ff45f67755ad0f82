"""A verdict for people: the headline, the argument or the counterexample, and what it speaks about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields

from lossaudit.report import page
from lossaudit.report.frame import framed
from lossaudit.report.html_verdict import verdict_section
from lossaudit.verdict import Scope, Status, Verdict, Witness

_MOST_COORDINATES = 12
_LABEL = 13  # width of the first column


@dataclass(frozen=True, slots=True, repr=False)
class ShownVerdict(Verdict):
    """A verdict that prints itself."""

    @classmethod
    def of(cls, verdict: Verdict) -> ShownVerdict:
        return cls(*(getattr(verdict, field.name) for field in fields(Verdict)))

    def to_json(self) -> str:
        """The whole verdict, ready for `lossaudit recheck`."""
        from lossaudit.recheck import as_json  # it comes with exact arithmetic

        return json.dumps(as_json(self), indent=1)

    def __str__(self) -> str:
        return render(self)

    __repr__ = __str__

    def to_html(self) -> str:
        """The verdict as one offline page."""
        return page.render(f"lossaudit: {headline(self)}", verdict_section(self))

    def _repr_html_(self) -> str:
        return framed(self.to_html(), height=480)


def headline(verdict: Verdict) -> str:
    """`CONVEX in the logits: proved`."""
    name, variables = verdict.property.upper(), verdict.scope.variables
    if verdict.status is Status.PROVED:
        return f"{name} in {variables}: proved"
    if verdict.status is Status.REFUTED:
        return f"NOT {name} in {variables}: {verdict.refuted_by}"
    return f"UNDECIDED whether {verdict.property} in {variables}"


def concise(verdict: Verdict) -> str:
    """One line."""
    proved_elsewhere = verdict.status is Status.PROVED and verdict.property != "convex"
    told = verdict.status is Status.UNDECIDED or proved_elsewhere  # the constant, or where it stopped
    return headline(verdict) + (f": {verdict.reason}" if told else "")


def render(verdict: Verdict) -> str:
    """The whole verdict as text."""
    blocks = [[headline(verdict)], _argument(verdict), _scope(verdict.scope)]
    if verdict.region is not None:
        radius = f"{verdict.region:g}"
        said = f"where all of {verdict.scope.variables} lie in [-{radius}, {radius}] it is proved convex"
        blocks.append(_labelled("region", [f"{said} (--domain=-{radius},{radius})"]))
    if verdict.notes:
        blocks.append(_labelled("note", list(verdict.notes)))
    if verdict.property == "convex" and verdict.status is Status.REFUTED:
        blocks.append(_labelled("", ["non-convex is not by itself a bug: `lossaudit card` says what it costs"]))
    if verdict.certificate is not None:
        short = verdict.certificate.digest[:16]
        blocks.append(
            _labelled("certificate", [f"sha256 {short}...; --format json writes it, lossaudit recheck replays it"])
        )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _argument(verdict: Verdict) -> list[str]:
    if verdict.witness is not None:
        return _witness(verdict.witness, verdict.scope)
    if verdict.certificate is not None:
        steps = verdict.certificate.steps or (verdict.reason,)
        return _labelled("proof", [f"{number}. {step}" for number, step in enumerate(steps, 1)])
    return _labelled("why", [verdict.reason])


def _witness(witness: Witness, scope: Scope) -> list[str]:
    at_a, at_midpoint, at_b = witness.values
    kept, where = _differing(witness, scope)
    a, middle, b = (_point([point[i] for i in kept]) for point in (witness.a, witness.midpoint, witness.b))
    lines = [
        f"a        = {a}   loss {at_a:.6g}",
        f"midpoint = {middle}   loss {at_midpoint:.6g}",
        f"b        = {b}   loss {at_b:.6g}",
        *([where] if where else []),
        f"the midpoint lies above the chord by at least {witness.gap:.6g}, in ball arithmetic",
    ]
    if witness.hidden_by_rounding:
        lines.append("your code does not show it: it is lost in rounding there")
    elif witness.as_coded_gap is not None:
        lines.append(f"your code, run at these three points, says {witness.as_coded_gap:.6g}")
    return _labelled("witness", lines)


def _differing(witness: Witness, scope: Scope) -> tuple[list[int], str]:
    """The coordinates to show: of a batch, the rows in which the points differ; and in words what is left out."""
    everything = list(range(len(witness.a)))
    if len(scope.shape) != 2 or None in scope.shape:
        return everything, ""
    width = scope.shape[1] or 1
    rows = [i // width for i in everything if witness.a[i] != witness.b[i]]
    kept = [i for i in everything if i // width in rows]
    rest = sorted({witness.a[i] for i in everything if i // width not in rows})
    if not rest:
        return kept, ""
    others = f"all {rest[0]:g}" if len(rest) == 1 else "as in your example"
    return kept, f"this is row {', '.join(map(str, sorted(set(rows))))}; the other rows are {others}"


def _scope(scope: Scope) -> list[str]:
    shape = f", of shape {tuple(scope.shape)}" if scope.shape else ""
    lines = [f"{scope.function}", f"variables: {scope.variables}{shape}; {scope.domain}"]
    if scope.targets:
        lines.append(f"targets: {scope.targets}")
    meaning = "the real-number function" if scope.semantics == "ideal" else "the function as coded"
    checked = f"; the recording agrees with your code at {scope.points} points" if scope.points else ""
    lines.append(f"semantics: {meaning}{checked}")
    return _labelled("scope", lines)


def _labelled(label: str, lines: list[str]) -> list[str]:
    return [f"  {label if index == 0 else '':{_LABEL}}{line}" for index, line in enumerate(lines)]


def _point(values: Sequence[float]) -> str:
    shown = [f"{value:g}" for value in values[:_MOST_COORDINATES]]
    more = len(values) - len(shown)
    return "(" + ", ".join(shown) + (f", ... {more} more" if more > 0 else "") + ")"
