"""A loss of a few variables at many points of a slice at once: value, gradient, and Hessian within the slice.

The points are independent, so one reverse pass over the sum of their losses gives all gradients, and one more for each
direction of the slice gives all Hessians.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Floats

Function: TypeAlias = Callable[[Tensor], Tensor]
"""One point, a flat float64 tensor (n,), to a scalar tensor."""

_CHUNK = 49152  # numbers in one batch of points: what fits into the cache
_FALLBACK = "performance drop"  # torch's warning that it loops over the points by itself
_STEP = 2.0**-20  # of a difference quotient, where nothing can be differentiated


@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """What is known of a loss at B points.

    Attributes:
        loss: (B,).
        gradient: (B, n) with respect to all variables.
        hessian: (B, d, d) in the coordinates of the slice.
    """

    loss: Tensor
    gradient: Tensor | None = None
    hessian: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The points `centre + coordinates @ directions`, and how the loss can be evaluated there.

    Attributes:
        batched: It can be evaluated at many points in one call, gives the same there, and torch does not loop inside.
        differentiable: It has a gradient by automatic differentiation.
        twice: And a Hessian.
    """

    function: Function
    centre: Tensor
    directions: Tensor
    batched: bool
    differentiable: bool
    twice: bool

    def points(self, coordinates: Tensor) -> Tensor:
        """(B, d) coordinates to (B, n) points; coordinates of 0 give the centre exactly."""
        points = self.centre.expand(len(coordinates), -1)
        for k, direction in enumerate(self.directions):
            points = points + coordinates[:, k, None] * direction
        return points

    def at(self, coordinates: Tensor, order: int) -> Local:
        """The loss (order 0), its gradient (1) and its Hessian (2), as far as there are such, at (B, d) coordinates."""
        points = self.points(coordinates)
        if order and not self.differentiable:
            return Local(self.at(coordinates, 0).loss, self._quotients(points))
        order = min(order, 1 + self.twice)
        parts = self._parts(points, order)
        return Local(
            torch.cat([part.loss for part in parts]),
            torch.cat([part.gradient for part in parts if part.gradient is not None]) if order else None,
            torch.cat([part.hessian for part in parts if part.hessian is not None]) if order == 2 else None,
        )

    def _quotients(self, points: Tensor) -> Tensor:
        """The gradient by central differences; NaN where halving the step changes it, as it does at a jump."""
        columns: list[Tensor] = []
        for unit in torch.eye(points.shape[1], dtype=points.dtype):
            wide, narrow = (
                (self._losses(points + h * unit) - self._losses(points - h * unit)) / (2 * h)
                for h in (_STEP, _STEP / 2)
            )
            same = (wide - narrow).abs() <= 1e-3 * (1 + wide.abs())
            columns.append(torch.where(same, wide, torch.nan))
        return torch.stack(columns, -1)

    def _losses(self, points: Tensor) -> Tensor:
        return torch.cat([part.loss for part in self._parts(points, 0)])

    def _parts(self, points: Tensor, order: int) -> list[Local]:
        """Of batches of points that fit into the cache."""
        form = _form(self.function, self.batched)
        size = max(64, _CHUNK // points.shape[1])
        return [differentiated(form, part, self.directions, order) for part in points.split(size)]


def examined(function: Function, centre: Floats, directions: Floats, trial: Floats) -> Slice:
    """A slice of a function, after trying at a few coordinates (B, d) what can be done with it.

    Raises:
        UsageError: It cannot be evaluated at the first of them, or gives more than one number.
    """
    at = torch.tensor(centre, dtype=torch.float64)
    span = torch.tensor(directions, dtype=torch.float64)
    made = Slice(function, at, span, False, False, False)
    points = made.points(torch.tensor(trial, dtype=torch.float64))
    _refuse_unless_scalar(function, points[0])
    batched = _agrees(function, points)
    form = _form(function, batched)
    differentiable = _can(form, points, span, 1)
    twice = differentiable and _can(form, points, span, 2)
    return Slice(function, at, span, batched, differentiable, twice)


def differentiated(form: Function, points: Tensor, directions: Tensor, order: int) -> Local:
    """(B, n) points to what is known of a loss there; `form` takes all points to (B,) losses."""
    if not order:
        with torch.no_grad():
            return Local(form(points).detach())
    with torch.enable_grad():
        points = points.detach().requires_grad_()
        losses = form(points)
        gradient = _gradient(losses.sum(), points, order == 2)
        undefined = losses.detach().isnan()
        if order == 1:
            return Local(losses.detach(), gradient.detach().masked_fill(undefined[:, None], torch.nan))
        rows = [_gradient((gradient @ each).sum(), points, False, True) @ directions.T for each in directions]
    return Local(
        losses.detach(),
        gradient.detach().masked_fill(undefined[:, None], torch.nan),
        torch.stack(rows, 1).masked_fill(~losses.detach().isfinite()[:, None, None], torch.nan),
    )


def _gradient(value: Tensor, points: Tensor, create: bool, retain: bool = False) -> Tensor:
    """Zeros where the value does not depend on the points."""
    if not value.requires_grad:
        return torch.zeros_like(points)
    (found,) = torch.autograd.grad(value, points, create_graph=create, retain_graph=create or retain, allow_unused=True)
    return torch.zeros_like(points) if found is None else found


def _form(function: Function, batched: bool) -> Function:
    """What takes (B, n) points to (B,) losses."""
    if batched:
        return torch.func.vmap(lambda point: function(point).reshape(()).double())
    return lambda points: torch.stack([_one(function, point) for point in points.unbind()])


def _one(function: Function, point: Tensor) -> Tensor:
    try:
        return function(point).reshape(()).double()
    except ValueError:  # the loss refuses this point: it is not defined there
        return point.sum() * torch.nan


def _refuse_unless_scalar(function: Function, point: Tensor) -> None:
    try:
        value = function(point)
    except Exception as error:
        raise UsageError(f"the loss cannot be evaluated at the centre of the slice: {error}") from error
    if not isinstance(value, Tensor) or value.numel() != 1:
        got = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise UsageError(f"the loss has to return one number as a tensor; it returned {got}")


def _agrees(function: Function, points: Tensor) -> bool:
    """Whether the function can be evaluated at all points in one call, with what it gives one by one."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            with torch.enable_grad():
                leaf = points.detach().requires_grad_()
                together = _form(function, True)(leaf)
                if together.requires_grad:
                    torch.autograd.grad(together.sum(), leaf, create_graph=True)
            apart = _form(function, False)(points)
        except Exception:  # data-dependent control flow, .item(), a branch: whatever it is, point by point it goes
            return False
    if any(_FALLBACK in str(each.message) for each in said):
        return False
    return bool(torch.allclose(together.detach(), apart.detach(), rtol=1e-12, atol=1e-12, equal_nan=True))


def _can(form: Function, points: Tensor, directions: Tensor, order: int) -> bool:
    """Whether so many derivatives can be taken."""
    with torch.enable_grad():
        try:
            if not form(points.detach().requires_grad_()).requires_grad:
                return False
            differentiated(form, points, directions, order)
        except Exception:
            return False
    return True
