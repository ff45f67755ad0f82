"""Models by name and of the user's: what they are, and what is refused before any trial."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lossaudit.errors import UsageError
from lossaudit.trials.architectures import convolutional, perceptron
from lossaudit.trials.data import load, made
from lossaudit.trials.models import load_model, matched
from lossaudit.trials.problem import Problem, Task

EXAMPLES = Path(__file__).parents[2] / "examples"
SHARED = nn.Linear(5, 5)


def problem(task: Task = Task.MULTICLASS, outputs: int = 3, inputs: Any = None) -> Problem:
    x = torch.randn(80, 5, generator=torch.Generator().manual_seed(0)) if inputs is None else inputs
    y = {
        Task.MULTICLASS: torch.arange(80) % outputs,
        Task.BINARY: torch.arange(80) % 2,
        Task.MULTILABEL: (torch.arange(80 * outputs).reshape(80, outputs) % 3 > 0).float(),
        Task.REGRESSION: torch.arange(80.0) if outputs == 1 else torch.rand(80, outputs),
    }[task]
    return made("own", (x, y), (x, y), (x, y), task)[0]


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("mlp", 64 * 64 + 64 + 64 * 10 + 10),
        ("mlp:128,32", 64 * 128 + 128 + 128 * 32 + 32 + 32 * 10 + 10),
        ("linear", 64 * 10 + 10),
        ("cnn", 101_626),
    ],
)
def test_models_by_name_have_the_layers_that_are_said(name: str, count: int) -> None:
    digits, _ = load("digits")
    factory = load_model(name, digits)
    model = factory.make()
    assert parameters(model) == count
    assert model(digits.train.x[:7]).shape == (7, 10)
    pickle.loads(pickle.dumps(factory.make))()  # it is sent to other processes


@pytest.mark.parametrize("shape", [(64,), (8, 8), (1, 8, 8), (3, 9, 9)])
def test_the_cnn_takes_square_images(shape: tuple[int, ...]) -> None:
    assert convolutional(shape, 4)(torch.randn(2, *shape)).shape == (2, 4)
    assert perceptron(64, (), 4)(torch.randn(2, 8, 8)).shape == (2, 4)


@pytest.mark.parametrize("shape", [(63,), (4, 8), (8, 8, 3), (2, 2, 2, 2), (1,)])
def test_what_is_no_square_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="cnn takes square images"):
        convolutional(shape, 4)


def test_a_factory_is_given_the_sizes_that_it_asks_for() -> None:
    def both(inputs: int, outputs: int) -> nn.Module:
        return nn.Linear(inputs, outputs)

    def one(*, outputs: int, hidden: int = 2) -> nn.Module:
        return nn.Sequential(nn.Linear(5, hidden), nn.Linear(hidden, outputs))

    class Net(nn.Linear):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__(inputs, outputs)

    assert parameters(load_model(both, problem()).make()) == 18
    assert parameters(load_model(one, problem()).make()) == 21
    assert parameters(load_model(Net, problem()).make()) == 18
    assert parameters(load_model(lambda: nn.Linear(5, 3), problem()).make()) == 18
    images = problem(inputs=torch.randn(80, 2, 4, 4))
    seen: list[Any] = []

    def flat(inputs: tuple[int, ...]) -> nn.Module:
        seen.append(inputs)
        return nn.Sequential(nn.Flatten(), nn.Linear(32, 3))

    load_model(flat, images)
    assert set(seen) == {(2, 4, 4)}


def test_the_model_of_the_example() -> None:
    own, _ = load(f"{EXAMPLES / 'machine.csv'}:state")
    address = f"{EXAMPLES / 'compare_own.py'}:make"
    assert parameters(load_model(address, own).make()) == 5 * 32 + 32 + 32 * 32 + 32 + 32 * 3 + 3
    assert parameters(load_model(f"{address}(hidden=8)", own).make()) == 5 * 8 + 8 + 8 * 8 + 8 + 8 * 3 + 3


def test_inputs_of_several_tensors_are_handed_over_as_the_model_takes_them() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(5, 3)

        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return self.layer(a) * b

    a, b = torch.randn(80, 5), torch.rand(80, 1)
    for inputs in ((a, b), {"b": b, "a": a}):
        load_model(Two, problem(inputs=inputs))
        with pytest.raises(UsageError, match="several tensors"):
            load_model("mlp", problem(inputs=inputs))


def test_one_number_for_two_classes_makes_the_problem_binary() -> None:
    for factory in (lambda: nn.Linear(5, 1), lambda: nn.Sequential(nn.Linear(5, 1), nn.Flatten(0))):
        _, posed = matched(factory, problem(outputs=2))
        assert (posed.task, posed.outputs) == (Task.BINARY, 1)
        with pytest.raises(UsageError, match="returns one number for a sample, and own has 2 classes"):
            load_model(factory, problem(outputs=2))
    own = problem(outputs=2)
    assert matched(lambda: nn.Linear(5, 2), own)[1] is own


@pytest.mark.parametrize(
    ("task", "outputs", "width", "fits"),
    [
        (Task.BINARY, 1, 1, True),
        (Task.BINARY, 1, 2, False),
        (Task.REGRESSION, 1, 1, True),
        (Task.REGRESSION, 1, 2, False),
        (Task.REGRESSION, 2, 2, True),
        (Task.REGRESSION, 2, 1, False),
        (Task.MULTILABEL, 4, 4, True),
        (Task.MULTILABEL, 4, 1, False),
    ],
)
def test_outputs_have_the_shape_of_the_task(task: Task, outputs: int, width: int, fits: bool) -> None:
    own = problem(task, outputs)
    if fits:
        assert matched(lambda: nn.Linear(5, width), own)[1] is own
    else:
        with pytest.raises(
            UsageError, match=rf"returns \(64, {width}\) for 64 samples and .*; \(64, {outputs}\) is wanted"
        ):
            matched(lambda: nn.Linear(5, width), own)


class Pair(nn.Linear):
    def forward(self, input: Tensor) -> Any:
        return super().forward(input), input


class Scored(nn.Linear):
    def forward(self, input: Tensor) -> Any:
        return type("Output", (), {"logits": super().forward(input)})()


def infinite() -> nn.Module:
    model = nn.Linear(5, 3)
    nn.init.constant_(model.weight, torch.inf)
    return model


def frozen() -> nn.Module:
    return nn.Linear(5, 3).requires_grad_(False)


def changing(calls: list[int] = []) -> nn.Module:  # noqa: B006
    model = nn.Linear(5, 3)
    calls.append(0)
    nn.init.constant_(model.bias, len(calls))
    return model


def raising() -> nn.Module:
    raise RuntimeError("no weights here")


BAD: dict[str, tuple[Callable[..., Any], str]] = {
    "probabilities": (
        lambda: nn.Sequential(nn.Linear(5, 3), nn.Softmax(1)),
        "returns probabilities: its rows sum to 1",
    ),
    "log-probabilities": (lambda: nn.Sequential(nn.Linear(5, 3), nn.LogSoftmax(1)), "returns log-probabilities"),
    "too few": (lambda: nn.Linear(5, 1), r"returns \(64, 1\) for 64 samples and 3 classes; \(64, 3\) is wanted"),
    "raises": (raising, r"raising raises RuntimeError: no weights here \(.*test_models.py:\d+\)"),
    "raises when called": (lambda: nn.Linear(4, 3), "calling the model on training samples raises RuntimeError"),
    "nothing": (lambda: None, "returns NoneType; a torch.nn.Module is wanted"),
    "a tuple": (lambda: Pair(5, 3), "the model returns tuple; a tensor is wanted"),
    "an output of transformers": (lambda: Scored(5, 3), "it has .logits: return these"),
    "infinite": (infinite, "NaN or infinite numbers before any training"),
    "frozen": (frozen, "no trainable parameters"),
    "lazy": (lambda: nn.LazyLinear(3), "lazy layers without a shape"),
    "the same": (lambda: SHARED, "share weights, and every trial needs its own"),
    "a shared part": (lambda: nn.Sequential(SHARED, nn.Linear(5, 3)), "share weights, and every trial needs its own"),
    "changing": (changing, "other weights each time with the same seed"),
    "arguments": (lambda width: nn.Linear(5, 3), "missing a required argument: 'width'"),
}


@pytest.mark.parametrize(("factory", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_one_clear_line(factory: Callable[..., Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load_model(factory, problem())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTILABEL])
def test_a_sigmoid_at_the_end_is_refused_where_the_loss_brings_it(task: Task) -> None:
    own = problem(task, 2)
    with pytest.raises(UsageError, match="probabilities: all lie between 0 and 1"):
        load_model(lambda: nn.Sequential(nn.Linear(5, own.outputs), nn.Sigmoid()), own)
    numbers = problem(Task.REGRESSION, 1)
    load_model(lambda: nn.Sequential(nn.Linear(5, 1), nn.Sigmoid()), numbers)  # a range that a user may want


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nets", "no such model; give mlp, mlp:128,128, linear, cnn"),
        ("mlp:wide", "widths of hidden layers are wanted"),
        ("mlp:0", "widths of hidden layers are wanted"),
        ("linear:3", "takes no widths"),
        ("cnn", "cnn takes square images"),
        ("math:tau", "is float; name a function"),
    ],
)
def test_an_address_that_is_none_is_one_clear_line(address: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_model(address, problem())


def test_a_model_with_one_set_of_weights_is_refused_and_untouched() -> None:
    before = SHARED.weight.detach().clone()
    with pytest.raises(UsageError, match="give a function that makes it"):
        load_model(nn.Linear(5, 3), problem())
    assert torch.equal(SHARED.weight, before)


def test_checking_a_model_leaves_random_states_and_the_number_of_threads() -> None:
    own = problem()
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    load_model("mlp", own)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_the_store_knows_models_apart_and_the_same_model_again() -> None:
    own = problem()
    first, again, other = (load_model(name, own).source for name in ("mlp:8", "mlp:8", "mlp:9"))
    assert first == again != other
    two = [load_model(make, own).source for make in (lambda: nn.Linear(5, 3), lambda: nn.Linear(5, 3, bias=False))]
    assert two[0] != two[1]
