"""Losses that are written out: `((p - y) ** 2).mean()`, `-(y * torch.log(p)).sum()`, `-log(p[range(n), y])`.

Each pattern is one function from summands to parts. A pattern names a loss only when the whole structure is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Flow, LossUse, Pairing, Source, Step, TargetEncoding
from lossaudit.recognise.flows import class_axis, reduced_axis, walk
from lossaudit.recognise.graph import Graph
from lossaudit.recognise.parts import ROWS, Part, pair
from lossaudit.recognise.unshaped import are_rows, as_many, behind, indexed_pair, one_each, reduced_from_other
from lossaudit.trace import LeafKind


@dataclass(frozen=True, slots=True)
class Summand:
    """`factor * node` under one reduction."""

    node: int
    factor: float


Match: TypeAlias = tuple[Part, tuple[int, ...], float]
"""A part, the positions of the summands it uses, and the sign that is part of the loss itself."""


def written_loss(graph: Graph, summands: tuple[Summand, ...]) -> Match | None:
    """The first written-out loss among the summands, if there is one."""
    for pattern in _PATTERNS:
        match = pattern(graph, summands)
        if match is not None:
            return match
    return None


def _squares(graph: Graph, summands: tuple[Summand, ...]) -> Match | None:
    """`(p - y)**2`, `(p - y).abs()` and their spellings."""
    for position, summand in enumerate(summands):
        inside = _power_of(graph, summand.node)
        if inside is None or summand.factor <= 0:
            continue
        difference, loss = inside
        sides = _difference(graph, difference)
        if sides is None:
            continue
        prediction, target = sides
        use = LossUse(loss, {}, _ops(graph, summand.node), graph.node(summand.node).place, _WRITTEN[loss])
        part = pair(
            graph, loss=use, compare=graph.plain(difference), prediction=prediction, target=target, class_axis=None
        )
        return part, (position,), 1.0
    return None


_WRITTEN = {"mse": "squared difference", "mae": "absolute difference"}


def _power_of(graph: Graph, index: int) -> tuple[int, str] | None:
    """What is squared, or taken absolute, here."""
    node = graph.node(graph.plain(index))
    inputs = tuple(source for _, source in node.inputs)
    if node.op == "square" or (node.op == "pow" and len(inputs) == 1 and _exponent(node.args) == 2):
        return inputs[0], "mse"
    if node.op == "mul" and len(inputs) == 2 and inputs[0] == inputs[1]:
        return inputs[0], "mse"
    if node.op == "abs":
        return inputs[0], "mae"
    return None


def _exponent(args: object) -> float | None:
    value = args.get("exponent", args.get("other")) if isinstance(args, dict) else None
    return float(value.value) if isinstance(value, Const) and isinstance(value.value, int | float) else None


def _difference(graph: Graph, index: int) -> tuple[tuple[str, int], tuple[str, int]] | None:
    """The two tensors of `a - b`: the one with a gradient first; of two, the one that is not cut off."""
    node = graph.node(graph.plain(index))
    if node.op != "sub" or len(node.inputs) != 2:
        return None
    left, right = node.inputs
    if graph.is_parameter(left[1]) or graph.is_parameter(right[1]):
        return None
    if not graph.alike(left[1], right[1]) or reduced_from_other(graph, left[1], right[1]):
        return None  # every prediction against every target, or a constant: no comparison sample by sample
    if graph.has_grad(left[1]) and (graph.modelled(left[1]) or not graph.modelled(right[1])):
        return left, right
    return (right, left) if graph.has_grad(right[1]) else None


def _log_likelihood(graph: Graph, summands: tuple[Summand, ...]) -> Match | None:
    """`-y * log p` with whole target rows, or `-log p[y]` with class indices."""
    for position, summand in enumerate(summands):
        if summand.factor >= 0:
            continue
        rows = _weighted_log(graph, summand.node)
        found = rows or _picked_log(graph, summand.node)
        if found is None:
            continue
        compare, prediction, target, axis = found
        place = graph.node(summand.node).place
        use = LossUse("nll", {}, _ops(graph, summand.node), place, "negative log-likelihood")
        part = pair(
            graph,
            loss=use,
            compare=compare,
            prediction=prediction,
            target=target,
            class_axis=axis,
            used_as=ROWS if rows else _INDEX,
        )
        after = graph.plain(summand.node)
        if graph.node(after).op == "log":
            part = _log_after(graph, part, after)
        return part, (position,), -1.0
    return None


def _log_after(graph: Graph, part: Part, log: int) -> Part:
    """`log(p[y])` is `log(p)[y]`: the logarithm belongs to the prediction."""
    flow, step = part.pairing.prediction, Step("log", place=graph.node(log).place)
    pairing = replace(part.pairing, prediction=replace(flow, steps=(*flow.steps, step)))
    return replace(part, pairing=pairing, heads=(*part.heads, log), head=(*part.head, step))


_INDEX = frozenset({TargetEncoding.CLASS_INDEX})
_Likelihood: TypeAlias = tuple[int, tuple[str, int], tuple[str, int], int | None]
"""Where both sides meet, the prediction, the target, and the class axis."""


def _weighted_log(graph: Graph, index: int) -> _Likelihood | None:
    """`y * log p` over all classes."""
    here = _summed(graph, index)
    node = graph.node(here)
    if node.op != "mul" or len(node.inputs) != 2:
        return None
    left, right = node.inputs
    logs, target = (left, right) if graph.has_grad(left[1]) else (right, left)
    if graph.has_grad(left[1]) == graph.has_grad(right[1]):
        sides = _unseen_sides(graph, left, right)
        if sides is None:
            return None
        logs, target = sides
    if not graph.alike(logs[1], target[1]) or not _is_log_softmax(graph, logs[1]):
        return None
    axis = class_axis(graph, logs[1])
    if graph.node(here).shape is None and not are_rows(graph, here, logs[1], target[1], axis):
        return None
    return here, logs, target, axis


def _unseen_sides(
    graph: Graph, left: tuple[str, int], right: tuple[str, int]
) -> tuple[tuple[str, int], tuple[str, int]] | None:
    """The logarithm and the rows, where shapes and with them gradients are not known for sure."""
    if graph.node(left[1]).shape is not None or reduced_from_other(graph, left[1], right[1]):
        return None
    shared = behind(graph, left[1]) & behind(graph, right[1])
    logs = [side for side in (left, right) if _is_log_softmax(graph, side[1])]
    if shared or len(logs) != 1:
        return None
    return (left, right) if logs[0] is left else (right, left)


def _picked_log(graph: Graph, index: int) -> _Likelihood | None:
    """`log p` at the target's index: the index may be taken before or after the logarithm."""
    here = graph.plain(index)
    if graph.node(here).op == "log":
        below = graph.plain(graph.ins(here)[0])
        picked = _picked(graph, below)
        if picked is not None and _ends_in(graph, picked[0][1], "softmax"):
            return below, *picked
        return None
    picked = _picked(graph, here)
    if picked is not None and _is_log_softmax(graph, picked[0][1]):
        return here, *picked
    return None


def _picked(graph: Graph, index: int) -> tuple[tuple[str, int], tuple[str, int], int] | None:
    """`x.gather(1, y)` or `x[range(n), y]`, one value of each row: the tensor, the index and its axis."""
    node = graph.node(index)
    if graph.role(index) is not Role.SELECT or len(node.inputs) < 2:
        return None
    source, taken = node.inputs[0], node.inputs[-1]
    if not graph.has_grad(source[1]) or graph.modelled(taken[1]):
        return None
    axis = _gathered_axis(graph, index) if node.op in ("gather", "take_along_dim") else _indexed_axis(graph, index)
    if axis is None or (axis == 0 and graph.rank(source[1]) != 1 and class_axis(graph, source[1]) != 0):
        return None  # the first axis holds the samples, unless a softmax says otherwise
    return source, taken, axis


def _gathered_axis(graph: Graph, index: int) -> int | None:
    node = graph.node(index)
    shape, dim = graph.node(node.inputs[0][1]).shape, graph.const(index, "dim")
    if shape is None:
        axis = reduced_axis(graph, index)
        return axis if axis is not None and one_each(graph, index, axis) else None
    if not isinstance(dim, int) or not shape:
        return None
    axis = dim % len(shape)
    return axis if node.shape == (*shape[:axis], 1, *shape[axis + 1 :]) else None


def _indexed_axis(graph: Graph, index: int) -> int | None:
    """The last axis, if the axes before it are indexed too, one by one: `x[y]` and `x[:, y]` take whole slices."""
    node = graph.node(index)
    source, (name, taken) = node.inputs[0][1], node.inputs[-1]
    shape = graph.node(source).shape
    if shape is None:
        return indexed_pair(graph, index)
    last = len(shape) - 1
    if node.op not in ("getitem", "index") or node.shape != graph.node(taken).shape:
        return None
    return last if name == (f"index.{last}" if last else "index") else None


def _logsumexp_minus(graph: Graph, summands: tuple[Summand, ...]) -> Match | None:
    """`logsumexp(z) - z[y]`: cross-entropy on the logits."""
    for first, total in enumerate(summands):
        here = graph.plain(total.node)
        if graph.node(here).op != "logsumexp" or total.factor <= 0:
            continue
        along = (graph.ins(here)[0], reduced_axis(graph, here))
        for second, taken in enumerate(summands):
            picked = _picked(graph, graph.plain(taken.node))
            if picked is None or taken.factor != -total.factor or (picked[0][1], picked[2]) != along:
                continue
            if graph.size(here) != graph.size(taken.node) or not as_many(graph, total.node, taken.node):
                continue
            use = LossUse(
                "cross_entropy",
                {},
                ("logsumexp", "sub", *_ops(graph, taken.node)),
                graph.node(here).place,
                "logsumexp(z) - z[y]",
            )
            part = pair(
                graph,
                loss=use,
                compare=graph.plain(taken.node),
                prediction=picked[0],
                target=picked[1],
                class_axis=picked[2],
                used_as=_INDEX,
            )
            return part, (first, second), 1.0
    return None


def _binary(graph: Graph, summands: tuple[Summand, ...]) -> Match | None:
    """`-(y log p + (1 - y) log(1 - p))`: binary cross-entropy."""
    for first, positive in enumerate(summands):
        one = _times_log(graph, positive)
        if one is None or _complement(graph, one[0][1]) is not None:
            continue
        for second, negative in enumerate(summands):
            other = _times_log(graph, negative)
            if second == first or other is None or negative.factor != positive.factor:
                continue
            if _complement(graph, other[0][1]) == graph.plain(one[0][1]) and (
                _complement(graph, other[1][1]) == graph.plain(one[1][1])
            ):
                use = LossUse(
                    "bce",
                    {},
                    (*_ops(graph, positive.node), *_ops(graph, negative.node)),
                    graph.node(positive.node).place,
                    "-(y log p + (1 - y) log(1 - p))",
                )
                part = pair(graph, loss=use, compare=one[2], prediction=one[1], target=one[0], class_axis=None)
                return part, (first, second), -1.0
    return None


def _times_log(graph: Graph, summand: Summand) -> tuple[tuple[str, int], tuple[str, int], int] | None:
    """`y * log(q)`: the target, what stands in the logarithm, and the product's node."""
    if summand.factor >= 0:
        return None
    here = graph.plain(summand.node)
    node = graph.node(here)
    if node.op != "mul" or len(node.inputs) != 2:
        return None
    left, right = node.inputs
    logs, target = (left, right) if graph.has_grad(left[1]) else (right, left)
    if graph.has_grad(target[1]):
        if graph.node(here).shape is not None or reduced_from_other(graph, left[1], right[1]):
            return None
        by_name = [side for side in (left, right) if graph.node(graph.plain(side[1])).op == "log"]
        if len(by_name) != 1:
            return None
        logs, target = (left, right) if by_name[0] is left else (right, left)
    inner = graph.plain(logs[1])
    if graph.node(inner).op != "log" or not graph.alike(logs[1], target[1]):
        return None
    return target, (logs[0], graph.ins(inner)[0]), here


def _complement(graph: Graph, index: int) -> int | None:
    """`x` where this node is `1 - x`."""
    here = graph.plain(index)
    node = graph.node(here)
    if node.op == "sub" and len(node.inputs) == 1 and node.inputs[0][0] == "other" and graph.number(here, "input") == 1:
        return graph.plain(graph.ins(here)[0])
    return None


_PATTERNS: tuple[Callable[[Graph, tuple[Summand, ...]], Match | None], ...] = (
    _binary,
    _logsumexp_minus,
    _squares,
    _log_likelihood,
)


def penalty(graph: Graph, index: int) -> Part | None:
    """`sum(w ** 2)`, `w.abs().sum()`, `w.norm()`: a penalty on a parameter."""
    inside = _power_of(graph, index)
    names = {"mse": "l2_penalty", "mae": "l1_penalty"}
    if inside is not None:
        below, loss = inside[0], names[inside[1]]
    elif graph.node(index).op in ("norm", "linalg_vector_norm") and graph.node(index).inputs:
        below, loss = graph.ins(index)[0], "norm_penalty"
    else:
        return None
    leaf = graph.node(graph.plain(below))
    if leaf.leaf is not LeafKind.PARAMETER:
        return None
    flow = Flow(Source.UNKNOWN, dtype=leaf.dtype, network="parameters", reason="a parameter, not a prediction")
    use = LossUse(loss, {}, _ops(graph, index), graph.node(index).place, loss.replace("_", " "))
    return Part(Pairing(flow, use), index, "", "", (), ())


def _summed(graph: Graph, index: int) -> int:
    """Below a sum over the class axis that was written into the loss."""
    here = graph.plain(index)
    while graph.node(here).op == "sum" and graph.role(here) is Role.REDUCE:
        here = graph.plain(graph.ins(here)[0])
    return here


def _is_log_softmax(graph: Graph, index: int) -> bool:
    return _ends_in(graph, index, "log_softmax") or _ends_in(graph, index, "softmax", "log")


def _ends_in(graph: Graph, index: int, *ops: str) -> bool:
    """Whether a flow's last value-changing steps are these, constants added inside a logarithm aside."""
    way = walk(graph, index)
    steps = [
        step.op
        for step, node in zip(way.flow.steps, way.nodes, strict=True)
        if graph.role(node) not in (Role.VIEW, Role.CAST, Role.NOISE, Role.SELECT)
        and not (step.op in ("add", "clamp", "clamp_min", "clamp_max") and len(graph.node(node).inputs) == 1)
    ]
    return tuple(steps[-len(ops) :]) == ops


def _ops(graph: Graph, index: int) -> tuple[str, ...]:
    """Operations from this node down to the first head or leaf, nearest last."""
    ops: list[str] = []
    here = index
    while graph.node(here).leaf is None and len(ops) < 6:
        ops.append(graph.node(here).op)
        if graph.role(here) in (Role.HEAD, Role.AFFINE) or not graph.ins(here):
            break
        carriers = [source for source in graph.ins(here) if graph.has_grad(source)]
        if not carriers:
            break
        here = carriers[0]
    return tuple(reversed(ops))
