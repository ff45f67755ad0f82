"""Where prediction and target meet, and the pairing that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Basis, Flow, LossUse, Pairing, Source, Step, Target, TargetEncoding
from lossaudit.recognise.flows import Walk, walk, with_axis_roles
from lossaudit.recognise.graph import Graph, role_of
from lossaudit.trace import LeafKind


@dataclass(frozen=True, slots=True)
class Part:
    """A pairing and the nodes at which its numbers can be found.

    Attributes:
        pairing: The pairing.
        compare: Node in which prediction and target meet.
        prediction, target: Names of its inputs for the two sides; `""` where there is none.
        heads: Nodes of the prediction's heads and other value-changing steps, first to last.
        head: The operations at these nodes; a softmax that is written out has its own name here.
    """

    pairing: Pairing
    compare: int
    prediction: str
    target: str
    heads: tuple[int, ...]
    head: tuple[Step, ...]


def pair(
    graph: Graph,
    *,
    loss: LossUse,
    compare: int,
    prediction: tuple[str, int],
    target: tuple[str, int] | None,
    class_axis: int | None,
    extra: tuple[tuple[str, int], ...] = (),
    used_as: frozenset[TargetEncoding] | None = None,
) -> Part:
    """Put a prediction, a loss and a target together.

    `used_as` is what a written-out loss takes its target for, in case that the type of its numbers is not known.
    """
    way = walk(graph, prediction[1])
    if class_axis is None:
        class_axis = next((i for i, dim in enumerate(way.flow.dims) if dim.role.value == "class"), None)
    flow = with_axis_roles(graph, way, prediction[1], class_axis)
    side = _target(graph, target[1], loss.loss, used_as) if target is not None else None
    others = {name: walk(graph, index).flow for name, index in extra}
    changing = [i for i, node in enumerate(way.nodes) if graph.role(node) not in _QUIET]
    return Part(
        Pairing(flow, loss, side, others, trained=True),
        compare,
        prediction[0],
        target[0] if target is not None else "",
        tuple(way.nodes[i] for i in changing),
        tuple(flow.steps[i] for i in changing),
    )


_QUIET = frozenset({Role.VIEW, Role.CAST, Role.SELECT, Role.JOIN, Role.NOISE})


def _target(graph: Graph, index: int, loss: str | None, used_as: frozenset[TargetEncoding] | None) -> Target:
    way = walk(graph, index)
    flow = _as_target(graph, index, way)
    integer = (flow.dtype or "").startswith(("int", "uint"))
    entry = catalogue.loss(loss) if loss else None
    made = _made_by(flow)
    if made is not None:
        return Target(flow, frozenset({made}), Basis.STRUCTURE)
    if integer and entry is not None and TargetEncoding.CLASS_INDEX in entry.encodings:
        return Target(flow, frozenset({TargetEncoding.CLASS_INDEX}), Basis.DECLARED)
    encodings = entry.encodings if entry is not None else frozenset[TargetEncoding]()
    if flow.dtype is None:
        return Target(flow, encodings if used_as is None else used_as, Basis.DECLARED)
    # whole rows where the loss itself takes indices: a written-out likelihood
    return Target(flow, encodings - {TargetEncoding.CLASS_INDEX} or ROWS, Basis.DECLARED)


ROWS = frozenset({TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})


_MAKERS = {"one_hot": TargetEncoding.ONE_HOT, "argmax": TargetEncoding.CLASS_INDEX}


def _made_by(flow: Flow) -> TargetEncoding | None:
    """The encoding that `one_hot` or `argmax` made, if values were left alone since."""
    kept = (Role.VIEW, Role.CAST, Role.CUT)
    last = next((step.op for step in reversed(flow.steps) if role_of(step.op) not in kept), "")
    return _MAKERS.get(last)


def _as_target(graph: Graph, index: int, way: Walk) -> Flow:
    """A target that a model took part in is that network's, whatever came after; one made of data alone is data."""
    if way.flow.source in (Source.OPAQUE, Source.UNKNOWN) or (way.flow.source is Source.CONSTANT and not way.nodes):
        return way.flow
    source, reason = _made_of(graph, index)
    if (source, reason) == (way.flow.source, way.flow.reason):
        return way.flow
    return replace(way.flow, source=source, reason=reason)


def _made_of(graph: Graph, index: int) -> tuple[Source, str]:
    """What took part in a value: a model, something that was not seen (and what), or nothing but data."""
    stack, seen = [index], set[int]()
    hidden = ""
    source = Source.CONSTANT
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        node = graph.node(here)
        if node.leaf is LeafKind.HIDDEN and node.shape is None:
            source, hidden = Source.OPAQUE, node.name
        elif node.leaf not in (None, LeafKind.DATA, LeafKind.CONSTANT):
            return Source.NETWORK, ""
        elif node.leaf is LeafKind.DATA and source is Source.CONSTANT:
            source = Source.LABELS
        if node.leaf is None and (graph.role(here) in (Role.AFFINE, Role.OTHER) or not node.inputs):
            return Source.NETWORK, ""
        first, *others = graph.ins(here) or (here,)
        stack.extend((first, *(other for other in others if graph.node(other).dtype != "bool")))  # masks only choose
    return source, hidden
