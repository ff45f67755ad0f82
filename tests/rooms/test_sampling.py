"""Laws of the schedule, played against programs whose backward passes come in many orders."""

from __future__ import annotations

from itertools import cycle, islice, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.run.sampling import EVERY, FIRST, Schedule


def _play(order) -> tuple[Schedule, dict[str, list[int]], float]:
    """Run the schedule as a session does: the pass numbers sampled at each site, and the share recorded."""
    schedule, recording = Schedule(), True
    sampled: dict[str, list[int]] = {}
    recorded = 0
    total = 0
    for site in order:
        taken = recording and schedule.due(site)
        number = schedule.passes(site) + 1
        recorded += recording
        total += 1
        if taken:
            sampled.setdefault(site, []).append(number)
        recording = schedule.passed(site, sampled=taken)
    return schedule, sampled, recorded / total


ORDERS = {
    "one loss": "a",
    "two in turn": "ab",
    "three in turn": "abc",
    "GAN": "dg",
    "WGAN, five critic steps": "cccccg",
    "accumulation": "aaaab",
    "palindrome": "abba",
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_first_passes_of_each_site_are_sampled_and_then_one_in_fifty(name):
    pattern = ORDERS[name]
    _, sampled, share = _play(islice(cycle(pattern), 6000))
    assert set(sampled) == set(pattern)
    for numbers in sampled.values():
        gaps = [later - earlier for earlier, later in pairwise(numbers)]
        assert max(gaps) <= EVERY
        assert numbers[-1] >= 6000 * 1 / len(pattern) - EVERY
    assert share < 0.15


def test_a_single_loss_is_sampled_exactly_as_promised():
    schedule, sampled, share = _play(["a"] * 5000)
    assert sampled["a"][:FIRST] == list(range(1, FIRST + 1))
    assert sampled["a"][FIRST:] == list(range(FIRST + EVERY, 5001, EVERY))
    assert share == schedule.sampled / schedule.seen  # nothing is recorded for nothing
    assert schedule.seen == 5000
    assert abs(share - (FIRST + (5000 - FIRST) // EVERY) / 5000) < 1e-12


def test_epochs_of_training_and_one_validation_loss():
    _, sampled, share = _play((["t"] * 100 + ["v"]) * 60)
    assert len(sampled["v"]) >= FIRST
    assert share < 0.2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.floats(0.05, 0.95))
def test_sites_that_come_at_random_are_not_lost(seed, count, first_share):
    sites, random = "abcd"[:count], Random(seed)

    def draw():
        return "a" if random.random() < first_share else random.choice(sites[1:])

    schedule, sampled, share = _play(draw() for _ in range(4000))
    for site, seen in schedule.sites.items():
        numbers = sampled.get(site, [])
        assert len(numbers) >= min(seen.seen, FIRST) * 0.5
        gaps = [later - earlier for earlier, later in pairwise(numbers)]
        assert max(gaps, default=0) <= 4 * EVERY
        assert seen.seen - numbers[-1] <= 4 * EVERY
    assert share < 0.4


@given(st.lists(st.sampled_from("abc"), max_size=300), st.integers(1, 5), st.integers(1, 9))
def test_counts_add_up(order, first, every):
    schedule = Schedule(first=first, every=every)
    recording = True
    for site in order:
        recording = schedule.passed(site, sampled=recording and schedule.due(site))
    assert schedule.seen == len(order)
    assert schedule.sampled <= schedule.seen
    assert all(schedule.passes(site) == order.count(site) for site in "abc")
    if len(set(order)) == 1:  # always expected rightly
        n = len(order)
        assert schedule.sampled == min(n, first) + max(0, n - first) // every
