"""Axes of a flow whose shapes are not known, followed from where they begin to the loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import AxisRole, Const, Flow, Step
from lossaudit.recognise.graph import Graph, role_of
from lossaudit.recognise.positions import carry, normal, number, resizes, same, sizes

_KEEPS_AXES = frozenset({Role.CAST, Role.NOISE, Role.ELEMENTWISE, Role.HEAD, Role.CUT})
_CHANNELS = {"conv1d": 1, "conv2d": 2, "conv3d": 3}
_CHANNELS |= {f"conv_transpose{rank}d": rank for rank in (1, 2, 3)}


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where an axis is now (None when that cannot be told), and its size where known."""

    position: int | None
    size: int | None = None


def follow_axes(graph: Graph, flow: Flow, nodes: tuple[int, ...], class_axis: int | None) -> Flow:
    """Say of each head on which axis of the loss it acts, and how many units the class axis has.

    `nodes` are the origin of the flow and then the node of each step; `class_axis` is the axis along which the loss
    compares. Where it has none, the last softmax names it.
    """
    units = _units(graph, nodes[0])
    heads: dict[int, _Axis] = {}
    for i, (step, (before, here)) in enumerate(zip(flow.steps, pairwise(nodes), strict=True)):
        units = _after(graph, step, units, before, here)
        heads = {key: _after(graph, step, axis, before, here) for key, axis in heads.items()}
        if role_of(step.op) is Role.HEAD and step.axis is not None:
            rank = graph.rank(here)
            known = units.position is not None and same(step.axis, units.position, rank)
            heads[i] = _Axis(normal(step.axis, rank), units.size if known else None)
    end = nodes[-1]
    if class_axis is None and heads:
        class_axis = heads[max(heads)].position
    elif class_axis is None and units.position is not None:
        class_axis = units.position
    steps = tuple(
        replace(step, axis_role=_role(graph, step, heads[i].position, class_axis, (nodes[i], end)))
        if i in heads
        else step
        for i, step in enumerate(flow.steps)
    )
    return replace(
        flow,
        steps=steps,
        units=_size_of(graph, flow, end, class_axis, (units, *heads.values())),
        batched=graph.node(end).batched,
    )


def _units(graph: Graph, origin: int) -> _Axis:
    """The axis in which an affine operation lays out its units."""
    node = graph.node(origin)
    if node.op in ("add", "sub") and graph.ins(origin):
        return next((axis for index in graph.ins(origin) if (axis := _units(graph, index)).size), _Axis(None))
    if graph.role(origin) is not Role.AFFINE:
        return _Axis(None)
    size = number(node.args, "out_features")
    if node.op not in _CHANNELS:
        return _Axis(normal(-1, graph.rank(origin)), size) if node.op in ("linear", "bilinear") else _Axis(None)
    first = node.args.get("data_format", Const("channels_first")) == Const("channels_first")
    return _Axis(normal(-1 - _CHANNELS[node.op] if first else -1, graph.rank(origin)), size)


def _after(graph: Graph, step: Step, axis: _Axis, before: int, here: int) -> _Axis:
    """The axis behind one more operation."""
    node = graph.node(here)
    if axis.position is None or step.op != node.op:  # a softmax that is written out keeps all axes
        return axis
    ranks = graph.rank(before), graph.rank(here)
    names = [name for name, _ in node.inputs]
    if node.op in ("view", "reshape"):
        shape = sizes(node.args, "shape")
        last = same(axis.position, -1, ranks[0])
        whole = shape is not None and axis.size is not None and shape[-1] == axis.size
        return _Axis(normal(-1, ranks[1]), axis.size) if last and whole else _Axis(None)
    position = carry(node.op, node.args, names, axis.position, ranks)
    if position is None:
        return _Axis(None)
    if len(node.inputs) > 1 and graph.role(here) is Role.ELEMENTWISE:
        others = [index for index in graph.ins(here) if index != before]
        if not all(graph.alike(before, index) for index in others):
            return _Axis(position if position < 0 else None)
        return _Axis(position, None if axis.size == 1 else axis.size)
    return _Axis(position, None if resizes(node.op, node.args, axis.position, ranks[0]) else axis.size)


def _role(graph: Graph, step: Step, position: int | None, class_axis: int | None, ends: tuple[int, int]) -> AxisRole:
    """The role of the axis that a head acts on; `ends` are the node before it and the one that reaches the loss."""
    before, end = ends
    if step.axis == 0 and graph.node(before).batched:
        return AxisRole.BATCH
    if position is None or class_axis is None:
        return AxisRole.UNKNOWN
    found = same(position, class_axis, graph.rank(end))
    if found:
        return AxisRole.CLASS
    return AxisRole.BATCH if found is False and step.axis == 0 and graph.rank(end) is not None else AxisRole.UNKNOWN


def _size_of(graph: Graph, flow: Flow, end: int, class_axis: int | None, axes: tuple[_Axis, ...]) -> int | None:
    """Size of the class axis.

    Units that nothing has moved count as the classes where only the number of axes is missing to say so. A single one
    does not beside a softmax, which may then run over time: `softmax(linear(h, 1)(x), dim=1)` is an attention.
    """
    if class_axis is None:
        return None
    rank = graph.rank(end)
    moved = any(role_of(step.op) not in _KEEPS_AXES for step in flow.steps)
    for axis in axes:
        here = same(axis.position, class_axis, rank) if axis.position is not None else False
        likely = here is None and not moved and (axis.size != 1 or len(axes) == 1)
        if axis.size is not None and (here or likely):
            return axis.size
    return None


def class_axis_of(graph: Graph, flow: Flow, nodes: tuple[int, ...]) -> int | None:
    """Where the axis of the last softmax-like head of a flow is in its last value."""
    found = _Axis(None)
    for step, (before, here) in zip(flow.steps, pairwise(nodes), strict=True):
        if role_of(step.op) is Role.HEAD and step.axis is not None:
            found = _Axis(normal(step.axis, graph.rank(here)))
        else:
            found = _after(graph, step, found, before, here)
    return found.position
