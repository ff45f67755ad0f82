"""Whole verdicts as JSON, and the question whether the evidence in one holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any, TypeAlias

from flint import fmpq

from lossaudit.recheck import named
from lossaudit.recheck.programs import number, read
from lossaudit.recheck.refusal import Refusal, demand
from lossaudit.recheck.refutations import gap, points
from lossaudit.recheck.replay import Replay, replay
from lossaudit.verdict import Certificate, Scope, Status, Verdict, Witness

Json: TypeAlias = Mapping[str, Any]

# What data of a wrong form raise where they are used.
_MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain JSON data, complete enough for `recheck` and `from_json`."""
    return json.loads(json.dumps({**asdict(verdict), "status": verdict.status.value}, default=dict))


def from_json(data: Json) -> Verdict:
    """The verdict that `as_json` wrote down.

    Raises:
        KeyError, TypeError, ValueError: The data are not a verdict.
    """
    certificate, witness = data["certificate"], data["witness"]
    return Verdict(
        property=data["property"],
        status=Status(data["status"]),
        scope=Scope(**{name: _tuples(value) for name, value in data["scope"].items()}),
        reason=data["reason"],
        certificate=certificate and Certificate(certificate["rule"], certificate["data"], tuple(certificate["steps"])),
        witness=witness and Witness(**{name: _tuples(value) for name, value in witness.items()}),
    )


def recheck(certificate: Json) -> bool:
    """Replay a certificate, or a whole verdict as `as_json` gives it.

    Args:
        certificate: JSON data with `rule` and `data`, or a verdict with `status`, `certificate` and `witness`.

    Returns:
        True only when the evidence holds. An undecided verdict, or data of another form, has none: False.

    >>> program = {
    ...     "variables": 1,
    ...     "domain": [None, None, True, True],
    ...     "instructions": [["variable", [], ["0"]], ["power", [0], ["3"]]],
    ...     "output": 1,
    ... }
    >>> recheck({"rule": "witness", "data": {"program": program, "a": ["-2"], "b": ["0"], "gap": "3"}})
    True
    >>> recheck({"rule": "witness", "data": {"program": program, "a": ["2"], "b": ["0"], "gap": "3"}})
    False
    """
    try:
        examine(certificate)
    except Refusal:
        return False
    return True


def examine(data: Json) -> Replay:
    """What a certificate or a verdict shows.

    Raises:
        Refusal: It does not hold, is not well formed, or has no evidence.
    """
    try:
        return _verdict(data) if "status" in data else _certificate(data)
    except Refusal:
        raise
    except _MALFORMED as error:
        raise Refusal(f"it is not well formed ({type(error).__name__}: {str(error)[:80]})") from error


def _certificate(data: Json) -> Replay:
    if "pairing" not in data["data"]:
        return replay(data)
    demand(named.holds(data), "the argument about the named loss does not hold")
    shows, axioms = named.SHOWS[data["rule"]]
    return Replay(shows, data["rule"], 0, frozenset(axioms))


def _verdict(data: Json) -> Replay:
    evidence, witness = data["certificate"], data["witness"]
    demand(isinstance(evidence, Mapping), "the verdict has no certificate")
    demand(data["property"] == "convex", "only verdicts about convexity are known")
    shown = _certificate(evidence)
    demand(shown.shows == data["status"], f"the certificate says {shown.shows}, the verdict {str(data['status'])[:20]}")
    if witness is not None:
        demand(shown.shows == "refuted", "a proof has no witness")
        if "pairing" in evidence["data"]:
            demand(named.witness_holds(evidence["data"]["pairing"], witness), "the witness does not hold")
        else:
            _check_witness(evidence, witness)
    return shown


def _check_witness(evidence: Json, witness: Json) -> None:
    """A verdict's witness holds for the certificate's program, and is the certificate's own if that has one.

    Raises:
        Refusal: It does not, or is not.
    """
    program = read(evidence["data"]["program"])
    exact = {name: [str(Fraction(x)) for x in witness[name]] for name in ("a", "b", "midpoint")}
    a, b, middle = points(program, exact["a"], exact["b"], exact["midpoint"])
    demand([(x + y) / 2 for x, y in zip(a, b, strict=True)] == middle, "the midpoint is not exact")
    least = number(str(Fraction(witness["gap"])))
    demand(least > 0 and gap(program, a, b, least), "the witness does not hold")
    if evidence["rule"] == "witness":
        own = [[fmpq(number(x)) for x in evidence["data"][name]] for name in ("a", "b")]
        demand(own == [a, b], "the witness is not the certificate's")


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        items: list[Any] = value
        return tuple(items)
    return value
