"""`carry_axis` against a real tensor that is filled with its own coordinates."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.axes import carry_axis
from lossaudit.pairing import Const

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def _coordinates(shape: tuple[int, ...], axis: int) -> torch.Tensor:
    """Each element holds its own position along `axis`."""
    view = [1] * len(shape)
    view[axis] = shape[axis]
    return torch.arange(shape[axis]).reshape(view).expand(shape).contiguous()


def _holds(coordinates: torch.Tensor, size: int, axis: int) -> bool:
    """Whether the positions 0, 1, 2, ... run along this axis of the result, and along no other."""
    return torch.equal(coordinates, _coordinates(tuple(coordinates.shape), axis)) and coordinates.shape[axis] == size


@st.composite
def moves(draw):
    """A shape, an operation with its arguments, and the call itself."""
    shape = draw(SHAPES)
    rank = len(shape)
    position = st.integers(-rank, rank - 1)
    kind = draw(
        st.sampled_from(["transpose", "permute", "movedim", "T", "mT", "view", "unsqueeze", "squeeze", "flatten"])
    )
    if kind == "transpose":
        a, b = draw(position), draw(position)
        return shape, kind, {"dim0": Const(a), "dim1": Const(b)}, lambda x: x.transpose(a, b)
    if kind == "permute":
        order = draw(st.permutations(range(rank)))
        given_order = tuple(axis - rank if draw(st.booleans()) else axis for axis in order)
        return shape, kind, {"dims": Const(given_order)}, lambda x: x.permute(given_order)
    if kind == "movedim":
        a, b = draw(position), draw(position)
        return shape, kind, {"source": Const(a), "destination": Const(b)}, lambda x: x.movedim(a, b)
    if kind == "T":
        shape = shape[:2]
        return shape, kind, {}, lambda x: x.t()
    if kind == "mT":
        shape = (*shape, 2) if rank < 2 else shape
        return shape, kind, {}, lambda x: x.mT
    if kind == "unsqueeze":
        where = draw(st.integers(0, rank))
        return shape, kind, {"dim": Const(where)}, lambda x: x.unsqueeze(where)
    if kind == "squeeze":
        return shape, kind, {}, lambda x: x.squeeze()
    if kind == "flatten":
        return shape, kind, {}, lambda x: x.flatten(0, -1)
    total = torch.Size(shape).numel()
    first = draw(st.sampled_from([n for n in range(1, total + 1) if total % n == 0]))
    second = draw(st.sampled_from([n for n in range(1, total // first + 1) if (total // first) % n == 0]))
    after = (first, second, total // first // second)
    return shape, "view", {"shape": Const(after)}, lambda x: x.reshape(after)


@settings(max_examples=400, deadline=None)
@given(moves(), st.data())
def test_an_axis_goes_where_its_coordinates_go(move, data):
    shape, op, args, call = move
    axis = data.draw(st.integers(0, len(shape) - 1))
    coordinates = call(_coordinates(shape, axis))
    found = carry_axis(op, args, shape, tuple(coordinates.shape), axis)
    if found is not None:
        assert _holds(coordinates, shape[axis], found)


@settings(max_examples=200, deadline=None)
@given(moves(), st.data())
def test_an_axis_that_is_only_moved_is_always_found(move, data):
    shape, op, args, call = move
    axis = data.draw(st.integers(0, len(shape) - 1))
    if op in ("view", "squeeze", "flatten"):
        return
    after = tuple(call(torch.empty(shape)).shape)
    assert carry_axis(op, args, shape, after, axis) is not None


@pytest.mark.parametrize(
    ("op", "before", "after", "axis", "wanted"),
    [
        ("reshape", (2, 5, 7), (10, 7), 2, 1),
        ("reshape", (2, 5, 7), (2, 35), 2, None),  # merged
        ("reshape", (4, 6), (6, 4), 1, None),  # cut anew
        ("reshape", (10, 7), (2, 5, 7), 1, 2),
        ("permute", (2, 3), (3, 2), 1, None),  # by an order that was not seen
        ("as_strided", (3, 3), (3, 3), 1, None),
    ],
)
def test_what_cannot_be_told_is_not_told(op, before, after, axis, wanted):
    assert carry_axis(op, {}, before, after, axis) == wanted
