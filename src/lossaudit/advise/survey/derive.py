"""Whether a loss has a property in its argument, and by which argument of proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lossaudit.catalogue.later import torch

if TYPE_CHECKING:
    from lossaudit.geometry.piecewise.analysis import Analysis
    from lossaudit.geometry.program import Program
    from lossaudit.geometry.properties.family import Family
    from lossaudit.verdict import Verdict


class Tag(StrEnum):
    CONT = "continuous"
    DIFF = "differentiable"
    L_CONT = "Lipschitz"
    CONV = "convex"
    S_CONV = "strictly convex"

    @property
    def printed(self) -> str:
        """As the survey writes it."""
        return self.name.replace("_", "-")


class Survey(StrEnum):
    """What the survey does with a tag."""

    PRINTED = "printed"
    OMITTED = "left out"


@dataclass(frozen=True, slots=True)
class Derived:
    """Whether a loss has a property, None where nothing decides it; and by which argument."""

    value: bool | None
    how: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A loss of the survey in one argument.

    Attributes:
        loss: As the survey calls it.
        formula: As it is derived here, in one line.
        argument: What it is a function of here.
        function: Of one tensor, or of several of which the first is the argument.
        example: Of its arguments.
        domain: Where the argument ranges.
        tags: What the survey does with which tag.
        corner: A point where it might have a kink, and a direction across it; empty where its pieces show it.
    """

    loss: str
    formula: str
    argument: str
    function: Callable[..., Any]
    example: tuple[tuple[float, ...] | float, ...]
    domain: str | None = None
    tags: Mapping[Tag, Survey] = field(default_factory=dict[Tag, Survey])
    corner: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    @property
    def arguments(self) -> tuple[torch.Tensor, ...]:
        return tuple(torch.tensor(numbers, dtype=torch.float64) for numbers in self.example)

    @cached_property
    def program(self) -> Program:
        from lossaudit.proving.frameworks import subject_of
        from lossaudit.proving.prove import domain_of, record

        interval, _ = domain_of(self.domain)
        return record(subject_of(self.function, self.arguments, 0, None), interval, "ideal").program

    @cached_property
    def family(self) -> Family:
        from lossaudit.geometry.properties.family import Family, Task

        return Family((self.program,), (0.0,), Task.REAL, complete=False)

    @cached_property
    def pieces(self) -> Analysis | None:
        """Its pieces and how they meet, if its argument is one number."""
        from lossaudit.geometry.piecewise.analysis import analyse

        return analyse(self.program) if self.program.variables == 1 else None

    @cached_property
    def convexity(self) -> Verdict:
        from lossaudit.proving.prove import prove

        return prove(self.function, *self.arguments, domain=self.domain)

    def derived(self, tag: Tag) -> Derived:
        """Whether the loss has this property in this argument."""
        return _RULES[tag](self)


def _continuous(row: Row) -> Derived:
    from lossaudit.geometry.composition import derive

    if row.pieces is not None:
        jumps = [joint.at for joint in row.pieces.joints if joint.passage.value in ("jump", "unknown")]
        if not jumps:
            return Derived(True, "its pieces meet" if row.pieces.joints else "it is one smooth piece")
        return Derived(False, f"its value jumps at {', '.join(map(str, jumps))}")
    steps = {"step", "step_closed", "select", "opaque"}
    if any(instruction.op in steps for instruction in row.program.instructions):
        return Derived(None, "it has cases")
    if not derive(row.program)[row.program.output].defined:
        return Derived(None, "it is not defined everywhere")
    return Derived(True, "every operation is continuous where it is applied")


def _differentiable(row: Row) -> Derived:
    from lossaudit.geometry.interval import REALS
    from lossaudit.geometry.piecewise.analysis import analyse
    from lossaudit.geometry.properties.family import along

    if row.pieces is not None:
        kinks = [joint.at for joint in row.pieces.joints if joint.passage.value != "smooth"]
        if not kinks:
            return Derived(True, "its pieces meet with equal slopes" if row.pieces.joints else "it is one smooth piece")
        return Derived(False, f"its slope or its value jumps at {', '.join(map(str, kinks))}")
    if row.corner is not None:
        origin, direction = row.corner
        line, _ = along(row.program, (), origin, direction, REALS)
        found = analyse(line)
        if found is not None and any(joint.passage.value in ("up", "down") for joint in found.joints):
            return Derived(False, f"its slope jumps at {_point(origin)} in the direction {_point(direction)}")
        return _across(row)
    if _continuous(row).value is None:
        return Derived(None, _continuous(row).how)
    if not _smooth(row.program):
        return Derived(None, "it has kinks that may cancel")
    return Derived(True, "every operation is smooth where it is applied")


def _smooth(program: Program) -> bool:
    """Whether no operation has a kink where it is applied."""
    from lossaudit.geometry.composition import derive
    from lossaudit.geometry.primitives import PRIMITIVES
    from lossaudit.geometry.properties.family import KINKED

    facts = derive(program)
    for op, args, constants in program.instructions:
        if op in KINKED or op == "select":
            return False
        if op == "power" and constants[0].q != 1 and not facts[args[0]].range.positive:
            return False
        if op in PRIMITIVES and PRIMITIVES[op].kinks(constants):
            return False
    return True


def _across(row: Row) -> Derived:
    """Slopes next to a point, in balls."""
    from flint import arb, fmpq

    from lossaudit.geometry.properties.family import Slopes

    assert row.corner is not None
    origin, direction = row.corner
    near = fmpq(1, 2**40)
    sides = [
        Slopes(row.program).at([arb(x + sign * near * d) for x, d in zip(origin, direction, strict=True)])[0]
        for sign in (-1, 1)
    ]
    if abs(sides[1] - sides[0]) > 1e-3:
        shown = " and ".join(f"{float(side.mid()):.3g}" for side in sides)
        return Derived(False, f"measured: its slopes 2^-40 to the left and right of {_point(origin)} are {shown}")
    return Derived(None, "no kink was found")


def _lipschitz(row: Row) -> Derived:
    from lossaudit.geometry.properties.lipschitz import lipschitz

    if _continuous(row).value is False:
        return Derived(False, "it is not even continuous")
    steepest = _steepest(row)
    if steepest is not None:
        return Derived(True, f"its slope is at most {steepest}")
    found = lipschitz(row.family)[0]
    if found.value == "infinite":
        return Derived(False, "its slope has no bound")
    if found.bounds is not None and found.bounds[1] < float("inf"):
        return Derived(True, f"constant {found.value}")
    return _halving(row)


def _steepest(row: Row) -> str | None:
    """The largest slope of pieces that are polynomials of degree 2 or less, if there is one."""
    if row.pieces is None:
        return None
    slopes: list[Any] = []
    for piece in row.pieces.pieces:
        polynomial = piece.form.polynomial
        if polynomial is None or polynomial.degree() > 2:
            return None
        slope = polynomial.derivative()
        if slope.degree() > 0 and None in (piece.low, piece.high):
            return None
        slopes += [abs(slope(end)) for end in (piece.low or 0, piece.high or 0)]
    return str(max(slopes))


def _halving(row: Row) -> Derived:
    """Whether the slope doubles whenever the argument is halved: then it has no bound near 0."""
    from flint import arb, fmpq

    from lossaudit.geometry.properties.family import Slopes

    slopes = Slopes(row.program)
    start = [fmpq(1), *[fmpq(0)] * (row.program.variables - 1)]
    sizes = [slopes.norm([arb(x / 2**k) for x in start]) for k in (0, 10, 20)]
    if all(size.is_finite() for size in sizes) and sizes[1] > 1000 * sizes[0] and sizes[2] > 1000 * sizes[1]:
        return Derived(False, "measured: its slope doubles when the argument is halved, 20 times over")
    return Derived(None, "no bound of the slope is proved")


def _convex(row: Row) -> Derived:
    from lossaudit.recheck import as_json, recheck

    found = row.convexity
    if found.status == "undecided" or not recheck(as_json(found)):
        return Derived(None, found.reason)
    if found.witness is not None:
        a, b = found.witness.a, found.witness.b
        return Derived(False, f"between {_point(a)} and {_point(b)} it lies {found.witness.gap:.3g} above its chord")
    return Derived(found.status == "proved", "proved" if found.status == "proved" else found.reason)


def _strictly(row: Row) -> Derived:
    from lossaudit.geometry.properties.strictness import strictly_convex

    convex = _convex(row).value
    found = strictly_convex(row.family, convex=convex)
    if found.ground.value == "unknown":
        return Derived(None, found.how)
    return Derived(found.value == "yes", found.how)


def _point(numbers: tuple[float, ...]) -> str:
    shown = ", ".join(f"{number:.4g}" for number in numbers)
    return f"({shown})" if len(numbers) > 1 else shown


_RULES: Mapping[Tag, Callable[[Row], Derived]] = MappingProxyType(
    {
        Tag.CONT: _continuous,
        Tag.DIFF: _differentiable,
        Tag.L_CONT: _lipschitz,
        Tag.CONV: _convex,
        Tag.S_CONV: _strictly,
    }
)
