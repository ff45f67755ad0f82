"""A compiled Keras model: what its last layers and its losses make of each other. Nothing is run."""

from __future__ import annotations

import platform
import sys
from typing import Any

import lossaudit
from lossaudit.readers.keras import backend_of, read_model
from lossaudit.result import PairingResult, Result
from lossaudit.rules.judge import judge_reading


def audit_compiled(model: Any) -> Result:
    """Read a compiled Keras model and judge it by the same rules as a run.

    Raises:
        UsageError: It is not compiled, or compiled without a loss.
    """
    reading = read_model(model)
    backend = backend_of(model)
    framework = type(model).__module__.partition(".")[0]
    version = getattr(sys.modules.get("keras" if framework == "keras" else "tf_keras"), "__version__", "unknown")
    return Result(
        "audit",
        f"the Keras model {getattr(model, 'name', '')!r} as it is compiled, {backend} backend",
        objectives=reading.objectives,
        pairings=tuple(PairingResult(pairing, "<model>") for pairing in reading.pairings),
        findings=judge_reading(reading),
        unresolved=reading.unresolved,
        versions={"python": platform.python_version(), "lossaudit": lossaudit.__version__, "keras": str(version)},
    )
