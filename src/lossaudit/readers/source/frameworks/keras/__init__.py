"""Keras: layers, models, and what `compile` makes of them, by whatever name a package offers it."""

from __future__ import annotations

from lossaudit.readers.source.frameworks import Framework
from lossaudit.readers.source.frameworks.keras import activations, applications, layers, losses, models, training

FRAMEWORK = Framework(
    "keras",
    roots=("keras", "tf_keras"),
    calls={**activations.CALLS, **layers.CALLS, **models.CALLS, **losses.CALLS, **applications.CALLS},
    methods={**layers.METHODS, **models.METHODS, **losses.METHODS, **training.METHODS},
)
