"""A slice through the head block in closed form, with exact slope and curvature at every node.

At node (a, b) the logits are Z0 + a Zu + b Zv: three products with the cached features serve the whole surface, and
the derivatives along a and b are derivatives of the loss in the logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape import differences
from lossaudit.landscape.block import Head, find_head, require_current
from lossaudit.landscape.head_hessian import HeadCurvature, head_curvature
from lossaudit.landscape.logit_loss import LogitLoss
from lossaudit.landscape.picture import Coordinate, Curvature, Floats, Mark, MarkKind, Surface
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import derivative, gradient
from lossaudit.landscape.untouched import untouched

__all__ = ["Head", "HeadCurvature", "find_head", "head_curvature", "surface"]

_ELEMENTS = 2**19  # logits that are computed at once: 4 MB of float64, about what a cache holds
_COMPARED = 64  # nodes at which the gradient is compared with difference quotients,
_STEP = 1e-6  # of this share of the width
_OFF = 0.05  # of these nodes may lie on a kink
_ROUNDING = 64 * float(np.finfo(np.float64).eps)


def surface(probe: Probe, head: Head, plane: Plane, x: Coordinate, y: Coordinate | None, *, name: str) -> Surface:
    """The loss over a plane through the head block, or over a line where `y` is None.

    The loss is evaluated in the precision of the model, as training sees it; slope, gradient and curvature in float64.
    `slope` is the norm of the gradient over the head's own weights and bias.

    Args:
        probe: As `head` was found with.
        head: The block.
        plane: Its origin agrees with the model outside of the block, and its directions are zero there.
        x: Coordinates along the first direction.
        y: Along the second.
        name: Of the surface.

    Raises:
        UsageError: The plane leaves the block.
    """
    _check(probe, head, plane, 1 if y is None else 2)
    require_current(probe, head)
    shape = (len(x.values),) if y is None else (len(y.values), len(x.values))
    nodes = _nodes(plane, x, y)
    with untouched(probe.model):
        slice_ = _Slice(probe, head, plane, nodes)
        loss = slice_.losses()
        derivatives, notes = slice_.derivatives()
    marks = (Mark(MarkKind.CENTRE, "trained parameters", nodes[-1:].numpy(), loss[-1:]), *plane.marks)
    if derivatives is None:
        return Surface(name, x, y, loss[:-1].reshape(shape), marks=marks, notes=notes)
    unknown = ~np.isfinite(loss)  # in training's precision there is nothing to differentiate
    slope, gradient, hessian = (np.where(unknown.reshape(-1, *[1] * (d.ndim - 1)), np.nan, d) for d in derivatives)
    least, rounding = (each[:-1].reshape(shape) for each in (_least(hessian), slice_.rounding(loss, hessian)))
    by = Curvature.DERIVATIVES
    wrong = slice_.misled(gradient)
    if wrong:
        by, notes = Curvature.DIFFERENCES, (*notes, wrong)
        values = slice_.precise(nodes[:-1]).reshape(shape)
        noise = _ROUNDING * np.abs(values)
        least, rounding = differences.curvature(values, x.values, None if y is None else y.values, noise)
    return Surface(
        name,
        x,
        y,
        loss[:-1].reshape(shape),
        slope=slope[:-1].reshape(shape),
        curvature=least,
        curvature_by=by,
        rounding=rounding,
        arrows=gradient[:-1].reshape(*shape, 2) if y is not None else None,
        marks=marks,
        notes=notes,
    )


def _check(probe: Probe, head: Head, plane: Plane, dims: int) -> None:
    if len(plane.directions) < dims:
        raise UsageError("a surface needs two directions: the plane has one, so give no second coordinate")
    for index, (origin, now, name) in enumerate(zip(plane.origin, probe.parameters, probe.names, strict=True)):
        if index not in head.indices and not torch.equal(origin, now.detach()):
            raise UsageError(
                f"the plane starts where {name} is not the model's: find the head of that checkpoint first"
            )
        if index not in head.indices and any(bool(along[index].any()) for along in plane.directions[:dims]):
            raise UsageError(f"the plane moves {name}, which does not belong to the head {head.name!r}")


def _nodes(plane: Plane, x: Coordinate, y: Coordinate | None) -> Tensor:
    """(n + 1, 1 or 2): coordinates of all nodes, row by row, and last those of the trained parameters."""
    axes = [x.values] if y is None else [y.values, x.values]
    grid = np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")][::-1], -1)
    return torch.from_numpy(np.concatenate([grid, [plane.offset[: len(axes)]]]))


class _Slice:
    """The loss along directions of the head block."""

    def __init__(self, probe: Probe, head: Head, plane: Plane, nodes: Tensor) -> None:
        self._loss = LogitLoss(probe, head)
        self._head = head
        self._dtype = plane.origin[head.weight].dtype
        device = plane.origin[head.weight].device
        self._nodes = nodes.to(device)
        origin = [plane.origin[i].double() for i in head.indices]
        self._start = head.pushed(origin, fixed=True)
        moves = plane.directions[: nodes.shape[1]]
        self._along = [head.pushed([along[i].double() for i in head.indices], fixed=False) for along in moves]
        self._features = torch.cat([each.reshape(-1, each.shape[-1]) for each in head.features]).double()

    def _chunks(self) -> Sequence[Tensor]:
        return self._nodes.split(max(1, _ELEMENTS // sum(each.numel() for each in self._start)))

    def _at(self, nodes: Tensor) -> list[Tensor]:
        """The logits of each batch, with the nodes along the first axis."""
        made: list[Tensor] = []
        for index, start in enumerate(self._start):
            z = start.unsqueeze(0)
            for axis, along in enumerate(self._along):
                z = z + nodes[:, axis].reshape(-1, *[1] * start.ndim) * along[index]
            made.append(z)
        return made

    @torch.no_grad()
    def losses(self) -> Floats:
        """(n + 1,), in the precision of the model."""
        found = [self._loss.many([z.to(self._dtype) for z in self._at(nodes)]) for nodes in self._chunks()]
        return torch.cat(found).double().cpu().numpy()

    def derivatives(self) -> tuple[tuple[Floats, Floats, Floats] | None, tuple[str, ...]]:
        """Norm of the gradient over the block (n,), gradient (n, d) and Hessian (n, d, d) along the slice."""
        closed = self._loss.labels is not None
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        try:
            for nodes in self._chunks():
                found.append(self._of_cross_entropy(nodes) if closed else self._of_any(nodes))
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            return None, (
                f"No slope and no curvature is shown: the loss could not be differentiated twice ({reason}).",
            )
        slope, gradient, hessian = (torch.cat(each).cpu().numpy() for each in zip(*found, strict=True))
        count = sum(each.shape[-1] + (self._head.bias is not None) for each in self._head.features[:1])
        count *= self._start[0].shape[self._head.channel]
        return (slope, gradient, hessian), (
            f"The slope is the norm of the gradient over the {count:,} parameters of "
            f"{f'the head {self._head.name!r}' if self._head.name else 'the model itself, which is a head'}.",
        )

    @torch.no_grad()
    def precise(self, nodes: Tensor) -> Floats:
        """The loss in float64."""
        parts = nodes.to(self._nodes).split(max(1, _ELEMENTS // sum(each.numel() for each in self._start)))
        return torch.cat([self._loss.many(self._at(part)) for part in parts]).cpu().numpy()

    def misled(self, gradient: Floats) -> str:
        """Why derivatives do not tell how the loss bends, in a sentence; empty where they do."""
        if self._loss.labels is not None:
            return ""
        with torch.enable_grad():
            loss = self._loss([each.detach().requires_grad_() for each in self._start])
        if differences.bends_unseen(loss):
            return "The loss of the logits has kinks, which automatic differentiation does not see."
        some = np.unique(np.linspace(0, len(gradient) - 1, _COMPARED).round().astype(int))
        some = some[np.isfinite(gradient[some]).all(1)]
        off = np.zeros(len(some), bool)
        for axis in range(self._nodes.shape[1]):
            move = torch.zeros_like(self._nodes[:1])
            move[0, axis] = _STEP * float(self._nodes[:, axis].max() - self._nodes[:, axis].min())
            ahead, behind = (self.precise(self._nodes[some] + sign * move) for sign in (1, -1))
            quotient = (ahead - behind) / (2 * float(move[0, axis]))
            off |= np.abs(quotient - gradient[some, axis]) > 1e-3 * np.max(np.abs(gradient[some]), initial=1e-6)
        if np.mean(off) <= _OFF:
            return ""
        return "The gradient is not that of the loss as drawn: a part of it is detached, or has steps."

    def _of_any(self, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """By automatic differentiation: nodes do not depend on each other, so one backward serves all."""
        with torch.enable_grad():
            t = nodes.detach().requires_grad_()
            logits = self._at(t)
            loss = self._loss.many(logits).sum()
            if loss.dtype != torch.float64:
                raise RuntimeError(f"it is computed in {str(loss.dtype).removeprefix('torch.')}")
            first = gradient(loss, (t, *logits))
            rows = [derivative(first[:1], (t,), (along.expand_as(t),))[0] for along in torch.eye(t.shape[1]).to(t)]
        axis = self._head.channel if self._head.channel < 0 else 1 + self._head.channel
        pulled = [g.detach().movedim(axis, -1).reshape(len(t), -1, g.shape[axis]) for g in first[1:]]
        return self._norm(torch.cat(pulled, 1).movedim(0, 1)), first[0].detach(), torch.stack(rows, 1)

    @torch.no_grad()
    def _of_cross_entropy(self, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """With p = softmax(z): gradient p - y, Hessian diag(p) - pp'. Laid out (row, node, class)."""
        labels = self._loss.labels
        assert labels is not None
        weight = 1 / len(labels) if self._loss.mean else 1.0
        start, *along = (torch.cat(each) for each in (self._start, *self._along))
        # Softmax sees differences only. Against the true class nothing cancels where that has all of the probability.
        along = [each - each.gather(1, labels.unsqueeze(1)) for each in along]
        z = (start - start.gather(1, labels.unsqueeze(1))).unsqueeze(1).repeat(1, len(nodes), 1)
        for axis, each in enumerate(along):
            z.addcmul_(nodes[:, axis].reshape(1, -1, 1), each.unsqueeze(1))
        p = z.softmax(-1)
        pairs = [(i, j) for i in range(len(along)) for j in range(i, len(along))]
        moments = p @ torch.stack([*along, *(along[i] * along[j] for i, j in pairs)], -1)
        means = moments[..., : len(along)]
        gradient = means.sum(0) * weight
        hessian = torch.empty(len(nodes), len(along), len(along), dtype=p.dtype, device=p.device)
        for place, (i, j) in enumerate(pairs, len(along)):
            hessian[:, i, j] = (moments[..., place] - means[..., i] * means[..., j]).sum(0) * weight
            hessian[:, j, i] = hessian[:, i, j]
        p.scatter_add_(2, labels.reshape(-1, 1, 1).expand(-1, len(nodes), 1), torch.full_like(p[..., :1], -1.0))
        return self._norm(p) * weight, gradient, hessian

    def _norm(self, pulled: Tensor) -> Tensor:
        """Norm of the gradient over the block, from that in the logits (rows, nodes, classes)."""
        rows, nodes, classes = pulled.shape
        weights = pulled.reshape(rows, -1).T @ self._features
        square = weights.square().sum(1)
        if self._head.bias is not None:
            square = square + pulled.sum(0).reshape(-1).square()
        return square.reshape(nodes, classes).sum(1).sqrt()

    def rounding(self, loss: Floats, hessian: Floats) -> Floats:
        """What rounding may have done to a curvature: where much cancels, it is of the size of what cancels.

        That is a Hessian elsewhere on the surface (at a saturated node differences of probabilities near 1 remain), or
        a loss times the squared spread of the logits' movement.
        """
        size = np.abs(hessian).sum((1, 2))
        moved = [(z - z.mean(self._head.channel, keepdim=True)) for along in self._along for z in along]
        spread = sum(float(z.square().sum()) for z in moved) / len(self._features)
        finite = np.abs(loss[np.isfinite(loss)])
        largest = np.max(size[np.isfinite(size)], initial=0.0) + np.max(finite, initial=0.0) * spread
        return _ROUNDING * (size + largest)


def _least(hessian: Floats) -> Floats:
    """Smallest eigenvalue of matrices of one or two rows."""
    if hessian.shape[-1] == 1:
        return hessian[:, 0, 0]
    a, b, c = hessian[:, 0, 0], hessian[:, 1, 1], hessian[:, 0, 1]
    return (a + b) / 2 - np.hypot((a - b) / 2, c)
