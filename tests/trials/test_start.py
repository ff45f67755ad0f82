"""Where trials begin: with the weights of a file, or with those of them that fit."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.trials.start import Checkpoint, Fresh, Legacy, start_of


def network(outputs: int = 10, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, outputs))


@pytest.fixture
def regressor(tmp_path: Path) -> str:
    """What a legacy regressor with one output left behind, wrapped as parallel training does."""
    path = tmp_path / "legacy.pt"
    torch.save({"state_dict": {f"module.{name}": value for name, value in network(1).state_dict().items()}}, path)
    return str(path)


def test_a_fresh_start_loads_nothing() -> None:
    model = network(seed=1)
    assert Fresh().apply(model) == ()
    assert torch.equal(model[0].weight, network(seed=1)[0].weight)  # type: ignore[index]


def test_a_checkpoint_gives_all_weights(tmp_path: Path) -> None:
    torch.save(network(seed=5).state_dict(), tmp_path / "all.pt")
    model = network(seed=1)
    words = start_of(f"checkpoint:{tmp_path / 'all.pt'}").apply(model)
    for ours, theirs in zip(model.parameters(), network(seed=5).parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert words == ("Every trial begins with all weights of all.pt; the seed changes the order of the data.",)


def test_a_new_head_stays_fresh_and_the_trunk_is_the_legacy_s(regressor: str) -> None:
    model = network(10, seed=1)
    words = Legacy(regressor).apply(model)
    layers = [model[0], model[2]]  # type: ignore[index]
    assert torch.equal(layers[0].weight, network(1)[0].weight)  # type: ignore[index]
    assert torch.equal(layers[1].weight, network(10, seed=1)[2].weight)  # type: ignore[index]
    assert words == (
        "Every trial begins with 2 of 4 tensors of legacy.pt: 0.weight, 0.bias.",
        "Fresh, drawn with the seed: "
        "2.weight ((1, 4) in the file, (10, 4) here), 2.bias ((1,) in the file, (10,) here).",
    )


def test_what_the_model_has_no_place_for_is_said(tmp_path: Path) -> None:
    torch.save({**network(10).state_dict(), "head.weight": torch.zeros(1)}, tmp_path / "more.pt")
    words = Legacy(str(tmp_path / "more.pt")).apply(network(10, seed=1))
    assert words[-1] == "The model has no place for head.weight of the file."


def test_the_weights_travel_with_the_start(regressor: str) -> None:
    start = pickle.loads(pickle.dumps(Legacy(regressor)))
    Path(regressor).unlink()  # as on a machine that does not have the file
    assert len(start.apply(network(10))) == 2


def test_a_start_is_known_by_what_is_in_the_file(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        torch.save(network(seed=seed).state_dict(), tmp_path / "w.pt")
        (tmp_path / "w.pt").rename(tmp_path / name)
    same, also, other = (Checkpoint(str(tmp_path / name)).identity for name in "abc")
    assert same == also != other
    assert len({same, Legacy(str(tmp_path / "a")).identity, Fresh().identity}) == 3


def test_a_start_that_is_none_is_one_clear_line(tmp_path: Path, regressor: str) -> None:
    (tmp_path / "text.pt").write_text("no weights")
    torch.save(nn.Linear(1, 1), tmp_path / "pickled.pt")
    for address, said in {
        "warm": "give fresh, checkpoint:FILE or legacy:FILE",
        "checkpoint": "give fresh, checkpoint:FILE or legacy:FILE",
        f"checkpoint:{tmp_path / 'none.pt'}": "no such file",
        f"legacy:{tmp_path}": "is a directory",
        f"legacy:{tmp_path / 'text.pt'}": "no checkpoint that torch.load can read",
        f"legacy:{tmp_path / 'pickled.pt'}": "holds more than weights and was not loaded",
    }.items():
        with pytest.raises(UsageError, match=said):
            start_of(address)
    with pytest.raises(UsageError, match=r"belongs to another model: 2\.weight has shape"):
        Checkpoint(regressor).apply(network(10))
    with pytest.raises(
        UsageError, match=r"none of its tensors fits .*; it has .*0.weight \(4, 6\).*, and the model weight"
    ):
        Legacy(regressor).apply(nn.Linear(2, 2))
