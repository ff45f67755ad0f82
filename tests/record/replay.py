"""A lowering that keeps the calls, and computes them again with torch at another point."""

from __future__ import annotations

import numpy as np
import torch

from lossaudit import catalogue
from lossaudit.catalogue.schema import REQUIRED, Kind
from lossaudit.pairing import Const
from lossaudit.record.function import record_function
from lossaudit.record.lowering import Known, Tracked


class Replay:
    """Gives numbers as ids: variables first, then what was computed, in order."""

    def __init__(self, unknown=frozenset()):
        self.unknown = frozenset(unknown)
        self.count = 0
        self.inputs = np.zeros(0, np.int64)
        self.steps = []
        self.calls = []

    def _new(self, shape):
        ids = np.arange(self.count, self.count + int(np.prod(shape, dtype=int))).reshape(shape)
        self.count += ids.size
        return ids

    def variables(self, count):
        self.inputs = self._new((count,))
        return self.inputs

    def constants(self, values):
        ids = self._new(np.shape(values))
        self.steps.append((None, np.array(values, dtype=np.float64), (ids,)))
        return ids

    def apply(self, call):
        if call.op in self.unknown or call.op.startswith("torch.") or function(call.op) is None:
            return None
        self.calls.append(call)
        results = tuple(self._new(shape) for shape in call.shapes)
        self.steps.append((call, None, results))
        return results

    def opaque(self, call):
        results = tuple(self._new(shape) for shape in call.shapes)
        self.steps.append((None, np.nan, results))
        return results

    def at(self, point):
        """The value of every id when the variables are `point`."""
        values = np.full(self.count, np.nan)
        values[self.inputs] = point
        for call, constants, results in self.steps:
            if call is None:
                values[results[0]] = constants
                for more in results[1:]:
                    values[more] = np.nan
            else:
                made = run(call, values)
                for ids, value in zip(results, made, strict=True):
                    values[ids] = value
        return values


def function(op):
    entry = catalogue.op(op) or catalogue.loss(op)
    if entry is None:
        return None
    return next((s for s in entry.spellings if s.kind is Kind.FUNCTION), None) or next(
        (s for s in entry.spellings if s.kind is Kind.METHOD), None
    )


_BOOLEAN = {"condition", "mask"}


def run(call, values):
    """The operation once more, by its first spelling in the catalogue, with torch."""
    spelling = function(call.op)
    target = torch
    for part in spelling.path.split(".")[1:]:
        target = getattr(target, part)
    boolean = call.op.startswith(("logical", "bitwise")) or call.op in ("any", "all")
    given = {}
    for name, operand in call.operands.items():
        if isinstance(operand, Known):
            tensor = torch.from_numpy(np.array(operand.values))
        else:
            assert isinstance(operand, Tracked)
            tensor = torch.from_numpy(np.asarray(values[operand.ids]))
            if boolean or name in _BOOLEAN:
                tensor = tensor.bool()
        given[name] = tensor
    for name, value in call.args.items():
        assert isinstance(value, Const), (call.op, name, value)
        given.setdefault(name, value.value)
    args, kwargs, early = [], {}, True
    for param in spelling.params:
        name = param.canonical
        listed = sorted((k for k in given if k.startswith(f"{name}.")), key=lambda k: int(k.rpartition(".")[2]))
        if listed:
            value = [given.pop(k) for k in listed]
        elif name in given:
            value = given.pop(name)
        else:
            early = False
            continue
        if not isinstance(value, torch.Tensor) and value == param.default and name != "dim":
            early = False
            continue
        if value is None:
            early = False
            continue
        if param.variadic and isinstance(value, list):
            args.extend(value)
        elif early and param.default is REQUIRED:
            args.append(value)
        else:
            kwargs[param.name] = value
    assert not {k for k, v in given.items() if isinstance(v, torch.Tensor)}, (call.op, given)
    out = target(*args, **kwargs)
    out = out if isinstance(out, tuple | list) else (out,)
    return [tensor.double().numpy() for tensor in out]


def replays(function, *variables, unknown=(), points=6, seed=0, scale=2.0, escapes=(), opaque=(), detached=None):
    """Record, and compare the recorded scalars with the function at other points."""
    variables = [v if isinstance(v, torch.Tensor) else torch.tensor(v, dtype=torch.float64) for v in variables]
    lowering = Replay(unknown)
    found = record_function(function, variables, lowering)
    if escapes is not None:
        assert [e.partition(": ")[2].partition(" of a value")[0] for e in found.escapes] == list(escapes)
    if opaque is not None:
        assert [u.partition(": ")[2] for u in found.unknown] == list(opaque)
    if detached is not None:
        assert found.detached is detached
    generator = torch.Generator().manual_seed(seed)
    flat = torch.cat([v.reshape(-1) for v in variables])
    for number in range(points + 1):
        point = flat if number == 0 else flat + scale * torch.randn(flat.shape, generator=generator, dtype=flat.dtype)
        parts = [
            p.reshape(v.shape) for p, v in zip(point.split([v.numel() for v in variables]), variables, strict=True)
        ]
        expected = float(function(*(p.clone() for p in parts)))
        actual = lowering.at(point.numpy())[found.output]
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)
    return lowering, found
