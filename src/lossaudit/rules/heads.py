"""What stands between the logits and the loss: the questions that rules ask of a flow."""

from __future__ import annotations

from functools import cache

from lossaudit import catalogue
from lossaudit.catalogue.schema import Expects, Role
from lossaudit.pairing import AxisRole, Const, Flow, Pairing, Source, Step, Value

PASSING = frozenset({Role.VIEW, Role.CAST, Role.SELECT, Role.JOIN, Role.NOISE})
KEEPS_AXES = frozenset({Role.CAST, Role.NOISE, Role.ELEMENTWISE, Role.HEAD, Role.CUT})

CLAMPS = frozenset({"clamp", "clamp_min", "clamp_max"})

# One class per sample, scored by the logarithm of its probability.
_CROSS_ENTROPIES = frozenset({"cross_entropy", "categorical_cross_entropy", "sparse_categorical_cross_entropy"})
_OF_KERAS = frozenset({"bce", "categorical_cross_entropy", "sparse_categorical_cross_entropy"})
_KERAS = frozenset({"keras", "tensorflow"})

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


def without_log(flow: Flow) -> tuple[Step, ...]:
    """The meaning without a logarithm taken at the end."""
    steps = meaning(flow)
    return steps[:-1] if steps and steps[-1].op == "log" else steps


def last_two(flow: Flow, inner: str, outer: tuple[str, ...]) -> tuple[Step, Step] | None:
    """The last two meaningful steps, a logarithm at the end left out, when the one is `inner` and the other `outer`."""
    steps = without_log(flow)[-2:]
    if len(steps) < 2 or steps[0].op != inner or steps[1].op not in outer:
        return None
    return steps[0], steps[1]


def logarithm(flow: Flow) -> Step | None:
    """What makes the values logarithms of probabilities, wherever the gradient is cut."""
    steps = [step for step in head(flow) if role(step.op) is not Role.CUT]
    if not steps:
        return None
    taken = len(steps) >= 2 and steps[-1].op == "log" and steps[-2].op in ("softmax", "sigmoid")
    return steps[-1] if taken or steps[-1].op in ("log_softmax", "logsigmoid") else None


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
    """Outputs per sample, the batch axis left out, or what a reader of source counted; None when neither is known.

    >>> from lossaudit.pairing import Dim, Source
    >>> units(Flow(Source.AFFINE, dims=(Dim(32, AxisRole.BATCH), Dim(1, AxisRole.CLASS))))
    1
    """
    if not flow.dims:
        return flow.units
    batch = next((i for i, dim in enumerate(flow.dims) if dim.role is AxisRole.BATCH), 0)
    product = 1
    for i, dim in enumerate(flow.dims):
        if i != batch:
            if dim.size is None:
                return None
            product *= dim.size
    return product


def classes(flow: Flow) -> int | None:
    """Number of classes: the class axis, the second axis of a matrix, or what a reader of source counted there."""
    if flow.classes is not None:
        return flow.classes
    if flow.dims:
        return flow.dims[1].size if len(flow.dims) == 2 else None
    return flow.units


def over_one(pairing: Pairing, step: Step) -> bool:
    """Whether a softmax surely runs over an axis of size one."""
    flow = pairing.prediction
    return axis_size(flow, step) == 1 or (flow.units == 1 and step.axis_role is AxisRole.CLASS)


def raw(flow: Flow) -> bool:
    """Whether a layer's outputs reach the loss as they are.

    What a product of two computed tensors gives may well be probabilities: a mixture of experts, an attention.
    """
    return flow.source is Source.AFFINE and bool(flow.layer) and not head(flow)


def expects(pairing: Pairing) -> Expects | None:
    """What this use of its loss takes as the prediction; None where that is not known.

    >>> from lossaudit.pairing import LossUse
    >>> use = LossUse("bce", {"from_logits": Const(True)})
    >>> expects(Pairing(Flow(Source.AFFINE), use, framework="keras"))
    <Expects.LOGITS: 'logits'>
    """
    switch = pairing.loss.params.get("from_logits")
    if switch is not None:
        known = {True: Expects.LOGITS, False: Expects.PROBABILITIES}
        return known.get(switch.value) if isinstance(switch, Const) and isinstance(switch.value, bool) else None
    entry = catalogue.loss(pairing.loss.loss or "")
    return entry.expects if entry is not None else None


def is_cross_entropy(pairing: Pairing) -> bool:
    """Whether the loss is a multinomial cross-entropy, of logits or of probabilities."""
    return pairing.loss.loss in _CROSS_ENTROPIES


def is_switched(pairing: Pairing) -> bool:
    """Whether `from_logits` decides what the loss takes, as in Keras."""
    of_keras = pairing.framework in _KERAS and pairing.loss.loss in _OF_KERAS and not pairing.loss.ops
    return of_keras or "from_logits" in pairing.loss.params


def applies_softmax(pairing: Pairing) -> bool:
    """Whether the loss is one over classes that always applies softmax itself."""
    return _of_logits(pairing, class_axis=True)


def applies_sigmoid(pairing: Pairing) -> bool:
    """Whether the loss is one of single logits that always applies sigmoid itself."""
    return _of_logits(pairing, class_axis=False)


def _of_logits(pairing: Pairing, *, class_axis: bool) -> bool:
    entry = catalogue.loss(pairing.loss.loss or "")
    right = entry is not None and entry.class_axis is class_axis
    return right and not is_switched(pairing) and expects(pairing) is Expects.LOGITS


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
