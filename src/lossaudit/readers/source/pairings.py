"""From the expression of a loss to the pairings in it. (Interim: named losses only.)"""

from __future__ import annotations

from lossaudit import catalogue
from lossaudit.catalogue.schema import Op, Role
from lossaudit.pairing import (
    AxisRole,
    Basis,
    Const,
    Flow,
    LossUse,
    Pairing,
    Source,
    Step,
    Target,
    Term,
    Unresolved,
)
from lossaudit.readers.source.values import Tensor
from lossaudit.trace import LeafKind

_LEAVES = {LeafKind.DATA: Source.LABELS, LeafKind.CONSTANT: Source.CONSTANT}


def _flow(end: Tensor) -> Flow:
    steps: list[Step] = []
    here = end
    units = None
    while True:
        if here.leaf is not None or not here.inputs:
            source = _LEAVES.get(here.leaf, Source.UNKNOWN) if here.leaf else Source.LABELS
            break
        entry = catalogue.op(here.op)
        if entry is None or entry.role is Role.OTHER:
            source = Source.NETWORK if here.grad else Source.UNKNOWN
            break
        if entry.role is Role.AFFINE:
            source = Source.AFFINE
            value = here.args.get("out_features")
            units = value.value if isinstance(value, Const) and isinstance(value.value, int) else None
            break
        if (entry.role is Role.JOIN and len(here.inputs) > 1) or (
            entry.role is Role.ELEMENTWISE and len(here.inputs) > 1
        ):
            source = Source.NETWORK
            break
        dim = here.args.get("dim")
        axis = dim.value if isinstance(dim, Const) and isinstance(dim.value, int) and dim.value >= 0 else None
        steps.append(Step(here.op, here.args, axis, AxisRole.UNKNOWN, here.place))
        here = here.inputs[0][1]
    return Flow(source, tuple(reversed(steps)), units=units, reason=here.name, batched=end.batched)


def terms(loss: Tensor) -> tuple[Term, ...]:
    """The terms of a loss."""
    entry = catalogue.loss(loss.op)
    if entry is None:
        return ()
    prediction = loss.input(entry.prediction)
    target = loss.input(entry.target) if entry.target else None
    if prediction is None:
        return ()
    flow = _flow(prediction)
    use = LossUse(loss.op, loss.args, (), loss.place, loss.name)
    head = any(isinstance(op := catalogue.op(step.op), Op) and op.role is Role.HEAD for step in flow.steps)
    if not head and flow.source in (Source.UNKNOWN, Source.LABELS, Source.OPAQUE):
        return (Term(Const(1.0), (), (Unresolved(loss.name, flow.reason, loss.place),)),)
    side = None
    if target is not None:
        way = _flow(target)
        side = Target(way, entry.encodings, Basis.DECLARED)
    return (Term(Const(1.0), (Pairing(flow, use, side, framework=loss.framework),)),)
