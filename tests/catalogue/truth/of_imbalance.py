"""Losses for classes of different sizes, worked out with `math` from the papers' formulas."""

from __future__ import annotations

from math import exp, log

from tests.catalogue.truth.case import Case

Z = ((0.3, -1.2, 2.1), (1.7, 0.4, -0.6))
Y = (0, 2)
WEIGHTS = (0.7, 2.5, 1.9)
COUNTS = (500.0, 81.0, 16.0)


def log_p(row: tuple[float, ...], true: int) -> float:
    return row[true] - log(sum(map(exp, row)))


def shifted(row: tuple[float, ...], by: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(z + s for z, s in zip(row, by, strict=True))


def weighted() -> float:
    import torch

    logits, weight = torch.tensor(Z), torch.tensor(WEIGHTS)
    return float(torch.nn.functional.cross_entropy(logits, torch.tensor(Y), weight=weight, reduction="sum"))


TAIL = tuple(log(n / 1110) for n in (1000, 100, 10))
SHARES = tuple(0.6 * log(n / sum(COUNTS)) for n in COUNTS)
# The rarest class, 16 samples, has the whole margin: the others (16 / n)^(1/4) of it, 2/3 for 81.
MARGINS = (0.3 * (16 / 500) ** 0.25, 0.3 * 2 / 3, 0.3)
LED = ((Z[0][0] - MARGINS[0], Z[0][1], Z[0][2]), (Z[1][0], Z[1][1] - MARGINS[1], Z[1][2]))

CASES: dict[str, tuple[Case, ...]] = {
    "weighted_cross_entropy": (
        Case(
            (Z, Y, WEIGHTS), -0.7 * log_p(Z[0], 0) - 1.9 * log_p(Z[1], 2), "each sample times its weight", call=weighted
        ),
    ),
    "class_balanced": (
        Case(
            (Z, Y, COUNTS),
            -0.01 / (1 - 0.99**500) * log_p(Z[0], 0) - 0.01 / (1 - 0.99**16) * log_p(Z[1], 2),
            "Cui et al. 2019, section 4, beta 0.99",
            {"beta": 0.99},
        ),
    ),
    "logit_adjusted": (
        Case((Z, Y), -log_p(shifted(Z[0], TAIL), 0) - log_p(shifted(Z[1], TAIL), 2), "shares of 1000, 100 and 10"),
        Case(
            (Z, Y, COUNTS),
            -log_p(shifted(Z[0], SHARES), 0) - log_p(shifted(Z[1], SHARES), 2),
            "Menon et al. 2021: softmax of z + tau log(share)",
            {"tau": 0.6},
        ),
    ),
    "ldam": (
        Case(
            (Z, (0, 1), COUNTS),
            -log_p(tuple(2 * z for z in LED[0]), 0) - log_p(tuple(2 * z for z in LED[1]), 1),
            "Cao et al. 2019, eq. 12 and 13, scaled",
            {"margin": 0.3, "scale": 2.0},
        ),
    ),
}
