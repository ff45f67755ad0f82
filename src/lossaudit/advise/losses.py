"""Chooses losses out of the catalogue by what they are for and by what their cards say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lossaudit import catalogue
from lossaudit.advise import implementations
from lossaudit.cards import said
from lossaudit.catalogue.schema import Loss
from lossaudit.errors import UsageError
from lossaudit.pairing import TargetEncoding

PROPERTIES: Mapping[str, str] = {
    "convex": "convex",
    "strictly-convex": "strictly convex",
    "proper": "proper",
    "calibrated": "calibrated",
    "bounded": "bounded",
    "lipschitz": "Lipschitz",
    "symmetric": "symmetric",
    "saturating": "gradient when wrong",
}
"""What can be asked for, and the entry of the card that answers."""

_UNKNOWN, _INAPPLICABLE = ("unknown", "unknown"), ("-", "unknown")
_OPEN = ("unknown", "undecided")
_WORDS = {name.replace("_", "").lower(): TargetEncoding[name].value for name in TargetEncoding.__members__}
_WORDS["index"] = TargetEncoding.CLASS_INDEX.value  # as `card --target` calls it
_NO_HEAD = dict.fromkeys(("none", "linear"), "identity")


@dataclass(frozen=True, slots=True)
class Row:
    """A loss in a table. What its card says stands there in the card's words.

    Attributes:
        heads: Those that fit, the usual one first.
        targets: The target encodings that fit, or the one that it is meant for.
        gradient: At the raw outputs, as the model gets confident and is wrong.
        reference: Dotted name of the implementation to use.
    """

    name: str
    title: str
    family: str
    tasks: tuple[str, ...]
    heads: tuple[str, ...]
    targets: tuple[str, ...]
    convex: str
    proper: str
    calibrated: str
    gradient: str
    reference: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Losses that fit.

    Attributes:
        total: How many there are in all.
        open: Those that may fit, or not: a property is not decided.
    """

    rows: tuple[Row, ...]
    total: int
    open: tuple[str, ...] = ()


def select(
    *,
    task: str | None = None,
    head: str | None = None,
    family: str | None = None,
    target: str | None = None,
    framework: str | None = None,
    properties: Mapping[str, bool] | None = None,
) -> Selection:
    """The losses of the catalogue that fit all that is asked, in the catalogue's order.

    Args:
        task: `"multiclass"`, `"regression"`, ...
        head: Operation between raw outputs and loss; `"identity"` or `"none"` for none.
        family: What the loss compares.
        target: Target encoding.
        framework: `"torch"`, `"keras"`, `"tensorflow"`, `"jax"`, or a package.
        properties: Of `PROPERTIES`: whether it must hold (True) or must fail (False) behind the loss's usual head.

    Raises:
        UsageError: Nothing is called so; the message suggests the nearest.

    >>> [row.name for row in select(family="multiclass", properties={"proper": True, "convex": True}).rows][:1]
    ['cross_entropy']
    """
    _check(properties or {})
    wanted: dict[str, str] = {}
    losses = catalogue.LOSSES.values()
    if task is not None:
        wanted["task"] = _named("task", task, {name for loss in losses for name in loss.tasks})
    if head is not None:
        head = _NO_HEAD.get(_plain(str(head)), head)
        wanted["head"] = _named("head", head, {name for loss in losses for name in loss.heads})
    if family is not None:
        wanted["family"] = _named("family", family, {loss.family for loss in losses})
    if target is not None:
        target = _WORDS.get(_plain(str(target)), target)
        wanted["target"] = _named("target", target, {encoding.value for encoding in TargetEncoding})
    among = frozenset(catalogue.LOSSES)
    if framework is not None:
        known = implementations.everywhere()
        among = known[_named("framework", implementations.package(str(framework)), known)]
    fitting = [loss for loss in losses if loss.name in among and _fits(loss, wanted)]
    rows: list[Row] = []
    undecided: list[str] = []
    for loss in fitting:
        known_of = said(loss.name)
        absent = _INAPPLICABLE if known_of else _UNKNOWN
        asked = {name: known_of.get(PROPERTIES[name], absent) for name in properties or {}}
        missing = [entry for name, entry in asked.items() if holds(name, *entry) is not (properties or {})[name]]
        if not missing:
            rows.append(_row(loss, known_of))
        elif all(value in _OPEN for value, _ in missing):
            undecided.append(loss.name)
    return Selection(tuple(rows), len(losses), tuple(undecided))


def _check(properties: Mapping[str, bool]) -> None:
    for name, wanted in properties.items():
        if name not in PROPERTIES:
            raise UsageError(f"there is no property {name!r}; there is {', '.join(PROPERTIES)}")
        if not isinstance(wanted, bool):
            raise UsageError(f"{name}={wanted!r}: True asks for losses that have it, False for those that have not")


def _fits(loss: Loss, wanted: Mapping[str, str]) -> bool:
    has: dict[str, Iterable[str]] = {
        "task": loss.tasks,
        "head": loss.heads,
        "family": (loss.family,),
        "target": [encoding.value for encoding in loss.encodings],
    }
    return all(value in has[name] for name, value in wanted.items())


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text.lower()).replace("ization", "isation")


def _named(option: str, value: str, known: Iterable[str]) -> str:
    """The known name that is meant: letter case, hyphens and underscores do not matter."""
    names = {_plain(name): name for name in sorted(known, key=str.lower)}
    found = names.get(_plain(str(value)))
    if found is None:
        near = [names[name] for name in catalogue.nearest(_plain(str(value)), names)]
        there = f"nearest: {', '.join(near)}" if near else f"there is {', '.join(names.values())}"
        raise UsageError(f"--{option} {value}: no loss has this {option}; {there}")
    return found


def holds(name: str, value: str, ground: str) -> bool | None:
    """Whether a property holds by what the card says of it; None where it does not apply or nobody knows.

    >>> holds("proper", "strictly", "proved"), holds("lipschitz", "infinite", "refuted")
    (True, False)
    """
    if ground == "unknown":
        return None
    if name == "saturating":
        return _first(value, yes=r"decays|(exactly )?0\b", no="constant|grows|tends")
    if name == "lipschitz":
        return {"proved": True, "refuted": False}.get(ground)
    return _first(value, yes=r"yes\b|strictly\b|it seems\b(?! not)", no=r"no\b|it seems not\b")


def _first(text: str, *, yes: str, no: str) -> bool | None:
    """Which of two patterns the text begins with."""
    return True if re.match(yes, text) else False if re.match(no, text) else None


def _row(loss: Loss, known: Mapping[str, tuple[str, str]]) -> Row:
    encodings = [encoding for encoding in TargetEncoding if encoding in loss.encodings]
    shown = [loss.encoding] if loss.encoding is not None else encodings
    absent = _INAPPLICABLE if known else _UNKNOWN
    convex, proper, calibrated, gradient = (
        known.get(name, absent)[0] for name in ("convex", "proper", "calibrated", "gradient when wrong")
    )
    return Row(
        loss.name,
        loss.title,
        loss.family,
        loss.tasks,
        loss.heads,
        tuple(encoding.value for encoding in shown),
        convex,
        proper,
        calibrated,
        gradient,
        loss.callable,
    )
