"""A machine's temperature with Keras, under whichever loss is asked for; some training readings are wrong."""

from __future__ import annotations

import keras
import numpy as np


def readings(count: int, seed: int, wrong: float = 0.0):
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (count, 3)).astype("float32")
    y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + random.normal(0, 0.1, count)
    y += 5 * (random.random(count) < wrong)
    return x, y.astype("float32")


def train(loss: str, seed: int, lr: float, budget: int):
    """Returns numbers by name; a sample's own errors for the test, so that samples are compared one by one."""
    keras.utils.set_random_seed(seed)
    (x, y), held_out, (x_test, y_test) = readings(512, 0, wrong=0.1), readings(256, 1), readings(256, 2)
    model = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(lr), loss, metrics=["mae"])
    told = model.fit(x, y, batch_size=64, epochs=budget, validation_data=held_out, verbose=0)
    return {
        "val_mae": told.history["val_mae"][-1],
        "test_mae": np.abs(model.predict(x_test, verbose=0)[:, 0] - y_test),
        "curves": told.history,
    }
