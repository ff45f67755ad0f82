"""From rules to findings: the one place that decides over alternatives.

A term may stand for several pairings, of which one is met at a time. A rule fires only when every alternative that
was resolved and can be met is wrong; what was not resolved lowers the confidence. A term that is maximised (its
coefficient is negative) is left alone: what is a mistake in a loss is often meant in an adversary or a bonus.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lossaudit import rules as house
from lossaudit.finding import Confidence, Finding, Fix, Severity
from lossaudit.pairing import Basis, Const, LossUse, Objective, Pairing, Place, Reading, Term, Unresolved
from lossaudit.rules.fix import write
from lossaudit.rules.rule import Problem, Rule
from lossaudit.rules.source import File, load
from lossaudit.rules.suppression import is_suppressed

_SEVERITIES = tuple(Severity)  # worst first
_CONFIDENCES = tuple(Confidence)  # highest first

_PAIRS: tuple[tuple[type[ast.cmpop], type[ast.cmpop]], ...] = (
    (ast.Eq, ast.NotEq),
    (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn),
    (ast.Lt, ast.GtE),
    (ast.Gt, ast.LtE),
)
_OPPOSITE = {**dict(_PAIRS), **{right: left for left, right in _PAIRS}}


@dataclass(frozen=True, slots=True)
class Program:
    """The program's own text, as far as it is asked for.

    Attributes:
        load: The file of a path, so that a fix can be written with its names.
        silences: Whether a comment at one of the places names the rule.
    """

    load: Callable[[str], File | None] = load
    silences: Callable[[Rule, Iterable[Place]], bool] = is_suppressed


ON_DISK = Program()


_REMARK = _SEVERITIES.index(Severity.INFO)


def judge(term: Term, rules: Iterable[Rule], program: Program = ON_DISK) -> list[Finding]:
    """What the rules find in one term.

    Args:
        term: Alternatives with contradictory guards are dropped; an alternative that trains nothing is never wrong.
        rules: Those without a `check` are passed over.
        program: Where its text is, when it is not on disk as it was read.
    """
    alternatives = [pairing for pairing in term.alternatives if not contradictory(pairing.guards)]
    if not term.alternatives:
        return _in_unnamed(term.unresolved, rules, program)
    if not alternatives or _maximised(term):
        return []
    checks = [rule for rule in rules if rule.check is not None]
    problems = {rule: [_problem(rule, pairing) for pairing in alternatives] for rule in checks}
    findings = (_over(alternatives, rule, problems, len(term.unresolved), program) for rule in checks)
    return [finding for finding in findings if finding is not None]


def _problem(rule: Rule, pairing: Pairing) -> Problem | None:
    return rule.check(pairing) if rule.check is not None and pairing.trained else None


def _in_unnamed(unresolved: Iterable[Unresolved], rules: Iterable[Rule], program: Program) -> list[Finding]:
    """What is wrong on the way to losses that could not be named, whatever they are."""
    chosen = [rule for rule in rules if rule.unnamed]
    pairings = (
        Pairing(flow, LossUse(None, ops=item.ops, place=item.place)) for item in unresolved for flow in item.flows
    )
    findings = (
        _over([pairing], rule, {rule: [_problem(rule, pairing)]}, 0, program) for pairing in pairings for rule in chosen
    )
    return [finding for finding in findings if finding is not None]


def judge_objective(
    objective: Objective, rules: Iterable[Rule] | None = None, program: Program = ON_DISK
) -> list[Finding]:
    """What the rules find in an objective: in it as a whole, then in each of its terms."""
    chosen = tuple(house.RULES.values() if rules is None else rules)
    whole = (_whole(objective, rule, program) for rule in chosen)
    in_terms = (finding for term in objective.terms for finding in judge(term, chosen, program))
    return [finding for finding in whole if finding is not None] + list(in_terms)


def judge_reading(
    reading: Reading, rules: Iterable[Rule] | None = None, program: Program = ON_DISK
) -> tuple[Finding, ...]:
    """All findings, worst first, each (rule, places) once; the result does not depend on the reading's order."""
    chosen = tuple(house.RULES.values() if rules is None else rules)
    found = [finding for objective in reading.objectives for finding in judge_objective(objective, chosen, program)]
    once: dict[tuple[str, tuple[Place, ...]], Finding] = {}
    for finding in sorted(found, key=_order):
        once.setdefault((finding.rule, finding.places), finding)
    return tuple(once.values())


def contradictory(guards: tuple[str, ...]) -> bool:
    """Whether no program state satisfies all guards, as far as their text shows.

    >>> contradictory(("training", "not training")), contradictory(("k > 1", "k <= 1")), contradictory(("a", "b"))
    (True, True, False)
    """
    forms = {_normal(guard) for guard in guards}
    return any(_negated(guard) in forms for guard in guards)


def _over(
    alternatives: list[Pairing],
    rule: Rule,
    problems: Mapping[Rule, list[Problem | None]],
    unresolved: int,
    program: Program,
) -> Finding | None:
    """The rule's finding, when every alternative is wrong; it speaks about the worst of those that it finds wrong.

    An alternative may be wrong by another rule, if that is no mere remark: `criterion = BCE if k == 1 else CE` on one
    and the same sigmoid.
    """
    own = problems[rule]
    found = [(problem, pairing) for problem, pairing in zip(own, alternatives, strict=True) if problem is not None]
    if not found or not all(own[i] is not None or _is_wrong(i, problems) for i in range(len(alternatives))):
        return None
    problem, pairing = min(found, key=lambda each: (_rank(rule, each[0]), repr(each)))
    further = {place: None for other, _ in found for place in other.places if place not in problem.places}
    places = (*problem.places, *sorted(further, key=repr))
    if program.silences(rule, places):
        return None
    finding = finding_of(rule, replace(problem, places=places), _confidence(alternatives, unresolved))
    return replace(finding, fix=write(problem, pairing, program.load))


def _is_wrong(index: int, problems: Mapping[Rule, list[Problem | None]]) -> bool:
    """Whether some rule finds an alternative wrong, by an error or a warning."""
    harm = ((rule, each[index]) for rule, each in problems.items())
    return any(problem is not None and _rank(rule, problem) < _REMARK for rule, problem in harm)


def _whole(objective: Objective, rule: Rule, program: Program) -> Finding | None:
    problem = rule.check_objective(objective) if rule.check_objective is not None else None
    if problem is None or program.silences(rule, problem.places):
        return None
    return finding_of(rule, problem, Confidence.HIGH)


def finding_of(rule: Rule, problem: Problem, confidence: Confidence) -> Finding:
    """A rule's problem as a finding, without the edits of its fix."""
    return Finding(
        rule=rule.name,
        code=rule.code,
        severity=problem.severity or rule.severity,
        confidence=confidence,
        message=problem.message,
        why=problem.why,
        places=problem.places,
        evidence=problem.evidence,
        fix=Fix(problem.remedy.title) if problem.remedy is not None else None,
    )


def _confidence(alternatives: list[Pairing], unresolved: int) -> Confidence:
    """High when all was resolved by structure; one step down when not, two when most was not."""
    if unresolved > len(alternatives):
        return Confidence.LOW
    guessed = any(step.basis is Basis.OBSERVED for pairing in alternatives for step in pairing.prediction.steps)
    if unresolved and guessed:
        return Confidence.LOW
    return Confidence.MEDIUM if unresolved or guessed else Confidence.HIGH


def _maximised(term: Term) -> bool:
    coefficient = term.coefficient.value if isinstance(term.coefficient, Const) else None
    return isinstance(coefficient, int | float) and coefficient < 0


def _rank(rule: Rule, problem: Problem) -> int:
    return _SEVERITIES.index(problem.severity or rule.severity)


def _order(finding: Finding) -> tuple[int, int, str, int, str, str]:
    first = finding.places[0] if finding.places else Place("", 0)
    return (
        _SEVERITIES.index(finding.severity),
        _CONFIDENCES.index(finding.confidence),
        first.path,
        first.line,
        finding.code,
        repr(finding),
    )


def _normal(guard: str) -> str:
    tree = _parsed(guard)
    return guard if tree is None else ast.unparse(tree)


def _negated(guard: str) -> str | None:
    """The text of the opposite condition, or None for text that is no expression."""
    tree = _parsed(guard)
    if tree is None:
        return None
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return ast.unparse(tree.operand)
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1 and type(tree.ops[0]) in _OPPOSITE:
        return ast.unparse(ast.Compare(tree.left, [_OPPOSITE[type(tree.ops[0])]()], tree.comparators))
    return ast.unparse(ast.UnaryOp(ast.Not(), tree))


@lru_cache(maxsize=4096)
def _parsed(guard: str) -> ast.expr | None:
    try:
        return ast.parse(guard, mode="eval").body
    except SyntaxError:
        return None
