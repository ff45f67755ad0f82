"""A verdict for people: the headline, the argument or the counterexample, and what it speaks about."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from lossaudit.recheck import as_json
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
        return json.dumps(as_json(self), indent=1)

    def __str__(self) -> str:
        return render(self)

    __repr__ = __str__


def headline(verdict: Verdict) -> str:
    """`CONVEX in the logits: proved`."""
    name, variables = verdict.property.upper(), verdict.scope.variables
    if verdict.status is Status.PROVED:
        return f"{name} in {variables}: proved"
    if verdict.status is Status.REFUTED:
        how = "counterexample confirmed" if verdict.witness else "proved by a certificate"
        return f"NOT {name} in {variables}: {how}"
    return f"UNDECIDED whether {verdict.property} in {variables}: {verdict.reason}"


def concise(verdict: Verdict) -> str:
    """One line."""
    return headline(verdict)


def render(verdict: Verdict) -> str:
    """The whole verdict as text."""
    blocks = [[headline(verdict)], _argument(verdict), _scope(verdict.scope)]
    if verdict.region is not None:
        blocks.append(_labelled("region", [f"proved for all |{verdict.scope.variables}| <= {verdict.region:g}"]))
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
        return _witness(verdict.witness)
    if verdict.certificate is not None:
        steps = verdict.certificate.steps or (verdict.reason,)
        return _labelled("proof", [f"{number}. {step}" for number, step in enumerate(steps, 1)])
    return _labelled("why", [verdict.reason])


def _witness(witness: Witness) -> list[str]:
    at_a, at_midpoint, at_b = witness.values
    lines = [
        f"a        = {_point(witness.a)}   loss {at_a:.6g}",
        f"midpoint = {_point(witness.midpoint)}   loss {at_midpoint:.6g}",
        f"b        = {_point(witness.b)}   loss {at_b:.6g}",
        f"the midpoint lies above the chord by at least {witness.gap:.6g}, in ball arithmetic",
    ]
    if witness.hidden_by_rounding:
        lines.append("your code does not show it: it is lost in rounding there")
    elif witness.as_coded_gap is not None:
        lines.append(f"your code, run at these three points, says {witness.as_coded_gap:.6g}")
    return _labelled("witness", lines)


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


def _point(values: tuple[float, ...]) -> str:
    shown = [f"{value:g}" for value in values[:_MOST_COORDINATES]]
    more = len(values) - len(shown)
    return "(" + ", ".join(shown) + (f", ... {more} more" if more > 0 else "") + ")"
