"""From a recognised term to what is watched of it: the copies of logits and targets that the recorder made."""

from __future__ import annotations

from collections.abc import Hashable

import torch

from lossaudit.pairing import AxisRole, Const, Flow, LossUse, Pairing, Source, Step, Unknown
from lossaudit.readers.live import LiveTrace
from lossaudit.recognise.objective import Found
from lossaudit.recognise.parts import Part
from lossaudit.run.sight import Capture, Sight
from lossaudit.run.watch import Watch

# Logits may be shifted, scaled and limited by constants before the head: what the head takes counts as the logits.
_AFFINE = frozenset({"add", "sub", "mul", "div", "neg"})
_BEFORE_HEAD = _AFFINE | {"clamp", "clamp_min", "clamp_max"}
_ALONG_CLASSES = frozenset({"softmax", "log_softmax", "softmin"})


def watch_of(found: Found) -> Watch:
    """A watch for a term. Of one that could not be named only the loss and a captured gradient are kept."""
    if found.part is None:
        met = found.term.unresolved[0]
        loss = LossUse(None, ops=met.ops, place=met.place, name=met.what)
        return Watch(Pairing(Flow(Source.UNKNOWN, reason=met.reason), loss), (), exact_head=False, affine_before=False)
    start = _first_head(found.part)
    steps = found.part.head[start:]
    known = all(not isinstance(value, Unknown) for step in steps for value in step.args.values())
    along = all(step.axis_role is AxisRole.CLASS for step in steps if step.op in _ALONG_CLASSES)
    return Watch(
        found.part.pairing,
        tuple(step.op for step in steps),
        exact_head=known and along,
        affine_before=all(step.op in _AFFINE for step in found.part.head[:start]),
    )


def identity(live: LiveTrace, found: Found) -> Hashable:
    """What tells the terms of one call site apart, whatever the batch's size."""
    if found.part is None:
        unresolved = found.term.unresolved[0]
        return (unresolved.what, unresolved.place, unresolved.ops)
    pairing = found.part.pairing
    return (
        pairing.loss.loss,
        pairing.loss.place,
        tuple((step.op, step.place) for step in found.part.head),
        live.trace.nodes[found.part.compare].name,
    )


def sight_of(
    live: LiveTrace,
    found: Found,
    root: torch.Tensor | None,
    step: int,
    input_peak: torch.Tensor | None,
    capture: Capture | None,
) -> Sight:
    """The copies that belong to a term in one backward pass.

    Args:
        live: The trace of this pass.
        found: A term of an equal trace.
        root: The objective's own value, where the term is all of it.
        step: Number of the pass at its call site.
        input_peak: Largest absolute value of the model's input.
        capture: Where the coming backward pass leaves its gradient.
    """
    loss = _value(live, found)
    loss = root if loss is None else loss
    part = found.part
    record = live.records[part.compare] if part is not None else None
    if part is None or record is None:
        return Sight(step, loss, captured=capture, input_peak=input_peak)
    prediction = record.copies.get(part.prediction)
    start = _first_head(part)
    logits = prediction
    if start < len(part.heads):
        head = live.records[part.heads[start]]
        logits = head.copies.get(head.links[0].name) if head is not None and head.links else None
    target, weight = record.copies.get(part.target), record.copies.get("weight")
    return Sight(step, loss, logits, prediction, target, weight, capture, input_peak)


def _value(live: LiveTrace, found: Found) -> torch.Tensor | None:
    """The term's own value, where all of it was recorded."""
    total: torch.Tensor | None = None
    for index in found.values:
        record = live.records[index]
        if record is None or record.scalar is None:
            return None
        total = record.scalar if total is None else total + record.scalar
    return total


def _first_head(part: Part) -> int:
    """Position of the first step that is more than a shift, a scale or a limit by constants."""
    for position, step in enumerate(part.head):
        if step.op not in _BEFORE_HEAD or not _constant(step):
            return position
    return len(part.head)


def _constant(step: Step) -> bool:
    return all(isinstance(value, Const) for value in step.args.values())
