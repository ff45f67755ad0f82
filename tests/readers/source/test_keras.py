"""What the source reader understands of Keras and TensorFlow: the losses of a program, and the heads before them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from lossaudit.pairing import Const, Pairing, Reading, Source, TargetEncoding, Unknown
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.reader import read

START = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.layers import Activation, Dense, Dropout, Flatten
from tensorflow.keras.models import Sequential

x_train, y_train, settings = load()
"""

CCE, SCCE, BCE = "categorical_cross_entropy", "sparse_categorical_cross_entropy", "bce"
PASSING = frozenset({"identity", "reshape", "flatten", "dropout", "getitem", "permute", "squeeze"})
Seen = tuple[str | None, tuple[str, ...], int | None, bool | None]


def reading(folder: Path, program: str, start: str = START, **files: str) -> Reading:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(start + dedent(text), encoding="utf-8")
    path = folder / "train.py"
    path.write_text(start + dedent(program), encoding="utf-8")
    return read(str(path), Project((str(folder),)))


def unresolved(found: Reading) -> list[str]:
    return [each.reason for objective in found.objectives for term in objective.terms for each in term.unresolved]


def seen(pairing: Pairing) -> Seen:
    """The loss, the steps that change numbers, the units of the last affine layer, and `from_logits`."""
    steps = tuple(step.op for step in pairing.prediction.steps if step.op not in PASSING)
    from_logits = pairing.loss.params.get("from_logits")
    known = from_logits.value if isinstance(from_logits, Const) and isinstance(from_logits.value, bool) else None
    return pairing.loss.loss, steps, pairing.prediction.units, known


def losses(folder: Path, program: str, start: str = START, **files: str) -> list[Seen]:
    """Everything that was understood, once each, where nothing was left."""
    found = reading(folder, program, start, **files)
    assert not unresolved(found)
    assert all(pairing.prediction.source is Source.AFFINE for pairing in found.pairings)
    return list(dict.fromkeys(map(seen, found.pairings)))


# What a program computes: the loss, the head, the units, from_logits.
COMPILED: dict[str, tuple[str, list[Seen]]] = {
    "a list of layers, by position and by keyword": (
        """
        Sequential([Flatten(), Dense(32, "relu"), Dense(10, "softmax")]).compile("adam", "categorical_crossentropy")
        Sequential(layers=[Dense(units=4)], name="net").compile(optimizer="sgd", loss="mse")
        """,
        [(CCE, ("softmax",), 10, False), ("mse", (), 4, None)],
    ),
    "layers one by one, the activation apart": (
        """
        model = Sequential()
        model.add(Dense(64, input_shape=(20,)))
        model.add(Activation("relu"))
        model.add(Dropout(0.3))
        model.add(Dense(1))
        model.add(Activation("sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
        """,
        [(BCE, ("sigmoid",), 1, False)],
    ),
    "the same model compiled again with another loss": (
        """
        model = Sequential([Dense(3, activation="softmax")])
        model.compile("adam", "mse")
        model.compile("adam", "sparse_categorical_crossentropy")
        """,
        [("mse", ("softmax",), 3, None), (SCCE, ("softmax",), 3, False)],
    ),
    "a layer is taken away and another put in its place": (
        """
        model = Sequential([Dense(8, activation="relu"), Dense(10, activation="softmax")])
        model.pop()
        model.add(Dense(2))
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """,
        [(SCCE, (), 2, True)],
    ),
    "an activation in every form": (
        """
        def flat(t):
            return tf.nn.softmax(t, axis=-1)

        for act in ("softmax", tf.nn.softmax, keras.activations.softmax, flat, lambda t: keras.activations.softmax(t),
                    layers.Softmax()):
            Sequential([Dense(6, activation=act)]).compile("adam", "categorical_crossentropy")
        Sequential([Dense(6), Activation(tf.nn.softmax)]).compile("adam", "categorical_crossentropy")
        Sequential([Dense(6), layers.Softmax(axis=-1)]).compile("adam", "categorical_crossentropy")
        Sequential([Dense(6), layers.Lambda(lambda t: tf.nn.softmax(t))]).compile("adam", "categorical_crossentropy")
        """,
        [(CCE, ("softmax",), 6, False)],
    ),
    "no activation in every form": (
        """
        for act in (None, "linear", keras.activations.linear):
            Sequential([Dense(6, activation=act)]).compile("adam", keras.losses.CategoricalCrossentropy(True))
        """,
        [(CCE, (), 6, True)],
    ),
    "layers from a loop, a list, an extended list": (
        """
        body = [Dense(n, activation="relu") for n in (64, 32)]
        body.append(Dense(5))
        model = Sequential(body + [Activation("sigmoid")])
        model.compile("adam", "bce")

        model = Sequential()
        for width in (128, 64, 32):
            model.add(Dense(width, activation="tanh"))
        model.add(Dense(5, activation="sigmoid"))
        model.compile("adam", loss=keras.losses.binary_crossentropy)
        """,
        [(BCE, ("sigmoid",), 5, False)],
    ),
    "models in models": (
        """
        body = Sequential([Dense(16, "relu"), Dense(7)])
        model = Sequential([layers.Rescaling(1 / 255), body, layers.Softmax()])
        model.compile("adam", "sparse_categorical_crossentropy")

        inputs = keras.Input((8,))
        wrapped = keras.Model(inputs, Activation("softmax")(body(inputs)))
        wrapped.compile("adam", "sparse_categorical_crossentropy")
        """,
        [(SCCE, ("softmax",), 7, False)],
    ),
    "a functional head that is its own model": (
        """
        z = keras.Input((4,))
        head = keras.Model(z, layers.Softmax()(z))
        images = keras.Input((32, 32, 3))
        model = keras.Model(images, head(Dense(4)(Flatten()(images))))
        model.compile("adam", "categorical_crossentropy")
        """,
        [(CCE, ("softmax",), 4, False)],
    ),
    "the output of another model, of its last layer but one": (
        """
        base = Sequential([Dense(16, activation="relu"), Dense(10, activation="softmax")])
        keras.Model(base.input, base.output).compile("adam", "categorical_crossentropy")
        keras.Model(inputs=base.inputs, outputs=Dense(1)(base.layers[-2].output)).compile("adam", "mae")
        keras.Model(base.input, base.layers[-1].output).compile("adam", "mse")
        """,
        [(CCE, ("softmax",), 10, False), ("mae", (), 1, None), ("mse", ("softmax",), 10, None)],
    ),
    "a builder in another function, its activation an argument": (
        """
        def build(classes, last="softmax"):
            net = Sequential()
            net.add(layers.Conv2D(8, 3, activation="relu"))
            net.add(layers.GlobalAveragePooling2D())
            net.add(Dense(classes, activation=last))
            return net

        build(10).compile("adam", "categorical_crossentropy")
        build(3, last="sigmoid").compile("adam", "binary_crossentropy")
        """,
        [(CCE, ("softmax",), 10, False), (BCE, ("sigmoid",), 3, False)],
    ),
    "a builder that nothing calls": (
        """
        def create_model(optimizer="adam"):
            model = Sequential([Dense(12, activation="relu"), Dense(1, activation="sigmoid")])
            model.compile(loss="binary_crossentropy", optimizer=optimizer)
            return model

        search = KerasClassifier(build_fn=create_model)
        """,
        [(BCE, ("sigmoid",), 1, False)],
    ),
    "a subclass, its loss an object in a variable": (
        """
        class Net(tf.keras.Model):
            def __init__(self, classes):
                super().__init__()
                self.hidden = Dense(32, activation="relu")
                self.out = Dense(classes)
                self.drop = Dropout(0.5)

            def call(self, inputs, training=None):
                x = self.hidden(inputs)
                return self.out(self.drop(x, training=training))

        criterion = tf.losses.SparseCategoricalCrossentropy(from_logits=True)
        net = Net(9)
        net.compile(optimizer=tf.optimizers.Adam(), loss=criterion)
        """,
        [(SCCE, (), 9, True)],
    ),
    "a subclass that answers with probabilities when it is not trained": (
        """
        class Net(keras.Model):
            def __init__(self):
                super(Net, self).__init__()
                self.out = Dense(4)

            def call(self, x, training=False):
                z = self.out(x)
                return z if training else tf.nn.softmax(z)

        Net().compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
        """,
        [(CCE, (), 4, True)],
    ),
    "an activation that a layer of the program looks up": (
        """
        class Head(layers.Layer):
            def __init__(self, units, activation=None):
                super().__init__()
                self.dense = Dense(units)
                self.activation = keras.activations.get(activation)

            def call(self, x):
                return self.activation(self.dense(x))

        Sequential([Head(2, "sigmoid")]).compile("adam", keras.losses.get("binary_crossentropy"))
        Sequential([Head(3)]).compile("adam", "mae")
        """,
        [(BCE, ("sigmoid",), 2, False), ("mae", (), 3, None)],
    ),
    "a layer of the program's own, with build": (
        """
        class Head(layers.Layer):
            def __init__(self, units, **kwargs):
                super().__init__(**kwargs)
                self.units = units

            def build(self, shape):
                self.dense = Dense(self.units)

            def call(self, x):
                return tf.nn.sigmoid(self.dense(x))

        Sequential([Dense(3, "relu"), Head(2)]).compile("adam", keras.losses.BinaryCrossentropy())
        """,
        [(BCE, ("sigmoid",), 2, False)],
    ),
    "a model class with functional inputs and outputs": (
        """
        class Net(keras.Model):
            def __init__(self):
                inputs = keras.Input((4,))
                super().__init__(inputs=inputs, outputs=Dense(2, activation="softmax")(inputs))

        Net().compile("adam", "categorical_crossentropy")
        """,
        [(CCE, ("softmax",), 2, False)],
    ),
    "a head on a network of keras.applications": (
        """
        from tensorflow.keras.applications.resnet50 import ResNet50

        base = ResNet50(include_top=False, weights="imagenet", pooling="avg")
        base.trainable = False
        model = keras.Model(base.input, Dense(120, activation="softmax")(base.output))
        model.compile("adam", "categorical_crossentropy")

        model = Sequential([keras.applications.VGG16(include_top=False), Flatten(), Dense(1)])
        model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        """,
        [(CCE, ("softmax",), 120, False), (BCE, (), 1, True)],
    ),
    "networks of keras.applications with their own heads": (
        """
        keras.applications.MobileNetV2(weights=None, classes=37).compile("adam", "categorical_crossentropy")
        logits = keras.applications.EfficientNetB0(weights=None, classes=5, classifier_activation=None)
        logits.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """,
        [(CCE, ("softmax",), 37, False), (SCCE, (), 5, True)],
    ),
    "a list of losses, by position": (
        """
        inputs = keras.Input((16,))
        value, kind = Dense(1)(inputs), Dense(5, activation="softmax")(inputs)
        model = keras.Model(inputs=inputs, outputs=[value, kind])
        model.compile("adam", loss=["mse", "categorical_crossentropy"], loss_weights=[1.0, 0.5])
        """,
        [("mse", (), 1, None), (CCE, ("softmax",), 5, False)],
    ),
    "a dictionary of losses, by name": (
        """
        inputs = keras.Input((16,), name="data")
        kind = Dense(5, name="kind", activation="softmax")(inputs)
        value = Dense(1)(inputs)
        value = Activation("relu", name="value")(value)
        model = keras.Model(inputs, [kind, value])
        model.compile("adam", loss={"value": keras.losses.Huber(), "kind": "sparse_categorical_crossentropy"})
        """,
        [(SCCE, ("softmax",), 5, False), ("huber", ("relu",), 1, None)],
    ),
    "outputs in a dictionary": (
        """
        inputs = keras.Input((16,))
        outputs = {"a": Dense(2, "softmax")(inputs), "b": Dense(3)(inputs)}
        model = keras.Model(inputs, outputs)
        model.compile("adam", loss={"b": "mae", "a": "categorical_crossentropy"})
        """,
        [(CCE, ("softmax",), 2, False), ("mae", (), 3, None)],
    ),
    "one loss for all outputs": (
        """
        inputs = keras.Input((16,))
        model = keras.Model(inputs, [Dense(2, "sigmoid")(inputs), Dense(3, "sigmoid")(inputs)])
        model.compile("adam", "binary_crossentropy")
        """,
        [(BCE, ("sigmoid",), 2, False), (BCE, ("sigmoid",), 3, False)],
    ),
    "a loss that is maximised is not trained as it stands": (
        """
        inputs = keras.Input((16,))
        model = keras.Model(inputs, [Dense(2, "sigmoid")(inputs), Dense(3)(inputs)])
        model.compile("adam", ["binary_crossentropy", "mse"], loss_weights=[1, -0.1])
        """,
        [(BCE, ("sigmoid",), 2, False)],
    ),
    "a generator below a discriminator": (
        """
        noise = keras.Input((100,))
        generator = Sequential([Dense(128, "relu"), Dense(784, activation="tanh")])
        discriminator = Sequential([Dense(64, "relu"), Dense(1, activation="sigmoid")])
        combined = keras.Model(noise, discriminator(generator(noise)))
        combined.compile(loss="binary_crossentropy", optimizer="adam")
        """,
        [(BCE, ("sigmoid",), 1, False)],
    ),
    "an autoencoder": (
        """
        class Autoencoder(keras.Model):
            def __init__(self):
                super().__init__()
                self.encoder = Sequential([Flatten(), Dense(32, activation="relu")])
                self.decoder = Sequential([Dense(784, activation="sigmoid"), layers.Reshape((28, 28))])

            def call(self, x):
                return self.decoder(self.encoder(x))

        model = Autoencoder()
        model.compile("adam", keras.losses.MeanSquaredError())
        model.fit(x_train, x_train)
        """,
        [("mse", ("sigmoid",), None, None)],
    ),
    "layers that are wrapped": (
        """
        model = Sequential()
        model.add(layers.Bidirectional(layers.LSTM(64, return_sequences=True)))
        model.add(layers.TimeDistributed(Dense(17, activation="softmax")))
        model.compile("adam", "sparse_categorical_crossentropy")
        """,
        [(SCCE, ("softmax",), 17, False)],
    ),
    "a convolution as the last layer": (
        """
        inputs = keras.Input((64, 64, 3))
        x = layers.Conv2D(32, 3, padding="same", activation="relu")(inputs)
        x = layers.concatenate([x, layers.UpSampling2D()(layers.MaxPooling2D()(x))])
        outputs = layers.Conv2D(21, (1, 1), activation="softmax")(x)
        keras.Model(inputs, outputs).compile("adam", "categorical_crossentropy")
        """,
        [(CCE, ("softmax",), 21, False)],
    ),
    "a custom loss that takes probabilities": (
        """
        def weighted(alpha):
            def loss(y_true, y_pred):
                return alpha * tf.keras.backend.binary_crossentropy(y_true, y_pred)
            return loss

        Sequential([Dense(1, activation="sigmoid")]).compile("adam", loss=weighted(0.3))
        """,
        [(BCE, ("sigmoid",), 1, False)],
    ),
    "a loss class of the program": (
        """
        class Smooth(keras.losses.Loss):
            def __init__(self, weight=0.1, name="smooth"):
                super().__init__(name=name)
                self.weight = weight

            def call(self, y_true, y_pred):
                return self.weight * keras.losses.categorical_crossentropy(y_true, y_pred, from_logits=True)

        Sequential([Dense(8)]).compile("adam", loss=Smooth())
        """,
        [(CCE, (), 8, True)],
    ),
    "a loss that is a partial function": (
        """
        from functools import partial

        loss = partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
        Sequential([Dense(8)]).compile("adam", loss=loss)
        """,
        [(SCCE, (), 8, True)],
    ),
    "Keras 1": (
        """
        from keras.layers.core import Dense, Activation
        from keras.layers.convolutional import Convolution2D
        from keras.models import Model, Sequential

        model = Sequential()
        model.add(Convolution2D(nb_filter=32, nb_row=3, nb_col=3, activation="relu"))
        model.add(Dense(output_dim=10, init="uniform"))
        model.add(Activation("softmax"))
        model.compile(loss="categorical_crossentropy", optimizer="sgd")
        copy = Model(input=model.input, output=model.output)
        copy.compile(loss="mse", optimizer="sgd")
        """,
        [(CCE, ("softmax",), 10, False), ("mse", ("softmax",), 10, None)],
    ),
    "a clone": (
        """
        model = Sequential([Dense(3, activation="softmax")])
        twin = keras.models.clone_model(model)
        twin.compile("adam", "categorical_crossentropy")
        """,
        [(CCE, ("softmax",), 3, False)],
    ),
    "a distribution strategy": (
        """
        strategy = tf.distribute.MirroredStrategy()
        with strategy.scope():
            model = Sequential([Dense(3)])
            model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
        """,
        [(CCE, (), 3, True)],
    ),
}


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name: str, tmp_path: Path) -> None:
    program, expected = COMPILED[name]
    assert losses(tmp_path, program) == expected


LOOPS: dict[str, tuple[str, list[Seen]]] = {
    "a tape": (
        """
        model = Sequential([Dense(32, "relu"), Dense(10)])
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.SGD(1e-3)

        @tf.function
        def train_step(x, y):
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = loss_fn(y, logits)
            gradients = tape.gradient(loss, model.trainable_weights)
            optimizer.apply_gradients(zip(gradients, model.trainable_weights))
            return loss

        for x, y in dataset:
            train_step(x, y)
        """,
        [(SCCE, (), 10, True)],
    ),
    "sides by keyword": (
        """
        model = Sequential([Dense(1, activation="sigmoid")])
        loss_fn = keras.losses.BinaryCrossentropy()
        with tf.GradientTape() as tape:
            loss = loss_fn(y_pred=model(x_train), y_true=y_train)
        """,
        [(BCE, ("sigmoid",), 1, False)],
    ),
    "a loss that is minimised as a function": (
        """
        model = Sequential([Dense(4, activation="softmax")])
        loss = lambda: keras.losses.categorical_crossentropy(y_train, model(x_train))
        tf.keras.optimizers.legacy.Adam().minimize(loss, model.trainable_variables)
        """,
        [(CCE, ("softmax",), 4, False)],
    ),
    "squared errors by hand": (
        """
        model = Sequential([Dense(4, activation="softmax")])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x_train) - y_train))
        tape.gradient(loss, model.trainable_variables)
        """,
        [("mse", ("softmax",), 4, None)],
    ),
    "TensorFlow's own cross-entropy": (
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.out = Dense(10)

            def call(self, x, is_training=False):
                x = self.out(x)
                if not is_training:
                    x = tf.nn.softmax(x)
                return x

        net = Net()
        with tf.GradientTape() as tape:
            z = net(x_train, is_training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y_train, logits=z))
        tape.gradient(loss, net.trainable_variables)
        """,
        [("cross_entropy", (), 10, None)],
    ),
    "TensorFlow 1": (
        """
        x = tf.placeholder(tf.float32, [None, 784])
        y = tf.placeholder(tf.float32, [None, 10])
        h = tf.layers.dense(x, 64, activation=tf.nn.relu)
        z = tf.layers.dense(h, 10)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=z))
        step = tf.train.AdamOptimizer(0.01).minimize(loss)
        """,
        [("cross_entropy", (), 10, None)],
    ),
    "TensorFlow 1, the softmax is applied twice": (
        """
        x = tf.placeholder(tf.float32, [None, 784])
        y = tf.placeholder(tf.float32, [None, 10])
        p = tf.layers.dense(inputs=x, units=10, activation=tf.nn.softmax)
        loss = tf.losses.softmax_cross_entropy(onehot_labels=y, logits=p)
        """,
        [("cross_entropy", ("softmax",), 10, None)],
    ),
    "TensorFlow 1, layers that are objects": (
        """
        dense = tf.compat.v1.layers.Dense(3, activation=tf.nn.relu)
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels=y_train, logits=dense(x_train))
        """,
        [("cross_entropy", ("relu",), 3, None)],
    ),
    "fully_connected ends in a relu unless it is told otherwise": (
        """
        z = tf.contrib.layers.fully_connected(x_train, 10)
        tf.nn.sparse_softmax_cross_entropy_with_logits(logits=z, labels=y_train)
        z = tf.contrib.layers.fully_connected(x_train, 7, activation_fn=None)
        tf.nn.sparse_softmax_cross_entropy_with_logits(logits=z, labels=y_train)
        """,
        [("cross_entropy", ("relu",), 10, None), ("cross_entropy", (), 7, None)],
    ),
    "add_loss": (
        """
        class Vae(keras.Model):
            def __init__(self):
                super().__init__()
                self.out = Dense(784, activation="sigmoid")

            def call(self, x):
                p = self.out(x)
                self.add_loss(tf.reduce_mean(keras.losses.binary_crossentropy(x, p)))
                return p

        Vae()(x_train)
        """,
        [(BCE, ("sigmoid",), 784, False)],
    ),
    "a strategy that averages itself": (
        """
        model = Sequential([Dense(10)])
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")

        def step(inputs):
            x, y = inputs
            with tf.GradientTape() as tape:
                loss = tf.nn.compute_average_loss(loss_fn(y, model(x, training=True)), global_batch_size=64)
                total = tf.add_n([loss, 2.0 * loss])
            tape.gradient(total, model.trainable_variables)

        strategy.run(step, args=(batch,))
        """,
        [(SCCE, (), 10, True)],
    ),
    "Keras on JAX": (
        """
        import jax

        model = Sequential([Dense(10)])
        loss_fn = keras.losses.CategoricalCrossentropy(from_logits=True)

        def loss_and_updates(trainable, non_trainable, x, y):
            y_pred, non_trainable = model.stateless_call(trainable, non_trainable, x, training=True)
            return loss_fn(y, y_pred), non_trainable

        grads = jax.value_and_grad(loss_and_updates, has_aux=True)
        """,
        [(CCE, (), 10, True)],
    ),
    "train_step with the compiled loss": (
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.out = Dense(6)

            def call(self, x):
                return self.out(x)

            def train_step(self, data):
                x, y = data
                with tf.GradientTape() as tape:
                    y_pred = self(x, training=True)
                    loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
                self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
                return {"loss": loss}

        net = Net()
        net.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        net.fit(x_train, y_train)
        """,
        [(SCCE, (), 6, True)],
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_of_ones_own(name: str, tmp_path: Path) -> None:
    program, expected = LOOPS[name]
    assert losses(tmp_path, program) == expected


# Nothing may be said about these: what stands at the end is not known.
UNKNOWN = {
    "an activation from settings": """
        Sequential([Dense(3, activation=settings.activation)]).compile("adam", "categorical_crossentropy")
        """,
    "arguments that are not written out": """
        Sequential([Dense(3, **settings)]).compile("adam", "categorical_crossentropy")
        """,
    "a layer from another library": """
        from somewhere import Head
        Sequential([Dense(3, activation="softmax"), Head()]).compile("adam", "categorical_crossentropy")
        """,
    "a layer from TF-Hub": """
        import tensorflow_hub as hub
        Sequential([hub.KerasLayer("https://tfhub.dev/x", output_shape=[3])]).compile("adam", "mse")
        """,
    "a Lambda with an unknown function": """
        Sequential([Dense(3), layers.Lambda(settings.last)]).compile("adam", "categorical_crossentropy")
        """,
    "a list of layers of unknown length": """
        Sequential([Dense(3) for _ in range(settings.depth)]).compile("adam", "categorical_crossentropy")
        """,
    "a network with or without its head": """
        keras.applications.VGG19(include_top=settings.top).compile("adam", "categorical_crossentropy")
        """,
    "features of a network": """
        keras.applications.VGG19(include_top=False).compile("adam", "categorical_crossentropy")
        """,
    "a product of two outputs": """
        inputs = keras.Input((4,))
        model = keras.Model(inputs, layers.Dot(axes=1)([Dense(3, "softmax")(inputs), Dense(3)(inputs)]))
        model.compile("adam", "binary_crossentropy")
        """,
    "names that fit no output": """
        inputs = keras.Input((4,))
        model = keras.Model(inputs, [Dense(3)(inputs), Dense(2)(inputs)])
        model.compile("adam", {"one": "mse", "other": "categorical_crossentropy"})
        """,
    "an activation that nobody knows": """
        Sequential([Dense(3, activation="my_own")]).compile("adam", "categorical_crossentropy")
        """,
    "slim's defaults, which a scope may set": """
        import tensorflow.contrib.slim as slim
        z = slim.fully_connected(x_train, 10)
        tf.nn.sparse_softmax_cross_entropy_with_logits(logits=z, labels=y_train)
        """,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_stays_unknown(name: str, tmp_path: Path) -> None:
    found = reading(tmp_path, UNKNOWN[name])
    assert unresolved(found)
    assert not found.pairings


@pytest.mark.parametrize(
    "program",
    [
        "keras.models.load_model(path).compile('adam', 'mse')",
        "model = Sequential([Dense(2)])\nmodel.compile('adam')",
        "model = Sequential([Dense(2)])\nmodel.compile(optimizer='adam', loss=None)",
        "Sequential([Dense(2, activation='softmax')]).predict(x_train)",
    ],
)
def test_no_loss_no_pairing(program: str, tmp_path: Path) -> None:
    assert not reading(tmp_path, program).objectives


def test_from_logits_that_is_not_known(tmp_path: Path) -> None:
    program = """
        loss = keras.losses.CategoricalCrossentropy(from_logits=settings.logits)
        Sequential([Dense(3)]).compile("adam", loss)
        """
    (pairing,) = reading(tmp_path, program).pairings
    assert isinstance(pairing.loss.params["from_logits"], Unknown)


def test_units_that_are_not_known(tmp_path: Path) -> None:
    program = 'Sequential([Dense(settings.classes, activation="softmax")]).compile("adam", "categorical_crossentropy")'
    assert losses(tmp_path, program) == [(CCE, ("softmax",), None, False)]


def test_a_branch_makes_alternatives_of_one_term(tmp_path: Path) -> None:
    program = """
        model = Sequential([Dense(16, "relu")])
        if settings.binary:
            model.add(Dense(1, activation="sigmoid"))
            loss = "binary_crossentropy"
        else:
            model.add(Dense(settings.classes, activation="softmax"))
            loss = "categorical_crossentropy"
        model.compile("adam", loss=loss)
        """
    (objective,) = reading(tmp_path, program).objectives
    (term,) = objective.terms
    assert {seen(each) for each in term.alternatives} == {
        (BCE, ("sigmoid",), 1, False),
        (CCE, ("softmax",), None, False),
    }


def test_outputs_of_one_model_are_objectives_of_their_own(tmp_path: Path) -> None:
    program = """
        inputs = keras.Input((16,))
        model = keras.Model(inputs, [Dense(2)(inputs), Dense(3, "sigmoid")(inputs)])
        model.compile("adam", ["mse", "binary_crossentropy"])
        """
    assert [len(each.terms[0].alternatives) for each in reading(tmp_path, program).objectives] == [1, 1]


def test_targets_that_fit_is_given(tmp_path: Path) -> None:
    program = """
        model = Sequential([Dense(3, activation="softmax")])
        model.compile("adam", "mse")
        model.fit(x_train, keras.utils.to_categorical(y_train, 3), epochs=3)
        """
    compiled, fitted = reading(tmp_path, program).pairings
    assert compiled.target is not None
    assert len(compiled.target.encodings) > 1
    assert fitted.target is not None
    assert fitted.target.encodings == {TargetEncoding.ONE_HOT}
    assert compiled.loss.place is not None
    assert fitted.loss.place is not None
    assert compiled.loss.place.line == fitted.loss.place.line


def test_a_teacher_is_a_flow_with_its_own_head(tmp_path: Path) -> None:
    program = """
        teacher = Sequential([Dense(3, activation="softmax")])
        student = Sequential([Dense(3, activation="softmax")])
        student.compile("adam", "mse")
        student.fit(x_train, teacher.predict(x_train))
        """
    *_, fitted = reading(tmp_path, program).pairings
    assert fitted.target is not None
    assert [step.op for step in fitted.target.flow.steps] == ["softmax", "numpy"]
    assert fitted.target.flow.source is Source.NETWORK


def test_what_is_only_evaluated_is_not_trained(tmp_path: Path) -> None:
    program = """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.out = Dense(10)

            def call(self, x, is_training=False):
                return self.out(x) if is_training else tf.nn.softmax(self.out(x))

        def cross_entropy(z, y):
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))

        net = Net()
        with tf.GradientTape() as tape:
            loss = cross_entropy(net(x_train, is_training=True), y_train)
        tape.gradient(loss, net.trainable_variables)
        print(cross_entropy(net(x_train), y_train))
        """
    assert {(seen(each)[1], each.trained) for each in reading(tmp_path, program).pairings} == {
        ((), True),
        (("softmax",), False),
    }


def test_a_model_from_another_file(tmp_path: Path) -> None:
    build = """
        def make(classes):
            return Sequential([Dense(64, "relu"), Dense(classes), layers.Softmax()])
        """
    program = """
        from build import make
        make(12).compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """
    assert losses(tmp_path, program, build=build) == [(SCCE, ("softmax",), 12, True)]


@pytest.mark.parametrize(
    "start",
    [
        "import keras\nfrom keras.layers import Dense\nfrom keras.models import Sequential\n",
        "from keras import Sequential\nfrom keras.layers.core import Dense\n",
        "from tensorflow.keras import Sequential\nfrom tensorflow.keras.layers import Dense\n",
        "from tensorflow.python.keras.layers import Dense\nfrom tensorflow.python.keras.models import Sequential\n",
        "from tf_keras.layers import Dense\nfrom tf_keras import Sequential\n",
        "from tensorflow.compat.v1.keras.layers import Dense\nfrom tensorflow.compat.v1.keras import Sequential\n",
        "from tensorflow.contrib.keras.python.keras.layers.core import Dense\nfrom keras.src import Sequential\n",
    ],
)
def test_names_of_keras(start: str, tmp_path: Path) -> None:
    program = 'Sequential([Dense(3, activation="softmax")]).compile("adam", "categorical_crossentropy")'
    assert losses(tmp_path, program, start) == [(CCE, ("softmax",), 3, False)]


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_the_backend_that_a_program_sets(backend: str, tmp_path: Path) -> None:
    start = f'import os\nos.environ["KERAS_BACKEND"] = "{backend}"\nimport keras\n'
    program = 'keras.Sequential([keras.layers.Dense(3)]).compile("adam", "mse")'
    (pairing,) = reading(tmp_path, program, start).pairings
    assert (pairing.framework, pairing.backend) == ("keras", backend)


def test_a_deep_residual_network_is_followed(tmp_path: Path) -> None:
    program = """
        inputs = keras.Input((32,))
        x = Dense(32)(inputs)
        for i in range(12):
            for j in range(12):
                x = layers.Add()([x, Dense(32, activation="relu")(x)])
        base = keras.Model(inputs, x)
        again = keras.Input((32,))
        keras.Model(again, Dense(5, "softmax")(base(again))).compile("adam", "categorical_crossentropy")
        """
    assert losses(tmp_path, program) == [(CCE, ("softmax",), 5, False)]


def test_a_model_that_is_compiled_to_be_evaluated(tmp_path: Path) -> None:
    program = """
        inputs = keras.Input((2,))
        model = keras.Model(inputs, tf.math.argmax(input=Dense(2)(inputs), axis=1))
        model.compile("adam", loss="mse")
        model.evaluate(x_train, y_train)
        """
    assert not any(objective.cut for objective in reading(tmp_path, program).objectives)
