"""Property tags that a survey of loss functions prints, and what the prover derives for the argument in question.

The survey is Ciampiconi, Elwood, Leonardi, Mohamed and Rozza, arXiv 2301.05579, first version. Nothing is derived by
reading its formulas: each loss stands here as a function of its argument, and is recorded and taken apart.
"""

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


def _printed(*tags: Tag) -> Mapping[Tag, Survey]:
    return MappingProxyType(dict.fromkeys(tags, Survey.PRINTED))


def _omitted(*tags: Tag) -> Mapping[Tag, Survey]:
    return MappingProxyType(dict.fromkeys(tags, Survey.OMITTED))


def huber(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.huber_loss(f, y)


def log_cosh(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return f - y + torch.nn.functional.softplus(-2 * (f - y)) - torch.log(torch.tensor(2.0, dtype=torch.float64))


def squared(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (f - y) ** 2


def bias(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return y - f


def root_mean_square(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.sqrt(((f - y) ** 2).mean())


def log_root(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Of one sample: the root of the square is the absolute value."""
    return torch.abs(torch.log1p(f) - torch.log1p(y))


def cosine(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return 1 - (f * y).sum() / ((f**2).sum().sqrt() * (y**2).sum().sqrt())


def smoothed_hinge(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z <= 0, 0.5 - z, torch.relu(1 - z) ** 2 / 2)


def quadratic_hinge(z: torch.Tensor) -> torch.Tensor:
    """With gamma = 2."""
    return torch.where(z >= -1, torch.relu(1 - z) ** 2 / 4, -z)


def modified_huber(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z >= -1, torch.relu(1 - z) ** 2, -4 * z)


def ramp(z: torch.Tensor) -> torch.Tensor:
    return torch.clamp(1 - z, 0, 1)


def classification_error(e: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(e[0] - e[1:].min())


def energy_log(e: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.softplus(e[0] - e[1:].min())


def energy_square_exponential(e: torch.Tensor) -> torch.Tensor:
    return e[0] ** 2 + torch.exp(-e[1:].min())


_PREDICTION = ((0.3,), (1.0,))
_TWO = ((0.3, 0.5), (1.0, 2.0))
_ENERGIES = ((0.1, 0.5, 0.9),)
_TIE = ((0, 0, 0), (0, 1, -1))

ROWS = (
    Row(
        loss="Mean bias error",
        formula="y - f",
        argument="prediction",
        function=bias,
        example=(0.3, 1.0),
        tags=_omitted(Tag.L_CONT, Tag.CONV),
    ),
    Row(
        loss="Mean squared error",
        formula="(f - y)^2",
        argument="prediction",
        function=squared,
        example=(0.3, 1.0),
        tags=_omitted(Tag.S_CONV),
    ),
    Row(
        loss="Root mean squared error",
        formula="sqrt(mean (f - y)^2), two samples",
        argument="predictions",
        function=root_mean_square,
        example=_TWO,
        tags=_printed(Tag.DIFF),
        corner=((1, 2), (1, 0)),
    ),
    Row(
        loss="Root mean squared logarithmic error",
        formula="sqrt(mean (log(1 + f) - log(1 + y))^2), one sample, y = 1",
        argument="prediction, f >= 0",
        function=log_root,
        example=(0.3, 1.0),
        domain="nonnegative",
        tags=_printed(Tag.DIFF, Tag.CONV),
        corner=((1,), (1,)),
    ),
    Row(
        loss="Huber",
        formula="r^2 / 2 for |r| <= 1, |r| - 1/2 beyond, r = f - y",
        argument="prediction",
        function=huber,
        example=(0.3, 1.0),
        tags=_printed(Tag.S_CONV),
    ),
    Row(
        loss="Log-cosh",
        formula="log cosh(f - y)",
        argument="prediction",
        function=log_cosh,
        example=(0.3, 1.0),
        tags=_omitted(Tag.L_CONT, Tag.CONV, Tag.S_CONV),
    ),
    Row(
        loss="Smoothed hinge",
        formula="1/2 - z for z <= 0, max(0, 1 - z)^2 / 2 beyond",
        argument="margin",
        function=smoothed_hinge,
        example=(0.3,),
        tags=_omitted(Tag.DIFF),
    ),
    Row(
        loss="Quadratically smoothed hinge",
        formula="max(0, 1 - z)^2 / 4 for z >= -1, -z below (gamma = 2)",
        argument="margin",
        function=quadratic_hinge,
        example=(0.3,),
        tags=_printed(Tag.DIFF),
    ),
    Row(
        loss="Modified Huber",
        formula="max(0, 1 - z)^2 for z >= -1, -4 z below",
        argument="margin",
        function=modified_huber,
        example=(0.3,),
        tags=_printed(Tag.S_CONV),
    ),
    Row(
        loss="Ramp",
        formula="min(1, max(0, 1 - z))",
        argument="margin",
        function=ramp,
        example=(0.3,),
        tags=_printed(Tag.CONV),
    ),
    Row(
        loss="Cosine similarity",
        formula="1 - f.y / (|f| |y|)",
        argument="prediction, a vector of two",
        function=cosine,
        example=((0.3, 0.5), (1.0, 2.0)),
        tags=_printed(Tag.L_CONT),
    ),
    Row(
        loss="Minimum classification error (energies)",
        formula="sigmoid(e_y - min of the others)",
        argument="energies of three labels",
        function=classification_error,
        example=_ENERGIES,
        tags=_printed(Tag.CONV),
        corner=_TIE,
    ),
    Row(
        loss="Log loss (energies)",
        formula="log(1 + exp(e_y - min of the others))",
        argument="energies of three labels",
        function=energy_log,
        example=_ENERGIES,
        tags=_printed(Tag.DIFF),
        corner=_TIE,
    ),
    Row(
        loss="Square-exponential (energies)",
        formula="e_y^2 + exp(-min of the others)",
        argument="energies of three labels",
        function=energy_square_exponential,
        example=_ENERGIES,
        tags=_printed(Tag.DIFF),
        corner=_TIE,
    ),
)


def quadratic_hinge_as_printed(z: torch.Tensor) -> torch.Tensor:
    """With gamma = 2."""
    return torch.where(z >= -1, torch.relu(-z) ** 2 / 4, -z)


def modified_huber_as_printed(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z >= -1, torch.relu(-z) ** 2, -4 * z)


def ramp_as_printed(z: torch.Tensor) -> torch.Tensor:
    return torch.where(z > 1, torch.ones_like(z), torch.clamp(1 - z, 0, 1))


AS_PRINTED = (
    Row(
        loss="Quadratically smoothed hinge",
        formula="max(0, -z)^2 / 4 for z >= -1, -z below (gamma = 2)",
        argument="margin",
        function=quadratic_hinge_as_printed,
        example=(0.3,),
    ),
    Row(
        loss="Modified Huber",
        formula="max(0, -z)^2 for z >= -1, -4 z below",
        argument="margin",
        function=modified_huber_as_printed,
        example=(0.3,),
    ),
    Row(
        loss="Ramp",
        formula="1 for z > 1, else min(1, max(0, 1 - z))",
        argument="margin",
        function=ramp_as_printed,
        example=(0.3,),
    ),
)
"""Formulas as the survey prints them, where that is not what is meant."""


def minus_log(p: torch.Tensor) -> torch.Tensor:
    return -torch.log(p)


def of_logits(z: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(z, 0) - z[0]


def of_margin(m: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.softplus(-m)


ARGUMENTS = (
    Row(
        loss="Cross-entropy",
        formula="-log p",
        argument="probability of the true class, 0 < p",
        function=minus_log,
        example=(0.3,),
        domain="positive",
    ),
    Row(
        loss="Cross-entropy",
        formula="logsumexp(z) - z_y",
        argument="three logits",
        function=of_logits,
        example=((0.3, 0.5, 0.9),),
    ),
    Row(
        loss="Cross-entropy",
        formula="log(1 + exp(-m))",
        argument="binary margin",
        function=of_margin,
        example=(0.3,),
    ),
)
"""One loss in three arguments."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that the text of the survey says, in our words.

    Attributes:
        said: What it says.
        stands: Computes whether it stands, and what was found.
    """

    said: str
    stands: Callable[[], Derived]


def _all_calibrated() -> Derived:
    from lossaudit.proving.card import card
    from lossaudit.proving.request import by_name

    entry = card(by_name("perceptron", None, 2, {})).entries["calibrated"]
    return Derived({"yes": True, "no": False}.get(entry.value), f"perceptron: {entry.value} ({entry.how})")


def _binary_only() -> Derived:
    from lossaudit.catalogue import LOSSES

    margins = torch.linspace(-3, 3, 25, dtype=torch.float64)
    scores = torch.stack([margins / 2, -margins / 2], 1)
    hinge = torch.relu(1 - margins).sum()
    apart: list[float] = []
    for name in ("crammer_singer", "weston_watkins"):
        definition = LOSSES[name].definition
        assert definition is not None
        apart.append(abs(definition(scores, torch.zeros(25, dtype=torch.long)) - hinge).item())
    same = max(apart) < 1e-12
    how = (
        "Crammer and Singer's loss and Weston and Watkins's are hinge losses of many classes: for two they equal hinge"
    )
    return Derived(not same, how if same else f"for two classes they differ from hinge by {max(apart):.3g}")


def _definite() -> Derived:
    def quartic(x: torch.Tensor) -> torch.Tensor:
        return x**4

    row = Row(loss="x^4", formula="x^4", argument="x", function=quartic, example=(0.3,))
    curvature = torch.autograd.functional.hessian(quartic, torch.zeros((), dtype=torch.float64)).item()
    strict = _strictly(row).value
    return Derived(
        not (strict and curvature == 0),
        f"x^4 is strictly convex: {strict}, its second derivative at 0 is {curvature:g}",
    )


def _continuous_penalties() -> Derived:
    row = Row(loss="L1", formula="|w|", argument="weight", function=torch.abs, example=(0.3,))
    continuous, smooth = _continuous(row).value, _differentiable(row).value
    return Derived(not continuous, f"|w| is continuous: {continuous}, differentiable: {smooth}")


def _energies_pushed_up(sign: int = 1) -> Derived:
    energies = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64, requires_grad=True)
    loss = energies[0] + torch.logsumexp(sign * energies, 0)
    slopes = torch.autograd.grad(loss, energies)[0][1:]
    up = bool((slopes < 0).all())
    return Derived(
        up,
        f"the slope in the energy of a wrong label is {slopes[0]:+.2f}, so descent moves it {'up' if up else 'down'}",
    )


def _energies_pushed_up_as_meant() -> Derived:
    return _energies_pushed_up(-1)


SENTENCES = (
    Sentence("The margin losses that follow are all calibrated.", _all_calibrated),
    Sentence("Margin losses cannot be generalised to several classes.", _binary_only),
    Sentence("A strictly convex function has a positive definite Hessian.", _definite),
    Sentence("Unlike the L2 penalty, the L1 penalty is not continuous.", _continuous_penalties),
    Sentence("The energy-based log-likelihood, printed with exp(+E), raises wrong energies.", _energies_pushed_up),
    Sentence("The same with exp(-E), as it is meant, raises wrong energies.", _energies_pushed_up_as_meant),
)
