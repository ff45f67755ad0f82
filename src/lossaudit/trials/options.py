"""The options of a loss by name: read, checked, and made of the training data where a loss needs that."""

from __future__ import annotations

import ast
import functools
import importlib
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lossaudit import catalogue
from lossaudit.catalogue.schema import Loss, Option
from lossaudit.errors import UsageError
from lossaudit.trials.problem import Problem, Task

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def literals(text: str, options: str) -> dict[str, Any]:
    """What stands in the parentheses.

    >>> literals("gce(q=0.5)", "q=0.5")
    {'q': 0.5}

    Raises:
        UsageError: These are no plain numbers with names.
    """
    try:
        call = ast.parse(f"f({options})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or not all(keyword.arg for keyword in call.keywords):
            raise ValueError
        return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise UsageError(f"{text.strip()}: options are written NAME=NUMBER, as in focal(gamma=5)") from None


def checked(name: str, loss: Loss, given: Mapping[str, Any], problem: Problem) -> dict[str, Any]:
    """The options that a loss is called with: those given, and what is counted in the training data.

    Raises:
        UsageError: There is no such option, its value cannot be, or it has to be given.
    """
    known = {option.name: option for option in loss.options}
    for key, value in given.items():
        if key not in known:
            near = catalogue.nearest(key, known)
            has = ", ".join(near or known) or "none"
            raise UsageError(f"{name}: {loss.name} has no option {key!r}; it has {has}")
        _check(name, known[key], value, problem)
    options = {key: _tensor(value) for key, value in given.items()}
    for key in known.keys() - given.keys():
        if key == "counts" or (key == "weight" and "imbalance" in loss.tasks):
            options[key] = _counted(name, loss, key, problem)
    real = torch.float64 if loss.definition is not None else torch.get_default_dtype()
    return {key: value.to(real) if isinstance(value, Tensor) else value for key, value in options.items()}


def _tensor(value: Any) -> Any:
    return torch.tensor(value) if isinstance(value, (list, tuple)) else value


def _check(name: str, option: Option, value: Any, problem: Problem) -> None:
    if value is None and option.default is None:
        return
    said = f"{name}: {option.name} = {value}"
    listed = isinstance(value, (list, tuple))
    numbers: list[Any] = list(value) if listed else [value]
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in numbers):
        raise UsageError(f"{said} is no finite number; {option.name}: {option.values}")
    rows = "K numbers" in option.values
    if listed and not (rows or "tensor" in option.values):
        raise UsageError(f"{said} has to be one number: {option.values}")
    if rows and not listed and "one or" not in option.values:
        raise UsageError(f"{said} has to be a list of K = {problem.outputs} numbers: {option.values}")
    if listed and len(numbers) != problem.outputs:
        raise UsageError(f"{said}: {len(numbers)} numbers, and there are {problem.outputs} outputs")
    if not all(_within(option, each) for each in numbers):
        raise UsageError(f"{said} cannot be: {option.values}")


def _within(option: Option, value: float) -> bool:
    """Whether a value is among those that the catalogue allows, as far as it says so by comparisons.

    >>> _within(Option("q", 0.7, "0 < q <= 1", ""), 0.0), _within(Option("p", 1, "1 or 2", ""), 2)
    (False, True)
    """
    said = option.values.partition(",")[0].partition(";")[0].replace("K numbers", option.name)
    try:
        body = ast.parse(said, mode="eval").body
    except SyntaxError:
        return True
    if isinstance(body, ast.BoolOp):
        return value in [part.value for part in body.values if isinstance(part, ast.Constant)]
    if not isinstance(body, ast.Compare):
        return True
    sides = [_side(side, option.name, value) for side in (body.left, *body.comparators)]
    pairs = zip(sides, body.ops, sides[1:], strict=False)
    return all(a is None or b is None or _COMPARE[type(op)](a, b) for a, op, b in pairs)


def _side(side: ast.expr, name: str, value: float) -> float | None:
    if isinstance(side, ast.Name):
        return value if side.id == name else None
    try:
        return float(ast.literal_eval(side))
    except (ValueError, TypeError):
        return None


def _counted(name: str, loss: Loss, key: str, problem: Problem) -> Tensor:
    """Counts of the classes in the training data, or weights N / (K n_k)."""
    if problem.task is not Task.MULTICLASS:
        raise UsageError(f"{name}: give {key}, such as {loss.name}({key}=[...])")
    counts = torch.bincount(problem.train.y, minlength=problem.outputs)
    if int(counts.min()) == 0:
        missing = int(counts.argmin())
        label = problem.labels[missing] if problem.labels else missing
        raise UsageError(f"{name}: class {label} has no training sample; give {key}: {loss.name}({key}=[...])")
    return counts if key == "counts" else len(problem.train.y) / (problem.outputs * counts)


def function_of(loss: Loss, options: Mapping[str, Any]) -> Callable[..., Tensor]:
    """The definition, summed, or PyTorch's function with its own default reduction."""
    if loss.definition is not None:
        return functools.partial(loss.definition, **options)
    module, _, attribute = loss.callable.rpartition(".")
    function = getattr(importlib.import_module(module), attribute)
    if loss.name == "kl_div":  # its default divides by the classes too; PyTorch itself warns of that
        options = {**options, "reduction": "batchmean"}
    tensors = {name: value for name, value in options.items() if isinstance(value, Tensor)}
    if not tensors:
        return functools.partial(function, **options)

    def weighted(prediction: Tensor, target: Tensor) -> Tensor:
        return function(prediction, target, **{**options, **{n: t.to(prediction.dtype) for n, t in tensors.items()}})

    return weighted
