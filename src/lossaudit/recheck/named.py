"""Certificates about pairings of losses and heads that are known by name.

Three rules are known:

- `composition`: the pairing is one of a few families whose convexity is a textbook fact; its premises (signs of
  weights and coefficients over all targets) are checked in exact rationals.
- `bounded`: the loss is finite on the head's closed range, and takes two different values; a function that is
  bounded above on all of R^n and not constant is not convex.
- `witness`: at the midpoint of two points the loss lies strictly above the chord, in ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeAlias

from flint import arb, ctx

Json: TypeAlias = Mapping[str, Any]
Balls: TypeAlias = list[arb]

_BITS = (128, 256, 512, 1024)

SHOWS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "composition": ("proved", ("exact", "sum", "log-sum", "exp", "composition", "power", "max")),
        "bounded": ("refuted", ("exact", "balls", "bounded")),
        "witness": ("refuted", ("exact", "balls", "chord")),
    }
)
"""For each rule the status it gives the property "convex", and what is trusted for it."""


def holds(certificate: Json) -> bool:
    """Whether a certificate about a named pairing holds.

    Raises:
        KeyError, TypeError, ValueError, IndexError, AttributeError: It is not well formed.
    """
    data = certificate["data"]
    checks: Mapping[str, Callable[[], bool]] = {
        "composition": lambda: _composition(data["pairing"], data["atom"]),
        "bounded": lambda: _bounded(data),
        "witness": lambda: _above_chord(data["pairing"], data["target"], data["a"], data["b"]),
    }
    return certificate["rule"] in checks and _readable(data["pairing"]) and checks[certificate["rule"]]()


# ---- What a pairing is -------------------------------------------------------------------------------------------

_KNOWN_PARAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cross_entropy": ("weight", "label_smoothing"),
        "nll": ("weight",),
        "kl_div": ("log_target",),
        "multi_margin": ("weight", "p", "margin"),
        "mse": ("weight",),
        "mae": (),
        "huber": ("delta",),
        "smooth_l1": ("beta",),
        "bce": ("weight",),
        "bce_with_logits": ("weight", "pos_weight"),
        "multilabel_soft_margin": ("weight",),
        "soft_margin": (),
        "hinge_embedding": ("margin",),
        "poisson_nll": ("log_input", "eps"),
    }
)
_WITHOUT_EFFECT = frozenset({"reduction", "size_average", "reduce", "ignore_index", "full"})

# Smallest and largest entry of a target; None where there is no limit.
_EXTREMES: Mapping[str, tuple[int | None, int | None]] = MappingProxyType(
    {
        "class index": (0, 1),
        "one-hot": (0, 1),
        "distribution": (0, 1),
        "{0,1}": (0, 1),
        "{-1,+1}": (-1, 1),
        "count": (0, None),
        "ordinal level": (0, None),
        "real": (None, None),
    }
)


def _readable(pairing: Json) -> bool:
    """Whether every argument is understood, and a weighted mean cannot change its sign."""
    params = {name: value for name, value in pairing["params"].items() if value is not None}
    known = set(_KNOWN_PARAMS[pairing["loss"]]) | _WITHOUT_EFFECT
    positive = min(_factors(pairing, "weight")) >= 0 or params.get("reduction") in ("sum", "none")
    in_range = (
        _param(pairing, "delta", 1) > 0
        and _param(pairing, "beta", 1) >= 0
        and _param(pairing, "eps", 1) > 0
        and _param(pairing, "p", 1) in (1, 2)
    )
    return set(params) <= known and pairing["encoding"] in _EXTREMES and positive and in_range


def _param(pairing: Json, name: str, default: float) -> Fraction:
    given = pairing["params"].get(name)
    return Fraction(default if given is None else given)


def _factors(pairing: Json, name: str) -> list[Fraction]:
    given = pairing["params"].get(name)
    values = [1] if given is None else given if isinstance(given, list) else [given]
    values = values * pairing["classes"] if len(values) == 1 else values
    if len(values) != pairing["classes"]:
        raise ValueError(name)
    return [Fraction(value) for value in values]


# ---- Proofs ------------------------------------------------------------------------------------------------------


def _never_negative(pairing: Json, at: Callable[[Fraction], Fraction]) -> bool:
    """Whether an affine function of one target entry is >= 0 for all targets covered."""
    low, high = _EXTREMES[pairing["encoding"]]
    slope = at(Fraction(1)) - at(Fraction(0))
    below = slope <= 0 if low is None else at(Fraction(low)) >= 0
    above = slope >= 0 if high is None else at(Fraction(high)) >= 0
    return below and above and at(Fraction(0)) >= 0


_SHORTER: Mapping[tuple[str, str], list[str]] = MappingProxyType(
    {
        ("softmax", "log"): ["log_softmax"],
        ("sigmoid", "log"): ["logsigmoid"],
        ("log_softmax", "exp"): ["softmax"],
        ("logsigmoid", "exp"): ["sigmoid"],
        ("log_softmax", "log_softmax"): ["log_softmax"],  # normalised already
        ("log_softmax", "softmax"): ["softmax"],
        ("exp", "log"): [],
    }
)


def _shortened(head: Sequence[str]) -> list[str]:
    """The same head, with pairs of operations replaced by what they amount to over the reals."""
    ops = [op for op in head if op != "identity"]
    for index, pair in enumerate(pairwise(ops)):
        if pair in _SHORTER:
            return _shortened(ops[:index] + _SHORTER[pair] + ops[index + 2 :])
    return ops


def _composition(pairing: Json, atom: str) -> bool:
    loss, head = pairing["loss"], _shortened(pairing["head"])
    if min(_factors(pairing, "weight")) < 0:
        return False
    smoothing = _param(pairing, "label_smoothing", 0)
    k = pairing["classes"]

    def likelihood() -> bool:
        return bool(pairing["params"].get("log_target")) or _never_negative(
            pairing, lambda y: (1 - smoothing) * y + smoothing / k
        )

    families: Mapping[str, tuple[bool, Callable[[], bool]]] = {
        "log-likelihood": (
            (loss, head) in (("nll", ["log_softmax"]), ("kl_div", ["log_softmax"]))
            or (loss == "cross_entropy" and head in ([], ["log_softmax"])),
            likelihood,
        ),
        "element-wise log-likelihood": (loss in ("nll", "kl_div") and head == ["logsigmoid"], likelihood),
        "logistic": (
            (loss, head) in (("bce_with_logits", []), ("bce", ["sigmoid"])),
            lambda: all(
                _never_negative(pairing, lambda y, w=weight: 1 + (w - 1) * y)
                for weight in set(_factors(pairing, "pos_weight"))
            ),
        ),
        "linear": (loss in ("nll", "kl_div") and not head, lambda: True),
        "convex of affine": (
            loss in ("mse", "mae", "huber", "smooth_l1", "soft_margin", "multilabel_soft_margin") and not head,
            lambda: True,
        ),
        "hinge embedding": (loss == "hinge_embedding" and not head, lambda: pairing["encoding"] == "{-1,+1}"),
        "exponential minus linear": (
            loss == "poisson_nll" and not head,
            lambda: pairing["params"].get("log_input") in (None, True),
        ),
        "multi-class margin": (
            loss == "multi_margin" and not head,
            lambda: pairing["encoding"] in ("class index", "one-hot"),
        ),
    }
    belongs, premise = families[atom]
    return belongs and premise()


# ---- Refutations -------------------------------------------------------------------------------------------------


def _bounded(data: Json) -> bool:
    pairing, counts = data["pairing"], data["counts"]
    ranges = {"softmax": [0, 1], "sigmoid": [0, 1], "tanh": [-1, 1]}
    # A logarithm of what may be negative has no value on a part of R^n.
    head = ["", *(op for op in pairing["head"] if op != "identity")]
    undefined = any(b == "log" and a not in ("softmax", "sigmoid", "exp") for a, b in pairwise(head))
    last = _shortened(head)[-1]
    if ranges.get(last) != data["range"] or undefined or sum(counts) != pairing["classes"] or min(counts) < 1:
        return False
    low, high = data["range"]
    target = _spread(data["target"], counts)
    points = [_spread(point, counts) for point in data["points"]]
    with ctx.workprec(_BITS[0]):
        everywhere = _loss(pairing, target, [arb((low + high) / 2, (high - low) / 2)] * len(target))
        first, second = (_value(pairing, target, point) for point in points)
        return _covers(pairing, target) and everywhere.is_finite() and bool(first < second or second < first)


def _spread(values: Sequence[float], counts: Sequence[int]) -> list[float]:
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


def witness_holds(pairing: Json, witness: Json) -> bool:
    """Whether a verdict's witness holds for the pairing."""
    target, k = list(witness["target"]), pairing["classes"]
    if pairing["encoding"] == "class index" and len(target) == 1 < k:
        target = [float(index == target[0]) for index in range(k)]
    middle = [(Fraction(a) + Fraction(b)) / 2 for a, b in zip(witness["a"], witness["b"], strict=True)]
    exact = [Fraction(x) for x in witness["midpoint"]] == middle
    return exact and witness["gap"] > 0 and _above_chord(pairing, target, witness["a"], witness["b"], witness["gap"])


def _above_chord(
    pairing: Json, target: Sequence[float], a: Sequence[float], b: Sequence[float], gap: float = 0.0
) -> bool:
    """Whether f((a + b) / 2) - (f(a) + f(b)) / 2 is positive, and not under the gap that is claimed."""
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    exact = all(2 * Fraction(m) == Fraction(x) + Fraction(y) for m, x, y in zip(middle, a, b, strict=True))
    if not exact or len(a) != pairing["classes"] or not _covers(pairing, target):
        return False
    for bits in _BITS:
        with ctx.workprec(bits):
            left, centre, right = (_value(pairing, target, point) for point in (a, middle, b))
            found = centre - (left + right) / 2
            if found > 0 and found >= arb(gap):
                return True
    return False


def _covers(pairing: Json, target: Sequence[float]) -> bool:
    """Whether the target is one that the pairing's encoding allows."""
    encoding = pairing["encoding"]
    if pairing["params"].get("log_target"):
        return False
    # Every encoding but {-1,+1} allows 0 and 1, and no more is needed.
    good = set(target) <= ({-1, 1} if encoding == "{-1,+1}" else {0, 1})
    one = encoding not in ("class index", "one-hot", "distribution") or sum(target) == 1
    return good and one and len(target) == pairing["classes"]


def _value(pairing: Json, target: Sequence[float], logits: Sequence[float]) -> arb:
    x = [arb(z) for z in logits]
    for op in pairing["head"]:
        x = _apply(op, x)
    return _loss(pairing, target, x)


def _apply(op: str, x: Balls) -> Balls:
    if op in ("softmax", "log_softmax"):
        powers = [z.exp() for z in x]
        total = sum(powers, arb(0))
        return [e / total for e in powers] if op == "softmax" else [z - total.log() for z in x]
    each: Mapping[str, Callable[[arb], arb]] = {
        "identity": lambda z: z,
        "sigmoid": lambda z: 1 / (1 + (-z).exp()),
        "logsigmoid": lambda z: -(1 + (-z).exp()).log(),
        "log": lambda z: z.log(),
        "exp": lambda z: z.exp(),
        "tanh": lambda z: z.tanh(),
        "relu": lambda z: z.max(arb(0)),
    }
    return [each[op](z) for z in x]


def _exact(x: Fraction) -> arb:
    return arb(x.numerator) / arb(x.denominator)


def _logistic(x: arb) -> arb:
    return (1 + x.exp()).log()


def _loss(pairing: Json, target: Sequence[float], x: Balls) -> arb:
    """The loss of one sample, summed over classes, in balls."""
    loss, k = pairing["loss"], pairing["classes"]
    weights = [_exact(w) for w in _factors(pairing, "weight")]
    y = [arb(t) for t in target]
    if loss == "multi_margin":
        true = list(target).index(1)
        margin, p = _exact(_param(pairing, "margin", 1)), _param(pairing, "p", 1)
        over = [(margin - x[true] + s).max(arb(0)) for index, s in enumerate(x) if index != true]
        return weights[true] * sum(over if p == 1 else [v * v for v in over], arb(0)) / k
    if loss == "cross_entropy":
        x, smoothing = _apply("log_softmax", x), _exact(_param(pairing, "label_smoothing", 0))
        y = [(1 - smoothing) * t + smoothing / k for t in y]
    positive = [_exact(w) for w in _factors(pairing, "pos_weight")]
    terms = [w * _term(pairing, s, t, q) for w, s, t, q in zip(weights, x, y, positive, strict=True)]
    return sum(terms, arb(0)) / (k if loss == "multilabel_soft_margin" else 1)


def _term(pairing: Json, x: arb, y: arb, positive: arb) -> arb:
    """What one class adds to the loss."""
    r = abs(x - y)
    delta = _exact(_param(pairing, "beta" if pairing["loss"] == "smooth_l1" else "delta", 1))
    near = r.min(delta)
    if pairing["params"].get("log_target") and pairing["loss"] == "kl_div":
        return y.exp() * (y - x)
    terms: Mapping[str, Callable[[], arb]] = {
        "cross_entropy": lambda: -y * x,
        "nll": lambda: -y * x,
        "kl_div": lambda: arb(0) if y == 0 else y * (y.log() - x),
        "mse": lambda: r * r,
        "mae": lambda: r,
        "huber": lambda: near * near / 2 + delta * (r - near),
        "smooth_l1": lambda: r if delta == 0 else near * near / (2 * delta) + (r - near),
        "bce": lambda: -(arb(0) if y == 0 else y * x.log()) - (arb(0) if y == 1 else (1 - y) * (1 - x).log()),
        "bce_with_logits": lambda: positive * y * _logistic(-x) + (1 - y) * _logistic(x),
        "multilabel_soft_margin": lambda: y * _logistic(-x) + (1 - y) * _logistic(x),
        "soft_margin": lambda: _logistic(-y * x),
        "hinge_embedding": lambda: x if y == 1 else (_exact(_param(pairing, "margin", 1)) - x).max(arb(0)),
        "poisson_nll": lambda: (
            x.exp() - y * x
            if pairing["params"].get("log_input") in (None, True)
            else x - y * (x + _exact(_param(pairing, "eps", 1e-8))).log()
        ),
    }
    return terms[pairing["loss"]]()
