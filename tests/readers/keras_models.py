"""Compiled Keras models, read one after another in a process of their own: `python keras_models.py` prints JSON.

The backend is what `KERAS_BACKEND` says; keras is imported by this process only.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import layers as L

import lossaudit
from lossaudit.errors import UsageError
from lossaudit.pairing import Const

X = (8,)


def sequential(*layers: Any, loss: Any, **options: Any) -> Any:
    model = keras.Sequential([keras.Input(X), *layers])
    model.compile(optimizer="sgd", loss=loss, **options)
    return model


def unbuilt(*layers: Any, loss: Any) -> Any:
    """Without an input: Keras has no graph of it yet."""
    model = keras.Sequential(layers)
    model.compile(optimizer="sgd", loss=loss)
    return model


def functional(make: Callable[[Any], Any], *, loss: Any, **options: Any) -> Any:
    inputs = keras.Input(X)
    model = keras.Model(inputs, make(inputs))
    model.compile(optimizer="sgd", loss=loss, **options)
    return model


def branches(x: Any) -> list[Any]:
    return [L.Dense(5, activation="softmax", name="kind")(x), L.Dense(1, name="size")(x)]


def nested(x: Any) -> Any:
    inside = keras.Input((8,))
    hidden = L.Dense(4, activation="relu")(inside)
    body = keras.Model(inside, [hidden, L.Dense(5, name="logits")(hidden)], name="body")
    return L.Softmax(name="probs")(body(x)[1])


def through_nested(x: Any) -> Any:
    """The inner model only passes on what it is given."""
    inside = keras.Input((5,))
    return keras.Model(inside, L.Dropout(0.1)(inside))(L.Dense(5, activation="softmax", name="probs")(x))


def shared(x: Any) -> Any:
    """One layer, called twice: the second call is what reaches the loss."""
    softmax = L.Softmax(name="twice")
    return softmax(L.Dense(5)(L.Dense(7)(softmax(L.Dense(3)(x)))))


@keras.saving.register_keras_serializable("tests")
class Doubled(L.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.head = L.Dense(5, activation="softmax")

    def call(self, x: Any) -> Any:
        return self.head(x)


class OwnCall(keras.Model):
    """Built from a graph, but what it computes is another thing."""

    def call(self, x: Any, training: bool = False) -> Any:
        outputs = super().call(x)
        return outputs if not training else keras.ops.log(outputs)


class OwnStep(keras.Model):
    def train_step(self, *arguments: Any) -> Any:
        return {}


class OwnLoss(keras.losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(y_true - y_pred)


def own_loss(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean((y_true - y_pred) ** 2)


def own_activation(x: Any) -> Any:
    return keras.ops.softmax(x)


def compiled(model: Any, loss: Any) -> Any:
    model.compile(optimizer="sgd", loss=loss)
    return model


def built(kind: type[Any], loss: Any) -> Any:
    inputs = keras.Input(X)
    return compiled(kind(inputs, L.Dense(5, activation="softmax")(inputs)), loss)


CCE = keras.losses.CategoricalCrossentropy
SCCE = keras.losses.SparseCategoricalCrossentropy
BCE = keras.losses.BinaryCrossentropy

MODELS: Mapping[str, Callable[[], Any]] = {
    # wrong
    "softmax layer, from_logits": lambda: sequential(L.Dense(5), L.Softmax(name="dense_1"), loss=CCE(from_logits=True)),
    "softmax activation, from_logits": lambda: sequential(
        L.Dense(5, activation="softmax", name="last"), loss=SCCE(from_logits=True)
    ),
    "activation layer, from_logits": lambda: sequential(
        L.Dense(5), L.Activation("softmax", name="a"), loss=SCCE(from_logits=True)
    ),
    "sigmoid, from_logits": lambda: sequential(L.Dense(1, activation="sigmoid", name="s"), loss=BCE(from_logits=True)),
    "partial": lambda: sequential(
        L.Dense(5, activation="softmax", name="p"),
        loss=functools.partial(keras.losses.categorical_crossentropy, from_logits=True),
    ),
    "logits, string": lambda: sequential(L.Dense(5, name="logits"), loss="categorical_crossentropy"),
    "logits, object": lambda: sequential(L.Dense(5), loss=SCCE()),
    "logits, function": lambda: sequential(L.Dense(1), loss=keras.losses.binary_crossentropy),
    "logits, unbuilt": lambda: unbuilt(L.Dense(3, activation="relu"), L.Dense(5), loss="categorical_crossentropy"),
    "linear activation": lambda: sequential(L.Dense(5, activation="linear"), loss="categorical_crossentropy"),
    "sigmoid, categorical": lambda: sequential(
        L.Dense(5, activation="sigmoid", name="s"), loss="categorical_crossentropy"
    ),
    "softmax, binary": lambda: sequential(L.Dense(5, activation="softmax", name="s"), loss="binary_crossentropy"),
    "softmax, mse": lambda: sequential(L.Dense(5, activation="softmax", name="s"), loss="mse"),
    "one unit": lambda: sequential(L.Dense(1, activation="softmax", name="s"), loss="binary_crossentropy"),
    "nested": lambda: functional(nested, loss=CCE(from_logits=True)),
    "through a nested model": lambda: functional(through_nested, loss=CCE(from_logits=True)),
    "a layer called twice": lambda: functional(shared, loss=CCE(from_logits=True)),
    "nested sequential": lambda: sequential(
        keras.Sequential([L.Dense(5), L.Softmax(name="probs")]), loss=CCE(from_logits=True)
    ),
    "keras.ops": lambda: functional(lambda x: keras.ops.softmax(L.Dense(5)(x), axis=-1), loss=CCE(from_logits=True)),
    "views between": lambda: functional(
        lambda x: L.Dropout(0.2)(L.Reshape((5, 1))(L.Dense(5, activation="softmax", name="s")(x))),
        loss=BCE(from_logits=True),
    ),
    "list of losses": lambda: functional(branches, loss=[CCE(from_logits=True), "mse"], loss_weights=[1.0, 0.5]),
    "dictionary of losses": lambda: functional(
        branches, loss={"size": "mse", "kind": CCE(from_logits=True)}, loss_weights={"kind": 2, "size": 0.25}
    ),
    "dictionary of outputs": lambda: functional(
        lambda x: dict(zip("zy", branches(x), strict=True)), loss={"z": CCE(from_logits=True), "y": "mse"}
    ),
    "one loss for all": lambda: functional(branches, loss="mse"),
    # right
    "right: logits": lambda: sequential(L.Dense(5), loss=SCCE(from_logits=True)),
    "right: softmax": lambda: sequential(L.Dense(5, activation="softmax"), loss="sparse_categorical_crossentropy"),
    "right: sigmoid": lambda: sequential(L.Dense(1), L.Activation("sigmoid"), loss="binary_crossentropy"),
    "right: several labels": lambda: sequential(L.Dense(5, activation="sigmoid"), loss="binary_crossentropy"),
    "right: two units": lambda: sequential(L.Dense(2, activation="softmax"), loss="binary_crossentropy"),
    "right: regression": lambda: sequential(L.Dense(1), loss="mse"),
    "right: autoencoder": lambda: sequential(L.Dense(8, activation="sigmoid"), loss="mse"),
    "right: hinge": lambda: sequential(L.Dense(1, activation="tanh"), loss="hinge"),
    "right: pixels": lambda: functional(
        lambda x: L.Conv2D(3, 1, activation="softmax")(L.Reshape((2, 2, 2))(x)), loss="sparse_categorical_crossentropy"
    ),
    "right: attention": lambda: functional(
        lambda x: L.Dense(5)(L.Multiply()([x, L.Dense(8, activation="softmax")(x)])), loss=CCE(from_logits=True)
    ),
    "right: weight 0": lambda: functional(branches, loss=[CCE(from_logits=True), "mse"], loss_weights=[0.0, 1.0]),
    # not known: silent, and said
    "unknown: a layer of one's own": lambda: sequential(L.Dense(5), Doubled(), loss="categorical_crossentropy"),
    "unknown: a model of one's own": lambda: compiled(Subclassed(), CCE(from_logits=True)),
    "unknown: a call of one's own": lambda: built(OwnCall, CCE(from_logits=True)),
    "unknown: a train_step of one's own": lambda: built(OwnStep, CCE(from_logits=True)),
    "unknown: a loss of one's own": lambda: sequential(L.Dense(5, activation="softmax"), loss=OwnLoss()),
    "unknown: a function of one's own": lambda: sequential(L.Dense(5, activation="softmax"), loss=own_loss),
    "unknown: an activation of one's own": lambda: sequential(
        L.Dense(5, activation=own_activation), loss=CCE(from_logits=True)
    ),
    "unknown: a Lambda": lambda: sequential(L.Dense(5), L.Lambda(lambda x: x / 2), loss="categorical_crossentropy"),
    "unknown: one of the two is custom": lambda: functional(
        lambda x: L.Concatenate()([L.Dense(2)(x), Doubled()(x)]), loss="categorical_crossentropy"
    ),
    # asked for at the wrong time
    "error: not compiled": lambda: keras.Sequential([L.Dense(5)], name="m"),
    "error: no loss": lambda: compiled(keras.Sequential([L.Dense(5)], name="m"), None),
}


def seen(make: Callable[[], Any]) -> dict[str, Any]:
    """What lossaudit says of a model, as JSON holds it."""
    model = make()
    try:
        report = lossaudit.audit(model)
    except UsageError as error:
        return {"error": str(error)}
    terms = [term for objective in report.reading.objectives for term in objective.terms]
    assert len(report.to_html()) > len(str(report)) > 0
    return {
        "findings": [
            [finding.rule, finding.severity.value, finding.message, [place.scope for place in finding.places]]
            for finding in report.findings
        ],
        "unresolved": [each.reason for each in report.reading.unresolved],
        "coefficients": [term.coefficient.value if isinstance(term.coefficient, Const) else None for term in terms],
        "backends": sorted({str(met.pairing.backend) for met in report.pairings}),
    }


if __name__ == "__main__":
    found = {name: seen(make) for name, make in MODELS.items()}
    print(json.dumps({"models": found, "torch": "torch" in sys.modules, "backend": keras.backend.backend()}))
