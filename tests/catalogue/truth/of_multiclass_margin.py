"""Margins between scores, worked out by hand."""

from __future__ import annotations

from tests.catalogue.truth.case import Case

# With a margin of 1: class 2 violates it by 2.8 in the first row; classes 0 and 1 by 3.3 and 2.0 in the second.
Z = ((0.3, -1.2, 2.1), (1.7, 0.4, -0.6))
Y = (0, 2)

CASES: dict[str, tuple[Case, ...]] = {
    "multi_margin": (
        Case((Z, Y), (2.8 + 3.3 + 2.0) / 3, "violations of the margin 1 over K"),
        Case((Z, Y), (2.8**2 + 3.3**2 + 2.0**2) / 3, "their squares", {"p": 2}),
        Case((Z, Y), (2.3 + 2.8 + 1.5) / 3, "violations of the margin 1/2", {"margin": 0.5}),
    ),
    "crammer_singer": (
        Case((Z, Y), 2.8 + 3.3, "the largest violation of each sample"),
        Case((((0.5, -3.0, -4.0),), (0,)), 0.0, "the lead is above 1: not so with Keras's categorical hinge"),
    ),
    "weston_watkins": (Case((Z, Y), 2.8 + 3.3 + 2.0, "all violations of each sample"),),
}
