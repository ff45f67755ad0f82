"""Reads a loss as a run would: recorded, then followed back through autograd's graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from lossaudit.pairing import Objective
from lossaudit.readers.live import objective_of, trace_of
from lossaudit.record.switch import Switch
from lossaudit.record.torch_mode import Recorder

Reader = Callable[[Callable[[], torch.Tensor]], Objective]


@pytest.fixture
def read_recorded() -> Iterator[Reader]:
    """`read_recorded(build)` calls `build` under a recorder and reads the loss it returns."""
    recorders: list[Recorder] = []

    def read(build: Callable[[], torch.Tensor]) -> Objective:
        recorder = Recorder()
        recorders.append(recorder)
        switch = Switch(recorder)
        switch.on()
        try:
            loss = build()
        finally:
            switch.off()
        return objective_of(trace_of(loss), None)[0]

    yield read
    assert all(recorder.failures == 0 for recorder in recorders)


collect_ignore = ["keras_models.py"]  # a program of test_keras.py: it asks for a backend of its own
