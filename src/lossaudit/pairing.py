"""The value that flows through the house: what a program pairs with what.

A reader (source text, live run, compiled model) turns a program into a `Reading`; rules look at one `Pairing`
at a time. Everything here is plain, immutable data: no framework, no arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Const:
    """A value that is known exactly."""

    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that exists but could not be seen, and why."""

    reason: str


Value: TypeAlias = Const | Unknown
Args: TypeAlias = Mapping[str, Value]


class Basis(Enum):
    """How well a fact is founded, strongest first."""

    STRUCTURE = "structure"  # the operation was seen
    DECLARED = "declared"  # the configuration or an interface says so
    OBSERVED = "observed"  # the values merely look so


class AxisRole(Enum):
    BATCH = "batch"
    CLASS = "class"
    TIME = "time"
    SPACE = "space"
    UNKNOWN = "unknown"


class Source(Enum):
    """Where a flow of values begins."""

    AFFINE = "affine"  # the last affine operation of a model: its output is the logits
    NETWORK = "network"  # computed by a model, but the last operation is not affine
    LABELS = "labels"  # data of the program: labels or measurements
    CONSTANT = "constant"
    OPAQUE = "opaque"  # hidden: compiled code, a custom autograd function
    UNKNOWN = "unknown"


class TargetEncoding(Enum):
    CLASS_INDEX = "class index"
    ONE_HOT = "one-hot"
    DISTRIBUTION = "distribution"
    BINARY = "{0,1}"
    SIGNED = "{-1,+1}"
    COUNT = "count"
    REAL = "real"
    ORDINAL = "ordinal level"
    RANKING = "ranking"


@dataclass(frozen=True, slots=True)
class Place:
    """A span of source text.

    Attributes:
        path: File as the program names it, or `<cell 3>` style names for notebooks.
        line, end_line: First line is 1; 0 means that the line is not known.
        col, end_col: First column is 1, counted in characters; 0 means not known.
        cell: Notebook cell, first is 1.
        scope: Qualified name of the enclosing function, `""` at module level.
        via: The places that lead here, nearest caller first.
    """

    path: str
    line: int
    col: int = 0
    end_line: int = 0
    end_col: int = 0
    cell: int | None = None
    scope: str = ""
    via: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Dim:
    size: int | None
    role: AxisRole = AxisRole.UNKNOWN
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One operation between the source of a flow and the loss.

    Attributes:
        op: Name of the operation in `lossaudit.catalogue`.
        args: Its constants, by the catalogue's parameter names.
        axis: The axis it acts on, where it has one: counted from the front, or (negative) from the end where the number
            of axes is not known.
    """

    op: str
    args: Args = field(default_factory=dict[str, Value])
    axis: int | None = None
    axis_role: AxisRole = AxisRole.UNKNOWN
    place: Place | None = None
    basis: Basis = Basis.STRUCTURE


@dataclass(frozen=True, slots=True)
class Flow:
    """The way of a value from its source to the loss.

    Attributes:
        source: What the first value is.
        steps: Operations in the order in which they are applied.
        dims: Shape of the value that reaches the loss, with the role of each axis.
        dtype: Element type that reaches the loss (`"float32"`, `"int64"`, ...).
        network: A name for the model that computed it, where known; equal names mean the same model.
        reason: Why the source is opaque or unknown.
        units: Outputs of the affine operation at the source, where the shape is not known (source readers).
        batched: Whether the first axis is known to hold the samples, where the shape is not known.
        layer: The affine operation at the source (`"linear"`, `"conv2d"`) where it applies weights of its own; `""` for
            a product of computed tensors and for other sources.
    """

    source: Source
    steps: tuple[Step, ...] = ()
    dims: tuple[Dim, ...] = ()
    dtype: str | None = None
    network: str | None = None
    reason: str = ""
    units: int | None = None
    batched: bool = False
    layer: str = ""

    @property
    def classes(self) -> int | None:
        """Size of the class axis, where there is one."""
        return next((dim.size for dim in self.dims if dim.role is AxisRole.CLASS), None)


@dataclass(frozen=True, slots=True)
class Target:
    """What the prediction is compared with. One encoding = known; several = undecided between them."""

    flow: Flow
    encodings: frozenset[TargetEncoding]
    basis: Basis


@dataclass(frozen=True, slots=True)
class LossUse:
    """One use of a loss.

    Attributes:
        loss: Name in the catalogue, or None for a loss that could not be named.
        params: Its arguments; `reduction`, `weight`, `from_logits` and the like are params.
        ops: The operations it is made of, when it was not a call of a library's loss.
        place: Where it is computed.
        name: What the program calls it (`MSELoss`, `F.cross_entropy`, `((p - y) ** 2).mean()`).
    """

    loss: str | None
    params: Args = field(default_factory=dict[str, Value])
    ops: tuple[str, ...] = ()
    place: Place | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured while the program ran. Shares are fractions of the samples seen, in [0, 1].

    Attributes:
        backwards: Backward passes in which this pairing was seen.
        samples: Samples (rows) measured.
        encodings: Target encodings that every sample seen satisfies.
        target_sums: Smallest and largest row sum of a distribution-like target.
        nonfinite: Backward passes whose loss was NaN or infinite.
        wrong: Share of samples whose largest logit is not the target's.
        confidently_wrong: Share that is wrong with a target probability under 1 %.
        stuck: Share that is wrong and has almost no gradient, as DESIGN.md defines it; the largest over the run.
        stuck_last: The same, over the last samples of the run.
        accuracy: Share of right samples at the end of the run.
        prediction_range: Smallest and largest value that reached the loss.
        input_scale: Largest absolute value that went into the model.
    """

    backwards: int = 0
    samples: int = 0
    encodings: frozenset[TargetEncoding] = frozenset()
    target_sums: tuple[float, float] | None = None
    nonfinite: int = 0
    wrong: float | None = None
    confidently_wrong: float | None = None
    stuck: float | None = None
    stuck_last: float | None = None
    accuracy: float | None = None
    prediction_range: tuple[float, float] | None = None
    input_scale: float | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """Head + loss + target, met on one path of a program.

    Attributes:
        prediction: The model's side.
        loss: The loss.
        target: The other side; None when the loss has none or it could not be found.
        others: Further flows by parameter name (the `negative` of a triplet loss).
        guards: Conditions under which this path is taken (source readers only).
        trained: Whether a gradient of this pairing reaches parameters.
        framework: `"torch"`, `"keras"`, `"jax"`, ...
        backend: Keras backend, where it matters.
        observed: Measurements of a live run, or None.
    """

    prediction: Flow
    loss: LossUse
    target: Target | None = None
    others: Mapping[str, Flow] = field(default_factory=dict[str, Flow])
    guards: tuple[str, ...] = ()
    trained: bool = True
    framework: str = "torch"
    backend: str | None = None
    observed: Observed | None = None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Something that was met and not understood. Counted and shown: silence must not read as approval.

    Attributes:
        flows: The way to each summand of a loss that could not be named, as far as one path can be followed.
    """

    what: str
    reason: str
    place: Place | None = None
    ops: tuple[str, ...] = ()
    flows: tuple[Flow, ...] = field(default=(), hash=False)


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient times the alternative pairings that may stand there."""

    coefficient: Value
    alternatives: tuple[Pairing, ...]
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True, slots=True)
class Objective:
    """A sum of terms that is differentiated at one place.

    Attributes:
        place: Where `backward` is called.
        terms: The summands.
        cut: Why no gradient can reach any parameter, or `""` when one can.
        nonfinite: How often its value was NaN or infinite.
    """

    place: Place
    terms: tuple[Term, ...]
    cut: str = ""
    nonfinite: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    objectives: tuple[Objective, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()

    @property
    def pairings(self) -> tuple[Pairing, ...]:
        """All pairings, in the order of the program."""
        return tuple(
            pairing for objective in self.objectives for term in objective.terms for pairing in term.alternatives
        )
