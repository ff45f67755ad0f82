"""What `run` and `audit` hand to the report: plain data, complete in itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lossaudit.card import Card, GradientResponse
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
class Bin:
    """One bin of a reliability curve.

    Attributes:
        low, high: Ends of the probabilities that it holds.
        count: Samples in it.
        said: Their mean probability.
        came: Share of them in which it came true.
        came_low, came_high: Wilson 95 % interval of that share.
    """

    low: float
    high: float
    count: int
    said: float
    came: float
    came_low: float
    came_high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether probabilities are as often right as they say.

    Attributes:
        of: Whose probability it is: `"the predicted class"` or `"label 1"`.
        samples: Of all bins.
        error: Expected calibration error: mean over the samples of the difference between `said` and `came` of the bin.
        interval: Its bootstrap 95 % interval, with the bias taken out.
        by_chance: What a perfectly calibrated model with these probabilities stays below in 95 % of draws.
        said, came: Mean probability, and share in which it came true, over all samples.
        nll: Mean negative log-likelihood in nats.
        brier: Mean Brier score: of several classes summed over these, so from 0 to 2; of a label from 0 to 1.
        bins: The reliability curve; empty bins are left out.
    """

    of: str
    samples: int
    error: float
    interval: tuple[float, float]
    by_chance: float
    said: float
    came: float
    nll: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one pairing on one part of the data, every sample once.

    Attributes:
        split: `"data given"` or `"held-out"`.
        samples: Samples measured: rows of logits, or single binary logits.
        nonfinite: Samples left out since their logits or targets are not finite.
        accuracy: Share of samples whose largest logit is the target's.
        confidently_wrong, stuck: Shares, as `Observed` defines them; `stuck` is None where it is not defined.
        ratios: 10th, 50th and 90th percentile of the per-sample gradient norm at the logits, divided by this loss's own
            at uniform logits; None where it is not defined.
        calibration: None where the pairing speaks of no probabilities.
    """

    split: str
    samples: int
    nonfinite: int
    accuracy: float
    confidently_wrong: float
    stuck: float | None = None
    ratios: tuple[float, float, float] | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """One part of the data, as it was evaluated.

    Attributes:
        name: `"data given"` or `"held-out"`.
        samples: Samples used.
        available: Samples there are, where more are known of than were used; else None.
        batches: Batches used.
        loss: Of all these samples; NaN where it is not a number.
        mode: `"eval"` or `"train"`: the mode of the model.
    """

    name: str
    samples: int
    available: int | None
    batches: int
    loss: float
    mode: str


@dataclass(frozen=True, slots=True)
class BlockVerdict:
    """Whether the loss is convex in some of the parameters, the others held where they are.

    Attributes:
        block: `"the head"`, the name of a parameter, or `"all parameters"`.
        parameters: Names of the parameters.
        size: How many numbers these are.
        status: `"proved"`, `"refuted"`, `"undecided"` or `"not tried"`.
        argument: Why, in a sentence.
        about: What the statement speaks of: any data, or the samples it was decided on.
        verdict: The prover's, where it was asked.
    """

    block: str
    parameters: tuple[str, ...]
    size: int
    status: str
    argument: str
    about: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class HeadResult:
    """The Hessian of the loss with respect to the head's weights and bias, exact and dense in float64.

    Attributes:
        parameters: Their names.
        size: How many numbers these are.
        samples: Samples of the loss.
        smallest, largest: Its extreme eigenvalues.
        rounding: What rounding may have done to them.
        negative: Eigenvalues below `-rounding`.
        null: Eigenvalues within `rounding` of 0; None where only the ends of the spectrum are known.
        gauge: Directions that cannot change the loss, whatever the data: dimensions of that space.
        words: The same in sentences.
    """

    parameters: tuple[str, ...]
    size: int
    samples: int
    smallest: float
    largest: float
    rounding: float
    negative: int
    null: int | None
    gauge: int
    words: tuple[str, ...] = ()


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
        measured: On each part of the data (`audit` only).
        card: What is known of the loss by its name, behind this head, where that is shipped.
    """

    pairing: Pairing
    where: str
    series: Series = field(default_factory=Series)
    verdict: Verdict | None = None
    response: GradientResponse | None = None
    scale: float | None = None
    captured: bool = False
    share_of_loss: float | None = None
    measured: tuple[Measured, ...] = ()
    card: Card | None = None


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
        splits: The data that was measured (`audit` only).
        blocks: Verdicts per parameter block (`audit` only).
        head: Curvature of the head block (`audit` only).
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
    splits: tuple[Split, ...] = ()
    blocks: tuple[BlockVerdict, ...] = ()
    head: HeadResult | None = None


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
