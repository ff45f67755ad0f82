"""Certificates written by hand, and programs for which the checker itself says all that follows."""

from __future__ import annotations

from typing import Any

from lossaudit.recheck.facts import derived
from lossaudit.recheck.programs import read

ALL = [None, None, True, True]
POSITIVE = ["0", None, True, True]


def program(*rows: list[Any], variables: int = 1, domain: list[Any] | None = None) -> dict[str, Any]:
    """A program whose value is its last instruction."""
    instructions = [[op, list(args), list(constants)] for op, args, constants in rows]
    return {
        "variables": variables,
        "domain": domain or ALL,
        "instructions": instructions,
        "output": len(instructions) - 1,
    }


def var(index: int) -> list[Any]:
    return ["variable", [], [str(index)]]


def claim(range: list[Any], curvature: int, log: int = 0, complement: int = 0, *, rule: str = "") -> dict[str, Any]:
    data = {"range": range, "curvature": curvature, "log": log, "complement": complement}
    return {**data, "defined": True, "rule": rule}


def facts(data: dict[str, Any], *claims: dict[str, Any]) -> dict[str, Any]:
    return {"rule": "facts", "data": {"program": data, "claims": list(claims)}, "steps": []}


def all_that_follows(data: dict[str, Any]) -> dict[str, Any]:
    """A certificate of rule `facts` with everything that the checker derives."""
    found, _ = derived(read(data))
    claims = []
    for reach, curvature, log, complement, defined in found:
        ends = [None if end is None else str(end) for end in reach[:2]]
        claims.append(
            {
                "range": [*ends, *reach[2:]],
                "curvature": curvature,
                "log": log,
                "complement": complement,
                "defined": defined,
                "rule": "",
            }
        )
    return facts(data, *claims)


# log(1 + exp(x)) - x, the logistic loss as people write it.
LOGISTIC = facts(
    program(
        var(0),
        ["exp", [0], []],
        ["linear", [1], ["1", "1"]],
        ["log", [2], []],
        ["linear", [0, 3], ["-1", "1", "0"]],
    ),
    claim(ALL, 3),
    claim(POSITIVE, 1, 3),
    claim(["1", None, True, True], 1, 1),
    claim(POSITIVE, 1),
    claim(ALL, 1),
)

# logsumexp(z) - z_0 for three classes; the value is > 0.
CROSS_ENTROPY = facts(
    program(var(0), var(1), var(2), ["logsumexp", [0, 1, 2], []], ["linear", [0, 3], ["-1", "1", "0"]], variables=3),
    claim(ALL, 3),
    claim(ALL, 3),
    claim(ALL, 3),
    claim(ALL, 1),
    claim(POSITIVE, 1),
)

# x^2 - 2 x y + y^2: only the whole is convex.
SQUARE = facts(
    program(
        var(0),
        var(1),
        ["power", [0], ["2"]],
        ["multiply", [0, 1], []],
        ["power", [1], ["2"]],
        ["linear", [2, 3, 4], ["1", "-2", "1", "0"]],
        variables=2,
    ),
    claim(ALL, 3),
    claim(ALL, 3),
    claim(["0", None, False, True], 1),
    claim(ALL, 0),
    claim(["0", None, False, True], 1),
    claim(["0", None, False, True], 1, rule="quadratic"),
)

# sqrt(1 + x^2)
NORM = facts(
    program(var(0), ["power", [0], ["2"]], ["linear", [1], ["1", "1"]], ["power", [2], ["1/2"]]),
    claim(ALL, 3),
    claim(["0", None, False, True], 1),
    claim(["1", None, False, True], 1),
    claim(["1", None, False, True], 1, rule="norm"),
)

# x^3, from -2 to 0.
CUBE = {
    "rule": "witness",
    "data": {"program": program(var(0), ["power", [0], ["3"]]), "a": ["-2"], "b": ["0"], "gap": "3"},
    "steps": [],
}

# sigmoid(x)
SIGMOID = {
    "rule": "bounded",
    "data": {
        "program": program(var(0), ["sigmoid", [0], []]),
        "claims": [claim(ALL, 3), claim(["0", "1", True, True], 0, 2, 2)],
        "points": [["0"], ["8"]],
    },
    "steps": [],
}

# exp(x_0) + exp(x_1) + x_2^2: two rows that are alike, and another.
ROWS = {
    "rule": "rows",
    "data": {
        "program": program(
            *(var(0), var(1), var(2)),
            *(["exp", [0], []], ["exp", [1], []], ["power", [2], ["2"]]),
            ["linear", [3, 4, 5], ["1", "1", "1", "0"]],
            variables=3,
        ),
        "rows": [
            {
                "certificate": facts(
                    program(var(0), ["exp", [0], []]), claim(ALL, 3), claim(POSITIVE, 1, 3, rule="composition")
                ),
                "parts": [
                    {"terms": [0], "variables": [0], "places": [0, 3]},
                    {"terms": [1], "variables": [1], "places": [1, 4]},
                ],
            },
            {
                "certificate": facts(
                    program(var(0), ["power", [0], ["2"]]), claim(ALL, 3), claim(["0", None, False, True], 1)
                ),
                "parts": [{"terms": [2], "variables": [2], "places": [2, 5]}],
            },
        ],
    },
    "steps": [],
}

# log(exp(x_0 - m) + exp(x_1 - m)) + m with m = max(x_0, x_1).
SHIFT = {
    "rule": "shift",
    "data": {
        "program": program(
            var(0),
            var(1),
            ["max", [0, 1], []],
            ["linear", [0, 2], ["1", "-1", "0"]],
            ["linear", [1, 2], ["1", "-1", "0"]],
            ["exp", [3], []],
            ["exp", [4], []],
            ["linear", [5, 6], ["1", "1", "0"]],
            ["log", [7], []],
            ["linear", [2, 8], ["1", "1", "0"]],
            variables=2,
        ),
        "atom": 2,
        "coefficient": "0",
        "proof": facts(
            program(
                var(0),
                var(1),
                ["exp", [0], []],
                ["exp", [1], []],
                ["linear", [2, 3], ["1", "1", "0"]],
                ["log", [4], []],
                variables=2,
            ),
            claim(ALL, 3),
            claim(ALL, 3),
            claim(POSITIVE, 1, 3),
            claim(POSITIVE, 1, 3),
            claim(POSITIVE, 1, 1),
            claim(ALL, 1),
        ),
    },
    "steps": [],
}

LOGITS = [var(0), var(1), var(2), ["logsumexp", [0, 1, 2], []], ["linear", [0, 3], ["1", "-1", "0"]]]
FAMILY = [[[[k, "1"]], "0"] for k in range(3)]

# -log p_0 - p_0, the boundary of the polynomial loss with three classes.
MARGIN = {
    "rule": "margin",
    "data": {
        "program": program(*LOGITS, ["exp", [4], []], ["linear", [0, 3, 5], ["-1", "1", "-1", "0"]], variables=3),
        "parts": [
            {
                "family": FAMILY,
                "label": 0,
                "phi": [["-1", "0", "0", 1, 0], ["-1", "1", "0", 0, 0]],
                "argument": "sturm",
            }
        ],
    },
    "steps": [],
}

# -log p_0 + x_1^2
RING = {
    "rule": "ring",
    "data": {
        "program": program(*LOGITS, ["power", [1], ["2"]], ["linear", [0, 3, 5], ["-1", "1", "1", "0"]], variables=3),
        "quadratic": [[1, 1, "1"]],
        "parts": [
            {"template": "margin", "family": FAMILY, "label": 0, "phi": [["-1", "0", "0", 1, 0]], "argument": "signs"}
        ],
    },
    "steps": [],
}

# -2 log p_0 + p_0 p_1 / 2
LAPLACIAN = {
    "rule": "ring",
    "data": {
        "program": program(
            *LOGITS,
            ["linear", [1, 3], ["1", "-1", "0"]],
            ["exp", [4], []],
            ["exp", [5], []],
            ["multiply", [6, 7], []],
            ["linear", [0, 3, 8], ["-2", "2", "1/2", "0"]],
            variables=3,
        ),
        "quadratic": [],
        "parts": [
            {
                "template": "laplacian",
                "family": FAMILY,
                "terms": [["-2", [], [[0, 1]]], ["1/2", [[0, 1], [1, 1]], []]],
                "weights": [[0, 1, "", 0], [0, 2, "", 0], [1, 2, "", 0]],
            }
        ],
    },
    "steps": [],
}

# Huber's loss of 2 x_0 - x_1: u^2/2 where |u| <= 1, else |u| - 1/2.
_HUBER = [
    ["abs", [-1], []],
    ["linear", [0], ["-1", "1"]],
    ["step_closed", [1], []],
    ["power", [-1], ["2"]],
    ["linear", [3], ["1/2", "0"]],
    ["linear", [0], ["1", "-1/2"]],
    ["select", [2, 4, 5], []],
]


def huber(*before: list[Any], variables: int, after: list[Any] | None = None) -> dict[str, Any]:
    """Huber's loss of the last of some instructions."""
    n = len(before)
    rows = [[op, [a + n for a in args], constants] for op, args, constants in _HUBER]
    return program(*before, *rows, *([after] if after else []), variables=variables)


PIECES = {
    "rule": "pieces",
    "data": {
        "program": huber(var(0), var(1), ["linear", [0, 1], ["2", "-1", "0"]], variables=2),
        "groups": [
            {
                "terms": [9],
                "argument": {"coefficients": [[0, "2"], [1, "-1"]], "bias": "0"},
                "scale": "1",
                "function": 0,
            }
        ],
        "functions": [
            {
                "function": huber(var(0), variables=1, after=["linear", [7], ["1", "0"]]),
                "breakpoints": ["-1", "0", "1"],
                "pieces": [],
                "joints": [],
            }
        ],
        "rest": None,
    },
    "steps": [],
}

BY_HAND = {
    "logistic": LOGISTIC,
    "cross-entropy": CROSS_ENTROPY,
    "square": SQUARE,
    "norm": NORM,
    "cube": CUBE,
    "sigmoid": SIGMOID,
    "rows": ROWS,
    "shift": SHIFT,
    "margin": MARGIN,
    "ring": RING,
    "laplacian": LAPLACIAN,
    "pieces": PIECES,
}
