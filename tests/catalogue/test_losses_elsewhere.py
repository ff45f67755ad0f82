"""Losses that PyTorch does not have: what Keras and optax take and give back."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable

import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("optax")
numpy = pytest.importorskip("numpy")

from lossaudit import catalogue  # noqa: E402
from lossaudit.catalogue.schema import Expects, Kind, Loss  # noqa: E402

ELSEWHERE = {name: loss for name, loss in catalogue.LOSSES.items() if not loss.callable.startswith("torch.")}


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


@pytest.mark.parametrize("name", ["categorical_cross_entropy", "sparse_categorical_cross_entropy"])
def test_from_logits_is_the_head_and_the_loss(name: str) -> None:
    loss = ELSEWHERE[name]
    assert loss.expects is Expects.PROBABILITIES
    assert loss.heads == ("softmax",)
    z = numpy.array([[0.3, -1.2, 2.0]], numpy.float32)
    p = numpy.exp(z) / numpy.exp(z).sum()
    y = numpy.array([1]) if name.startswith("sparse") else numpy.array([[0.0, 1.0, 0.0]], numpy.float32)
    right = implementation(loss)(**arguments(loss, p, y))
    assert float(right[0]) == pytest.approx(-math.log(p[0, 1]), rel=1e-4)
    assert float(implementation(loss)(**arguments(loss, z, y), from_logits=True)[0]) == pytest.approx(float(right[0]))


def test_ctc_on_logits_takes_the_softmax_itself() -> None:
    """A constant that is added to all logits of a step changes nothing."""
    z = numpy.random.default_rng(0).normal(size=(1, 4, 3)).astype(numpy.float32)
    shifted = z + numpy.array([1.0, -2.0, 0.5, 3.0], numpy.float32)[None, :, None]
    y = numpy.array([[1, 2]])
    assert float(keras.losses.ctc(y, z)[0]) == pytest.approx(float(keras.losses.ctc(y, shifted)[0]), rel=1e-5)


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
