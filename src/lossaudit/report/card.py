"""A card for people: a table of properties in a terminal, JSON, and one row of a LaTeX table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from lossaudit.card import Card, Entry, Ground, entries

_ROW = (
    "convex",
    "strictly convex",
    "bounded",
    "Lipschitz",
    "gradient when wrong",
    "proper",
    "calibrated",
    "symmetric",
)
"""What a row of a LaTeX table shows, in this order."""
_SPECIAL = str.maketrans({c: rf"\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"})


@dataclass(frozen=True, slots=True, repr=False)
class ShownCard(Card):
    """A card that prints itself."""

    @classmethod
    def of(cls, card: Card) -> ShownCard:
        return cls(*(getattr(card, field.name) for field in fields(Card)))

    def to_json(self) -> str:
        """The whole card; its verdict and its certificates are ready for `lossaudit recheck`."""
        return json.dumps(as_json(self), indent=1)

    def to_latex(self) -> str:
        """One row of a table, with footnotes."""
        return latex(self)

    def __str__(self) -> str:
        return render(self)

    __repr__ = __str__


def render(card: Card) -> str:
    """The card as text."""
    rows = [(name, e.value, e.ground.value, e.how) for name, e in entries(card).items()]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [card.loss, *_about(card), ""]
    lines += ["  ".join((*(cell.ljust(w) for cell, w in zip(row[:3], widths, strict=True)), row[3])) for row in rows]
    lines += ["", *_curve(card)]
    digest = card.convexity.certificate.digest[:16] if card.convexity.certificate is not None else None
    if digest is not None:
        lines.append(f"certificate of convexity or of its failure: sha256 {digest}...; lossaudit prove writes it")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _about(card: Card) -> Iterator[str]:
    scope = card.convexity.scope
    outputs = f"{card.classes} raw outputs" if card.classes > 1 else "one raw output"
    of_what = f"one sample, {outputs}" if card.classes else "all of them together"
    targets = f"; targets: {scope.targets}" if scope.targets else ""
    yield f"variables: {scope.variables}, {scope.domain}; each entry speaks of {of_what}{targets}"
    yield "gradient: its norm, as the prediction gets confident (t is the gap); smoothness: its Lipschitz constant"
    yield "normalisation: as the loss is written; where it adds over classes or samples it is a sum, not a mean"


def _curve(card: Card) -> Iterator[str]:
    curve = card.response
    if curve is None:
        return
    shown = [i for i, gap in enumerate(curve.gap) if gap in (0, 2, 5, 10, 20)]
    at = f"at {curve.unit:g}"
    yield f"{'gradient at gap':<22}" + "".join(f"{curve.gap[i]:>10g}" for i in shown)
    yield f"{f'this loss / {at}':<22}" + "".join(f"{curve.ratio[i]:>10.2g}" for i in shown)
    yield f"{f'{curve.against} / {at}':<22}" + "".join(f"{curve.reference[i]:>10.2g}" for i in shown)
    yield ""


def as_json(card: Card) -> dict[str, object]:
    """The card as plain JSON data."""
    from lossaudit.recheck import as_json as verdict_as_json  # it comes with exact arithmetic

    return {
        "loss": card.loss,
        "head": card.head,
        "classes": card.classes,
        "convexity": verdict_as_json(card.convexity),
        "response": None if card.response is None else asdict(card.response),
        "entries": {
            name: {
                "value": e.value,
                "ground": e.ground.value,
                "how": e.how,
                "bounds": None if e.bounds is None else list(e.bounds),
                "certificate": None if e.certificate is None else _certificate(e),
            }
            for name, e in card.entries.items()
        },
    }


def _certificate(entry: Entry) -> object:
    assert entry.certificate is not None
    return json.loads(json.dumps(asdict(entry.certificate), default=dict))


def latex(card: Card) -> str:
    r"""One row of a LaTeX table: the loss and its main properties, how each is known in a footnote.

    The row needs `\usepackage{threeparttable}`; its columns are named in the comment before it.
    """
    known = entries(card)
    cells: list[str] = []
    notes: list[str] = []
    for name in _ROW:
        entry = known.get(name, Entry("-", Ground.UNKNOWN))
        mark = chr(ord("a") + len(notes))
        cells.append(f"{entry.value.translate(_SPECIAL)}\\tnote{{{mark}}}")
        digest = f" (certificate {entry.certificate.digest[:16]})" if entry.certificate is not None else ""
        notes.append(f"\\item[{mark}] {entry.ground.value}: {(entry.how + digest).translate(_SPECIAL)}")
    head = "% loss & " + " & ".join(_ROW)
    row = " & ".join((card.loss.translate(_SPECIAL), *cells)) + r" \\"
    return "\n".join((head, row, r"\begin{tablenotes}", *notes, r"\end{tablenotes}")) + "\n"
