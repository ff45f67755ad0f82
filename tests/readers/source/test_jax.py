"""What the source reader understands of JAX: each program says which losses it computes, behind which heads."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from lossaudit.pairing import Const, Pairing, Reading, Source
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.reader import read

HEAD = """
import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import optax
from flax import nnx
from flax.training import train_state
from functools import partial

params, state, x, y, key, r, rng, images, labels, batches, flag, tx, settings = load()
"""


def reading(tmp_path: Path, program: str) -> Reading:
    path = tmp_path / "train.py"
    path.write_text(HEAD + dedent(program))
    return read(str(path), Project((str(tmp_path),)))


def pairings(tmp_path: Path, program: str) -> list[Pairing]:
    found = reading(tmp_path, program)
    assert not [u for o in found.objectives for t in o.terms for u in t.unresolved], "something was not understood"
    return list(found.pairings)


def heads(pairing: Pairing) -> tuple[str, ...]:
    return tuple(step.op for step in pairing.prediction.steps)


PROGRAMS: dict[str, tuple[str, str, tuple[str, ...], int]] = {
    "a module with setup, whose parts have setups": (
        """
        class Body(nn.Module):
            width: int

            def setup(self):
                self.hidden = nn.Dense(self.width)

            def __call__(self, x):
                return nn.relu(self.hidden(x))

        class Net(nn.Module):
            classes: int = 10

            def setup(self):
                self.body = Body(32)
                self.out = nn.Dense(self.classes)

            def __call__(self, x):
                return nn.softmax(self.out(self.body(x)))

        model = Net(classes=7)

        def loss_fn(params, x, y):
            return optax.softmax_cross_entropy(model.apply(params, x), y).mean()

        loss, grads = jax.value_and_grad(loss_fn)(params, x, y)
        """,
        "cross_entropy",
        ("softmax",),
        7,
    ),
    "a compact module and the state of a training": (
        """
        class Net(nn.Module):
            @nn.compact
            def __call__(self, x, train: bool):
                x = nn.Conv(features=8, kernel_size=(3, 3))(x)
                x = nn.BatchNorm(use_running_average=not train)(x)
                x = x.reshape((x.shape[0], -1))
                return nn.Dense(features=5)(x)

        def create(rng):
            model = Net()
            variables = model.init(rng, jnp.ones((1, 28, 28, 1)), train=False)
            return train_state.TrainState.create(
                apply_fn=model.apply, params=variables["params"], tx=optax.adam(1e-3)
            )

        @jax.jit
        def step(state, batch):
            def loss_fn(params):
                logits, changes = state.apply_fn(
                    {"params": params}, batch["image"], train=True, mutable=["batch_stats"], rngs={"dropout": key}
                )
                loss = optax.softmax_cross_entropy_with_integer_labels(logits=logits, labels=batch["label"]).mean()
                return loss, (logits, changes)

            (loss, (logits, _)), grads = jax.value_and_grad(loss_fn, has_aux=True)(state.params)
            return state.apply_gradients(grads=grads), loss

        state = create(jax.random.key(0))
        for batch in batches:
            state, loss = step(state, batch)
        """,
        "cross_entropy",
        (),
        5,
    ),
    "a state of one's own class": (
        """
        class State(train_state.TrainState):
            batch_stats: dict

        model = nn.Dense(3)
        state = State.create(apply_fn=model.apply, params=params, tx=tx, batch_stats={})

        def loss_fn(params):
            return optax.sigmoid_binary_cross_entropy(nn.sigmoid(state.apply_fn(params, x)), y).mean()

        grads = jax.grad(loss_fn)(state.params)
        """,
        "bce_with_logits",
        ("sigmoid",),
        3,
    ),
    "decorated, with options": (
        """
        model = nn.Sequential([nn.Dense(4), nn.relu, nn.Dense(2), nn.log_softmax])

        @partial(jax.jit, static_argnums=0)
        def step(n, params, x, y):
            @partial(jax.value_and_grad, has_aux=True)
            def compute(params):
                out = model.apply(params, x)
                return jnp.mean(optax.losses.softmax_cross_entropy(out, jax.nn.one_hot(y, 2))), out

            (loss, out), grads = compute(params)
            return loss

        step(0, params, x, y)
        """,
        "cross_entropy",
        ("log_softmax",),
        2,
    ),
    "nnx": (
        """
        class Net(nnx.Module):
            def __init__(self, rngs: nnx.Rngs):
                self.first = nnx.Linear(3, 8, rngs=rngs)
                self.last = nnx.Linear(8, 6, rngs=rngs)

            def __call__(self, x):
                return jax.nn.softmax(self.last(nnx.relu(self.first(x))), axis=-1)

        model = Net(nnx.Rngs(0))
        optimizer = nnx.Optimizer(model, optax.adam(1e-3))

        @nnx.jit
        def step(model, optimizer, x, y):
            def loss_fn(model):
                return optax.softmax_cross_entropy_with_integer_labels(model(x), y).mean()

            loss, grads = nnx.value_and_grad(loss_fn)(model)
            optimizer.update(grads)
            return loss

        step(model, optimizer, x, y)
        """,
        "cross_entropy",
        ("softmax",),
        6,
    ),
    "nnx, a Sequential of arguments": (
        """
        model = nnx.Sequential(nnx.Linear(3, 8, rngs=r), nnx.relu, nnx.Linear(8, 4, rngs=r), nnx.sigmoid)
        loss = optax.squared_error(model(x), y).mean()
        """,
        "mse",
        ("sigmoid",),
        4,
    ),
    "equinox under vmap": (
        """
        class Net(eqx.Module):
            layers: list

            def __init__(self, key):
                self.layers = [eqx.nn.Linear(4, 8, key=key), jax.nn.relu, eqx.nn.Linear(8, 3, key=key)]

            def __call__(self, x):
                for layer in self.layers:
                    x = layer(x)
                return jax.nn.softmax(x)

        @eqx.filter_value_and_grad
        def compute(model, x, y):
            pred = jax.vmap(model)(x)
            return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(pred, y))

        loss, grads = compute(Net(key), x, y)
        """,
        "cross_entropy",
        ("softmax",),
        3,
    ),
    "haiku": (
        """
        def forward(x):
            net = hk.Sequential([hk.Flatten(), hk.Linear(300), jax.nn.relu, hk.Linear(10)])
            return jax.nn.softmax(net(x))

        network = hk.without_apply_rng(hk.transform(forward))

        def loss_fn(params, images, labels):
            return optax.softmax_cross_entropy(network.apply(params, images), labels).mean()

        grads = jax.grad(loss_fn)(params, images, labels)
        """,
        "cross_entropy",
        ("softmax",),
        10,
    ),
    "haiku with a key and a state": (
        """
        def forward(x, is_training):
            return hk.Linear(9)(x)

        net = hk.transform_with_state(forward)

        def loss_fn(params, state, rng, x, y):
            logits, state = net.apply(params, state, rng, x, is_training=True)
            return optax.softmax_cross_entropy(logits, y).mean(), state

        (loss, state), grads = jax.value_and_grad(loss_fn, has_aux=True)(params, state, rng, x, y)
        """,
        "cross_entropy",
        (),
        9,
    ),
    "a method of the module": (
        """
        class Net(nn.Module):
            def setup(self):
                self.encoder = nn.Dense(12)

            def encode(self, x):
                return jax.nn.sigmoid(self.encoder(x))

            def __call__(self, x):
                return self.encoder(x)

        model = Net()
        out = model.apply(params, x, method=model.encode)
        loss = optax.sigmoid_binary_cross_entropy(out, y).mean()
        """,
        "bce_with_logits",
        ("sigmoid",),
        12,
    ),
    "a method by its name": (
        """
        class Net(nn.Module):
            def setup(self):
                self.encoder = nn.Dense(12)

            def encode(self, x):
                return self.encoder(x)

        loss = optax.sigmoid_binary_cross_entropy(Net().apply(params, x, method="encode"), y).mean()
        """,
        "bce_with_logits",
        (),
        12,
    ),
    "a scan over batches": (
        """
        model = nn.Dense(3)

        def body(params, batch):
            x, y = batch
            loss = optax.softmax_cross_entropy(nn.softmax(model.apply(params, x)), y).mean()
            return params, loss

        params, losses = jax.lax.scan(body, params, batches)
        """,
        "cross_entropy",
        ("softmax",),
        3,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, tmp_path: Path) -> None:
    program, loss, head, units = PROGRAMS[name]
    found = pairings(tmp_path, program)
    assert {(p.loss.loss, heads(p), p.prediction.units) for p in found} == {(loss, head, units)}
    assert all(p.framework == "jax" for p in found)
    assert all(p.prediction.source is Source.AFFINE for p in found)


def test_a_flag_of_apply_chooses_the_head(tmp_path: Path) -> None:
    program = """
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, probabilities=False):
            x = nn.Dense(3)(x)
            return nn.softmax(x) if probabilities else x

    model = Net()
    good = optax.softmax_cross_entropy(model.apply(params, x), y)
    bad = optax.softmax_cross_entropy(model.apply(params, x, probabilities=True), y)
    """
    assert [heads(p) for p in pairings(tmp_path, program)] == [(), ("softmax",)]


def test_both_branches_of_a_condition(tmp_path: Path) -> None:
    program = """
    model = nn.Dense(3)
    out = jax.lax.cond(flag, lambda z: nn.softmax(z), lambda z: z, model.apply(params, x))
    loss = optax.softmax_cross_entropy(out, y)
    """
    assert {heads(p) for p in pairings(tmp_path, program)} == {(), ("softmax",)}


def test_inside_vmap_there_is_no_batch(tmp_path: Path) -> None:
    program = """
    def training_step(self, batch):
        return jax.vmap(lambda x: optax.softmax_cross_entropy(nn.softmax(nn.Dense(3)(x)), x))(batch)
    """
    (found,) = pairings(tmp_path, program)
    assert not found.prediction.batched


def test_losses_of_optax_are_not_reduced(tmp_path: Path) -> None:
    (found,) = pairings(tmp_path, "loss = optax.squared_error(nn.Dense(1)(x), y)")
    assert found.loss.params["reduction"] == Const("none")


@pytest.mark.parametrize(
    "program",
    [
        # whether apply returns a pair is not known
        """
        out = nn.Dense(3).apply(params, x, mutable=settings.mutable)
        loss = optax.softmax_cross_entropy(nn.relu(out), y)
        """,
        # nothing is known of the state that this step is called with
        """
        def step(state, batch):
            return optax.softmax_cross_entropy(state.apply_fn(state.params, batch["x"]), batch["y"])
        """,
        # layers that nobody knows
        """
        model = nn.Sequential(make_layers())
        loss = optax.softmax_cross_entropy(model.apply(params, x), y)
        """,
        # a pair whose parts are not known
        """
        (out, aux), grads = jax.value_and_grad(unknown, has_aux=True)(params)
        loss = optax.softmax_cross_entropy(out, y)
        """,
    ],
)
def test_what_is_not_known_is_not_guessed(program: str, tmp_path: Path) -> None:
    for pairing in reading(tmp_path, program).pairings:
        assert pairing.prediction.source in (Source.UNKNOWN, Source.OPAQUE, Source.NETWORK)
    found = reading(tmp_path, program)
    unresolved = [u for o in found.objectives for t in o.terms for u in t.unresolved]
    assert unresolved or all(p.prediction.source is not Source.AFFINE for p in found.pairings)
    assert found.objectives


@pytest.mark.parametrize(
    "call",
    [
        "jax.grad()",
        "jax.grad(f)()",
        "jax.value_and_grad(f, has_aux=flag)(x)",
        "jax.vmap()(x)",
        "jax.lax.scan(f)",
        "jax.lax.cond(c)",
        "jax.vjp(f)",
        "hk.transform()",
        "hk.without_apply_rng(f)",
        "nn.Sequential()(x)",
        "nnx.List()",
        "jax.jit()",
        "jax.value_and_grad(*a, **k)(x)",
        "nn.Dense(3).apply()",
        "nn.Sequential([nn.relu]).apply(p)",
        "train_state.TrainState.create(**k).apply_fn(x)",
    ],
)
def test_odd_calls_are_survived(call: str, tmp_path: Path) -> None:
    reading(tmp_path, f"f = lambda *x: x\ny = {call}\nz = optax.squared_error(y, 1)")
