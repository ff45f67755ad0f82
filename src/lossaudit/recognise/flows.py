"""The way of a value from its source to where it is used."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lossaudit import axes
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import AxisRole, Const, Dim, Flow, Source, Step, Unknown, Value
from lossaudit.recognise.followed import class_axis_of, follow_axes
from lossaudit.recognise.graph import Graph, role_of
from lossaudit.recognise.positions import normal, number
from lossaudit.trace import LeafKind, Node

_LEAF_SOURCES = {
    LeafKind.DATA: Source.LABELS,
    LeafKind.CONSTANT: Source.CONSTANT,
    LeafKind.HIDDEN: Source.OPAQUE,
    LeafKind.PARAMETER: Source.UNKNOWN,
}
_UNARY_ROLES = frozenset(
    {Role.HEAD, Role.VIEW, Role.CAST, Role.SELECT, Role.NOISE, Role.ELEMENTWISE, Role.ENCODE, Role.CUT, Role.REDUCE}
)


@dataclass(frozen=True, slots=True)
class Walk:
    """A flow and the nodes its steps came from.

    Attributes:
        flow: The flow.
        nodes: Node of each step, parallel to `flow.steps`.
        origin: Node at which the flow begins.
    """

    flow: Flow
    nodes: tuple[int, ...]
    origin: int


def walk(graph: Graph, index: int) -> Walk:
    """Follow a value back to its source."""
    if index not in graph.walks:
        graph.walks[index] = _walk(graph, index)
    return graph.walks[index]


def _walk(graph: Graph, index: int) -> Walk:
    steps: list[Step] = []
    nodes: list[int] = []
    end = graph.node(index)
    here = index
    source, reason = Source.NETWORK, ""
    while True:
        node = graph.node(here)
        if here in graph.walks:
            rest = graph.walks[here]
            steps.extend(reversed(rest.flow.steps))
            nodes.extend(reversed(rest.nodes))
            source, reason, here = rest.flow.source, rest.flow.reason, rest.origin
            break
        if node.leaf is not None:
            source, reason = _LEAF_SOURCES[node.leaf], node.name if node.leaf is LeafKind.HIDDEN else ""
            break
        if is_affine(graph, here):
            source = Source.AFFINE
            break
        found = _step(graph, here)
        if found is None:
            break
        step, before = found
        steps.append(step)
        nodes.append(here)
        here = before
    steps.reverse()
    nodes.reverse()
    layer = layer_at(graph, here) if source is Source.AFFINE else ""
    way = Walk(Flow(source, tuple(steps), _dims(end), end.dtype, reason=reason, layer=layer), tuple(nodes), here)
    return replace(way, flow=_with_axes(graph, way)) if end.shape is not None else way


def is_affine(graph: Graph, index: int) -> bool:
    """An affine operation, or one plus a bias (`x @ w + b`)."""
    node = graph.node(index)
    if graph.role(index) is Role.AFFINE:
        return True
    if node.op in ("add", "sub") and len(node.inputs) == 2:
        left, right = graph.ins(index)
        return (graph.role(left) is Role.AFFINE and graph.is_parameter(right)) or (
            graph.role(right) is Role.AFFINE and graph.is_parameter(left)
        )
    return False


def layer_at(graph: Graph, index: int) -> str:
    """The affine operation at this node, where it applies weights of its own; `""` for other products."""
    node = graph.node(index)
    if node.op in ("add", "sub"):
        return layer_at(graph, next(source for source in graph.ins(index) if graph.role(source) is Role.AFFINE))
    weights = [source for name, source in node.inputs if name != "input"]
    if not weights:
        return node.op if "out_features" in node.args else ""
    own = all(graph.is_parameter(source) for source in weights)
    return ("linear" if node.op in ("matmul", "mm") else node.op) if own else ""


def _step(graph: Graph, index: int) -> tuple[Step, int] | None:
    """The step that this node is on a single path, and the node before it; None where paths meet."""
    node = graph.node(index)
    composed = _log_softmax_by_hand(graph, index) or _softmax_by_hand(graph, index)
    if composed is not None:
        return composed
    role = graph.role(index)
    inputs = graph.ins(index)
    if role is Role.JOIN and inputs:
        return _joined(graph, index)
    if role not in _UNARY_ROLES or not inputs:
        return None
    if len(inputs) == 1 or graph.carrier(index) is not None:
        return Step(node.op, _constants(node), _axis(graph, index), place=node.place), inputs[0]
    carriers = [source for source in inputs if graph.modelled(source)] or [
        source for source in inputs if graph.has_grad(source)
    ]
    carriers = carriers or [inputs[0]]
    if role is Role.ELEMENTWISE and len(carriers) == 1 and node.grad:
        others: dict[str, Value] = {
            name: Unknown("a tensor of the program") for name, source in node.inputs if source != carriers[0]
        }
        return Step(node.op, {**_constants(node), **others}, place=node.place), carriers[0]
    if role in (Role.SELECT, Role.ENCODE, Role.CUT):
        named = {name: Unknown("a tensor of the program") for name, source in node.inputs[1:]}
        return Step(node.op, {**_constants(node), **named}, _axis(graph, index), place=node.place), inputs[0]
    return None


def _joined(graph: Graph, index: int) -> tuple[Step, int] | None:
    """Tensors side by side: one flow if they came the same way."""
    node = graph.node(index)
    for earlier in range(index):  # from below, so that tensors that are joined many times over do not nest
        if graph.role(earlier) is Role.JOIN and not graph.walks.keys() >= set(graph.ins(earlier)):
            for source in graph.ins(earlier):
                walk(graph, source)
    ways = {tuple(step.op for step in walk(graph, source).flow.steps) for source in set(graph.ins(index))}
    if len(ways) != 1:
        return None
    return Step(node.op, _constants(node), place=node.place), graph.ins(index)[0]


def _log_softmax_by_hand(graph: Graph, index: int) -> tuple[Step, int] | None:
    """`z - logsumexp(z, dim)`."""
    node = graph.node(index)
    if node.op != "sub" or len(node.inputs) != 2:
        return None
    z, kept = graph.ins(index)
    total = graph.plain(kept)
    if graph.node(total).op != "logsumexp" or graph.ins(total)[0] != z:
        return None
    axis = reduced_axis(graph, total)
    if axis is None or not _broadcasts_back(graph, z, kept, axis):
        return None
    return Step("log_softmax", {"dim": Const(axis)}, axis, place=node.place), z


def _broadcasts_back(graph: Graph, values: int, reduced: int, axis: int) -> bool:
    """Whether a reduction along this axis is laid against the values it was made of."""
    shape = graph.node(values).shape
    if shape is None:
        return _keeps_axis(graph, reduced, axis)
    return graph.node(reduced).shape == (*shape[:axis], 1, *shape[axis + 1 :])


def _keeps_axis(graph: Graph, index: int, axis: int) -> bool:
    """Whether the text itself keeps the axis that it reduces: `keepdim=True`, or an `unsqueeze` of that axis."""
    while graph.role(index) is Role.CUT:
        index = graph.ins(index)[0]
    total = graph.plain(index)
    if total == index:
        return graph.const(index, "keepdim") is True
    lays_out = graph.node(index).op == "unsqueeze" and graph.ins(index)[0] == total
    return lays_out and not graph.const(total, "keepdim") and graph.const(index, "dim") == axis


def _softmax_by_hand(graph: Graph, index: int) -> tuple[Step, int] | None:
    """`exp(z) / exp(z).sum(dim)`, also with `z - z.max()`."""
    node = graph.node(index)
    if node.op != "div" or len(node.inputs) != 2:
        return None
    top, kept = graph.ins(index)
    total = graph.plain(kept)
    if graph.node(top).op != "exp" or graph.node(total).op != "sum":
        return None
    summed = graph.ins(total)[0]
    if summed != top and (graph.node(summed).op != "exp" or graph.ins(summed) != graph.ins(top)):
        return None
    axis = reduced_axis(graph, total)
    if axis is None or not _broadcasts_back(graph, top, kept, axis):
        return None
    return Step("softmax", {"dim": Const(axis)}, axis, place=node.place), _unshifted(graph, graph.ins(top)[0], axis)


def _unshifted(graph: Graph, index: int, axis: int) -> int:
    """`z` for `z - max(z)`: softmax does not see what is the same for all classes of a row."""
    node = graph.node(index)
    if node.op == "sub" and len(node.inputs) == 2:
        z, kept = graph.ins(index)
        peak = graph.plain(kept)
        while graph.role(peak) is Role.CUT and len(graph.ins(peak)) == 1:
            peak = graph.plain(graph.ins(peak)[0])
        if graph.node(peak).op in ("max", "amax") and graph.ins(peak) == (z,):
            along = reduced_axis(graph, peak) == axis and _broadcasts_back(graph, z, kept, axis)
            if along or graph.is_scalar(kept):
                return z
    return index


def reduced_axis(graph: Graph, index: int) -> int | None:
    """The one axis that a reduction takes away, or None. From the end where the number of axes is not known."""
    dim = graph.const(index, "dim")
    if isinstance(dim, tuple) and len(dim) == 1:
        dim = dim[0]
    rank = graph.rank(graph.ins(index)[0])
    if not isinstance(dim, int) or isinstance(dim, bool) or rank == 0:
        return None
    return dim % rank if rank is not None else dim


def _constants(node: Node) -> dict[str, Value]:
    return {name: value for name, value in node.args.items() if value != Const(None)}


def _axis(graph: Graph, index: int) -> int | None:
    node = graph.node(index)
    if node.shape is None:
        dim = number(node.args, "dim")
        return normal(dim, graph.rank(graph.ins(index)[0])) if dim is not None else None
    dim = node.args.get("dim")
    if isinstance(dim, Const) and isinstance(dim.value, int) and node.shape:
        return dim.value % len(node.shape)
    return None


def _dims(node: Node) -> tuple[Dim, ...]:
    return tuple(Dim(size) for size in node.shape or ())


def _with_axes(graph: Graph, way: Walk) -> Flow:
    """Carry the axis of the last softmax-like head to the end of the flow, where it names the class axis."""
    axis: int | None = None
    flow = way.flow
    for step, index in zip(flow.steps, way.nodes, strict=True):
        after = graph.node(index).shape
        if role_of(step.op) is Role.HEAD and step.axis is not None:
            axis = step.axis
        elif axis is not None:
            before = graph.node(graph.ins(index)[0]).shape
            if before is None or after is None:
                return flow
            if graph.role(index) is Role.VIEW:
                axis = axes.carry_axis(step.op, step.args, before, after, axis)
            elif len(after) != len(before):
                axis = None
    if axis is None or axis >= len(flow.dims):
        return flow
    return with_class_axis(flow, axis)


def class_axis(graph: Graph, index: int) -> int | None:
    """The axis of a value over which its last softmax runs; from the end where the number of axes is not known."""
    way = walk(graph, index)
    if graph.node(index).shape is None:
        return class_axis_of(graph, way.flow, (way.origin, *way.nodes))
    return next((i for i, dim in enumerate(way.flow.dims) if dim.role is AxisRole.CLASS), None)


def with_class_axis(flow: Flow, axis: int | None) -> Flow:
    """Name the class axis of the value that reaches the loss; the first other axis is the batch."""
    roles = [AxisRole.UNKNOWN] * len(flow.dims)
    if axis is not None and -len(roles) <= axis < len(roles):
        roles[axis] = AxisRole.CLASS
    if len(roles) > 1 and axis != 0:
        roles[0] = AxisRole.BATCH
    dims = tuple(replace(dim, role=role) for dim, role in zip(flow.dims, roles, strict=True))
    return replace(flow, dims=dims)


def with_axis_roles(graph: Graph, way: Walk, end: int, class_axis: int | None) -> Flow:
    """Say of each head whether it acts on the loss's class axis or on another one.

    The class axis is carried back from the loss through every view; where a view hides it the role stays unknown.
    """
    if graph.node(end).shape is None:
        return follow_axes(graph, way.flow, (way.origin, *way.nodes), class_axis)
    axis = class_axis
    steps: list[Step] = []
    for step, index in zip(reversed(way.flow.steps), reversed(way.nodes), strict=True):
        node = graph.node(index)
        if step.axis is not None and role_of(step.op) is Role.HEAD and axis is not None:
            role = AxisRole.CLASS if step.axis == axis else AxisRole.BATCH if step.axis == 0 else AxisRole.UNKNOWN
            step = replace(step, axis_role=role)
        steps.append(step)
        if axis is not None and node.inputs:
            axis = _axis_before(graph, index, axis)
    flow = replace(way.flow, steps=tuple(reversed(steps)))
    return with_class_axis(flow, class_axis)


def _axis_before(graph: Graph, index: int, axis: int) -> int | None:
    node = graph.node(index)
    before = graph.node(graph.ins(index)[0]).shape
    if before is None or node.shape is None:
        return None
    if graph.role(index) is Role.VIEW:
        found = [
            candidate
            for candidate in range(len(before))
            if axes.carry_axis(node.op, node.args, before, node.shape, candidate) == axis
        ]
        return found[0] if len(found) == 1 else None
    return axis if len(before) == len(node.shape) else None
