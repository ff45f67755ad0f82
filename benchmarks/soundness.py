"""Is any verdict wrong? Random programs and losses are decided, then each verdict is attacked.

What is proved must stand a numeric search that knows nothing of the engine (NumPy, then balls of its own); what is
refuted must show a violation there too, and must not be convex by CVXPY's rules on the domain that its atoms imply. A
scaled or a tilted copy must not get the opposite verdict, the independent checker must accept all evidence, and a
crash counts as wrong. Then come the false certificates of other tools and the boundary families of the zoo, whose
truth is known.

    python -m benchmarks.soundness --n 20000 [--seed 0]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import torch

import lossaudit
from benchmarks import dcp, independent, random_losses
from benchmarks.random_programs import Maker, scaled, tilted
from lossaudit.errors import UsageError
from lossaudit.geometry import decide
from lossaudit.geometry.program import Program
from lossaudit.recheck.refusal import Refusal
from lossaudit.recheck.verdicts import examine
from lossaudit.verdict import Certificate, Status

SHARE_OF_LOSSES = 0.1
EVERY_METAMORPHIC = 5
BOUNDARY_FAMILIES = ("boundary",)
BOUNDARY_WORDS = ("poly-1", "c(1-p)^2", "poly-2", "focal: gamma 0", "1e-11", "squared error", "soft targets", "weights")

Points: TypeAlias = tuple[tuple[Fraction, ...], tuple[Fraction, ...]]


@dataclass(slots=True)
class Ledger:
    """Counts of what was done, and every wrong verdict."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def blame(self, claim: str, subject: object, why: object) -> None:
        self.wrong.append(f"{claim}: {why}\n    {subject}")


def points_of(certificate: Certificate | None) -> Points | None:
    """The two points of a refutation, exact; None where it is by boundedness."""
    if certificate is None or certificate.rule != "witness":
        return None
    return independent.exact(certificate.data["a"]), independent.exact(certificate.data["b"])


def refusal(certificate: Certificate | None) -> str:
    """Why the independent checker does not accept the certificate, written down as JSON; empty if it does."""
    if certificate is None:
        return ""
    try:
        examine(json.loads(json.dumps({"rule": certificate.rule, "data": dict(certificate.data)})))
    except Refusal as refused:
        return str(refused) or "refused"
    return ""


def stands(value: independent.Valued, points: Points, ledger: Ledger) -> bool:
    """Whether the middle lies above the chord; what is out of reach here is counted and passes."""
    try:
        gap = independent.above(value, *points)
    except independent.Undefined:
        return False
    if gap is None:
        ledger.counts["witnesses out of reach"] += 1
    return gap is None or gap > 0


def one_program(program: Program, number: int, ledger: Ledger, with_cvxpy: bool) -> None:
    """Decide a program and attack the verdict."""
    try:
        verdict = decide.decide(program)
    except Exception as error:  # whatever it is, it is a fault that the campaign has to show
        ledger.blame("crash", program.instructions, repr(error))
        return
    ledger.counts[f"programs {verdict.status.value}"] += 1
    if why := refusal(verdict.certificate):
        ledger.blame(f"{verdict.status.value}, evidence refused", program.instructions, why)
    if verdict.status is Status.PROVED:
        found = independent.contradiction(program, number)
        if found is not None:
            ledger.blame("proved", program.instructions, found)
    if verdict.status is Status.REFUTED:
        _question_refutation(program, verdict, number, ledger, with_cvxpy)
    if number % EVERY_METAMORPHIC == 0 and verdict.status is not Status.UNDECIDED:
        for change, other in (("scaled", scaled(program, "1/100000000000")), ("tilted", tilted(program))):
            again = decide.decide(other).status
            ledger.counts[f"{change} {'the same' if again is verdict.status else 'undecided'}"] += 1
            if again not in (verdict.status, Status.UNDECIDED):
                ledger.blame(
                    f"{verdict.status.value}, {change} {again.value}", program.instructions, "opposite verdicts"
                )


def _question_refutation(
    program: Program, decision: decide.Decision, number: int, ledger: Ledger, with_cvxpy: bool
) -> None:
    points = points_of(decision.certificate)
    if independent.contradiction(program, number) is not None:
        ledger.counts["programs refuted, and by the search too"] += 1
    if points is None:
        ledger.counts["programs refuted by boundedness"] += 1
    elif not stands(independent.valued(program), points, ledger) or not _in_domain(program, points):
        ledger.blame("refuted", program.instructions, f"the witness does not stand: {points}")
    translation = dcp.translated(program) if with_cvxpy else None
    if translation is not None:
        ledger.counts["refuted, in CVXPY's atoms"] += 1
        comparable = points is not None or not translation.restricted
        inside = all(dcp.inside(program, translation, end) for end in points or ())
        if translation.convex and comparable and inside:
            ledger.blame("refuted", program.instructions, "convex by DCP")


def _in_domain(program: Program, points: Sequence[Sequence[Fraction]]) -> bool:
    domain = program.domain
    for x in (x for point in points for x in point):
        if domain.low is not None:
            low = Fraction(int(domain.low.p), int(domain.low.q))
            if x < low or (x == low and domain.low_open):
                return False
        if domain.high is not None:
            high = Fraction(int(domain.high.p), int(domain.high.q))
            if x > high or (x == high and domain.high_open):
                return False
    return True


def one_loss(seed: int, ledger: Ledger) -> None:
    """Decide a torch loss and attack the verdict."""
    loss = random_losses.random_loss(seed)
    z = torch.randn(loss.size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    try:
        verdict = lossaudit.prove(loss, z)  # type: ignore[attr-defined]
    except UsageError:
        ledger.counts["torch losses that it does not take"] += 1
        return
    except Exception as error:
        ledger.blame("crash", loss, repr(error))
        return
    ledger.counts[f"torch losses {verdict.status.value}"] += 1
    if verdict.status is Status.PROVED and (found := random_losses.contradiction(loss, seed)) is not None:
        ledger.blame("proved", loss, found)
    if verdict.witness is not None:
        points = independent.exact(verdict.witness.a), independent.exact(verdict.witness.b)
        if not stands(loss.ball, points, ledger):
            ledger.blame("refuted", loss, f"the witness does not stand: {points}")


def known_truths(ledger: Ledger) -> None:
    """The false certificates of other tools (research, section 2) and the boundary families."""
    from tests.zoo.catalogue import all_cases
    from tests.zoo.judge import judge

    for case in all_cases():
        if case.family in BOUNDARY_FAMILIES or any(word in case.name for word in BOUNDARY_WORDS):
            outcome = judge(case)
            ledger.counts[f"known truths {outcome.status}"] += 1
            if outcome.wrong or outcome.refusal:
                ledger.blame(outcome.status, f"{case.family}: {case.name}", case.truth.value)


def campaign(n: int, seed: int = 0, *, known: bool = True) -> Ledger:
    """Decide and attack `n` random programs and losses, and the known truths if wanted."""
    ledger = Ledger()
    with_cvxpy = importlib.util.find_spec("cvxpy") is not None
    losses = round(n * SHARE_OF_LOSSES)
    maker = Maker(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(seed * n, seed * n + n - losses):
            one_program(maker.program(), number, ledger, with_cvxpy)
        for number in range(seed * n, seed * n + losses):
            one_loss(number, ledger)
        if known:
            known_truths(ledger)
    if not with_cvxpy:
        ledger.counts["CVXPY is missing: its part was left out"] = 1
    return ledger


def main() -> int:
    """Print the counts; 1 if any verdict is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soundness", description="Attack the prover's verdicts.")
    parser.add_argument("--n", type=int, default=2000, help="random programs and losses (default 2000)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    ledger = campaign(options.n, options.seed)
    for what, count in sorted(ledger.counts.items()):
        print(f"{count:8}  {what}")
    for line in ledger.wrong:
        print(line)
    print(f"wrong: {len(ledger.wrong)}")
    return int(bool(ledger.wrong))


if __name__ == "__main__":
    sys.exit(main())
