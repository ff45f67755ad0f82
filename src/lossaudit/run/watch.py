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

_BLOCK_STEPS = 16
_BLOCK_ELEMENTS = 1 << 18
_ENOUGH = 64
NAN = math.nan


@dataclass(frozen=True, slots=True)
class Sight:
    """What one sampled backward pass shows of a pairing. Tensors are small copies, one row per sample."""

    step: int
    loss: torch.Tensor | None
    logits: torch.Tensor | None = None
    prediction: torch.Tensor | None = None
    target: torch.Tensor | None = None
    weight: torch.Tensor | None = None
    captured: torch.Tensor | None = None
    input_peak: torch.Tensor | None = None

    @property
    def elements(self) -> int:
        return sum(t.numel() for t in (self.logits, self.prediction, self.target) if t is not None)


@dataclass(slots=True)
class _Totals:
    samples: int = 0
    wrong: int = 0
    confidently_wrong: int = 0
    stuck: int = 0
    nonfinite: int = 0

    def share(self, count: int) -> float | None:
        return count / self.samples if self.samples else None


class Watch:
    """Collects what is seen of one pairing.

    Attributes:
        pairing: As recognised; `observed` gives it the measurements.
        head: Names of the value-changing operations between logits and loss.
    """

    def __init__(self, pairing: Pairing, head: tuple[str, ...], *, exact_head: bool) -> None:
        self._pairing = pairing
        self._head = head
        self._measurable = pairing.loss.loss is not None and exact_head and supports(pairing.loss.loss, head)
        self._pending: list[Sight] = []
        self._elements = 0
        self._series: list[tuple[int, float, float, float, float, float, float, float]] = []
        self._rows = 0
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
        self._pending.append(sight)
        self._elements += sight.elements
        full = len(self._pending) >= _BLOCK_STEPS or self._elements >= _BLOCK_ELEMENTS
        if full or self.backwards == 1:
            self.flush()
            return True
        return False

    def flush(self) -> None:
        """Measure what is pending, all rows of equal width at once."""
        pending, self._pending, self._elements = self._pending, [], 0
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
            nonfinite=totals.nonfinite,
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

    @property
    def head(self) -> tuple[str, ...]:
        return self._head

    def series(self) -> Series:
        columns = list(zip(*self._series, strict=True)) if self._series else [()] * 8
        return Series(tuple(int(step) for step in columns[0]), *(tuple(column) for column in columns[1:]))

    def scale(self, classes: int, encoding: TargetEncoding) -> float | None:
        """Gradient norm at uniform logits over cross-entropy's there, or None where it cannot be said."""
        if not self._measurable or self._pairing.loss.loss is None:
            return None
        params = {**self._params, "reduction": Const(_one_reduction(self._params))}
        try:
            return uniform_scale(self._pairing.loss.loss, self._head, params, classes, encoding)
        except LossauditError:
            return None

    def _measure(self, group: Sequence[Sight]) -> None:
        self._look_at_targets(group)
        rows = self._class_rows(group)
        losses = [_number(sight.loss) for sight in group]
        seen = [value for value, sight in zip(losses, group, strict=True) if sight.loss is not None]
        self._totals.nonfinite += sum(not math.isfinite(value) for value in seen)
        if rows is None:
            for sight, value in zip(group, losses, strict=True):
                self._series.append((sight.step, value, NAN, NAN, NAN, NAN, NAN, self._plain_gradient(sight)))
            return
        self._measure_classes(group, losses, *rows)

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
        if sight.logits is sight.prediction or not self._head:
            return True
        if sight.logits is None or sight.prediction is None or len(sight.logits) != len(sight.prediction):
            return False
        stages = [apply_head(self._head[: end + 1], sight.logits) for end in range(len(self._head))]
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
    ) -> None:
        assert self._pairing.loss.loss is not None
        self._learn_weight(group[0])
        try:
            measures = measure(self._pairing.loss.loss, self._head, self._params, logits, target)
        except LossauditError:
            for sight, value in zip(group, losses, strict=True):
                self._series.append((sight.step, value, NAN, NAN, NAN, NAN, NAN, NAN))
            return
        self.class_target = True
        block = _Totals()
        start = 0
        per_row = measures.norm.numel() // max(1, len(logits))
        for sight, value in zip(group, losses, strict=True):
            assert sight.logits is not None
            stop = start + len(sight.logits) * per_row
            here = slice(start, stop)
            start = stop
            usable = int(measures.usable[here].sum())
            right = int(measures.correct[here].sum())
            confident = int(measures.confidently_wrong[here].sum())
            stuck = int(measures.stuck[here].sum()) if measures.stuck is not None else 0
            block.samples += usable
            block.wrong += usable - right
            block.confidently_wrong += confident
            block.stuck += stuck
            median, low = _quantiles(measures.ratio[here] if measures.ratio is not None else None)
            self._series.append(
                (
                    sight.step,
                    value,
                    right / usable if usable else NAN,
                    confident / usable if usable else NAN,
                    stuck / usable if usable and measures.stuck is not None else NAN,
                    median,
                    low,
                    float(measures.norm[here].nanmean()) if usable else NAN,
                )
            )
        self._add(block, defined=measures.stuck is not None)

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
        if sight.captured is not None:
            self.captured = True
            return float(sight.captured)
        loss = self._pairing.loss.loss
        if not self._measurable or loss is None or sight.logits is None or sight.target is None:
            return NAN
        logits, target = sight.logits, sight.target
        if not self._head and logits.dim() == 2 and logits.shape[1] == 1:
            logits, target = logits[:, 0], target.reshape(-1)
        try:
            gradients = sample_gradients(loss, self._head, self._params, logits, target)
        except LossauditError:
            return NAN
        norms = gradients.abs() if gradients.dim() == 1 else torch.linalg.vector_norm(gradients, dim=-1)
        return float(norms.nanmean())

    def _look_at_targets(self, group: Sequence[Sight]) -> None:
        for sight in group:
            if sight.input_peak is not None:
                self._peak = max(self._peak or 0.0, float(sight.input_peak))
            if sight.prediction is not None and sight.prediction.numel() and sight.prediction.is_floating_point():
                low, high = (float(value) for value in torch.aminmax(sight.prediction.float()))
                old = self._range or (low, high)
                self._range = (min(old[0], low), max(old[1], high))
            if sight.target is None or not sight.target.numel():
                continue
            self._rows += len(sight.target)
            seen = encodings_of(sight.target)
            self._encodings = seen if self._encodings is None else self._encodings & seen
            if sight.target.dim() == 2 and sight.target.shape[1] > 1 and sight.target.is_floating_point():
                low, high = (float(value) for value in torch.aminmax(sight.target.double().sum(1)))
                sums = self._sums or (low, high)
                self._sums = (min(sums[0], low), max(sums[1], high))


def encodings_of(target: torch.Tensor) -> frozenset[TargetEncoding]:
    """All target encodings that these rows satisfy.

    >>> sorted(e.value for e in encodings_of(torch.eye(3)))
    ['count', 'distribution', 'one-hot', 'real', '{0,1}']
    """
    y = target.double()
    found = {TargetEncoding.REAL}
    if not bool(torch.isfinite(y).all()):
        return frozenset(found)
    whole = bool((y == y.round()).all())
    low, high = (float(value) for value in torch.aminmax(y))
    if whole and low >= 0:
        found.add(TargetEncoding.COUNT)
        if high <= 1:
            found.add(TargetEncoding.BINARY)
    if bool((y.abs() == 1).all()):
        found.add(TargetEncoding.SIGNED)
    if not target.is_floating_point() and target.dim() == 1:
        found.add(TargetEncoding.CLASS_INDEX)
    if y.dim() == 2 and y.shape[1] > 1 and low >= 0:
        error = float((y.sum(1) - 1).abs().max())
        if error == 0 and TargetEncoding.BINARY in found:
            found.add(TargetEncoding.ONE_HOT)
        if error <= 1e-4:
            found.add(TargetEncoding.DISTRIBUTION)
    return frozenset(found)


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


def _quantiles(ratio: torch.Tensor | None) -> tuple[float, float]:
    """Median and 10th percentile of what is defined."""
    if ratio is None:
        return NAN, NAN
    values = ratio[~torch.isnan(ratio)].sort().values
    if not len(values):
        return NAN, NAN
    return float(values[(len(values) - 1) // 2]), float(values[(len(values) - 1) // 10])


def _number(value: torch.Tensor | None) -> float:
    return float(value) if value is not None else NAN


def _one_reduction(params: Args) -> str:
    """`mean+sum` is a sum over classes and a mean over samples: per sample it is a sum."""
    reduction = params.get("reduction")
    text = reduction.value if isinstance(reduction, Const) else "mean"
    return "sum" if not isinstance(text, str) or "sum" in text or text == "none" else "mean"
