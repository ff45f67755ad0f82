"""Whether one form is convex on an open interval: exactly, by its second derivative, or by composition facts."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.piecewise.analysis import Piece
from lossaudit.geometry.piecewise.form import PLAIN, Form, derivative, write
from lossaudit.geometry.piecewise.polynomial import is_nonnegative
from lossaudit.geometry.piecewise.sign import is_never_negative
from lossaudit.geometry.program import Builder, Program

Proof = dict[str, Any]


def as_program(form: Form, domain: Interval) -> Program:
    """The form as a program of one variable."""
    builder = Builder()
    u = builder.variable(0)
    return builder.build(write(form, builder, u), 1, domain=domain)


def prove_piece(piece: Piece) -> Proof | None:
    """Why the form is convex on its interval, or None."""
    p = piece.form.polynomial
    if p is not None:
        second = p.derivative().derivative()
        return {"rule": "polynomial"} if is_nonnegative(second, piece.low, piece.high) else None
    second = derivative(derivative(piece.form))
    if is_never_negative(second, piece.low, piece.high):
        return {"rule": "derivative"}
    return _by_facts(piece)


def _by_facts(piece: Piece) -> Proof | None:
    """The whole form, or its polynomial part and the rest, each convex."""
    from lossaudit.geometry.composition import prove_by_facts
    from lossaudit.verdict import Certificate

    domain = Interval(piece.low, piece.high)
    whole = prove_by_facts(as_program(piece.form, domain))
    if isinstance(whole, Certificate):
        return {"rule": "facts", "certificate": dict(whole.data)}
    p = piece.form.terms.get(PLAIN)
    if p is None or p.degree() < 2 or not is_nonnegative(p.derivative().derivative(), piece.low, piece.high):
        return None
    rest = Form({m: q for m, q in piece.form.terms.items() if m != PLAIN})
    other = prove_by_facts(as_program(rest, domain))
    if isinstance(other, Certificate):
        polynomial = [str(fmpq(c)) for c in p.coeffs()]
        return {"rule": "sum", "polynomial": polynomial, "certificate": dict(other.data)}
    return None
