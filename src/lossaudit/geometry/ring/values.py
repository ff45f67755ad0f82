"""What value a loss tends to along a ray of logits, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from lossaudit.geometry.program import Program
from lossaudit.geometry.ring.elements import recognise
from lossaudit.geometry.ring.forms import NotInRing
from lossaudit.geometry.ring.limits import along_ray


@dataclass(frozen=True, slots=True)
class Lead:
    """The value is ~ coefficient t^power exp(-rate t) as t -> infinity."""

    coefficient: fmpq
    rate: fmpq
    power: int

    @property
    def limit(self) -> fmpq | None:
        """The limit, where it is finite."""
        if self.coefficient == 0 or self.rate > 0 or (self.rate == 0 and self.power < 0):
            return fmpq(0)
        return self.coefficient if self.rate == 0 and self.power == 0 else None

    @property
    def diverges(self) -> int:
        """Sign of the infinite limit; 0 if it is finite."""
        return 0 if self.limit is not None else (1 if self.coefficient > 0 else -1)


def value_lead(program: Program, direction: Sequence[int]) -> Lead | None:
    """How the value goes along z = t d; None if the program is not of this form.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> z = [b.variable(0), b.variable(1)]
    >>> loss = b.build(b.minus(b.logsumexp(z), z[0]), 2)
    >>> value_lead(loss, (1, 0)).limit, value_lead(loss, (0, 1)).diverges
    (0, 1)
    """
    try:
        value, families = recognise(program)
        terms, order = along_ray(value, families, direction)
    except NotInRing:
        return None
    if not terms:
        return Lead(fmpq(0), fmpq(0), 0) if order is None else None
    rate, power = min(terms, key=lambda key: (key[0], -key[1]))
    if order is not None and order <= rate:
        return None
    return Lead(terms[rate, power], rate, power)
