"""The fifteen questions: all there, each with a number of the engine's that mathematics confirms."""

from __future__ import annotations

import math
import re

import pytest

from lossaudit import catalogue, rules
from lossaudit.advise.questions import as_text, questions
from lossaudit.advise.topics import topics
from lossaudit.card import Ground

# What an interviewer asks, and the number that belongs to it: worked out by hand, three classes.
TRUTH = {
    "what is a loss": math.sqrt(2),  # sup |p - y| over the simplex
    "mean squared error": 2,  # second derivative of (z - y)^2
    "binary cross-entropy": 1 / 4,  # max p (1 - p)
    "several classes": math.sqrt(2),
    "why softmax with cross-entropy": math.sqrt(56),  # 2 S (p - y) -> 2 e^-t (3, -2, -1): 2 sqrt(14) = sqrt(56)
    "hinge": 1,
    "huber": 1,  # delta
    "l2": None,  # below
    "accuracy": 0,
    "focal": None,
    "imbalanced": None,
    "label smoothing": math.sqrt((14 / 15) ** 2 + (1 / 30) ** 2 + (29 / 30) ** 2),
    "kl divergence": 0,
    "several labels": 1,
    "pick a loss": None,
}


@pytest.mark.parametrize(("number", "words"), list(enumerate(TRUTH, 1)))
def test_all_fifteen_are_asked_and_answered(number: int, words: str) -> None:
    question = questions()[number - 1]
    assert question.number == number
    assert words in question.asked.lower()
    assert question.difficulty in {"easy", "medium", "hard"}
    assert len(question.answer.split()) > 25
    assert question.gradient
    assert question.optimises
    assert question.see in topics() or rules.find(question.see) or catalogue.find_loss(question.see)


def test_there_are_no_others() -> None:
    assert len(questions()) == len(TRUTH) == 15


@pytest.mark.parametrize(("number", "words"), list(enumerate(TRUTH, 1)))
def test_the_number_is_the_engines_and_right(number: int, words: str) -> None:
    figure = questions()[number - 1].figure
    assert figure.ground is not Ground.UNKNOWN
    expected = TRUTH[words]
    if expected is not None:
        numbers = [float(x) for x in re.findall(r"\d+\.\d+|\d+", figure.value.replace("sqrt(56)", ""))]
        assert any(abs(x - expected) < 1e-4 for x in numbers), figure.value


def test_the_largest_gradient_of_focal_loss() -> None:
    """|h(p)| sqrt(2) in the limit of one wrong class, where h(p) = (1-p)^2 - 2 p (1-p) log p: on a grid."""
    grid = [i / 10**5 for i in range(1, 10**5)]
    largest = max(((1 - p) ** 2 - 2 * p * (1 - p) * math.log(p)) * math.sqrt(2) * (1 - p) for p in grid)
    assert float(questions()[9].figure.value) == pytest.approx(largest, abs=1e-4)


def test_a_quiz_hides_the_answers() -> None:
    quiz, whole = as_text(quiz=True), as_text()
    for question in questions():
        assert question.asked in quiz
        assert question.asked in whole
        assert question.answer in whole
        assert question.answer not in quiz
    assert "Gradient" not in quiz
    assert "One number" not in quiz
