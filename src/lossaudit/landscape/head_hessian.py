"""The exact curvature of the head block: its dense Hessian in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape.block import Head, require_current
from lossaudit.landscape.lanczos import lanczos
from lossaudit.landscape.logit_loss import LogitLoss
from lossaudit.landscape.picture import Floats
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import Product, derivative, flat, gradient, shaped
from lossaudit.landscape.untouched import untouched

_LARGEST = 2_500  # parameters of a dense Hessian: 50 MB, and some seconds for its eigenvalues
_STEP = 1e-6  # of a difference quotient in the logits
_MOST_CLASSES = 256  # of a Hessian for each row of logits


@dataclass(frozen=True, slots=True)
class HeadCurvature:
    """The spectrum of the loss's Hessian over the weights and the bias of the head block.

    Attributes:
        parameters: How many the block has.
        smallest, largest: Eigenvalues.
        rounding: A bound of their error.
        null: Eigenvalues that are zero up to rounding; None where only the ends of the spectrum are known.
        gauge: Directions that move all logits of a sample alike and do not change the loss: exact zeros, one for each
            feature and one for the bias. 0 where the loss does change.
        negative: Eigenvalues that are negative beyond rounding; at least so many where `null` is None.
        words: The same in sentences.
    """

    parameters: int
    smallest: float
    largest: float
    rounding: float
    null: int | None
    gauge: int
    negative: int
    words: tuple[str, ...]


def head_curvature(probe: Probe, head: Head) -> HeadCurvature:
    """The curvature of the loss over the head block, at the present parameters.

    Raises:
        UsageError: The Hessian is not finite, or the loss cannot be differentiated twice in float64.
    """
    require_current(probe, head)
    with untouched(probe.model):
        block = _Block(probe, head)
        gauge = block.width if block.shifts_do_nothing() else 0
        if block.size > _LARGEST:
            return _by_lanczos(block, gauge)
        return _described(block, block.dense(), gauge)


def head_hessian(probe: Probe, head: Head) -> Floats:
    """(P, P): the Hessian over weight (row by row) and bias, in float64.

    Raises:
        UsageError: It is not finite, or the loss cannot be differentiated twice in float64.
    """
    require_current(probe, head)
    with untouched(probe.model):
        return _Block(probe, head).dense()


class _Block:
    """The loss over the block; its design matrix has one column for each feature, and ones for the bias."""

    def __init__(self, probe: Probe, head: Head) -> None:
        self._loss = LogitLoss(probe, head)
        self._head = head
        self._values = [probe.parameters[i].detach().double() for i in head.indices]
        self.classes = len(self._values[0])
        design = torch.cat([x.reshape(-1, x.shape[-1]) for x in head.features]).double()
        if head.bias is not None:
            design = torch.cat([design, torch.ones_like(design[:, :1])], 1)
        self.design = design
        self.width = design.shape[1]
        self.size = self.classes * self.width
        with torch.enable_grad():
            self._logits = tuple(z.requires_grad_() for z in head.pushed(self._values, fixed=True))
            self._pulled = self._gradient(self._logits, self._logits)
            self._value = float(self._loss([z.detach() for z in self._logits]))
        if not np.isfinite(self._value):
            raise UsageError(f"the loss is {self._value} at these parameters: it has no curvature there")
        if self._loss.labels is None and not self._follows():
            raise UsageError(
                "the gradient is not that of the loss there: a part is detached, or it has a kink or a step"
            )

    def _gradient(self, logits: Sequence[Tensor], by: Sequence[Tensor]) -> tuple[Tensor, ...]:
        try:
            return gradient(self._loss(logits), by)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"the curvature of the head needs two derivatives in float64: {reason}") from error

    @torch.no_grad()
    def _follows(self) -> bool:
        """Whether the loss changes in a few random directions as its gradient says, by central differences."""
        random = torch.Generator().manual_seed(1)
        logits, slopes = [z.detach() for z in self._logits], [g.detach() for g in self._pulled]
        size = math.sqrt(sum(float(g.square().sum()) for g in slopes))
        for _ in range(3):
            along = [torch.randn(z.shape, generator=random, dtype=z.dtype).to(z) for z in logits]
            said = sum(float((g * each).sum()) for g, each in zip(slopes, along, strict=True))
            ahead, behind = (
                float(self._loss([z + sign * _STEP * each for z, each in zip(logits, along, strict=True)]))
                for sign in (1, -1)
            )
            if abs((ahead - behind) / (2 * _STEP) - said) > 1e-3 * size + 1e-8 * (1 + abs(self._value)):
                return False
        return True

    def shifts_do_nothing(self) -> bool:
        """Whether the loss stays when all logits of a row move alike, for moves of several sizes."""
        random = torch.Generator().manual_seed(0)
        size = max(float(z.detach().abs().max()) for z in self._logits)
        with torch.no_grad():
            for scale in (1.0, 1.0, size, 3 * size):
                moved: list[Tensor] = []
                for z in self._logits:
                    shape = list(z.shape)
                    shape[self._head.channel] = 1
                    moved.append(z + scale * torch.randn(shape, generator=random, dtype=z.dtype).to(z))
                change = abs(float(self._loss(moved)) - self._value)
                if not change <= 1e-12 * (1 + scale) * (1 + abs(self._value)):
                    return False
        return True

    def rounding(self, largest: float) -> float:
        """A bound for eigenvalues of the dense Hessian, the largest of which has this absolute value.

        That of the eigenvalues grows with the matrix, that of its entries with the rows summed. In the closed form
        nothing cancels; elsewhere what cancels in the logits is of the size of the loss.
        """
        eps = float(np.finfo(np.float64).eps)
        found = eps * max(self.size, len(self.design)) * largest
        if self._loss.labels is None:
            found += 64 * eps * abs(self._value) * float(self.design.square().sum(1).mean())
        return found

    def dense(self) -> Floats:
        """(P, P), the weight row by row and then the bias."""
        blocks = self._blocks()
        hessian = self._by_rows(blocks) if blocks is not None else self._by_products()
        if not np.isfinite(hessian).all():
            raise UsageError("the Hessian of the head is not finite: the loss or a derivative overflows or is NaN")
        return hessian

    def _blocks(self) -> Tensor | None:
        """(R, K, K): the Hessian in the logits of each row; None where the loss couples the rows."""
        if self.classes > _MOST_CLASSES:
            return None
        if self._loss.labels is not None:
            p = torch.cat(self._logits).detach().softmax(1)
            blocks = -p.unsqueeze(1) * p.unsqueeze(2)
            # On the diagonal p (1 - p), with 1 - p as the sum of the others: exact where p is nearly 1, too.
            others = (p.unsqueeze(1) * (1 - torch.eye(self.classes).to(p))).sum(2)
            blocks.diagonal(dim1=1, dim2=2).copy_(p * others)
            return blocks / len(p) if self._loss.mean else blocks
        rows = [self._bent(lambda g, k=k: _one_class(g, k, self._head.channel)) for k in range(self.classes)]
        blocks = torch.stack(rows, 1)
        blocks = (blocks + blocks.mT) / 2
        random = torch.Generator().manual_seed(0)
        trial = [torch.randn(z.shape, generator=random, dtype=z.dtype).to(z) for z in self._logits]
        draws = iter(trial)
        true = self._bent(lambda g: next(draws))
        predicted = (blocks @ self._as_rows(trial).unsqueeze(-1)).squeeze(-1)
        error = torch.linalg.vector_norm(true - predicted)
        return blocks if float(error) <= 1e-10 * float(torch.linalg.vector_norm(true)) else None

    def _bent(self, weights: Callable[[Tensor], Tensor]) -> Tensor:
        """(R, K): the Hessian in all logits times a direction, which is given for each batch."""
        along = [weights(each) for each in self._pulled]
        return self._as_rows(derivative(self._pulled, self._logits, along)).detach()

    def _as_rows(self, logits: Sequence[Tensor]) -> Tensor:
        return torch.cat([z.movedim(self._head.channel, -1).reshape(-1, self.classes) for z in logits])

    def _by_rows(self, blocks: Tensor) -> Floats:
        """The sum over rows of (Hessian in its logits) kron (its features times themselves)."""
        k, width = self.classes, self.width
        whole = self.design.new_empty(k, width, k, width)
        for i in range(k):
            for j in range(i, k):
                part = self.design.T @ (blocks[:, i, j, None] * self.design)
                whole[i, :, j] = part
                whole[j, :, i] = part.T
        hessian = whole.reshape(self.size, self.size).cpu().numpy()
        order = self._order()
        return hessian[np.ix_(order, order)]

    def _order(self) -> NDArray[np.intp]:
        """From class by class, the bias last in each, to the order of the parameters."""
        places = np.arange(self.size).reshape(self.classes, self.width)
        features = self._values[0].numel() // self.classes
        return np.concatenate([places[:, :features].ravel(), places[:, features:].ravel()])

    def product(self) -> Product:
        """Products with the Hessian over the block, by double backward from the features."""
        with torch.enable_grad():
            values = [each.clone().requires_grad_() for each in self._values]
            slope = self._gradient(self._head.pushed(values, fixed=True), values)
        return lambda vector: flat(derivative(slope, values, shaped(vector, values)))

    def _by_products(self) -> Floats:
        times = self.product()
        hessian = np.stack([times(row) for row in np.eye(self.size)])
        return (hessian + hessian.T) / 2


def _one_class(like: Tensor, k: int, channel: int) -> Tensor:
    chosen = torch.zeros_like(like)
    chosen.select(channel, k).fill_(1.0)
    return chosen


def _by_lanczos(block: _Block, gauge: int) -> HeadCurvature:
    ends = lanczos(block.product(), block.size)
    smallest, largest = ends.smallest[0], ends.largest[0]
    rounding = max(smallest.bound, largest.bound)
    negative = int(smallest.value < -smallest.rounding)
    words = [
        f"The head has {block.size:,} parameters, too many for a dense Hessian (at most {_LARGEST:,}); the ends of its "
        f"spectrum come from {ends.steps} steps of Lanczos: an eigenvalue lies within {smallest.bound:.1e} of "
        f"{smallest.value:.3g}, another within {largest.bound:.1e} of {largest.value:.3g}.",
        "So it has negative curvature." if negative else "No negative curvature was found; that is no proof of none.",
    ]
    if gauge:
        words.append(_gauge_words(gauge))
    return HeadCurvature(block.size, smallest.value, largest.value, rounding, None, gauge, negative, tuple(words))


def _described(block: _Block, hessian: Floats, gauge: int) -> HeadCurvature:
    values = np.linalg.eigvalsh(hessian)
    smallest, largest = float(values[0]), float(values[-1])
    rounding = block.rounding(max(-smallest, largest))
    negative, null = int(np.sum(values < -rounding)), int(np.sum(np.abs(values) <= rounding))
    if negative:
        first = (
            f"{negative} of {block.size:,} eigenvalues are negative, down to {smallest:.3g} (rounding {rounding:.1e})"
        )
    else:
        first = f"None of {block.size:,} eigenvalues is negative beyond rounding ({rounding:.1e})"
    words = [f"{first}; the largest is {largest:.3g}."]
    if null:
        words += _null_words(block, null, gauge)
    return HeadCurvature(block.size, smallest, largest, rounding, null, gauge, negative, tuple(words))


def _gauge_words(gauge: int) -> str:
    return f"{gauge:,} directions move all logits of a sample alike, which the loss cannot see (the class-shift gauge)."


def _null_words(block: _Block, null: int, gauge: int) -> list[str]:
    words = [f"{null:,} eigenvalues are zero up to rounding."]
    if gauge:
        words.append(_gauge_words(gauge))
    classes = block.classes - bool(gauge)
    dead = int((block.design == 0).all(0).sum())
    collinear = block.width - int(torch.linalg.matrix_rank(block.design)) - dead
    if dead:
        words.append(f"{dead * classes:,} more belong to {_features(dead)} that never fire.")
    if collinear:
        words.append(f"{collinear * classes:,} more belong to {_features(collinear)} linear in the others.")
    rest = null - gauge - (dead + collinear) * classes
    if rest > 0:
        words.append(f"{rest:,} more are too flat for float64: the loss is saturated, or nearly linear, along them.")
    return words


def _features(count: int) -> str:
    return "1 feature" if count == 1 else f"{count:,} features"
