"""Ranks the candidates of a task by the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossaudit.advise.choose.answers import answer
from lossaudit.advise.choose.candidates import CANDIDATES, CARD_OF, Candidate
from lossaudit.advise.choose.case import Case, of
from lossaudit.advise.choose.column import Column
from lossaudit.advise.choose.considerations import CHANGES, CONSIDERATIONS, RARE, REFUSALS, improper
from lossaudit.advise.choose.facts import facts
from lossaudit.advise.choose.question import Matrix, Question
from lossaudit.advise.choose.snippets import FRAMEWORKS, code, essence
from lossaudit.advise.choose.snippets.shapes import SHAPES
from lossaudit.advise.choose.words import CLASSES, METRICS, TASKS
from lossaudit.errors import UsageError

SHOWN = 40
"""The score from which on a loss is shown."""
_MOST = 4


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A loss with everything that goes with it.

    Attributes:
        loss: Its name: `lossaudit card` and `lossaudit explain` know it.
        score: By which it is ranked.
        why: The reasons, the evidence among them.
        card: What its card says, each fact with how it is known.
        price: What it costs.
        gap: What of the metric it does not optimise.
        head: What the model's last layer gives.
        target: How the targets are encoded.
        metric: What to watch.
        decide: How to get from the output to an answer.
        code: A training step for each framework; `""` where the framework has no sensible spelling.
        essence: The lines of it that make this loss.
    """

    loss: str
    score: int
    why: tuple[str, ...]
    card: tuple[str, ...]
    price: str
    gap: str
    head: str
    target: str
    metric: str
    decide: str
    code: Mapping[str, str]
    essence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """What is not recommended, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer.

    Attributes:
        task: What the targets are.
        why_task: How that is known.
        seen: What the data show.
        warnings: Contradictions and doubts.
        ranked: One to four losses, the first choice first.
        refused: What is not recommended.
        changes: Which evidence would change the first choice.
        rule: How to decide by expected cost; `""` without costs.
    """

    task: str
    why_task: str
    seen: tuple[str, ...]
    warnings: tuple[str, ...]
    ranked: tuple[Recommendation, ...]
    refused: tuple[Refused, ...]
    changes: tuple[str, ...]
    rule: str = ""


def choose(question: Question, column: Column | None = None, framework: str | None = None) -> Choice:
    """Which loss fits.

    Raises:
        UsageError: Neither words nor data say what the task is, the data hold nothing to learn, or the words leave no
            loss over.

    >>> [each.loss for each in choose(Question(task="binary")).ranked]
    ['bce_with_logits']
    """
    case = of(question, column)
    frameworks = tuple(FRAMEWORKS) if framework is None else (framework,)
    scored, refused = _ranked(case)
    if not scored:
        raise UsageError(f"no loss for {case.task} is left: {'; '.join(each.what for each in refused)}")
    return Choice(
        task=case.task,
        why_task=case.why_task,
        seen=case.seen,
        warnings=case.warnings,
        ranked=tuple(_recommend(case, *each, frameworks) for each in scored),
        refused=tuple(refused),
        changes=tuple(each.says(case) for each in CHANGES if case.task in each.tasks and each.when(case)),
        rule=_rule(case.costs) if case.costs is not None and case.task in CLASSES else "",
    )


def defaults() -> Mapping[str, tuple[str, str, str, str]]:
    """Of each task: head, target, loss, and why.

    >>> defaults()["multiclass"][2]
    'cross_entropy'
    """
    rows: dict[str, tuple[str, str, str, str]] = {}
    for task in TASKS:
        candidate = _ranked(Case(task=task))[0][0][1]
        shape = SHAPES[candidate.recipe]
        rows[task] = shape.last, shape.y, candidate.loss, candidate.why
    return rows


def _ranked(case: Case) -> tuple[list[tuple[int, Candidate, tuple[str, ...]]], list[Refused]]:
    """The short list with the evidence for each, and what is refused."""
    spoken = [each for each in REFUSALS if case.task in each.tasks and each.when(case)]
    refused = [Refused(each.what, each.why(case)) for each in spoken]
    out = {loss for each in spoken for loss in each.losses}
    scored: list[tuple[int, Candidate, tuple[str, ...]]] = []
    for candidate in CANDIDATES:
        if candidate.task != case.task or candidate.loss in out or not candidate.fits(case):
            continue
        score, evidence = _score(case, candidate)
        if reason := improper(case, candidate.loss):
            refused += [Refused(candidate.loss, reason)] * (score >= SHOWN)
        else:
            scored.append((score, candidate, evidence))
    scored.sort(key=lambda each: -each[0])
    shown = [each for each in scored if each[0] >= SHOWN] or scored[:1]
    return shown[:_MOST], refused


def _score(case: Case, candidate: Candidate) -> tuple[int, tuple[str, ...]]:
    """The score and the evidence that moved it."""
    moved = [
        each for each in CONSIDERATIONS if case.task in each.tasks and candidate.loss in each.losses and each.when(case)
    ]
    said = tuple(dict.fromkeys(each.because for each in moved))
    return candidate.score + sum(each.effect for each in moved), said


def _recommend(
    case: Case, score: int, candidate: Candidate, evidence: tuple[str, ...], frameworks: tuple[str, ...]
) -> Recommendation:
    shape, sizes = SHAPES[candidate.recipe], _sizes(case, candidate)
    own = answer(case.metric, case.task, candidate.loss)
    return Recommendation(
        loss=candidate.loss,
        score=score,
        why=(candidate.why, *evidence),
        card=_card(candidate),
        price=candidate.price,
        gap=own.gap if own and own.gap else _gap(case, candidate),
        head=shape.last,
        target=shape.y,
        metric=_watched(case, candidate),
        decide=own.decide if own else candidate.decide,
        code={name: code(candidate.recipe, name, sizes) for name in frameworks},
        essence={name: essence(candidate.recipe, name) for name in frameworks},
    )


def _card(candidate: Candidate) -> tuple[str, ...]:
    """What the card says, and of what, if not of the very thing that the code computes."""
    said, part = facts(candidate.loss).sentences, CARD_OF.get(candidate.recipe)
    return (f"{part}: {said[0]}", *said[1:]) if part and said else said


def _watched(case: Case, candidate: Candidate) -> str:
    """What to watch; with rare classes never accuracy alone."""
    own = candidate.metric
    if case.rare >= RARE and "accuracy" in own.replace("balanced accuracy", ""):
        own = "average precision" if case.task == "binary" else "recall of each class"
        own += ", and log loss on validation data"
    if case.metric is None or case.task not in METRICS[case.metric].tasks:
        return own
    if case.metric.replace("-", " ") in own.lower().replace("-", " ") or (
        case.metric == "accuracy" and case.rare >= RARE
    ):
        return own
    return f"{case.metric}; and {own}"


def _gap(case: Case, candidate: Candidate) -> str:
    """What of the user's metric the loss does not optimise."""
    if case.metric is None or case.task not in METRICS[case.metric].tasks:
        return "no metric was named: what you report should have the same optimum as the loss; --metric says it"
    asked = METRICS[case.metric]
    if candidate.loss in asked.met:
        return f"nothing: {case.metric} and this loss have the same optimum"
    return asked.gap


def _sizes(case: Case, candidate: Candidate) -> dict[str, Any]:
    """What is known of the numbers at the top of a training step."""
    sizes: dict[str, Any] = {"OUTPUTS": case.width}
    if case.classes is not None:
        sizes |= {"CLASSES": case.classes, "LABELS": case.classes}
    if case.counts and candidate.task == "multiclass":
        sizes["COUNTS"] = list(case.counts)
    elif case.classes is not None and case.imbalance is not None:
        steps = max(1, case.classes - 1)
        sizes["COUNTS"] = [
            max(1, round(1000 * case.imbalance ** (1 - k / steps))) for k in range(min(case.classes, 100))
        ]
    if case.imbalance is not None:
        sizes["POSITIVE_WEIGHT"] = round(_weight(case), 3)
    if case.dispersion is not None and case.dispersion > 1 and case.mean > 0:
        sizes["DISPERSION"] = float(f"{(case.dispersion - 1) / case.mean:.3g}")
    return sizes


def _weight(case: Case) -> float:
    """Negatives over positives: the positives are the second of two levels."""
    if case.task == "binary" and len(case.counts) == 2:
        return case.counts[0] / case.counts[1]
    return case.rare


def _rule(costs: Matrix) -> str:
    """How to decide by expected cost.

    >>> _rule(((0.0, 1.0), (4.0, 0.0)))
    'say 1 where p >= 0.2: there the expected cost of 1 is the smaller one'
    """
    if len(costs) == 2:
        (right0, false), (missed, right1) = costs
        price, gain = false - right0, missed - right1
        if price > 0 and gain > 0:
            return f"say 1 where p >= {price / (price + gain):.4g}: there the expected cost of 1 is the smaller one"
    always = [column for column in range(len(costs)) if all(row[column] <= min(row) for row in costs)]
    if always:
        return f"decision {always[0]} is the cheapest whatever is true: look at the costs again"
    shown = "; ".join(" ".join(f"{cost:g}" for cost in row) for row in costs[:6]) + ("; ..." if len(costs) > 6 else "")
    return f"decision = (p @ COSTS).argmin(axis=1), the decision with the least expected cost, COSTS = [{shown}]"
