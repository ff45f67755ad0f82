"""Every training step that `choose` can print runs, has finite gradients, learns, and passes `lossaudit lint`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.choose.made import batch

from lossaudit.advise.choose.snippets import FRAMEWORKS, SHAPES, code

STEPS = 40
CASES = [(recipe, framework) for recipe in SHAPES for framework in FRAMEWORKS if code(recipe, framework, {})]


def _torch(space: dict[str, Any], x: Any, y: Any) -> list[float]:
    import torch

    x, y = torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(np.ascontiguousarray(y))
    space["optimizer"].zero_grad()
    space["loss_of"](x, y).backward()
    trained = [each for group in space["optimizer"].param_groups for each in group["params"]]
    gradients = [each.grad for each in trained if each.grad is not None]
    assert len(gradients) == len(trained)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert any(gradient.abs().max() > 0 for gradient in gradients)
    return [space["step"](x, y) for _ in range(STEPS)]


def _keras(space: dict[str, Any], x: Any, y: Any) -> list[float]:
    trained = space["model"].trainable_variables
    before = [np.array(variable.value) for variable in trained]
    values = [float(space["step"](x, y)) for _ in range(STEPS)]
    after = [np.array(variable.value) for variable in trained]
    assert all(np.isfinite(value).all() for value in after)  # a gradient that is not finite stays in the weights
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
    return values


def _optax(space: dict[str, Any], x: Any, y: Any) -> list[float]:
    import jax

    given = y if "fresh" not in space["source"] else jax.random.key(1)
    params, state, values = space["params"], space["state"], list[float]()
    for number in range(STEPS):
        params, state, value = space["step"](params, state, x, given)
        values.append(float(value))
        if number == 0:
            leaves = [np.array(leaf) for leaf in jax.tree.leaves(state[0].mu)]  # a tenth of the gradient
            assert all(np.isfinite(leaf).all() for leaf in leaves)
            assert any(np.abs(leaf).max() > 0 for leaf in leaves)
    return values


@pytest.mark.parametrize(("recipe", "framework"), CASES, ids=lambda value: value)
def test_a_training_step_learns(recipe: str, framework: str) -> None:
    if framework == "torch":
        import torch

        if recipe == "linear_cross_entropy" and not hasattr(torch.nn.functional, recipe):
            pytest.skip("new in PyTorch 2.13")
        torch.manual_seed(0)
    if framework == "keras":
        import keras

        keras.utils.set_random_seed(0)
    sizes = {"CLASSES": 4}
    source = code(recipe, framework, sizes)
    space: dict[str, Any] = {"source": source, "__name__": "snippet"}
    exec(compile(source, f"{recipe}_{framework}.py", "exec"), space)
    x, y = batch(recipe, framework, sizes)
    values = {"torch": _torch, "keras": _keras, "optax": _optax}[framework](space, x, y)
    assert np.isfinite(values).all()
    assert np.mean(values[-5:]) < np.mean(values[:3])


ALL, NOT_TORCH, KERAS = "torch keras optax", "keras optax", "keras"
BY_HAND = {
    "asymmetric": ALL, "binned_ordinal_cross_entropy": ALL, "cauchy": ALL, "contrastive": ALL, "corn": KERAS,
    "cox": ALL, "crammer_singer": "torch", "cumulative_link": ALL, "elbo": KERAS, "gamma": ALL, "gaussian_crps": ALL,
    "gaussian_nll": NOT_TORCH, "hazard": KERAS, "hinge": "torch", "listmle": ALL, "mape": ALL,
    "negative_binomial_nll": ALL, "ordinal_cross_entropy": ALL, "pinball": ALL, "poisson_nll": NOT_TORCH,
    "ranknet": ALL, "student_t_nll": ALL, "triplet_margin": KERAS, "tukey": ALL, "tweedie": ALL,
    "weighted_bce_labels": KERAS,
}  # fmt: skip
"""Formulas for which the framework has no function: they may be read, and need not be."""


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from lossaudit.lint.run import Request, lint, settings_of

    folder = tmp_path_factory.mktemp("snippets")
    for recipe, framework in CASES:
        (folder / f"{recipe}.{framework}.py").write_text(code(recipe, framework, {"CLASSES": 4}))
    request = Request((str(folder),), processes=1, isolated=True)
    return lint(request, settings_of(request))


def test_no_rule_says_anything_of_a_training_step(linted: Any) -> None:
    assert [(finding.rule, str(finding.places[0])) for finding in linted.findings] == []
    assert linted.problems == ()
    assert len(linted.files) == len(CASES)


def test_what_a_framework_has_a_name_for_is_read(linted: Any) -> None:
    read = {
        objective.place.path.rpartition("/")[2]
        for objective in linted.reading.objectives
        for term in objective.terms
        if term.alternatives
    }
    wanted = {f"{recipe}.{name}.py" for recipe, name in CASES if name not in BY_HAND.get(recipe, "")}
    assert wanted - read == set()
