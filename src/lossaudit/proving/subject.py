"""What is proved about: a callable as a real function of some of its tensors, all others held fixed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lossaudit.errors import UsageError
from lossaudit.proving.failing import described
from lossaudit.proving.setting import Setting, Slot, Wrt, plain, setting_of, slots_of
from lossaudit.record.function import record_function
from lossaudit.record.lowering import Lowering
from lossaudit.record.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Subject:
    """A real function of a list of tensors.

    Attributes:
        function: Called with the variables, as tensors of `dtype`; the user's own code with everything else filled in.
        names: Of the variables, as the user calls them.
        shapes: Of the variables.
        example: A point at which the function has a finite value and a gradient; all variables, flattened.
        dtype: In which the function is evaluated.
        described: What the function is called.
        fixed: What is held fixed, in words.
        notes: What else a reader of the verdict should know.
        result: The type of the value, which other tensors may have made coarser.
    """

    function: Callable[..., torch.Tensor]
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    example: tuple[float, ...]
    dtype: torch.dtype = torch.float64
    described: str = ""
    fixed: str = ""
    notes: tuple[str, ...] = ()
    result: torch.dtype = torch.float64

    @classmethod
    def of(
        cls, fn: Callable[..., Any], args: Sequence[Any] = (), wrt: Wrt = 0, keywords: Mapping[str, Any] | None = None
    ) -> Subject:
        """A callable as a function of some of its tensors.

        Nothing of the user's is changed: tensors are copied, a module is copied and keeps its mode (training or not).
        Everything is computed in float64 where that works.

        Args:
            fn: Returns a tensor of one element: a function, a module, anything that can be called.
            args: Its arguments, an example.
            wrt: The variables: positions among the arguments, names of arguments, names of a module's parameters
                (`"layers.2.weight"`), a list of such, or `"all"` for all parameters of a module together.
            keywords: Further arguments, by name.

        Raises:
            UsageError: It is no such function; one line says why.

        >>> x, y = torch.ones(4, 3), torch.tensor([0, 1, 1, 0])
        >>> Subject.of(torch.nn.CrossEntropyLoss(), (x, y)).variables
        (('input', (4, 3)),)
        >>> Subject.of(torch.nn.Linear(2, 1), (torch.ones(2),), wrt="all").words
        'weight and bias jointly'
        """
        if not callable(fn):
            raise UsageError(f"{type(fn).__name__} is not callable")
        slots = slots_of(fn, args, keywords or {}, wrt)
        state = torch.get_rng_state()
        try:
            with _as_given():
                return _first_that_runs(fn, args, keywords or {}, slots)
        finally:
            torch.set_rng_state(state)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the variable; of several, how many numbers they are together."""
        return self.shapes[0] if len(self.shapes) == 1 else (len(self.example),)

    @property
    def epsilon(self) -> float:
        """Relative distance of neighbouring numbers of the coarsest type in which it is evaluated."""
        return max(float(torch.finfo(dtype).eps) for dtype in (self.dtype, self.result))

    @property
    def words(self) -> str:
        """The variables as a person would say it."""
        *others, last = self.names
        return f"{', '.join(others)} and {last} jointly" if others else last

    @property
    def variables(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and shape of each variable."""
        return tuple(zip(self.names, self.shapes, strict=True))

    def tensors(self, point: Sequence[float]) -> list[torch.Tensor]:
        """The variables at a flat point, as fresh tensors that want a gradient."""
        flat = torch.from_numpy(np.array(point, dtype=np.float64)).to(self.dtype)
        parts = flat.split([math.prod(shape) for shape in self.shapes])
        return [part.reshape(shape).clone().requires_grad_() for part, shape in zip(parts, self.shapes, strict=True)]

    def value(self, point: Sequence[float]) -> float:
        """What the user's code computes at a flat point, rounding and all; nan where it raises.

        >>> Subject.of(torch.sum, (torch.zeros(3),)).value((1, 2, 3.5))
        6.5
        """
        with _as_given():
            try:
                return float(self.function(*(tensor.clone() for tensor in self.tensors(point))))
            except Exception:
                return math.nan

    def gradient(self, point: Sequence[float]) -> tuple[float, ...]:
        """What autograd computes at a flat point; zero for a variable that it does not reach.

        >>> Subject.of(lambda z: (z * z).sum(), (torch.zeros(2),)).gradient((1, 3))
        (2.0, 6.0)
        """
        tensors = self.tensors(point)
        with _as_given():
            out = self.function(*(tensor.clone() for tensor in tensors))
            parts = torch.autograd.grad(out.reshape(()), tensors, materialize_grads=True)
        return tuple(torch.cat([part.reshape(-1) for part in parts]).tolist())

    def record(self, lowering: Lowering) -> Recorded:
        """Take the function apart, at the example."""
        with _as_given():
            return record_function(self.function, self.tensors(self.example), lowering)


def _first_that_runs(
    fn: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any], slots: tuple[Slot, ...]
) -> Subject:
    """In float64, or else as given."""
    given = setting_of(fn, args, keywords, slots, None)
    dtypes = {tensor.dtype for tensor in given.fixed() if tensor.is_floating_point()}
    if dtypes == {torch.float64}:
        return _checked(given, given.variables()[0].dtype, ())
    try:
        return _checked(setting_of(fn, args, keywords, slots, torch.float64), torch.float64, ())
    except _Raised as error:
        dtype = given.variables()[0].dtype
        note = f"computed in {plain(dtype)}: in float64 the function raises {error.reason}"
        return _checked(given, dtype, (note,))


class _Raised(UsageError):
    """The user's code raised."""

    def __init__(self, error: Exception) -> None:
        self.reason = described(error)
        super().__init__(f"the function raises {self.reason}")


def _checked(setting: Setting, dtype: torch.dtype, notes: tuple[str, ...]) -> Subject:
    """The subject, after two runs that show that it is one."""
    examples = [tensor.detach().to(dtype) for tensor in setting.variables()]
    fixed = setting.fixed()
    versions = [tensor._version for tensor in fixed]
    state = torch.get_rng_state()
    leaves, points, value = _run(setting, examples)
    if not torch.equal(state, torch.get_rng_state()):
        raise UsageError("the function draws random numbers: fix them, or put its modules into eval mode")
    for slot, example, point in zip(setting.slots, examples, points, strict=True):
        if point._version or not torch.equal(point.detach(), example):
            raise UsageError(f"the function changes its input {slot.name} in place: let it work on a copy")
    if versions != [tensor._version for tensor in fixed]:
        raise UsageError("the function changes one of its arguments in place: let it work on a copy")
    _check_value(value)
    reached = _check_gradient(value, leaves)
    again = _run(setting, examples)[2]
    if float(again.detach()) != float(value.detach()):
        raise UsageError("the function gives another value each time: it is random, or keeps a state")
    missed = [slot.name for slot, there in zip(setting.slots, reached, strict=True) if not there]
    notes = (*notes, *(f"no gradient reaches {name}" for name in missed))
    return Subject(
        setting,
        tuple(slot.name for slot in setting.slots),
        tuple(tuple(example.shape) for example in examples),
        tuple(torch.cat([example.reshape(-1) for example in examples]).tolist()),
        dtype,
        setting.described(),
        setting.words_for_fixed(),
        notes,
        value.dtype,
    )


def _run(setting: Setting, examples: Sequence[torch.Tensor]) -> tuple[list[torch.Tensor], list[torch.Tensor], Any]:
    leaves = [example.clone().requires_grad_() for example in examples]
    points = [leaf.clone() for leaf in leaves]
    try:
        return leaves, points, setting(*points)
    except Exception as error:
        raise _Raised(error) from None


def _check_value(value: Any) -> None:
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"the function returns {type(value).__name__}, not a tensor")
    if value.numel() != 1:
        raise UsageError(
            f"the function returns a tensor of shape {tuple(value.shape)}, not one number: "
            "take its mean or sum (reduction='mean')"
        )
    if value.is_complex():
        raise UsageError("the function returns a complex number")
    if not math.isfinite(float(value.detach())):
        raise UsageError(f"the function is {float(value.detach())} at the example, not finite: give another example")


def _check_gradient(value: torch.Tensor, leaves: Sequence[torch.Tensor]) -> list[bool]:
    """Which variables a gradient reaches."""
    found: Sequence[torch.Tensor | None] = [None]
    if value.requires_grad:
        try:
            found = torch.autograd.grad(value.reshape(()), leaves, allow_unused=True)
        except Exception as error:
            raise UsageError(f"the backward pass of the function raises {described(error)}") from None
    if all(part is None for part in found):
        raise UsageError(
            "the function is not differentiable: no gradient reaches the variables "
            "(a detach, an argmax or a comparison stands between, or they are not used)"
        )
    return [part is not None for part in found]


@contextmanager
def _as_given() -> Iterator[None]:
    """Run the user's code with gradients on, and without its warnings: it is run many times."""
    with warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        yield
