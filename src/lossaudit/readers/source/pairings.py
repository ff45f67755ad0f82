"""From the expression of a loss to the pairings in it.

The expression becomes a trace without shapes, and the same recognition names its terms that names those of a live run.

A head counts as told when, from the loss backwards, something is met that gives its values their meaning (a head such
as softmax or relu, an affine operation, a layer such as batch normalisation) before something that was not seen. So
`cross_entropy(softmax(unknown), y)` is told; `cross_entropy(unknown, y)` is not, and neither are views, selections and
attributes of `unknown`. Where several tensors meet (`a + b`, `cat`), all that a model took part in have to be told. A
mean of probabilities over another axis (an ensemble, time) is told: the flow shows both steps.
"""

from __future__ import annotations

from dataclasses import replace

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Pairing, Term, Unresolved
from lossaudit.readers.source.lowering import Lowered, lower
from lossaudit.readers.source.values import Tensor
from lossaudit.recognise.graph import Graph
from lossaudit.recognise.named import named_loss
from lossaudit.recognise.objective import Found, recognise
from lossaudit.trace import LeafKind

_MEANING = frozenset({Role.AFFINE, Role.HEAD, Role.OTHER, Role.LOSS})
_DECIDED = frozenset({"argmax", "argmin", "one_hot", "eq", "ne", "lt", "le", "gt", "ge", "round"})
_MEETING = frozenset({Role.ELEMENTWISE, Role.JOIN})
_NO_MODEL = "no model took part in the prediction"


def terms(loss: Tensor) -> tuple[Term, ...]:
    """The terms of a loss: of one that was called by name, one; of one that is written out, its summands.

    A pairing whose head could not be told stands in the term's `unresolved`, with the reason.
    """
    lowered = lower(loss)
    found = recognise(lowered.trace)
    graph = Graph(lowered.trace)
    if not found:
        return (_of_data(graph, loss),)
    return tuple(_term(graph, lowered, item) for item in found)


def _term(graph: Graph, lowered: Lowered, found: Found) -> Term:
    term, part = found.term, found.part
    if part is None:
        return replace(term, unresolved=tuple(_named(graph, found, item) for item in term.unresolved))
    tensor = lowered.tensors[part.compare]
    pairing = replace(part.pairing, framework=tensor.framework)
    prediction = graph.node(part.compare).input(part.prediction)
    missing = missing_head(graph, prediction) if prediction is not None else ""
    if not missing:
        return replace(term, alternatives=(pairing,))
    return replace(term, alternatives=(), unresolved=(_unresolved(pairing, missing),))


def _unresolved(pairing: Pairing, reason: str) -> Unresolved:
    loss = pairing.loss
    ops = tuple(step.op for step in pairing.prediction.steps)
    return Unresolved(loss.name or loss.loss or "a loss", reason, loss.place, ops)


def _named(graph: Graph, found: Found, unresolved: Unresolved) -> Unresolved:
    """What is not understood as a whole says why, where it begins with something that was not seen."""
    leaf = graph.node(found.values[0])
    if leaf.leaf is LeafKind.HIDDEN and leaf.name:
        return replace(unresolved, what="a loss", reason=leaf.name)
    return unresolved


def _of_data(graph: Graph, loss: Tensor) -> Term:
    """A loss of data alone, in a test or an example: it is understood, and trains nothing."""
    part = named_loss(graph, graph.trace.output)
    if part is not None:
        return Term(Const(1.0), (replace(part.pairing, framework=loss.framework, trained=False),))
    return Term(Const(1.0), (), (Unresolved(loss.name or loss.op or "a loss", _NO_MODEL, loss.place),))


def missing_head(graph: Graph, index: int) -> str:
    """Why the head of a prediction cannot be told, or `""` where it can."""
    stack, seen = [index], set[int]()
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        node = graph.node(here)
        if node.leaf is not None:
            reason = _unseen(graph, here)
            if reason:
                return reason
            continue
        if catalogue.op(node.op) is None and catalogue.loss(node.op) is None:
            return f"`{node.name or node.op}` is not an operation that lossaudit knows"
        if node.op in _DECIDED or graph.role(here) in _MEANING:
            continue
        if graph.role(here) is Role.ENCODE and any(graph.has_grad(source) for source in graph.ins(here)[1:]):
            return "the prediction is put together in place"
        stack.extend(reversed(_carriers(graph, here)))
    return ""


def _unseen(graph: Graph, leaf: int) -> str:
    node = graph.node(leaf)
    if node.leaf is LeafKind.PARAMETER:
        return ""
    if node.leaf is LeafKind.HIDDEN:
        return node.name or "computed by something that was not seen"
    return _NO_MODEL


def _carriers(graph: Graph, index: int) -> tuple[int, ...]:
    """The inputs that a prediction comes from: of several tensors those that a model took part in."""
    inputs = graph.ins(index)
    if graph.role(index) not in _MEETING and not (graph.role(index) is Role.REDUCE and len(inputs) > 1):
        return inputs[:1]
    modelled = tuple(source for source in inputs if graph.modelled(source))
    return modelled or tuple(source for source in inputs if graph.has_grad(source)) or inputs
