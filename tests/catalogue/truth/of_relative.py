"""Losses of a relative difference."""

from __future__ import annotations

from sklearn import metrics
from tests.catalogue.truth.case import Case

# Fractions of 64, which no precision rounds.
F, Y = (0.296875, 11.703125, 2.421875, 5.109375), (0.921875, 4.421875, 2.109375, 1.296875)
MAPE = len(F) * metrics.mean_absolute_percentage_error(Y, F)

CASES: dict[str, tuple[Case, ...]] = {
    "msle": (
        Case(
            (F, Y),
            len(F) * metrics.mean_squared_log_error(Y, F),
            "scikit-learn, mean_squared_log_error",
            reference=metrics.mean_squared_log_error(Y, F),  # Keras: the mean over the last axis
        ),
    ),
    "mape": (
        Case((F, Y), MAPE, "scikit-learn, mean_absolute_percentage_error", reference=100 * MAPE / len(F)),
        Case(((-3.0,), (2.0,)), 2.5, "5 / 2", reference=250.0),
    ),
    "smape": (
        Case(
            (F, Y),
            sum(abs(f - y) / ((f + y) / 2) for f, y in zip(F, Y, strict=True)),
            "Makridakis 1993, by hand",
        ),
        Case(((-3.0,), (0.25,)), 2.0, "2 for any prediction of the wrong sign"),
    ),
}
