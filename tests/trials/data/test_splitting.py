"""Three parts: every sample in one of them, every class in its shares, by the seed alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossaudit.errors import UsageError
from lossaudit.trials.data.splitting import THREE, TWO, split


@given(st.lists(st.integers(3, 40), min_size=1, max_size=4), st.integers(0, 99))
def test_every_sample_is_in_one_part_and_every_class_in_its_shares(sizes: list[int], seed: int) -> None:
    y = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    names = [str(index) for index in range(len(sizes))]
    for shares in (THREE, TWO):
        parts = split(y, shares, seed, names, "")
        assert torch.cat(parts).sort().values.tolist() == list(range(len(y)))
        for part, share in zip(parts, shares.values(), strict=True):
            counts = y[part].bincount(minlength=len(sizes))
            wanted = share * torch.tensor(sizes)
            assert bool((counts >= 1).all())
            assert bool(((counts - wanted).abs() <= 2).all())  # rounding, and one at least for each part
    again = split(y, THREE, seed, names, "")
    assert all(torch.equal(a, b) for a, b in zip(again, split(y, THREE, seed, names, ""), strict=True))


def test_numbers_are_split_by_the_same_shares() -> None:
    assert [len(part) for part in split(torch.randn(100, 2), THREE, 3, (), "")] == [60, 15, 25]
    assert [len(part) for part in split(torch.randn(100), TWO, 3, (), "")] == [80, 20]


def test_another_seed_is_another_split() -> None:
    first, second = (split(torch.zeros(100), THREE, seed, (), "")[0] for seed in (0, 1))
    assert not torch.equal(first, second)


def test_a_class_with_too_few_samples_is_named() -> None:
    y = torch.tensor([0] * 20 + [1] * 2)
    with pytest.raises(UsageError, match="clinic: the class rare has 2 samples"):
        split(y, THREE, 0, ["usual", "rare"], "clinic")
    assert [len(part) for part in split(y, TWO, 0, ["usual", "rare"], "clinic")] == [17, 5]
