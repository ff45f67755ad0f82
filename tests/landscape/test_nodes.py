"""Long work shows progress, and goes on where it was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.landscape.setting import axis, plane_of
from torch import nn
from torch.nn import functional as F

from lossaudit.errors import UsageError
from lossaudit.landscape import nodes
from lossaudit.landscape.parameters import surface
from lossaudit.landscape.probe import Probe, probe

X = torch.randn(16, 4, generator=torch.Generator().manual_seed(1))
Y = torch.arange(16) % 3


class Counting:
    """A loss that counts its calls, and is interrupted after some of them."""

    def __init__(self, after: float = np.inf) -> None:
        self.calls, self.after = 0, after

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        if self.calls > self.after:
            raise KeyboardInterrupt
        return F.cross_entropy(output, target)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


def drawn(made: Probe, path: Path | None = None, **settings):
    return surface(made, plane_of(made), axis(17), axis(17), name="ce", partial=path, **settings)


def interrupted(path: Path, after: int = 150, **settings) -> Probe:
    made = probe(network(), Counting(after), (X, Y))
    with pytest.raises(KeyboardInterrupt):
        drawn(made, path, **settings)
    assert path.exists()
    return made


@pytest.mark.parametrize("settings", [{}, {"tolerance": 0.001}, {"slope": True}])
def test_an_interrupted_surface_goes_on_from_its_file(tmp_path: Path, settings) -> None:
    path = tmp_path / "partial.npz"
    interrupted(path, **settings)
    loss_fn = Counting()
    made = probe(network(), loss_fn, (X, Y))
    whole = drawn(made, **settings)
    full, loss_fn.calls = loss_fn.calls, 0
    resumed = drawn(made, path, **settings)
    assert loss_fn.calls <= full - 145
    assert resumed.loss.tobytes() == whole.loss.tobytes()
    assert resumed.residual == whole.residual
    if resumed.slope is not None:
        assert resumed.slope.tobytes() == whole.slope.tobytes()
    assert not path.exists()
    assert list(tmp_path.iterdir()) == []


def test_it_is_saved_while_it_runs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "SAVE_EVERY", 0.0)
    path, seen = tmp_path / "partial.npz", []
    monkeypatch.setattr(nodes, "TELL_EVERY", 0.0)
    drawn(probe(network(), F.cross_entropy, (X, Y)), path, progress=lambda *_: seen.append(path.exists()))
    assert seen.count(True) > 200


def test_the_file_of_another_request_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "partial.npz"
    interrupted(path)
    content = path.read_bytes()
    other = network()
    with torch.no_grad():
        other[0].weight[0, 0] += 1e-3
    for made in (
        probe(other, F.cross_entropy, (X, Y)),
        probe(network(), F.cross_entropy, (X + 1, Y)),
        probe(network(), F.cross_entropy, (X, Y), training=True),
        probe(network(), F.nll_loss, (X, Y)),  # only its numbers tell it from the other
    ):
        with pytest.raises(UsageError, match="another model, data, slice or setting") as caught:
            drawn(made, path)
        assert "\n" not in str(caught.value)
    made = probe(network(), F.cross_entropy, (X, Y))
    for settings in (
        {"plane": plane_of(made, seed=1), "x": axis(17), "y": axis(17)},
        {"plane": replace(plane_of(made), offset=(0.1, 0.0)), "x": axis(17), "y": axis(17)},
        {"plane": plane_of(made), "x": axis(17, 2.0), "y": axis(17)},
        {"plane": plane_of(made), "x": axis(17), "y": axis(17), "slope": True},
    ):
        with pytest.raises(UsageError, match="another model, data, slice or setting"):
            surface(made, name="ce", partial=path, **settings)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_a_file_that_is_no_interrupted_landscape_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.npz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no interrupted landscape"):
        drawn(probe(network(), F.cross_entropy, (X, Y)), path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("settings", [{}, {"tolerance": 0.01}])
def test_progress_rises_to_all_nodes(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    monkeypatch.setattr(nodes, "TELL_EVERY", 0.0)
    told: list[tuple[int, int]] = []
    drawn(probe(network(), F.cross_entropy, (X, Y)), progress=lambda *each: told.append(each), **settings)
    assert told[-1] == (289, 289)
    assert [total for _, total in told] == [289] * len(told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 50


def test_an_exception_in_the_progress_callback_leaves_the_model_and_the_file(tmp_path: Path) -> None:
    model, path = network(), tmp_path / "partial.npz"
    before = [p.clone() for p in model.parameters()]

    def progress(_done: int, _total: int) -> None:
        raise RuntimeError("the window was closed")

    with pytest.raises(RuntimeError, match="closed"):
        drawn(probe(model, F.cross_entropy, (X, Y)), path, progress=progress)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert path.exists()
