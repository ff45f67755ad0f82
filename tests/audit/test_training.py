"""A training by its address, and a checkpoint: what is loaded, and what is refused in one line."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.training import Training, load_training, load_weights

SOURCE = """
import torch
from torch import nn
from lossaudit.training import Training
X, Y = torch.zeros(4, 2), torch.tensor([0, 1, 0, 1])
LOSS = nn.CrossEntropyLoss()
def three(): return nn.Linear(2, 2), LOSS, (X, Y)
def four(): return nn.Linear(2, 2), LOSS, (X, Y), [(X, Y)]
def mapping(): return {"model": nn.Linear(2, 2), "loss_fn": LOSS, "data": (X, Y)}
def made(): return Training(nn.Linear(2, 2), LOSS, (X, Y), name="mine")
def sized(units): return nn.Linear(2, units), LOSS, (X, Y)
def loader(): return [(X, Y), (X, Y)]
def two(): return nn.Linear(2, 2), LOSS
def nothing(): return None
def odd(): return {"model": nn.Linear(2, 2), "loss": LOSS, "data": (X, Y)}
def wrong(): return 3, LOSS, (X, Y)
def raises(): raise ValueError("no data here")
def exits(): raise SystemExit(3)
"""


@pytest.fixture
def module(tmp_path: Path) -> str:
    file = tmp_path / "train.py"
    file.write_text(SOURCE)
    return str(file)


@pytest.mark.parametrize("factory", ["three", "four", "mapping", "made", "sized(units=2)"])
def test_every_form_is_a_training(module: str, factory: str) -> None:
    training = load_training(f"{module}:{factory}")
    assert isinstance(training, Training)
    assert training.data[0].shape == (4, 2)
    assert (training.held_out is not None) == (factory == "four")
    assert training.name == ("mine" if factory == "made" else f"{module}:{factory}")


def test_held_out_data_have_an_address_of_their_own(module: str) -> None:
    assert len(load_training(f"{module}:three", held_out=f"{module}:loader").held_out) == 2


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("absent", "has no absent"),
        ("two", "gives tuple of 2; the form is: def make(): return model, loss_fn, data"),
        ("nothing", "gives NoneType; the form is"),
        ("odd", "has no loss_fn; its names are model, loss_fn, data, held_out"),
        ("wrong", "its model is int, not callable"),
        ("raises", "raises ValueError: no data here"),
        ("exits", "raises SystemExit: 3"),
        ("sized", "missing 1 required positional argument"),
        ("X", "gives Tensor"),
    ],
)
def test_anything_else_is_one_line(module: str, factory: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_training(f"{module}:{factory}")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def _linear(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 2)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda weights: weights,
        lambda weights: {"epoch": 3, "state_dict": weights},
        lambda weights: {"model_state_dict": weights, "optimizer": {"lr": 0.1}},
        lambda weights: {"model": {f"module.{name}": value for name, value in weights.items()}},
        lambda weights: {f"_orig_mod.module.{name}": value for name, value in weights.items()},
    ],
    ids=["plain", "state_dict", "model_state_dict", "model, parallel", "compiled"],
)
def test_weights_are_found_under_the_usual_names(tmp_path: Path, wrapped) -> None:
    trained, model = _linear(1), _linear(2)
    torch.save(wrapped(trained.state_dict()), tmp_path / "weights.pt")
    load_weights(model, tmp_path / "weights.pt")
    assert torch.equal(model.weight, trained.weight)
    assert torch.equal(model.bias, trained.bias)


def test_safetensors(tmp_path: Path) -> None:
    trained, model = _linear(1), _linear(2)
    save_file(trained.state_dict(), tmp_path / "weights.safetensors")
    load_weights(model, tmp_path / "weights.safetensors")
    assert torch.equal(model.weight, trained.weight)


class Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (os.mkdir, (str(self.mark),))


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path, form: str) -> None:
    file, mark = tmp_path / "evil.pt", tmp_path / "ran"
    held = {"state_dict": Malicious(mark)}
    if form == "pickle":
        file.write_bytes(pickle.dumps(held, protocol=2))
    else:
        torch.save(held, file, _use_new_zipfile_serialization=form == "zip")
    model = _linear()
    before = model.weight.detach().clone()
    with pytest.raises(UsageError, match=r"evil\.pt (holds more than weights|is no checkpoint)") as caught:
        load_weights(model, file)
    assert "\n" not in str(caught.value)
    assert not mark.exists()
    assert torch.equal(model.weight, before)
    pickle.loads(pickle.dumps(Malicious(mark)))  # it would have run
    assert mark.exists()


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (nn.Linear(3, 2), "holds more than weights"),  # a whole module: code as well
        (3, "holds int, and no state dict"),
        ({"epoch": 3}, "holds a mapping with epoch, and no state dict"),
        ({"weight": torch.zeros(2, 3)}, "belongs to another model: no bias"),
        ({**nn.Linear(3, 2).state_dict(), "extra": torch.zeros(1)}, "belongs to another model: unknown extra"),
        (nn.Linear(5, 2).state_dict(), "weight has shape (2, 5), the model's (2, 3)"),
    ],
    ids=["module", "number", "no weights", "missing", "unexpected", "shape"],
)
def test_what_is_no_checkpoint_of_this_model_is_one_line(tmp_path: Path, held: object, said: str) -> None:
    torch.save(held, tmp_path / "file.pt")
    model = _linear()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(UsageError) as caught:
        load_weights(model, tmp_path / "file.pt")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("content", [b"", b"hello world", bytes(range(256)), b"PK\x03\x04broken"])
@pytest.mark.parametrize("name", ["file.pt", "file.safetensors"])
def test_what_is_no_checkpoint_at_all_is_one_line(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_weights(_linear(), tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["absent.pt", "."])
def test_a_missing_file_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"(no such file|is a directory); give a checkpoint"):
        load_weights(_linear(), tmp_path / name)
