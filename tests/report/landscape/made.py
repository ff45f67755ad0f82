"""Pictures from closed forms, to test how pictures are shown: softmax over three classes, the first one is true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lossaudit.landscape.picture import (
    Coordinate,
    Curvature,
    Mark,
    MarkKind,
    Panel,
    Picture,
    Scale,
    Slider,
    Surface,
)

FORMS = {
    "cross-entropy on softmax": lambda p: -np.log(p[0]),
    "mean squared error on softmax": lambda p: ((p[0] - 1) ** 2 + p[1] ** 2 + p[2] ** 2) / 3,
    "zero-one loss": lambda p: (p.argmax(0) != 0).astype(float),
}


def focal(gamma: float):
    return lambda p: -((1 - p[0]) ** gamma) * np.log(p[0])


def surface(name: str, form, size: int = 41, reach: float = 8.0) -> Surface:
    """A loss over the logits of classes 1 and 2; slope and curvature by differences of the closed form."""
    ticks = np.linspace(-reach, reach, size)
    a, b = np.meshgrid(ticks, ticks)

    def at(z1, z2):
        z = np.stack([z1, z2, np.zeros_like(z1)])
        e = np.exp(z - z.max(0))
        return form(e / e.sum(0))

    h = 1e-3
    loss = at(a, b)
    gx, gy = (at(a + h, b) - at(a - h, b)) / (2 * h), (at(a, b + h) - at(a, b - h)) / (2 * h)
    xx = (at(a + h, b) - 2 * loss + at(a - h, b)) / h**2
    yy = (at(a, b + h) - 2 * loss + at(a, b - h)) / h**2
    xy = (at(a + h, b + h) - at(a + h, b - h) - at(a - h, b + h) + at(a - h, b - h)) / (4 * h**2)
    least = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    slope = np.hypot(gx, gy)
    return Surface(
        name,
        Coordinate("z1, logit of the true class (nats)", ticks),
        Coordinate("z2, logit of class 2 (nats)", ticks),
        loss,
        slope=slope,
        curvature=least,
        curvature_by=Curvature.DIFFERENCES,
        rounding=1e-6,
        plateau=(slope < 0.01) & (loss > loss[size // 2, size // 2]),
        arrows=np.stack([gx, gy], -1),
        marks=(
            Mark(
                MarkKind.WITNESS, "witness", np.array([[-6.0, 2.0], [-3.0, 2.0], [0.0, 2.0]]), np.array([0.6, 0.5, 0.2])
            ),
            Mark(MarkKind.CENTRE, "uniform logits", np.array([[0.0, 0.0]])),
        ),
    )


def curve(name: str, form, size: int = 101) -> Surface:
    """The same along the path to confident and wrong."""
    t = np.linspace(0.0, 20.0, size)
    z = np.stack([np.zeros_like(t), t, np.zeros_like(t)])
    e = np.exp(z - z.max(0))
    loss = form(e / e.sum(0))
    return Surface(name, Coordinate("wrong logit minus true logit (nats)", t), None, loss, slope=np.gradient(loss, t))


def three(size: int = 41) -> Picture:
    """Three surfaces side by side."""
    panels = tuple(Panel((surface(name, form, size),)) for name, form in FORMS.items())
    return Picture(
        "Cross-entropy is a bowl; squared error on softmax ends in a plateau; zero-one is flat",
        ("Softmax over three classes, the logit of class 3 fixed at 0.", "Curvature by second differences."),
        panels,
        Scale("loss (nats)", 0.0, 8.0),
        settings={"reach": 8.0, "size": size},
    )


def curves() -> Picture:
    """Five curves on one axis."""
    forms = {**FORMS, "focal, gamma 2": focal(2.0), "focal, gamma 5": focal(5.0)}
    panels = tuple(Panel((curve(name, form),)) for name, form in forms.items())
    return Picture(
        "Squared error saturates where cross-entropy keeps pushing", (), panels, Scale("loss (nats)", 0.0, 20.0)
    )


def sliding(size: int = 41) -> Picture:
    """Focal loss with a slider over gamma."""
    gammas = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)
    frames = tuple(replace(surface("focal loss", focal(gamma), size), value=gamma) for gamma in gammas)
    panel = Panel(frames, Slider("focal gamma", 3))
    return Picture("Focal loss is no bowl once gamma is above 0", (), (panel,), Scale("loss (nats)", 0.0, 8.0))
