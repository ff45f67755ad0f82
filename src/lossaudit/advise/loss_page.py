"""The page of a loss, Markdown: what its entry in the catalogue says, and what its card has derived."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lossaudit import catalogue, rules
from lossaudit.advise import implementations
from lossaudit.card import Card, GradientResponse, entries
from lossaudit.cards import shipped
from lossaudit.catalogue.schema import Loss
from lossaudit.pairing import TargetEncoding

_GAPS = (0, 2, 5, 10, 20)
"""Of the gradient response, where it is printed."""
_MARKED = r"#\s*(?:error|warning|info)(?: \((?:run|lint)\))?: \[{}\]"


def page(loss: Loss) -> str:
    """The page.

    >>> from lossaudit import catalogue
    >>> page(catalogue.LOSSES["cross_entropy"]).splitlines()[0]
    '# Cross-entropy (`cross_entropy`)'
    """
    card = shipped(loss.name)
    sections = {
        "Formula": _formula(loss),
        "What it expects": _expects(loss),
        "Parameters": _table(
            ("name", "default", "range", "what it does"),
            [
                (f"`{o.name}`", "none" if o.default is None else f"{o.default:g}", o.values, o.means)
                for o in loss.options
            ],
        ),
        "When to use it": loss.when,
        "When not": loss.when_not,
        "How to spell it": loss.stable,
        "In every framework": _implementations(loss),
        "Limits": loss.limits,
        "Card": "" if card is None else _card(card),
        "References": "\n".join(f"- {reference}" for reference in loss.references),
        "See also": "\n".join(f"- {line}" for line in _see_also(loss)),
    }
    parts = [f"# {loss.title} (`{loss.name}`)", *_head(loss)]
    parts += [f"## {title}\n\n{text}" for title, text in sections.items() if text.strip()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(loss: Loss) -> Iterator[str]:
    if loss.summary:
        yield _sentence(loss.summary)
    if loss.aliases:
        yield f"Also called {_listed(loss.aliases)}."
    yield f"**Gradient:** {loss.gradient}"
    yield f"**What it optimises:** {loss.optimises}"


def _formula(loss: Loss) -> str:
    plain = "\n".join(f"    {line}" for line in loss.formula.splitlines())
    lines = [plain, f"$$\n{loss.latex}\n$$" if loss.latex else "", "Per sample, before any reduction."]
    return "\n\n".join(filter(None, lines))


def _expects(loss: Loss) -> str:
    usual, *others = (f"`{head}`" for head in loss.heads)
    kept = " (the raw outputs as they are)" if loss.heads[0] == "identity" else ""
    encodings = ", ".join(encoding.value for encoding in TargetEncoding if encoding in loss.encodings)
    said = {
        "prediction": f"{loss.expects.value} (`{loss.prediction}`)",
        "head": usual + kept + (f"; also {', '.join(others)}" if others else ""),
        "target": f"{encodings} (`{loss.target}`)" if loss.target else "none",
        "further inputs": _listed(loss.others),
        "raw output": f"{loss.domain} numbers only" if loss.domain else "",
        "compares": "along the class axis" if loss.class_axis else "",
        "task": ", ".join(loss.tasks),
    }
    return "\n".join(f"- {name}: {text}" for name, text in said.items() if text)


def _parameters(loss: Loss) -> str:
    rows = [
        (f"`{option.name}`", "none" if option.default is None else f"{option.default:g}", option.values, option.means)
        for option in loss.options
    ]
    return _table(("name", "default", "range", "what it does"), rows)


def _implementations(loss: Loss) -> str:
    known = implementations.of(loss)
    rows = [
        (implementations.TITLES.get(framework, framework), f"`{path}`", differs)
        for framework, names in known.items()
        for path, differs in names.items()
    ]
    text = _table(("where", "name", "how it differs from the formula"), rows)
    if known.keys() == {"lossaudit"}:
        text += "\n\nNo framework that we know has it; this one is written in torch, to be read."
    return text


def _card(card: Card) -> str:
    scope = card.convexity.scope
    outputs = f"{card.classes} raw outputs" if card.classes > 1 else "one raw output"
    targets = f"; targets: {scope.targets}" if scope.targets else ""
    about = f"`{scope.function}`, in {scope.variables} ({scope.domain}), of one sample with {outputs}{targets}."
    rows = [(name, e.value, e.ground.value, e.how) for name, e in entries(card).items()]
    parts = [about, _table(("property", "value", "ground", "how"), rows)]
    if card.response is not None:
        parts.append(_response(card.response))
    return "\n\n".join(parts)


def _response(curve: GradientResponse) -> str:
    """The gradient response at a few gaps."""
    shown = [i for i, gap in enumerate(curve.gap) if gap in _GAPS]
    ahead = "one wrong logit is ahead by a gap" if curve.unit == 0 else "the raw output is off by a gap"
    rows = [
        ("this loss", *(f"{curve.ratio[i]:.2g}" for i in shown)),
        (curve.against, *(f"{curve.reference[i]:.2g}" for i in shown)),
    ]
    text = f"The norm of the gradient where {ahead}, relative to that at a gap of {curve.unit:g}:"
    return text + "\n\n" + _table(("gap", *(f"{curve.gap[i]:g}" for i in shown)), rows)


def _see_also(loss: Loss) -> Iterator[str]:
    family = [other.name for other in catalogue.LOSSES.values() if other.family == loss.family and other is not loss]
    if family:
        yield f"losses of the same family ({loss.family}): {_listed(family)}"
    found = list(_rules(loss))
    if found:
        yield f"rules that find it in wrong company: {_listed(found)}"


def _rules(loss: Loss) -> Iterator[str]:
    """Rules on whose page a program that has the mistake names the loss; those of style are left out."""
    names = {re.findall(r"\w+", path)[-1] for found in implementations.of(loss).values() for path in found}
    named = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    for rule, (code, text) in rules.pages().items():
        marked = re.compile(_MARKED.format(re.escape(rule)))
        programs = () if code.startswith("LA9") else re.findall(r"```python[^\n]*\n(.*?)```", text, re.DOTALL)
        if any(marked.search(program) and named.search(program) for program in programs):
            yield rule


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sentence(text: str) -> str:
    """The text with a capital and a full stop.

    >>> _sentence("a bound on the error")
    'A bound on the error.'
    """
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, its columns but the last in line."""
    if not rows:
        return ""
    cells = [[cell.replace("|", r"\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head) - 1)] + [0]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    lines.insert(1, ["-" * max(width, 3) for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
