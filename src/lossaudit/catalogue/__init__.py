"""Every operation and loss that lossaudit knows, each once, with its spelling in every framework."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from lossaudit.catalogue.losses import (
    binary,
    distribution,
    metric,
    multiclass,
    multilabel,
    ranking,
    regression,
    sequence,
)
from lossaudit.catalogue.ops import (
    affine,
    casts,
    cut,
    elementwise,
    encode,
    heads,
    join,
    noise,
    other,
    reduce,
    select,
    views,
)
from lossaudit.catalogue.schema import Kind, Loss, Op, Spelling

_OPS = (affine, heads, views, casts, select, join, noise, elementwise, reduce, encode, cut, other)
_LOSSES = (binary, multiclass, multilabel, regression, distribution, ranking, metric, sequence)

OPS: Mapping[str, Op] = MappingProxyType({op.name: op for family in _OPS for op in family.OPS})
LOSSES: Mapping[str, Loss] = MappingProxyType({loss.name: loss for family in _LOSSES for loss in family.LOSSES})

_SPELLINGS: dict[tuple[str, str], tuple[Op | Loss, Spelling]] = {
    (spelling.framework, spelling.path): (entry, spelling)
    for entry in chain(OPS.values(), LOSSES.values())
    for spelling in entry.spellings
}

# NumPy's names, which PyTorch's builtins take as keywords as well: `torch.softmax(x, axis=1)`.
KEYWORD_ALIASES: Mapping[str, str] = MappingProxyType(
    {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}
)


def op(name: str) -> Op | None:
    """The operation of this name.

    >>> op("softmax").axis
    'dim'
    """
    return OPS.get(name)


def loss(name: str) -> Loss | None:
    """The loss of this name.

    >>> loss("cross_entropy").callable
    'torch.nn.functional.cross_entropy'
    """
    return LOSSES.get(name)


def find(framework: str, path: str) -> tuple[Op | Loss, Spelling] | None:
    """The operation or loss that a framework's name means, and how it is spelled there.

    Besides the public name, the names that PyTorch itself reports for its objects are understood.

    Args:
        framework: `"torch"`, ...
        path: Dotted name, such as `"torch.nn.functional.softmax"`, `"torch.Tensor.__rsub__"`,
            `"torch.nn.Softmax"`, or the name of an autograd node, such as `"SoftmaxBackward0"`.

    >>> entry, spelling = find("torch", "torch.nn.functional.softmax")
    >>> entry.name, [param.name for param in spelling.params]
    ('softmax', ['input', 'dim', '_stacklevel', 'dtype'])
    >>> find("torch", "torch.nn.modules.loss.CrossEntropyLoss")[0].name
    'cross_entropy'
    >>> find("torch", "torch.functional.einsum")[0].name, find("torch", "torch.Tensor.mT.__get__")[0].name
    ('einsum', 'mT')
    """
    return _SPELLINGS.get((framework, path)) or _SPELLINGS.get((framework, _public(path)))


def _public(path: str) -> str:
    """The public name of what PyTorch reports by the name of its module or getter.

    >>> _public("torch::autograd::CopyBackwards")
    'CopyBackwards'
    """
    if path.startswith("torch.nn.modules."):
        return "torch.nn." + path.rpartition(".")[2]
    if path.startswith("torch.functional."):
        return "torch." + path.removeprefix("torch.functional.")
    return path.removesuffix(".__get__").removeprefix("torch::autograd::")


def spellings(framework: str, kind: Kind) -> Iterator[tuple[Spelling, Op | Loss]]:
    """All spellings of one kind in a framework, with what they mean, operations first."""
    for entry, spelling in _SPELLINGS.values():
        if spelling.framework == framework and spelling.kind is kind:
            yield spelling, entry


def nearest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Candidates that a person may have meant, the likeliest first; at most three.

    >>> nearest("crossentropy", LOSSES)[0]
    'cross_entropy'
    """
    import difflib  # here, since it takes as long to load as the whole catalogue

    return tuple(difflib.get_close_matches(name, candidates, n=3, cutoff=0.5))
