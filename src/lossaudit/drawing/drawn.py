"""What is drawn: one loss as a function of one flat point, its logits of one sample where it has such."""

from __future__ import annotations

import copy
import functools
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossaudit import catalogue
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.drawing.words import number
from lossaudit.errors import UsageError
from lossaudit.proving.failing import described
from lossaudit.proving.named import HEADS, definition, named, usual_head
from lossaudit.proving.request import Asked, by_address
from lossaudit.proving.samples import Samples, samples

_ROWS = ("softmax", "log_softmax")
_OWN_HEAD = (Expects.LOGITS, Expects.LOG_PROBABILITIES)  # such a loss brings its head along, or knows which it needs
_MOST_CLASSES = 4096


class Space(Enum):
    """What the variables are."""

    CLASSES = "a row of logits"
    SCORE = "one logit and a label"
    NUMBER = "one number and a target"
    VARIABLES = "variables of its own"


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A loss that is ready to be drawn.

    Attributes:
        name: For the reader: `"Squared error on softmax"`.
        words: The function, in words.
        function: Of one flat point (n,) in float64; returns one number.
        space: What the point is.
        variables: Name of each of its numbers.
        centre: The point that slices go through unless another is asked for.
        free: Which two of its numbers (or which one) are drawn unless others are asked for.
        label: The true class, the label (-1 or 1), or the target number.
        target: The same in words.
        domain: Where the variables range, as the prover takes it.
        wrong: Direction in which the prediction gets confident and is wrong; empty for none.
        shifts: Of one number: whether the loss depends on the difference from the target alone.
        notes: What has to be said of it.
    """

    name: str
    words: str
    function: Callable[[Tensor], Tensor]
    space: Space
    variables: tuple[str, ...]
    centre: tuple[float, ...]
    free: tuple[int, ...]
    label: float = 0.0
    target: str = ""
    domain: str | tuple[float | None, float | None] | None = None
    wrong: tuple[float, ...] = ()
    shifts: bool = False
    notes: tuple[str, ...] = ()

    @property
    def axes(self) -> tuple[Space, int]:
        """Losses that agree in this can be drawn over the same slice."""
        return self.space, len(self.variables) if self.space is not Space.VARIABLES else id(self)

    @property
    def reference(self) -> Callable[[Tensor], Tensor] | None:
        """Cross-entropy of the same logits and the same target, where that means something."""
        label = int(self.label)
        if self.space is Space.CLASSES:
            return lambda z: torch.logsumexp(z, -1) - z[..., label]
        if self.space is Space.SCORE:
            return lambda z: nn.functional.softplus(-label * z[..., 0])
        return None


@dataclass(frozen=True, slots=True)
class Request:
    """How losses are asked for.

    Attributes:
        head: Behind which each loss is drawn that does not bring its own; None for what each is meant for.
        classes: K.
        target: The true class, label, or target number; None for class 0, the positive label, the number 1.
        options: Parameters of the losses by name; and `temperature`, by which the logits are divided.
        arguments: Of a callable: an example.
        shape, kind: Of the user's own by address: of its first argument, and which targets it takes.
        domain: Where the variables range, if not where the loss is defined.
        moving: The parameter that a slider moves: it is no part of the losses' names.
    """

    head: str | None = None
    classes: int = 3
    target: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arguments: tuple[Any, ...] = ()
    shape: tuple[int, ...] | None = None
    kind: str | None = None
    domain: str | tuple[float | None, float | None] | None = None
    moving: str = ""

    def moved(self, option: str, value: float) -> Request:
        """The same with another value of the parameter that a slider moves."""
        return replace(self, options={**self.options, option: value}, moving=option)


def drawn(losses: Sequence[str | Callable[..., Any]], request: Request) -> tuple[Drawn, ...]:
    """The losses, each ready to be drawn.

    Args:
        losses: Names (`"mse"`), names with a head (`"mse:softmax"`), addresses (`"file.py:loss"`), or a callable.
        request: What holds for all of them.

    Raises:
        UsageError: There is no such loss, head, class or parameter, or it does not run.
    """
    parts = [_split(loss) for loss in losses]
    own = [known for known, _ in parts if not isinstance(known, Loss)]
    if not own and (request.shape is not None or request.kind is not None or request.arguments):
        raise UsageError("a shape and a kind of targets are for a loss of your own; one by name takes classes")
    if len(own) == len(parts) and (request.head is not None or request.options.keys() - {"temperature"}):
        raise UsageError("a head and parameters are for a loss by name; write your own with its head, and bind them")
    _check_options([known for known, _ in parts if isinstance(known, Loss)], request)
    in_rows = any(_in_rows(known, head or request.head) for known, head in parts if isinstance(known, Loss))
    made: list[Drawn] = []
    for known, head in parts:
        if isinstance(known, Loss):
            made.append(_by_name(known, head or _shared(known, request.head, len(parts), in_rows), request))
        else:
            made.append(_of_own(known, request))
    return tuple(made)


def parameters(losses: Sequence[str | Callable[..., Any]]) -> frozenset[str]:
    """The parameters that these losses have by themselves."""
    found = [known for known, _ in map(_split, losses) if isinstance(known, Loss)]
    return frozenset(option.name for loss in found for option in loss.options)


def default(losses: Sequence[str | Callable[..., Any]], option: str) -> float:
    """What a parameter is if nobody sets it; NaN where that is no number."""
    found = [known for known, _ in map(_split, losses) if isinstance(known, Loss)]
    values = [each.default for loss in found for each in loss.options if each.name == option]
    if not values:
        return 1.0 if option == "temperature" else math.nan
    return math.nan if values[0] is None else float(values[0])


def _split(loss: str | Callable[..., Any]) -> tuple[Loss | str | Callable[..., Any], str | None]:
    """A loss of the catalogue and its head; or an address or a callable."""
    if not isinstance(loss, str):
        return loss, None
    name, colon, head = loss.partition(":")
    known = catalogue.find_loss(name)
    if known is None and colon:
        return loss, None
    if known is None or definition(known) is None:
        named(name)  # which says what there is
        raise UsageError(f"{name} has no definition that could be drawn")
    if colon and head not in HEADS:
        raise UsageError(f"{loss}: there is no head {head!r}; there is {', '.join(HEADS)}")
    return known, head or None


def _in_rows(loss: Loss, head: str | None) -> bool:
    return loss.example is None and (loss.class_axis or head in _ROWS)


def _shared(loss: Loss, head: str | None, count: int, in_rows: bool) -> str | None:
    """The head of a loss that was given none of its own.

    One for all goes to those that need one: cross-entropy has its softmax inside. Beside losses of a row of logits, a
    loss that can take a row does.
    """
    if head is not None and (count == 1 or head in loss.heads or loss.expects not in _OWN_HEAD):
        return head
    row = next((known for known in loss.heads if known in _ROWS), None)
    return row if in_rows and not loss.class_axis else None


def _check_options(losses: Sequence[Loss], request: Request) -> None:
    known = {option.name for loss in losses for option in loss.options}
    for name in request.options:
        if name != "temperature" and name not in known:
            each = [f"{loss.name} has {', '.join(o.name for o in loss.options)}" for loss in losses if loss.options]
            has = "; ".join([*each, "and logits have a temperature"])
            raise UsageError(f"there is no parameter {name!r} in what is drawn: {has}")
    temperature = request.options.get("temperature", 1.0)
    if not (isinstance(temperature, int | float) and 0 < temperature < math.inf):
        raise UsageError(f"temperature = {temperature}: it divides the logits, so it is a number above 0")


def _by_name(loss: Loss, head: str | None, request: Request) -> Drawn:
    own = {option.name for option in loss.options}
    options = {name: value for name, value in request.options.items() if name in own}
    if request.classes > _MOST_CLASSES:
        raise UsageError(f"--classes {request.classes}: at most {_MOST_CLASSES} are drawn")
    known = named(loss.name, head, request.classes, options)
    behind = head or usual_head(loss)
    title = loss.title + _joined(loss.title, behind)
    set_to = "".join(f", {name} = {number(value)}" for name, value in options.items() if name != request.moving)
    domain = request.domain or known.domain
    found = samples(known.function, known.arguments) if known.sampled else None
    if found is None:
        wanted = loss.example.wrong if loss.example is not None else ()
        function, given = definition(loss), known.arguments
        made = _over_variables(known.function, given, known.wrt, function if behind == "identity" else None, wanted)
    else:
        made = _of_samples(found, request.target)
    words = re.sub(rf"\b{request.moving}=[^,)]+", request.moving, known.words) if request.moving else known.words
    made = replace(made, name=title + set_to, words=words, domain=domain)
    if "temperature" in request.options and "temperature" not in own:
        return _tempered(made, request)
    return made


def _joined(title: str, head: str) -> str:
    """How a head stands after a title that does not name it."""
    if head == "identity" or head in title:
        return ""
    return f" behind {head}" if " on " in title else f" on {head}"


def _of_own(loss: str | Callable[..., Any], request: Request) -> Drawn:
    """The user's own, by address or as a callable with an example."""
    if isinstance(loss, str):
        if request.kind is None and request.shape is None and request.target is not None:
            raise UsageError(f"{loss}: say which kind of targets it takes too, such as --target index:0")
        numbers = (1,) if request.kind == "real" else None
        asked = by_address(loss, request.shape or numbers, request.kind)
        name = loss.rpartition("/")[2]
    else:
        if not request.arguments:
            raise UsageError("a callable is drawn with an example of its arguments: draw(loss, z, y)")
        asked = Asked(loss, request.arguments)
        name = getattr(loss, "__name__", type(loss).__name__)
    function = _in_float64(asked.function)
    arguments = tuple(_as_float64(each) for each in asked.arguments)
    found = samples(function, arguments)
    if found is None:
        positions = asked.wrt if isinstance(asked.wrt, tuple) else (asked.wrt,)
        made = _over_variables(function, arguments, positions, asked.function, asked.wrong)
    else:
        made = _of_samples(found, request.target)
    made = replace(made, name=name, words=name, domain=request.domain, notes=asked.said)
    if "temperature" in request.options:
        made = _tempered(made, request)
    return made


def _tempered(made: Drawn, request: Request) -> Drawn:
    """The same behind logits that are divided by a temperature."""
    if made.space not in (Space.CLASSES, Space.SCORE):
        raise UsageError(f"{made.name} is drawn over {made.space.value}: a temperature divides logits")
    inner, temperature = made.function, float(request.options["temperature"])
    moving = request.moving == "temperature"
    name = made.name if moving else f"{made.name}, temperature {number(temperature)}"
    return replace(made, function=lambda z: inner(z / temperature), name=name, words=f"{made.words}, z / temperature")


def _of_samples(found: Samples, target: float | None) -> Drawn:
    """One sample, over its raw outputs."""
    if target is not None and not math.isfinite(target):
        raise UsageError(f"target {target:g}: write a finite number")
    count = found.example.numel()
    if count > 1:
        label = 0 if target is None else target
        if label != int(label) or not 0 <= label < count:
            raise UsageError(f"class {number(label)}: there are classes 0 to {count - 1}")
        chosen = _class(found.targets[0], int(label), count)
        other = 0 if label else 1
        return Drawn(
            name="",
            words="",
            function=_flat(replace(found, targets=(chosen,))),
            space=Space.CLASSES,
            variables=tuple(
                f"z{k}, logit of the true class" if k == label else f"z{k}, logit of class {k}" for k in range(count)
            ),
            centre=(0.0,) * count,
            free=(int(label), other),
            label=int(label),
            target=f"the true class {int(label)} of {count}",
            wrong=tuple(1.0 if k == other else 0.0 for k in range(count)),
        )
    if found.task.name == "BINARY":
        label = max(found.labels) if target is None else target
        if label not in found.labels:
            raise UsageError(f"label {number(label)}: the labels are {' and '.join(map(number, found.labels))}")
        sign = 1.0 if label == max(found.labels) else -1.0
        chosen = torch.full_like(found.targets[0], label)
        words = f"the {'positive' if sign > 0 else 'negative'} label, {number(label)}"
        function = _flat(replace(found, targets=(chosen,)))
        return Drawn("", "", function, Space.SCORE, ("z, logit",), (0.0,), (0,), sign, words, wrong=(-sign,))
    return _of_number(found, 1.0 if target is None else target)


def _of_number(found: Samples, target: float) -> Drawn:
    if not math.isfinite(target):
        raise UsageError(f"the target is {target}: it has to be a finite number")
    function, moved = (
        _flat(replace(found, targets=(torch.full_like(found.targets[0], at),))) for at in (target, target + 0.75)
    )
    points = torch.tensor([[-1.3], [0.2], [1.9]], dtype=torch.float64) + target
    try:
        shifts = all(torch.allclose(function(p), moved(p + 0.75), rtol=1e-9, atol=1e-12) for p in points)
    except Exception:  # outside of its domain: no function of the difference
        shifts = False
    words = f"the target {number(target)}"
    return Drawn("", "", function, Space.NUMBER, ("z, raw output",), (target,), (0,), target, words, shifts=shifts)


def _class(target: Tensor, label: int, count: int) -> Tensor:
    if target.is_floating_point():
        return torch.eye(count, dtype=target.dtype)[label : label + 1]
    return torch.full_like(target, label)


def _flat(found: Samples) -> Callable[[Tensor], Tensor]:
    row = found.row(0)
    return lambda z: row(z).reshape(())


def _over_variables(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    wrt: Sequence[int],
    named_after: Callable[..., Any] | None,
    wrong: Sequence[int],
) -> Drawn:
    """A loss that is not one of samples, over the numbers of all of its variables."""
    values = [torch.as_tensor(arguments[position], dtype=torch.float64) for position in wrt]
    sizes, shapes = [value.numel() for value in values], [value.shape for value in values]

    def flat(point: Tensor) -> Tensor:
        given = list(arguments)
        for position, part, shape in zip(wrt, point.split(sizes), shapes, strict=True):
            given[position] = part.reshape(shape)
        return function(*given).reshape(())

    names = ["z"] if named_after is None else []
    names += _argument_names(named_after, len(arguments))[len(names) :]
    variables = [
        names[position] + _index(index, value.shape)
        for position, value in zip(wrt, values, strict=True)
        for index in range(value.numel())
    ]
    centre = torch.cat([value.reshape(-1) for value in values]).tolist()
    return Drawn(
        name="",
        words="",
        function=flat,
        space=Space.VARIABLES,
        variables=tuple(variables),
        centre=tuple(centre),
        free=_two(shapes),
        wrong=tuple(map(float, wrong)),
    )


def _two(shapes: Sequence[torch.Size]) -> tuple[int, ...]:
    """Which numbers are drawn: a point of a plane, one of each of two variables, or the first two."""
    sizes = [math.prod(shape) for shape in shapes]
    if len(sizes) > 1 and not (len(shapes[0]) > 1 and shapes[0][-1] > 1):
        return 0, sizes[0]
    return (0, 1) if sum(sizes) > 1 else (0,)


def _argument_names(function: Callable[..., Any] | None, count: int) -> list[str]:
    """What a function calls its arguments."""
    known: list[str] = []
    if function is not None:
        called = function.forward if isinstance(function, nn.Module) else function
        try:
            known = list(inspect.signature(called).parameters)[:count]
        except (TypeError, ValueError):
            known = []
    return [*known, *(f"argument {index}" for index in range(len(known), count))]


def _index(index: int, shape: torch.Size) -> str:
    """Where a number stands in its variable; of a single row its column alone."""
    if math.prod(shape) == 1:
        return ""
    places = np.unravel_index(index, shape)
    return "".join(f"[{place}]" for place, length in zip(places, shape, strict=True) if length > 1)


def _in_float64(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same in float64; a module is copied."""
    if isinstance(function, nn.Module):
        try:
            return copy.deepcopy(function).double()
        except Exception as error:
            raise UsageError(f"the module cannot be copied: {described(error)}") from None
    if isinstance(function, functools.partial):
        return functools.partial(_in_float64(function.func), *function.args, **function.keywords)
    return function


def _as_float64(value: Any) -> Any:
    return value.detach().double() if isinstance(value, Tensor) and value.is_floating_point() else value
