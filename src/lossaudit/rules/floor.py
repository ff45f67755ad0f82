"""How small cross-entropy can become when what it takes for logits lies in [0, 1]."""

from __future__ import annotations

from math import e, log

from lossaudit.pairing import Const, Pairing
from lossaudit.rules import heads


def floor(classes: int) -> float:
    """Smallest cross-entropy of numbers in [0, 1] against one class: log(e + K - 1) - 1, at a one-hot vector.

    >>> round(floor(10), 4)
    1.4612
    """
    return log(e + classes - 1) - 1


def evidence(pairing: Pairing) -> tuple[str, ...]:
    """The floor of a cross-entropy, where the number of classes is known and no weights rescale the loss."""
    count = heads.classes(pairing.prediction)
    weighted = pairing.loss.params.get("weight", Const(None)) != Const(None)
    if not heads.is_cross_entropy(pairing) or count is None or count < 2 or weighted:
        return ()
    return (f"with {count} classes the loss of a sample cannot fall below {floor(count):.2f}",)
