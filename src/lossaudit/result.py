"""What `run` and `audit` hand to the report: plain data, complete in itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lossaudit.card import GradientResponse
from lossaudit.finding import Finding
from lossaudit.pairing import Objective, Pairing, Reading, Unresolved
from lossaudit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Series:
    """Measurements over a run, one entry per sampled backward pass. NaN means "not measured there".

    Attributes:
        step: Number of the backward pass at its call site, first is 1.
        loss: Value of the pairing's own term, coefficient left out, as the program computed it.
        accuracy: Share of samples whose largest logit is the target's.
        confidently_wrong, stuck: Shares, as `Observed` defines them.
        median, low: Median and 10th percentile over the samples of the per-sample gradient norm at the logits,
            divided by this loss's own at uniform logits.
        gradient: Mean per-sample gradient norm at the logits (or at the prediction, where there are no logits).
    """

    step: tuple[int, ...] = ()
    loss: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()
    confidently_wrong: tuple[float, ...] = ()
    stuck: tuple[float, ...] = ()
    median: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    gradient: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PairingResult:
    """All that is known of one pairing after a run.

    Attributes:
        where: `path:line` of the objective's backward call, for joining.
        series: Measurements over the run.
        verdict: Convexity in the logits, where the loss could be named.
        response: The gradient response beside cross-entropy's, where there is a class target.
        scale: Gradient norm at uniform logits divided by cross-entropy's there (2/K^2 for the mean square on softmax).
        captured: True when gradients come from autograd and not from a recomputation in float64.
        share_of_loss: Of this term in its objective, where it has several; else None.
    """

    pairing: Pairing
    where: str
    series: Series = field(default_factory=Series)
    verdict: Verdict | None = None
    response: GradientResponse | None = None
    scale: float | None = None
    captured: bool = False
    share_of_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one audit.

    Attributes:
        kind: `"run"` or `"audit"`.
        program: The command line, or a name for the batch.
        exit_code: Of the script; None while it runs or when there is none.
        ended: How it ended (`"finished"`, `"running"`, `"raised ValueError: ..."`, `"interrupted"`, ...).
        objectives: What was differentiated.
        pairings: In the order in which they were met.
        unnamed: Terms whose loss could not be named: their value, and the gradient that autograd brought.
        findings: Worst first.
        unresolved: What was not understood.
        backwards, sampled: Backward passes seen, and those that were read.
        steps: Optimizer steps.
        versions: Python, torch, lossaudit.
        notes: Further lines for the reader (children not watched, parts hidden by torch.compile).
    """

    kind: str
    program: str
    ended: str = "finished"
    exit_code: int | None = None
    objectives: tuple[Objective, ...] = ()
    pairings: tuple[PairingResult, ...] = ()
    unnamed: tuple[PairingResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    backwards: int = 0
    sampled: int = 0
    steps: int = 0
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be linted, or a part or a setting of it without effect: one line for the user.

    Attributes:
        skipped: Whether the file was left out as a whole.
    """

    path: str
    message: str
    line: int = 0
    skipped: bool = True


@dataclass(frozen=True, slots=True)
class LintResult:
    """The outcome of one `lossaudit lint`.

    Attributes:
        files: Paths that were linted, as the user named them, sorted.
        findings: By path and line.
        reading: Every loss that was met, an objective with one term each, by path and line. A term without alternatives
            is "not understood".
        problems: What could not be linted.
        hidden: Findings that a baseline or a comment silenced.
    """

    files: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    reading: Reading = field(default_factory=Reading)
    problems: tuple[Problem, ...] = ()
    hidden: int = 0
