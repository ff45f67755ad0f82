"""The logarithms on the way to a loss, and what each is taken of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lossaudit.pairing import Const, Flow, Pairing, Place, Step
from lossaudit.rules import heads, wording
from lossaudit.rules.exponentials import BOUNDED


@dataclass(frozen=True, slots=True)
class Logarithm:
    """A logarithm of a head.

    Attributes:
        log: The step itself.
        head: What it is taken of.
        bounded: Whether what the head takes has a small range, so that nothing can become too small.
        complement: The step `1 - p`, where the logarithm is of `1 - p`.
        guards: Summands and clamps between them that keep it finite.
    """

    log: Step
    head: Step
    bounded: bool
    complement: Step | None = None
    guards: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, innermost first."""
        middle = (self.complement,) if self.complement is not None else ()
        return (self.head, *middle, *self.guards, self.log)


def logarithms(flow: Flow) -> Iterator[Logarithm]:
    """Every natural logarithm of something, in order; views, casts and selections between them do not count."""
    steps = heads.head(flow)
    for position, log in enumerate(steps):
        if log.op != "log":
            continue
        before, outer = _unguarded(steps[:position])
        inner: tuple[Step, ...] = ()
        complement = before[-1] if before and is_complement(before[-1]) else None
        if complement is not None:
            before, inner = _unguarded(before[:-1])
        if before:
            bounded = len(before) > 1 and before[-2].op in BOUNDED
            yield Logarithm(log, before[-1], bounded, complement, (*inner, *outer))


def is_complement(step: Step) -> bool:
    """`1 - x`."""
    return step.op == "sub" and step.args.get("input") == Const(1)


def _unguarded(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps without the guards at their end, and these guards."""
    end = len(steps)
    while end and heads.is_guard(steps[end - 1]):
        end -= 1
    return steps[:end], steps[end:]


def spelled_out(pairing: Pairing) -> bool:
    """Whether the loss takes the logarithm itself, written out in the program."""
    return pairing.loss.loss == "bce" and "log" in pairing.loss.ops


def on_the_way(pairing: Pairing) -> str:
    """`, on the way to cross_entropy (line 41)`; of a loss without a name nothing can be said."""
    if pairing.loss.loss is None:
        return ""
    return f", on the way to {wording.loss_name(pairing)}{wording.line(pairing.loss.place)}"


def places(pairing: Pairing, *steps: Step) -> tuple[Place, ...]:
    """First the last of the steps, which is the place to look at, then the others, then the loss; each once."""
    found = (*(step.place for step in reversed(steps)), pairing.loss.place)
    return tuple(dict.fromkeys(place for place in found if place is not None))
