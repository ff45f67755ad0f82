"""Wrong labels, 0 to 60 % of them: where losses whose gradient vanishes for the confidently wrong are an advantage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from types import MappingProxyType
from typing import TypeAlias

from lossaudit.comparison import Comparison, Curve, Figure
from lossaudit.study import Chart, Line, Section, Study, Table
from lossaudit.trials.asked import Asked
from lossaudit.trials.contender import contenders
from lossaudit.trials.data import load
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import load_model
from lossaudit.trials.presets import Preset, Scale
from lossaudit.trials.presets.campaign import Campaign
from lossaudit.trials.presets.earlier import compared
from lossaudit.trials.presets.figures import (
    NOTHING,
    across,
    against,
    by_name,
    contrast,
    difference,
    expected,
    figure,
    judged,
    mean,
    mean_line,
    percent,
    points,
    written,
)
from lossaudit.trials.problem import Samples, Sealed
from lossaudit.trials.statistics import figure as over_seeds
from lossaudit.trials.trial import Recipe, Trial
from lossaudit.trials.workshop import Workshop

SATURATING = ("brier", "mae_softmax", "gce", "one_vs_all_mse", "output_reset_sigmoid")
"""Their gradient vanishes where the model is confident and the label says otherwise."""

OTHERS = ("ce", "focal")
LOSSES = (*OTHERS, *SATURATING)
CLEAN = "validation accuracy, true labels"

SOURCE = (
    "A. Ghosh, H. Kumar, P. S. Sastry: Robust Loss Functions under Label Noise for Deep Neural Networks. AAAI 2017, "
    "doi:10.1609/aaai.v31i1.10894. Z. Zhang, M. R. Sabuncu: Generalized Cross Entropy Loss for Training Deep Neural "
    "Networks with Noisy Labels. NeurIPS 2018, arXiv:1805.07836. Our figures are set beside an earlier table of this "
    "project at 40 % noise: three seeds, 100 epochs, of five rates the best on clean test data."
)
CLAIMS = (
    "The loss based on the mean absolute error is inherently robust to label noise (Ghosh et al.).",
    "The mean absolute error can perform poorly with deep networks and challenging data; generalized cross-entropy, "
    "between it and cross-entropy, performs well in a wide range of noise (Zhang and Sabuncu).",
    "Networks trained with cross-entropy come to fit wrong labels: accuracy on right labels first rises, then falls.",
)
LIMITS = (
    "Of both papers only the abstracts could be read, and the introduction of the second, so no figure of theirs is "
    "repeated. Claim 3 is common in both lines of work.",
    "Their networks and images (CIFAR-10, CIFAR-100, Fashion-MNIST) are out of reach of two cores in minutes.",
    "The noise is symmetric and one draw of it is the same for all seeds; noise that depends on the class or the image "
    "may favour other losses.",
    "A small rate is an early stop in disguise: tuned on noisy validation labels, cross-entropy chooses one. What the "
    "losses differ by therefore depends on how the rate is chosen; both ways are shown.",
    "The earlier table chose the rate on clean test data, which nobody has; ours is chosen on noisy validation labels.",
)
EARLIER: Mapping[str, float] = MappingProxyType(
    {
        "one_vs_all_mse": 0.949,
        "gce": 0.941,
        "output_reset_sigmoid": 0.872,
        "mae_softmax": 0.858,
        "brier": 0.772,
        "ce": 0.668,
        "focal": 0.647,
    }
)
"""Clean test accuracy at 40 % noise, of an earlier table."""

TABLED = 0.4
Curves: TypeAlias = Mapping[str, tuple[tuple[float, ...], ...]]
"""By loss, for each seed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How large it is run.

    Attributes:
        losses: That take part.
        noise: Shares of wrong labels.
        samples: Training samples of digits that are used; None: all.
        epochs: How long.
        seeds, tuning_seeds: How many.
        rates: That the tuning starts with.
    """

    losses: tuple[str, ...] = LOSSES
    noise: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6)
    samples: int | None = None
    epochs: int = 40
    seeds: int = 3
    tuning_seeds: int = 1
    rates: tuple[float, ...] = tuple(10 ** (k / 2) for k in range(-3, 1))


SETTINGS: Mapping[Scale, Setting] = MappingProxyType(
    {
        Scale.SMALL: Setting(),
        Scale.TINY: Setting(("ce", "mae_softmax", "gce"), (0.0, 0.4), 64, epochs=2, seeds=2, rates=(0.03, 0.1)),
    }
)


def trainer(share: float, setting: Setting) -> tuple[Loop, Sealed]:
    """All losses with so many wrong labels in the training and the validation samples; and the test."""
    problem, sealed = load("digits", noise=share)
    if problem.train.true is None:
        train, validation = (Samples(part.x, part.y, part.y) for part in (problem.train, problem.validation))
        problem = replace(problem, train=train, validation=validation)
    if setting.samples is not None:
        few = slice(setting.samples)
        problem = replace(problem, train=Samples(problem.train.x[few], problem.train.y[few]))
    entered = contenders(setting.losses, problem)
    recipe = Recipe(epochs=setting.epochs, batch=64)
    return Loop(load_model("mlp:64", problem), problem, entered, recipe), sealed


def train(campaign: Campaign, share: float, setting: Setting) -> Comparison:
    """Each loss at the rate that is best on the validation labels, which are as noisy as the training labels."""
    loop, sealed = trainer(share, setting)
    asked = Asked(losses=setting.losses, seeds=setting.seeds, tuning_seeds=setting.tuning_seeds, rates=setting.rates)
    return campaign.compare(f"{percent(share)} wrong labels on digits", loop, asked, sealed)


@dataclass(frozen=True, slots=True)
class Kept:
    """Each loss at the rate that was best on right labels.

    Attributes:
        share: Of wrong labels.
        rates: By loss.
        curves: By loss, for each seed that is finished: accuracy on the right labels of the validation images.
    """

    share: float
    rates: Mapping[str, float]
    curves: Mapping[str, tuple[tuple[float, ...], ...]]

    def end(self, loss: str) -> Figure | None:
        """Accuracy after the last epoch."""
        found = self.curves.get(loss, ())
        return over_seeds([curve[-1] for curve in found], low=0.0, high=1.0) if found else None

    def margin(self, loss: str) -> Figure | None:
        """The same minus cross-entropy's, paired over the seeds."""
        pairs = zip(self.curves.get(loss, ()), self.curves.get("ce", ()), strict=False)
        found = [first[-1] - second[-1] for first, second in pairs]
        return over_seeds(found) if found else None


def keep(campaign: Campaign, share: float, clean: Comparison, setting: Setting) -> Kept:
    """Train on wrong labels with the rates that were chosen where there are none."""
    rates = {each.name: each.rate for each in clean.contestants if not math.isnan(each.rate)}
    loop, _ = trainer(share, setting)
    trials = [Trial(loss, rate, seed) for seed in range(setting.seeds) for loss, rate in rates.items()]
    outcomes = campaign.train(loop, trials)
    curves = {
        loss: tuple(outcomes[trial].curves[CLEAN] for trial in trials if trial.loss == loss and trial in outcomes)
        for loss in rates
    }
    return Kept(share, rates, curves)


@dataclass(frozen=True, slots=True)
class Course:
    """Accuracy on right labels over the epochs, mean over the seeds.

    Attributes:
        peak: The largest.
        epoch: When.
        end: The last.
    """

    peak: float
    epoch: int
    end: float

    @property
    def lost(self) -> float:
        """What is lost from the peak to the end."""
        return self.peak - self.end


def course(curves: Sequence[Sequence[float]]) -> Course | None:
    """How the accuracy on right labels came and went; None if there is none, or a run diverged.

    >>> course([(0.1, 0.9, 0.6), (0.1, 0.7, 0.8)])
    Course(peak=0.8, epoch=1, end=0.7)
    """
    means = [fmean(row) for row in zip(*curves, strict=False)]
    if not means or any(map(math.isnan, means)):
        return None
    peak = max(means)
    return Course(peak, means.index(peak), means[-1])


def clean_curves(comparison: Comparison, loss: str) -> tuple[tuple[float, ...], ...]:
    """Accuracy on right labels of the validation images, for each seed."""
    found = by_name(comparison, loss)
    return () if found is None else tuple(curve.values for curve in found.curves.get(CLEAN, ()))


def ends(comparisons: Mapping[float, Comparison], setting: Setting) -> Section:
    """Accuracies at the end."""
    columns = {percent(share): comparison for share, comparison in comparisons.items()}
    accuracy = across(
        f"Accuracy on clean test data after {setting.epochs} epochs, mean and 95 % interval",
        "loss",
        columns,
        lambda comparison, loss: written(figure(comparison, loss)),
    )
    margins = across(
        "The same minus cross-entropy's, in points, paired over seeds and samples", "loss", columns, against
    )
    lines = tuple(
        Line(loss, tuple(comparisons), tuple(mean(comparison, loss) for comparison in comparisons.values()))
        for loss in setting.losses
    )
    chart = Chart("Accuracy on clean test data at the end", "share of wrong labels", "accuracy", lines, percent=True)
    return Section("At the end", (), (accuracy, margins), (chart,))


_UNSEEN = (
    "The curves use the right labels of the validation images. Nobody who has noisy labels can see them: they show "
    "what stopping early would be worth, and take no part in any choice.",
)


def over_epochs(title: str, text: tuple[str, ...], curves: Mapping[float, Curves], tables: Sequence[Table]) -> Section:
    """How wrong labels are learnt by heart: accuracy on right labels, epoch by epoch.

    Args:
        title: Of the section.
        text: Paragraphs.
        curves: By share of wrong labels and loss.
        tables: That come first.
    """
    charts = tuple(
        Chart(
            f"Accuracy on right labels of validation images, {percent(share)} wrong labels",
            "epochs",
            "accuracy",
            tuple(mean_line(loss, tuple(map(_curve, found))) for loss, found in of_losses.items() if found),
            percent=True,
        )
        for share, of_losses in curves.items()
    )
    names = dict.fromkeys(loss for of_losses in curves.values() for loss in of_losses)
    rows = tuple((name, *(_course(of_losses.get(name, ())) for of_losses in curves.values())) for name in names)
    table = Table(
        "Accuracy on right labels: best epoch, and the change until the end, in points",
        ("loss", *map(percent, curves)),
        rows,
    )
    return Section(title, text, (*tables, table), tuple(chart for chart in charts if chart.lines))


def _curve(values: tuple[float, ...]) -> Curve:
    return Curve(0, values)


def _course(curves: Sequence[Sequence[float]]) -> str:
    found = course(curves)
    return NOTHING if found is None else f"{percent(found.peak)} at epoch {found.epoch}, then {points(-found.lost)}"


def kept_rates(kept: Sequence[Kept]) -> Section:
    """What becomes of each loss at the rate that was right for right labels."""
    names = kept[0].rates
    header = ("loss", "rate", *(percent(each.share) for each in kept))
    ended = tuple((name, f"{rate:.2g}", *(written(each.end(name)) for each in kept)) for name, rate in names.items())
    margins = tuple((name, f"{rate:.2g}", *(_margin(each, name) for each in kept)) for name, rate in names.items())
    tables = (
        Table("Accuracy on right labels of validation images at the end, mean and 95 % interval", header, ended),
        Table("The same minus cross-entropy's, in points, paired over the seeds", header, margins),
    )
    text = (
        "Here each loss has the rate that was best where no label is wrong, as a team has that tuned before its labels "
        "became worse. Nothing is chosen on wrong labels, so right labels of the validation images measure it; the "
        "intervals are for other seeds.",
    )
    curves = {each.share: each.curves for each in kept}
    return over_epochs("At the rates that are best on right labels", text, curves, tables)


def _margin(kept: Kept, loss: str) -> str:
    found = kept.margin(loss)
    if loss == "ce" or found is None:
        return NOTHING
    return f"{points(found.mean)} [{points(found.low)}, {points(found.high)}]"


def agreement(comparisons: Mapping[float, Comparison], kept: Sequence[Kept]) -> tuple[str, ...]:
    """What our figures say of the claims."""
    noisy = {share: comparison for share, comparison in comparisons.items() if share > 0}
    earlier = {(loss, percent(TABLED)): value for loss, value in EARLIER.items()}
    tuned = {(loss, percent(share)): mean(found, loss) for share, found in noisy.items() for loss in EARLIER}
    carried = {
        (loss, percent(each.share)): end.mean
        for each in kept
        for loss in EARLIER
        if (end := each.end(loss)) is not None
    }
    return (
        *(_better(f"Claim 1 at {percent(share)}", found, "mae_softmax") for share, found in noisy.items()),
        *(_better_kept("Claim 1", each, "mae_softmax") for each in kept),
        *(_better(f"Claim 2 at {percent(share)}", found, "gce") for share, found in noisy.items()),
        *(_better_kept("Claim 2", each, "gce") for each in kept),
        *_poorly(comparisons),
        *(_memorises(f"Claim 3 at {percent(share)}", clean_curves(found, "ce")) for share, found in noisy.items()),
        *(_memorises(_at(each, "Claim 3"), each.curves.get("ce", ())) for each in kept),
        *_saturating(noisy),
        compared("The earlier table, rates chosen on noisy labels", earlier, tuned),
        compared("The earlier table, rates chosen on right labels", earlier, carried),
    )


def _at(kept: Kept, claim: str) -> str:
    return f"{claim} at {percent(kept.share)}, rates chosen on right labels"


def _better_kept(claim: str, kept: Kept, loss: str) -> str:
    """Whether a loss beats cross-entropy when both keep the rate that was right for right labels."""
    found = kept.margin(loss)
    if found is None:
        return judged(_at(kept, claim), None, "A run is missing.")
    agrees = True if found.low > 0 else False if found.high < 0 else None
    return judged(
        _at(kept, claim),
        agrees,
        f"In accuracy on right labels, {loss} minus ce is {points(found.mean)} points "
        f"[{points(found.low)}, {points(found.high)}].",
    )


def _better(claim: str, comparison: Comparison, loss: str) -> str:
    """Whether a loss beats cross-entropy on noisy labels."""
    found = contrast(comparison, loss)
    return judged(claim, expected(found, loss), f"In clean test accuracy, {difference(found)}.")


def _poorly(comparisons: Mapping[float, Comparison]) -> tuple[str, ...]:
    """Claim 2, its other half: the mean absolute error is worse than cross-entropy where the labels are right."""
    if 0.0 not in comparisons:
        return ()
    found = contrast(comparisons[0.0], "mae_softmax")
    return (
        judged(
            "Claim 2, mean absolute error on right labels",
            expected(found, comparisons[0.0].reference),
            f"In test accuracy, {difference(found)}.",
        ),
    )


def _memorises(claim: str, curves: Sequence[Sequence[float]]) -> str:
    """Claim 3: every seed of cross-entropy ends below its own best epoch by 2 points or more."""
    found = course(curves)
    if found is None:
        return judged(claim, None, "A run is missing or diverged.")
    lost = [max(curve) - curve[-1] for curve in curves]
    agrees = True if min(lost) >= _FELL else False if max(lost) < _FELL else None
    return judged(
        claim,
        agrees,
        f"Cross-entropy's accuracy on right labels is {percent(found.peak)} at epoch {found.epoch} and "
        f"{percent(found.end)} at the end; from their best epoch on, single seeds lose {100 * min(lost):.1f} to "
        f"{100 * max(lost):.1f} points.",
    )


_FELL = 0.02


def _saturating(noisy: Mapping[float, Comparison]) -> tuple[str, ...]:
    """How many of the losses that saturate are better than cross-entropy, decided."""
    said: list[str] = []
    for share, comparison in noisy.items():
        won = [loss for loss in SATURATING if expected(contrast(comparison, loss), loss)]
        lost = [loss for loss in SATURATING if expected(contrast(comparison, loss), loss) is False]
        open_ = [loss for loss in SATURATING if expected(contrast(comparison, loss), loss) is None]
        said.append(
            f"Losses that saturate, against cross-entropy at {percent(share)}: better {', '.join(won) or 'none'}; "
            f"worse {', '.join(lost) or 'none'}; not decided {', '.join(open_) or 'none'}."
        )
    return tuple(said)


def make(workshop: Workshop, scale: Scale) -> Study:
    """Run what is not stored yet, and write it down."""
    setting = SETTINGS[scale]
    campaign = Campaign(workshop)
    comparisons = {share: train(campaign, share, setting) for share in setting.noise}
    kept = [keep(campaign, share, comparisons[0.0], setting) for share in setting.noise if share > 0]
    curves = {
        share: {loss: clean_curves(found, loss) for loss in setting.losses} for share, found in comparisons.items()
    }
    return Study(
        name="label-noise",
        title="Wrong labels: losses that saturate against cross-entropy",
        source=SOURCE,
        claims=CLAIMS,
        setting=_words(setting),
        sections=(
            ends(comparisons, setting),
            over_epochs("Over the epochs", _UNSEEN, curves, ()),
            *((kept_rates(kept),) if kept and kept[0].rates else ()),
            *(Section(each.title.capitalize(), comparison=each) for each in comparisons.values()),
        ),
        agrees=agreement(comparisons, kept),
        limits=LIMITS,
        command="lossaudit compare --preset label-noise",
        missing=campaign.missing,
    )


def _words(setting: Setting) -> tuple[str, ...]:
    shares = ", ".join(f"{100 * share:.0f}" for share in setting.noise)
    return (
        "Data: scikit-learn's digits; the split is fixed. Network: one hidden layer of 64 ReLU.",
        f"{shares} % of the training labels are wrong, each wrong class as likely. So are the validation labels, since "
        "nobody has better ones; the test labels are right.",
        f"{setting.epochs} epochs, SGD with momentum 0.9, batches of 64, {setting.seeds} seeds. The rate of each loss "
        f"is the best on the noisy validation labels with {setting.tuning_seeds} of them, from "
        f"{setting.rates[0]:.2g} to {setting.rates[-1]:.2g} in half decades, and outwards where the best is "
        "outermost. The accuracy at the end decides: nothing is stopped early.",
    )


PRESET = Preset("label-noise", "0 to 60 % wrong labels: losses that saturate against cross-entropy", make)
