"""Certificates about programs: what holds is accepted, and nothing else."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.recheck import truth
from tests.recheck.certificates import (
    ALL,
    BY_HAND,
    CROSS_ENTROPY,
    CUBE,
    FAMILY,
    LAPLACIAN,
    LOGISTIC,
    MARGIN,
    NORM,
    PIECES,
    POSITIVE,
    RING,
    ROWS,
    SHIFT,
    SIGMOID,
    SQUARE,
    all_that_follows,
    claim,
    facts,
    program,
    var,
)

from lossaudit.recheck import as_json, from_json, recheck
from lossaudit.verdict import Certificate, Scope, Status, Verdict, Witness


@pytest.mark.parametrize("name", BY_HAND)
def test_what_is_written_by_hand_holds(name):
    assert recheck(json.loads(json.dumps(BY_HAND[name])))


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    data = copy.deepcopy(data)
    node = data
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return data


SLICE = ["-1", "1", "0"]
PROGRAM = ("data", "program")
CODE = (*PROGRAM, "instructions")
CLAIMS = ("data", "claims")
CONCAVE = changed(
    facts(
        program(var(0), ["exp", [0], []], ["linear", [1], ["-1", "0"]]),
        claim(ALL, 3),
        claim(POSITIVE, 1, 3),
        claim([None, "0", True, True], 2, 0, 1),
    ),
    (*PROGRAM, "output"),
    1,
)
FORGED = {
    # claims that are too strong
    "concave is claimed convex": (LOGISTIC, (*CODE, 4, 2), ["1", "-1", "0"]),
    "affine instead of convex": (LOGISTIC, (*CLAIMS, 4, "curvature"), 3),
    "constant": (LOGISTIC, (*CLAIMS, 4, "curvature"), 7),
    "bits that are no curvature": (LOGISTIC, (*CLAIMS, 4, "curvature"), 5),
    "a curvature that is True": (LOGISTIC, (*CLAIMS, 4, "curvature"), True),
    "log-concave sum of exponentials": (LOGISTIC, (*CLAIMS, 2, "log"), 3),
    "a range that is too small": (LOGISTIC, (*CLAIMS, 2, "range"), ["2", None, True, True]),
    "the log of what may be negative": (LOGISTIC, (*CODE, 2, 2), ["1", "-1"]),
    "the log of what may be zero": (NORM, (*CODE, 3), ["log", [1], []]),
    "a rounding-tolerant end": (NORM, (*CLAIMS, 2, "range"), [f"{10**21 + 1}/{10**21}", None, False, True]),
    "open where it is attained": (NORM, (*CLAIMS, 2, "range"), ["1", None, True, True]),
    "not claimed convex": (NORM, (*CLAIMS, 3, "curvature"), 0),
    "not claimed defined": (NORM, (*CLAIMS, 3, "defined"), False),
    "defined as a number": (NORM, (*CLAIMS, 3, "defined"), 1),
    "a log-curvature without positivity": (SQUARE, (*CLAIMS, 0, "log"), 2),
    "indefinite by 1e-11": (SQUARE, (*CODE, 5, 2), ["1", "-2", "99999999999/100000000000", "0"]),
    "a square with a negative factor": (NORM, (*CODE, 2, 2), ["-1/100000000000", "1"]),
    "the root of less than a square": (NORM, (*CODE, 3, 2), ["499/1000"]),
    "a cube under the root": (NORM, (*CODE, 1, 2), ["3"]),
    "a narrower domain makes no wider range": (SQUARE, (*CLAIMS, 0, "range"), ["0", None, False, True]),
    "an empty range": (LOGISTIC, (*CLAIMS, 0, "range"), ["1", "0", False, False]),
    "an open point": (LOGISTIC, (*CLAIMS, 0, "range"), ["0", "0", True, False]),
    "infinity as a member": (LOGISTIC, (*CLAIMS, 0, "range"), [None, None, False, True]),
    # programs that are none
    "an argument out of range": (LOGISTIC, (*CODE, 3, 1), [17]),
    "a negative argument": (LOGISTIC, (*CODE, 3, 1), [-1]),
    "itself": (LOGISTIC, (*CODE, 3, 1), [3]),
    "a later instruction": (LOGISTIC, (*CODE, 1, 1), [4]),
    "True for an index": (LOGISTIC, (*CODE, 3, 1), [True]),
    "a broken index": (LOGISTIC, (*CODE, 3, 1), [2.0]),
    "an unknown operation": (LOGISTIC, (*CODE, 3, 0), "ln"),
    "no operation": (LOGISTIC, (*CODE, 3, 0), None),
    "opaque": (LOGISTIC, (*CODE, 3), ["opaque", [2], ["1"]]),
    "an infinite constant": (LOGISTIC, (*CODE, 3), ["infinity", [], ["1"]]),
    "too many arguments": (LOGISTIC, (*CODE, 3, 1), [2, 2]),
    "too few constants": (LOGISTIC, (*CODE, 4, 2), ["-1", "1"]),
    "a negative delta": (LOGISTIC, (*CODE, 3), ["huber", [2], ["-1"]]),
    "nan": (LOGISTIC, (*CODE, 4, 2), ["-1", "nan", "0"]),
    "inf": (LOGISTIC, (*CODE, 4, 2), ["-1", "inf", "0"]),
    "a float": (LOGISTIC, (*CODE, 4, 2), ["-1", 1.0, "0"]),
    "a decimal": (LOGISTIC, (*CODE, 4, 2), ["-1", "1.0", "0"]),
    "a division by zero": (LOGISTIC, (*CODE, 4, 2), ["-1", "1/0", "0"]),
    "a space": (LOGISTIC, (*CODE, 4, 2), ["-1", " 1", "0"]),
    "other digits": (LOGISTIC, (*CODE, 4, 2), ["-1", "\u0661", "0"]),
    "a number without end": (LOGISTIC, (*CODE, 4, 2), ["-1", "1" * 10_000, "0"]),
    "a variable that is none": (LOGISTIC, (*CODE, 0, 2), ["1"]),
    "half a variable": (LOGISTIC, (*CODE, 0, 2), ["1/2"]),
    "an output that is none": (LOGISTIC, (*PROGRAM, "output"), 9),
    "another output than the one that is convex": (CONCAVE, (*PROGRAM, "output"), 2),
    "no domain": (LOGISTIC, (*PROGRAM, "domain"), None),
    "an empty domain": (LOGISTIC, (*PROGRAM, "domain"), ["1", "0", False, False]),
    "no claims": (LOGISTIC, CLAIMS, []),
    "claims of another length": (LOGISTIC, CLAIMS, LOGISTIC["data"]["claims"][:-1]),
    "claims as text": (LOGISTIC, CLAIMS, "convex"),
    "a claim that is none": (LOGISTIC, (*CLAIMS, 4), None),
    "another rule": (LOGISTIC, ("rule",), "witness"),
    "an unknown rule": (LOGISTIC, ("rule",), "trust me"),
    "a rule that is a list": (LOGISTIC, ("rule",), ["facts"]),
    "no data": (LOGISTIC, ("data",), None),
    # refutations
    "a gap that is too large": (CUBE, ("data", "gap"), "3000000000000000001/1000000000000000000"),
    "a negative gap": (CUBE, ("data", "gap"), "-1"),
    "the wrong side of the chord": (CUBE, ("data", "a"), ["2"]),
    "equal points": (CUBE, ("data", "a"), ["0"]),
    "points of another length": (CUBE, ("data", "a"), ["-2", "0"]),
    "no binary fraction": (CUBE, ("data", "a"), ["-7/3"]),
    "outside the domain": (CUBE, (*PROGRAM, "domain"), ["-1", None, False, True]),
    "affine": (CUBE, (*CODE, 1, 2), ["1"]),
    "bounded on a half-line": (SIGMOID, (*PROGRAM, "domain"), POSITIVE),
    "unbounded": (SIGMOID, (*CODE, 1, 0), "softplus"),
    "not claimed bounded": (SIGMOID, (*CLAIMS, 1, "range"), ["0", None, True, True]),
    "one point only": (SIGMOID, ("data", "points"), [["8"]]),
    "the same point twice": (SIGMOID, ("data", "points"), [["8"], ["8"]]),
    # sums of rows
    "a term in no part": (ROWS, ("data", "rows"), ROWS["data"]["rows"][:1]),
    "a term in two parts": (ROWS, ("data", "rows"), [*ROWS["data"]["rows"], ROWS["data"]["rows"][0]]),
    "no parts": (ROWS, ("data", "rows"), []),
    "a row about something else": (
        ROWS,
        ("data", "rows", 0, "certificate"),
        ROWS["data"]["rows"][1]["certificate"],
    ),
    "another factor than the row's": (ROWS, (*CODE, 6, 2), ["1", "-1", "1", "0"]),
    "a shared variable": (ROWS, (*CODE, 4, 1), [0]),
    "another variable than said": (ROWS, ("data", "rows", 0, "parts", 1, "variables"), [2]),
    "a variable of two parts": (ROWS, ("data", "rows", 0, "parts", 1, "variables"), [0]),
    "another place": (ROWS, ("data", "rows", 0, "parts", 1, "places"), [0, 3]),
    "too few places": (ROWS, ("data", "rows", 0, "parts", 1, "places"), []),
    "a row's other domain": (ROWS, ("data", "rows", 0, "certificate", *PROGRAM, "domain"), POSITIVE),
    "a refutation for a row": (ROWS, ("data", "rows", 0, "certificate"), SIGMOID),
    "an index that is no term": (ROWS, ("data", "rows", 0, "parts", 0, "terms"), [7]),
    "the whole as a term": (ROWS, ("data", "rows", 0, "parts", 0, "terms"), []),
    # shifts
    "another coefficient": (SHIFT, ("data", "coefficient"), "1"),
    "an atom that does not cancel": (SHIFT, ("data", "atom"), 0),
    "an atom out of range": (SHIFT, ("data", "atom"), 99),
    "less than it takes": (SHIFT, (*CODE, 9, 2), ["1/2", "1", "0"]),
    "a proof of something else": (SHIFT, ("data", "proof"), LOGISTIC),
    "no proof": (SHIFT, ("data", "proof"), None),
    # functions of probabilities
    "a little over the boundary": (MARGIN, (*CODE, 6, 2), ["-1", "1", "-100000000001/100000000000", "0"]),
    "a part that is not the value": (MARGIN, ("data", "parts", 0, "phi", 1, 0), "-1/2"),
    "a part that is not convex": (MARGIN, ("data", "parts", 0, "phi", 1, 0), "-2"),
    "another class": (MARGIN, ("data", "parts", 0, "label"), 1),
    "a class that is none": (MARGIN, ("data", "parts", 0, "label"), 3),
    "other logits": (MARGIN, ("data", "parts", 0, "family", 2, 1), "1"),
    "fewer classes": (MARGIN, ("data", "parts", 0, "family"), FAMILY[:2]),
    "one class": (MARGIN, ("data", "parts", 0, "family"), FAMILY[:1]),
    "no parts of a margin": (MARGIN, ("data", "parts"), []),
    "signs that are not": (MARGIN, ("data", "parts", 0, "argument"), "signs"),
    "an argument that is none": (MARGIN, ("data", "parts", 0, "argument"), "obvious"),
    "a broken power of a logarithm": (MARGIN, ("data", "parts", 0, "phi", 0, 3), 0.5),
    "a form that is not semidefinite": (RING, (*CODE, 6, 2), ["-1", "1", "-1", "0"]),
    "a form that is not the value's": (RING, ("data", "quadratic", 0, 2), "2"),
    "a negative form": (RING, ("data", "quadratic", 0, 2), "-1"),
    "no form": (RING, ("data", "quadratic"), []),
    "a template that is none": (RING, ("data", "parts", 0, "template"), "trust"),
    "a missing weight": (LAPLACIAN, ("data", "parts", 0, "weights"), [[0, 1, "", 0], [0, 2, "", 0]]),
    "a weight twice": (LAPLACIAN, ("data", "parts", 0, "weights", 2), [0, 2, "", 0]),
    "weights that are not positive": (
        LAPLACIAN,
        ("data",),
        {
            "program": changed(LAPLACIAN, (*CODE, 9, 2), ["-2", "2", "6", "0"])["data"]["program"],
            "quadratic": [],
            "parts": [
                changed(LAPLACIAN["data"]["parts"][0], ("terms", 1, 0), "6"),
            ],
        },
    ),
    # functions in pieces
    "a missing breakpoint": (PIECES, ("data", "functions", 0, "breakpoints"), ["-1", "1"]),
    "breakpoints out of order": (PIECES, ("data", "functions", 0, "breakpoints"), ["0", "-1", "1"]),
    "a jump": (PIECES, ("data", "functions", 0, "function", "instructions", 6, 2), ["1", "-1/3"]),
    "no term in a group": (PIECES, ("data", "groups"), []),
    "another scalar": (PIECES, ("data", "groups", 0, "argument", "coefficients", 1, 1), "1"),
    "another bias": (PIECES, ("data", "groups", 0, "argument", "bias"), "1"),
    "another scale": (PIECES, ("data", "groups", 0, "scale"), "2"),
    "a negative scale": (PIECES, ("data", "groups", 0, "scale"), "-1"),
    "a function that is none": (PIECES, ("data", "groups", 0, "function"), 1),
    "a domain that is too small": (PIECES, ("data", "functions", 0, "function", "domain"), POSITIVE),
}

BENT = {
    # what is under the select changes in both places, so that only the argument can be at fault
    "a slope that falls": (["linear", [3], ["2", "0"]], ["linear", [0], ["1", "1"]]),
    "a value that jumps": (["linear", [3], ["1/2", "0"]], ["linear", [0], ["1", "0"]]),
    "a concave piece": (["linear", [3], ["-1/2", "0"]], ["linear", [0], ["1", "-3/2"]]),
}


@pytest.mark.parametrize("name", BENT)
def test_a_function_in_pieces_that_is_not_convex_is_refused(name):
    near, far = BENT[name]
    data = copy.deepcopy(PIECES)
    for code, first in (
        (data["data"]["program"]["instructions"], 3),
        (data["data"]["functions"][0]["function"]["instructions"], 1),
    ):
        for k, (op, args, constants) in ((4, near), (5, far)):
            code[first + k] = [op, [a + first for a in args], constants]
    assert truth.not_convex(data["data"]["program"])
    assert not recheck(data)


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_certificate_is_refused(name):
    data, path, value = FORGED[name]
    assert recheck(data)
    assert not recheck(changed(data, path, value))


def test_weaker_claims_hold():
    weaker = changed(LOGISTIC, (*CLAIMS, 2, "range"), ["1/2", None, False, True])
    weaker = changed(weaker, (*CLAIMS, 3, "range"), ["-1", None, True, True])
    assert recheck(weaker)
    assert recheck(changed(LOGISTIC, (*CLAIMS, 4, "rule"), "any name"))


def test_a_remaining_multiple_of_the_atom_must_be_convex():
    more = changed(SHIFT, (*CODE, 9, 2), ["3", "1", "0"])
    assert recheck(changed(more, ("data", "coefficient"), "2"))
    less = changed(SHIFT, (*CODE, 9, 2), ["-1", "1", "0"])
    assert not recheck(changed(less, ("data", "coefficient"), "-2"))


def test_certificates_within_certificates_end_somewhere():
    nested: dict[str, Any] = {"rule": "rows", "data": {"program": ROWS["data"]["program"], "rows": []}}
    for _ in range(5000):
        nested = {
            "rule": "rows",
            "data": {"program": ROWS["data"]["program"], "rows": [{"certificate": nested, "parts": []}]},
        }
    assert not recheck(nested)


def test_a_program_that_is_deep_and_not_wide_is_read_without_recursion():
    rows = [var(0), *(["softplus", [i], []] for i in range(3000))]
    claims = [claim(ALL, 3), *(claim(POSITIVE, 1) for _ in range(3000))]
    assert recheck(facts(program(*rows), *claims))


def test_large_exponents_are_no_work():
    rows = [var(0), ["power", [0], ["1000000000000000000000"]], ["exp", [1], []], ["exp", [2], []]]
    assert not recheck(facts(program(*rows), *[claim(["1", None, False, True], 3)] * 4))
    assert not recheck(
        {"rule": "witness", "data": {"program": program(*rows), "a": ["-8"], "b": ["8"], "gap": "1"}, "steps": []}
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["power", [0], ["0"]]], claim(["1", "1", False, False], 7, 7)),
        ([["logsumexp", [0, 0], []], ["linear", [1], ["-1", "0"]]], claim(ALL, 1)),
        ([["linear", [0], ["0", "-100000"]], ["softplus", [1], []]], claim(["0", "1/1000", True, True], 7, 7, 7)),
        (
            [["linear", [0], ["1", "1"]], ["sigmoid", [0], []], ["sigmoid", [1], []], ["linear", [2, 3], SLICE]],
            claim(["0", "1", True, True], 0, 2),
        ),
        (
            [["linear", [0], ["-1", "0"]], ["softplus", [0], []], ["softplus", [1], []], ["linear", [2, 3], SLICE]],
            claim(ALL, 3),
        ),
    ],
    ids=["x^0", "-logsumexp(x, x)", "softplus(-100000)", "sigmoid(x + 1) - sigmoid(x)", "softplus(-x) - softplus(x)"],
)
def test_claims_that_hold(rows, expected):
    data = program(var(0), *rows)
    certificate = all_that_follows(data)
    certificate["data"]["claims"][-1] = expected
    convex = bool(expected["curvature"] & 1)
    assert recheck(certificate) == convex
    if not convex:  # then its logarithm is what is asked
        after = program(var(0), *rows, ["log", [len(rows)], []], ["linear", [len(rows) + 1], ["-1", "0"]])
        claims = [*certificate["data"]["claims"], claim(ALL, 2), claim(ALL, 1)]
        assert recheck(facts(after, *claims))
        assert not recheck(facts(after, *claims[:-3], claim(["0", "1", True, True], 0, 3), *claims[-2:]))


# ---- Random programs: all that the checker derives is true -------------------------------------------------------

NUMBERS = st.sampled_from(["0", "1", "-1", "2", "1/2", "-1/3", "3", "10"])
EXPONENTS = st.sampled_from(["2", "3", "-1", "1/2", "4", "-2", "3/2", "0", "1"])
SIGNS = [["1", "-1", "0"], ["-1", "1", "0"], ["1", "1", "0"], ["2", "-1", "1"], ["1", "-2", "0"]]
ONE_ARGUMENT = ["exp", "log", "softplus", "sigmoid", "tanh", "abs", "step", "step_closed", "sin", "cos", "atan", "erf"]
DOMAINS = [ALL, POSITIVE, ["0", "1", True, True], ["1", None, False, True], ["-3", "2", False, False]]


@st.composite
def programs(draw: st.DrawFn, size: int = 7) -> dict[str, Any]:
    variables = draw(st.integers(1, 3))
    rows: list[list[Any]] = [var(i) for i in range(variables)]
    for _ in range(draw(st.integers(1, size))):
        near = st.integers(max(0, len(rows) - 4), len(rows) - 1)
        x, y, z = draw(near), draw(near), draw(st.integers(0, len(rows) - 1))
        kind = draw(st.integers(0, 12))
        if kind <= 1:
            rows.append(["linear", [x, y], [draw(NUMBERS), draw(NUMBERS), draw(NUMBERS)]])
        elif kind == 2:
            rows.append(["multiply", [x, z], []])
        elif kind == 3:
            rows.append(["power", [x], [draw(EXPONENTS)]])
        elif kind == 4:
            rows.append([draw(st.sampled_from(["max", "logsumexp"])), [x, y, z], []])
        elif kind == 5:
            rows += [["step", [x], []], ["select", [len(rows), y, z], []]]
        elif kind == 6:
            rows += [["linear", [x, z], ["1", "1", draw(NUMBERS)]], ["power", [len(rows)], ["-1"]]]
            rows.append(["multiply", [x, len(rows) - 1], []])
        elif kind == 7:
            rows += [["logsumexp", [x, z], []], ["linear", [x, len(rows)], ["1", "-1", "0"]]]
            rows.append(["exp", [len(rows) - 1], []])
        elif kind == 8 and draw(st.booleans()):
            rows.append(["huber", [x], [draw(st.sampled_from(["1", "1/2", "3"]))]])
        elif kind == 8:
            rows.append([draw(st.sampled_from(["xlogx", "lgamma", "log"])), [x], []])
        elif kind == 9:  # between two values of one function
            op = draw(st.sampled_from(["sigmoid", "tanh", "erf", "atan"]))
            rows += [["linear", [x], ["1", draw(NUMBERS)]], [op, [x], []], [op, [len(rows)], []]]
            rows.append(["linear", [len(rows) - 2, len(rows) - 1], draw(st.sampled_from(SIGNS))])
        elif kind == 10:  # against its mirror image, beside a largest value that holds it
            rows += [["linear", [x], [draw(st.sampled_from(["-1", "-2"])), "0"]], ["softplus", [x], []]]
            rows += [["softplus", [len(rows) - 2], []]]
            rows.append(["linear", [len(rows) - 2, len(rows) - 1], draw(st.sampled_from(SIGNS))])
        elif kind == 11:
            rows += [["linear", [x, y], draw(st.sampled_from(SIGNS))], ["linear", [z], ["0", draw(NUMBERS)]]]
            rows += [["max", [len(rows) - 2, len(rows) - 1], []]]
            rows.append(["linear", [x, len(rows) - 1], draw(st.sampled_from(SIGNS))])
        else:
            rows.append([draw(st.sampled_from(ONE_ARGUMENT)), [x], []])
    return program(*rows, variables=variables, domain=draw(st.sampled_from(DOMAINS)))


def slow_enough(data: dict[str, Any]) -> bool:
    """Whether float64 can say anything: no value is so large that rounding hides the rest."""
    return bool((truth.chords(data, 200, 0)[-1] < 1e-2).all())


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(programs(), st.integers(0, 1000))
def test_all_that_the_checker_derives_is_true_and_replays(data, seed):
    certificate = all_that_follows(data)
    output = certificate["data"]["claims"][-1]
    assert recheck(certificate) == bool(output["defined"] and output["curvature"] & 1)
    if slow_enough(data):
        assert truth.lies(certificate, seed) is None


# ---- Random changes: what is still accepted is still true --------------------------------------------------------


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every leaf of a certificate."""
    if isinstance(data, dict):
        return [p for key, value in data.items() if key != "steps" for p in places(value, (*path, key))]
    if isinstance(data, list):
        return [p for key, value in enumerate(data) for p in places(value, (*path, key))] or [path]
    return [path]


OPERATIONS = [*ONE_ARGUMENT, "linear", "multiply", "power", "max", "logsumexp", "xlogx", "lgamma", "facts", "rows"]


def another(old: Any, draw: st.DrawFn) -> Any:
    """A value of the same kind, near or far."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return draw(st.sampled_from([0, 1, 2, 3, 7, old + 1, max(old - 1, 0)]))
    if old is None:
        return draw(NUMBERS)
    if isinstance(old, str) and old.lstrip("-").replace("/", "").isdigit():
        value = Fraction(old)
        near = [value + Fraction(1, 10**12), value - Fraction(1, 10**12), value + 1, value - 1, -value, 2 * value]
        return draw(st.sampled_from([*map(str, near), None, "nan"]) | NUMBERS)
    return draw(st.sampled_from(OPERATIONS))


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    source = draw(st.sampled_from(list(BY_HAND)) | programs(size=4))
    data = copy.deepcopy(BY_HAND[source] if isinstance(source, str) else all_that_follows(source))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(places(data)))
        node = data
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = another(node[path[-1]], draw)
    return data


def true(certificate: dict[str, Any], seed: int) -> str | None:
    """What is wrong with an accepted certificate, as far as numbers show."""
    data = certificate["data"]
    if not slow_enough(data["program"]):
        return None
    if certificate["rule"] == "facts":
        return truth.lies(certificate, seed)
    if certificate["rule"] == "witness":
        found, least = truth.gap(data["program"], data["a"], data["b"]), Fraction(data["gap"])
        enough = found * least.denominator >= least.numerator - 1e-40
        return None if found > 0 and enough else "there is no gap"
    if certificate["rule"] == "bounded":
        return truth.lies(certificate, seed) or (
            None if truth.not_convex(data["program"], seed) or truth.not_convex(data["program"], seed + 7) else "convex"
        )
    return truth.not_convex(data["program"], seed)


@settings(max_examples=700, deadline=None, suppress_health_check=QUIET)
@given(mutated(), st.integers(0, 1000))
def test_what_is_accepted_after_a_random_change_is_true(certificate, seed):
    if recheck(certificate):
        assert true(certificate, seed) is None


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(mutated(), st.integers(0, 1000))
def test_what_is_accepted_after_many_random_changes_is_true(certificate, seed):
    if recheck(certificate):
        assert true(certificate, seed) is None


KEYS = st.sampled_from(["rule", "data", "program", "claims", "status", "certificate", "witness", "instructions"])
SOMETHING = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(st.dictionaries(KEYS, st.recursive(SOMETHING, lambda x: st.lists(x) | st.dictionaries(KEYS, x), max_leaves=8)))
def test_no_json_makes_it_fail(data):
    assert recheck(data) is False


# ---- Whole verdicts ----------------------------------------------------------------------------------------------

SCOPE = Scope("the logits", "a function")
WITNESS = Witness((-2.0,), (0.0,), (-1.0,), 3.0, (-8.0, -1.0, 0.0))


def verdict(certificate: dict[str, Any], status: Status, witness: Witness | None = None) -> dict[str, Any]:
    evidence = Certificate(certificate["rule"], certificate["data"], ())
    return as_json(Verdict("convex", status, SCOPE, "by hand", evidence, witness))


def test_verdicts_are_replayed_with_their_status_and_witness():
    proved, refuted = verdict(NORM, Status.PROVED), verdict(CUBE, Status.REFUTED, WITNESS)
    assert recheck(proved)
    assert recheck(refuted)
    assert as_json(from_json(refuted)) == refuted
    assert recheck(verdict(SIGMOID, Status.REFUTED))
    for data, path, value in [
        (proved, ("status",), "refuted"),
        (proved, ("status",), "undecided"),
        (proved, ("property",), "bounded"),
        (proved, ("certificate",), None),
        (proved, ("witness",), refuted["witness"]),
        (refuted, ("status",), "proved"),
        (refuted, ("witness", "gap"), 3.5),
        (refuted, ("witness", "gap"), 0.0),
        (refuted, ("witness", "gap"), float("nan")),
        (refuted, ("witness", "midpoint"), [-1.5]),
        (refuted, ("witness", "a"), [-4.0]),
        (refuted, ("witness", "a"), [float("-inf")]),
        (refuted, ("witness", "b"), []),
        (refuted, ("certificate", "data", "a"), ["-4"]),
    ]:
        assert not recheck(changed(data, path, value)), path


def test_a_proof_by_cross_entropy_names_what_it_trusts():
    from lossaudit.recheck.axioms import AXIOMS, numbers
    from lossaudit.recheck.verdicts import examine

    shown = examine(CROSS_ENTROPY)
    assert (shown.shows, shown.rule, shown.instructions) == ("proved", "facts", 5)
    assert "log-sum" in shown.axioms
    assert "quadratic" not in shown.axioms
    assert set(numbers(shown.axioms)) < {number for number, _ in AXIOMS.values()}
