"""Reads a live tensor: the autograd graph says which recorded operations lie on the path to the loss.

Where an operation was not recorded, the graph still names it; every constant or target that it does not show is
`Unknown`. Saved tensors are never touched, since unpacking one may run the user's code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from lossaudit import catalogue
from lossaudit.catalogue.schema import Loss, Role, Spelling
from lossaudit.pairing import Args, Const, Objective, Place, Reading, Term, Unknown, Unresolved, Value
from lossaudit.recognise.objective import Found, recognise
from lossaudit.record.records import KEY, Link, Record, notes_of
from lossaudit.record.spans import place_of
from lossaudit.trace import LeafKind, Node, Trace

_MOST_NODES = 400
_STOPS = frozenset({Role.AFFINE, Role.OTHER})
_HUGE = 1 << 63


@dataclass(frozen=True, slots=True)
class LiveTrace:
    """A trace and the records of its nodes (None where an operation was not recorded).

    Attributes:
        key: Equal for equal traces, so that recognition is done once.
    """

    trace: Trace
    records: tuple[Record | None, ...]
    graph: tuple[Any, ...]
    key: Any


# What is still to be read: an autograd node, a record of a value without gradient, or a leaf.
_Item: TypeAlias = "tuple[Any, Record | None, Link | None]"


def trace_of(root: torch.Tensor) -> LiveTrace:
    """The operations behind a scalar, down to the last affine operations and the targets."""
    return _Builder().build(root)


class _Builder:
    def __init__(self) -> None:
        self._index: dict[int, int] = {}
        self._nodes: list[Node] = []
        self._records: list[Record | None] = []
        self._graph: list[Any] = []
        self._keys: list[Any] = []

    def build(self, root: torch.Tensor) -> LiveTrace:
        node = root.grad_fn
        item: _Item = (node, notes_of(node).get(KEY) if node is not None else None, None)
        if node is None:
            self._leaf(LeafKind.DATA, "the tensor itself", tuple(root.shape), str(root.dtype)[6:], grad=True)
            return self._done(0)
        return self._done(self._visit(item))

    def _done(self, output: int) -> LiveTrace:
        return LiveTrace(
            Trace(tuple(self._nodes), output), tuple(self._records), tuple(self._graph), (tuple(self._keys), output)
        )

    def _visit(self, root: _Item) -> int:
        """Depth first, without recursion: graphs of real models are deep."""
        stack: list[tuple[_Item, list[tuple[str, _Item]] | None]] = [(root, None)]
        result = -1
        while stack:
            item, children = stack.pop()
            key = _identity(item)
            if key in self._index:
                result = self._index[key]
                continue
            if children is None:
                children = list(self._children(item))
                stack.append((item, children))
                stack.extend((child, None) for _, child in reversed(children))
                continue
            inputs = tuple((name, self._index[_identity(child)]) for name, child in children)
            result = self._add(item, inputs)
            self._index[key] = result
        return result

    def _children(self, item: _Item) -> Iterator[tuple[str, _Item]]:
        node, record, _ = item
        if len(self._nodes) + len(self._index) > _MOST_NODES:
            return
        if record is not None:
            if record.callee.role in _STOPS:
                return
            for below in record.links:
                yield below.name, _item_of(below)
        elif node is not None:
            found = catalogue.find("torch", node.name())
            if found is None or _role(found[0]) in _STOPS:
                return
            names = found[1].edges
            for position, (below, _) in enumerate(node.next_functions):
                if below is not None:
                    name = names[min(position, len(names) - 1)] if names else f"arg{position}"
                    yield name, (below, notes_of(below).get(KEY), None)

    def _add(self, item: _Item, inputs: tuple[tuple[str, int], ...]) -> int:
        node, record, link = item
        if record is not None:
            return self._recorded(record, inputs, node)
        if node is not None:
            return self._from_graph(node, inputs, link)
        assert link is not None
        kind = LeafKind.PARAMETER if link.parameter else LeafKind.DATA
        return self._leaf(kind, "", link.shape, link.dtype, grad=link.grad)

    def _recorded(self, record: Record, inputs: tuple[tuple[str, int], ...], graph: Any) -> int:
        callee = record.callee
        args: Args = {**callee.defaults, **record.args} if callee.loss is not None else record.args
        made = Node(
            callee.op,
            inputs,
            args,
            record.shape,
            record.dtype,
            place_of(record.spots),
            name=record.name,
            grad=record.grad,
        )
        spots = tuple((id(code), instruction) for code, instruction in record.spots)
        return self._append(made, record, graph, (spots, record.name))

    def _from_graph(self, node: Any, inputs: tuple[tuple[str, int], ...], link: Link | None) -> int:
        name = node.name()
        shape, dtype = _shape_of(node, link)
        if "AccumulateGrad" in name:
            parameter = isinstance(node.variable, torch.nn.Parameter)
            return self._leaf(LeafKind.PARAMETER if parameter else LeafKind.DATA, "", shape, dtype, grad=True)
        found = catalogue.find("torch", name)
        if found is None:
            return self._leaf(LeafKind.HIDDEN, _hidden(node, name), shape, dtype, grad=True, graph=node)
        entry, spelling = found
        made = Node(entry.name, inputs, _saved_constants(node, spelling), shape, dtype, name=name, recorded=False)
        return self._append(made, None, node, name)

    def _leaf(
        self, kind: LeafKind, name: str, shape: tuple[int, ...], dtype: str, *, grad: bool, graph: Any = None
    ) -> int:
        return self._append(Node("", shape=shape, dtype=dtype, leaf=kind, name=name, grad=grad), None, graph, name)

    def _append(self, node: Node, record: Record | None, graph: Any, extra: Any) -> int:
        self._nodes.append(node)
        self._records.append(record)
        self._graph.append(graph)
        self._keys.append(
            (node.op, node.inputs, tuple(node.args.items()), node.shape, node.dtype, node.leaf, node.grad, extra)
        )
        return len(self._nodes) - 1


def _identity(item: _Item) -> int:
    node, record, link = item
    if record is not None:
        return id(record)
    if node is not None:
        return id(node)
    return id(link.token) if link is not None else 0


def _item_of(link: Link) -> _Item:
    if link.node is not None:
        return (link.node, notes_of(link.node).get(KEY), link)
    return (None, link.record, link)


def _role(entry: Any) -> Role:
    return Role.LOSS if isinstance(entry, Loss) else entry.role


def _shape_of(node: Any, link: Link | None) -> tuple[tuple[int, ...], str]:
    """Autograd knows the shape of each output."""
    if link is not None:
        return link.shape, link.dtype
    try:
        metadata = node._input_metadata[0]
        return tuple(int(size) for size in metadata.shape), str(metadata.dtype)[6:]
    except (AttributeError, IndexError, TypeError, ValueError, RuntimeError):
        return (), ""


def _hidden(node: Any, name: str) -> str:
    if name.startswith("CompiledFunction"):
        return "hidden by torch.compile"
    if name.startswith("CheckpointFunction"):
        return "hidden by torch.utils.checkpoint"
    if isinstance(node, torch.autograd.function.BackwardCFunction):
        return f"hidden by the custom autograd function {name.removesuffix('Backward')}"
    return f"computed by {name}"


def _saved_constants(node: Any, spelling: Spelling) -> dict[str, Value]:
    """Constants that autograd keeps as numbers. Saved tensors are never touched."""
    args: dict[str, Value] = {}
    for param in spelling.params:
        if not param.name.startswith("_saved_"):
            continue
        try:
            raw = getattr(node, param.name.replace("_saved_", "_raw_saved_", 1), None)
            value = getattr(node, param.name) if raw is None else _tensor_or_none(raw)
        except (AttributeError, RuntimeError):
            value = Unknown("not kept by autograd")
        args[param.canonical] = _constant(value)
    return args


def _tensor_or_none(raw: Any) -> Unknown | None:
    """None for an optional tensor that was not given. To unpack one that was may run the program's hooks."""
    return None if raw.unpack_hook is None and raw.data is None else Unknown("a tensor of the program")


def _constant(value: Any) -> Value:
    if isinstance(value, Unknown):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= _HUGE:
        return Const(value - 2 * _HUGE)  # autograd keeps dim=-1 as an unsigned number
    if value is None or isinstance(value, bool | int | float | str):
        return Const(value)
    if isinstance(value, tuple) and all(isinstance(item, bool | int | float) for item in value):
        return Const(tuple(item - 2 * _HUGE if item >= _HUGE else item for item in value))
    return Unknown(type(value).__name__)


def prediction_node(live: LiveTrace, index: int) -> Any:
    """The autograd node of the affine operation that a value comes from; of several, that of the first input."""
    nodes = live.trace.nodes
    stack, seen = [index], set[int]()
    while stack:
        here = stack.pop()
        if here in seen or not nodes[here].grad:
            continue
        seen.add(here)
        if not nodes[here].inputs and nodes[here].op and live.graph[here] is not None:
            return live.graph[here]
        stack.extend(below for _, below in reversed(nodes[here].inputs))
    return None


def reaches_a_parameter(root: torch.Tensor) -> bool:
    """Whether a module's parameter is among the leaves of the whole graph. Deep graphs take a moment."""
    stack, seen = [root.grad_fn], set[Any]()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(getattr(node, "variable", None), torch.nn.Parameter):
            return True
        stack.extend(below for below, _ in node.next_functions)
    return False


def objective_of(live: LiveTrace, place: Place | None) -> tuple[Objective, tuple[Found, ...]]:
    """The objective that a trace ends in, and where its terms lie."""
    found = recognise(live.trace)
    terms: tuple[Term, ...] = tuple(item.term for item in found)
    return Objective(place or Place("<unknown>", 0), terms), found


def read(loss: torch.Tensor) -> Reading:
    """Read a loss tensor: what was compared with what.

    Args:
        loss: A tensor that carries a gradient; usually a scalar.

    Returns:
        A reading with one objective. What autograd's graph alone does not show is `Unknown`.

    Raises:
        TypeError: If `loss` is not a tensor.
    """
    if not isinstance(loss, torch.Tensor):
        raise TypeError(f"lossaudit.read takes a tensor, not {type(loss).__name__}: pass the loss before .item()")
    if loss.grad_fn is None:
        what = "the tensor has no autograd graph: call read before backward and outside torch.no_grad()"
        return Reading(unresolved=(Unresolved("a tensor", what),))
    objective, _ = objective_of(trace_of(loss), Place("<live>", 0))
    unresolved = tuple(item for term in objective.terms for item in term.unresolved)
    return Reading((objective,), unresolved)
