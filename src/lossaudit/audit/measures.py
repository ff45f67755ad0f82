"""Every sample of one part of the data, measured: right, confidently wrong, stuck, calibrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lossaudit.audit.reading import Forward, forwards, unrecorded
from lossaudit.errors import LossauditError
from lossaudit.geometry.calibration import calibration, normalised
from lossaudit.geometry.saturation import SampleMeasures, measure
from lossaudit.landscape.probe import size
from lossaudit.readers.live import objective_of, trace_of
from lossaudit.result import Measured, Split
from lossaudit.run.terms import identity, sight_of, watch_of
from lossaudit.run.watch import Watch

_TOGETHER = 1 << 24  # outputs that are laid together for the loss of all data


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the data, collated.

    Attributes:
        name: `"data given"` or `"held-out"`.
        batches: Pairs `(x, y)`.
        available: How many samples there are, where that is more than these.
    """

    name: str
    batches: tuple[tuple[Any, Any], ...]
    available: int | None


@dataclass(slots=True)
class _Rows:
    """What was measured of one pairing, batch after batch."""

    watch: Watch
    measures: list[SampleMeasures] = field(default_factory=list[SampleMeasures])
    logits: list[Tensor] = field(default_factory=list[Tensor])
    labels: list[Tensor] = field(default_factory=list[Tensor])


def measure_part(
    model: Callable[..., Any], loss_fn: Callable[..., Any], part: Part, *, mode: str
) -> tuple[Split, Mapping[Hashable, Measured]]:
    """The loss of this part, and what was measured of each pairing. Only inside of `untouched(model)`.

    Args:
        model: In the mode that is meant.
        loss_fn: As for `audit_batch`.
        part: The data.
        mode: For the report.

    Raises:
        UsageError: The model or the loss raises.
    """
    met: dict[Hashable, _Rows] = {}
    passes: list[Forward] = []
    for forward in forwards(model, loss_fn, part.batches):
        with unrecorded():
            _add(met, forward.loss)
        passes.append(Forward(_detached(forward.output), forward.target, forward.loss.detach()))
    samples = sum(size(target) or 1 for _, target in part.batches)
    with torch.no_grad():
        loss = _loss_of_all(loss_fn, passes)
    with unrecorded():
        measured = {key: found for key, rows in met.items() if (found := _measured(part.name, rows)) is not None}
    return Split(part.name, samples, part.available, len(part.batches), loss, mode), measured


def _detached(output: Any) -> Any:
    return output.detach() if isinstance(output, Tensor) else None


def _add(met: dict[Hashable, _Rows], loss: Tensor) -> None:
    """Measure the rows of one pass."""
    if loss.grad_fn is None:
        return
    live = trace_of(loss)
    for item in objective_of(live, None)[1]:
        if item.part is None:
            continue
        rows = met.setdefault(identity(live, item), _Rows(watch_of(item)))
        watch, name = rows.watch, item.part.pairing.loss.loss
        taken = watch.rows(sight_of(live, item, None, 1, None, None))
        if taken is None or name is None:
            continue
        logits, target = taken
        try:
            measures = measure(name, watch.head, watch.params, logits, target)
        except LossauditError:
            continue
        rows.measures.append(measures)
        labelled = _labelled(name, watch.head, logits, target, measures.usable)
        if labelled is not None:
            rows.logits.append(labelled[0])
            rows.labels.append(labelled[1])


def _labelled(
    loss: str, head: tuple[str, ...], logits: Tensor, target: Tensor, usable: Tensor
) -> tuple[Tensor, Tensor] | None:
    """What the probabilities are made of, and the labels, of the usable samples; None where there are none."""
    made = normalised(loss, head, logits)
    if made is None:
        return None
    if made.ndim == 2:
        labels = target.argmax(1) if target.ndim == 2 else target
        return made[usable], labels.cpu()[usable]
    if target.numel() != made.numel():
        return None
    usable = usable.repeat_interleave(len(made) // len(usable))
    return made[usable], target.flatten().cpu()[usable]


def _measured(name: str, rows: _Rows) -> Measured | None:
    """The shares of one pairing over all batches."""
    if not rows.measures:
        return None
    usable, correct, confident = (
        torch.cat([getattr(each, column) for each in rows.measures])
        for column in ("usable", "correct", "confidently_wrong")
    )
    count = int(usable.sum())
    if not count:
        return Measured(name, 0, sum(each.nonfinite for each in rows.measures), math.nan, math.nan)
    stuck = [each.stuck for each in rows.measures if each.stuck is not None]
    ratio = torch.cat([each.ratio for each in rows.measures if each.ratio is not None] or [torch.empty(0)]).double()
    ratio = ratio[torch.isfinite(ratio)]
    return Measured(
        name,
        count,
        sum(each.nonfinite for each in rows.measures),
        int(correct.sum()) / count,
        int(confident.sum()) / count,
        sum(int(each.sum()) for each in stuck) / count if stuck else None,
        _quantiles(ratio) if len(ratio) else None,
        calibration(torch.cat(rows.logits), torch.cat(rows.labels)) if any(map(len, rows.labels)) else None,
    )


def _quantiles(values: Tensor) -> tuple[float, float, float]:
    """The 10th, 50th and 90th percentile."""
    ordered = values.sort().values  # torch.quantile refuses many values
    low, median, high = (float(ordered[round(share * (len(ordered) - 1))]) for share in (0.1, 0.5, 0.9))
    return low, median, high


def _loss_of_all(loss_fn: Callable[..., Any], passes: Sequence[Forward]) -> float:
    """The loss of all outputs together, or where these are no equal tensors the mean over the samples' batches."""
    if len(passes) == 1:
        return float(passes[0].loss)
    outputs, targets = ([getattr(each, side) for each in passes] for side in ("output", "target"))
    if all(isinstance(each, Tensor) and each.ndim for each in (*outputs, *targets)):
        alike = all(len({(each.shape[1:], each.dtype) for each in side}) == 1 for side in (outputs, targets))
        if alike and sum(each.numel() for each in outputs) <= _TOGETHER:
            try:
                return float(loss_fn(torch.cat(outputs), torch.cat(targets)))
            except Exception:  # a loss that takes batches of one size only
                pass
    sizes = [size(each.target) or 1 for each in passes]
    return sum(float(each.loss) * n for each, n in zip(passes, sizes, strict=True)) / sum(sizes)
