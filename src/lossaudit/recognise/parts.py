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
    flow = _as_target(graph, index, way)
    integer = (flow.dtype or "").startswith(("int", "uint"))
    entry = catalogue.loss(loss) if loss else None
    if _is_one_hot(flow):
        return Target(flow, frozenset({TargetEncoding.ONE_HOT}), Basis.STRUCTURE)
    if integer and entry is not None and TargetEncoding.CLASS_INDEX in entry.encodings:
        return Target(flow, frozenset({TargetEncoding.CLASS_INDEX}), Basis.DECLARED)
    encodings = entry.encodings if entry is not None else frozenset[TargetEncoding]()
    # whole rows where the loss itself takes indices: a written-out likelihood
    return Target(flow, encodings - {TargetEncoding.CLASS_INDEX} or _ROWS, Basis.DECLARED)


_ROWS = frozenset({TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION})


def _is_one_hot(flow: Flow) -> bool:
    """Whether rows were made by `one_hot` and their values left alone since."""
    ops = [step.op for step in flow.steps]
    after = ops[ops.index("one_hot") + 1 :] if "one_hot" in ops else ()
    return "one_hot" in ops and all(role_of(op) in (Role.VIEW, Role.CAST, Role.CUT) for op in after)


def _as_target(graph: Graph, index: int, way: Walk) -> Flow:
    """A target that a model took part in is that network's, whatever came after; one made of data alone is data."""
    if way.flow.source not in (Source.AFFINE, Source.NETWORK, Source.LABELS):
        return way.flow
    return replace(way.flow, source=Source.LABELS if _made_of_data(graph, index) else Source.NETWORK)


def _made_of_data(graph: Graph, index: int) -> bool:
    """Whether nothing but data took part in a value: no parameter, no model, and nothing that was not seen."""
    stack, seen = [index], set[int]()
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        node = graph.node(here)
        if node.leaf not in (None, LeafKind.DATA, LeafKind.CONSTANT):
            return False
        if node.leaf is None and (graph.role(here) in (Role.AFFINE, Role.OTHER) or not node.inputs):
            return False
        first, *others = graph.ins(here) or (here,)
        stack.extend((first, *(source for source in others if graph.node(source).dtype != "bool")))  # masks only choose
    return True
