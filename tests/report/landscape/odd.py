"""Pictures that are hard to show: holes, infinities, a single row, hostile names, a simplex, a gradient field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.report.landscape.made import FORMS, curves, surface, three

from lossaudit.landscape import simplex as simplices
from lossaudit.landscape.picture import Coordinate, Curvature, Mark, MarkKind, Panel, Picture, Scale, Surface

HOSTILE = r"<script>alert(1)</script> $\frac{a}{b}$ & _x_ ]]> 日本"


def holes() -> Picture:
    """Values that are not numbers, infinite ones, a constant, a single row, and nothing at all."""
    base = surface("holes", FORMS["mean squared error on softmax"], 21)
    loss = base.loss.copy()
    loss[5:9, 12:18], loss[0, 0], loss[15, 3] = np.nan, np.inf, -np.inf
    plain = replace(base, slope=None, curvature=None, plateau=None, arrows=None, marks=())
    frames = (
        replace(base, loss=loss),
        replace(plain, name="constant", loss=np.full_like(loss, 0.3)),
        replace(plain, name="one row", y=Coordinate("y", np.array([1.0])), loss=base.loss[:1]),
        replace(plain, name="nothing", loss=loss * np.nan),
    )
    return Picture("Holes", (), tuple(Panel((frame,)) for frame in frames), Scale("loss", 0.0, 0.7))


def hostile() -> Picture:
    """The same text in every place where a picture has one."""
    base = surface(HOSTILE, FORMS["cross-entropy on softmax"], 9)
    axis = replace(base.x, name=HOSTILE)
    mark = Mark(MarkKind.CENTRE, HOSTILE, np.array([[0.0, 0.0]]))
    frame = replace(base, x=axis, y=replace(axis), marks=(mark,), notes=(HOSTILE,))
    line = replace(curves().panels[0].surface, name=HOSTILE, x=Coordinate(HOSTILE, np.linspace(0.0, 1.0, 101)))
    return Picture(HOSTILE, (HOSTILE,), (Panel((frame,)), Panel((line,))), Scale(HOSTILE, 0.0, 8.0))


def simplex(size: int = 31) -> Picture:
    """The Brier score over the probabilities of three classes, with a hole."""
    x, y = simplices.coordinates(size)
    p = simplices.probabilities(x, y)
    loss = ((p - [1, 0, 0]) ** 2).sum(-1)
    loss[5:7, size // 2 - 1 : size // 2 + 1] = np.nan
    best = simplices.CORNERS[:1]
    marks = (Mark(MarkKind.MINIMUM, "minimum", best, np.array([0.0])),)
    panel = Panel((Surface("Brier score", x, y, loss, marks=marks),))
    return Picture("The Brier score is a bowl", (), (panel,), Scale("loss", 0.0, 2.0), settings={"kind": "simplex"})


def field() -> Picture:
    """Gradients as arrows."""
    return replace(three(21), settings={"kind": "field"})


def path() -> Picture:
    """A trajectory on a logarithmic scale, with a band and interpolated nodes."""
    base = surface("cross-entropy", FORMS["cross-entropy on softmax"], 21)
    points = np.stack([np.linspace(-6, 3, 12), np.linspace(6, -3, 12)], -1)
    marks = (Mark(MarkKind.PATH, "training", points, np.linspace(9, 0.1, 12), np.linspace(0, 0.4, 12)),)
    computed = np.zeros(base.loss.shape, bool)
    computed[::2, ::2] = True
    made = replace(base, marks=marks, band=np.full(base.loss.shape, 0.03), computed=computed, residual=0.0031)
    return Picture("The path goes down", (), (Panel((made,)),), Scale("loss (nats)", 1e-3, 16.0, log=True))


def marked_curves() -> Picture:
    """Curves with a plateau, negative curvature, a gap, a band and a witness; one leaves the scale."""
    bent, straight = (panel.surface for panel in curves().panels[1::-1])
    t = bent.x.values
    witness = Mark(MarkKind.WITNESS, "witness", np.array([[1.0], [5.0], [9.0]]))
    bent = replace(
        bent,
        curvature=np.where(t > 2, -1.0, 1.0),
        curvature_by=Curvature.DERIVATIVES,
        plateau=t > 8,
        marks=(witness,),
    )
    gap = straight.loss.copy()
    gap[40:45] = np.nan
    straight = replace(straight, loss=gap, band=np.full(len(gap), 0.5))
    return Picture("Squared error saturates", (), (Panel((bent,)), Panel((straight,))), Scale("loss (nats)", 0.0, 10.0))


ALL = {each.__name__: each for each in (holes, hostile, simplex, field, path, marked_curves)}
