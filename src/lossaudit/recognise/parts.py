"""Where prediction and target meet, and the pairing that they make."""

from __future__ import annotations

from dataclasses import dataclass

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Basis, Flow, LossUse, Pairing, Source, Step, Target, TargetEncoding
from lossaudit.recognise.flows import Walk, walk, with_axis_roles
from lossaudit.recognise.graph import Graph
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
) -> Part:
    """Put a prediction, a loss and a target together."""
    way = walk(graph, prediction[1])
    if class_axis is None:
        class_axis = next((i for i, dim in enumerate(way.flow.dims) if dim.role.value == "class"), None)
    flow = with_axis_roles(graph, way, class_axis)
    side = _target(graph, target[1], loss.loss) if target is not None else None
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


def _target(graph: Graph, index: int, loss: str | None) -> Target:
    way = walk(graph, index)
    flow = _as_target(graph, way)
    ops = [step.op for step in flow.steps]
    integer = (flow.dtype or "").startswith(("int", "uint"))
    entry = catalogue.loss(loss) if loss else None
    if "one_hot" in ops:
        return Target(flow, frozenset({TargetEncoding.ONE_HOT}), Basis.STRUCTURE)
    if integer and entry is not None and TargetEncoding.CLASS_INDEX in entry.encodings:
        return Target(flow, frozenset({TargetEncoding.CLASS_INDEX}), Basis.DECLARED)
    encodings = entry.encodings if entry is not None else frozenset[TargetEncoding]()
    # whole rows where the loss itself takes indices: a written-out likelihood
    return Target(flow, encodings - {TargetEncoding.CLASS_INDEX} or _ROWS, Basis.DECLARED)


_ROWS = frozenset({TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})


def _as_target(graph: Graph, way: Walk) -> Flow:
    """A target that was computed from a model's output is that network's, whatever came after."""
    origin = graph.node(way.origin)
    if way.flow.source is Source.AFFINE or (origin.leaf is None and way.flow.source is Source.NETWORK):
        source = Source.NETWORK if _comes_from_parameters(graph, way.origin) else way.flow.source
        source = Source.NETWORK if source is Source.AFFINE else source
        return Flow(source, way.flow.steps, way.flow.dims, way.flow.dtype, way.flow.network, way.flow.reason)
    return way.flow


def _comes_from_parameters(graph: Graph, index: int, most: int = 200) -> bool:
    """Whether a parameter of some model took part in a value."""
    stack, seen = [index], set[int]()
    while stack and len(seen) < most:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        node = graph.node(here)
        if graph.role(here) is Role.AFFINE or node.leaf in (LeafKind.PARAMETER, LeafKind.HIDDEN):
            return True
        stack.extend(graph.ins(here))
    return False
