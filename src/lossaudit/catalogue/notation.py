"""The notation in which the catalogue's rows give PyTorch's spellings.

Parameters without a default are strings, those with one are keywords, in the order of the framework:
`"x1:input"` is a parameter that the framework calls `x1` and the catalogue `input`, and `"*dims"` takes all
remaining positional arguments. Several names with the same parameters share one row, separated by spaces.
"""

from __future__ import annotations

from lossaudit.catalogue.schema import Kind, Param, Spelling
from lossaudit.pairing import Scalar

Default = Scalar | tuple[Scalar, ...]
Spellings = tuple[Spelling, ...]


def _params(required: tuple[str | Param, ...], defaults: dict[str, Default]) -> tuple[Param, ...]:
    return tuple(map(_param, required)) + tuple(Param(name, default) for name, default in defaults.items())


def _param(text: str | Param) -> Param:
    if isinstance(text, Param):
        return text
    name, _, means = text.partition(":")
    return Param(name.removeprefix("*"), means=means, variadic=name.startswith("*"))


def function(paths: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """Functions, by dotted name.

    >>> function("torch.special.expit", "input")[0].path
    'torch.special.expit'
    """
    params = _params(required, defaults)
    return tuple(Spelling("torch", path, Kind.FUNCTION, params) for path in paths.split())


def method(names: str, /, *required: str | Param, receiver: str = "input", **defaults: Default) -> Spellings:
    """Methods and properties of a tensor; `receiver` is the catalogue's name for the tensor itself.

    >>> [p.canonical for p in method("__rsub__", "other:input", receiver="other")[0].params]
    ['other', 'input']
    """
    params = (Param("self", means=receiver), *_params(required, defaults))
    return tuple(Spelling("torch", f"torch.Tensor.{name}", Kind.METHOD, params) for name in names.split())


def module(names: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """Modules, with the parameters of their constructor."""
    params = _params(required, defaults)
    return tuple(Spelling("torch", f"torch.nn.{name}", Kind.MODULE, params) for name in names.split())


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
    paths = " ".join(f"torch.{name}" for name in names.split())
    params = _params(required, defaults)
    return function(paths, "input", *params) + method(names, *params)


def unary(names: str, /) -> Spellings:
    """Functions and methods of one tensor and nothing else, and both once more in place."""
    return both(" ".join(f"{name} {name}_" for name in names.split()))


# How most losses of PyTorch end; the first two are the old spelling of the third.
REDUCTION: dict[str, Default] = {"size_average": None, "reduce": None, "reduction": "mean"}
