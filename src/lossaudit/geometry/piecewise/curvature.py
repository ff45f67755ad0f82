"""Whether one form is convex on an open interval: exactly, by composition facts or by its second derivative."""

from __future__ import annotations

from typing import Any

from lossaudit.geometry.composition import prove_by_facts
from lossaudit.geometry.interval import Interval
from lossaudit.geometry.piecewise.analysis import Piece
from lossaudit.geometry.piecewise.form import PLAIN, Form, derivative, write
from lossaudit.geometry.piecewise.polynomial import is_nonnegative
from lossaudit.geometry.piecewise.sign import is_never_negative
from lossaudit.geometry.program import Builder, Program
from lossaudit.verdict import Certificate

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
    composed = _by_facts(piece)  # first, since it is the easiest to check again
    if composed is not None:
        return composed
    second = derivative(derivative(piece.form))
    return {"rule": "derivative"} if is_never_negative(second, piece.low, piece.high) else None


def _by_facts(piece: Piece) -> Proof | None:
    """The whole form, or its polynomial part and the rest, each convex."""
    domain = Interval(piece.low, piece.high)
    whole = facts_certificate(as_program(piece.form, domain))
    if whole is not None:
        return {"rule": "facts", "certificate": whole}
    p = piece.form.terms.get(PLAIN)
    if p is None or p.degree() < 2 or not is_nonnegative(p.derivative().derivative(), piece.low, piece.high):
        return None
    rest = facts_certificate(as_program(Form({m: q for m, q in piece.form.terms.items() if m != PLAIN}), domain))
    if rest is None:
        return None
    return {"rule": "sum", "polynomial": [str(c) for c in p.coeffs()], "certificate": rest}


def facts_certificate(program: Program) -> dict[str, Any] | None:
    """The data of a proof by composition, or None."""
    found = prove_by_facts(program)
    return dict(found.data) if isinstance(found, Certificate) else None
