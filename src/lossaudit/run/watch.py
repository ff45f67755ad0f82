"""One pairing over a run: its sampled rows, measured in blocks, and the curves that come of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from lossaudit.errors import LossauditError
from lossaudit.geometry.saturation import apply_head, measure, sample_gradients, supports, uniform_scale
from lossaudit.pairing import Args, Basis, Const, Observed, Pairing, Source, TargetEncoding, Unknown
from lossaudit.result import Series
from lossaudit.run.encodings import encodings_of
from lossaudit.run.sight import Sight

_BLOCK_STEPS = 32
_CLOSE_LOOK = 20  # passes of which every copied row is measured
_LATER_ROWS = 64  # rows of each later pass
_BLOCK_ELEMENTS = 1 << 18
_ENOUGH = 64
NAN = math.nan


@dataclass(slots=True)
class _Totals:
    samples: int = 0
    wrong: int = 0
    confidently_wrong: int = 0
    stuck: int = 0

    def share(self, count: int) -> float | None:
        return count / self.samples if self.samples else None


class Watch:
    """Collects what is seen of one pairing.

    Attributes:
        pairing: As recognised; `observed` gives it the measurements.
        head: Names of the value-changing operations between logits and loss.
        exact_head: Whether these names are all there is to the head: constants known, softmax along the classes.
        affine_before: Whether what comes before the head is affine, so that convexity in what the head takes is
            convexity in the logits.
    """

    def __init__(self, pairing: Pairing, head: tuple[str, ...], *, exact_head: bool, affine_before: bool) -> None:
        self._pairing = pairing
        self.head = head
        self.exact_head = exact_head
        self.affine_before = affine_before
        self._measurable = pairing.loss.loss is not None and exact_head and supports(pairing.loss.loss, head)
        self._pending: list[Sight] = []
        self._elements = 0
        self._series: list[tuple[int, float, float, float, float, float, float, float]] = []
        self._rows = 0
        self._nonfinite = 0
        self._totals = _Totals()
        self._last = _Totals()
        self._worst_stuck: float | None = None
        self._encodings: frozenset[TargetEncoding] | None = None
        self._sums: tuple[float, float] | None = None
        self._range: tuple[float, float] | None = None
        self._params: Args = pairing.loss.params
        self._peak: float | None = None
        self.backwards = 0
        self.captured = False
        self.class_target = False

    def see(self, sight: Sight) -> bool:
        """Take what one backward pass shows; the answer says whether a block was measured."""
        self.backwards += 1
        if self.backwards > _CLOSE_LOOK:
            sight = sight.thinned(_LATER_ROWS)
        self._pending.append(sight)
        self._elements += sight.elements
        full = len(self._pending) >= _BLOCK_STEPS or self._elements >= _BLOCK_ELEMENTS
        if full or (self.backwards == 1 and not self.wants_capture):
            self.flush()
            return True
        return False

    def rows(self, sight: Sight) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Logits and class targets of one pass, row by row; None where there is no class target."""
        self._look_at([sight])
        return self._class_rows([sight])

    @property
    def params(self) -> Args:
        """The loss's arguments, as far as they have been seen."""
        return self._params

    @property
    def wants_capture(self) -> bool:
        """Whether gradients cannot be recomputed for this loss."""
        return not self._measurable

    def flush(self) -> None:
        """Measure what is pending, all rows of equal width at once."""
        pending = list(self._pending)
        self._pending.clear()
        self._elements = 0
        for group in _groups(pending):
            self._measure(group)

    def observed(self) -> Observed:
        """The measurements so far."""
        totals, last = self._totals, self._last
        accuracy = last.share(last.samples - last.wrong)
        return Observed(
            backwards=self.backwards,
            samples=self._rows,
            encodings=self._encodings or frozenset(),
            target_sums=self._sums,
            nonfinite=self._nonfinite,
            wrong=totals.share(totals.wrong),
            confidently_wrong=totals.share(totals.confidently_wrong),
            stuck=self._worst_stuck,
            stuck_last=last.share(last.stuck) if self._worst_stuck is not None else None,
            accuracy=accuracy,
            prediction_range=self._range,
            input_scale=self._peak,
        )

    def pairing(self, observed: Observed) -> Pairing:
        """The pairing with its measurements; a target that was undecided is what its values look like."""
        target = self._pairing.target
        if target is not None and len(target.encodings) != 1 and observed.encodings:
            narrowed = target.encodings & observed.encodings or observed.encodings
            target = replace(target, encodings=narrowed, basis=Basis.OBSERVED)
        loss = replace(self._pairing.loss, params=self._params)
        return replace(self._pairing, target=target, loss=loss, observed=observed)

    def series(self) -> Series:
        columns = list(zip(*self._series, strict=True)) if self._series else [()] * 8
        return Series(tuple(int(step) for step in columns[0]), *(tuple(column) for column in columns[1:]))

    def scale(self, classes: int, encoding: TargetEncoding) -> float | None:
        """Gradient norm at uniform logits over cross-entropy's there, or None where it cannot be said."""
        if not self._measurable or self._pairing.loss.loss is None:
            return None
        params = {**self._params, "reduction": Const(_one_reduction(self._params))}
        try:
            return uniform_scale(self._pairing.loss.loss, self.head, params, classes, encoding)
        except LossauditError:
            return None

    def _measure(self, group: Sequence[Sight]) -> None:
        """Measure sights whose rows can be laid together: one call for all of them."""
        losses = _numbers(group)
        self._nonfinite += sum(
            not math.isfinite(value) for sight, value in zip(group, losses, strict=True) if sight.loss is not None
        )
        self._look_at(group)
        rows = self._class_rows(group)
        if rows is None or not self._measure_classes(group, losses, *rows):
            for sight, value in zip(group, losses, strict=True):
                self._series.append((sight.step, value, NAN, NAN, NAN, NAN, NAN, self._plain_gradient(sight)))

    def _class_rows(self, group: Sequence[Sight]) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Logits and class targets of the group, or None where there is no class target."""
        first = group[0]
        loss = self._pairing.loss.loss
        if not self._measurable or loss is None or first.logits is None or first.target is None:
            return None
        if isinstance(self._params.get("sample_weight"), Unknown) or not self._labels():
            return None
        if not all(self._aligned(sight) for sight in group):
            return None
        logits = torch.cat([sight.logits for sight in group if sight.logits is not None])
        target = torch.cat([sight.target for sight in group if sight.target is not None])
        encodings = self._encodings or frozenset()
        per_row = logits.dim() == 2 and logits.shape[1] > 1
        if per_row and not target.is_floating_point() and target.dim() == 1:
            return logits, target
        if per_row and TargetEncoding.ONE_HOT in encodings and target.shape == logits.shape:
            return logits, target
        binary = TargetEncoding.BINARY in encodings and target.numel() == logits.numel()
        if binary and loss in ("bce", "bce_with_logits", "mse", "mae", "soft_margin"):
            return logits, target.reshape(logits.shape)
        return None

    def _aligned(self, sight: Sight) -> bool:
        """Whether these logits are those of the rows that met these targets: the head, applied again, says so.

        Between head and loss a program may have reordered its samples. What reached the loss may itself be some
        steps before the head's end, or a logarithm after it, where the loss is written out.
        """
        if not self.head:
            return True
        if sight.logits is None or sight.prediction is None or len(sight.logits) != len(sight.prediction):
            return False
        stages = [apply_head(self.head[: end + 1], sight.logits) for end in range(len(self.head))]
        reached = sight.prediction.double().cpu()
        candidates = [*stages, stages[-1].log()]
        return any(
            stage.shape == reached.shape and bool(torch.isclose(stage, reached, 2e-2, 1e-3, equal_nan=True).all())
            for stage in candidates
        )

    def _labels(self) -> bool:
        target = self._pairing.target
        return target is not None and target.flow.source in (Source.LABELS, Source.CONSTANT)

    def _measure_classes(
        self, group: Sequence[Sight], losses: list[float], logits: torch.Tensor, target: torch.Tensor
    ) -> bool:
        """Measure rows with class targets; False where the loss does not take them."""
        assert self._pairing.loss.loss is not None
        self._learn_weight(group[0])
        try:
            measures = measure(self._pairing.loss.loss, self.head, self._params, logits, target)
        except LossauditError:
            return False
        self.class_target = True
        per_row = measures.norm.numel() // max(1, len(logits))
        sizes = [len(sight.logits) * per_row for sight in group if sight.logits is not None]
        usable, right, confident = (
            _counts(column, sizes) for column in (measures.usable, measures.correct, measures.confidently_wrong)
        )
        stuck = _counts(measures.stuck, sizes) if measures.stuck is not None else [0] * len(sizes)
        quantiles = _quantiles(measures.ratio, sizes)
        norms = _means(measures.norm, sizes)
        for index, sight in enumerate(group):
            count = usable[index] or NAN
            share = stuck[index] / count if measures.stuck is not None else NAN
            median, low = quantiles[index]
            self._series.append(
                (
                    sight.step,
                    losses[index],
                    right[index] / count,
                    confident[index] / count,
                    share,
                    median,
                    low,
                    norms[index],
                )
            )
        block = _Totals(sum(usable), sum(usable) - sum(right), sum(confident), sum(stuck))
        self._add(block, defined=measures.stuck is not None)
        return True

    def _add(self, block: _Totals, *, defined: bool) -> None:
        totals = self._totals
        totals.samples += block.samples
        totals.wrong += block.wrong
        totals.confidently_wrong += block.confidently_wrong
        totals.stuck += block.stuck
        self._last = block
        if defined and block.samples:
            share = block.stuck / block.samples
            enough = block.samples >= _ENOUGH or totals.samples == block.samples
            if enough:
                self._worst_stuck = max(self._worst_stuck or 0.0, share)

    def _learn_weight(self, sight: Sight) -> None:
        """Class weights are a tensor of the program; once seen they are constants."""
        if sight.weight is not None and sight.weight.numel() <= 1024:
            self._params = {**self._params, "weight": Const(tuple(sight.weight.double().tolist()))}

    def _plain_gradient(self, sight: Sight) -> float:
        """Mean per-sample gradient norm of a pairing without a class target."""
        if sight.captured is not None and sight.captured.norm is not None:
            self.captured = True
            return float(sight.captured.norm)
        loss = self._pairing.loss.loss
        if not self._measurable or loss is None or sight.logits is None or sight.target is None:
            return NAN
        logits, target = sight.logits, sight.target
        if not self.head and logits.dim() == 2 and logits.shape[1] == 1:
            logits, target = logits[:, 0], target.reshape(-1)
        try:
            gradients = sample_gradients(loss, self.head, self._params, logits, target)
        except LossauditError:
            return NAN
        norms = gradients.abs() if gradients.dim() == 1 else torch.linalg.vector_norm(gradients, dim=-1)
        return float(norms.nanmean())

    def _look_at(self, group: Sequence[Sight]) -> None:
        """Ranges, target encodings and sums over all sights of a group."""
        peaks = [float(sight.input_peak) for sight in group if sight.input_peak is not None]
        if peaks:
            self._peak = max(self._peak or 0.0, *peaks)
        predictions = [sight.prediction for sight in group if sight.prediction is not None and sight.prediction.numel()]
        if predictions and predictions[0].is_floating_point():
            self._range = _widened(self._range, torch.cat([each.reshape(-1) for each in predictions]))
        targets = [sight.target for sight in group if sight.target is not None and sight.target.numel()]
        if not targets:
            return
        rows = torch.cat(targets)
        self._rows += len(rows)
        seen = encodings_of(rows)
        self._encodings = seen if self._encodings is None else self._encodings & seen
        if rows.dim() == 2 and rows.shape[1] > 1 and rows.is_floating_point():
            self._sums = _widened(self._sums, rows.double().sum(1))


def _groups(pending: Iterable[Sight]) -> list[list[Sight]]:
    """Sights whose rows can be laid together."""
    groups: dict[object, list[Sight]] = {}
    for sight in pending:
        key = tuple(
            (tensor.dim(), tensor.shape[1:], tensor.dtype) if tensor is not None else None
            for tensor in (sight.logits, sight.target)
        )
        groups.setdefault(key, []).append(sight)
    return list(groups.values())


def _numbers(group: Sequence[Sight]) -> list[float]:
    """The losses as numbers; on an accelerator this waits for it, once for all."""
    known = [sight.loss.reshape(()).float() for sight in group if sight.loss is not None]
    values = iter(torch.stack(known).tolist() if known else [])
    return [next(values) if sight.loss is not None else NAN for sight in group]


def _widened(old: tuple[float, float] | None, values: torch.Tensor) -> tuple[float, float]:
    low, high = (float(value) for value in torch.aminmax(values))
    return (low, high) if old is None else (min(old[0], low), max(old[1], high))


def _table(values: torch.Tensor, sizes: list[int]) -> torch.Tensor | None:
    """One row per sight, where all sights have equally many samples."""
    return values.reshape(len(sizes), sizes[0]) if len(set(sizes)) == 1 and sizes[0] else None


def _counts(flags: torch.Tensor, sizes: list[int]) -> list[int]:
    table = _table(flags, sizes)
    if table is not None:
        return table.sum(1).tolist()
    return [int(part.sum()) for part in flags.split(sizes)]


def _means(values: torch.Tensor, sizes: list[int]) -> list[float]:
    table = _table(values, sizes)
    if table is not None:
        return table.nanmean(1).tolist()
    return [float(part.nanmean()) for part in values.split(sizes)]


def _quantiles(ratio: torch.Tensor | None, sizes: list[int]) -> list[tuple[float, float]]:
    """Median and 10th percentile of each sight, of what is defined there."""
    if ratio is None:
        return [(NAN, NAN)] * len(sizes)
    table = _table(ratio, sizes)
    wanted = ratio.new_tensor((0.5, 0.1))
    rows = [table] if table is not None else [part[None] for part in ratio.split(sizes)]
    found: list[tuple[float, float]] = []
    for part in rows:
        if part.shape[1] == 0:
            found.append((NAN, NAN))
            continue
        median, low = torch.nanquantile(part, wanted, dim=1).tolist()
        found.extend(zip(median, low, strict=True))
    return found


def _one_reduction(params: Args) -> str:
    """`mean+sum` is a sum over classes and a mean over samples: per sample it is a sum."""
    reduction = params.get("reduction")
    text = reduction.value if isinstance(reduction, Const) else "mean"
    return "sum" if not isinstance(text, str) or "sum" in text or text == "none" else "mean"
