"""The largest box on which a function that is not convex everywhere is still proved convex."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from flint import fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Program

_HALVINGS = 4


def largest_box(program: Program, prove: Callable[[Program], bool], radii: Sequence[fmpq | int]) -> fmpq | None:
    """The largest radius R found such that the function is proved convex for all variables in [-R, R].

    Args:
        program: The function.
        prove: Whether the function of a program is proved convex on the program's domain.
        radii: Candidates > 0. The search halves its way between the largest that succeeds and the next, a few times.

    Returns:
        A radius for which `prove` did succeed, or None. What is true is monotone in the radius; a prover need not be,
        so that a larger one may have been missed.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> cosine = b.build(b.scale(-1, b.add("cos", (b.variable(0),))), 1)
    >>> half_pi = fmpq(1570796, 1000000)
    >>> print(largest_box(cosine, lambda p: p.domain.high <= half_pi, [1, 2, 4]))
    25/16
    """
    succeeds: fmpq | None = None
    fails: fmpq | None = None
    candidates = sorted(fmpq(r) for r in radii if r > 0)
    while candidates:
        middle = len(candidates) // 2
        if prove(on_box(program, candidates[middle])):
            succeeds, candidates = candidates[middle], candidates[middle + 1 :]
        else:
            fails, candidates = candidates[middle], candidates[:middle]
    if succeeds is None or fails is None:
        return succeeds
    for _ in range(_HALVINGS):
        between = (succeeds + fails) / 2
        if prove(on_box(program, between)):
            succeeds = between
        else:
            fails = between
    return succeeds


def on_box(program: Program, radius: fmpq) -> Program:
    """The same program for variables in [-radius, radius], as far as they lie in its domain."""
    domain = program.domain
    low, low_open = (
        (domain.low, domain.low_open) if domain.low is not None and domain.low > -radius else (-radius, False)
    )
    high, high_open = (
        (domain.high, domain.high_open) if domain.high is not None and domain.high < radius else (radius, False)
    )
    return replace(program, domain=Interval(low, high, low_open, high_open))
