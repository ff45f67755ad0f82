"""Losses that PyTorch does not have: Keras and optax on examples small enough to be worked out from the formula."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
pytest.importorskip("optax")
numpy = pytest.importorskip("numpy")

from lossaudit import catalogue  # noqa: E402
from lossaudit.catalogue.schema import Expects, Kind, Loss  # noqa: E402

ELSEWHERE = {name: loss for name, loss in catalogue.LOSSES.items() if not loss.callable.startswith("torch.")}


def log(x: float) -> float:
    return math.log(x)


P, Y = (0.2, 0.5, 0.3), (0.0, 1.0, 0.0)
S = 1 / (1 + math.exp(1.2))  # the sigmoid of -1.2

# Prediction, target, further arguments, and the loss of the one sample from its formula.
EXAMPLES: dict[str, tuple[tuple[float, ...], object, dict[str, object], float]] = {
    "categorical_cross_entropy": (P, Y, {}, -log(0.5)),
    "sparse_categorical_cross_entropy": (P, 1, {}, -log(0.5)),
    "categorical_focal": (P, Y, {"alpha": 0.25, "gamma": 2.0}, -0.25 * 0.25 * log(0.5)),
    "gce": (P, 1, {"q": 0.7}, (1 - 0.5**0.7) / 0.7),
    "crammer_singer": ((0.3, 1.1, 2.0), Y, {}, 1 + 2.0 - 1.1),
    "binary_focal": ((0.2,), (1.0,), {"gamma": 2.0}, -(0.8**2) * log(0.2)),
    "binary_focal_with_logits": ((-1.2,), (1.0,), {"gamma": 2.0}, -((1 - S) ** 2) * log(S)),
    "hinge": ((-0.3,), (1.0,), {}, 1.3),
    "squared_hinge": ((-0.3,), (1.0,), {}, 1.69),
    "log_cosh": ((3.0,), (5.0,), {}, log(math.cosh(2))),
    "mape": ((3.0,), (5.0,), {}, 40.0),
    "msle": ((3.0,), (7.0,), {}, (log(4) - log(8)) ** 2),
    "kl_divergence": ((0.25, 0.75), (0.5, 0.5), {}, 0.5 * log(2) + 0.5 * log(0.5 / 0.75)),
    "cosine_distance": ((1.0, 2.0, 2.0), (2.0, 0.0, 0.0), {}, -2 / 6),
    "dice": ((0.2, 0.9), (0.0, 1.0), {}, 1 - 2 * 0.9 / (1.1 + 1)),
    "tversky": ((0.2, 0.9), (0.0, 1.0), {"alpha": 0.3, "beta": 0.7}, 1 - 0.9 / (0.9 + 0.3 * 0.1 + 0.7 * 0.2)),
}


def implementation(loss: Loss) -> Callable[..., object]:
    module, _, name = loss.callable.rpartition(".")
    return getattr(importlib.import_module(module), name)


def arguments(loss: Loss, prediction: object, target: object) -> dict[str, object]:
    framework = catalogue.framework_of(loss.callable)
    assert framework is not None
    found = catalogue.find(framework[0], loss.callable)
    assert found is not None
    convert = keras.ops.convert_to_tensor if framework[0] == "keras" else numpy.asarray
    sides = {loss.prediction: convert(prediction), loss.target: convert(target)}
    return {p.name: sides[p.canonical] for p in found[1].params if p.canonical in sides}


def test_every_loss_has_an_example() -> None:
    assert set(ELSEWHERE) - set(EXAMPLES) == {"ctc_with_logits", "circle"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_formula(name: str) -> None:
    prediction, target, options, expected = EXAMPLES[name]
    loss = ELSEWHERE[name]
    dtype = numpy.int32 if isinstance(target, int) else numpy.float32
    given = arguments(loss, numpy.array([prediction], numpy.float32), numpy.array([target], dtype))
    value = implementation(loss)(**given, **options)
    assert float(value.sum()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["categorical_cross_entropy", "sparse_categorical_cross_entropy"])
def test_from_logits_is_the_head_and_the_loss(name: str) -> None:
    loss = ELSEWHERE[name]
    assert loss.expects is Expects.PROBABILITIES
    assert loss.heads == ("softmax",)
    z = numpy.array([[0.3, -1.2, 2.0]], numpy.float32)
    p = numpy.exp(z) / numpy.exp(z).sum()
    y = numpy.array([1]) if name.startswith("sparse") else numpy.array([[0.0, 1.0, 0.0]], numpy.float32)
    right = implementation(loss)(**arguments(loss, p, y))
    assert float(right[0]) == pytest.approx(-log(p[0, 1]), rel=1e-4)
    assert float(implementation(loss)(**arguments(loss, z, y), from_logits=True)[0]) == pytest.approx(float(right[0]))


def test_ctc_on_logits_takes_the_softmax_itself() -> None:
    """A constant that is added to all logits of a step changes nothing."""
    z = numpy.random.default_rng(0).normal(size=(1, 4, 3)).astype(numpy.float32)
    shifted = z + numpy.array([1.0, -2.0, 0.5, 3.0], numpy.float32)[None, :, None]
    ctc = implementation(ELSEWHERE["ctc_with_logits"])
    y = numpy.array([[1, 2]])
    given = [arguments(ELSEWHERE["ctc_with_logits"], each, y) for each in (z, shifted)]
    assert float(ctc(**given[0])[0]) == pytest.approx(float(ctc(**given[1])[0]), rel=1e-5)


@pytest.mark.parametrize(
    ("path", "reduction"),
    [("optax.squared_error", "none"), ("tensorflow.nn.softmax_cross_entropy_with_logits", "none")],
)
def test_what_is_never_reduced(path: str, reduction: str) -> None:
    framework = catalogue.framework_of(path)
    assert framework is not None
    found = catalogue.find(framework[0], path)
    assert found is not None
    fixed = {p.canonical: p.default for p in found[1].params if not p.name}
    assert fixed == {"reduction": reduction}


def test_keras_poisson_takes_the_rate() -> None:
    """`poisson_nll` takes the logarithm of the rate unless it is told otherwise."""
    for path in ("poisson", "keras.losses.poisson", "keras.losses.Poisson"):
        found = catalogue.find("keras", path)
        assert found is not None
        assert found[0].name == "poisson_nll"
        assert {p.canonical: p.default for p in found[1].params}["log_input"] is False


def test_keras_losses_say_whether_they_take_logits() -> None:
    names = {
        "categorical_cross_entropy",
        "sparse_categorical_cross_entropy",
        "bce",
        "binary_focal",
        "categorical_focal",
    }
    for kind in Kind:
        for spelling, entry in catalogue.spellings("keras", kind):
            given = {p.canonical: p.default for p in spelling.params}
            assert ("from_logits" in given) == (entry.name in names), spelling.path
            assert given.get("from_logits", False) is False
