"""Runs the checks of claims: each derives its answer from evidence, and that is compared with the answer that stands.

Checks that train share what they have trained within a process; so they run in one process and the others in another.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec

from lossaudit.advise.claims import find
from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means
from lossaudit.errors import UsageError

_NEEDED = {"torch": "PyTorch", "numpy": "NumPy", "sklearn": "scikit-learn"}
_FEW = 3  # so many are checked in this process: starting others takes longer


class Result(Enum):
    """What came of a check."""

    AGREES = "agrees"
    DIFFERS = "DIFFERS"
    CRASHED = "CRASHED"
    OPEN = "open"
    UNCHECKED = "no check"


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim, and what its check found.

    Attributes:
        evidence: None if there is no check, or if it crashed.
        crash: What it raised, in one line; `""` if it did not.
        seconds: How long it took.
    """

    claim: Claim
    evidence: Evidence | None = None
    crash: str = ""
    seconds: float = 0.0

    @property
    def result(self) -> Result:
        if self.crash:
            return Result.CRASHED
        if self.evidence is None:
            return Result.OPEN if self.claim.answer is Answer.OPEN else Result.UNCHECKED
        return Result.AGREES if self.evidence.answer is self.claim.answer else Result.DIFFERS

    @property
    def passes(self) -> bool:
        """Whether nothing speaks against the answer that stands."""
        return self.result not in (Result.DIFFERS, Result.CRASHED)


def check(claim: Claim) -> Checked:
    """Run the check of one claim in this process."""
    if claim.check is None:
        return Checked(claim)
    started = time.perf_counter()
    try:
        evidence, crash = claim.check(), ""
    except Exception as error:  # whatever it is, it is shown, and the other checks go on
        evidence, crash = None, _line(error)
    return Checked(claim, evidence, crash, time.perf_counter() - started)


def check_all(claims: Sequence[Claim]) -> Iterator[Checked]:
    """Run the checks of these claims, in two processes if there are many; in their order.

    Raises:
        UsageError: A package that the checks use is not installed.
    """
    missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UsageError(f"the checks need {' and '.join(missing)}: pip install 'lossaudit[demo]'")
    if sum(claim.check is not None for claim in claims) <= _FEW:
        yield from map(check, claims)
        return
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=spawn, initializer=_one_thread) as training,
        ProcessPoolExecutor(1, mp_context=spawn, initializer=_one_thread) as proving,
    ):
        waiting: list[tuple[Claim, Future[Checked] | None]] = []
        for claim in claims:
            pool = training if claim.means is Means.EXPERIMENT else proving
            waiting.append((claim, None if claim.check is None else pool.submit(_numbered, claim.number)))
        for claim, future in waiting:
            yield Checked(claim) if future is None else _received(claim, future)


def _received(claim: Claim, future: Future[Checked]) -> Checked:
    """What another process found, beside the answer that stands in this one."""
    try:
        found = future.result()
    except Exception as error:  # the process died
        return Checked(claim, crash=_line(error))
    return Checked(claim, found.evidence, found.crash, found.seconds)


def _numbered(number: int) -> Checked:
    claim = find(str(number))
    assert claim is not None
    return check(claim)


def _one_thread() -> None:
    """The two processes share the machine, and a sum has the same order everywhere."""
    import torch

    torch.set_num_threads(1)


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
