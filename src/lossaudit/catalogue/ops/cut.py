"""Cuts: what no gradient passes."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, method
from lossaudit.catalogue.schema import Op, Role

OPS = (
    Op("detach", Role.CUT, both("detach detach_") + method("data")),
    Op(
        "item",
        Role.CUT,
        method("item __float__ __int__ __bool__ __index__ __complex__"),
        summary="one number as a Python scalar",
    ),
    Op("tolist", Role.CUT, method("tolist")),
    Op("numpy", Role.CUT, method("numpy", force=False) + method("__array__", dtype=None)),
)
