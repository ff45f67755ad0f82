"""Losses that the program asks for by name, and those that autograd's graph names without a record."""

from __future__ import annotations

from dataclasses import replace

from lossaudit import catalogue
from lossaudit.pairing import Const, LossUse, Unknown, Value
from lossaudit.recognise.graph import Graph
from lossaudit.recognise.parts import Part, pair
from lossaudit.recognise.positions import normal, number
from lossaudit.trace import Node

_SYMMETRIC = frozenset({"mse", "mae", "huber", "smooth_l1"})
_REDUCTIONS = {0: "none", 1: "mean", 2: "sum"}


def named_loss(graph: Graph, index: int) -> Part | None:
    """The pairing of a node that is a catalogued loss, or None."""
    node = graph.node(index)
    entry = catalogue.loss(node.op)
    if entry is None or not node.inputs:
        return None
    inputs = dict(node.inputs)
    prediction = entry.prediction if entry.prediction in inputs else node.inputs[0][0]
    target = entry.target if entry.target in inputs else ""
    given = inputs.get(entry.prediction)
    if target and graph.modelled(inputs[target]) and (given is None or not graph.modelled(given)):
        if node.op in _SYMMETRIC:
            prediction, target = target, entry.prediction if given is not None else ""
        elif given is None or not graph.has_grad(given):
            return None  # it trains what it takes for its target: another loss than the one that is called
    extra = tuple((name, i) for name, i in node.inputs if name in entry.others)
    use = LossUse(
        node.op,
        _params(node, extra, (prediction, target)),
        place=node.place,
        name=node.name.rsplit(".", 1)[-1],
    )
    part = pair(
        graph,
        loss=use,
        compare=index,
        prediction=(prediction, inputs[prediction]),
        target=(target, inputs[target]) if target else None,
        class_axis=_class_axis(node, graph.rank(inputs[prediction])) if entry.class_axis else None,
        extra=extra,
    )
    return _fused(graph, part) if not node.recorded else part


def _class_axis(node: Node, rank: int | None) -> int | None:
    """The axis along which a loss compares: the one that it is told, or the second, which holds the classes in PyTorch.

    Of a single sample the first is the only one.
    """
    if "dim" in node.args:
        axis = number(node.args, "dim")
        return normal(axis, rank) if axis is not None else None
    return (1 if rank is None or rank > 1 else 0) if rank != 0 else None


def _params(node: Node, extra: tuple[tuple[str, int], ...], sides: tuple[str, str]) -> dict[str, Value]:
    params: dict[str, Value] = dict(node.args)
    reduction = params.get("reduction")
    if isinstance(reduction, Const) and isinstance(reduction.value, int) and not isinstance(reduction.value, bool):
        params["reduction"] = Const(_REDUCTIONS.get(reduction.value, "none"))
    names = {name for name, _ in extra}
    for name, _ in node.inputs:
        if name not in sides and name not in names:
            params[name] = Unknown("a tensor of the program")
    return params


def _fused(graph: Graph, part: Part) -> Part:
    """Without a record `cross_entropy(z)` and `nll_loss(log_softmax(z))` leave one and the same graph."""
    flow = part.pairing.prediction
    if part.pairing.loss.loss != "nll" or not flow.steps or flow.steps[-1].op != "log_softmax":
        return part
    if graph.node(part.heads[-1]).recorded:
        return part
    loss = replace(part.pairing.loss, loss="cross_entropy", name="cross_entropy")
    prediction = replace(flow, steps=flow.steps[:-1])
    return replace(
        part,
        pairing=replace(part.pairing, loss=loss, prediction=prediction),
        heads=part.heads[:-1],
        head=part.head[:-1],
    )
