"""Losses of one probability, whatever the number of classes.

Lemma. Let f(z) = phi(p_y), p = softmax(z), z in R^K. With h = p phi'(p), grad f = h(p_y) (e_y - p), and
|e_y - p|^2 = (1 - p_y)^2 + sum_{k != y} p_k^2 <= 2 (1 - p_y)^2, with equality in the limit where one other class has
all the rest, and always for K = 2. So the supremum of |grad f| is the same for every K >= 2.
"""

from __future__ import annotations

from flint import fmpq

from lossaudit.geometry.program import Builder, Program
from lossaudit.geometry.ring.elements import recognise
from lossaudit.geometry.ring.forms import NotInRing
from lossaudit.geometry.ring.parts import Rewriting

_ONE = fmpq(1)


def for_two_classes(program: Program) -> Program | None:
    """The same function phi(p_y) of two logits, class y first; None if the program is not one of one probability.

    >>> b = Builder()
    >>> z = [b.variable(i) for i in range(5)]
    >>> two = for_two_classes(b.build(b.minus(b.logsumexp(z), z[3]), 5))
    >>> two.variables
    2
    """
    try:
        value, families = recognise(program)
        if len(families) != 1 or len(families[0].arguments) != program.variables:
            return None
        plain = {((("z", j, 0), _ONE),) for j in range(program.variables)}
        if set(families[0].arguments) != plain:
            return None
        terms = Rewriting(families[0]).part(value, up_to_affine=False)
    except NotInRing:
        return None
    classes = {k for key in terms for exponents in key for k, _ in exponents}
    if len(classes) != 1:
        return None
    builder = Builder()
    z = [builder.variable(0), builder.variable(1)]
    total = builder.logsumexp(z)
    own, other = (builder.minus(x, total) for x in z)  # log p and log(1 - p)
    parts: list[tuple[fmpq, int]] = []
    for (ps, ls, cs, ns), coefficient in terms.items():
        p, c = (next((e for _, e in exponents), fmpq(0)) for exponents in (ps, cs))
        product = builder.exp(builder.linear(((p, own), (c, other))))
        for log, exponents in ((own, ls), (other, ns)):
            for _, e in exponents:
                product = builder.multiply(product, builder.power(log, e))
        parts.append((coefficient, product))
    return builder.build(builder.linear(parts), 2)
