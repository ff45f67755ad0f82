"""What every format of `lint` says in the same words: places, counts, and what was not looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping

from lossaudit.finding import Finding, Severity
from lossaudit.pairing import Pairing, Place, Reading, Term, Unresolved
from lossaudit.report.wording import NOT_CHECKED, count, one_line
from lossaudit.result import LintResult, Problem

REPOSITORY = "https://github.com/lossaudit/lossaudit"

NOTEBOOK = ".ipynb"


def rule_page(name: str) -> str:
    """Address of a rule's page.

    >>> rule_page("double-softmax").removeprefix(REPOSITORY)
    '/blob/main/src/lossaudit/rules/double_softmax.md'
    """
    return f"{REPOSITORY}/blob/main/src/lossaudit/rules/{name.replace('-', '_')}.md"


def spot(place: Place) -> str:
    """A place as far as it is known, on one line.

    >>> spot(Place("a.py", 4, 7)), spot(Place("a.ipynb", 4, 7, cell=3)), spot(Place("a.py", 0))
    ('a.py:4:7', 'a.ipynb:cell 3:4:7', 'a.py')
    """
    cell = f":cell {place.cell}" if place.cell is not None else ""
    line = f":{place.line}" if place.line else ""
    column = f":{place.col}" if place.line and place.col else ""
    return f"{one_line(place.path)}{cell}{line}{column}"


def beside(place: Place, first: Place) -> str:
    """A place for somebody who looks at `first`: without the path where that is the same.

    >>> beside(Place("a.py", 4, 7), Place("a.py", 9)), beside(Place("b.py", 4, 7), Place("a.py", 9))
    ('line 4', 'b.py:4')
    """
    if place.path != first.path or not place.line:
        cell = f":cell {place.cell}" if place.cell is not None else ""
        return f"{one_line(place.path)}{cell}" + (f":{place.line}" if place.line else "")
    return (
        f"cell {place.cell}, " if place.cell is not None and place.cell != first.cell else ""
    ) + f"line {place.line}"


def relative(path: str, root: str) -> str:
    """The path as seen from the root, with slashes; an absolute path where it lies outside.

    >>> relative(os.path.join(os.sep, "home", "a", "b.py"), os.path.join(os.sep, "home"))
    'a/b.py'
    """
    absolute, base = os.path.abspath(path), os.path.abspath(root)
    inside = absolute.startswith(base.rstrip(os.sep) + os.sep)
    shown = os.path.relpath(absolute, base) if inside else absolute
    return shown.replace(os.sep, "/")


def repository(root: str) -> str:
    """The folder from which GitHub sees paths: in one of its workflows the checkout, wherever the settings lie."""
    return os.environ.get("GITHUB_WORKSPACE") or root


def reason(finding: Finding) -> str:
    """The whole sentence of a finding: what is wrong, and why it matters."""
    why = f": {one_line(finding.why)}" if finding.why else ""
    return f"{one_line(finding.message)}{why}"


def names(reading: Reading) -> Mapping[Place, str]:
    """What the reading calls each of its places: the loss by the program's name, the operations by the catalogue's."""
    found: dict[Place, str] = {}
    for pairing in reading.pairings:
        if pairing.loss.place is not None:
            found.setdefault(pairing.loss.place, one_line(pairing.loss.name or pairing.loss.loss or "the loss"))
        flows = [pairing.prediction, *([pairing.target.flow] if pairing.target is not None else [])]
        for step in (step for flow in flows for step in flow.steps):
            if step.place is not None:
                found.setdefault(step.place, step.op)
    return found


def terms(result: LintResult) -> tuple[Term, ...]:
    return tuple(term for objective in result.reading.objectives for term in objective.terms)


def elsewhere(result: LintResult) -> tuple[Unresolved, ...]:
    """What was not understood and belongs to no term, each once."""
    in_terms = {each for term in terms(result) for each in term.unresolved}
    return tuple(each for each in dict.fromkeys(result.reading.unresolved) if each not in in_terms)


def read_and_missed(result: LintResult) -> tuple[int, int]:
    """How many losses were understood, in at least one alternative, and how many were met and not understood.

    What two objectives share (a loss, and where it is differentiated) is missed once.
    """
    met = terms(result)
    missed = {term.unresolved or number for number, term in enumerate(met) if not term.alternatives}
    return sum(bool(term.alternatives) for term in met), len(missed) + len(elsewhere(result))


def last_line(result: LintResult) -> str:
    """What was read, in numbers; the last line of what a person sees."""
    read, missed = read_and_missed(result)
    hint = " (`--show-pairings`)" if read or missed else ""
    return f"{count(len(result.files), 'file')}, {count(read, 'pairing')} read, {missed:,} not understood{hint}"


def outcome(result: LintResult) -> str:
    """What may be said before the last line: how many findings of which severity; never that all is good."""
    numbers = {severity: sum(each.severity is severity for each in result.findings) for severity in Severity}
    found = [_of(severity, number) for severity, number in numbers.items() if number]
    if found:
        return ", ".join(found) + "."
    if not read_and_missed(result)[0]:
        return "No pairing of a head and a loss was read: nothing was checked."
    return f"Nothing wrong found between head and loss, where they were read. Not checked: {NOT_CHECKED}."


def hidden(result: LintResult) -> str:
    """How many findings were silenced; `""` when none was."""
    return f"{count(result.hidden, 'finding')} silenced by a comment or the baseline." if result.hidden else ""


def problem_line(problem: Problem) -> str:
    """A file that could not be linted, or a comment without effect, as one line."""
    line = f":{problem.line}" if problem.line else ""
    return f"{one_line(problem.path)}{line}: {one_line(problem.message)}"


def closing(result: LintResult) -> list[str]:
    """The last lines of the formats for people."""
    problems = [problem_line(problem) for problem in result.problems]
    return [*problems, *filter(None, (outcome(result), hidden(result))), last_line(result)]


def title(pairing: Pairing) -> str:
    """What a pairing's loss is called in the program."""
    return one_line(pairing.loss.name or pairing.loss.loss or "a loss without a name")


def _of(severity: Severity, number: int) -> str:
    return f"{number:,} info" if severity is Severity.INFO else count(number, severity.value)
