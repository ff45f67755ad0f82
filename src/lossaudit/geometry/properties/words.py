"""Numbers for people."""

from __future__ import annotations

import math

from flint import fmpq


def number(x: float) -> str:
    """Seven digits.

    >>> number(1.0), number(2 / 3)
    ('1', '0.6666667')
    """
    return f"{x:.7g}"


def ratio(x: fmpq) -> str:
    """An exact number: as a fraction if that is short, else rounded.

    >>> ratio(fmpq(1, 5)), ratio(fmpq(7, 1234567))
    ('1/5', '5.670004e-06')
    """
    text = str(x)
    return text if len(text) <= 8 else number(int(x.p) / int(x.q))


def rational_root(square: fmpq) -> str:
    """The square root of an exact number >= 0, exactly where that is short.

    >>> rational_root(fmpq(1, 25)), rational_root(fmpq(2)), rational_root(fmpq(1, 8))
    ('1/5', 'sqrt(2) = 1.414214', 'sqrt(1/8) = 0.3535534')
    """
    p, q = int(square.p), int(square.q)
    if math.isqrt(p) ** 2 == p and math.isqrt(q) ** 2 == q:
        return ratio(fmpq(math.isqrt(p), math.isqrt(q)))
    shown = number(math.sqrt(p / q))
    return f"sqrt({square}) = {shown}" if len(str(square)) <= 8 else shown
