"""A loss taken apart into samples: the user's function of one row of raw outputs, for every target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from flint import fmpq

from lossaudit.errors import LossauditError
from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Program
from lossaudit.geometry.properties.family import Family, Task
from lossaudit.proving.prove import record
from lossaudit.proving.subject import Subject

_MOST_CLASSES = 32  # with every class as target
_MOST_NUMBERS = 3
_OUTLIER = 8.0  # a target far from all others: what the loss makes of it tells losses apart


@dataclass(frozen=True, slots=True)
class Samples:
    """One sample of a loss.

    Attributes:
        function: The user's, of a batch of one sample and whatever else it takes.
        example: Raw outputs of one sample, as a batch.
        targets: All targets that are looked at, each as a batch of one.
        labels: The same for people: class indices, labels or numbers.
        others: Further arguments.
        task: What the raw outputs are.
        complete: Whether there are no other targets.
    """

    function: Callable[..., Any]
    example: torch.Tensor
    targets: tuple[torch.Tensor, ...]
    labels: tuple[float, ...]
    others: tuple[Any, ...]
    task: Task
    complete: bool

    def row(self, index: int) -> Callable[[torch.Tensor], torch.Tensor]:
        """The loss with one target as a function of flat raw outputs, in their type."""
        target, shape = self.targets[index], self.example.shape

        def loss(z: torch.Tensor) -> torch.Tensor:
            fitting = target.to(z.dtype) if target.is_floating_point() else target
            others = [
                o.to(z.dtype) if isinstance(o, torch.Tensor) and o.is_floating_point() else o for o in self.others
            ]
            return self.function(z.reshape(shape), fitting, *others)

        return loss

    def family(self, domain: Interval, semantics: str = "ideal") -> Family:
        """One program for each target.

        Raises:
            LossauditError: The function does not run on one sample, looks at values on its way, or is another function
                than what was recorded of it.
        """
        programs = tuple(self._program(target, domain, semantics) for target in self.targets)
        return Family(programs, self.labels, self.task, self.complete)

    def program(self, index: int, domain: Interval, semantics: str) -> Program:
        """The program of one target."""
        return self._program(self.targets[index], domain, semantics)

    def _program(self, target: torch.Tensor, domain: Interval, semantics: str) -> Program:
        subject = Subject.of(self.function, (self.example, target, *self.others))
        recording = record(subject, domain, semantics)
        if semantics == "ideal" and recording.deviates:
            record(subject, domain, "as coded")  # which is compared with the code
        if recording.recorded.escapes:
            raise LossauditError(f"the code looks at values: {recording.recorded.escapes[0]}")
        if recording.program.through_affine:
            raise LossauditError("the raw outputs are many")
        return in_all_variables(recording.program, recording.used, self.example.numel())


def in_all_variables(program: Program, used: Sequence[int], count: int) -> Program:
    """The same program numbered as the raw outputs are, whether it depends on all of them or not."""
    instructions = tuple(
        i._replace(constants=(fmpq(used[int(i.constants[0].p)]),)) if i.op == "variable" else i
        for i in program.instructions
    )
    return replace(program, instructions=instructions, variables=count)


def samples(function: Callable[..., Any], arguments: Sequence[Any]) -> Samples | None:
    """What one sample of a loss is, from an example of its arguments; None where that cannot be told."""
    if len(arguments) < 2 or not all(isinstance(a, torch.Tensor) for a in arguments[:2]):
        return None
    z, y, *others = arguments
    if z.ndim == 2 and z.shape[1] > 1 and y.shape == z.shape[:1] and not y.is_floating_point():
        return _of_classes(function, z, others, one_hot=None)
    if y.shape != z.shape or z.ndim not in (1, 2):
        return None
    values = sorted(set(y.reshape(-1).tolist()))
    if z.ndim == 2 and z.shape[1] > 1:
        rows = y.double()
        simplex = bool((rows >= 0).all()) and torch.allclose(rows.sum(1), torch.ones(len(y), dtype=torch.float64))
        return _of_classes(function, z, others, one_hot=y.dtype) if simplex else None
    task = Task.BINARY if set(values) <= {0.0, 1.0} or set(values) <= {-1.0, 1.0} else Task.REAL
    if task is Task.BINARY:
        values = [-1, 1] if min(values) < 0 else [0, 1]
    else:
        values = [*values[:_MOST_NUMBERS], max(values) + _OUTLIER]
    shape = (1,) * z.ndim
    return Samples(
        function,
        z.detach().reshape(-1)[:1].reshape(shape).clone(),
        tuple(torch.full(shape, value, dtype=y.dtype) for value in values),
        tuple(map(float, values)),
        tuple(others),
        task,
        task is Task.BINARY,
    )


def _of_classes(
    function: Callable[..., Any], z: torch.Tensor, others: Sequence[Any], one_hot: torch.dtype | None
) -> Samples:
    k = z.shape[1]
    labels = tuple(range(k)) if k <= _MOST_CLASSES else (0, 1, k - 1)
    if one_hot is None:
        targets = tuple(torch.tensor([label]) for label in labels)
    else:
        targets = tuple(torch.eye(k, dtype=one_hot)[label : label + 1] for label in labels)
    complete = len(labels) == k
    return Samples(function, z.detach()[:1].clone(), targets, labels, tuple(others), Task.CLASSES, complete)
