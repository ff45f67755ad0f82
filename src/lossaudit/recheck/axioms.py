"""The base facts that the checker trusts: all else that a certificate says is derived from them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lossaudit.recheck import named
from lossaudit.recheck.operations import OPERATIONS
from lossaudit.recheck.patterns import PATTERNS
from lossaudit.recheck.replay import RULES


@dataclass(frozen=True, slots=True)
class Axiom:
    """A fact that is trusted.

    Attributes:
        name: As the rules refer to it.
        words: What it says.
        formula: The same in one line of mathematics.
    """

    name: str
    words: str
    formula: str


_AXIOMS = (
    Axiom("exact", "Fractions are computed exactly (FLINT).", "a/b + c/d, a/b * c/d, a/b < c/d"),
    Axiom("balls", "A ball that Arb computes contains the true value.", "x in X implies f(x) in F(X)"),
    Axiom("chord", "A convex function lies nowhere above its chords.", "f((a + b)/2) <= (f(a) + f(b))/2"),
    Axiom("bounded", "A convex function that is bounded above on all of R^n is constant.", "f <= M on R^n: f = c"),
    Axiom("sum", "Sums of convex functions with factors >= 0 are convex; so are affine functions.", "f + c g, c >= 0"),
    Axiom(
        "composition",
        "A convex function that rises (falls) where a convex (concave) one takes values is convex after it; after an"
        " affine one every convex function is.",
        "h convex, h' >= 0, g convex: h(g) convex",
    ),
    Axiom("max", "The largest of convex functions is convex; |x| is the larger of x and -x.", "max(f, g)"),
    Axiom("exp", "exp is positive, convex and increasing, and log is its inverse.", "exp'' = exp > 0"),
    Axiom(
        "log-sum",
        "Sums of log-convex functions are log-convex (Hoelder), and log-convex functions are convex.",
        "log(exp f + exp g) convex if f and g are",
    ),
    Axiom("log-product", "Logs of products are sums, of powers multiples.", "log(f g^r) = log f + r log g"),
    Axiom("log-complement", "log(1 - exp x) is concave and falls on x < 0.", "(log(1 - e^x))'' = -e^x/(1 - e^x)^2"),
    Axiom("logistic", "The log of log(1 + exp x) is concave and increasing.", "log(1 + e^x) <= e^x"),
    Axiom(
        "power",
        "x^r on x > 0 is convex for r >= 1 and r <= 0 and concave between; rising for r > 0, falling for r < 0.",
        "(x^r)'' = r (r - 1) x^(r-2)",
    ),
    Axiom(
        "s-shaped",
        "sigmoid, tanh, atan and erf are increasing, convex on x <= 0 and concave on x >= 0, between their limits.",
        "f'(x) = f'(-x) > 0, f'' <= 0 on x >= 0",
    ),
    Axiom("xlogx", "x log x is convex on x >= 0, with 0 log 0 = 0 and its least value at 1/e.", "(x log x)'' = 1/x"),
    Axiom("gamma", "log Gamma is convex on x > 0 (Bohr, Mollerup), least at 1.4616.", "(log Gamma)'' = sum 1/(x+k)^2"),
    Axiom(
        "sine", "Sine and cosine lie between -1 and 1, and are each other's derivative.", "sin'' = -sin, cos'' = -cos"
    ),
    Axiom("quadratic", "A quadratic form is convex if its matrix is L D L' with D >= 0.", "x'Ax = sum d_i (L'x)_i^2"),
    Axiom(
        "log-integral",
        "Integrals of a log-concave density up to x, or from x on, are log-concave in x; from y to x in (x, y)"
        " (Prekopa). Those of sigmoid, tanh and erf are.",
        "log(1 + erf x), log(1 - exp(-exp x)), log(sigmoid x - sigmoid y) concave",
    ),
    Axiom(
        "margin",
        "A function g of m = x_y - logsumexp(other x) is convex in x if g'' >= 0 and g' <= 0; for two classes, if"
        " g'' >= 0. Polynomials keep their sign between roots, which Sturm's theorem counts.",
        "phi(p_y) = g(m), g' = D phi, D = p(1 - p) d/dp",
    ),
    Axiom(
        "laplacian",
        "A function with a positive semidefinite Hessian is convex; one whose rows add up to 0 with no positive entry"
        " off the diagonal is.",
        "v'Hv = sum_{i<j} -H_ij (v_i - v_j)^2",
    ),
    Axiom(
        "gluing",
        "A function of one variable is convex if it is convex between breakpoints, continuous at them, and its slope"
        " does not fall there.",
        "g'(a - 0) <= g'(a + 0)",
    ),
    Axiom(
        "second derivative",
        "A function of one variable is convex where g'' >= 0; polynomials keep their sign between roots, which Sturm's"
        " theorem counts.",
        "g'' >= 0 on (a, b)",
    ),
    Axiom("norm", "A p-norm is convex, and rises in each entry >= 0 (Minkowski).", "|u + v| <= |u| + |v|"),
    Axiom("perspective", "|u|^q / v^p is convex for v > 0, q >= p + 1, and falls in v.", "v |u/v|^q v^(q-p-1)"),
    Axiom("relative entropy", "x log(x/y) is convex in x, y > 0 together, and falls in y.", "y g(x/y), g = t log t"),
)

AXIOMS: Mapping[str, tuple[int, Axiom]] = MappingProxyType({a.name: (n, a) for n, a in enumerate(_AXIOMS, 1)})
"""Each axiom with its number."""


def numbers(names: Iterable[str]) -> tuple[int, ...]:
    """The numbers of some axioms, in order."""
    return tuple(sorted(AXIOMS[name][0] for name in names))


def uses() -> dict[str, tuple[str, ...]]:
    """Where each axiom is used: names of rules and operations."""
    places: dict[str, list[str]] = {name: [] for name in AXIOMS}
    tables: tuple[tuple[str, Iterable[str]], ...] = (
        *((f"rule {name}", (*rule.axioms, *rule.may_use)) for name, rule in RULES.items()),
        *((name, operation.axioms) for name, operation in OPERATIONS.items()),
        *((p.facts.__name__, p.axioms) for several in PATTERNS.values() for p in several),
        *((f"named pairings, {name}", axioms) for name, (_, axioms) in named.SHOWS.items()),
    )
    for place, axioms in tables:
        for axiom in axioms:
            if place not in places[axiom]:
                places[axiom].append(place)
    return {name: tuple(found) for name, found in places.items()}
