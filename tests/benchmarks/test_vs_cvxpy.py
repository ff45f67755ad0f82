"""lossaudit decides all that CVXPY decides, and more."""

from __future__ import annotations

import pytest

pytest.importorskip("cvxpy", reason="CVXPY is not installed: pip install 'lossaudit[bench]'")


def test_lossaudit_decides_a_strict_superset() -> None:
    from benchmarks.vs_cvxpy import answers

    given = answers(repeats=1)
    assert not [a.row.name for a in given if a.wrong]
    assert not [a.row.name for a in given if a.cvxpy_convex and not a.row.convex]
    by_cvxpy = {a.row.name for a in given if a.cvxpy_convex}
    by_lossaudit = {a.row.name for a in given if a.lossaudit_decides}
    assert by_cvxpy < by_lossaudit
