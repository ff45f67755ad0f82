"""Compiled Keras models, on two backends, each in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lossaudit
from lossaudit.errors import UsageError

BACKENDS = ("torch", "jax")
TRUE, FALSE = "keras-from-logits-true-on-probs", "keras-from-logits-false-on-logits"

# The message of each finding, by model. Keras documents from_logits=False as the default of its losses.
WRONG: dict[str, list[tuple[str, str]]] = {
    "softmax layer, from_logits": [
        (TRUE, "softmax (layer 'dense_1') + CategoricalCrossentropy(from_logits=True), 5 classes")
    ],
    "softmax activation, from_logits": [
        (TRUE, "softmax (layer 'last') + SparseCategoricalCrossentropy(from_logits=True), 5 classes")
    ],
    "activation layer, from_logits": [
        (TRUE, "softmax (layer 'a') + SparseCategoricalCrossentropy(from_logits=True), 5 classes")
    ],
    "sigmoid, from_logits": [(TRUE, "sigmoid (layer 's') + BinaryCrossentropy(from_logits=True)")],
    "partial": [(TRUE, "softmax (layer 'p') + categorical_crossentropy(from_logits=True), 5 classes")],
    "logits, string": [
        (FALSE, "logits of a linear layer + categorical_crossentropy, 5 classes, with from_logits=False")
    ],
    "logits, object": [
        (FALSE, "logits of a linear layer + SparseCategoricalCrossentropy, 5 classes, with from_logits=False")
    ],
    "logits, function": [(FALSE, "logits of a linear layer + binary_crossentropy, with from_logits=False")],
    "logits, unbuilt": [
        (FALSE, "logits of a linear layer + categorical_crossentropy, 5 classes, with from_logits=False")
    ],
    "linear activation": [
        (FALSE, "logits of a linear layer + categorical_crossentropy, 5 classes, with from_logits=False")
    ],
    "sigmoid, categorical": [
        ("keras-sigmoid-cce", "sigmoid (layer 's') + categorical_crossentropy, 5 classes"),
    ],
    "softmax, binary": [("bce-on-softmax", "softmax (layer 's') + binary_crossentropy, 5 classes")],
    "softmax, mse": [("mse-on-softmax", "softmax (layer 's') + mse, 5 classes")],
    "one unit": [
        ("softmax-one-unit", "softmax (layer 's') + binary_crossentropy: the softmax is over a single unit"),
    ],
    "nested": [(TRUE, "softmax (layer 'probs') + CategoricalCrossentropy(from_logits=True), 5 classes")],
    "through a nested model": [
        (TRUE, "softmax (layer 'probs') + CategoricalCrossentropy(from_logits=True), 5 classes")
    ],
    "a layer called twice": [(TRUE, "softmax (layer 'twice') + CategoricalCrossentropy(from_logits=True), 5 classes")],
    "nested sequential": [(TRUE, "softmax (layer 'probs') + CategoricalCrossentropy(from_logits=True), 5 classes")],
    "keras.ops": [(TRUE, "softmax (layer 'softmax")],
    "views between": [(TRUE, "softmax (layer 's') + BinaryCrossentropy(from_logits=True)")],
    "list of losses": [
        (TRUE, "softmax (layer 'kind') + CategoricalCrossentropy(from_logits=True) (output 'kind'), 5 classes")
    ],
    "dictionary of losses": [
        (TRUE, "softmax (layer 'kind') + CategoricalCrossentropy(from_logits=True) (output 'kind'), 5 classes")
    ],
    "dictionary of outputs": [
        (TRUE, "softmax (layer 'kind') + CategoricalCrossentropy(from_logits=True) (output 'z'), 5 classes")
    ],
    "one loss for all": [("mse-on-softmax", "softmax (layer 'kind') + mse (output 'kind'), 5 classes")],
}
COEFFICIENTS = {
    "list of losses": [1.0, 0.5],
    "dictionary of losses": [0.25, 2.0],
    "right: weight 0": [0.0, 1.0],
    "right: logits": [1.0],
}
UNKNOWN = {
    "unknown: a layer of one's own": "the layer Doubled is the program's own: its call is not looked into",
    "unknown: a model of one's own": "the layer Subclassed is the program's own: its call is not looked into",
    "unknown: a call of one's own": "the layer OwnCall is the program's own: its call is not looked into",
    "unknown: a train_step of one's own": "its class has a train_step of its own, which is not looked into",
    "unknown: a loss of one's own": "a loss of the program's own, which is not looked into",
    "unknown: a function of one's own": "a loss of the program's own, which is not looked into",
    "unknown: a Lambda": "the function of a Lambda layer is not looked into",
    "unknown: one of the two is custom": "the layer Doubled is the program's own: its call is not looked into",
    "unknown: an activation of one's own": "the activation own_activation is the program's own",
}
ERRORS = {
    "error: not compiled": "the Keras model 'm' is not compiled: call model.compile(loss=...) before audit",
    "error: no loss": "the Keras model 'm' is compiled without a loss: call model.compile(loss=...) before audit",
}


@pytest.fixture(scope="module", params=BACKENDS)
def seen(request: pytest.FixtureRequest) -> dict[str, Any]:
    if importlib.util.find_spec("keras") is None or importlib.util.find_spec(request.param) is None:
        pytest.skip("needs keras and its backend")
    script = Path(__file__).with_name("keras_models.py")
    env = {**os.environ, "KERAS_BACKEND": request.param, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout.splitlines()[-1])
    assert document["backend"] == request.param
    return document


def test_wrong_models(seen: dict[str, Any]) -> None:
    for name, expected in WRONG.items():
        found = [(rule, message) for rule, _, message, _ in seen["models"][name]["findings"]]
        assert [rule for rule, _ in found] == [rule for rule, _ in expected], name
        assert all(message.startswith(start) for (_, message), (_, start) in zip(found, expected, strict=True)), found


def test_the_places_name_the_output_and_the_layer(seen: dict[str, Any]) -> None:
    (finding,) = seen["models"]["list of losses"]["findings"]
    assert finding[3] == ["kind", "kind"]
    (finding,) = seen["models"]["softmax layer, from_logits"]["findings"]
    assert finding[3] == ["", "dense_1"]


def test_where_nothing_recovers_the_logits_it_is_an_error(seen: dict[str, Any]) -> None:
    (finding,) = seen["models"]["sigmoid, from_logits"]["findings"]
    assert finding[1] == "error"
    assert seen["models"]["sigmoid, from_logits"]["backends"] == [seen["backend"]]


def test_right_models_are_left_alone(seen: dict[str, Any]) -> None:
    for name, found in seen["models"].items():
        if name.startswith("right: "):
            assert found["findings"] == [], name
            assert found["unresolved"] == [], name


def test_what_is_not_known_is_said(seen: dict[str, Any]) -> None:
    for name, found in seen["models"].items():
        if name.startswith("unknown: "):
            assert found["findings"] == [], name
    for name, reason in UNKNOWN.items():
        assert any(each.startswith(reason) for each in seen["models"][name]["unresolved"]), seen["models"][name]


def test_weights_are_coefficients(seen: dict[str, Any]) -> None:
    for name, weights in COEFFICIENTS.items():
        assert seen["models"][name]["coefficients"] == weights, name


def test_a_model_that_is_not_compiled_is_a_usage_error(seen: dict[str, Any]) -> None:
    for name, start in ERRORS.items():
        assert seen["models"][name]["error"].startswith(start)


def test_every_model_is_judged(seen: dict[str, Any]) -> None:
    judged = {*WRONG, *ERRORS, *(name for name in seen["models"] if name.startswith(("right: ", "unknown: ")))}
    assert judged == set(seen["models"])


def test_torch_is_not_imported_for_it(seen: dict[str, Any]) -> None:
    assert seen["torch"] is (seen["backend"] == "torch")


def test_only_a_keras_model_stands_alone() -> None:
    with pytest.raises(UsageError, match="only a compiled Keras model is given alone"):
        lossaudit.audit(lambda x: x)
