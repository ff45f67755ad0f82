"""Puts the zoo before the prover and keeps the books."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.zoo.case import Case, Truth

import lossaudit
from lossaudit.recheck import as_json
from lossaudit.recheck.refusal import Refusal
from lossaudit.recheck.verdicts import examine

MUST_BE_DECIDED = ("classification", "regression", "ordinal", "ranking")
SHARE_TO_DECIDE = 0.95
WIDTHS = (6, 8, 9, 6, 7, 9, 11, 12)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case.

    Attributes:
        status: Of the verdict, or `error`.
        semantics: What the verdict speaks about, ideal or as coded.
        seconds: Of the last call.
        refusal: Why the independent checker does not accept the evidence; empty where it does.
    """

    case: Case
    status: str
    semantics: str
    seconds: float
    reason: str = ""
    error: str = ""
    refusal: str = ""

    @property
    def why(self) -> str:
        return self.error or self.refusal or self.reason

    @property
    def rechecked(self) -> bool:
        return not self.refusal

    @property
    def wrong(self) -> bool:
        """Whether the verdict contradicts the truth."""
        truth = self.case.truth_as(self.semantics)
        return (self.status == "proved" and truth is not Truth.CONVEX) or (
            self.status == "refuted" and truth is not Truth.NOT_CONVEX
        )

    @property
    def decided(self) -> bool:
        """A verdict; silence is the right answer where the function has no value."""
        return self.status in ("proved", "refuted") or self.case.truth is Truth.UNDEFINED

    @property
    def due(self) -> bool:
        """Whether a verdict was expected and none came."""
        return not self.decided and not self.case.expect_undecided


def refusal(verdict: Any) -> str:
    """Why the independent checker does not accept the evidence of a verdict, written down as JSON; empty if it does."""
    if verdict.status.value == "undecided":
        return ""
    try:
        examine(as_json(verdict))
    except Refusal as refused:
        return str(refused) or "refused"
    return ""


def judge(case: Case, *, warm: bool = False) -> Outcome:
    """One case before the prover; an exception becomes an outcome of its own."""
    options: dict[str, Any] = {"wrt": case.wrt}
    if case.domain is not None:
        options["domain"] = case.domain
    verdict, seconds = None, 0.0
    for _ in range(2 if warm else 1):
        args = case.example()
        start = time.perf_counter()
        try:
            verdict = lossaudit.prove(case.function, *args, **options)  # type: ignore[attr-defined]
        except Exception as error:  # an error is no verdict, and the table names it
            return Outcome(case, "error", "", time.perf_counter() - start, error=f"{type(error).__name__}: {error}")
        seconds = time.perf_counter() - start
    assert verdict is not None
    scope = verdict.scope.semantics
    return Outcome(case, verdict.status.value, scope, seconds, verdict.reason, refusal=refusal(verdict))


def _median_ms(outcomes: Iterable[Outcome]) -> str:
    times = [o.seconds * 1000 for o in outcomes]
    return f"{statistics.median(times):8.1f}" if times else "       -"


def table(outcomes: Sequence[Outcome]) -> str:
    """One line for each family, and the totals. Refused is evidence that the independent checker does not accept."""
    head = ("cases", "proved", "refuted", "open", "wrong", "refused", "proved ms", "refuted ms")
    lines = ["family".ljust(16) + "".join(f"{word:>{width}}" for word, width in zip(head, WIDTHS, strict=True))]
    families = list(dict.fromkeys(o.case.family for o in outcomes))
    for family in [*families, "all"]:
        of = [o for o in outcomes if family in ("all", o.case.family)]
        proved = [o for o in of if o.status == "proved"]
        refuted = [o for o in of if o.status == "refuted"]
        still_open = sum(not o.decided for o in of)
        lines.append(
            f"{family:16}{len(of):6}{len(proved):8}{len(refuted):9}{still_open:6}{sum(o.wrong for o in of):7}"
            f"{sum(not o.rechecked for o in of):9}"
            f"{_median_ms(proved):>11}{_median_ms(refuted):>12}"
        )
    wrong = sum(o.wrong for o in outcomes)
    due = [o for o in outcomes if o.case.truth is not Truth.UNDEFINED]
    decided, silent = sum(o.decided for o in due), len(outcomes) - len(due)
    lines.append(
        f"decided: {decided} of {len(due)} ({decided / max(1, len(due)):.1%}); wrong: {wrong}; "
        f"{silent} more have no value everywhere, where silence is right"
    )
    return "\n".join(lines)
