"""The shape of the catalogue's entries: operations, losses, and how each framework spells them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from lossaudit.pairing import Scalar, TargetEncoding


class Role(Enum):
    """What an operation does to a value on its way to the loss."""

    AFFINE = "affine"  # its output is the logits: linear, matmul, convolution
    HEAD = "head"  # changes what the numbers mean: softmax, sigmoid, relu
    LOSS = "loss"
    VIEW = "view"  # same numbers, other shape
    CAST = "cast"  # same numbers, other type or device
    SELECT = "select"  # some of the numbers: index, gather, mask
    JOIN = "join"  # several tensors side by side
    NOISE = "noise"  # dropout and the like
    ELEMENTWISE = "elementwise"
    REDUCE = "reduce"
    ENCODE = "encode"  # makes targets: one_hot, argmax
    CUT = "cut"  # stops the gradient: detach
    OTHER = "other"


class Kind(Enum):
    """The form in which a framework offers an operation."""

    FUNCTION = "function"
    METHOD = "method"
    MODULE = "module"
    GRAPH = "graph"  # the node that autograd leaves behind
    STRING = "string"  # a name in a configuration, as Keras takes it


class Required:
    """Marks a parameter without a default."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()


# Named tuples and no dataclasses, these two: thousands are made whenever the catalogue is loaded.


class Param(NamedTuple):
    """A parameter of a spelling.

    Attributes:
        name: As the framework spells it; `""` of one that cannot be given there, whose default always holds.
        default: Its default, or `REQUIRED`. A parameter that only some overloads take has the default None.
        means: The catalogue's name for it, where that differs from `name`.
        variadic: Whether it takes all remaining positional arguments; one sequence in their stead is as good.
    """

    name: str
    default: Scalar | tuple[Scalar, ...] | Required = REQUIRED
    means: str = ""
    variadic: bool = False

    @property
    def canonical(self) -> str:
        return self.means or self.name


class Spelling(NamedTuple):
    """One way to ask for an operation: a dotted name in a framework and its parameters in order.

    A method has its receiver first. The overloads of one name are merged into one list of parameters.

    The path of a graph spelling is the name of the autograd node, and its parameters are the attributes that hold
    the operation's constants (`_saved_dim`). These come as the framework keeps them, which is not always as they
    were given: a negative integer appears as an unsigned one of 64 bits, so that `dim=-1` reads
    18446744073709551615 and `ignore_index=-100` reads 18446744073709551516; a reduction is 0, 1 or 2 for
    `"none"`, `"mean"` and `"sum"`; an optional tensor (`_saved_weight`) is None when it was not given.

    Attributes:
        edges: Of a graph spelling: what `next_functions` holds, in order, by the catalogue's parameter names. The
            last name stands for all further edges, if there are any.
    """

    framework: str
    path: str
    kind: Kind
    params: tuple[Param, ...] = ()
    edges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Op:
    """An operation.

    Attributes:
        name: Standard name, lower case (`log_softmax`).
        spellings: PyTorch's; those of other frameworks stand in `frameworks/`.
        axis: Canonical parameter that names the axis it acts on, where there is one.
        summary: What it does; needed where the name does not say it.
    """

    name: str
    role: Role
    spellings: tuple[Spelling, ...] = ()
    axis: str = ""
    summary: str = ""


class Expects(Enum):
    """What a loss takes as its prediction."""

    LOGITS = "logits"
    LOG_PROBABILITIES = "log-probabilities"
    PROBABILITIES = "probabilities"
    REAL = "real values"
    POSITIVE = "positive values"
    SCORES = "scores"
    EMBEDDINGS = "embeddings"


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss.

    Attributes:
        name: Standard name (`cross_entropy`).
        title: As a person writes it.
        family: `"multiclass"`, `"binary"`, `"regression"`, ...: the file it stands in.
        expects: What it takes as its prediction.
        heads: Heads (names of `Op`s, `"identity"`) that make such a prediction of logits. No other single
            operation fits `LOGITS`, `LOG_PROBABILITIES` and `PROBABILITIES`; elsewhere these are the usual ones.
        encodings: Target encodings with which it means something. What it is meant for, `tasks` says.
        formula: Plain text, per sample, before reduction; `z` logits, `p` probabilities, `y` target.
        callable: Dotted name of an implementation.
        prediction, target: Names of its parameters for the two sides; `target` is `""` for a loss without one.
        others: Names of further inputs that carry a gradient.
        spellings: PyTorch's; those of other frameworks stand in `frameworks/`.
        tasks: What it is for.
        reference: Paper or documentation, with equation where there is one.
        class_axis: Whether it compares along a class axis (True) or value by value (False).
    """

    name: str
    title: str
    family: str
    expects: Expects
    heads: tuple[str, ...]
    encodings: frozenset[TargetEncoding]
    formula: str
    callable: str
    spellings: tuple[Spelling, ...]
    tasks: tuple[str, ...]
    reference: str
    prediction: str = "input"
    target: str = "target"
    others: tuple[str, ...] = ()
    class_axis: bool = False
    summary: str = ""
