"""Output Reset and squared error on sigmoids against softmax with cross-entropy, on clean and on wrong labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from torch import Tensor

from lossaudit.comparison import Comparison
from lossaudit.errors import UsageError
from lossaudit.study import Chart, Section, Study
from lossaudit.trials.asked import RATES, Asked
from lossaudit.trials.contender import contenders
from lossaudit.trials.data import load
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import load_model
from lossaudit.trials.presets import Preset, Scale
from lossaudit.trials.presets.campaign import Campaign
from lossaudit.trials.presets.figures import (
    across,
    contrast,
    difference,
    expected,
    figure,
    judged,
    mean,
    mean_line,
    written,
)
from lossaudit.trials.presets.margins import comparable
from lossaudit.trials.problem import Problem, Samples, Sealed, Task
from lossaudit.trials.trial import Recipe
from lossaudit.trials.workshop import Workshop

CROSS_ENTROPY, SIGMOIDS = "ce", "mse:sigmoid"
LOSSES = (CROSS_ENTROPY, "mse:softmax", SIGMOIDS, "squared_outputs", "output_reset", "output_reset_sigmoid", "gce")
RESETS = (("output_reset", "squared_outputs"), ("output_reset_sigmoid", SIGMOIDS))
"""Each form of Output Reset, and what it is without."""

NOISE = 0.4
MARGIN = 0.01
"""Accuracies that differ by less are called comparable."""

SOURCE = (
    "K. Tyagi, C. Rane, K. Vaidya, J. Challagundla, S. S. Auddy, M. Manry: Making Sigmoid-MSE Great Again: Output "
    "Reset Challenges Softmax Cross-Entropy in Neural Network Classification. arXiv 2411.11213, 2024."
)
CLAIMS = (
    "On MNIST, CIFAR-10 and Fashion-MNIST, squared error with sigmoid activation achieves accuracy and convergence "
    "rates comparable to softmax cross-entropy.",
    "It exhibits superior performance where the data are noisy.",
    "The Output Reset algorithm reduces inconsistent errors and enhances the robustness of the classifier.",
)
LIMITS = (
    "Only the abstract of the paper could be read, and no code of the authors was found: its networks, its optimiser, "
    "its kind of noise and its numbers are not repeated. Ours is symmetric noise on the labels.",
    "The paper resets its targets between steps. The loss here is what that procedure minimises, with the best reset "
    "in closed form.",
    "CIFAR-10 and Fashion-MNIST are not here: they would have to be downloaded. --data takes an .npz file of your "
    "own, such as MNIST.",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How large it is run.

    Attributes:
        epochs, noisy_epochs: On clean labels, and on wrong ones, where a loss has time to learn them by heart.
        seeds: How many.
        rates: That the tuning starts with.
        most: Training samples of the user's data that are used; of the validation samples a fourth of it.
        own_epochs, own_noisy_epochs: On the user's data.
    """

    epochs: int = 30
    noisy_epochs: int = 60
    seeds: int = 5
    rates: tuple[float, ...] = RATES
    most: int = 4000
    own_epochs: int = 10
    own_noisy_epochs: int = 30


SETTINGS: Mapping[Scale, Setting] = MappingProxyType(
    {Scale.SMALL: Setting(), Scale.TINY: Setting(1, 1, 2, (0.1, 0.3), 64, 1, 1)}
)


def make(workshop: Workshop, scale: Scale) -> Study:
    """On digits."""
    return _make(workshop, scale, None)


def make_with(workshop: Workshop, scale: Scale, data: str) -> Study:
    """On digits, and on data of the user's.

    Raises:
        UsageError: They are not what classes can be learnt from.
    """
    return _make(workshop, scale, data)


def _make(workshop: Workshop, scale: Scale, data: str | None) -> Study:
    setting = SETTINGS[scale]
    campaign = Campaign(workshop)
    where = ["digits"] if data is None else ["digits", data]
    posed = [_posed(setting, address) for address in where]  # what is wrong with the data is said before the training
    pairs = [_both(campaign, setting, each) for each in posed]
    return Study(
        name="output-reset",
        title="Output Reset and squared error on sigmoids against softmax with cross-entropy",
        source=SOURCE,
        claims=CLAIMS,
        setting=_words(setting, data),
        sections=tuple(section for pair in pairs for section in _sections(pair)),
        agrees=tuple(sentence for pair in pairs for sentence in _agreement(pair)),
        limits=LIMITS,
        command="lossaudit compare --preset output-reset" + (f" --data {data}" if data else ""),
        missing=campaign.missing,
    )


@dataclass(frozen=True, slots=True)
class Both:
    """A problem with clean and with wrong labels.

    Attributes:
        name: Of the problem.
        clean, noisy: All losses.
        resets: Of the wrong labels: each form of Output Reset, compared with what it is without.
    """

    name: str
    clean: Comparison
    noisy: Comparison
    resets: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """What is trained on.

    Attributes:
        clean, noisy: The same samples; labels as they are, and wrong ones put in.
        sealed: The test samples, with clean labels.
        epochs, noisy_epochs: How long.
    """

    clean: Problem
    noisy: Problem
    sealed: Sealed
    epochs: int
    noisy_epochs: int


def _posed(setting: Setting, address: str) -> Posed:
    clean, sealed = _problem(setting, address, 0.0)
    noisy, _ = _problem(setting, address, NOISE)
    if address == "digits":
        return Posed(clean, noisy, sealed, setting.epochs, setting.noisy_epochs)
    return Posed(clean, noisy, sealed, setting.own_epochs, setting.own_noisy_epochs)


def _both(campaign: Campaign, setting: Setting, posed: Posed) -> Both:
    name, share, sealed = posed.clean.name, f"{NOISE:.0%} wrong labels", posed.sealed

    def noisy(losses: Sequence[str], title: str) -> Comparison:
        return _compared(campaign, setting, posed.noisy, sealed, losses, posed.noisy_epochs, title)

    clean = _compared(campaign, setting, posed.clean, sealed, LOSSES, posed.epochs, f"{name}, clean labels")
    every = noisy(LOSSES, f"{name}, {share}")
    resets = tuple(noisy((plain, reset), f"{reset}, {name}, {share}") for reset, plain in RESETS)
    return Both(name, clean, every, resets)


def _problem(setting: Setting, address: str, noise: float) -> tuple[Problem, Sealed]:
    problem, sealed = load(address, noise=noise)
    if problem.task is not Task.MULTICLASS or not isinstance(problem.train.x, Tensor):
        raise UsageError(
            f"{address}: the preset output-reset compares losses of classes; give images or rows with labels"
        )
    if address == "digits":
        return problem, sealed
    train, validation = _first(problem.train, setting.most), _first(problem.validation, setting.most // 4)
    if len(train) == len(problem.train):
        return problem, sealed
    words = f"For time, {len(train)} training and {len(validation)} validation samples are used; all test samples are."
    return replace(problem, train=train, validation=validation, words=(*problem.words, words)), sealed


def _first(samples: Samples, count: int) -> Samples:
    true = None if samples.true is None else samples.true[:count]
    return Samples(samples.x[:count], samples.y[:count], true)


def _compared(
    campaign: Campaign,
    setting: Setting,
    problem: Problem,
    sealed: Sealed,
    losses: Sequence[str],
    epochs: int,
    title: str,
) -> Comparison:
    """What was trained in an earlier comparison of the same problem is in the store, and not trained again."""
    loop = Loop(load_model("mlp", problem), problem, contenders(losses, problem), Recipe(epochs=epochs))
    return campaign.compare(title, loop, Asked(losses=losses, seeds=setting.seeds, rates=setting.rates), sealed)


def _sections(pair: Both) -> tuple[Section, ...]:
    columns = {"clean labels": pair.clean, f"{NOISE:.0%} wrong labels": pair.noisy}
    accuracies = across(
        "Test accuracy, mean and 95 % interval over the seeds; test labels are clean",
        "loss",
        columns,
        lambda comparison, loss: written(figure(comparison, loss)),
    )
    text = (
        "Validation labels are as wrong as those of the training, as they would be in practice: rates are chosen "
        "without a look at clean labels.",
        "mse is PyTorch's mean over samples and classes; squared_outputs and both forms of Output Reset are sums "
        "over the classes. Each loss has its own rate, so that the factor does not count.",
    )
    return (
        Section(f"{pair.name}: in short", text, (accuracies,), (_curves(pair.clean), _curves(pair.noisy))),
        Section(f"{pair.name}: clean labels", comparison=pair.clean),
        Section(f"{pair.name}: {NOISE:.0%} wrong labels", comparison=pair.noisy),
    )


def _curves(comparison: Comparison) -> Chart:
    """Accuracy over the epochs, by true labels where some are wrong."""
    true, given = "validation accuracy, true labels", "validation accuracy"
    curves = {each.name: each.curves.get(true) or each.curves.get(given, ()) for each in comparison.contestants}
    lines = tuple(mean_line(name, found) for name, found in curves.items() if found)
    label = "validation accuracy by true labels"
    return Chart(f"Mean over the seeds: {comparison.title}", "epochs", label, lines, percent=True)


def _agreement(pair: Both) -> tuple[str, ...]:
    return (_claim_1(pair), _convergence(pair), _claim_2(pair), *(_claim_3(each) for each in pair.resets))


def _claim_1(pair: Both) -> str:
    found = contrast(pair.clean, SIGMOIDS)
    return judged(
        f"Claim 1, accuracy ({pair.name}, clean)",
        comparable(found, MARGIN),
        f"In test accuracy {difference(found)}; comparable means within {100 * MARGIN:g} point.",
    )


def _convergence(pair: Both) -> str:
    """Comparable: less than twice as many epochs, and more than half as many."""
    found = contrast(pair.clean, SIGMOIDS, "epochs_to_level")
    ours, theirs = (mean(pair.clean, loss, "epochs_to_level") for loss in (SIGMOIDS, CROSS_ENTROPY))
    if found is None or not math.isfinite(found.difference):
        return judged(f"Claim 1, convergence ({pair.name}, clean)", None, "The level was not reached by every run.")
    agrees = None
    if -theirs / 2 < found.low and found.high < theirs:
        agrees = True
    elif found.low > theirs or found.high < -theirs / 2:
        agrees = False
    because = (
        f"{SIGMOIDS} takes {ours:.1f} epochs to {pair.clean.level:.1%} on validation data, {CROSS_ENTROPY} "
        f"{theirs:.1f}; the difference is {found.difference:+.1f} [{found.low:+.1f}, {found.high:+.1f}]; "
        "comparable means less than twice and more than half as many."
    )
    return judged(f"Claim 1, convergence ({pair.name}, clean)", agrees, because)


def _claim_2(pair: Both) -> str:
    found = contrast(pair.noisy, SIGMOIDS)
    title = f"Claim 2 ({pair.name}, {NOISE:.0%} wrong labels)"
    return judged(title, expected(found, SIGMOIDS), f"In test accuracy {difference(found)}.")


def _claim_3(comparison: Comparison) -> str:
    plain, reset = (each.name for each in comparison.contestants)
    found = contrast(comparison, reset)
    because = f"Against {plain}, the same without the reset, {difference(found)}."
    return judged(f"Claim 3, robustness ({comparison.title})", expected(found, reset), because)


def _words(setting: Setting, data: str | None) -> tuple[str, ...]:
    own = (
        f"{data}: at most {setting.most} training samples, {setting.own_epochs} epochs with clean labels and "
        f"{setting.own_noisy_epochs} with wrong ones; everything else is the same."
    )
    return (
        f"Digits: scikit-learn's. A network with one hidden layer of 64 ReLU, SGD with momentum 0.9, batches of 64, "
        f"{setting.seeds} seeds; {setting.epochs} epochs with clean labels, {setting.noisy_epochs} with wrong ones.",
        f"Wrong labels: {NOISE:.0%} of the training and validation labels are replaced by another class, each as "
        "likely. Test labels are clean.",
        "Output Reset is min over a of max(0, 1 + a - o_y)² + sum over the wrong classes of max(0, o_i - a)², where o "
        "is the linear output or its sigmoid: the least squared error to targets that may shift together and be "
        "exceeded on the right side.",
        *(() if data is None else (own,)),
    )


PRESET = Preset(
    "output-reset", "squared error on sigmoids and Output Reset against cross-entropy, clean and noisy", make, make_with
)
