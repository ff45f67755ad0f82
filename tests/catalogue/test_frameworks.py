"""Spellings against Keras, JAX, optax and flax themselves: names, order and defaults of the parameters.

TensorFlow is not among what tests install: its spellings are those of its documentation, versions 1.15 and 2.16.
Those of haiku and equinox are compared where they are installed.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
import warnings

import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("jax")
pytest.importorskip("flax")

from lossaudit import catalogue  # noqa: E402
from lossaudit.catalogue import find, framework_of, spellings  # noqa: E402
from lossaudit.catalogue.schema import REQUIRED, Kind, Loss, Param, Role, Spelling  # noqa: E402

CALLED = (Kind.FUNCTION, Kind.METHOD, Kind.MODULE)

# Names that Keras had before version 3, which later ones only keep as strings or not at all.
OLD = {
    "keras.losses.logcosh",
    "keras.losses.huber_loss",
    "keras.losses.kullback_leibler_divergence",
    "keras.losses.bce",
    "keras.losses.BCE",
    "keras.losses.mse",
    "keras.losses.MSE",
    "keras.losses.mae",
    "keras.losses.MAE",
    "keras.losses.mape",
    "keras.losses.MAPE",
    "keras.losses.msle",
    "keras.losses.MSLE",
    "keras.losses.kld",
    "keras.losses.KLD",
}


MISSING = {name for name in ("haiku", "equinox") if importlib.util.find_spec(name) is None}

# What only the class of a concrete array has.
CONCRETE = {f"jax.Array.{name}" for name in ("__float__", "__int__", "__bool__", "tolist", "__array__")}


def of(*frameworks: str) -> list[object]:
    return [
        pytest.param(s, id=s.path)
        for framework in frameworks
        for kind in CALLED
        for s, _ in spellings(framework, kind)
        if s.path.partition(".")[0] not in MISSING and s.path not in OLD | CONCRETE
    ]


def resolve(path: str) -> object:
    """What stands under a dotted name; Keras keeps its old backend functions in a place of their own."""
    path = path.replace("keras.backend.", "keras.src.legacy.backend.")
    if re.fullmatch(r"optax\.\w+", path) and hasattr(importlib.import_module("optax.losses"), path[6:]):
        path = f"optax.losses.{path[6:]}"  # not all of them are in optax itself
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            value = getattr(value, part)
        return value
    raise AssertionError(path)


def parameters(spelling: Spelling) -> list[inspect.Parameter] | None:
    value = resolve(spelling.path)
    if isinstance(value, property):
        return [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    if type(value).__name__ == "ufunc":  # its own signature is `*args`; the documentation says x, y
        names = ("x", "y")[: value.nin]  # type: ignore[attr-defined]
        return [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
    if inspect.isclass(value) and not spelling.path.startswith("flax.linen."):
        return list(inspect.signature(value.__init__).parameters.values())[1:]
    try:
        return list(inspect.signature(value).parameters.values())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def plain(default: object) -> bool:
    if isinstance(default, tuple):
        return all(map(plain, default))
    return default is None or isinstance(default, bool | int | float | str)


@pytest.mark.parametrize("spelling", of("keras", "jax"))
def test_signature(spelling: Spelling) -> None:
    """Our parameters are there, in their order and with their defaults; what we leave out can be left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated names are spelled too
        found = parameters(spelling)
    if found is None:
        return
    ours = [p for p in spelling.params if p.name]
    if spelling.kind is Kind.METHOD:  # what stands before the point
        ours, found = ours[1:], found[1:]
    theirs = {p.name: p for p in found}
    if spelling.kind is Kind.MODULE and not ours:
        return  # a layer whose options do not matter
    assert {p.name for p in ours} <= set(theirs) or "kwargs" in theirs
    positional = [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    taken = [p.name for p in ours if p.name in positional]
    assert taken == positional[: len(taken)]
    for param in ours:
        if param.name in theirs:
            same_default(param, theirs[param.name])
    left_out = [p for p in found if p.name not in {q.name for q in ours}]
    for p in left_out:
        keyword = p.kind is p.KEYWORD_ONLY or p.kind is p.VAR_KEYWORD
        assert keyword or p.default is not p.empty or p.kind is p.VAR_POSITIONAL, p.name


def same_default(ours: Param, theirs: inspect.Parameter) -> None:
    assert ours.variadic == (theirs.kind is theirs.VAR_POSITIONAL)
    if ours.variadic:
        return
    if theirs.default is theirs.empty:
        assert ours.default is REQUIRED or ours.default is None, ours.name
    elif plain(theirs.default):
        assert ours.default == theirs.default, ours.name
        assert isinstance(ours.default, bool) == isinstance(theirs.default, bool), ours.name


@pytest.mark.parametrize("framework", ["keras", "tensorflow", "jax"])
def test_table(framework: str) -> None:
    """Every row is of an entry that exists; nothing twice; within a spelling each canonical name once."""
    table = importlib.import_module(f"lossaudit.catalogue.frameworks.{framework}").SPELLINGS
    assert set(table) <= set(catalogue.OPS) | set(catalogue.LOSSES)
    paths = [s.path for rows in table.values() for s in rows]
    assert len(paths) == len(set(paths)) > 200
    for spelling in (s for rows in table.values() for s in rows):
        assert spelling.framework == framework
        names = [p.canonical for p in spelling.params]
        assert len(names) == len(set(names)), spelling.path


@pytest.mark.parametrize("framework", ["keras", "tensorflow", "jax"])
def test_canonical_names_are_those_of_the_entry(framework: str) -> None:
    """What a function takes as its operands has the names that PyTorch's spelling of the same operation has."""
    for spelling, entry in spellings(framework, Kind.FUNCTION):
        known = {p.canonical for s in entry.spellings for p in s.params}
        if known and not isinstance(entry, Loss) and spelling.params[0].default is REQUIRED:
            assert spelling.params[0].canonical in known | {"key", "rng", "start"}, spelling.path
        if entry.role is not Role.OTHER if not isinstance(entry, Loss) else False:
            named = {p.canonical for p in spelling.params}
            assert not ({"x", "y", "axis", "keepdims", "logits", "features"} & named), spelling.path


@pytest.mark.parametrize("name", sorted(keras.src.activations.ALL_OBJECTS_DICT))
def test_every_activation_of_keras(name: str) -> None:
    """As a string and as a function; those that the catalogue has no operation for are listed."""
    if name in {"sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "threshold"}:
        assert find("keras", name) is None
        return
    string, function = find("keras", name), find("keras", f"keras.activations.{name}")
    assert string is not None
    assert function is not None
    assert string[0] is function[0]
    given = {p.canonical: p.default for p in function[1].params[1:]}
    assert {p.canonical: p.default for p in string[1].params} == given


@pytest.mark.parametrize("name", sorted(keras.src.losses.ALL_OBJECTS_DICT))
def test_every_loss_of_keras(name: str) -> None:
    """What `compile(loss=name)` takes is the loss of that class or function."""
    if name in {"Loss", "LossFunctionWrapper"}:
        return
    meant = keras.src.losses.ALL_OBJECTS_DICT[name].__name__
    found, same = find("keras", name), find("keras", f"keras.losses.{meant}")
    assert found is not None
    assert same is not None
    assert found[0] is same[0]
    assert isinstance(found[0], Loss)


def test_a_string_has_the_options_of_the_class() -> None:
    for name, loss in keras.src.losses.ALL_OBJECTS_DICT.items():
        found = find("keras", name)
        if inspect.isclass(loss) and found is not None:
            module = find("keras", f"keras.losses.{name}")
            assert module is not None
            options = {p.canonical: p.default for p in module[1].params if p.canonical != "name"}
            assert {p.canonical: p.default for p in found[1].params} == options, name


def test_most_losses_of_optax() -> None:
    optax = pytest.importorskip("optax")
    public = [name for name in dir(optax.losses) if not name.startswith("_")]
    losses = {name for name in public if callable(getattr(optax.losses, name))}
    missing = {name for name in losses if find("jax", f"optax.losses.{name}") is None}
    assert missing == {
        *{"binary_dice_loss", "dice_loss", "multiclass_generalized_dice_loss"},  # they take logits
        *{"generalized_kl_divergence", "sparsemax_loss", "make_fenchel_young_loss"},
        *{"multiclass_perceptron_loss", "smooth_labels", "ctc_loss_with_forward_probs"},
    }


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [
        ("tensorflow.keras.layers.Dense", ("keras", "keras.layers.Dense")),
        ("tensorflow.python.keras.layers.core.Dense", ("keras", "keras.layers.Dense")),
        ("tensorflow.compat.v1.keras.losses.mse", ("keras", "keras.losses.mse")),
        ("tensorflow.contrib.keras.layers.Dense", ("keras", "keras.layers.Dense")),
        ("tf_keras.layers.Dense", ("keras", "keras.layers.Dense")),
        ("keras.src.layers.core.dense.Dense", ("keras", "keras.layers.Dense")),
        ("keras.api.layers.Dense", ("keras", "keras.layers.Dense")),
        ("keras.layers.convolutional.Conv2D", ("keras", "keras.layers.Conv2D")),
        ("keras.src.losses.losses.CategoricalCrossentropy", ("keras", "keras.losses.CategoricalCrossentropy")),
        ("keras.objectives.mse", ("keras", "keras.losses.mse")),
        ("keras.models.Sequential", ("keras", "keras.Sequential")),
        ("keras.src.models.functional.Functional", ("keras", "keras.models.functional.Functional")),
        ("keras.engine.training.Model", ("keras", "keras.Model")),
        ("keras.layers.Input", ("keras", "keras.Input")),
        ("keras.backend.tensorflow_backend.softmax", ("keras", "keras.backend.softmax")),
        ("keras.utils.np_utils.to_categorical", ("keras", "keras.utils.to_categorical")),
        ("tensorflow.nn.softmax", ("tensorflow", "tensorflow.nn.softmax")),
        ("tensorflow.compat.v1.nn.softmax", ("tensorflow", "tensorflow.nn.softmax")),
        ("tensorflow.python.ops.nn_ops.softmax", ("tensorflow", "tensorflow.nn.softmax")),
        ("tensorflow.python.ops.math_ops.reduce_mean", ("tensorflow", "tensorflow.reduce_mean")),
        ("tensorflow.losses.CategoricalCrossentropy", ("keras", "keras.losses.CategoricalCrossentropy")),
        ("tensorflow.losses.softmax_cross_entropy", ("tensorflow", "tensorflow.losses.softmax_cross_entropy")),
        (
            "tensorflow.losses.sparse_categorical_crossentropy",
            ("keras", "keras.losses.sparse_categorical_crossentropy"),
        ),
        ("jax.numpy.mean", ("jax", "jax.numpy.mean")),
        ("jax._src.nn.functions.softmax", ("jax", "jax.nn.softmax")),
        ("optax.losses.squared_error", ("jax", "optax.squared_error")),
        ("optax.loss.l2_loss", ("jax", "optax.l2_loss")),
        ("flax.linen.activation.softmax", ("jax", "flax.linen.softmax")),
        ("flax.nnx.nn.linear.Linear", ("jax", "flax.nnx.Linear")),
        ("torch.nn.modules.loss.BCELoss", ("torch", "torch.nn.BCELoss")),
        ("torch.nn.functional.softmax", ("torch", "torch.nn.functional.softmax")),
        ("torchvision.ops.sigmoid_focal_loss", None),
        ("kerastuner.HyperParameters", None),
        ("numpy.mean", None),
        ("", None),
    ],
)
def test_framework_of(dotted: str, expected: tuple[str, str] | None) -> None:
    assert framework_of(dotted) == expected
    if expected is not None:
        assert framework_of(expected[1]) == expected, "a canonical name stays"


def test_every_canonical_name_stays() -> None:
    for framework in ("torch", "keras", "tensorflow", "jax"):
        for kind in CALLED:
            for spelling, _ in spellings(framework, kind):
                assert framework_of(spelling.path) == (framework, spelling.path)


def test_other_frameworks_are_loaded_when_they_are_asked_for() -> None:
    code = (
        "import sys; from lossaudit import catalogue; catalogue.find('torch', 'torch.softmax');"
        "print([m for m in sys.modules if m.startswith('lossaudit.catalogue.frameworks')]);"
        "catalogue.find('jax', 'jax.nn.softmax');"
        "print([m for m in sys.modules if m.startswith('lossaudit.catalogue.frameworks.')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["[]", "['lossaudit.catalogue.frameworks.jax']"]
