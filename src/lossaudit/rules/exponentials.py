"""Exponentials on the way to a loss that may overflow."""

from __future__ import annotations

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Flow, Source, Step
from lossaudit.rules import heads

# What has values of a small range only. A cosine is one; a logarithm of anything is small for an exponential.
BOUNDED = frozenset(
    {"softmax", "log_softmax", "sigmoid", "logsigmoid", "tanh", "hardtanh", "hardsigmoid", "relu6", "softsign"}
    | {"normalize", "cosine_similarity", "sin", "cos", "sign", "log"}
    | heads.CLAMPS
)
_SIZES = frozenset({"abs", "square", "pow", "relu", "norm", "linalg_vector_norm"})
_SCALES = frozenset({"mul", "div"})


def may_overflow(flow: Flow, exp: Step) -> bool:
    """Whether nothing bounds what this exponential is taken of.

    A difference directly in front of it is taken for the shift by the largest value, and the negative of an absolute
    value or a square is never large.
    """
    steps = heads.head(flow)
    before = steps[: next(i for i, step in enumerate(steps) if step is exp)]
    while before and before[-1].op in _SCALES:
        before = before[:-1]
    if not before:
        return flow.source is Source.AFFINE
    if before[-1].op == "neg" and len(before) > 1:
        return before[-2].op not in BOUNDED | _SIZES
    return before[-1].op not in BOUNDED | {"sub"} and heads.role(before[-1].op) is not Role.OTHER
