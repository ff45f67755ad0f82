"""Explains losses, rules and topics: a page for each, found by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from lossaudit import catalogue, rules
from lossaudit.advise import implementations, loss_page
from lossaudit.advise.topics import topics
from lossaudit.errors import UsageError


@dataclass(frozen=True, slots=True)
class Subject:
    """What has a page.

    Attributes:
        kind: `"loss"`, `"rule"` or `"topic"`.
        name: The one that is printed.
        others: Further names, lower case.
    """

    kind: str
    name: str
    others: tuple[str, ...] = ()

    def page(self) -> str:
        """Its page, Markdown."""
        if self.kind == "loss":
            return loss_page.page(catalogue.LOSSES[self.name])
        return rules.pages()[self.name][1] if self.kind == "rule" else topics()[self.name]


def subjects() -> Iterator[Subject]:
    """Everything that has a page: topics, losses, rules."""
    for name in topics():
        yield Subject("topic", name)
    for loss in catalogue.LOSSES.values():
        yield Subject("loss", loss.name, loss.aliases)
    for name, (code, _) in rules.pages().items():
        yield Subject("rule", name, (code.lower(),))


def explain(name: str) -> str:
    """The page of a loss, a rule or a topic, Markdown.

    Args:
        name: Of a loss (`cross_entropy`, an alias, or a framework's name for it, such as `nn.CrossEntropyLoss`), a rule
            (`mse-on-softmax`, `LA104`) or a topic (`logits`), in any case. Where only hyphens and underscores tell two
            of them apart, they decide; otherwise they do not matter.

    Raises:
        UsageError: Nothing is called so; the message suggests the three nearest.

    >>> explain("la104").splitlines()[0]
    '# mse-on-softmax (LA104)'
    """
    found = find(name)
    if not found:
        near = ", ".join(f"{subject.name} ({subject.kind})" for subject in nearest(name))
        raise UsageError(f"no loss, rule or topic is called {name!r}; the nearest are {near}")
    first, *rest = found
    also = "".join(f"\nThere is also the {other.kind} `{other.name}`.\n" for other in rest)
    return first.page() + also


def find(name: str) -> tuple[Subject, ...]:
    """What is called so, the one that is spelled exactly so first; else the losses that a framework calls so.

    >>> [(subject.kind, subject.name) for subject in find("Cross-Entropy")]
    [('loss', 'cross_entropy')]
    """
    wanted = name.strip().lower()
    fitting = [subject for subject in subjects() if _plain(wanted) in map(_plain, (subject.name, *subject.others))]
    if not fitting and wanted:
        return tuple(Subject("loss", loss) for loss in implementations.spelled_so(name))
    return tuple(sorted(fitting, key=lambda subject: wanted not in (subject.name, *subject.others)))


def nearest(name: str, count: int = 3) -> tuple[Subject, ...]:
    """What is called most like `name`, best first.

    >>> nearest("mse-on-sofmax", 1)[0].name
    'mse-on-softmax'
    """
    from difflib import get_close_matches  # here, since only a misspelled name needs it

    spelled: dict[str, Subject] = {}
    for subject in subjects():
        for form in (subject.name, *subject.others):
            spelled.setdefault(_spaced(form), subject)
    close = get_close_matches(_spaced(name), spelled, n=10 * count, cutoff=0.0)
    return tuple(dict.fromkeys(spelled[form] for form in close))[:count]


def listing(width: int = 100) -> str:
    """All names, by kind."""
    families: dict[str, list[str]] = {}
    for loss in catalogue.LOSSES.values():
        families.setdefault(loss.family, []).append(loss.name)
    codes: dict[str, list[str]] = {}
    for name, (code, _) in rules.pages().items():
        codes.setdefault(f"{code[:3]}xx", []).append(name)
    titles = {name: [page.splitlines()[0].lstrip("# ")] for name, page in topics().items()}
    groups = {
        f"{len(titles)} topics": titles,
        f"{len(catalogue.LOSSES)} losses (`lossaudit losses` has them in a table)": families,
        f"{len(rules.pages())} rules (`lossaudit rules` says what each finds)": codes,
    }
    lines: list[str] = []
    for heading, group in groups.items():
        lines += ["", heading, ""]
        column = 4 + max(map(len, group))
        for name, members in group.items():
            start, rest = f"  {name}".ljust(column), " " * column
            lines += wrap(
                ", ".join(members), width, initial_indent=start, subsequent_indent=rest, break_on_hyphens=False
            )
    return "\n".join(lines[1:]) + "\n"


def _spaced(name: str) -> str:
    """The name with spaces between its words, which a comparison needs."""
    return re.sub(r"[\s_-]+", " ", name.strip().lower())


def _plain(name: str) -> str:
    """The name without what is easily mistaken.

    >>> _plain(" Label_Smoothing"), _plain("regularization")
    ('labelsmoothing', 'regularisation')
    """
    return re.sub(r"[\s_-]+", "", name.lower()).replace("ization", "isation")
