"""A scalar taken apart into its terms, and each term named where it can be.

A term that cannot be named is kept with its operations: nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Pairing, Place, Scalar, Term, Unknown, Unresolved, Value
from lossaudit.recognise.flows import walk
from lossaudit.recognise.graph import Graph
from lossaudit.recognise.named import named_loss
from lossaudit.recognise.parts import Part
from lossaudit.recognise.written import Summand, penalty, written_loss
from lossaudit.trace import LeafKind, Trace

_MOST_TERMS = 64


@dataclass(frozen=True, slots=True)
class Found:
    """A term and where its values lie in the trace.

    Attributes:
        term: The term.
        values: Nodes whose values, added up, are the term's, before its coefficient.
        part: Where prediction and target meet; None for a term that could not be named.
    """

    term: Term
    values: tuple[int, ...]
    part: Part | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A summand on the way down: `coefficient * reduce(weights * node)`."""

    node: int
    coefficient: Value
    value: int
    reductions: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()


def recognise(trace: Trace) -> tuple[Found, ...]:
    """All terms of the scalar that a trace ends in."""
    graph = Graph(trace)
    found: list[Found] = []
    pieces = _expand(graph, _Piece(trace.output, Const(1.0), trace.output))
    for group in _grouped(pieces).values():
        found.extend(_name(graph, group))
    return tuple(_merged(found))


def _merged(found: list[Found]) -> list[Found]:
    """Penalties that one line puts on many parameters are one term."""
    merged: dict[tuple[str | None, Place | None, Value], int] = {}
    result: list[Found] = []
    for item in found:
        pairing = item.part.pairing if item.part is not None and not item.part.prediction else None
        key = (pairing.loss.loss, pairing.loss.place, item.term.coefficient) if pairing is not None else None
        if key is not None and key in merged:
            first = result[merged[key]]
            result[merged[key]] = replace(first, values=first.values + item.values)
            continue
        if key is not None:
            merged[key] = len(result)
        result.append(item)
    return result


def _grouped(pieces: list[_Piece]) -> dict[tuple[tuple[str, ...], int], list[_Piece]]:
    """Pieces that stand under one and the same reduction belong to one written-out loss."""
    groups: dict[tuple[tuple[str, ...], int], list[_Piece]] = {}
    for piece in pieces:
        groups.setdefault((piece.reductions, piece.value), []).append(piece)
    return groups


def _name(graph: Graph, group: list[_Piece]) -> list[Found]:
    named: list[Found] = []
    rest: list[_Piece] = []
    for piece in group:
        part = named_loss(graph, piece.node)
        if part is None:
            rest.append(piece)
        else:
            named.append(_found(graph, piece, part))
    while match := written_loss(graph, tuple(Summand(piece.node, _factor(piece.coefficient)) for piece in rest)):
        part, used, sign = match
        first = rest[used[0]]
        named.append(_found(graph, replace(first, coefficient=_scaled(first.coefficient, sign)), part))
        rest = [piece for index, piece in enumerate(rest) if index not in used]
    unknown: list[_Piece] = []
    for piece in rest:
        part = penalty(graph, piece.node)
        if part is None:
            unknown.append(piece)
        else:
            named.append(_found(graph, piece, part))
    return [*named, _unresolved(graph, unknown)] if unknown else named


def _unresolved(graph: Graph, pieces: list[_Piece]) -> Found:
    """Summands of one reduction that make no loss that is known are one term that is not understood."""
    first = pieces[0]
    what = " + ".join(dict.fromkeys(_what(graph, piece.node) for piece in pieces))
    ops = tuple(dict.fromkeys(op for piece in pieces for op in _ops(graph, piece.node)))
    flows = tuple(walk(graph, piece.node).flow for piece in pieces)
    unresolved = Unresolved(what, "not a loss that lossaudit can name", graph.node(first.node).place, ops, flows)
    return Found(Term(first.coefficient, (), (unresolved,)), (first.value,), None)


def _found(graph: Graph, piece: _Piece, part: Part) -> Found:
    if not piece.reductions and not piece.weights:
        return Found(Term(piece.coefficient, (part.pairing,)), (piece.value,), part)
    params = dict(part.pairing.loss.params)
    reduction = params.get("reduction")
    if piece.reductions and (reduction is None or reduction == Const("none")):
        params["reduction"] = Const(
            piece.reductions[-1] if len(set(piece.reductions)) == 1 else "+".join(piece.reductions)
        )
    if piece.weights:
        params["sample_weight"] = Unknown(", ".join(piece.weights))
    loss = replace(part.pairing.loss, params=params)
    pairing: Pairing = replace(part.pairing, loss=loss)
    return Found(Term(piece.coefficient, (pairing,)), (piece.value,), replace(part, pairing=pairing))


def _expand(graph: Graph, piece: _Piece) -> list[_Piece]:
    """Take sums, signs, scales, views and reductions apart until something else is met."""
    done: list[_Piece] = []
    stack = [piece]
    while stack:
        piece = stack.pop()
        parts = _parts(graph, piece) if len(done) + len(stack) < _MOST_TERMS else None
        if parts is None:
            done.append(piece)
        else:
            stack.extend(reversed([part for part in parts if graph.has_grad(part.node)]))
    return done


def _parts(graph: Graph, piece: _Piece) -> list[_Piece] | None:
    """One level down, or None where the piece is not a sum, scale, view or reduction of others."""
    index = piece.node
    node = graph.node(index)
    if node.leaf is not None:
        return None
    inputs = graph.ins(index)
    if node.op in ("add", "sub"):
        return _sum(graph, piece)
    if node.op == "neg":
        return [_down(piece, inputs[0], -1.0)]
    if node.op in ("mul", "div"):
        return _scale(graph, piece)
    role = graph.role(index)
    carrier = graph.carrier(index)
    if role in (Role.VIEW, Role.CAST) and carrier is not None:
        return [_down(piece, carrier, 1.0)]
    if role is Role.REDUCE and node.op in ("mean", "sum") and inputs and not graph.is_scalar(inputs[0]):
        below = replace(piece, node=inputs[0], reductions=(*piece.reductions, node.op))
        return [replace(below, value=index if not piece.reductions else piece.value)]
    if role is Role.REDUCE and node.op in ("mean", "sum") and inputs:
        return [_down(piece, inputs[0], 1.0)]
    if role is Role.JOIN and not piece.weights and inputs and all(graph.is_scalar(source) for source in inputs):
        return [_spread(graph, piece, source, 1.0, 1) for source in inputs]
    if role is Role.SELECT and len(inputs) <= 2 and _is_per_sample(graph, inputs[0]):
        return [replace(piece, node=inputs[0], weights=(*piece.weights, "a selection of samples"))]
    return None


def _is_per_sample(graph: Graph, index: int) -> bool:
    """Whether a node is a loss before reduction, so that a selection from it is one of samples."""
    return graph.role(graph.plain(index)) is Role.LOSS


def _down(piece: _Piece, node: int, factor: float) -> _Piece:
    value = node if not piece.reductions and piece.value == piece.node else piece.value
    return replace(piece, node=node, coefficient=_scaled(piece.coefficient, factor), value=value)


def _same_size(graph: Graph, left: int, right: int) -> bool:
    """Where neither size is known a summand is taken to be as large as the sum."""
    size = graph.size(right)
    return graph.size(left) == size and (size is not None or graph.role(right) is not Role.JOIN)


def _relaxed(coefficient: Value, reason: str) -> Value:
    """A coefficient of which only the sign is still known."""
    return _scaled(Unknown(reason), _factor(coefficient))


def _spread(graph: Graph, piece: _Piece, node: int, factor: float, times: int | None) -> _Piece:
    """A summand that is laid against a larger tensor so many times, or stands in it among other scalars.

    A sum counts it as often as it is repeated, a mean does not; of scalars side by side, a mean counts a share.
    """
    if not piece.reductions or _same_size(graph, node, piece.node):
        return _down(piece, node, factor)
    coefficient = _scaled(piece.coefficient, factor)
    size = graph.size(piece.node)
    kinds = set(piece.reductions)
    if kinds == {"sum"}:
        coefficient = _scaled(coefficient, times) if times else _relaxed(coefficient, "as often as it is repeated")
    elif kinds == {"mean"} and graph.role(piece.node) is Role.JOIN:
        coefficient = _scaled(coefficient, 1.0 / (size or len(graph.ins(piece.node))))
    elif kinds != {"mean"}:
        coefficient = Unknown("summed and averaged over several axes")
    if graph.is_scalar(node):  # it is reduced already
        return replace(piece, node=node, coefficient=coefficient, value=node, reductions=())
    return replace(piece, node=node, coefficient=coefficient)


def _sum(graph: Graph, piece: _Piece) -> list[_Piece] | None:
    node = graph.node(piece.node)
    inputs = graph.ins(piece.node)
    if isinstance(node.args.get("alpha"), Unknown):
        return None
    alpha = graph.number(piece.node, "alpha")
    second = (-1.0 if node.op == "sub" else 1.0) * (1.0 if alpha is None else alpha)
    if len(inputs) == 2:
        size = graph.size(piece.node)
        own = [graph.size(source) for source in inputs]
        times = [None if size is None or part is None else size // max(1, part) for part in own]
        return [_spread(graph, piece, *summand) for summand in zip(inputs, (1.0, second), times, strict=True)]
    # one tensor and a constant: `c - x` keeps its tensor under the name `other`
    return [_down(piece, inputs[0], second if node.inputs[0][0] == "other" else 1.0)]


def _scale(graph: Graph, piece: _Piece) -> list[_Piece] | None:
    node = graph.node(piece.node)
    inputs = graph.ins(piece.node)
    factor = graph.number(piece.node, "other", "input")
    if len(inputs) == 1 and not node.recorded and graph.is_scalar(piece.node):
        return [replace(_down(piece, inputs[0], 1.0), coefficient=Unknown("a factor that was not recorded"))]
    if len(inputs) == 1 and factor is not None:
        if node.op == "div":
            if node.inputs[0][0] == "other" or factor == 0:
                return None  # a constant divided by the loss is no multiple of it
            factor = 1.0 / factor
        return [_down(piece, inputs[0], factor)]
    unseen = node.args.get("input" if node.inputs and node.inputs[0][0] == "other" else "other")
    if len(inputs) == 1 and isinstance(unseen, Unknown) and not (node.op == "div" and node.inputs[0][0] == "other"):
        return [replace(_down(piece, inputs[0], 1.0), coefficient=_relaxed(piece.coefficient, unseen.reason))]
    if len(inputs) != 2:
        return None
    left, right = inputs
    if node.op == "div":
        carrier, weight = left, right
    else:
        carrier, weight = (left, right) if graph.has_grad(left) else (right, left)
        if graph.has_grad(weight) and not _may_weigh(graph, carrier, weight):
            carrier, weight = weight, carrier
    if graph.has_grad(weight) and not _may_weigh(graph, carrier, weight):
        return None
    if graph.is_scalar(weight):
        unknown = Unknown("a scalar tensor of the program")
        return [replace(_down(piece, carrier, 1.0), coefficient=unknown)]
    if graph.size(carrier) == 1 and graph.size(weight) is None:
        return [replace(_down(piece, carrier, 1.0), coefficient=_relaxed(piece.coefficient, _what(graph, weight)))]
    if graph.node(carrier).shape != () and _is_loss_like(graph, carrier):
        return [replace(piece, node=carrier, weights=(*piece.weights, _what(graph, weight)))]
    return None


def _may_weigh(graph: Graph, carrier: int, weight: int) -> bool:
    """Whether what was not seen is a weight: beside a loss, and no model is known to have made it."""
    return not graph.modelled(weight) and _is_loss_like(graph, carrier) and not _is_loss_like(graph, weight)


def _is_loss_like(graph: Graph, index: int) -> bool:
    """Per-sample losses, or a log-probability of the taken class: what a weight tensor may multiply."""
    plain = graph.plain(index)
    while graph.node(plain).op in ("neg", "sum", "mean") and graph.ins(plain):
        plain = graph.plain(graph.ins(plain)[0])
    node = graph.node(plain)
    if graph.role(plain) is Role.LOSS:
        return True
    return graph.role(plain) is Role.SELECT and node.op in ("gather", "getitem", "index")


def _scaled(coefficient: Value, factor: float) -> Value:
    if isinstance(coefficient, Const) and isinstance(coefficient.value, int | float):
        return Const(coefficient.value * factor)
    if isinstance(coefficient, Unknown) and factor < 0:
        return Unknown(
            f"minus {coefficient.reason}" if not coefficient.reason.startswith("minus ") else coefficient.reason[6:]
        )
    return coefficient


def _factor(coefficient: Value) -> float:
    """A number with the coefficient's sign; an unknown positive factor counts as 1."""
    value: Scalar | tuple[Scalar, ...] = coefficient.value if isinstance(coefficient, Const) else 1.0
    if isinstance(coefficient, Unknown) and coefficient.reason.startswith("minus "):
        return -1.0
    return float(value) if isinstance(value, int | float) else 1.0


def _what(graph: Graph, index: int) -> str:
    node = graph.node(index)
    if node.leaf is LeafKind.PARAMETER:
        return "a parameter"
    if node.leaf is not None:
        return node.name or "a tensor of the program"
    return node.op


def _ops(graph: Graph, index: int, most: int = 12) -> tuple[str, ...]:
    """The operations behind a node, nearest first, as far as one path is followed."""
    ops: list[str] = []
    here = index
    while len(ops) < most:
        node = graph.node(here)
        if node.leaf is not None:
            ops.append(node.name or node.leaf.value)
            break
        ops.append(node.op)
        carriers = [source for source in graph.ins(here) if graph.has_grad(source)]
        if not carriers:
            break
        here = carriers[0]
    return tuple(ops)
