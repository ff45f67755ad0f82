"""Every operation and loss that lossaudit knows, each once, with its spelling in every framework."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from lossaudit.catalogue.losses import (
    binary,
    bounded_margin,
    distribution,
    forecasting,
    generative,
    imbalance,
    label_noise,
    likelihood,
    location_scale,
    lovasz,
    margin,
    metric,
    multiclass,
    multiclass_margin,
    multilabel,
    ordinal,
    overlap,
    penalty,
    quantiles,
    ranking,
    regression,
    relative,
    reshaped,
    robust,
    sequence,
    similarity,
    squares,
    survival,
    variational,
)
from lossaudit.catalogue.naming import framework_of as framework_of
from lossaudit.catalogue.notation import NUMPY, Spellings
from lossaudit.catalogue.schema import Kind, Loss, Op, Spelling

_OPS = (
    "affine",
    "heads",
    "views",
    "casts",
    "select",
    "join",
    "noise",
    "elementwise",
    "reduce",
    "encode",
    "cut",
    "other",
)
_LOSSES = (
    binary,
    margin,
    bounded_margin,
    multiclass,
    multiclass_margin,
    reshaped,
    imbalance,
    label_noise,
    squares,
    multilabel,
    ordinal,
    overlap,
    lovasz,
    regression,
    robust,
    quantiles,
    relative,
    likelihood,
    location_scale,
    forecasting,
    penalty,
    distribution,
    variational,
    ranking,
    metric,
    similarity,
    sequence,
    generative,
    survival,
)

OPS: Mapping[str, Op]  # loaded on first use: who asks about losses needs no operation
LOSSES: Mapping[str, Loss] = MappingProxyType({loss.name: loss for family in _LOSSES for loss in family.LOSSES})

# Which PyTorch's builtins take as keywords as well: `torch.softmax(x, axis=1)`.
KEYWORD_ALIASES = NUMPY


def __getattr__(name: str) -> object:
    if name != "OPS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _ops()


@cache
def _ops() -> Mapping[str, Op]:
    modules = (import_module(f"{__name__}.ops.{family}") for family in _OPS)
    return MappingProxyType({op.name: op for module in modules for op in module.OPS})


_FRAMEWORKS = frozenset({"torch", "keras", "tensorflow", "jax"})


@cache
def _spellings(framework: str) -> Mapping[str, tuple[Op | Loss, Spelling]]:
    """By path. PyTorch's stand with the entries; the table of another framework is loaded when it is first needed."""
    if framework not in _FRAMEWORKS:
        return MappingProxyType({})
    entries = (*_ops().values(), *LOSSES.values())
    if framework == "torch":
        rows = [(entry, entry.spellings) for entry in entries]
    else:
        table = _table(framework)
        rows = [(entry, table.get(entry.name, ())) for entry in entries]
    return MappingProxyType({spelling.path: (entry, spelling) for entry, group in rows for spelling in group})


def _table(framework: str) -> Mapping[str, Spellings]:
    """The spellings of a framework other than PyTorch, by the names of operations and losses."""
    return import_module(f"{__name__}.frameworks.{framework}").SPELLINGS


def op(name: str) -> Op | None:
    """The operation of this name.

    >>> op("softmax").axis
    'dim'
    """
    return _ops().get(name)


def loss(name: str) -> Loss | None:
    """The loss of this name.

    >>> loss("cross_entropy").callable
    'torch.nn.functional.cross_entropy'
    """
    return LOSSES.get(name)


@cache
def _aliases() -> Mapping[str, Loss]:
    return MappingProxyType({alias: loss for loss in LOSSES.values() for alias in (*loss.aliases, loss.name)})


def find_loss(name: str) -> Loss | None:
    """The loss of this name or alias, in any case, with spaces or hyphens for underscores.

    >>> find_loss("Cross-Entropy").name
    'cross_entropy'
    """
    return _aliases().get(name.strip().lower().replace("-", "_").replace(" ", "_"))


def find(framework: str, path: str) -> tuple[Op | Loss, Spelling] | None:
    """The operation or loss that a framework's name means, and how it is spelled there.

    Besides the public name, the names that PyTorch itself reports for its objects are understood, and those under
    which a framework's own modules keep them (`framework_of`).

    Args:
        framework: `"torch"`, `"keras"`, `"tensorflow"` or `"jax"` (with optax and flax).
        path: Dotted name, such as `"torch.nn.functional.softmax"`, `"torch.Tensor.__rsub__"`, `"torch.nn.Softmax"`,
            the name of an autograd node, such as `"SoftmaxBackward0"`, or a string of a Keras configuration.

    >>> entry, spelling = find("torch", "torch.nn.functional.softmax")
    >>> entry.name, [param.name for param in spelling.params]
    ('softmax', ['input', 'dim', '_stacklevel', 'dtype'])
    >>> find("torch", "torch.nn.modules.loss.CrossEntropyLoss")[0].name
    'cross_entropy'
    >>> find("torch", "torch.functional.einsum")[0].name, find("torch", "torch.Tensor.mT.__get__")[0].name
    ('einsum', 'mT')
    >>> find("keras", "mse")[0].name, find("jax", "optax.softmax_cross_entropy")[0].name
    ('mse', 'cross_entropy')
    """
    known = _spellings(framework)
    return known.get(path) or known.get(_public(path))


def _public(path: str) -> str:
    """The public name of what a framework reports by the name of its module or getter.

    >>> _public("torch::autograd::CopyBackwards")
    'CopyBackwards'
    """
    canonical = framework_of(path.removesuffix(".__get__"))
    return canonical[1] if canonical else path.removeprefix("torch::autograd::")


def spellings(framework: str, kind: Kind) -> Iterator[tuple[Spelling, Op | Loss]]:
    """All spellings of one kind in a framework, with what they mean, operations first."""
    for entry, spelling in _spellings(framework).values():
        if spelling.kind is kind:
            yield spelling, entry


def spelled(framework: str, name: str) -> Iterator[Spelling]:
    """How a framework spells the operation or loss of this name.

    >>> [spelling.path for spelling in spelled("tensorflow", "log_softmax")]
    ['tensorflow.nn.log_softmax', 'tensorflow.math.log_softmax']
    """
    if framework == "torch":
        entry = LOSSES.get(name) or _ops().get(name)
        yield from () if entry is None else entry.spellings
    elif framework in _FRAMEWORKS:
        yield from _table(framework).get(name, ())


def nearest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Candidates that a person may have meant, the likeliest first; at most three.

    >>> nearest("crossentropy", LOSSES)[0]
    'cross_entropy'
    """
    import difflib  # here, since it takes as long to load as the whole catalogue

    return tuple(difflib.get_close_matches(name, candidates, n=3, cutoff=0.5))
