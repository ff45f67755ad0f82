"""No function of torch, whatever it is given, makes a constant of something that depends on the variables.

The lowering here knows three operations. So a result is either unknown, or its elements were only moved, and then it
has to be right at every point.
"""

from __future__ import annotations

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from tests.record.replay import Replay
from torch.overrides import get_overridable_functions, resolve_name

from lossaudit.errors import LossauditError
from lossaudit.record.binding import name_in, tensors_in
from lossaudit.record.function import record_function

_RANDOM = torch.Generator().manual_seed(0)
POINT = torch.randn(4, 4, dtype=torch.float64, generator=_RANDOM)
GIVEN = torch.rand(4, 4, dtype=torch.float64, generator=_RANDOM)
WEIGHTS = torch.rand(4096, dtype=torch.float64, generator=_RANDOM)
ROW = torch.rand(4, dtype=torch.float64, generator=_RANDOM)
INDEX = torch.tensor([0, 2, 1, 3])
INDICES = torch.randint(0, 4, (4, 4), generator=_RANDOM)
MASK = GIVEN > 0.5

FEW = {
    "z": lambda z: (z,),
    "z, z": lambda z: (z, z),
}
MANY = {
    "z, known": lambda z: (z, GIVEN.clone()),
    "known, z": lambda z: (GIVEN.clone(), z),
    "z, 0": lambda z: (z, 0),
    "z, 1.5": lambda z: (z, 1.5),
    "z, 2, 1": lambda z: (z, 2, 1),
    "z, 0, 1, 2": lambda z: (z, 0, 1, 2),
    "z, (2, 2)": lambda z: (z, (2, 2)),
    "z, (1, 1, 1, 1)": lambda z: (z, (1, 1, 1, 1)),
    "z, 0, index": lambda z: (z, 0, INDEX),
    "z, index": lambda z: (z, INDEX),
    "index, z": lambda z: (INDEX, z),
    "z, (index,), row": lambda z: (z, (INDEX,), ROW),
    "z, 1, indices": lambda z: (z, 1, INDICES),
    "z, 1, indices, z": lambda z: (z, 1, INDICES, z),
    "z, 0, index, z": lambda z: (z, 0, INDEX, z),
    "known, 0, index, z": lambda z: (GIVEN.clone(), 0, INDEX, z),
    "z, 0, index, 1": lambda z: (z, 0, INDEX, 1.0),
    "z, mask": lambda z: (z, MASK),
    "z, mask, 0": lambda z: (z, MASK, 0.0),
    "mask, z, known": lambda z: (MASK, z, GIVEN),
    "z, mask, z": lambda z: (z, MASK, z),
    "[z, known]": lambda z: ([z, GIVEN.clone()],),
    "[known, z], 1": lambda z: ([GIVEN.clone(), z], 1),
    "z, known, z": lambda z: (z, GIVEN.clone(), z),
    "z, z, z": lambda z: (z, z, z),
    "row, known": lambda z: (z[0], ROW),
    "batch": lambda z: (z[None],),
    "images, 2": lambda z: (z[None, None], 2),
    "batch, (1, 1), reflect": lambda z: (z[None], (1, 1), "reflect"),
    "4, z": lambda z: (4, z),
    "z, own index": lambda z: (z, z[0].argmax()),
    "z, 0, own index": lambda z: (z, 0, z[0].argmax()),
    "z, own index, 0": lambda z: (z, z[0].argmin(), 0),
    "z, 0, own index, 1": lambda z: (z, 0, z[0].argmin(), 1),
    "z, own indices": lambda z: (z, z[0].argsort()),
    "z, own mask": lambda z: (z, z > 0),
    "z, own mask, 0": lambda z: (z, z > 0, 0.0),
    "own mask, z, known": lambda z: (z > 0, z, GIVEN),
    "z, 1, own indices": lambda z: (z, 1, z.argsort(1)),
    "known, 1, own indices, 1": lambda z: (GIVEN.clone(), 1, z.argsort(1), 1.0),
    "known, own mask, 0": lambda z: (GIVEN.clone(), z > 0, 0.0),
    "known, own index": lambda z: (GIVEN.clone(), z[0].argmax()),
    "known, 0, own index": lambda z: (GIVEN.clone(), 0, z[0].argmax()),
    "z, int64": lambda z: (z, torch.int64),
}
# Random numbers, memory that is not initialised, other devices; and rounding to narrow floats, which is not followed.
_NOT_COMPARED = """
    rand poisson normal bernoulli multinomial dropout geometric cauchy exponential_ empty set_ resize numpy _to_cpu
    share_memory __reduce __deepcopy__ fused_moving data_ptr _thnn cudnn miopen mkldnn mps quantiz nnpack lstm cufft
    xpu cuda histogramdd from_file init. rrelu backward _scaled fbgemm log_normal_ gumbel _gamma _dirichlet _sobol
    binomial .bfloat16 .half .float _fft
"""
LEFT_OUT = _NOT_COMPARED.split()


class Blind(Replay):
    """Knows how to add up, and nothing else."""

    def apply(self, call):
        return super().apply(call) if call.op in ("sum", "mul", "add") else None


def functions():
    named = {resolve_name(f): f for found in get_overridable_functions().values() for f in found}
    return {name: f for name, f in sorted(named.items(), key=str) if name and not any(x in name for x in LEFT_OUT)}


class NothingToSee(Exception):
    """The call makes no numbers."""


def as_a_number(function, arguments):
    """A function of the variables that depends on everything the call makes or changes."""

    def number(z):
        args = arguments(z.clone())
        made = [tensor for tensor in (*tensors_in(function(*args)), *tensors_in(args)) if tensor.numel()]
        total = torch.zeros((), dtype=torch.float64)
        for tensor in made:
            if tensor.layout is not torch.strided or tensor.is_quantized:
                raise NothingToSee
            real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
            total = total + (real.double().reshape(-1) * WEIGHTS[: real.numel()]).sum()
        return total

    return number


def leaks(function, arguments):
    """Whether the recorded result is some other number than the function's at another point."""
    number = as_a_number(function, arguments)
    others = (POINT * 1.7 - 0.3, POINT - GIVEN / 2)
    try:
        number(POINT)
        expected = [(float(number(other)), float(number(other))) for other in others]
    except Exception:
        return False  # not a call that torch accepts
    lowering = Blind()
    try:
        recorded = record_function(number, [POINT], lowering)
    except LossauditError:
        return False
    if recorded.escapes:
        return False
    actual = [lowering.at(other.reshape(-1).numpy())[recorded.output] for other in others]
    return any(
        not math.isnan(x) and one == other and not np.isclose(x, one, rtol=1e-9, atol=1e-9)
        for x, (one, other) in zip(actual, expected, strict=True)
    )


def check(patterns):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [(name, how) for name, f in functions().items() for how, args in patterns.items() if leaks(f, args)]
    assert found == []


def test_nothing_leaks_through_any_function():
    assert len(functions()) > 1000
    check(FEW)


@pytest.mark.slow
@pytest.mark.parametrize("how", MANY)
def test_nothing_leaks_through_any_arguments(how):
    check({how: MANY[how]})


MOVING = (
    "index_put index_put_ masked_scatter masked_scatter_ scatter scatter_ where to full_like gather cat copy_ fill_"
)


@pytest.mark.parametrize("name", MOVING.split())
def test_nothing_leaks_where_elements_move(name):
    found = {path: f for path, f in functions().items() if name_in(path) == name}
    assert found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not [(path, how) for path, f in found.items() for how, args in MANY.items() if leaks(f, args)]


def test_the_check_itself_finds_a_leak(monkeypatch):
    """With the ids of one operation left out, its result would pass for a constant."""
    monkeypatch.setattr("lossaudit.record.follower._VALUE_FREE", frozenset({"clone"}))
    assert leaks(torch.clone, FEW["z"])


def test_recording_does_not_load_the_compiler():
    """It takes seconds."""
    code = (
        "import sys, torch; from tests.record.replay import Replay; from lossaudit.proving.subject import Subject\n"
        "z, y = torch.zeros(2, 3), torch.tensor([0, 1])\n"
        "Subject.of(torch.nn.CrossEntropyLoss(), (z, y)).record(Replay())\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)
