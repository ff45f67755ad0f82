"""Code for a recommendation: the last layer, the target and the loss call, as one training step that runs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from lossaudit.advise.choose.snippets.shapes import SHAPES

FRAMEWORKS: Mapping[str, str] = MappingProxyType({"torch": "PyTorch", "keras": "Keras", "optax": "JAX with optax"})

_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "CLASSES": 3,
        "LABELS": 5,
        "OUTPUTS": 1,
        "BINS": 20,
        "INTERVALS": 10,
        "LATENT": 4,
        "LEVELS": (0.1, 0.5, 0.9),
        "POSITIVE_WEIGHT": 10.0,
        "DISPERSION": 0.5,
    }
)
_MOST_COUNTS = 30
_MEANING: Mapping[str, str] = MappingProxyType(
    {
        "COUNTS": "rows of each class in the training data",
        "POSITIVE_WEIGHT": "negatives divided by positives in the training data",
        "LEVELS": "of the quantiles",
        "DISPERSION": "over what a Poisson variable has: (variance - mean) / mean**2",
    }
)


def code(recipe: str, framework: str, sizes: Mapping[str, object]) -> str:
    """A training step of one framework; `""` where the framework has no sensible spelling.

    Args:
        recipe: Name of the recipe.
        framework: `"torch"`, `"keras"` or `"optax"`.
        sizes: What is known of `CLASSES`, `COUNTS`, ...; for the rest there are small examples.

    >>> print(code("cross_entropy", "torch", {"CLASSES": 10}).splitlines()[4])
    FEATURES, CLASSES = 8, 10
    """
    module = import_module(f"{__name__}.{framework}")
    found = module.RECIPES.get(recipe)
    if found is None:
        return ""
    shape = SHAPES[recipe]
    text: str = module.write(shape, found, _top(shape.sizes, sizes))
    return text


def essence(recipe: str, framework: str) -> str:
    """The lines that make this loss: what stands in the training step of every other one is left out."""
    found = import_module(f"{__name__}.{framework}").RECIPES.get(recipe)
    if found is None:
        return ""
    last = f"# the last layer gives {SHAPES[recipe].last}\n# y: {SHAPES[recipe].y}"
    return "\n".join(part for part in (last, found.before.strip("\n"), found.body.strip("\n")) if part)


def _top(names: tuple[str, ...], sizes: Mapping[str, object]) -> str:
    """The lines that give the sizes."""
    known = {name: sizes.get(name, _DEFAULTS.get(name)) for name in names}
    if "COUNTS" in known and known["COUNTS"] is None:
        classes = known["CLASSES"]
        assert isinstance(classes, int)
        known["COUNTS"] = [max(1, 1000 // 2**k) for k in range(min(classes, _MOST_COUNTS + 1))]
    counts = known.get("COUNTS")
    text = {name: repr(value) for name, value in known.items()}
    if isinstance(counts, list) and len(counts) > _MOST_COUNTS:
        text["COUNTS"] = "[1000] * CLASSES"
    short = {name: value for name, value in known.items() if name not in _MEANING}
    lines = [f"{', '.join(['FEATURES', *short])} = {', '.join(['8', *(text[name] for name in short)])}"]
    lines += [f"{name} = {text[name]}  # {_MEANING[name]}" for name in known if name in _MEANING]
    return "\n".join(lines)
