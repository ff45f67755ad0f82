"""What became of a function that was recorded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a function.

    Attributes:
        output: Id of its value.
        escapes: Where the program read a value that depends on the variables (`if loss > 3:`), so that at another point
            it might do something else. Nothing may be proved past one.
        detached: Whether a gradient was cut or computed in the program's own way, so that the gradient of the
            program may be another than that of its value.
        value: What the function returned.
        unknown: Operations of which nothing is known.
    """

    output: int
    escapes: tuple[str, ...]
    detached: bool
    value: float
    unknown: tuple[str, ...]
