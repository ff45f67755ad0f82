"""What a loss elicits: its best prediction in expectation, as a function of the true probabilities.

Found by descent in floats and compared with known forms: measured, unless the loss is proved proper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from lossaudit.card import Entry, Ground
from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.interval import REALS
from lossaudit.geometry.properties.family import Family, Task, combined
from lossaudit.geometry.properties.minimiser import minimiser
from lossaudit.geometry.properties.propriety import link

_CLOSE = 2e-4
_FAR = 25.0  # logits beyond this one are taken for infinite
_TRIPLES = ((0.5, 0.3, 0.2), (0.45, 0.4, 0.15), (0.6, 0.25, 0.15))
_LOPSIDED = 20  # distributions of numbers with most of their mass on few: near-uniform ones do not tell losses apart
_PAIRS = ((0.4, 0.6), (0.25, 0.75), (0.1, 0.9), (0.65, 0.35))


def elicits(family: Family, *, proper: Entry | None = None) -> Entry:
    """The best prediction in expectation.

    Args:
        family: The loss; with three classes for a loss of classes, or any other number.
        proper: What is known of its properness.
    """
    if proper is not None and proper.ground is Ground.PROVED:
        return Entry("q, the true probabilities", Ground.PROVED, "since it is proper")
    if family.task is Task.REAL:
        return _number(family)
    if family.domain != REALS or not family.complete:
        return Entry("unknown", Ground.UNKNOWN, "not every label was recorded")
    if family.task is Task.BINARY:
        return _score(family)
    return _map(family)


def best(family: Family, q: Any) -> Any:
    """Raw outputs at which the expected loss is least, as far as descent finds them."""
    risk = combined(family.programs, [fmpq(*float(x).as_integer_ratio()) for x in q])
    n = family.variables
    if family.task is Task.CLASSES:
        starts = [np.log(q), np.zeros(n), 0.1 * np.array(q), 3 * np.log(q)]
    elif family.task is Task.BINARY:
        starts = [np.array([x]) for x in (np.log(q[1] / q[0]), 0.01, -0.01, 1.5, -1.5)]
    else:
        starts = [np.array([t]) for t in (*family.targets, float(np.dot(q, family.targets)))]
        starts = [s for s in starts if family.domain.contains(fmpq(*float(s[0]).as_integer_ratio()))]
    return minimiser(risk, [list(map(float, s)) for s in starts])


def _map(family: Family) -> Entry:
    k = family.variables
    qs = [np.array(q) for q in _TRIPLES] if k == 3 else [_spread(k, a) for a in (1.0, 0.5, 0.8)]
    read = link(family)
    found = [best(family, q) for q in qs]
    if not all(np.all(np.isfinite(z)) for z in found):
        return Entry("unknown", Ground.UNKNOWN, "descent found no minimiser")
    how = f"minimiser of the expected loss at {len(qs)} distributions of {k} classes"
    right = all(int(np.argmax(z)) == int(np.argmax(q)) for z, q in zip(found, qs, strict=True))
    if any(np.max(np.abs(z - z.mean())) > _FAR for z in found):
        what = "the mode: the prediction goes to a vertex" if right else "a vertex, not always the mode"
        return Entry(what, Ground.MEASURED, how)
    ps = [_softmax(z) for z in found] if read == "softmax" else found
    return Entry(_form(qs, ps, right), Ground.MEASURED, how)


def _form(qs: Sequence[Any], ps: Sequence[Any], right: bool) -> str:
    """The map q -> p in words."""
    k = len(qs[0])
    if all(np.allclose(p, q, atol=_CLOSE) for p, q in zip(ps, qs, strict=True)):
        return "q, the true probabilities"
    if all(np.all(p > 0) and abs(p.sum() - 1) < 1e-9 for p in ps):
        powers = [np.diff(np.log(p)) / np.diff(np.log(q)) for p, q in zip(ps, qs, strict=True)]
        if np.ptp(np.concatenate(powers)) < 20 * _CLOSE:
            return f"q^{float(np.mean(powers)):.4g}, normalised"
    shares = [(p - 1 / k) / (q - 1 / k) for p, q in zip(ps, qs, strict=True) if np.min(np.abs(q - 1 / k)) > 1e-3]
    if shares and np.ptp(np.concatenate(shares)) < 20 * _CLOSE:
        return f"(1 - e) q + e/K, e = {1 - float(np.mean(shares)):.4g}"
    weights = [(p / q) / (p[0] / q[0]) for p, q in zip(ps, qs, strict=True)]
    if all(np.all(p > 0) for p in ps) and np.allclose(weights, weights[0], rtol=20 * _CLOSE):
        return f"w q, normalised, w = ({', '.join(f'{x:.3g}' for x in weights[0])})"
    ordered = all(np.all(np.diff(p[np.argsort(q)]) > 1e-6) for p, q in zip(ps, qs, strict=True))
    if ordered:
        return "another function of q, in the order of q"
    return "not q: classes tie, though their probabilities differ" if not right or _tie(ps) else "another function of q"


def _tie(ps: Sequence[Any]) -> bool:
    return any(np.min(np.abs(np.diff(np.sort(p)))) < 1e-4 for p in ps)


def _score(family: Family) -> Entry:
    qs = np.array([q for _, q in _PAIRS])
    found = [best(family, q) for q in _PAIRS]
    if not all(np.all(np.isfinite(z)) for z in found):
        return Entry("unknown", Ground.UNKNOWN, "descent found no minimiser")
    z = np.array([float(x[0]) for x in found])
    how = f"minimiser of the expected loss at q = {', '.join(f'{q:g}' for q in qs)}"
    return Entry(_plateau(family, z) or _score_form(qs, z), Ground.MEASURED, how)


def _plateau(family: Family, z: Any) -> str:
    """In words, that a score of twice the size is as good; empty where it is not, or the score is 0."""
    if np.any(np.abs(z) < 1e-3) or np.any(np.abs(z) > _FAR):
        return ""
    for q, x in zip(_PAIRS, z, strict=True):
        risk = combined(family.programs, [fmpq(*float(weight).as_integer_ratio()) for weight in q])
        once, twice = floats(risk, np.array([[x, 2 * x]]))[risk.output]
        if abs(once - twice) > 1e-12:
            return ""
    right = all(np.sign(x) == np.sign(q[1] - q[0]) for q, x in zip(_PAIRS, z, strict=True))
    return "the mode: many scores of its sign are best" if right else "not the mode, and no single score"


def _score_form(q: Any, z: Any) -> str:
    """The map from q, the probability of the positive label, to the score."""
    odds, sign = np.log(q / (1 - q)), np.sign(q - 0.5)
    if np.all(np.abs(z) > _FAR):
        return "the mode: no finite score is best" if np.all(np.sign(z) == sign) else "not the mode"
    if np.all(np.abs(z) < 1e-3):
        return "0, whatever q is"
    if np.allclose(z, odds + (z[0] - odds[0]), atol=_CLOSE) and abs(z[0] - odds[0]) > 1e-3:
        return f"log-odds of q, {z[0] - odds[0]:+.4g}"
    if np.allclose(z, z[0] / odds[0] * odds, atol=_CLOSE):
        share = z[0] / odds[0]
        return "log-odds of q" if abs(share - 1) < 1e-3 else f"{share:.4g} times the log-odds of q"
    if np.allclose(z, 2 * q - 1, atol=_CLOSE):
        return "2 q - 1"
    if np.allclose(z, q, atol=_CLOSE):
        return "q, the true probability"
    if np.allclose(z / z[0], sign / sign[0], atol=1e-3):
        return "the mode, sign(q - 1/2)"
    return "another score, increasing in q" if np.all(np.diff(z[np.argsort(q)]) > 0) else "another score"


def _number(family: Family) -> Entry:
    y = np.array(family.targets)
    if len(y) < 2 or not np.all(np.diff(y) > 0):
        return Entry("unknown", Ground.UNKNOWN, "one target is not enough")
    random = np.random.default_rng(1)
    weights = random.uniform(0.3, 1.0, (4, len(y)))
    qs = [*(weights / weights.sum(1, keepdims=True)), *random.dirichlet(np.full(len(y), 0.6), _LOPSIDED)]
    found = [best(family, q) for q in qs]
    if not all(np.all(np.isfinite(z)) for z in found):
        return Entry("unknown", Ground.UNKNOWN, "descent found no minimiser")
    f = np.array([float(z[0]) for z in found])
    how = f"minimiser of the expected loss of {len(qs)} distributions over targets {', '.join(f'{t:g}' for t in y)}"
    return Entry(_number_form(y, qs, f), Ground.MEASURED, how)


def _number_form(y: Any, qs: Sequence[Any], f: Any) -> str:
    means = np.array([q @ y for q in qs])
    for words, shown in (("mean", f), ("mean, by exp of the output", np.exp(np.clip(f, -50, 50)))):
        if np.allclose(shown, means, rtol=_CLOSE, atol=_CLOSE):
            return words
    if np.min(y) > -1 and np.allclose(np.log1p(np.maximum(f, -0.9)), [q @ np.log1p(y) for q in qs], atol=_CLOSE):
        return "exp of the mean of log(1 + y), less 1"
    levels = _levels(y, qs, f)
    if levels is not None:
        return levels
    shares = np.array([_expectile(y, q, x) for q, x in zip(qs, f, strict=True)])
    if np.all(np.isfinite(shares)) and np.ptp(shares) < 20 * _CLOSE:
        return f"expectile {float(np.mean(shares)):.4g}"
    return "between median and mean" if _between(y, qs, f, means) else "another number"


def _levels(y: Any, qs: Sequence[Any], f: Any) -> str | None:
    """A quantile: the minimiser is always a target, and one level fits all."""
    low, high = 0.0, 1.0
    for q, x in zip(qs, f, strict=True):
        nearest = int(np.argmin(np.abs(y - x)))
        if abs(y[nearest] - x) > 1e-3:
            return None
        low, high = max(low, float(q[:nearest].sum())), min(high, float(q[: nearest + 1].sum()))
    if low > high:
        return None
    return "median" if low <= 0.5 <= high else f"quantile, of a level in [{low:.2g}, {high:.2g}]"


def _expectile(y: Any, q: Any, x: float) -> float:
    """The level t with t E(y - x)+ = (1 - t) E(x - y)+."""
    above, below = float(q @ np.maximum(y - x, 0)), float(q @ np.maximum(x - y, 0))
    return below / (above + below) if above + below > 0 else float("nan")


def _between(y: Any, qs: Sequence[Any], f: Any, means: Any) -> bool:
    medians = np.array([y[int(np.searchsorted(np.cumsum(q), 0.5))] for q in qs])
    return bool(np.all((np.minimum(medians, means) - 1e-6 <= f) & (f <= np.maximum(medians, means) + 1e-6)))


def _softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z))
    return e / e.sum()


def _spread(k: int, exponent: float) -> Any:
    q = np.arange(k, 0, -1.0) ** exponent
    return q / q.sum()
