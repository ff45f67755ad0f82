"""Exact algebra in probabilities: which losses of softmax(z) or sigmoid(z) are equal for all z.

Logits are the probabilities themselves (`identity`), or are written as logarithms of probabilities: z_k = log p_k + s
with one s for all k, and s = 0 (the caller proves that a common shift does not matter); for one logit
z = log p_1 - log p_0. Probabilities add up to 1. Values are sums of `polynomial * product of atoms`, an atom being a
polynomial to a rational power. Polynomials have rational coefficients and these generators: p_1..p_K, and symbols for
logarithms and for whatever else a value is a function of; nothing is used of a symbol but that it is a number.

Everything here is an identity at every point with p_k > 0, sum p = 1, at which the program has a value, so equality is
proof; that two values are not found equal says nothing. That there is a value, the caller proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from lossaudit.geometry.interval import Interval
from lossaudit.geometry.program import Builder, Instruction, Program

ZERO, ONE = fmpq(0), fmpq(1)
SYMBOLS = 40
_MOST_TERMS = 3000

Powers: TypeAlias = tuple[tuple[int, fmpq], ...]
"""Which atoms, and their exponents; sorted, without zeros."""

Element: TypeAlias = dict[Powers, fmpq_mpoly]
"""A sum of polynomials times powers of atoms; no zeros."""


class NotRational(Exception):
    """A value that is not followed."""


class Algebra:
    """The algebra of K classes (of two for one logit).

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> z = [b.variable(0), b.variable(1)]
    >>> p = [b.exp(b.minus(x, b.logsumexp(z))) for x in z]
    >>> a = Algebra(2)
    >>> a.constant(a.element(b.build(b.plus(*p), 2)))
    1
    """

    def __init__(self, variables: int, *, identity: bool = False) -> None:
        self.variables = variables
        self.identity = identity
        self.classes = max(variables, 2)
        k = self.classes
        names = (*(f"p{i}" for i in range(k)), *(f"l{i}" for i in range(k)), *(f"s{i}" for i in range(SYMBOLS)))
        self.ring = fmpq_mpoly_ctx.get(names, "degrevlex")
        generators = self.ring.gens()
        self.p, self.l = generators[:k], generators[k : 2 * k]
        self._free = list(reversed(generators[2 * k :]))
        self.total = sum(self.p, self.ring.constant(0))
        self.atoms: list[fmpq_mpoly] = []
        self._symbols: dict[object, fmpq_mpoly] = {}
        self._logs: dict[int, fmpq_mpoly] = {k + i: p for i, p in enumerate(self.p)}  # what a generator is the log of

    # Elements

    def number(self, c: fmpq | int) -> Element:
        return {(): self.ring.constant(fmpq(c))} if c != 0 else {}

    def polynomial(self, f: fmpq_mpoly) -> Element:
        return {(): f} if f != 0 else {}

    def sum(self, terms: Iterable[Element], weights: Sequence[fmpq | int] | None = None) -> Element:
        """The sum of the terms, each with a weight, with what can be divided divided."""
        total: Element = {}
        given = list(terms)
        for element, weight in zip(given, weights or [1] * len(given), strict=True):
            for powers, f in element.items():
                total[powers] = total.get(powers, self.ring.constant(0)) + f * fmpq(weight)
        return self._reduced(total)

    def product(self, x: Element, y: Element) -> Element:
        total: Element = {}
        for powers, f in x.items():
            for more, g in y.items():
                key = _merged(powers, more)
                total[key] = total.get(key, self.ring.constant(0)) + f * g
        if sum(len(f) for f in total.values()) > _MOST_TERMS:
            raise NotRational("too many terms")
        return self._reduced(total)

    def _reduced(self, x: Element) -> Element:
        """A numerator that an atom divides takes it in, while the atom's exponent is negative or a fraction."""
        total: Element = {}
        for powers, f in x.items():
            if f == 0:
                continue
            kept = dict(powers)
            for atom, exponent in powers:
                e = exponent
                while e != 0:
                    if e >= 1:
                        f, e = f * self.atoms[atom], e - 1
                        continue
                    quotient, rest = divmod(f, self.atoms[atom])
                    if e > 0 or rest != 0:
                        break
                    f, e = quotient, e + 1
                kept[atom] = e
            key = tuple(sorted((a, e) for a, e in kept.items() if e != 0))
            total[key] = total.get(key, self.ring.constant(0)) + f
        done = {powers: f for powers, f in total.items() if f != 0}
        return done if done.keys() == x.keys() else self._reduced(done)

    def _joined(self, x: Element) -> Element:
        """The same as one polynomial times powers of atoms: over a common denominator."""
        if not x:
            raise NotRational("a power or a logarithm of 0")
        atoms = {a for powers in x for a, _ in powers}
        least = {a: min(dict(powers).get(a, ZERO) for powers in x) for a in atoms}
        total = self.ring.constant(0)
        for powers, f in x.items():
            for a, low in least.items():
                more = dict(powers).get(a, ZERO) - low
                if more.q != 1:
                    raise NotRational("a sum of different powers")
                f = f * self.atoms[a] ** int(more.p)
            total += f
        if total == 0:
            raise NotRational("a power or a logarithm of 0")
        return {tuple(sorted((a, e) for a, e in least.items() if e != 0)): total}

    def power(self, x: Element, r: fmpq) -> Element:
        if r.q == 1 and 0 <= r <= 8:
            result = self.number(1)
            for _ in range(int(r.p)):
                result = self.product(result, x)
            return result
        ((powers, f),) = self._joined(x).items()
        content, monomial, rest = self._split(f, signed=r.q == 1)
        if r.q != 1 and not all(self._positive(self.atoms[a]) for a, _ in powers):
            raise NotRational("a fractional power of something whose sign is not known")
        if r.q != 1 and content != 1:
            if content < 0:
                raise NotRational("a fractional power of a negative factor")
            own = self._symbol(("power", str(content), str(r)))
            scale = self.polynomial(own)
        else:
            scale = self.number(content ** int(r.p) if r.q == 1 else 1)
        key: Powers = tuple((a, e * r) for a, e in powers)
        for generator, exponent in monomial:
            key = _merged(key, ((self._atom(generator), exponent * r),))
        if rest is not None:
            key = _merged(key, ((self._atom(rest), r),))
        return self.product({key: self.ring.constant(1)}, scale)

    def _split(self, f: fmpq_mpoly, *, signed: bool) -> tuple[fmpq, list[tuple[fmpq_mpoly, fmpq]], fmpq_mpoly | None]:
        """f = content * product of generators * rest, rest with leading coefficient 1; None if it is 1 (or sum p).

        Generators other than the p_k may be negative; they are taken out only where that does not matter (`signed`).
        """
        f = self._homogeneous(f)
        terms = {tuple(map(int, e)): c for e, c in f.to_dict().items()}
        size = len(next(iter(terms)))
        least = [min(e[i] for e in terms) if signed or i < self.classes else 0 for i in range(size)]
        lowered = self.ring.from_dict(
            {tuple(a - b for a, b in zip(e, least, strict=True)): c for e, c in terms.items()}
        )
        content = lowered.coeffs()[0]
        rest = lowered / content
        generators = self.ring.gens()
        monomial = [(generators[i], fmpq(e)) for i, e in enumerate(least) if e]
        return content, monomial, None if rest == 1 or rest == self.total else rest

    def _homogeneous(self, f: fmpq_mpoly) -> fmpq_mpoly:
        """1 - p_k is the sum of the other p: with 1 = sum p, where f is linear in the p alone."""
        terms = f.to_dict()
        if any(sum(map(int, e)) > 1 or any(map(int, e[self.classes :])) for e in terms):
            return f
        constant = terms.get((0,) * len(self.ring.gens()), ZERO)
        return f + constant * (self.total - 1)

    def _positive(self, f: fmpq_mpoly) -> bool:
        """Whether f is a polynomial in the p_k with positive coefficients."""
        terms = f.to_dict()
        return all(c > 0 and not any(map(int, e[self.classes :])) for e, c in terms.items())

    def _atom(self, f: fmpq_mpoly) -> int:
        for index, atom in enumerate(self.atoms):
            if atom == f:
                return index
        self.atoms.append(f)
        return len(self.atoms) - 1

    def _symbol(self, key: object) -> fmpq_mpoly:
        if key not in self._symbols:
            if not self._free:
                raise NotRational("too many symbols")
            self._symbols[key] = self._free.pop()
        return self._symbols[key]

    def log(self, x: Element) -> Element:
        """Log of one product of powers: a linear combination of symbols."""
        ((powers, f),) = self._joined(x).items()
        content, monomial, rest = self._split(f, signed=False)
        if content <= 0 or not all(self._positive(self.atoms[a]) for a, _ in powers):
            raise NotRational("the logarithm of something whose sign is not known")
        parts = [(ONE, rest)] if rest is not None else []
        parts += [(e, g) for g, e in monomial] + [(e, self.atoms[a]) for a, e in powers]
        total = self.ring.constant(0)
        for e, g in parts:
            k = next((i for i in range(self.classes) if g == self.p[i]), None)
            total += e * (self.l[k] if k is not None else self._log_symbol(g))
        if content != 1:
            total += self._symbol(("log", str(content)))
        return self.polynomial(total)

    def _log_symbol(self, g: fmpq_mpoly) -> fmpq_mpoly:
        symbol = self._symbol(("log", str(g)))
        self._logs[self.ring.gens().index(symbol)] = g
        return symbol

    def exp(self, x: Element) -> Element:
        """Exp of a rational combination of the log p_k."""
        if any(powers for powers in x):
            raise NotRational("the exponential of a quotient")
        f = x.get((), self.ring.constant(0))
        result = self.number(1)
        for exponents, c in f.to_dict().items():
            e = tuple(map(int, exponents))
            k = next((i for i in range(self.classes) if e[self.classes + i] == 1 and sum(e) == 1), None)
            if k is None:
                raise NotRational("the exponential of something else than logarithms of probabilities")
            if c.q == 1 and c > 0:
                factor = self.polynomial(self.p[k] ** int(c.p))
            else:
                power: Powers = ((self._atom(self.p[k]), c),)
                factor = {power: self.ring.constant(1)}
            result = self.product(result, factor)
        return result

    # Programs

    def element(self, program: Program) -> Element:
        """The program's value at z = log p.

        Raises:
            NotRational: It is not followed.
        """
        return self.elements(program, [program.output])[0]

    def elements(self, program: Program, outputs: Sequence[int]) -> list[Element]:
        """The values of several instructions."""
        values: dict[int, Element] = {}
        needed = set(outputs)
        for index in range(max(outputs), -1, -1):
            if index in needed:
                needed.update(program.instructions[index].args)
        for index in sorted(needed):
            values[index] = self._value(program.instructions[index], values)
        return [values[i] for i in outputs]

    def logits(self) -> list[Element]:
        """z, in terms of the probabilities."""
        if self.identity:
            return [self.polynomial(x) for x in self.p]
        if self.variables == 1:
            return [self.polynomial(self.l[1] - self.l[0])]
        return [self.polynomial(x) for x in self.l]

    def _value(self, instruction: Instruction, values: Mapping[int, Element]) -> Element:
        op, args, constants = instruction
        xs = [values[a] for a in args]
        if op == "variable":
            return self.logits()[int(constants[0].p)]
        if op == "constant":
            return self.number(constants[0])
        if op == "linear":
            return self.sum([*xs, self.number(1)], constants)
        if op == "multiply":
            return self.product(*xs)
        if op == "power":
            return self.power(xs[0], constants[0])
        if op == "exp":
            return self.exp(xs[0])
        if op == "log":
            return self.log(xs[0])
        if op == "xlogx":
            return self.product(xs[0], self.log(xs[0]))
        if op == "logsumexp":
            return self.log(self.sum([self.exp(x) for x in xs]))
        if op == "softplus":
            return self.log(self.sum([self.number(1), self.exp(xs[0])]))
        if op == "sigmoid":
            odds = self.exp(xs[0])
            return self.product(odds, self.power(self.sum([self.number(1), odds]), -ONE))
        if op == "tanh":
            double = self.exp(self.sum(xs, [2]))
            share = self.product(double, self.power(self.sum([self.number(1), double]), -ONE))
            return self.sum([share, self.number(-1)], [2, 1])
        if op == "abs":
            return self._absolute(xs[0])
        raise NotRational(f"{op} is not algebra")

    def _absolute(self, x: Element) -> Element:
        """|x| of a probability, of one less 1, or of a sum with coefficients of one sign."""
        if set(x) <= {()}:
            f = x.get((), self.ring.constant(0))
            for sign in (1, -1):
                if self._positive(f * sign) or self._positive(f * sign - 1 + self.total):
                    return self.polynomial(f * sign)
        raise NotRational("an absolute value")

    # Equality

    def constant(self, x: Element) -> fmpq | None:
        """The number that x is on the simplex; None if it is not found to be one."""
        if not x:
            return ZERO
        reduced = self._on_simplex(x)
        if not reduced:
            return ZERO
        if set(reduced) != {()} or not reduced[()].is_constant():
            return None
        return reduced[()].coeffs()[0]

    def shared(self, parts: Sequence[Element]) -> Element:
        """The terms that all elements have, with the same coefficient."""
        total: Element = {}
        for powers, f in parts[0].items():
            terms = f.to_dict()
            for other in (part.get(powers) for part in parts[1:]):
                there = self.ring.constant(0).to_dict() if other is None else other.to_dict()
                terms = {e: c for e, c in terms.items() if there.get(e) == c}
            if terms:
                total[powers] = self.ring.from_dict(terms)
        return total

    def program(self, x: Element, domain: Interval) -> Program:
        """An element as a program in the probabilities, each in `domain`; equal to it where they add up to 1.

        A polynomial is written in the first K - 1 of them.
        """
        builder = Builder()
        plain = set(x) <= {()} and all(not any(map(int, e[self.classes :])) for f in x.values() for e in f.to_dict())
        written = self._on_simplex(x) if plain else x
        terms = [self._term(builder, powers, f) for powers, f in written.items()]
        n = self.classes - 1 if plain else self.classes
        return builder.build(builder.linear([(1, t) for t in terms]), n, domain=domain)

    def _term(self, builder: Builder, powers: Powers, f: fmpq_mpoly) -> int:
        by_log: dict[int | None, dict[tuple[int, ...], fmpq]] = {}
        for exponents, c in f.to_dict().items():
            e = list(map(int, exponents))
            logs = [i for i in range(self.classes, len(e)) if e[i]]
            if len(logs) > 1 or (logs and (e[logs[0]] > 1 or logs[0] not in self._logs)):
                raise NotRational("more than one logarithm")
            if logs:
                e[logs[0]] = 0
            by_log.setdefault(logs[0] if logs else None, {})[tuple(e)] = c
        total: list[tuple[fmpq | int, int]] = []
        for generator, terms in by_log.items():
            g = self.ring.from_dict(terms)
            if generator is None:
                total.append((1, self._written(builder, g)))
                continue
            inner = self._logs[generator]
            quotient, rest = divmod(g, inner)
            if rest != 0 or not quotient.is_constant():
                raise NotRational("a logarithm that is not multiplied with its own argument")
            total.append((quotient.coeffs()[0], builder.add("xlogx", (self._written(builder, inner),))))
        own = builder.linear(total)
        for atom, exponent in powers:
            own = builder.multiply(own, builder.power(self._written(builder, self.atoms[atom]), exponent))
        return own

    def _written(self, builder: Builder, f: fmpq_mpoly) -> int:
        terms: list[tuple[fmpq, int]] = []
        for exponents, c in f.to_dict().items():
            e = tuple(map(int, exponents))
            if any(e[self.classes :]):
                raise NotRational("a symbol that stands for something else")
            own = builder.constant(1)
            for k, power in enumerate(e[: self.classes]):
                if power:
                    own = builder.multiply(own, builder.power(builder.variable(k), power))
            terms.append((c, own))
        return builder.linear(terms)

    def _on_simplex(self, x: Element) -> Element:
        """With p_K = 1 - the others."""
        generators = list(self.ring.gens())
        generators[self.classes - 1] = 1 - sum(self.p[:-1], self.ring.constant(0))
        return {powers: g for powers, f in x.items() if (g := f.compose(*generators, ctx=self.ring)) != 0}


def _merged(x: Powers, y: Powers) -> Powers:
    total = dict(x)
    for atom, exponent in y:
        total[atom] = total.get(atom, ZERO) + exponent
    return tuple(sorted((a, e) for a, e in total.items() if e != 0))
