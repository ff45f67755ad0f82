"""The shipped card of a pairing, where the loss is one that has a name behind its head."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit import catalogue
from lossaudit.card import Card
from lossaudit.cards import shipped
from lossaudit.pairing import Const, Pairing, Value

# A loss behind a head that is another loss of the catalogue, up to a constant factor.
_BEHIND: Mapping[tuple[str, str], str] = MappingProxyType(
    {("mse", "softmax"): "brier", ("mae", "softmax"): "mae_softmax", ("mse", "sigmoid"): "sigmoid_mse"}
)
_REDUCTION = frozenset({"reduction", "size_average", "reduce", "ignore_index"})


def card_of(pairing: Pairing, head: tuple[str, ...]) -> Card | None:
    """The card that speaks of this loss behind this head, with the parameters that it has here; None without one.

    Args:
        pairing: Its loss and parameters.
        head: Names of the operations between logits and loss.
    """
    name = pairing.loss.loss
    if name is None or len(head) > 1:
        return None
    behind = head[0] if head else "identity"
    card = shipped(_BEHIND.get((name, behind), name))
    entry = catalogue.loss(name)
    if card is None or entry is None or card.head != behind:
        return None
    usual = {option.name: option.default for option in entry.options}
    given = {key: value for key, value in pairing.loss.params.items() if key not in _REDUCTION}
    return card if all(_as_usual(value, usual.get(key)) for key, value in given.items()) else None


def _as_usual(value: Value, usual: object) -> bool:
    return isinstance(value, Const) and (value.value is None or value.value is False or value.value == usual)
