"""Recovery from a start that is confident and wrong, at several scales, under the classification losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lossaudit.comparison import Comparison
from lossaudit.study import Chart, Line, Section, Study, Table
from lossaudit.trials.asked import Asked
from lossaudit.trials.contender import Contender, contenders
from lossaudit.trials.data import load, made
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import Factory, load_model
from lossaudit.trials.presets import Preset, Scale
from lossaudit.trials.presets.campaign import Campaign, Weights, beginning, learnt
from lossaudit.trials.presets.earlier import compared
from lossaudit.trials.presets.figures import (
    across,
    against,
    contrast,
    difference,
    expected,
    figure,
    general,
    judged,
    mean,
    mean_line,
    percent,
    written,
)
from lossaudit.trials.problem import Problem, Samples, Sealed
from lossaudit.trials.stuck import stuck
from lossaudit.trials.trial import Recipe, Trial
from lossaudit.trials.workshop import Workshop

LOSSES = (
    "ce",
    "label_smoothing",
    "focal",
    "sce",
    "brier",
    "spherical",
    "mae_softmax",
    "gce",
    "squared_outputs",
    "output_reset",
    "output_reset_sigmoid",
    "one_vs_all_mse",
)
SCALES = (1.0, 3.0, 10.0)
"""What the last layer of the wrong network is multiplied by."""

SOURCE = (
    "The statement is common in courses and posts; a full form of it is M. Nielsen, Neural Networks and Deep Learning "
    "(2015), chapter 3: a neuron that begins badly wrong hardly learns with the quadratic cost, and learns fast with "
    "cross-entropy. Our figures are set beside an earlier table of this project: one seed, 60 epochs, seven rates, of "
    "which the best on test data was taken."
)
CLAIMS = (
    "Where a classifier is confident and wrong, the gradient of the squared error on softmax vanishes; that of "
    "cross-entropy does not.",
    "So learning stops under the squared error.",
    "Cross-entropy recovers.",
)
LIMITS = (
    "The statement has no published setting of its own for several classes: data, network and the way to a wrong start "
    "are ours.",
    "The starts are made on purpose. How often a training gets into such a state by itself is not measured here.",
    "The earlier table chose the rate on test data and had one seed, so it flatters every loss a little.",
)
EARLIER: Mapping[str, Mapping[float, float]] = MappingProxyType(
    {
        loss: MappingProxyType(dict(zip(SCALES, reached, strict=True)))
        for loss, reached in {
            "ce": (0.977, 0.975, 0.955),
            "focal": (0.978, 0.973, 0.941),
            "brier": (0.980, 0.104, 0.003),
            "mae_softmax": (0.291, 0.003, 0.003),
            "gce": (0.290, 0.102, 0.102),
            "squared_outputs": (0.841, 0.235, 0.109),
            "output_reset": (0.973, 0.921, 0.635),
            "one_vs_all_mse": (0.506, 0.506, 0.667),
        }.items()
    }
)
"""Test accuracy by the last layer's scale, of an earlier table: one seed, rate chosen on test data."""

NEGLIGIBLE = 1e-3
"""A gradient has vanished if it is below this share of cross-entropy's at the same start."""

FAR, RECOVERED = 0.5, 0.9
"""Learning has stopped if this much accuracy is missing to cross-entropy; a network has recovered from here on."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How large it is run.

    Attributes:
        losses: That take part.
        samples: Training samples of digits that are used; None: all.
        learning: Epochs on the wrong labels, by cross-entropy at rate 0.1.
        epochs: On the right labels.
        marks: Epochs after which the stuck share is measured, besides the first and the last.
        seeds, tuning_seeds: How many.
        rates: That the tuning starts with.
    """

    losses: tuple[str, ...] = LOSSES
    samples: int | None = None
    learning: int = 100
    epochs: int = 30
    marks: tuple[int, ...] = (1, 3, 10)
    seeds: int = 3
    tuning_seeds: int = 1
    rates: tuple[float, ...] = tuple(10 ** (k / 2) for k in range(-4, 1))


SETTINGS: Mapping[Scale, Setting] = MappingProxyType(
    {
        Scale.SMALL: Setting(),
        Scale.TINY: Setting(("ce", "brier"), 64, learning=3, epochs=2, marks=(1,), seeds=2, rates=(0.03, 0.1)),
    }
)


def shifted(problem: Problem) -> Problem:
    """The same samples with labels that are each one too high."""

    def wrong(samples: Samples) -> Samples:
        return Samples(samples.x, (samples.y + 1) % problem.outputs)

    train, validation = wrong(problem.train), wrong(problem.validation)
    return made("digits, every label one too high", train, validation, validation, outputs=problem.outputs)[0]


def wrong_starts(campaign: Campaign, fresh: Factory, problem: Problem, setting: Setting) -> Mapping[int, Weights]:
    """For each seed the weights of a network that has learnt the wrong labels."""
    wrong = shifted(problem)
    recipe = Recipe(epochs=setting.learning, batch=64)
    return learnt(campaign, Loop(fresh, wrong, contenders(["ce"], wrong), recipe), "ce", 0.1, setting.seeds)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came of one scale.

    Attributes:
        scale: Of the last layer.
        p_true: Mean and median probability of the true class at the start, over the training samples and seeds.
        gradients: Length of the gradient of all parameters at the start, by loss, mean over the seeds.
        stuck: Share of the training samples that are stuck, by loss: epochs and shares, of the first seed.
        comparison: The trainings.
    """

    scale: float
    p_true: tuple[float, float]
    gradients: Mapping[str, float]
    stuck: Mapping[str, Line]
    comparison: Comparison


def recover(
    campaign: Campaign, problem: Problem, sealed: Sealed, weights: Mapping[int, Weights], scale: float, setting: Setting
) -> Recovery:
    """Train from the wrong start under every loss."""
    fresh = load_model("mlp:64", problem)
    factory = beginning(f"{fresh.name}, wrong, last layer x{scale:g}", fresh, weights, scale)
    entered = contenders(setting.losses, problem)
    loop = Loop(factory, problem, entered, Recipe(epochs=setting.epochs, batch=64))
    asked = Asked(losses=setting.losses, seeds=setting.seeds, tuning_seeds=setting.tuning_seeds, rates=setting.rates)
    title = f"recovery from a wrong start on digits, last layer x{scale:g}"
    comparison = campaign.compare(title, loop, asked, sealed)
    models = [model_of(factory, seed) for seed in sorted(weights)]
    gradients = {each.name: fmean(gradient(model, each, problem.train) for model in models) for each in entered}
    return Recovery(
        scale,
        probabilities(models, problem.train),
        gradients,
        {each.name: _stuck_over(campaign, factory, problem, each, comparison, setting) for each in entered},
        comparison,
    )


def model_of(factory: Factory, seed: int) -> nn.Module:
    """The model of a seed at its start; torch's own random state stays as it is."""
    with torch.random.fork_rng(()):
        torch.manual_seed(seed)
        return factory.make()


def probabilities(models: Sequence[nn.Module], samples: Samples) -> tuple[float, float]:
    """Mean and median probability of the true class, in float64."""
    with torch.no_grad():
        rows = [F.softmax(model(samples.x).double(), 1).gather(1, samples.y[:, None])[:, 0] for model in models]
    every = torch.cat(rows).tolist()
    return fmean(every), median(every)


def gradient(model: nn.Module, loss: Contender, samples: Samples) -> float:
    """Length of the gradient of the mean loss in all parameters."""
    slopes: Sequence[Tensor] = torch.autograd.grad(
        loss.value(model(samples.x), loss.encode(samples.y)), list(model.parameters())
    )
    return math.sqrt(sum(slope.double().square().sum().item() for slope in slopes))


def _stuck_over(
    campaign: Campaign, factory: Factory, problem: Problem, loss: Contender, comparison: Comparison, setting: Setting
) -> Line:
    """The stuck share of the first seed at the chosen rate. A shorter trial is the beginning of a longer one."""
    rate = next(each.rate for each in comparison.contestants if each.name == loss.name)
    shares = {0: _held(model_of(factory, 0), loss, problem)}
    for epochs in () if math.isnan(rate) else (*setting.marks, setting.epochs):
        loop = Loop(factory, problem, (loss,), Recipe(epochs=epochs, batch=64))
        for outcome in campaign.train(loop, [Trial(loss.name, rate, 0)]).values():
            shares[epochs] = _held(loop.model(outcome), loss, problem)
    return Line(loss.name, tuple(map(float, shares)), tuple(shares.values()))


def _held(model: nn.Module, loss: Contender, problem: Problem) -> float:
    with torch.no_grad():
        outputs = model(problem.train.x)
    share = stuck(loss, outputs, problem.train.y, problem.task)
    return math.nan if share is None else share


def starts(recoveries: Sequence[Recovery]) -> Section:
    """How wrong the networks are before the first step, and what gradient each loss has there."""
    said = tuple((f"x{each.scale:g}", general(each.p_true[0]), general(each.p_true[1])) for each in recoveries)
    confidence = Table("Probability of the true class at the start", ("last layer", "mean", "median"), said)
    names = recoveries[0].gradients
    lengths = Table(
        "Length of the gradient of all parameters at the start, mean over the seeds",
        ("loss", *(f"x{each.scale:g}" for each in recoveries)),
        tuple((name, *(general(each.gradients[name]) for each in recoveries)) for name in names),
    )
    text = (
        "The networks have learnt labels that are each one too high, so they are wrong on practically every image. "
        "A larger last layer makes them surer of it, and changes nothing else.",
    )
    return Section("The start", text, (confidence, lengths))


def recovered(recoveries: Sequence[Recovery], setting: Setting) -> Section:
    """Accuracy at the end, and how it got there."""
    comparisons = {f"x{each.scale:g}": each.comparison for each in recoveries}
    accuracy = across(
        f"Test accuracy after {setting.epochs} epochs, mean and 95 % interval",
        "loss",
        comparisons,
        lambda comparison, loss: written(figure(comparison, loss)),
    )
    margins = across(
        "The same minus cross-entropy's, paired over seeds and samples, in points",
        "loss",
        comparisons,
        against,
    )
    held = Table(
        "Share of the training samples that are stuck, first seed: at the start, and at the end",
        ("loss", *comparisons),
        tuple((name, *(_from_to(each.stuck[name]) for each in recoveries)) for name in recoveries[0].stuck),
    )
    charts = tuple(
        chart
        for each in recoveries
        for chart in (
            Chart(
                f"Validation accuracy, last layer x{each.scale:g}",
                "epochs",
                "accuracy",
                tuple(
                    mean_line(contestant.name, contestant.curves["validation accuracy"])
                    for contestant in each.comparison.contestants
                    if "validation accuracy" in contestant.curves
                ),
                percent=True,
            ),
            Chart(
                f"Stuck share of the training samples, last layer x{each.scale:g}, first seed",
                "epochs",
                "stuck",
                tuple(each.stuck.values()),
                percent=True,
            ),
        )
    )
    return Section("Recovery", (), (accuracy, margins, held), charts)


def _from_to(line: Line) -> str:
    return f"{percent(line.y[0])} → {percent(line.y[-1])}" if len(line.y) > 1 else percent(line.y[0])


def agreement(recoveries: Sequence[Recovery]) -> tuple[str, ...]:
    """What our figures say of the claims."""
    return (
        _vanishes(recoveries),
        *(_stops(each) for each in recoveries),
        _recovers(recoveries),
        compared(
            "The earlier table",
            {(loss, f"x{scale:g}"): value for loss, row in EARLIER.items() for scale, value in row.items()},
            {
                (contestant.name, f"x{each.scale:g}"): mean(each.comparison, contestant.name)
                for each in recoveries
                for contestant in each.comparison.contestants
            },
        ),
    )


def _vanishes(recoveries: Sequence[Recovery]) -> str:
    """Claim 1: at every scale the squared error's gradient is a small share of cross-entropy's, which stays."""
    shares = {each.scale: each.gradients["brier"] / each.gradients["ce"] for each in recoveries}
    first = recoveries[0].gradients["ce"]
    stays = all(each.gradients["ce"] >= first for each in recoveries)
    small = [scale for scale, share in shares.items() if share < NEGLIGIBLE]
    agrees = stays and shares[max(shares)] < NEGLIGIBLE
    told = ", ".join(f"{general(share)} at x{scale:g}" for scale, share in shares.items())
    where = ", ".join(f"x{scale:g}" for scale in small) or "no scale"
    return judged(
        "Claim 1",
        agrees,
        f"At the start the squared error's gradient is {told} of cross-entropy's. Below {NEGLIGIBLE:g} it is at "
        f"{where}; cross-entropy's own {'does not become smaller' if stays else 'becomes smaller too'}.",
    )


def _stops(recovery: Recovery) -> str:
    """Claim 2, at one scale: cross-entropy is better, decided, and by far."""
    found = contrast(recovery.comparison, "brier")
    decided = expected(found, "ce")
    far = found is not None and found.difference < -FAR
    agrees = None if decided is None else decided and far
    note = "" if decided is not True or far else f" That is less than {100 * FAR:.0f} points: it learns, but less."
    return judged(f"Claim 2, last layer x{recovery.scale:g}", agrees, f"In test accuracy, {difference(found)}.{note}")


def _recovers(recoveries: Sequence[Recovery]) -> str:
    """Claim 3: the interval of cross-entropy's accuracy is above the bar at every scale."""
    found = {each.scale: figure(each.comparison, "ce") for each in recoveries}
    ends = [each for each in found.values() if each is not None]
    if len(ends) < len(found):
        return judged("Claim 3", None, "A run is missing.")
    agrees = True if all(e.low >= RECOVERED for e in ends) else False if any(e.high < RECOVERED for e in ends) else None
    told = ", ".join(f"{written(each)} at x{scale:g}" for scale, each in found.items())
    return judged("Claim 3", agrees, f"Cross-entropy reaches {told}; recovered means {percent(RECOVERED)}.")


def make(workshop: Workshop, scale: Scale) -> Study:
    """Run what is not stored yet, and write it down."""
    setting = SETTINGS[scale]
    campaign = Campaign(workshop)
    problem, sealed = load("digits")
    if setting.samples is not None:
        few = slice(setting.samples)
        problem = replace(problem, train=Samples(problem.train.x[few], problem.train.y[few]))
    weights = wrong_starts(campaign, load_model("mlp:64", problem), problem, setting)
    ready = len(weights) == setting.seeds
    recoveries = [recover(campaign, problem, sealed, weights, factor, setting) for factor in SCALES if ready]
    return Study(
        name="confident-start",
        title="Recovery from a start that is confident and wrong",
        source=SOURCE,
        claims=CLAIMS,
        setting=_words(setting),
        sections=(
            starts(recoveries),
            recovered(recoveries, setting),
            *(Section(each.comparison.title.capitalize(), comparison=each.comparison) for each in recoveries),
        )
        if ready
        else (),
        agrees=agreement(recoveries) if ready else (),
        limits=LIMITS,
        command="lossaudit compare --preset confident-start",
        missing=campaign.missing,
    )


def _words(setting: Setting) -> tuple[str, ...]:
    return (
        "Data: scikit-learn's digits; the split is fixed. Network: one hidden layer of 64 ReLU.",
        f"The start: {setting.learning} epochs of cross-entropy at rate 0.1 on labels that are each one too high; "
        f"then the last layer is multiplied by {', '.join(f'{scale:g}' for scale in SCALES)}.",
        f"Then {setting.epochs} epochs on the right labels, SGD with momentum 0.9, batches of 64. {setting.seeds} "
        f"seeds; the rate of each loss is the best on validation data with {setting.tuning_seeds} of them, from "
        f"{setting.rates[0]:.2g} to {setting.rates[-1]:.2g} in half decades, and outwards where the best is "
        "outermost.",
    )


PRESET = Preset("confident-start", "recovery from a confidently wrong start, by the classification losses", make)
