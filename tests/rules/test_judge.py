"""Laws of the judge: alternatives, guards, confidence, order, suppression."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossaudit.finding import Confidence, Severity
from lossaudit.pairing import (
    Basis,
    Const,
    Objective,
    Pairing,
    Place,
    Reading,
    Step,
    Term,
    Unknown,
    Unresolved,
)
from lossaudit.rules import RULES
from lossaudit.rules.judge import contradictory, judge, judge_objective, judge_reading

Pair = Callable[..., Pairing]
ALL = tuple(RULES.values())
ONE = Const(1.0)


def wrong(pair: Pair, line: int = 30, guards: tuple[str, ...] = ()) -> Pairing:
    head = Step("softmax", axis=1, place=Place("train.py", line, 1, line, 9))
    return pair("cross_entropy", head, guards=guards)


def right(pair: Pair, guards: tuple[str, ...] = ()) -> Pairing:
    return pair("cross_entropy", guards=guards)


def unresolved(count: int) -> tuple[Unresolved, ...]:
    return (Unresolved("a loss", "hidden"),) * count


@given(lines=st.lists(st.integers(1, 99), min_size=1, max_size=5), missing=st.integers(0, 3))
def test_a_right_alternative_silences(pair: Pair, lines: list[int], missing: int) -> None:
    bad = tuple(wrong(pair, line) for line in lines)
    assert [finding.rule for finding in judge(Term(ONE, bad, unresolved(missing)), ALL)] == ["double-softmax"]
    assert judge(Term(ONE, (*bad, right(pair)), unresolved(missing)), ALL) == []


@given(data=st.data(), lines=st.lists(st.integers(1, 99), min_size=1, max_size=5))
def test_the_order_of_alternatives_does_not_matter(pair: Pair, data: st.DataObject, lines: list[int]) -> None:
    bad = [wrong(pair, line) for line in lines]
    shuffled = data.draw(st.permutations(bad))
    assert judge(Term(ONE, tuple(bad)), ALL) == judge(Term(ONE, tuple(shuffled)), ALL)


@given(lines=st.lists(st.integers(1, 99), min_size=1, max_size=4), few=st.integers(0, 9), more=st.integers(0, 9))
def test_what_was_not_resolved_lowers_confidence(pair: Pair, lines: list[int], few: int, more: int) -> None:
    levels = list(Confidence)
    bad = tuple(wrong(pair, line) for line in lines)

    def level(missing: int) -> int:
        (finding,) = judge(Term(ONE, bad, unresolved(missing)), ALL)
        return levels.index(finding.confidence)

    assert level(0) == 0
    assert level(1) > 0
    assert level(few) <= level(few + more)
    assert level(len(bad) + 1) == levels.index(Confidence.LOW)


def test_a_guessed_step_lowers_confidence(pair: Pair) -> None:
    guessed = pair("cross_entropy", Step("softmax", axis=1, basis=Basis.OBSERVED))
    (finding,) = judge(Term(ONE, (guessed,)), ALL)
    assert finding.confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("guards", "impossible"),
    [
        (("a", "not a"), True),
        (("self.training", "not (self.training)"), True),
        (("n > 1", "x", "n <= 1"), True),
        (("loss is None", "loss is not None"), True),
        (("mode == 'a'", 'mode != "a"'), True),
        (("a", "not b"), False),
        (("n > 1", "n > 2"), False),
        (("not a", "not a"), False),
        ((), False),
        (("case 3:", "else"), False),  # no expression
    ],
)
def test_contradictory_guards(pair: Pair, guards: tuple[str, ...], impossible: bool) -> None:
    assert contradictory(guards) is impossible
    # A right alternative that can never be met does not save the term.
    term = Term(ONE, (wrong(pair), right(pair, guards)))
    assert bool(judge(term, ALL)) is impossible


def test_nothing_left_is_silence(pair: Pair) -> None:
    assert judge(Term(ONE, ()), ALL) == []
    assert judge(Term(ONE, (), unresolved(3)), ALL) == []
    assert judge(Term(ONE, (wrong(pair, guards=("a", "not a")),)), ALL) == []


@pytest.mark.parametrize(
    ("coefficient", "fires"), [(Const(-1.0), False), (Const(0.5), True), (Unknown("learned"), True), (Const(2), True)]
)
def test_a_maximised_term_is_left_alone(pair: Pair, coefficient: Const | Unknown, fires: bool) -> None:
    idiom = pair("nll", "softmax", params={"reduction": "none"})
    assert bool(judge(Term(coefficient, (idiom,)), ALL)) is fires


def test_an_untrained_alternative_is_never_wrong(pair: Pair) -> None:
    untrained = replace(wrong(pair), trained=False)
    assert judge(Term(ONE, (untrained,)), ALL) == []
    assert judge(Term(ONE, (wrong(pair), untrained)), ALL) == []


def test_objective_and_terms_are_both_judged(pair: Pair) -> None:
    made = Objective(Place("train.py", 50), (Term(ONE, (wrong(pair),)),), cut="no_grad", nonfinite=3)
    assert {finding.rule for finding in judge_objective(made)} == {"double-softmax", "loss-cut-off", "loss-not-finite"}


@given(data=st.data())
def test_a_reading_is_judged_worst_first_once_and_in_any_order(pair: Pair, data: st.DataObject) -> None:
    pairings = [
        wrong(pair, 10),
        wrong(pair, 20),
        wrong(pair, 10),
        pair("cross_entropy", "log_softmax"),
        pair("mse", "softmax", target="ONE_HOT"),
        right(pair),
    ]
    objectives = [Objective(Place("train.py", 50 + i), (Term(ONE, (made,)),)) for i, made in enumerate(pairings)]
    findings = judge_reading(Reading(tuple(objectives)))
    assert findings == judge_reading(Reading(tuple(data.draw(st.permutations(objectives)))))
    assert [finding.severity for finding in findings] == [
        Severity.ERROR,
        Severity.ERROR,
        Severity.WARNING,
        Severity.INFO,
    ]
    assert len({(finding.rule, finding.places) for finding in findings}) == len(findings)


# --- suppression


@pytest.fixture
def source() -> Iterator[Callable[[dict[int, str]], None]]:
    """Gives `train.py` a text with the named lines."""

    def write(lines: dict[int, str]) -> None:
        text = [lines.get(number, "pass") + "\n" for number in range(1, 61)]
        linecache.cache["train.py"] = (1, None, text, "train.py")

    yield write
    linecache.cache.pop("train.py", None)


@pytest.mark.parametrize(
    ("line", "comment", "silent"),
    [
        (41, "# lossaudit: ignore[double-softmax]", True),
        (30, "# lossaudit: ignore[double-softmax]", True),
        (41, "#lossaudit:ignore[LA101]", True),
        (41, "# lossaudit: ignore[mse-on-softmax, double-softmax]  # on purpose", True),
        (41, "# lossaudit: ignore[mse-on-softmax]", False),
        (41, "# lossaudit: ignore", False),
        (40, "# lossaudit: ignore[double-softmax]", False),
        (42, "# lossaudit: ignore[double-softmax]", False),
    ],
)
def test_suppression(
    pair: Pair, source: Callable[[dict[int, str]], None], line: int, comment: str, silent: bool
) -> None:
    source({line: f"x = 1  {comment}"})
    assert (judge(Term(ONE, (wrong(pair),)), ALL) == []) is silent


def test_suppression_on_any_line_of_a_long_call(pair: Pair, source: Callable[[dict[int, str]], None]) -> None:
    source({43: ")  # lossaudit: ignore[double-softmax]"})
    made = wrong(pair)
    long = replace(made, loss=replace(made.loss, place=Place("train.py", 41, 8, 43, 2)))
    assert judge(Term(ONE, (long,)), ALL) == []


def test_suppression_of_an_objective(source: Callable[[dict[int, str]], None]) -> None:
    source({50: "loss.backward()  # lossaudit: ignore[loss-cut-off]"})
    assert judge_objective(Objective(Place("train.py", 50), (), cut="detach")) == []
