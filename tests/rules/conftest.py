"""Pairings made by hand, as a reader would make them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lossaudit.pairing import (
    AxisRole,
    Basis,
    Const,
    Dim,
    Flow,
    LossUse,
    Observed,
    Pairing,
    Place,
    Source,
    Step,
    Target,
    TargetEncoding,
)

BATCH = 32
AXES = ("softmax", "log_softmax")


def flow(*steps: str | Step, units: int | None = 10, source: Source = Source.AFFINE, **changes: object) -> Flow:
    """A flow of shape (32, units); softmaxes run over the classes."""
    dims = (
        (Dim(BATCH, AxisRole.BATCH), Dim(units, AxisRole.CLASS)) if units is not None else (Dim(BATCH, AxisRole.BATCH),)
    )
    made = tuple(step if isinstance(step, Step) else _step(step, i) for i, step in enumerate(steps))
    given: dict[str, object] = {"dims": dims, "dtype": "float32", **changes}
    return Flow(source, made, **given)  # type: ignore[arg-type]


def _step(op: str, index: int) -> Step:
    place = Place("train.py", 30 + index, 1, 30 + index, 5)
    if op in AXES:
        return Step(op, axis=1, axis_role=AxisRole.CLASS, place=place)
    return Step(op, place=place)


def pairing(
    loss: str,
    *steps: str | Step,
    target: str | Target | None = None,
    units: int | None = 10,
    seen: set[TargetEncoding] | None = None,
    measured: dict[str, object] | None = None,
    params: dict[str, object] | None = None,
    name: str = "",
    scope: str = "",
    ops: tuple[str, ...] = (),
    **changes: object,
) -> Pairing:
    """A pairing; `target` is an encoding's name or a Target, `seen` are the measured encodings."""
    if isinstance(target, str):
        encoding = TargetEncoding[target]
        target = Target(Flow(Source.LABELS), frozenset({encoding}), Basis.STRUCTURE)
    observed = None
    if seen is not None or measured is not None:
        given: dict[str, object] = {
            "backwards": 1,
            "samples": 64,
            "encodings": frozenset(seen or ()),
            **(measured or {}),
        }
        observed = Observed(**given)  # type: ignore[arg-type]
        target = target or Target(Flow(Source.LABELS), frozenset(seen or ()), Basis.OBSERVED)
    use = LossUse(
        loss,
        {key: Const(value) for key, value in (params or {}).items()},  # type: ignore[arg-type]
        ops,
        Place("train.py", 41, 8, 41, 40, scope=scope),
        name or loss,
    )
    prediction = changes.pop("prediction", None) or flow(*steps, units=units)
    return Pairing(prediction, use, target, observed=observed, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def pair() -> Callable[..., Pairing]:
    return pairing


@pytest.fixture(scope="session")
def make_flow() -> Callable[..., Flow]:
    return flow
