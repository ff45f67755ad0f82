"""What a comparison decides and what it does not, in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from lossaudit.comparison import Better, Comparison, Contestant, Contrast, Measure
from lossaudit.trials.statistics import ALPHA, Difference

Compared = Sequence[tuple[Contrast, Difference]]

_SCOPE = (
    "The intervals are for other seeds and other test samples of the same kind, with this training data: nothing here "
    "says which loss is better on other data or with other networks."
)
_SCOPE_OF_SEEDS = (
    "The intervals are for other seeds, with these data: nothing here says what other test samples would change, or "
    "which loss is better on other data or with other networks."
)
_NO_SAMPLES = "seeds alone"


def said(comparison: Comparison, compared: Compared) -> tuple[str, ...]:
    """The verdict, for what it holds, the measure that decides, loss by loss, then what is decided in the others."""
    if not compared:
        return ("Nothing is decided: no two losses are tested yet.",) if len(comparison.contestants) > 1 else ()
    by_measure = {
        measure: ours
        for measure in comparison.measures
        if (ours := [(contrast, found) for contrast, found in compared if contrast.measure == measure.name])
    }
    (measure, ours), *others = by_measure.items()
    tests = sum(found.testable for _, found in ours)
    sentences = [_sentence(comparison, measure, contrast, found, tests) for contrast, found in ours]
    told = [_verdict(measure, comparison.reference, ours), *sentences] if len(ours) > 1 else sentences
    scope = _SCOPE if any(found.samples for _, found in ours) else _SCOPE_OF_SEEDS
    return (told[0], scope, *told[1:], *_in_others(comparison, others))


def _in_others(comparison: Comparison, others: Sequence[tuple[Measure, Compared]]) -> Iterator[str]:
    """What is decided in the measures that do not decide: a sentence each, and one for those where nothing is."""
    tests = sum(found.testable for _, ours in others for _, found in ours)
    corrected = f", corrected for all {tests} differences in these measures together" if tests > 1 else ""
    for measure, ours in others:
        groups = _groups(ours)
        del groups["not decided"]
        if any(groups.values()):
            yield f"In {measure.title}, against {comparison.reference}: {_listed(groups)}{corrected}."
            corrected = ""
    rest = [measure.title for measure, ours in others if all(contrast.better is None for contrast, _ in ours)]
    if rest:
        yield f"Nothing is decided in {'; '.join(rest)}{corrected}."


def warned(comparison: Comparison, stopped: str | None, repeated: Sequence[str]) -> tuple[str, ...]:
    """What has to be known before it is believed.

    Args:
        comparison: Without its warnings.
        stopped: `"interrupted"`, `"out of time"`, or None.
        repeated: The losses whose trials are the same under all seeds.
    """
    told = list[str]()
    if comparison.missing:
        why = f" ({stopped})" if stopped else ""
        told.append(f"Partial{why}: {_trials(comparison.missing)} not finished.")
    if len(comparison.seeds) == 1:
        told.append("One seed: what another one would change is not known, and nothing is decided. Take 5 or more.")
    elif len(comparison.seeds) == 2:
        told.append("Two seeds: the intervals are honest and therefore wide. Take 5 or more.")
    if repeated:
        told.append(
            f"The seed changes nothing in {' and '.join(repeated)}: all runs are the same and count as one. "
            "Make initial weights and the order of the data depend on it."
        )
    for each in comparison.contestants:
        lost = sum(math.isnan(value) for value in _first(comparison, each))
        if lost:
            told.append(f"{each.name} diverged in {lost} of {len(each.seeds)} runs: its figures are not compared.")
        if each.at_edge:
            told.append(f"{each.name}: its best rate, {each.rate:.3g}, is the outermost that was tried.")
    return tuple(told)


def about(at_edge: bool, never: bool, rate: float, lost: int, runs: int) -> tuple[str, ...]:
    """What has to be said of one loss.

    Args:
        at_edge: Whether its best rate was the outermost.
        never: Whether a trial of the tuning diverged at every rate.
        rate: That was chosen.
        lost: Runs at it that diverged.
        runs: At it.
    """
    told = list[str]()
    if never:
        told.append("At every rate that was tried a run diverged.")
    if lost:
        told.append(
            f"{lost} of {runs} runs diverged at the chosen rate, {rate:.3g}: they are shown, and compared with nothing."
        )
    if at_edge:
        told.append(f"The best rate, {rate:.3g}, is the outermost that was tried: a better one may lie beyond.")
    return tuple(told)


def _verdict(measure: Measure, reference: str, ours: Compared) -> str:
    """All losses against the reference, in one line."""
    listed = _listed(_groups(ours))
    return f"Against {reference} in {measure.title}: {listed}. The others are not compared with each other."


def _groups(ours: Compared) -> dict[str, list[str]]:
    """The losses that are better than the reference, worse, or neither as far as is known."""
    groups = {"better": list[str](), "worse": list[str](), "not decided": list[str]()}
    for contrast, _ in ours:
        group = "not decided" if contrast.better is None else "better" if contrast.better == contrast.first else "worse"
        groups[group].append(contrast.first)
    return groups


def _listed(groups: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{group}: {', '.join(names)}" for group, names in groups.items() if names)


def _sentence(comparison: Comparison, measure: Measure, contrast: Contrast, found: Difference, tests: int) -> str:
    """One loss against the reference in one measure."""
    first, second = contrast.first, contrast.second
    between = f"between {first} and {second} in {measure.title}"
    if found.signs is not None:
        return _by_signs(comparison, measure, contrast, found, between)
    if math.isnan(contrast.difference):
        lost = [
            f"{name} diverged in {count} of {len(each.seeds)} runs"
            for name, each in _pair(comparison, contrast)
            if (count := sum(map(math.isnan, each.figures[measure.name].values)))
        ]
        return f"Not compared {between}: {' and '.join(lost)}."
    if not found.testable:
        return _on_these_runs(measure, contrast, found, between)
    runs = f"{found.seeds} seeds, {found.samples:,} test samples" if found.samples else f"{found.seeds} {_NO_SAMPLES}"
    if contrast.better is not None:
        worse = second if contrast.better == first else first
        sign = 1 if contrast.difference > 0 else -1
        low, high = sorted((sign * contrast.low, sign * contrast.high))
        amount, ends = _written(measure, sign * contrast.difference, low, high)
        return (
            f"{contrast.better} is better than {worse} in {measure.title} by {amount} (95 % interval {ends}, {runs})."
        )
    if contrast.difference == 0 and contrast.low == contrast.high:
        return f"Not decided {between}: no difference in any run ({runs})."
    amount, ends = _written(measure, contrast.difference, contrast.low, contrast.high)
    what = f"{first} minus {second} is {amount} (95 % interval {ends}, {runs})"
    return f"Not decided {between}: {what}.{_way_out(found, tests)}"


def _way_out(found: Difference, tests: int) -> str:
    """What would decide it."""
    if found.mean == 0:
        return ""
    alpha = ALPHA / tests
    samples = found.samples_to_decide(alpha)
    if samples is not None:
        return f" More seeds cannot decide it: if it stays as it is, that takes some {_rough(samples)} test samples."
    seeds = found.seeds_to_decide(alpha)
    return f" If it stays as it is, that takes {f'some {seeds}' if seeds else 'more than 100'} seeds."


def _on_these_runs(measure: Measure, contrast: Contrast, found: Difference, between: str) -> str:
    """One seed, or one test sample."""
    if found.samples == 1:
        return f"Not decided {between}: there is one test sample."
    half = found.on_these_runs()
    amount, ends = _written(measure, found.mean, found.mean - half, found.mean + half)
    known = f"; other test samples would give {ends} with these two models" if found.samples else ""
    return (
        f"Not decided {between}: one run of each says nothing about other seeds. {contrast.first} minus "
        f"{contrast.second} is {amount}{known}."
    )


def _by_signs(comparison: Comparison, measure: Measure, contrast: Contrast, found: Difference, between: str) -> str:
    """Where infinities leave only the order."""
    assert found.signs is not None
    larger = measure.better is Better.LARGER
    ahead = found.signs if larger else found.signs[::-1]
    test = f"exact sign test over {found.seeds} seeds, p = {contrast.p:.2g}"
    counts = f"{contrast.first} is better {_times(ahead[0])}, {contrast.second} {_times(ahead[1])} ({test})"
    never = [
        f"{name} never gets there in {count} of {len(each.seeds)} runs"
        for name, each in _pair(comparison, contrast)
        if (count := sum(map(math.isinf, each.figures[measure.name].values)))
    ]
    listed = f"; {', '.join(never)}" if never else ""
    if contrast.better is None:
        return f"Not decided {between}: {counts}{listed}."
    worse = contrast.second if contrast.better == contrast.first else contrast.first
    return f"{contrast.better} is better than {worse} in {measure.title}: {counts}{listed}."


def _written(measure: Measure, amount: float, low: float, high: float) -> tuple[str, str]:
    """A difference and its interval, to the digits that the interval leaves, but no bound away from 0 as 0."""
    scale, unit = (100, " points") if measure.percent else (1, "")
    numbers = [scale * each for each in (amount, low, high)]
    sizes = [abs(each) for each in numbers if each and math.isfinite(each)]
    width = numbers[2] - numbers[1]
    digits = 1
    if sizes:
        digits = max(0, -math.floor(math.log10(width / 2)) if width > 0 and math.isfinite(width) else 0)
        digits = max(digits, min(-math.floor(math.log10(min(sizes))), digits + 3), 1 if measure.percent else 0)
    written = [f"{each:.{digits}f}" if float(f"{each:.{digits}f}") else f"{0:.{digits}f}" for each in numbers]
    point = " point" if measure.percent and float(written[0]) == 1 else unit
    return f"{written[0]}{point}", f"{written[1]} to {written[2]}"


def _pair(comparison: Comparison, contrast: Contrast) -> list[tuple[str, Contestant]]:
    by_name = {each.name: each for each in comparison.contestants}
    return [(name, by_name[name]) for name in (contrast.first, contrast.second)]


def _first(comparison: Comparison, contestant: Contestant) -> tuple[float, ...]:
    """Values of the first measure that it has."""
    return next((contestant.figures[m.name].values for m in comparison.measures if m.name in contestant.figures), ())


def _rough(count: int) -> str:
    """To two digits."""
    step = 10 ** max(0, len(str(count)) - 2)
    return f"{-(-count // step) * step:,}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _trials(count: int) -> str:
    return "1 trial is" if count == 1 else f"{count:,} trials are"
