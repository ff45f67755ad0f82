"""From a session to the result that the report shows."""

from __future__ import annotations

import math
import platform
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import lossaudit
from lossaudit.card import GradientResponse
from lossaudit.errors import UsageError
from lossaudit.pairing import Const, Pairing, Source, TargetEncoding
from lossaudit.result import PairingResult, Result
from lossaudit.rules.judge import judge_reading
from lossaudit.run.known import card_of
from lossaudit.verdict import Verdict

if TYPE_CHECKING:  # torch comes with it, and the program may have done without
    from lossaudit.run.session import Entry, Session, Site


def result_of(
    session: Session | None,
    *,
    kind: str,
    program: str,
    ended: str = "finished",
    exit_code: int | None = None,
    final: bool = True,
    notes: tuple[str, ...] = (),
) -> Result:
    """The state of a session as plain data.

    Args:
        session: What was seen; None when torch was never imported.
        kind: `"run"` or `"audit"`.
        program: Name for the reader.
        ended: How it ended.
        exit_code: The program's own.
        final: Whether nothing more will come. Verdicts and gradient responses are only worked out then, so that
            the training itself pays neither time nor memory for them.
        notes: Further lines for the reader.
    """
    if session is None:
        return Result(kind, program, ended, exit_code, versions=versions(), notes=notes)
    if final:
        session.flush()
    reading = session.reading()
    met = [(site, entry) for site in session.sites.values() for entry in site.entries.values()]
    return Result(
        kind,
        program,
        ended,
        exit_code,
        objectives=reading.objectives,
        pairings=tuple(pairing_result(site, entry, final=final) for site, entry in met if entry.named),
        unnamed=tuple(pairing_result(site, entry, final=False) for site, entry in met if not entry.named),
        findings=judge_reading(reading),
        unresolved=reading.unresolved,
        backwards=session.schedule.seen,
        sampled=session.schedule.sampled,
        steps=session.steps,
        versions=versions(),
        notes=(*session.notes, *notes),
    )


def versions() -> Mapping[str, str]:
    """What the figures were made with; nothing is imported for it."""
    found = {"python": platform.python_version(), "lossaudit": lossaudit.__version__}
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = str(getattr(torch, "__version__", "unknown"))
    return found


def pairing_result(site: Site, entry: Entry, *, final: bool) -> PairingResult:
    """All that is known of one pairing."""
    watch = entry.watch
    pairing = watch.pairing(watch.observed())
    classes = _classes(pairing)
    encoding = _encoding(pairing)
    verdict: Verdict | None = None
    response: GradientResponse | None = None
    scale: float | None = None
    if final and watch.exact_head and pairing.loss.loss is not None and classes is not None:
        if watch.affine_before:
            verdict = _verdict(pairing, watch.head, classes, encoding)
        if watch.class_target:
            response = _response(pairing, watch.head, classes, encoding)
            scale = watch.scale(classes, encoding)
    return PairingResult(
        pairing,
        str(site.place),
        watch.series(),
        verdict,
        response,
        scale,
        watch.captured,
        share_of_loss=_share(site, entry),
        card=card_of(pairing, watch.head) if final and watch.exact_head else None,
    )


def _classes(pairing: Pairing) -> int | None:
    """Logits per sample: the class axis, or the columns of a matrix, or one. None where there are no logits."""
    flow = pairing.prediction
    if flow.source is not Source.AFFINE or not flow.dims:
        return None
    return flow.classes or (flow.dims[1].size if len(flow.dims) == 2 else 1)


def _encoding(pairing: Pairing) -> TargetEncoding:
    """The encoding that the statement about convexity is made for: the narrowest that is known."""
    known = pairing.target.encodings if pairing.target is not None else frozenset[TargetEncoding]()
    for encoding in _NARROWEST_FIRST:
        if encoding in known:
            return encoding
    return TargetEncoding.REAL


_NARROWEST_FIRST = (
    TargetEncoding.CLASS_INDEX,
    TargetEncoding.ONE_HOT,
    TargetEncoding.DISTRIBUTION,
    TargetEncoding.BINARY,
    TargetEncoding.SIGNED,
    TargetEncoding.COUNT,
)


def _verdict(pairing: Pairing, head: tuple[str, ...], classes: int, encoding: TargetEncoding) -> Verdict | None:
    from lossaudit.geometry.convexity import convexity

    if pairing.loss.loss is None:
        return None
    return convexity(pairing.loss.loss, head, pairing.loss.params, classes, encoding)


def _response(
    pairing: Pairing, head: tuple[str, ...], classes: int, encoding: TargetEncoding
) -> GradientResponse | None:
    from lossaudit.geometry.response import gradient_response

    if pairing.loss.loss is None:
        return None
    try:
        return gradient_response(pairing.loss.loss, head, pairing.loss.params, classes, encoding)
    except UsageError:
        return None  # uniform logits are outside of what the loss takes: a mixture of probabilities, say


def _share(site: Site, entry: Entry) -> float | None:
    """Share of this term in the sum of all terms' absolute values, over the run; None for an only term."""
    if len(site.entries) < 2:
        return None
    sizes = {id(other): _size(other) for other in site.entries.values()}
    known = [size for size in sizes.values() if size is not None]
    own = sizes[id(entry)]
    total = sum(known)
    return own / total if own is not None and len(known) == len(sizes) and total > 0 else None


def _size(entry: Entry) -> float | None:
    coefficient = entry.found.term.coefficient
    if not isinstance(coefficient, Const) or not isinstance(coefficient.value, int | float):
        return None
    values = [abs(value) for value in entry.watch.series().loss if math.isfinite(value)]
    return abs(coefficient.value) * sum(values) / len(values) if values else None
