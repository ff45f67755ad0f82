"""What every format says in the same words: figures, counts, and what was not looked at.

Text from the user's program (paths, names, exception messages) passes through `visible` or `one_line` before it
is shown: a control character or a bidirectional override must not change what a reader sees.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache

from lossaudit.finding import Finding, Severity
from lossaudit.pairing import Pairing, Place, Unresolved
from lossaudit.result import Calibration, HeadResult, PairingResult, Result, Split

NOT_CHECKED = "data, learning rate, architecture"
UNKNOWN_PLACE = "<unknown>"  # of a backward call that no line of the program makes

_DECEIVING = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def visible(text: str) -> str:
    r"""The text with every character that could deceive a reader spelled out; line breaks and tabs stay.

    >>> visible("safe\u202egnp.exe")
    'safe\\u202egnp.exe'
    """
    return _DECEIVING.sub(lambda match: match.group().encode("unicode_escape", "backslashreplace").decode(), text)


def one_line(text: str) -> str:
    r"""The text on one line, as `visible` shows it.

    >>> one_line("no such\n  class")
    'no such   class'
    """
    return visible(re.sub(r"[\t\n\r\v\f]+", " ", text)).strip()


def percent(share: float) -> str:
    """A share as a whole percentage, with one decimal below 10 % where it says more.

    >>> percent(0.6249), percent(0.028), percent(0.05), percent(0.0), percent(0.9996)
    ('62 %', '2.8 %', '5 %', '0 %', '99.9 %')
    """
    value = 100 * share
    if math.isnan(value):
        return "not measured"
    if 0 < value < 0.1:
        return "under 0.1 %"
    if 99.5 <= value < 100:  # "100 %" is said of all and of nothing less
        return f"{min(round(value, 1), 99.9):g} %"
    return f"{value:.1f} %".replace(".0 %", " %") if value < 9.95 else f"{value:.0f} %"


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "pairing"), count(5000, "backward pass")
    ('1 pairing', '5,000 backward passes')
    """
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def figure(value: float, digits: int = 4) -> str:
    """A number with a few significant digits, for reading.

    >>> figure(0.25), figure(2 / 3), figure(1.5e-9), figure(0.00899, digits=2)
    ('0.25', '0.6667', '1.5e-09', '0.009')
    """
    return f"{value:.{digits}g}"


def where(place: Place) -> str:
    """A place as `path:line`, on one line."""
    return one_line(str(place))


@cache
def rule_names() -> tuple[str, ...]:
    """Names of all rules, by their pages (a rule's page lies beside its file), sorted."""
    from importlib.resources import files  # here, since loading it takes longer than a small lint

    pages = (entry.name for entry in files("lossaudit.rules").iterdir())
    return tuple(sorted(name[:-3].replace("_", "-") for name in pages if name.endswith(".md")))


def rule_page(rule: str) -> str:
    """The Markdown of a rule's page; `""` where it has none."""
    from importlib.resources import files

    page = files("lossaudit.rules").joinpath(f"{rule.replace('-', '_')}.md")
    return page.read_text("utf-8") if page.is_file() else ""


def pairing_of(finding: Finding, result: Result) -> PairingResult | None:
    """The pairing that a finding speaks about: the one whose loss stands at the finding's first place."""
    if not finding.places:
        return None
    first = finding.places[0]
    return next((each for each in result.pairings if _same(each.pairing.loss.place, first)), None)


def _same(one: Place | None, other: Place) -> bool:
    return one is not None and (one.path, one.line, one.col, one.cell) == (
        other.path,
        other.line,
        other.col,
        other.cell,
    )


def pairing_name(pairing: Pairing) -> str:
    """A pairing as a person says it: `softmax + MSELoss`."""
    head = [step.op for step in pairing.prediction.steps if step.op != "identity"]
    loss = pairing.loss.name or pairing.loss.loss or "a loss without a name"
    if pairing.loss.loss is None:
        return one_line(f"{loss}, a loss that could not be named")
    return one_line(" + ".join([*head[-2:], loss]) if head else f"{loss} on the raw output")


def mistakes(result: Result) -> tuple[Finding, ...]:
    """Findings that are errors or warnings, worst first."""
    return tuple(finding for finding in result.findings if finding.severity is not Severity.INFO)


def remarks(result: Result) -> tuple[Finding, ...]:
    """Findings that are informative only."""
    return tuple(finding for finding in result.findings if finding.severity is Severity.INFO)


def not_understood(result: Result) -> tuple[Unresolved, ...]:
    """Everything that was met and not understood, in any part of the result, each once."""
    terms = (term for objective in result.objectives for term in objective.terms)
    return tuple(dict.fromkeys([*result.unresolved, *(each for term in terms for each in term.unresolved)]))


def unresolved_line(each: Unresolved) -> str:
    """One thing that was not understood, with its place, the reason and its operations."""
    place = f"{where(each.place)}  " if each.place else ""
    ops = f" (operations: {', '.join(each.ops)})" if each.ops else ""
    return one_line(f"{place}{each.what}: {each.reason}{ops}")


def counts(result: Result) -> str:
    """How many pairings were read, and how many things were not understood."""
    return f"{count(len(result.pairings), 'pairing')} read, {len(not_understood(result))} not understood"


def clean_sentence(result: Result) -> str:
    """What may be said when no rule found a mistake; never that all is good."""
    if not result.pairings:
        missed = len(not_understood(result))
        reason = "backward() was never called" if not result.backwards and result.kind == "run" else "nothing checked"
        return f"no pairing of a head and a loss was read, {missed} not understood; {reason}."
    names = rule_names()
    checked = f" checked: {', '.join(names)};" if names else ""
    return f"{counts(result)};{checked} nothing wrong between head and loss."


def coverage(result: Result) -> str:
    """The share of backward passes that was read, or the data of an audit; `""` when there were none."""
    if result.splits:
        parts = (f"{samples_of(each)} samples ({each.name})" for each in result.splits)
        return f"measured on {' and '.join(parts)}"
    if not result.backwards:
        return ""
    if result.sampled >= result.backwards:
        return f"all {count(result.backwards, 'backward pass')} seen"
    share = percent(result.sampled / result.backwards)
    return f"{result.sampled:,} of {count(result.backwards, 'backward pass')} seen ({share})"


def samples_of(split: Split) -> str:
    """How many samples of a part of the data were used, of how many."""
    return f"{split.samples:,}" + (f" of {split.available:,}" if split.available is not None else "")


def mode_of(splits: Sequence[Split]) -> str:
    """In which mode the model was measured."""
    if all(split.mode == "eval" for split in splits):
        return "Measured in eval mode: dropout is off, and batch normalisation uses its stored statistics."
    return "Measured in train mode, since in eval mode the model computes another head; dropout is on."


def calibration_error(measured: Calibration) -> str:
    """The expected calibration error with its interval.

    >>> calibration_error(Calibration("label 1", 9, 0.25, (0.2, 0.3), 0.01, 0.5, 0.75, 0.7, 0.25, ()))
    '0.25 (0.2 to 0.3)'
    """
    low, high = (figure(end, 2) for end in measured.interval)
    return f"{figure(measured.error, 2)} ({low} to {high})"


def head_sentence(found: HeadResult) -> str:
    """What the head's eigenvalues mean here."""
    of = f"{', '.join(found.parameters)} ({found.size:,} numbers) on {count(found.samples, 'sample')}"
    way = "curves downward in some directions" if found.negative else "curves downward in no direction"
    return one_line(f"At these weights the loss over {of} {way}: its exact Hessian, in double precision.")


def ending(result: Result) -> str:
    """How the run ended when it did not end well; `""` when it did."""
    code = "" if result.exit_code is None else f" (exit code {result.exit_code})"
    if result.ended == "finished":
        return f"the script ended with exit code {result.exit_code}" if result.exit_code else ""
    if result.ended == "running":
        return f"still running: what was seen up to backward pass {result.backwards:,}"
    return one_line(f"did not finish: {result.ended}{code}")
