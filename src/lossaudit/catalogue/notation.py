"""The notation in which the catalogue gives spellings.

The framework of a function or layer is that of its name's first part. Parameters without a default are strings, those
with one are keywords, in the order of the framework: `"x1:input"` is a parameter that the framework calls `x1` and the
catalogue `input`, and `"*dims"` takes all remaining positional arguments. Several names with the same parameters share
one row, separated by spaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from lossaudit.catalogue.naming import ROOTS
from lossaudit.catalogue.schema import REQUIRED, Kind, Param, Spelling
from lossaudit.pairing import Scalar

Default = Scalar | tuple[Scalar, ...]
Spellings = tuple[Spelling, ...]


# NumPy's names. Other frameworks took them over, and PyTorch's builtins take them as keywords as well:
# `torch.softmax(x, axis=1)`.
NUMPY: Mapping[str, str] = MappingProxyType(
    {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}
)


def _params(required: tuple[str | Param, ...], defaults: Mapping[str, Default], *, renamed: bool) -> tuple[Param, ...]:
    """`renamed` where NumPy's names mean the catalogue's."""
    given = [_param(text, renamed) if isinstance(text, str) else text for text in required]
    params = [Param(name, value, NUMPY.get(name, "") if renamed else "") for name, value in defaults.items()]
    if given and not given[-1].name:  # what is fixed comes last, so that it takes no argument's place
        return (*[p for p in given if p.name], *params, *[p for p in given if not p.name])
    return (*given, *params)


@cache
def _param(text: str, renamed: bool) -> Param:
    name, _, means = text.partition(":")
    plain = name.removeprefix("*")
    return Param(plain, REQUIRED, means or (NUMPY.get(plain, "") if renamed else ""), plain != name)


def fixed(**constants: Default) -> tuple[Param, ...]:
    """Parameters of the catalogue that cannot be given here, with the values that they have; the last of a row.

    >>> fixed(reduction="none")
    (Param(name='', default='none', means='reduction', variadic=False),)
    """
    return tuple([Param("", value, name) for name, value in constants.items()])


def _named(kind: Kind, paths: str, required: tuple[str | Param, ...], defaults: Mapping[str, Default]) -> Spellings:
    """Spellings by dotted name, all in one framework."""
    names = paths.split()
    framework = ROOTS[names[0].partition(".")[0]]
    params = _params(required, defaults, renamed=framework != "torch")
    return tuple([Spelling(framework, name, kind, params) for name in names])


def function(paths: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """Functions, by dotted name.

    >>> function("torch.special.expit", "input")[0].path
    'torch.special.expit'
    >>> function("jax.nn.softmax", "x", axis=-1)[0].params[1]
    Param(name='axis', default=-1, means='dim', variadic=False)
    """
    return _named(Kind.FUNCTION, paths, required, defaults)


def layer(paths: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """Classes whose objects are called, by dotted name, with the parameters of their constructor.

    >>> layer("keras.layers.Dense", "units:out_features")[0].framework
    'keras'
    """
    return _named(Kind.MODULE, paths, required, defaults)


def string(names: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """Names in Keras's configurations, with the parameters of what they stand for.

    >>> string("softmax", axis=-1)[0].path
    'softmax'
    """
    params = _params(required, defaults, renamed=True)
    return tuple([Spelling("keras", name, Kind.STRING, params) for name in names.split()])


def method(
    names: str, /, *required: str | Param, receiver: str = "input", of: str = "torch.Tensor", **defaults: Default
) -> Spellings:
    """Methods and properties of a tensor; `receiver` is the catalogue's name for the tensor itself.

    >>> [p.canonical for p in method("__rsub__", "other:input", receiver="other")[0].params]
    ['other', 'input']
    """
    paths = " ".join([f"{of}.{name}" for name in names.split()])
    return _named(Kind.METHOD, paths, (Param("self", means=receiver), *required), defaults)


def module(names: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """PyTorch's modules, with the parameters of their constructor."""
    return layer(" ".join([f"torch.nn.{name}" for name in names.split()]), *required, **defaults)


def node(names: str, edges: str = "input", saved: str = "") -> Spellings:
    """Autograd nodes: `edges` names their inputs, `saved` their constants without the prefix `_saved_`.

    >>> node("SoftmaxBackward0", saved="dim")[0].params
    (Param(name='_saved_dim', default=REQUIRED, means='dim', variadic=False),)
    """
    pairs = (text.partition(":") for text in saved.split())
    params = tuple(Param(f"_saved_{name}", means=means or name) for name, _, means in pairs)
    inputs = tuple(edges.split())
    return tuple(Spelling("torch", name, Kind.GRAPH, params, inputs) for name in names.split())


def both(names: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """A function `torch.name(input, ...)` and a method `input.name(...)` with the same further parameters."""
    paths = " ".join([f"torch.{name}" for name in names.split()])
    params = _params(required, defaults, renamed=False)
    return function(paths, "input", *params) + method(names, *params)


def unary(names: str, /) -> Spellings:
    """Functions and methods of one tensor and nothing else, and both once more in place."""
    return both(" ".join(f"{name} {name}_" for name in names.split()))


# How most losses of PyTorch end; the first two are the old spelling of the third.
REDUCTION: dict[str, Default] = {"size_average": None, "reduce": None, "reduction": "mean"}
