"""Replays certificates about programs: which rules there are, what each shows, and what each trusts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from lossaudit.recheck.facts import convex_by_facts
from lossaudit.recheck.margin import margin, ring
from lossaudit.recheck.pieces import pieces
from lossaudit.recheck.programs import Program, read
from lossaudit.recheck.refusal import Refusal, demand
from lossaudit.recheck.refutations import bounded, witness
from lossaudit.recheck.rows import rows
from lossaudit.recheck.shift import shift

DEEPEST = 12
"""Certificates within certificates, at most."""

Prove: TypeAlias = Callable[[Any], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of certificates about programs.

    Attributes:
        check: `(data, program, prove)` -> what was trusted beyond `axioms`; raises `Refusal`. `prove` replays a
            certificate within this one and shows that its program is convex.
        shows: The status it gives the property "convex".
        axioms: What is trusted whenever the rule is used.
        may_use: What else may be trusted, as the certificate has it, beyond what other tables name.
    """

    check: Callable[[Any, Program, Prove], frozenset[str]]
    shows: str
    axioms: tuple[str, ...]
    may_use: tuple[str, ...] = ()


_ON_PROBABILITIES = ("exact", "sum", "exp", "log-product")

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "facts": Rule(lambda data, program, _: convex_by_facts(program, data["claims"]), "proved", ("exact",)),
        "rows": Rule(rows, "proved", ("sum",)),
        "shift": Rule(shift, "proved", ("exact", "sum", "exp", "max")),
        "pieces": Rule(pieces, "proved", ("exact", "balls", "sum", "gluing"), ("second derivative",)),
        "margin": Rule(lambda data, program, _: margin(data, program), "proved", _ON_PROBABILITIES, ("margin",)),
        "ring": Rule(
            lambda data, program, _: ring(data, program), "proved", _ON_PROBABILITIES, ("margin", "laplacian")
        ),
        "witness": Rule(lambda data, program, _: witness(data, program), "refuted", ("exact", "balls", "chord")),
        "bounded": Rule(lambda data, program, _: bounded(data, program), "refuted", ("balls", "bounded")),
    }
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What a certificate shows.

    Attributes:
        shows: The status of the property "convex".
        rule: By which rule.
        instructions: Size of the program.
        axioms: What was trusted.
    """

    shows: str
    rule: str
    instructions: int
    axioms: frozenset[str]


def replay(certificate: Any, depth: int = 0) -> Replay:
    """Replay a certificate about a program.

    Raises:
        Refusal: It does not hold.
    """
    demand(depth < DEEPEST, "the certificate is nested too deeply")
    name, data = certificate["rule"], certificate["data"]
    demand(isinstance(name, str) and name in RULES, f"there is no rule {str(name)[:40]!r}")
    rule = RULES[name]
    program = read(data["program"])

    def prove(inner: Any) -> frozenset[str]:
        found = replay(inner, depth + 1)
        if found.shows != "proved":
            raise Refusal("a certificate within is no proof")
        return found.axioms

    trusted = rule.check(data, program, prove)
    return Replay(rule.shows, name, len(program.instructions), frozenset(rule.axioms) | trusted)
