"""Claims for people and machines: a list, a whole claim, a page of documentation, and what the checks found."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import TextWrapper

from lossaudit.advise.checking import Checked, Result
from lossaudit.advise.claims import group_of
from lossaudit.advise.claims.claim import Claim
from lossaudit.report.wording import count, one_line


def table(claims: Sequence[Claim]) -> str:
    """One line a claim: number, name, answer, sentence; grouped."""
    names = max((len(claim.name) for claim in claims), default=0)
    blocks: list[str] = []
    for title, members in groupby(claims, key=group_of):
        lines = (f"{c.number:>3}  {c.name:<{names}}  {c.answer.value:<10}  {c.said}" for c in members)
        blocks.append("\n".join((title, *lines)))
    return "\n\n".join(blocks) + "\n"


def whole(claim: Claim) -> str:
    """Everything about one claim."""
    rows = [
        ("said", claim.said),
        ("terms", claim.terms),
        ("answer", claim.answer.value),
        ("reason", claim.reason),
        ("checked by", how(claim)),
    ]
    lines = [_filled(text, 100, f"  {label:<12}", " " * 14) for label, text in rows if text]
    return "\n".join((f"{claim.number}. {claim.name}", *lines)) + "\n"


def how(claim: Claim) -> str:
    """How the check works: its kind, and its own description.

    A check that says nothing of itself is known by its kind alone.
    """
    if claim.check is None:
        return claim.means.value
    said = inspect.getdoc(claim.check) or ""
    first = " ".join(said.partition("\n\n")[0].split())
    return f"{claim.means.value}: {first}" if first else claim.means.value


def as_data(claim: Claim) -> dict[str, object]:
    """A claim as plain data."""
    return {
        "number": claim.number,
        "name": claim.name,
        "group": group_of(claim),
        "said": claim.said,
        "terms": claim.terms,
        "answer": claim.answer.value,
        "reason": claim.reason,
        "means": claim.means.value,
        "checked_by": how(claim),
    }


def as_json(claims: Sequence[Claim]) -> str:
    """The claims as a JSON array."""
    return json.dumps([as_data(claim) for claim in claims], indent=1, ensure_ascii=False) + "\n"


def markdown(claims: Sequence[Claim]) -> str:
    """A page with all of them."""
    answers = Counter(claim.answer.value for claim in claims)
    lines = [
        "# What people say about losses",
        "",
        f"{count(len(claims), 'claim')}, often repeated: "
        + ", ".join(f"{number} {answer}" for answer, number in answers.items())
        + ".",
        "Nearly every one has a check that derives the answer again: a certificate that is replayed, a counterexample,",
        "a limit, an identity, or a short training with a seed. `lossaudit claims --check` runs them all, and",
        "`lossaudit claims --check 18` one. It fails if an answer does not follow from what its check finds.",
        "",
        "*it depends* means that the check has a case in which the claim holds and one in which it does not.",
        "",
    ]
    for title, members in groupby(claims, key=group_of):
        lines += [f"## {title}", ""]
        for claim in members:
            lines += list(_entry(claim))
    return "\n".join(lines).rstrip() + "\n"


def _entry(claim: Claim) -> Iterator[str]:
    yield f"### {claim.number}. {claim.said}"
    yield ""
    yield _filled(f"**{claim.answer.value.capitalize()}.** {claim.reason}")
    yield ""
    if claim.terms:
        yield _filled(f"Terms: {claim.terms.rstrip('.')}.")
        yield ""
    yield _filled(f"`{claim.name}`; {how(claim)}")
    yield ""


def _filled(text: str, width: int = 120, first: str = "", rest: str = "") -> str:
    return TextWrapper(width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False).fill(text)


def checked_line(checked: Checked, names: int) -> str:
    """What one check found, in one line."""
    claim = checked.claim
    derived = "" if checked.evidence is None else checked.evidence.answer.value
    differs = f" (stands: {claim.answer.value})" if checked.result is Result.DIFFERS else ""
    said = checked.crash or (checked.evidence.shown if checked.evidence else claim.reason)
    cells = f"{claim.number:>3}  {claim.name:<{names}}  {derived:<10}  {checked.result.value + differs:<8}"
    return f"{cells}  {checked.seconds:5.1f} s  {one_line(said)}"


def summary(found: Sequence[Checked], seconds: float) -> str:
    """How many agree, in one line."""
    results = Counter(each.result for each in found)
    ran = sum(results[result] for result in (Result.AGREES, Result.DIFFERS, Result.CRASHED))
    parts = [f"{results[Result.AGREES]} agree", f"{results[Result.DIFFERS]} differ"]
    parts += [f"{results[Result.CRASHED]} crashed"] if results[Result.CRASHED] else []
    parts += [f"{results[Result.OPEN]} open"]
    parts += [f"{results[Result.UNCHECKED]} without a check"] if results[Result.UNCHECKED] else []
    return f"{count(ran, 'claim')} checked in {seconds:.0f} s: {', '.join(parts)}"


def checked_json(found: Sequence[Checked], seconds: float) -> str:
    """What the checks found, as JSON."""
    rows = [
        as_data(each.claim)
        | {
            "result": each.result.value.lower(),
            "derived": None if each.evidence is None else each.evidence.answer.value,
            "holds": None if each.evidence is None else each.evidence.holds,
            "fails": None if each.evidence is None else each.evidence.fails,
            "shown": None if each.evidence is None else each.evidence.shown,
            "crash": each.crash or None,
            "seconds": round(each.seconds, 3),
        }
        for each in found
    ]
    passed = all(each.passes for each in found)
    return json.dumps({"passed": passed, "seconds": round(seconds, 3), "claims": rows}, indent=1) + "\n"
