"""What the text of a program says of shapes that nothing else shows.

A written-out loss may be named from text only if no other reading of the same text would make it another function.
Operands of elementwise operations count as equally shaped unless the text lays one of them out anew (`Graph.alike`).
"""

from __future__ import annotations

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Source, Unknown, Value
from lossaudit.recognise.flows import reduced_axis, walk
from lossaudit.recognise.graph import Graph, role_of
from lossaudit.recognise.positions import sizes

_MAKE_ROWS = frozenset({"one_hot", "softmax"})


def reduced_from_other(graph: Graph, left: int, right: int) -> bool:
    """Whether one side was reduced from the other: with unknown shapes that may be a deviation from a mean."""
    if graph.node(left).shape is not None:
        return False
    first, second = sorted((graph.plain(left), graph.plain(right)))
    return first == second or first in behind(graph, second)


def behind(graph: Graph, index: int) -> set[int]:
    """All nodes that a node was made of, down to the last affine operations."""
    stack, seen = list(graph.ins(index)), set[int]()
    while stack:
        here = stack.pop()
        if here not in seen:
            seen.add(here)
            stack.extend(graph.ins(here))
    return seen


def are_rows(graph: Graph, product: int, logs: int, target: int, axis: int | None) -> bool:
    """Whether the text says that the factor of a log-probability is rows over the classes, not a weight of each row.

    Data may be. What is hidden may be if the whole row of logarithms is there (an advantage stands beside those that
    were taken), and the product is summed: over the classes, or over everything.
    """
    flow = walk(graph, target).flow
    if flow.source in (Source.LABELS, Source.CONSTANT) or any(step.op in _MAKE_ROWS for step in flow.steps):
        return True
    if any(role_of(step.op) is Role.SELECT for step in walk(graph, logs).flow.steps):
        return False
    sums = [index for index, node in enumerate(graph.trace.nodes) if node.op == "sum" and node.inputs]
    along = [index for index in sums if graph.plain(graph.ins(index)[0]) == product]
    return any(graph.is_scalar(index) or (axis is not None and reduced_axis(graph, index) == axis) for index in along)


def one_each(graph: Graph, index: int, axis: int) -> bool:
    """Whether the text says that the index has one entry a row: it was laid out so, or the result is squeezed."""
    here = graph.node(index).inputs[-1][1]
    while True:
        node = graph.node(here)
        if node.op == "unsqueeze" and graph.const(here, "dim") in (axis, -1):
            return True
        if node.op in ("view", "reshape") and (sizes(node.args, "shape") or (None,))[-1] == 1:
            return True
        if node.op == "getitem":
            return list(node.args.items())[-1:] == [("index.1", Const(None))]
        carrier = graph.carrier(here)
        if carrier is None:
            break
        here = carrier
    return any(
        node.op == "squeeze" and graph.ins(user)[0] == index and node.args.get("dim", Const(None)) != Const(0)
        for user, node in enumerate(graph.trace.nodes)
        if node.inputs
    )


def indexed_pair(graph: Graph, index: int) -> int | None:
    """`x[range(n), y]` or `x[i, y]` of a matrix: one value for each pair of a row and a class."""
    node = graph.node(index)
    rank = graph.rank(graph.ins(index)[0])
    rows = node.input("index.0") is not None or _is_range(node.args.get("index.0"))
    others = {name for name in node.args if name.startswith("index")} - {"index.0"}
    if node.op not in ("getitem", "index") or node.inputs[-1][0] != "index.1" or not rows or others:
        return None
    return 1 if rank in (None, 2) else None


def _is_range(value: Value | None) -> bool:
    if isinstance(value, Unknown):
        return value.reason.startswith("range")
    return isinstance(value, Const) and isinstance(value.value, tuple) and value.value[:1] == ("range",)


def as_many(graph: Graph, total: int, taken: int) -> bool:
    """With unknown shapes: whether both keep their axis of size one, or neither does."""
    if graph.node(total).shape is not None:
        return True
    here = graph.plain(total)
    if total != here or graph.node(here).op != "logsumexp":
        return False
    picked = graph.plain(taken)
    gathered = graph.node(picked).op in ("gather", "take_along_dim")
    return (graph.const(here, "keepdim") is True) == (gathered and picked == taken)
