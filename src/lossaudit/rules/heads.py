"""What stands between the logits and the loss: the questions that rules ask of a flow."""

from __future__ import annotations

from functools import cache

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import AxisRole, Const, Flow, Pairing, Step, Value

PASSING = frozenset({Role.VIEW, Role.CAST, Role.SELECT, Role.JOIN, Role.NOISE})
KEEPS_AXES = frozenset({Role.CAST, Role.NOISE, Role.ELEMENTWISE, Role.HEAD, Role.CUT})

CLAMPS = frozenset({"clamp", "clamp_min", "clamp_max"})

# A summand or a bound this small only protects a logarithm.
EPSILON = 1e-3


@cache
def role(op: str) -> Role:
    """Role of an operation in the catalogue; `OTHER` for one that it does not know."""
    known = catalogue.op(op)
    return known.role if known is not None else Role.OTHER


def head(flow: Flow) -> tuple[Step, ...]:
    """The steps that change what the numbers mean; views, casts, selections, joins and noise are left out.

    >>> from lossaudit.pairing import Source
    >>> [step.op for step in head(Flow(Source.AFFINE, (Step("view"), Step("softmax"), Step("to"))))]
    ['softmax']
    """
    return tuple(step for step in flow.steps if role(step.op) not in PASSING)


def meaning(flow: Flow) -> tuple[Step, ...]:
    """The head without trailing guards of a logarithm: clamps to almost [0, 1] and tiny summands."""
    steps = head(flow)
    while steps and is_guard(steps[-1]):
        steps = steps[:-1]
    return steps


def last(flow: Flow) -> Step | None:
    """The step that gives the prediction its meaning, or None when logits reach the loss as they are."""
    return next(reversed(meaning(flow)), None)


def ends_with(flow: Flow, *ops: str) -> Step | None:
    """The last meaningful step, when it is one of `ops`."""
    step = last(flow)
    return step if step is not None and step.op in ops else None


def after(flow: Flow, step: Step) -> tuple[Step, ...]:
    """The steps behind `step`, views and casts included."""
    index = max(i for i, other in enumerate(flow.steps) if other is step)
    return flow.steps[index + 1 :]


def axis_size(flow: Flow, step: Step) -> int | None:
    """Size of the axis on which `step` acts, or None when later steps may have moved the axes."""
    moved = any(role(other.op) not in KEEPS_AXES for other in after(flow, step))
    if moved or step.axis is None or not 0 <= step.axis < len(flow.dims):
        return None
    return flow.dims[step.axis].size


def over_classes(step: Step) -> bool:
    """Whether the step's axis may be the class axis: no other role is known for it."""
    return step.axis_role in (AxisRole.CLASS, AxisRole.UNKNOWN)


def units(flow: Flow) -> int | None:
    """Outputs per sample, the batch axis left out; None when the shape is not known.

    >>> from lossaudit.pairing import Dim, Source
    >>> units(Flow(Source.AFFINE, dims=(Dim(32, AxisRole.BATCH), Dim(1, AxisRole.CLASS))))
    1
    """
    if not flow.dims:
        return None
    batch = next((i for i, dim in enumerate(flow.dims) if dim.role is AxisRole.BATCH), 0)
    product = 1
    for i, dim in enumerate(flow.dims):
        if i != batch:
            if dim.size is None:
                return None
            product *= dim.size
    return product


def classes(flow: Flow) -> int | None:
    """Number of classes: the class axis, or the second axis of a matrix."""
    if flow.classes is not None:
        return flow.classes
    return flow.dims[1].size if len(flow.dims) == 2 else None


def takes_logits(pairing: Pairing, *losses: str) -> bool:
    """Whether the loss is one of `losses`, all of which take logits, and nothing says that this use does not."""
    from_logits = pairing.loss.params.get("from_logits", Const(True))
    return pairing.loss.loss in losses and from_logits == Const(True)


def is_guard(step: Step) -> bool:
    """Whether a step only keeps a probability away from zero and one."""
    known = numbers(step)
    if step.op in CLAMPS:
        return bool(known) and all(abs(x) <= EPSILON or abs(x - 1) <= EPSILON for x in known)
    return step.op == "add" and bool(known) and all(abs(x) <= EPSILON for x in known)


def numbers(step: Step) -> tuple[float, ...]:
    """The constants of a clamp or of arithmetic."""
    found = (_number(value) for name, value in step.args.items() if name != "alpha")
    return tuple(number for number in found if number is not None)


def _number(value: Value) -> float | None:
    number = value.value if isinstance(value, Const) else None
    return float(number) if isinstance(number, int | float) and not isinstance(number, bool) else None
