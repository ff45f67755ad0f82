"""Rules `margin` and `ring`: sums of functions of softmax probabilities, a quadratic form and something affine.

Lemma. Let f(x) = phi(p_y), p = softmax(x), x in R^K, and D = p (1 - p) d/dp. For K = 2, f is convex if D D phi >= 0 on
(0, 1); for K >= 3 if D phi <= 0 besides. Indeed phi(p_y) is the function g(m) = phi(sigmoid(m)) of the margin
m = x_y - logsumexp(all other x); g'' = D D phi >= 0 and g' = D phi <= 0, so g is convex and non-increasing, and m is
concave, for K = 2 affine. As D phi does not fall in p, it is <= 0 if its limit at p = 1 is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq

from lossaudit.recheck.algebra import (
    ONE_SYMBOL,
    Form,
    Ring,
    Sum,
    accumulate,
    combined,
    constant_form,
    evaluated,
    exponential,
    from_form,
    is_affine,
    multiplied,
    raised,
    times,
)
from lossaudit.recheck.intervals import ONE
from lossaudit.recheck.programs import Program, number, sequence, whole
from lossaudit.recheck.quadratic import Matrix, add_product, positive_semidefinite
from lossaudit.recheck.refusal import Refusal, demand
from lossaudit.recheck.scalar import Scalar, check_nonnegative, limit_is_nonpositive, read_scalar, slope
from lossaudit.recheck.simplex import check_laplacian, read_terms


def margin(data: Any, program: Program) -> frozenset[str]:
    """The value is affine plus the parts, and each part is convex by the lemma.

    Raises:
        Refusal: It is not.
    """
    ring = Ring()
    rest = evaluated(ring, program)
    for part in sequence(data["parts"]):
        accumulate(rest, _convex_by_margin(ring, part, program.variables), -ONE)
    demand(is_affine(ring, rest), "the value is not the sum of the parts")
    return frozenset({"margin"})


def ring(data: Any, program: Program) -> frozenset[str]:
    """The value is affine plus a quadratic form plus the parts, and each is convex.

    Raises:
        Refusal: It is not.
    """
    algebra = Ring()
    rest = evaluated(algebra, program)
    used: set[str] = set()
    matrix: Matrix = {}
    for row in sequence(data["quadratic"]):
        i, j, c = sequence(row, 3)
        left, right, factor = whole(i, program.variables), whole(j, program.variables), number(c)
        add_product(matrix, {left: ONE}, {right: ONE}, factor)
        x, y = (from_form(((("z", k), ONE),)) for k in (left, right))
        accumulate(rest, multiplied(x, y), -factor)
        used.add("quadratic")
    demand(positive_semidefinite(matrix), "the quadratic form is not positive semidefinite")
    for part in sequence(data["parts"]):
        template = part["template"]
        if template == "margin":
            accumulate(rest, _convex_by_margin(algebra, part, program.variables), -ONE)
        elif template == "margins":
            for one in sequence(part["margins"]):
                accumulate(rest, _convex_by_margin(algebra, one, program.variables), -ONE)
        elif template == "laplacian":
            accumulate(rest, _convex_by_laplacian(algebra, part, program.variables), -ONE)
        else:
            raise Refusal("there is no such template")
        used.add("laplacian" if template == "laplacian" else "margin")
    demand(is_affine(algebra, rest), "the value is not the sum of the parts")
    return frozenset(used)


def _family(data: Any, variables: int) -> list[Form]:
    """The arguments of a logsumexp, two at least."""
    forms: list[Form] = []
    for item in sequence(data):
        rows, bias = sequence(item, 2)
        form = constant_form(number(bias))
        for row in sequence(rows):
            variable, c = sequence(row, 2)
            form = combined(form, ((("z", whole(variable, variables)), number(c)),))
        forms.append(form)
    demand(len(forms) >= 2, "there is one class only")
    return forms


def _convex_by_margin(ring: Ring, part: Mapping[str, Any], variables: int) -> Sum:
    """A function of one probability that is convex by the lemma."""
    family = _family(part["family"], variables)
    label = whole(part["label"], len(family))
    phi = read_scalar(part["phi"])
    first = slope(phi)
    check_nonnegative(slope(first), part)
    demand(len(family) == 2 or limit_is_nonpositive(first), "the margin function does not fall")
    return _of_probability(ring, family, label, phi)


def _of_probability(ring: Ring, family: Sequence[Form], label: int, phi: Scalar) -> Sum:
    """phi(p_y) as a sum of terms."""
    log_p = combined(family[label], ring.logsumexp(family), -ONE)
    found = ring.one_minus(log_p)
    if found is None:
        demand(all(s[0] in (ONE_SYMBOL[0], "log") for s, _ in log_p), "a family's probability is not one")
        return {}  # a constant: all classes are alike
    log_q: Form = ((("n", *found), ONE),) if isinstance(found[0], int) else found
    total: Sum = {}
    for (a, r, b, e), c in phi.items():
        term = exponential(combined(times(a, log_p), times(r, log_q)))
        logs = multiplied(raised(from_form(log_p), b), raised(from_form(log_q), e))
        accumulate(total, multiplied(term, logs), c)
    return total


def _convex_by_laplacian(ring: Ring, part: Mapping[str, Any], variables: int) -> Sum:
    """A polynomial in probabilities and their logs whose Hessian is the Laplacian of a graph with weights >= 0."""
    family = _family(part["family"], variables)
    terms = read_terms(part["terms"], len(family))
    check_laplacian(terms, len(family), part["weights"])
    total_log = ring.logsumexp(family)
    logs = [combined(x, total_log, -ONE) for x in family]
    total: Sum = {}
    for (powers, log_powers), c in terms.items():
        exponent: Form = ()
        factor: Sum = {((), ()): ONE}
        for k, n in enumerate(powers):
            exponent = combined(exponent, logs[k], fmpq(n))
        for k, n in enumerate(log_powers):
            factor = multiplied(factor, raised(from_form(logs[k]), n)) if n else factor
        accumulate(total, multiplied(exponential(exponent), factor), c)
    return total
