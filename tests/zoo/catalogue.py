"""All members of the zoo."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import replace

from tests.zoo.case import Case

FAMILIES = (
    "classification",
    "binary",
    "regression",
    "ordinal",
    "ranking",
    "distillation",
    "multilabel",
    "metric",
    "segmentation",
    "robust",
    "probabilistic",
    "boundary",
    "frameworks",
    "optax_like",
    "networks",
    *(["with_jax"] if importlib.util.find_spec("jax") and importlib.util.find_spec("optax") else []),
)


def of_family(family: str) -> tuple[Case, ...]:
    module = importlib.import_module(f"tests.zoo.{family}")
    return tuple(replace(case, family=family) for case in module.CASES)


def all_cases() -> tuple[Case, ...]:
    return tuple(case for family in FAMILIES for case in of_family(family))
