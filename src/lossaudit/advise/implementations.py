"""Where a loss can be had: its names in every framework and package, and how each differs from the formula."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from lossaudit import catalogue
from lossaudit.catalogue.naming import ROOTS
from lossaudit.catalogue.schema import Kind, Loss

SPELLED = ("torch", "keras", "tensorflow", "jax")
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "torch": "PyTorch",
        "keras": "Keras",
        "tensorflow": "TensorFlow",
        "jax": "JAX",
        "sklearn": "scikit-learn",
        "lossaudit": "lossaudit",
    }
)
# What a person types; the nodes that autograd leaves behind are nobody's names.
_TYPED = (Kind.FUNCTION, Kind.METHOD, Kind.MODULE, Kind.STRING)
_IMPORTED: Mapping[str, str] = MappingProxyType(
    {"F": "torch.nn.functional", "tf": "tensorflow", "pytorch": "torch", "scikit-learn": "sklearn"}
)
"""What a person writes, and the package that is meant."""


def framework_of(path: str) -> str:
    """The framework or the package of a dotted name.

    >>> framework_of("optax.losses.ntxent"), framework_of("timm.loss.AsymmetricLossMultiLabel")
    ('jax', 'timm')
    """
    root = re.split(r"\W", path, maxsplit=1)[0]
    return ROOTS.get(root, root)


def package(name: str) -> str:
    """The framework or the package that a person means.

    >>> package("PyTorch"), package("tf"), package("scikit-learn"), package("optax")
    ('torch', 'tensorflow', 'sklearn', 'jax')
    """
    given = name.strip().lower()
    return framework_of(_IMPORTED.get(given, given))


def of(loss: Loss) -> Mapping[str, Mapping[str, str]]:
    """By framework or package: the loss's names there, and how what each computes differs from the formula.

    A name that a configuration takes, as `compile(loss="mse")` does, stands in quotes.

    >>> from lossaudit import catalogue
    >>> list(of(catalogue.LOSSES["cross_entropy"])["torch"])[:2]
    ['torch.nn.functional.cross_entropy', 'torch.nn.CrossEntropyLoss']
    """
    found: dict[str, dict[str, str]] = {framework: {} for framework in SPELLED}
    for framework in SPELLED:
        spelled = [spelling for spelling in catalogue.spelled(framework, loss.name) if spelling.kind in _TYPED]
        names = (f'"{each.path}"' if each.kind is Kind.STRING else each.path for each in spelled)
        found[framework] = dict.fromkeys(names, "")
    found.setdefault(framework_of(loss.callable), {}).setdefault(loss.callable, "")
    for known in loss.implementations:
        found.setdefault(framework_of(known.path), {})[known.path] = known.differs
    return {framework: names for framework, names in found.items() if names}


def everywhere() -> Mapping[str, frozenset[str]]:
    """By framework or package: the names, in the catalogue, of the losses that can be had there."""
    found: dict[str, set[str]] = {}
    for framework, _, name in (*_spelled(), *_named()):
        found.setdefault(framework, set()).add(name)
    return {framework: frozenset(names) for framework, names in found.items()}


def spelled_so(name: str) -> tuple[str, ...]:
    """The losses that a framework or a package calls so: a dotted name, or the end of one.

    >>> spelled_so("nn.CrossEntropyLoss"), spelled_so("F.mse_loss"), spelled_so("tf.keras.losses.Huber")
    (('cross_entropy',), ('mse',), ('huber',))
    """
    root, dot, rest = name.strip().partition(".")
    dotted = _IMPORTED.get(root, root) + dot + rest
    canonical = catalogue.framework_of(dotted)
    wanted = (canonical[1] if canonical else dotted).lower()
    for known in (_spelled, _named):  # the loss that the name alone means, before those that it can be made to compute
        paths = [(path.lower(), loss) for _, path, loss in known()]
        whole = [loss for path, loss in paths if path == wanted]
        ends = [loss for path, loss in paths if path.endswith(f".{wanted}")]
        if whole or ends:
            return tuple(dict.fromkeys(whole or ends))
    return ()


def _spelled() -> Iterator[tuple[str, str, str]]:
    for framework in SPELLED:
        for kind in _TYPED:
            for spelling, entry in catalogue.spellings(framework, kind):
                if isinstance(entry, Loss):
                    yield framework, spelling.path, entry.name


def _named() -> Iterator[tuple[str, str, str]]:
    for loss in catalogue.LOSSES.values():
        for path in (loss.callable, *(known.path for known in loss.implementations)):
            yield framework_of(path), path, loss.name
