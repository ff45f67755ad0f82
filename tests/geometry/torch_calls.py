"""Calls of torch's own functions, lowered and run side by side."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from flint import arb

from lossaudit import catalogue
from lossaudit.catalogue.schema import Required
from lossaudit.geometry.evaluate import balls, floats
from lossaudit.geometry.lowering import Lowered
from lossaudit.geometry.program import Program
from lossaudit.pairing import Const
from lossaudit.record.lowering import Call, Known, Tracked


def resolve(path: str) -> Any:
    found: Any = torch
    for name in path.split(".")[1:]:
        found = getattr(found, name)
    return found


def plain(value: Any) -> Any:
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


class Case:
    """A torch function with some of its tensors as variables.

    Args:
        path: Dotted name, as in the catalogue.
        tracked: Arguments that depend on the variables, with their values.
        given: All other arguments.
    """

    def __init__(self, path: str, tracked: dict[str, Any], semantics: str = "as coded", **given: Any) -> None:
        self.function, self.path, self.given = resolve(path), path, given
        self.tracked = {name: torch.as_tensor(value, dtype=torch.float64) for name, value in tracked.items()}
        self.lowered = Lowered(semantics)
        entry, spelling = catalogue.find("torch", path) or (None, None)
        assert entry is not None, path
        self.op = entry.name
        operands: dict[str, Any] = {}
        args: dict[str, Any] = {}
        for param in spelling.params:
            if param.name in self.tracked:
                size = self.tracked[param.name].numel()
                ids = self.lowered.variables(size).reshape(tuple(self.tracked[param.name].shape))
                operands[param.canonical] = Tracked(ids)
            elif param.name in given:
                value = given[param.name]
                if isinstance(value, torch.Tensor):
                    operands[param.canonical] = Known(value.numpy())
                else:
                    args[param.canonical] = Const(plain(value))
            elif not isinstance(param.default, Required):
                args[param.canonical] = Const(param.default)
        self.first = spelling.params[0].name
        expected = self.run(self.tracked)
        self.shapes = tuple(tuple(t.shape) for t in expected)
        self.call = Call(self.op, operands, args, self.shapes, path)
        self.results = self.lowered.apply(self.call)

    def run(self, tracked: dict[str, Any]) -> list[Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            named = {**tracked, **self.given}
            out = self.function(named.pop(self.first), **named)
        return [t for t in out if isinstance(t, torch.Tensor)] if isinstance(out, tuple) else [out]

    def program(self) -> Program:
        """All instructions, whatever they are needed for."""
        self.lowered.real(np.concatenate([ids.ravel() for ids in self.results]))
        count = sum(t.numel() for t in self.tracked.values())
        return Program(tuple(self.lowered.builder.instructions), 0, count)


def flat(point: dict[str, Any]) -> Any:
    return np.concatenate([t.numpy().ravel() for t in point.values()])


def check(case: Case, others: list[dict[str, Any]] = (), *, tolerance: float = 1e-9, enclose: bool = True) -> None:
    """The program's floats are torch's own results, and its balls enclose them."""
    assert case.results is not None, f"{case.path} was not lowered"
    points = [case.tracked, *others]
    program = case.program()
    where = np.stack([flat(point) for point in points], axis=1)
    values = floats(program, where)
    for k, point in enumerate(points):
        expected = case.run(point)
        enclosures = balls(program, [arb(float(x)) for x in where[:, k]], 200) if enclose and k < 2 else None
        for ids, wanted in zip(case.results, expected, strict=True):
            if not wanted.dtype.is_floating_point and wanted.dtype != torch.bool:
                continue  # indices: nothing is known of them
            ids = case.lowered.real(ids)
            got = np.array([values[i][k] for i in ids.ravel().tolist()]).reshape(ids.shape)
            wanted = wanted.double().numpy()
            assert np.allclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True), (
                case.path,
                case.given,
                got,
                wanted,
            )
            if enclosures is None:
                continue
            for i, number in zip(ids.ravel().tolist(), wanted.ravel().tolist(), strict=True):
                ball = enclosures[i]
                if np.isfinite(number) and ball.is_finite():
                    off = abs(float(ball.mid()) - number)
                    assert off <= float(ball.rad()) + tolerance * (1 + abs(number)), (case.path, ball, number)
