"""Is a named pairing convex in the logits? A proof, a refutation, or an honest "undecided".

Proofs compose exact facts and use no tolerance. Refutations rest on boundedness (a function that is bounded above
on all of R^n and not constant is not convex) or on a witness confirmed in ball arithmetic. The certificate is plain
data; `lossaudit.recheck` replays it with other code.

This covers losses by name, for every target that an encoding allows and any number of classes; `decide` is for losses
as they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

from flint import arb, ctx

from lossaudit.geometry.balls import Blocks, blocks, loss_on_box, value
from lossaudit.geometry.formula import Formula, NotCovered, formula
from lossaudit.geometry.witness import find_witness
from lossaudit.pairing import Args, Const, TargetEncoding
from lossaudit.verdict import Certificate, Scope, Status, Verdict, Witness

_BITS = 128


@dataclass(frozen=True, slots=True)
class _Values:
    """The values that one entry of a target may take: all convex combinations of `corners`, plus `rays`."""

    words: str
    corners: tuple[int, ...]
    rays: tuple[int, ...] = ()

    def keep_nonnegative(self, coefficient: Callable[[int], Fraction]) -> bool:
        """Whether a coefficient that is affine in the target is >= 0 for all its values."""
        return all(coefficient(y) >= 0 for y in self.corners) and all(
            coefficient(y) - coefficient(0) >= 0 for y in self.rays
        )


_TARGETS: Mapping[TargetEncoding, _Values] = MappingProxyType(
    {
        TargetEncoding.CLASS_INDEX: _Values("every class", (0, 1)),
        TargetEncoding.ONE_HOT: _Values("every one-hot target", (0, 1)),
        TargetEncoding.DISTRIBUTION: _Values("every distribution over the classes", (0, 1)),
        TargetEncoding.BINARY: _Values("every target in {0,1}, and in [0,1]", (0, 1)),
        TargetEncoding.SIGNED: _Values("every target in {-1,+1}", (-1, 1)),
        TargetEncoding.COUNT: _Values("every count", (0,), (1,)),
        TargetEncoding.ORDINAL: _Values("every level", (0,), (1,)),
        TargetEncoding.REAL: _Values("every real target", (0,), (-1, 1)),
    }
)

# Closed range of an operation's output, per element.
_RANGES: Mapping[str, tuple[int, int]] = MappingProxyType({"softmax": (0, 1), "sigmoid": (0, 1), "tanh": (-1, 1)})


def convexity(loss: str, head: tuple[str, ...], params: Args, classes: int, encoding: TargetEncoding) -> Verdict:
    """Decide whether the loss of one sample is convex in its logits.

    Args:
        loss: Name in the catalogue.
        head: Names of the operations between logits and loss, in the order in which they are applied; softmax and
            log-softmax act over the classes.
        params: The loss's arguments, by the catalogue's names.
        classes: K, the number of logits of a sample.
        encoding: Of the target.

    Returns:
        A verdict with a certificate; undecided, with the reason, for anything that is not covered.

    >>> convexity("cross_entropy", (), {}, 10, TargetEncoding.CLASS_INDEX).headline
    'convex in the logits: proved'
    >>> convexity("mse", ("softmax",), {}, 10, TargetEncoding.ONE_HOT).headline
    'not convex in the logits: counterexample confirmed'
    """
    words = _TARGETS[encoding].words if encoding in _TARGETS else encoding.value
    try:
        written = formula(loss, head, params, classes, encoding)
        if encoding not in _TARGETS:
            raise NotCovered(f"no rule covers targets that are a {encoding.value}")
        _refuse_ambiguous(written, params)
        if loss == "hinge_embedding" and encoding is not TargetEncoding.SIGNED:
            raise NotCovered("hinge_embedding is given labels other than -1 and +1")
    except NotCovered as reason:
        function = " of ".join((loss, *reversed(head), "the logits"))
        scope = Scope(variables="the logits", function=function, shape=(classes,), targets=words)
        return Verdict("convex", Status.UNDECIDED, scope, str(reason))

    scope = Scope(variables="the logits", function=written.describe(), shape=(classes,), targets=words)
    proof = _prove(written)
    if proof is not None:
        atom, steps = proof
        certificate = Certificate("composition", {"pairing": written.pairing, "atom": atom}, steps)
        return Verdict("convex", Status.PROVED, scope, steps[-1] + _coded(written), certificate)
    return _refute(written, scope)


def _refuse_ambiguous(written: Formula, params: Args) -> None:
    """A weighted mean over a batch divides by the sum of the weights, which may be negative as well."""
    summed = params.get("reduction") in (Const("sum"), Const("none"))
    if written.weight and min(written.weight) < 0 and not summed:
        raise NotCovered(f"a weight is negative ({float(min(written.weight))}), so a weighted mean may change its sign")


def _refute(written: Formula, scope: Scope) -> Verdict:
    """Refute by boundedness and by a witness; undecided where neither is found."""
    if written.options.get("log_target"):  # the targets that are tried here are no logarithms
        return Verdict("convex", Status.UNDECIDED, scope, f"no rule proves {written.describe()} convex")
    parts = blocks(written)
    certificate = _bounded(written, parts)
    witness = find_witness(written, parts)
    if certificate is None:
        if witness is None:
            reason = f"no rule proves {written.describe()} convex, and no counterexample was found"
            return Verdict("convex", Status.UNDECIDED, scope, reason)
        steps = ("at the midpoint of two points the loss lies strictly above the chord, so it is not convex",)
        certificate = Certificate("witness", {"pairing": written.pairing, **_points(parts, witness)}, steps)
    # Not convex for one target is not convex for "every target"; the scope names the one.
    refuted = replace(scope, targets=f"the one whose first entry is positive, out of: {scope.targets}")
    return Verdict("convex", Status.REFUTED, refuted, certificate.steps[-1], certificate, witness)


def _points(parts: Blocks, witness: Witness) -> dict[str, list[float]]:
    target = parts.spread([float(y) for y in parts.target])
    return {"target": list(target), "a": list(witness.a), "b": list(witness.b)}


def _bounded(written: Formula, parts: Blocks) -> Certificate | None:
    """A certificate that the loss is bounded and not constant, or None."""
    head = written.normal_head
    if not head or head[-1] not in _RANGES or not _total(head):
        return None
    low, high = _RANGES[head[-1]]
    origin, right = [[x] + [0.0] * (len(parts.counts) - 1) for x in (0.0, 8.0)]
    with ctx.workprec(_BITS):
        if not loss_on_box(written, parts, low, high).is_finite():
            return None
        here, there = (value(written, parts, [arb(x) for x in point]) for point in (origin, right))
        if not (here < there or there < here):
            return None
    steps = (
        f"{head[-1]} stays in [{low}, {high}], and the loss is finite on the whole closed range: it is bounded",
        "it takes two different values: it is not constant",
        "it is bounded above on all of R^n and not constant, so it is not convex",
    )
    data = {
        "pairing": written.pairing,
        "range": [low, high],
        "counts": list(parts.counts),
        "target": list(parts.target),
        "points": [origin, right],
    }
    return Certificate("bounded", data, steps)


def _total(head: tuple[str, ...]) -> bool:
    """Whether the head is defined for all real logits: the logarithm of what may be negative is not."""
    positive = {"softmax", "sigmoid", "exp"}
    return all(op != "log" or (i > 0 and head[i - 1] in positive) for i, op in enumerate(head))


def _coded(written: Formula) -> str:
    if written.loss != "bce":
        return ""
    return "; as coded, the logarithm is clamped at -100, which makes the loss bounded, and not convex, far out"


def _prove(written: Formula) -> tuple[str, tuple[str, ...]] | None:
    """The atom and the steps of a proof by composition, or None."""
    loss, head = written.loss, written.normal_head
    # Exact identities: cross-entropy takes the log-softmax itself, and BCE of a sigmoid is BCE with logits.
    steps: tuple[str, ...] = ()
    if loss == "cross_entropy" and head in ((), ("log_softmax",)):
        head = ("log_softmax",)
        steps = ("cross_entropy(z) = -sum_k c_k log_softmax(z)_k with c the weighted, smoothed target",)
    if loss == "bce" and head == ("sigmoid",):
        loss, head = "bce_with_logits", ()
        steps = ("bce(sigmoid(z)) = bce_with_logits(z) over the reals",)
    for atom in _ATOMS:
        if loss in atom.losses and head == atom.head and atom.premise(written):
            return atom.name, (*steps, *atom.steps)
    return None


@dataclass(frozen=True, slots=True)
class _Atom:
    """A family of convex functions: which pairings belong to it, and under which exact premise."""

    name: str
    losses: frozenset[str]
    head: tuple[str, ...]
    premise: Callable[[Formula], bool]
    steps: tuple[str, ...]


def _weights_nonnegative(written: Formula) -> bool:
    return written.weight is None or min(written.weight) >= 0


def _linear_nonnegative(written: Formula) -> bool:
    """Whether every coefficient c_k of -sum_k c_k x_k is >= 0 for every target."""
    values = _TARGETS[written.encoding]
    if written.options.get("log_target"):
        return True  # the coefficients are exp(y_k)
    smoothing = Fraction(written.options.get("label_smoothing", 0))
    return _weights_nonnegative(written) and values.keep_nonnegative(
        lambda y: (1 - smoothing) * y + smoothing / written.classes
    )


def _logistic_nonnegative(written: Formula) -> bool:
    """Whether pos_weight y + (1 - y) >= 0 for every class and target."""
    values = _TARGETS[written.encoding]
    factors = set(written.pos_weight or (Fraction(1),))
    return _weights_nonnegative(written) and all(
        values.keep_nonnegative(lambda y, factor=factor: 1 + (factor - 1) * y) for factor in factors
    )


_ATOMS = (
    _Atom(
        "log-likelihood",
        frozenset({"cross_entropy", "nll", "kl_div"}),
        ("log_softmax",),
        _linear_nonnegative,
        (
            "log_softmax(z)_k = z_k - log(sum_j exp(z_j))",
            "log(sum_j exp(z_j)) is convex",
            "all coefficients are >= 0: the loss is c log(sum_j exp(z_j)) plus a linear function, with c >= 0",
        ),
    ),
    _Atom(
        "element-wise log-likelihood",
        frozenset({"nll", "kl_div"}),
        ("logsigmoid",),
        _linear_nonnegative,
        ("-logsigmoid(z) = log(1 + exp(-z)) is convex", "all coefficients are >= 0: a sum of convex functions"),
    ),
    _Atom(
        "logistic",
        frozenset({"bce_with_logits"}),
        (),
        _logistic_nonnegative,
        (
            "per value: (pos_weight y + 1 - y) log(1 + exp(z)) minus a linear function of z",
            "pos_weight y + 1 - y >= 0 for every target: a sum of convex functions",
        ),
    ),
    _Atom(
        "linear",
        frozenset({"nll", "kl_div"}),
        (),
        lambda written: True,
        ("the loss is linear in its input, and its input is the logits",),
    ),
    _Atom(
        "convex of affine",
        frozenset({"mse", "mae", "huber", "smooth_l1", "soft_margin", "multilabel_soft_margin"}),
        (),
        _weights_nonnegative,
        ("a convex function of z, value by value, with weights >= 0: a sum of convex functions",),
    ),
    _Atom(
        "hinge embedding",
        frozenset({"hinge_embedding"}),
        (),
        lambda written: written.encoding is TargetEncoding.SIGNED,
        ("z for +1 and max(0, margin - z) for -1 are convex: a sum of convex functions",),
    ),
    _Atom(
        "exponential minus linear",
        frozenset({"poisson_nll"}),
        (),
        lambda written: bool(written.options["log_input"]),
        ("exp(z) - y z is convex for every y: a sum of convex functions",),
    ),
    _Atom(
        "multi-class margin",
        frozenset({"multi_margin"}),
        (),
        _weights_nonnegative,
        ("max(0, margin - z_y + z_k) to the power 1 or 2 is convex: a sum of convex functions with weights >= 0",),
    ),
)
