"""What is proved of each instruction of a program."""

from __future__ import annotations

from dataclasses import dataclass

from lossaudit.geometry.interval import REALS, Interval
from lossaudit.geometry.primitives.primitive import Curvature


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about one scalar f as a function of all variables, over the program's whole domain.

    Attributes:
        range: Encloses all values.
        curvature: Of f.
        log: Of log f; UNKNOWN unless f > 0 is proved.
        complement: Of log(1 - f); UNKNOWN unless f < 1 is proved.
        defined: Whether f has a value everywhere on the domain. Without it nothing else may be said.
        rule: Which rule gave the curvature.
    """

    range: Interval = REALS
    curvature: Curvature = Curvature.UNKNOWN
    log: Curvature = Curvature.UNKNOWN
    complement: Curvature = Curvature.UNKNOWN
    defined: bool = False
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a proof stopped: the first instruction without the fact that was needed, and what would have sufficed."""

    instruction: int
    why: str
    sufficient: str = ""
