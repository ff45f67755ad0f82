"""Wang et al. 2025, "Beyond MSE": ordinal cross-entropy over bins against losses of numbers, and a leak in the test."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from lossaudit.comparison import Comparison
from lossaudit.study import Section, Study, Table
from lossaudit.trials.asked import Asked
from lossaudit.trials.presets import Preset, Scale
from lossaudit.trials.presets.campaign import Campaign
from lossaudit.trials.presets.figures import across, contrast, expected, figure, judged, mean, written
from lossaudit.trials.series.bundled import SERIES, Series, made
from lossaudit.trials.series.linear import AVERAGED
from lossaudit.trials.series.losses import BINS, LEVELS, SIGMA
from lossaudit.trials.series.losses import LOSSES as KNOWN
from lossaudit.trials.series.trainer import MEASURES, Course, Forecasting, Scaled, Scaling, blocked, without_learning
from lossaudit.trials.series.windows import Split, Windows, split
from lossaudit.trials.workshop import Workshop

SQUARED, ORDINAL, NOMINAL = "mse", "binned_ordinal_cross_entropy", "binned_cross_entropy"
LOSSES = (SQUARED, *(name for name in KNOWN if name != SQUARED))
LEAKED = (SQUARED, NOMINAL, ORDINAL)
"""Losses that are trained and tested with the leak too."""

SPIKED = "made with spikes"
_ERRORS = ("mse", "mae")
MIDDLE = "mid-range of the true future window"

SOURCE = (
    "J. Wang, H. Shi, F. Li, X. Shang: Beyond MSE: Ordinal Cross-Entropy for Probabilistic Time Series Forecasting. "
    "arXiv 2511.10200, 2025; with the authors' code, Shi-hm/OCE-TS."
)
CLAIMS = (
    "A linear forecast whose outputs are probabilities of ordered bins, trained with ordinal cross-entropy, "
    "consistently outperforms five baseline models in MSE and MAE on seven public data sets. In the tables that the "
    "code plots, MSE on ETTh1 with a horizon of 96 is 0.341, with plain cross-entropy 0.645.",
    "Ordinal cross-entropy preserves the order of the values; plain cross-entropy does not.",
    "Squared error has poor robustness to outliers; cross-entropy has superior stability.",
)
LIMITS = (
    "Of the paper the abstract and the code could be read. The seven public data sets would have to be downloaded; "
    "ours are short, with one channel each.",
    "The baselines (Autoformer, DLinear, iTransformer, TimeXer, TimeBridge) are other architectures. Here the model is "
    "the same for all losses, so that the loss alone is compared.",
    f"There are {BINS} bins instead of 45, shorter windows, and no early stopping.",
    "Every loss sees targets in the units of the look-back window, which weights calm windows more than on the "
    "standardised series.",
    "Windows overlap. For the intervals, as many neighbours as the horizon is long are averaged into one test sample; "
    "such samples are still not quite independent, so that the intervals are somewhat too narrow.",
    "Grid of rates, epochs and the wider bins (edge=2) stand as they were when test figures of an exploratory run (one "
    "seed, three rates) had been seen. Within the run nothing reads test data before the choices; the design is not "
    "blind to it.",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How large it is run.

    Attributes:
        series: Names of the series.
        length: Of those that are made.
        epochs: How long.
        seeds: How many.
        rates: That the tuning starts with.
    """

    series: tuple[str, ...] = tuple(SERIES)
    length: int = 1200
    epochs: int = 15
    seeds: int = 5
    rates: tuple[float, ...] = tuple(10 ** (k / 2) for k in range(-7, -3))


SETTINGS: Mapping[Scale, Setting] = MappingProxyType(
    {Scale.SMALL: Setting(), Scale.TINY: Setting(("made",), 500, 1, 2, (1e-3, 1e-2))}
)


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What was done with one series.

    Attributes:
        series: Which.
        honest: All losses, scaled by the look-back window.
        ordered: Of these, ordinal cross-entropy against plain cross-entropy.
        leaked: Some, scaled by the true future window.
        baselines: Errors of what learns nothing: by name and measure.
        outside: Share of the test targets that lie outside the look-back window's range.
    """

    series: Series
    honest: Comparison
    ordered: Comparison
    leaked: Comparison
    baselines: Mapping[str, Mapping[str, float]]
    outside: float


def make(workshop: Workshop, scale: Scale) -> Study:
    """Run what is not stored yet, and write it down."""
    setting = SETTINGS[scale]
    campaign = Campaign(workshop)
    found = tuple(_forecast(campaign, setting, series) for series in _series(setting))
    return Study(
        name="ordinal-forecast",
        title="Ordinal cross-entropy over bins against losses of numbers, in forecasts of series",
        source=SOURCE,
        claims=CLAIMS,
        setting=_words(setting),
        sections=(_honest(found), _leak(found), *(_section(each) for each in found)),
        agrees=_agreement(found),
        limits=LIMITS,
        command="lossaudit compare --preset ordinal-forecast",
        missing=campaign.missing,
    )


def _series(setting: Setting) -> tuple[Series, ...]:
    makers = dict(SERIES) | {
        "made": partial(made, setting.length),
        SPIKED: partial(made, setting.length, spikes=0.02),
    }
    return tuple(makers[name]() for name in setting.series)


def _forecast(campaign: Campaign, setting: Setting, series: Series) -> Forecast:
    parts = split(series)
    honest = _compared(campaign, setting, series, parts, LOSSES, Scaling.LOOKBACK)
    ordered = _compared(campaign, setting, series, parts, (NOMINAL, ORDINAL), Scaling.LOOKBACK)
    leaked = _compared(campaign, setting, series, parts, LEAKED, Scaling.FUTURE)
    if honest.missing or leaked.missing:  # the test samples stay closed
        return Forecast(series, honest, ordered, leaked, {}, math.nan)
    samples = parts.sealed.open()
    test = Windows(samples.x, samples.y)
    baselines = {name: blocked(errors).values for name, errors in without_learning(test).items()}
    return Forecast(series, honest, ordered, leaked, baselines, Scaled.of(test, Scaling.LOOKBACK).outside())


def _compared(
    campaign: Campaign, setting: Setting, series: Series, parts: Split, losses: Sequence[str], scaling: Scaling
) -> Comparison:
    """Losses that were trained before are in the store."""
    trainer = Forecasting(parts, losses, Course(setting.epochs), scaling)
    asked = Asked(losses=losses, seeds=setting.seeds, rates=setting.rates)
    title = f"losses of a linear forecast, {series.name}, scaled by the {scaling.value}"
    words = (
        f"{series.words.capitalize()}. Look-back {series.lookback}, horizon {series.horizon}.",
        f"{len(parts.train)} windows for training, {len(parts.validation)} for validation, {len(parts.sealed)} for "
        "the test, in the order of time.",
    )
    return campaign.compare_with(title, trainer, asked, parts.sealed, words, MEASURES)


def _honest(found: tuple[Forecast, ...]) -> Section:
    """All losses on all series."""
    columns = {f"{each.series.name}": each.honest for each in found}
    tables = tuple(
        across(
            f"{title} of the forecast on the standardised test series, mean and 95 % interval over the seeds",
            "loss",
            columns,
            lambda comparison, loss, measure=measure: written(figure(comparison, loss, measure), _three),
        )
        for measure, title in (("mse", "MSE"), ("mae", "MAE"), ("crps", "CRPS"))
    )
    shares = ", ".join(f"{each.series.name} {each.outside:.1%}" for each in found if math.isfinite(each.outside))
    text = (
        "Targets are scaled by the smallest and the largest number of the look-back window, which are known when the "
        "forecast is made, and the forecasts are scaled back by them.",
        f"Bins reach from the one to the other. Share of the test targets beyond: {shares or 'not known yet'}. A "
        "forecast over bins cannot go there; with edge=2 the bins reach half a window's range further out.",
        "CRPS scores the whole forecast distribution; of a forecast that is one number it is the absolute error.",
    )
    return Section("Scaled by the look-back window", text, tables)


def _leak(found: tuple[Forecast, ...]) -> Section:
    """The same, scaled back by the truth."""
    rows: list[tuple[str, ...]] = []
    for each in found:
        for loss in LEAKED:
            cells = (written(figure(comparison, loss, "mse"), _three) for comparison in (each.honest, each.leaked))
            rows.append((each.series.name, loss, *cells))
        known = each.baselines.get(MIDDLE)
        rows.append(
            (each.series.name, f"nothing learnt: {MIDDLE}", "–", "–" if known is None else _three(known["mse"]))
        )
    text = (
        "Warning: in the published test loop, forecasts are scaled back with the minimum and the maximum of the "
        "true future window: two numbers of the answer are given to the model. Figures of the right column cannot be "
        "had in practice, and are not comparable with those of a model that has to forecast the level itself.",
        "For the right column the targets are scaled by the future window in training and in the test, as that code "
        "does it; everything else is the same. The leak is given to the squared error as well: what it gains is gained "
        "by the leak, not by the loss.",
        "The last line of each series learns nothing: it answers every step with the middle between the true window's "
        "minimum and maximum.",
    )
    table = Table("MSE on the standardised test series", ("series", "loss", "honest", "with the leak"), tuple(rows))
    return Section("The leak in the published test loop", text, (table,))


def _section(each: Forecast) -> Section:
    rows = tuple((name, *(_three(values[m]) for m in _ERRORS)) for name, values in each.baselines.items())
    title = "What learns nothing; the last line knows the answer's range"
    table = Table(title, ("answer", "MSE", "MAE"), rows)
    return Section(each.series.name.capitalize(), (each.series.words.capitalize() + ".",), (table,), (), each.honest)


def _three(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _agreement(found: Sequence[Forecast]) -> tuple[str, ...]:
    spiked = (each for each in found if each.series.name == SPIKED)
    return (
        *(_against("Claim 1", each.honest, each.series, ORDINAL, measure) for each in found for measure in _ERRORS),
        *(_against("Claim 2", each.ordered, each.series, ORDINAL, "mse") for each in found),
        *(_against("Claim 3", each.honest, each.series, loss, "mse") for each in spiked for loss in (NOMINAL, ORDINAL)),
        *(_warned(each) for each in found if each.baselines),
    )


def _against(claim: str, comparison: Comparison, series: Series, loss: str, measure: str) -> str:
    """Whether a loss has the smaller error than the reference."""
    found = contrast(comparison, loss, measure)
    name = f"{claim} ({series.name}, {measure.upper()})"
    if found is None or math.isnan(found.difference):
        return judged(name, None, "There is no difference to be shown (a run is missing or diverged).")
    because = f"{loss} minus {found.second} is {found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}]."
    return judged(name, expected(found, loss), because)


def _warned(each: Forecast) -> str:
    """What the leak does to the figures."""
    honest, leaked = ({loss: mean(c, loss, "mse") for loss in LEAKED} for c in (each.honest, each.leaked))
    falls = all(leaked[loss] < honest[loss] for loss in LEAKED)
    sides = ((leaked, honest), (leaked, leaked), (honest, honest))  # ordinal cross-entropy, squared error
    mixed, both, neither = (f"{ours[ORDINAL] / theirs[SQUARED] - 1:+.0%}" for ours, theirs in sides)
    middle = each.baselines[MIDDLE]["mse"]
    gains = "; ".join(f"{loss} {honest[loss]:.3f} without, {leaked[loss]:.3f} with" for loss in LEAKED)
    return (
        f"The leak ({each.series.name}): {'lowers' if falls else 'does not lower'} the MSE of every loss ({gains}). "
        f"The middle of the true window alone, nothing learnt, has {middle:.3f}, "
        f"{'less' if middle < honest[SQUARED] else 'more'} than an honest forecast by squared error. Ordinal "
        f"cross-entropy against squared error: {mixed} if only the former has the leak, {both} if both have it, "
        f"{neither} if neither has."
    )


def _words(setting: Setting) -> tuple[str, ...]:
    quantiles = ", ".join(map(str, LEVELS))
    return (
        "Series: " + ", ".join(setting.series) + ". 60 % of the time for training, 20 % for validation, 20 % for the "
        "test; standardised by the first part.",
        f"Model: the moving average of {AVERAGED} values is the trend, the rest the season; one linear map of each, "
        "added. For bins, quantiles and normal distributions the maps are as many times wider.",
        f"{BINS} bins over the range of the look-back window; targets are normals of standard deviation {SIGMA:.3f} "
        "times half of it, as many bins wide as in the published code. The forecast is the bins' mean; that of the "
        f"quantiles {quantiles} is the median.",
        f"Adam, batches of 64 windows, {setting.epochs} epochs, {setting.seeds} seeds; each loss has its own rate, "
        "chosen by the MSE on validation data, whatever it minimises.",
    )


PRESET = Preset("ordinal-forecast", "ordinal cross-entropy over bins against MSE, MAE, quantiles and CRPS", make)
