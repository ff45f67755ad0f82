"""The shape of the catalogue's entries: operations, losses, and how each framework spells them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

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


class Option(NamedTuple):
    """A parameter of a loss itself, such as focal's gamma.

    Attributes:
        name: As the definition takes it, or the function of PyTorch where that is the definition.
        default: Its default; None where there is none (class weights).
        values: Which values it may have, in words (`"gamma >= 0"`).
        means: What it does.
    """

    name: str
    default: float | None
    values: str
    means: str


class Implementation(NamedTuple):
    """An implementation by name, and how it differs from the formula.

    Attributes:
        path: Dotted name. Those that the catalogue has a spelling for need not stand here if they do not differ.
        differs: How its value or its gradient differs from the formula; `""` if only its arguments do.
    """

    path: str
    differs: str = ""


Nested: TypeAlias = "float | int | tuple[Nested, ...]"
"""Numbers, or tuples of such: an array. With a float anywhere in it, all of it is real numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An example of a loss's arguments, and the variables in which something is said of it.

    Attributes:
        variables: The variables in words, as the card says it ("the two embeddings").
        arguments: An example of all arguments, in the order of the definition (or of the function of PyTorch). As small
            as it can be without being special: no two numbers alike.
        wrt: Positions of the variables among the arguments.
        domain: Where the variables range: None (all real numbers), `"positive"`, `"nonnegative"` or `"unit"`.
        through: The same loss in other variables, where it is not the definition itself.
        wrong: A direction in the variables, one number for each, in which the prediction gets more and more confident
            and is wrong, whatever the rest; empty where that means nothing.
    """

    variables: str
    arguments: tuple[Nested, ...]
    wrt: tuple[int, ...] = (0,)
    domain: str | None = None
    through: Callable[..., Any] | None = None
    wrong: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A loss.

    What it is:

    Attributes:
        name: Standard name (`cross_entropy`).
        title: As a person writes it.
        aliases: Other names that people use, lower case with underscores.
        family: `"multiclass"`, `"binary"`, `"regression"`, ...: what it compares.
        tasks: What it is for.
        summary: One line.

    What it takes:

    Attributes:
        expects: What it takes as its prediction.
        heads: Heads (names of `Op`s, `"identity"`) that make such a prediction of logits, the usual one first. No other
            single operation fits `LOGITS`, `LOG_PROBABILITIES` and `PROBABILITIES`; elsewhere these are the usual ones.
        encodings: Target encodings with which it means something. What it is meant for, `tasks` says.
        prediction, target: Names of its parameters for the two sides; `target` is `""` for a loss without one.
        others: Names of further inputs that carry a gradient.
        class_axis: Whether it compares along a class axis (True) or value by value (False).
        domain: Where the raw output ranges, if the loss is not defined for all real numbers (`"positive"`).

    What it computes:

    Attributes:
        formula: Plain text, per sample, before reduction; `z` logits, `p` probabilities, `y` target.
        latex: The same in LaTeX, without dollars.
        callable: Dotted name of the implementation to use: PyTorch's, else optax's, Keras's or scikit-learn's, else the
            definition here.
        definition: The formula as a function of tensors, `definition(prediction, target, ..., **options)`: the sum over
            the samples. Only where the callable is no function of PyTorch; it is what the prover reads.
        encoding: Target encoding of the card, where `encodings` has several; the narrowest by default.
        options: Its own parameters.
        example: Where prediction and target alone do not make an example: one, with its variables.
        views: Further variables, in each of which the card says whether the loss is convex.

    What people need to know, in sentences:

    Attributes:
        gradient: What its gradient is at the raw outputs, and what that does to training.
        optimises: What its minimiser is: what the model's output means once it is trained.
        when: When to use it.
        when_not: When not, and what instead.
        stable: How to spell it stably.
        limits: Ranges and corners: overflow, empty masks, ties, ...; `""` if there are none.

    Where it is:

    Attributes:
        spellings: PyTorch's; those of other frameworks stand in `frameworks/`.
        implementations: What to know of the implementations by name; also of packages that we do not install.
        references: Papers or documentation, with section or equation, the source first.
    """

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    family: str
    tasks: tuple[str, ...]
    summary: str = ""

    expects: Expects
    heads: tuple[str, ...]
    encodings: frozenset[TargetEncoding]
    prediction: str = "input"
    target: str = "target"
    others: tuple[str, ...] = ()
    class_axis: bool = False
    domain: str | None = None

    formula: str
    latex: str = ""
    callable: str
    definition: Callable[..., Any] | None = None
    encoding: TargetEncoding | None = None
    options: tuple[Option, ...] = ()
    example: View | None = None
    views: tuple[View, ...] = ()

    gradient: str = ""
    optimises: str = ""
    when: str = ""
    when_not: str = ""
    stable: str = ""
    limits: str = ""

    spellings: tuple[Spelling, ...] = ()
    implementations: tuple[Implementation, ...] = ()
    references: tuple[str, ...]
