"""What is known of the target: the questions that rules ask of it.

Structure (a `one_hot` was seen) and observation (every row seen was one-hot) both count, and observation has the
last word: a target that was measured and is not one-hot is none, whatever the program says.
"""

from __future__ import annotations

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Basis, Flow, Observed, Pairing, Place, Source, TargetEncoding
from lossaudit.rules import heads

_SAME_NUMBERS = frozenset({Role.VIEW, Role.CAST, Role.CUT, Role.SELECT})
_CONDITIONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "isin", "logical_and", "logical_or", "logical_not"})
_LABELS = frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT})
_COMPUTED = (Source.AFFINE, Source.NETWORK)
_PROBABILITIES = frozenset({"softmax", "log_softmax", "sigmoid", "logsigmoid"})


def from_network(pairing: Pairing) -> bool:
    """Whether the target is another network's output: distillation, consistency, a mean teacher."""
    if pairing.target is None:
        return False
    flow = pairing.target.flow
    return flow.source in _COMPUTED or any(step.op in _PROBABILITIES for step in flow.steps)


def measured(pairing: Pairing) -> Observed | None:
    """The measurements, when there are any of the target."""
    observed = pairing.observed
    return observed if observed is not None and observed.encodings else None


def are_class_labels(pairing: Pairing) -> bool:
    """Whether the target is known to name one class per sample, as an index or a one-hot row."""
    return _are(pairing, _LABELS)


def are_one_hot(pairing: Pairing) -> bool:
    """Whether the target is known to be rows with a single one."""
    return _are(pairing, frozenset({TargetEncoding.ONE_HOT}))


def are_indices(pairing: Pairing) -> bool:
    """Whether the program's structure shows one class index per sample."""
    target = pairing.target
    if target is None or from_network(pairing):
        return False
    known = _founded(target.basis) and target.encodings == {TargetEncoding.CLASS_INDEX}
    return known or _last_op(target.flow) == "argmax" or _one_integer_each(pairing.prediction, target.flow)


def _last_op(flow: Flow) -> str:
    """The operation that made the values what they are."""
    return next((step.op for step in reversed(flow.steps) if heads.role(step.op) not in _SAME_NUMBERS), "")


def _one_integer_each(prediction: Flow, target: Flow) -> bool:
    """Integers, one for each row of several outputs."""
    integer = (target.dtype or "").startswith(("int", "uint"))
    sizes = [dim.size for dim in prediction.dims], [dim.size for dim in target.dims]
    return integer and len(sizes[0]) == 2 and sizes[0][1] != 1 and sizes[1] in (sizes[0][:1], [sizes[0][0], 1])


def are_zero_one(pairing: Pairing) -> bool:
    """Whether the target is known to hold zeros and ones, with at least one zero.

    A batch of ones fits {-1, +1} as well and is no evidence.
    """
    if from_network(pairing):
        return False
    observed = measured(pairing)
    if observed is not None:
        return TargetEncoding.BINARY in observed.encodings and TargetEncoding.SIGNED not in observed.encodings
    target = pairing.target
    if target is None:
        return False
    known = _founded(target.basis) and target.encodings == {TargetEncoding.BINARY}
    return known or _last_op(target.flow) in _CONDITIONS


def _are(pairing: Pairing, wanted: frozenset[TargetEncoding]) -> bool:
    if from_network(pairing):
        return False
    observed = measured(pairing)
    if observed is not None:
        return bool(observed.encodings & wanted) and _integral(pairing, observed)
    target = pairing.target
    return target is not None and _founded(target.basis) and bool(target.encodings) and target.encodings <= wanted


def _integral(pairing: Pairing, observed: Observed) -> bool:
    """One-hot rows stand for themselves; numbers that merely look like indices need the program's word."""
    if TargetEncoding.ONE_HOT in observed.encodings:
        return True
    target = pairing.target
    return target is not None and _founded(target.basis) and target.encodings == {TargetEncoding.CLASS_INDEX}


def _founded(basis: Basis) -> bool:
    """What a loss declares to want says nothing about what it is given."""
    return basis is Basis.STRUCTURE


def is_brier(pairing: Pairing) -> bool:
    """Whether the program itself calls this loss a Brier score, in a name, a scope or a file."""
    places = [place for step in pairing.prediction.steps if (place := step.place)]
    if pairing.loss.place is not None:
        places.append(pairing.loss.place)
    names = [pairing.loss.name, *(name for place in places for name in _names(place))]
    return any("brier" in name.lower() for name in names)


def _names(place: Place) -> list[str]:
    return [place.path, place.scope, *(name for via in place.via for name in _names(via))]
