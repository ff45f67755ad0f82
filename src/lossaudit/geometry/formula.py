"""A named pairing as a formula: which numbers it depends on, its value and its gradient in ball arithmetic.

A formula is the loss of one sample as a function of the logits, before reduction, summed over classes where the
loss is computed per class. Logits are given as blocks: equal logits with equal targets are written
once, with their count, so that a statement over 50,000 classes costs as much as one over three.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from flint import arb, fmpq

from lossaudit.pairing import Args, Const, TargetEncoding, Unknown, Value

HEADS = frozenset({"softmax", "log_softmax", "sigmoid", "logsigmoid", "log", "exp", "tanh", "relu"})

# Parameters that matter, with their defaults; `weight` and `pos_weight` are read apart.
LOSSES: Mapping[str, Mapping[str, Fraction | bool]] = MappingProxyType(
    {
        "cross_entropy": {"label_smoothing": Fraction(0)},
        "nll": {},
        "kl_div": {"log_target": False},
        "multi_margin": {"p": Fraction(1), "margin": Fraction(1)},
        "mse": {},
        "mae": {},
        "huber": {"delta": Fraction(1)},
        "smooth_l1": {"beta": Fraction(1)},
        "bce": {},
        "bce_with_logits": {},
        "multilabel_soft_margin": {},
        "soft_margin": {},
        "hinge_embedding": {"margin": Fraction(1)},
        "poisson_nll": {"log_input": True, "eps": Fraction(1e-8)},
    }
)
# Parameters that multiply the loss by a positive number, add a constant, or choose among samples.
_IMMATERIAL = frozenset(
    {"reduction", "size_average", "reduce", "ignore_index", "full"}
)  # `full` adds a function of the target
_WEIGHTED = frozenset(
    {"cross_entropy", "nll", "multi_margin", "mse", "bce", "bce_with_logits", "multilabel_soft_margin"}
)
_OVER_CLASSES = frozenset({"cross_entropy", "nll", "kl_div", "multi_margin"})

# What two operations in a row amount to, exactly, over the reals.
_IDENTITIES: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("softmax", "log"): ("log_softmax",),
        ("sigmoid", "log"): ("logsigmoid",),
        ("log_softmax", "exp"): ("softmax",),
        ("logsigmoid", "exp"): ("sigmoid",),
        ("log_softmax", "log_softmax"): ("log_softmax",),
        ("log_softmax", "softmax"): ("softmax",),
        ("exp", "log"): (),
    }
)


# Where a loss is defined by the formula that is used here.
_RANGES: Mapping[str, Callable[[Mapping[str, Fraction | bool]], bool]] = MappingProxyType(
    {
        "cross_entropy": lambda o: 0 <= o["label_smoothing"] <= 1,
        "huber": lambda o: o["delta"] > 0,
        "smooth_l1": lambda o: o["beta"] >= 0,
        "multi_margin": lambda o: o["p"] in (1, 2),
        "poisson_nll": lambda o: o["eps"] > 0,
    }
)


class NotCovered(Exception):
    """The formula cannot be written down; the message is the reason, for an undecided verdict."""


@dataclass(frozen=True, slots=True)
class Formula:
    """One sample's loss as a function of its logits.

    Attributes:
        loss: Name in the catalogue.
        head: Operations in order, without `identity`.
        options: The loss's parameters that matter, exact.
        weight: One factor per class, or None.
        pos_weight: One factor per class, or None.
        classes: Number of logits.
        encoding: Of the target.
        params: The arguments as they were given, JSON-ready, for certificates.
    """

    loss: str
    head: tuple[str, ...]
    options: Mapping[str, Fraction | bool]
    weight: tuple[Fraction, ...] | None
    pos_weight: tuple[Fraction, ...] | None
    classes: int
    encoding: TargetEncoding
    params: Mapping[str, Any]

    @property
    def normal_head(self) -> tuple[str, ...]:
        """The head with exact identities applied (`softmax` then `log` is `log_softmax`)."""
        done: list[str] = []
        for op in self.head:
            rest: tuple[str, ...] = (op,)
            while done and rest and (done[-1], rest[0]) in _IDENTITIES:
                rest = _IDENTITIES[done.pop(), rest[0]] + rest[1:]
            done.extend(rest)
        return tuple(done)

    @property
    def over_classes(self) -> bool:
        """Whether the logits of one sample compete along a class axis."""
        return self.loss in _OVER_CLASSES or not {"softmax", "log_softmax"}.isdisjoint(self.head)

    @property
    def even(self) -> bool:
        """Whether no class is treated in another way than the others."""
        return all(len(set(factors)) == 1 for factors in (self.weight, self.pos_weight) if factors)

    def describe(self) -> str:
        """The function in words."""
        inner = "z"
        for op in self.head:
            inner = f"{op}({inner})"
        return f"{self.loss}({inner}) of one sample, before reduction"

    @property
    def pairing(self) -> dict[str, Any]:
        """The pairing as it was asked for, JSON-ready."""
        return {
            "loss": self.loss,
            "head": list(self.head),
            "params": dict(self.params),
            "classes": self.classes,
            "encoding": self.encoding.value,
        }


def formula(loss: str, head: tuple[str, ...], params: Args, classes: int, encoding: TargetEncoding) -> Formula:
    """Write a pairing down.

    Raises:
        NotCovered: Something that matters is not known here.
    """
    if loss not in LOSSES:
        raise NotCovered(f"no rule covers the loss {loss}")
    head = tuple(op for op in head if op != "identity")
    for op in head:
        if op not in HEADS:
            raise NotCovered(f"no rule covers the operation {op} in the head")
    if classes < 1:
        raise NotCovered(f"the number of classes is {classes}; it has to be at least 1")
    if encoding is TargetEncoding.CLASS_INDEX and classes < 2:
        raise NotCovered("a class index needs at least 2 classes")
    if loss == "multi_margin" and encoding not in (TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT):
        raise NotCovered(f"multi_margin takes a class and not a target that is {encoding.value}")
    defaults = LOSSES[loss]
    exact = {name: value for name, value in params.items() if name not in _IMMATERIAL}
    weight = _factors("weight", exact.pop("weight", None), classes)
    pos_weight = _factors("pos_weight", exact.pop("pos_weight", None), classes)
    if (weight and loss not in _WEIGHTED) or (pos_weight and loss != "bce_with_logits"):
        raise NotCovered(f"no rule covers weights of {loss}")
    options = dict(defaults)
    for name, value in exact.items():
        if isinstance(value, Unknown):
            raise NotCovered(f"{name} is not known ({value.reason})")
        if value.value is None:
            continue
        if name not in defaults:
            raise NotCovered(f"no rule covers the argument {name} of {loss}")
        options[name] = _option(name, value, defaults[name])
    if loss in _RANGES and not _RANGES[loss](options):
        raise NotCovered(f"the arguments of {loss} lie outside the range for which it is defined")
    given = {name: value.value for name, value in params.items() if isinstance(value, Const)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    return Formula(loss, head, options, weight, pos_weight, classes, encoding, plain)


def _option(name: str, value: Const, default: Fraction | bool) -> Fraction | bool:
    given = value.value
    if isinstance(default, bool):
        if isinstance(given, bool):
            return given
    elif isinstance(given, int | float) and math.isfinite(given):
        return Fraction(given)
    raise NotCovered(f"{name} is {given!r}")


def _factors(name: str, value: Value | None, classes: int) -> tuple[Fraction, ...] | None:
    if value is None or value == Const(None):
        return None
    if isinstance(value, Unknown):
        raise NotCovered(f"{name} is not known ({value.reason})")
    given = value.value if isinstance(value.value, tuple) else (value.value,)
    factors: list[Fraction] = []
    for factor in given:
        if not isinstance(factor, int | float) or not math.isfinite(factor):
            raise NotCovered(f"{name} holds {factor!r}")
        factors.append(Fraction(factor))
    if len(factors) == 1:
        factors *= classes
    if len(factors) != classes:
        raise NotCovered(f"{name} has {len(factors)} entries for {classes} classes")
    return tuple(factors)


def ball(x: Fraction | int) -> arb:
    """A ball that holds an exact number."""
    return arb(x) if isinstance(x, int) else arb(fmpq(x.numerator, x.denominator))
