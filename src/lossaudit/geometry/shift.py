"""Proofs through shifts: log(sum exp(z - m)) + m is log(sum exp(z)), whatever m is.

Stabilised spellings subtract an m (the largest logit) and add it back. With m set free, every instruction is looked
at as a function F of m and the rest. If F = F|_{m=0} + k m holds for the output, for all m, then convexity of
F|_{m=0}, and of k m, is enough. The rules, for one m:

- additive (f = f|_{m=0} + k m): m itself with k = 1; what does not depend on m with k = 0; linear combinations;
  max and logsumexp of functions with the same k; log of a multiplicative function; a choice between two with the same
  k; anything of functions with k = 0.
- multiplicative (f = f|_{m=0} exp(k m)): exp of an additive function; products and powers; |f|; sums without bias, and
  max, of functions with the same k.
- step(f) of a multiplicative f does not depend on m, nor does a choice that such a step makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from flint import fmpq

from lossaudit.geometry.composition import derive, prove_by_facts
from lossaudit.geometry.facts import Facts
from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.primitives.primitive import Curvature
from lossaudit.geometry.program import Instruction, Program, as_json, pruned
from lossaudit.verdict import Certificate

ZERO, ONE = fmpq(0), fmpq(1)
_ATOMS = ("max", "logsumexp", "log")
_MOST = 32  # atoms that are taken out of one program


class Shift(NamedTuple):
    """How a function depends on m: additive with this k, multiplicative with this k; None where it is not.

    A function that does not depend on m is both, with k = 0.
    """

    additive: fmpq | None = None
    multiplicative: fmpq | None = None


FIXED = Shift(ZERO, ZERO)
_UNKNOWN = Shift()


def prove_by_shift(program: Program) -> Certificate | None:
    """A proof that the program is convex because what stabilises it cancels; None if none is found.

    >>> from lossaudit.geometry.program import Builder
    >>> b = Builder()
    >>> z = [b.variable(i) for i in range(3)]
    >>> m = b.maximum(z)
    >>> total = b.linear((1, b.exp(b.minus(v, m))) for v in z)
    >>> loss = b.linear([(1, b.log(total)), (1, m), (-1, z[0])])  # log(sum exp(z - m)) + m - z_0
    >>> prove_by_shift(b.build(loss, 3)).rule
    'shift'
    """
    taken: list[tuple[Program, int, fmpq, Facts]] = []
    while len(taken) < _MOST:
        found = _removable(program)
        if found is None:
            return None
        taken.append((program, *found))
        program = without(program, found[0])
        proof = prove_by_facts(program)
        if isinstance(proof, Certificate):
            for outer, atom, k, facts in reversed(taken):
                proof = _certificate(outer, atom, k, facts, proof)
            return proof
    return None


def _removable(program: Program) -> tuple[int, fmpq, Facts] | None:
    """An instruction m that is needed for more than the final sum, with the output's k and its own facts."""
    inner = {a for i, instruction in enumerate(program.instructions) if i != program.output for a in instruction.args}
    atoms = [i for i in sorted(inner) if program.instructions[i].op in _ATOMS]
    if not atoms:
        return None
    facts = derive(program)
    second: tuple[int, fmpq, Facts] | None = None
    for atom in atoms:
        k = shifts(program, atom)[program.output].additive
        if k is None or not facts[atom].defined:
            continue
        if k == ZERO:
            return atom, k, facts[atom]
        if second is None and facts[atom].curvature & (Curvature.CONVEX if k > ZERO else Curvature.CONCAVE):
            second = atom, k, facts[atom]
    return second


def _certificate(program: Program, atom: int, k: fmpq, facts: Facts, proof: Certificate) -> Certificate:
    name = program.instructions[atom].op
    end = (
        "it cancels"
        if k == ZERO
        else f"{k} m is left over, and is convex ({name} is {str(facts.curvature.name).lower()})"
    )
    step = f"with m = {name}(...) set free, the value is the value at m = 0 plus {k} m: {end}"
    inner = {"rule": proof.rule, "data": dict(proof.data), "steps": list(proof.steps)}
    data = {"program": as_json(program), "atom": atom, "coefficient": str(k), "proof": inner}
    return Certificate("shift", data, (step, *proof.steps))


def without(program: Program, atom: int) -> Program:
    """The program with the constant 0 in the place of one instruction."""
    instructions = list(program.instructions)
    instructions[atom] = Instruction("constant", (), (ZERO,))
    return pruned(replace(program, instructions=tuple(instructions)))


def shifts(program: Program, atom: int) -> list[Shift]:
    """How each instruction depends on the value of instruction `atom`, all others being what they are."""
    found: list[Shift] = [FIXED] * len(program.instructions)
    found[atom] = Shift(ONE, None)
    for index in range(atom + 1, len(program.instructions)):
        op, args, constants = program.instructions[index]
        inner = [found[a] for a in args]
        if all(shift is FIXED for shift in inner):
            if op not in PRIMITIVES and op not in ("variable", "constant"):
                found[index] = _UNKNOWN
            continue
        rule = _RULES.get(op)
        shift = _UNKNOWN if rule is None else rule(inner, constants)
        found[index] = FIXED if ZERO in shift else shift
    return found


Rule: TypeAlias = Callable[[Sequence[Shift], Sequence[fmpq]], Shift]


def _same(values: Sequence[fmpq | None]) -> fmpq | None:
    """The value that all have in common."""
    first = values[0]
    return first if first is not None and all(v == first for v in values) else None


def _linear(inner: Sequence[Shift], constants: Sequence[fmpq]) -> Shift:
    additive: fmpq | None = ZERO
    for c, shift in zip(constants, inner, strict=False):
        additive = None if additive is None or shift.additive is None else additive + c * shift.additive
    bias = constants[-1]
    return Shift(additive, _same([s.multiplicative for s in inner]) if bias == ZERO else None)


def _multiply(inner: Sequence[Shift], _: Sequence[fmpq]) -> Shift:
    x, y = (s.multiplicative for s in inner)
    return Shift(None, None if x is None or y is None else x + y)


def _power(inner: Sequence[Shift], constants: Sequence[fmpq]) -> Shift:
    k = inner[0].multiplicative
    return Shift(None, None if k is None else constants[0] * k)


def _all_alike(inner: Sequence[Shift], _: Sequence[fmpq]) -> Shift:
    return Shift(_same([s.additive for s in inner]), _same([s.multiplicative for s in inner]))


def _step(inner: Sequence[Shift], _: Sequence[fmpq]) -> Shift:
    return FIXED if inner[0].multiplicative is not None else _UNKNOWN


def _select(inner: Sequence[Shift], constants: Sequence[fmpq]) -> Shift:
    condition, *branches = inner
    return _all_alike(branches, constants) if condition is FIXED else _UNKNOWN


_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "linear": _linear,
        "multiply": _multiply,
        "power": _power,
        "exp": lambda inner, _: Shift(None, inner[0].additive),
        "log": lambda inner, _: Shift(inner[0].multiplicative, None),
        "logsumexp": lambda inner, _: Shift(_same([s.additive for s in inner]), None),
        "max": _all_alike,
        "abs": lambda inner, _: Shift(None, inner[0].multiplicative),
        "step": _step,
        "step_closed": _step,
        "select": _select,
    }
)
