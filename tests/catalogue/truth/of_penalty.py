"""Terms of the parameters alone."""

from __future__ import annotations

import numpy as np
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
W = (0.515625, -1.203125, 0.796875, 3.109375)
L1, L2 = float(np.linalg.norm(W, 1)), float(np.linalg.norm(W) ** 2)


def _keras(name: str, **weights: float) -> float:
    import keras

    return float(np.asarray(getattr(keras.regularizers, name)(**weights)(keras.ops.convert_to_tensor(W))))


CASES: dict[str, tuple[Case, ...]] = {
    "l2_penalty": (
        Case((W,), 0.01 * L2, "numpy.linalg.norm", call=lambda: _keras("L2")),
        Case((W,), 0.3 * L2, "numpy.linalg.norm", {"weight": 0.3}, call=lambda: _keras("L2", l2=0.3)),
    ),
    "l1_penalty": (
        Case((W,), 0.01 * L1, "numpy.linalg.norm", call=lambda: _keras("L1")),
        Case((W,), 0.3 * L1, "numpy.linalg.norm", {"weight": 0.3}, call=lambda: _keras("L1", l1=0.3)),
    ),
    "elastic_net": (
        Case(
            (W,),
            0.3 * L1 + 0.7 * L2,
            "numpy.linalg.norm",
            {"l1": 0.3, "l2": 0.7},
            call=lambda: _keras("L1L2", l1=0.3, l2=0.7),
        ),
    ),
}
