"""The gradient response: what a loss says to a model that is more and more confident and wrong.

All logits are 0 except one wrong one, `t`; for a single binary logit with label 1 it is `-t`. The gradient at the
logits is followed from `t = 0` on, beside cross-entropy's. It is computed in ball arithmetic with enough bits that
each figure is right to float precision, however small.
"""

from __future__ import annotations

import math
from dataclasses import replace

from flint import arb, ctx

from lossaudit.card import GradientResponse
from lossaudit.errors import UsageError
from lossaudit.geometry.balls import Blocks, blocks, gradient
from lossaudit.geometry.formula import Formula, NotCovered, formula
from lossaudit.pairing import Args, TargetEncoding

GAPS = tuple(index / 2 for index in range(41))
"""Wrong logit minus true logit, from 0 to 20."""

_BITS = 256
_PER_ELEMENT = frozenset({"bce", "bce_with_logits", "multilabel_soft_margin", "soft_margin", "hinge_embedding"})
_ELEMENT_HEADS = frozenset({"sigmoid", "logsigmoid", "tanh"})


def gradient_response(
    loss: str, head: tuple[str, ...], params: Args, classes: int, encoding: TargetEncoding
) -> GradientResponse:
    """Gradient norm at the logits along the path to "confident and wrong", relative to uniform logits.

    Class weights are left out: they scale samples. Where every logit is a binary sample of its own (sigmoid heads,
    binary losses), the path is that of one such logit, and the reference is the logistic loss.

    Args:
        loss: Name in the catalogue.
        head: Names of the operations between logits and loss.
        params: The loss's arguments, by the catalogue's names.
        classes: K, the number of logits.
        encoding: Of the target.

    Raises:
        UsageError: The pairing is not covered, or its gradient at uniform logits is 0 or not finite.

    The squared error on a softmax over two classes dies like exp(-t):

    >>> response = gradient_response("mse", ("softmax",), {}, 2, TargetEncoding.ONE_HOT)
    >>> response.at_uniform
    1.0
    >>> f"{response.ratio[-1] * math.exp(20):.4f}"  # 4 sqrt(2) exp(-t) / (sqrt(2) / 2)
    '8.0000'
    """
    bare = {name: value for name, value in params.items() if name != "weight"}
    try:
        written = formula(loss, head, bare, classes, encoding)
    except NotCovered as reason:
        raise UsageError(f"no gradient response for {loss}: {reason}") from reason
    binary = _is_binary(written)
    if binary:
        written = replace(written, classes=1, pos_weight=written.pos_weight and written.pos_weight[:1])
    parts = blocks(written)
    own = [_norm(written, parts, gap) for gap in GAPS]
    if not (math.isfinite(own[0]) and own[0] > 0):
        raise UsageError(f"no gradient response for {loss}: its gradient at uniform logits is {own[0]:g}")
    reference = [_cross_entropy(1 if binary else classes, gap) for gap in GAPS]
    return GradientResponse(
        gap=GAPS,
        ratio=tuple(norm / own[0] for norm in own),
        reference=tuple(norm / reference[0] for norm in reference),
        at_uniform=own[0] / reference[0],
    )


def _is_binary(written: Formula) -> bool:
    """Whether every logit is a binary sample of its own."""
    per_element = written.loss in _PER_ELEMENT or not _ELEMENT_HEADS.isdisjoint(written.head)
    return not written.over_classes and (per_element or written.classes == 1)


def _norm(written: Formula, parts: Blocks, gap: float) -> float:
    size = len(parts.counts)
    logits = [-gap] if size == 1 else [0.0, gap, *[0.0] * (size - 2)]
    with ctx.workprec(_BITS):
        slopes = gradient(written, parts, [arb(z) for z in logits])
        squares = [count * slope * slope for count, slope in zip(parts.counts, slopes, strict=True)]
        return float(sum(squares, arb(0)).sqrt().mid())


def _cross_entropy(classes: int, gap: float) -> float:
    """|p - y| in closed form: with one binary logit 1 - sigmoid(-t), else over K classes."""
    if classes == 1:
        return 1 / (1 + math.exp(-gap))
    total = math.exp(gap) + classes - 1
    return math.sqrt((1 - 1 / total) ** 2 + (math.exp(gap) / total) ** 2 + (classes - 2) / total**2)
