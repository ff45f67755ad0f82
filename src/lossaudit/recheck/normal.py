"""Programs up to exact simplification of sums: which instructions are the same function."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from flint import fmpq

from lossaudit.recheck.intervals import ONE, ZERO
from lossaudit.recheck.programs import Instruction

_SYMMETRIC = frozenset({"max", "multiply", "logsumexp"})


class Names:
    """Gives equal names to instructions that are equal after all sums are taken together.

    A term of a sum whose coefficient is 0 stays, since it may have no value somewhere; only variables are left out.
    Names can be compared between programs that were read by the same object.
    """

    def __init__(self) -> None:
        self._names: dict[Hashable, int] = {}
        self._sums: dict[int, tuple[tuple[tuple[int, fmpq], ...], fmpq]] = {}
        self._variables: set[int] = set()

    def of(self, instructions: Sequence[Instruction], instead: Mapping[int, fmpq] | None = None) -> list[int]:
        """A name for each instruction; those in `instead` are taken to be constants."""
        names: list[int] = []
        for index, (op, args, constants) in enumerate(instructions):
            value = None if instead is None else instead.get(index)
            if value is not None:
                names.append(self._sum({}, value))
            elif op == "constant":
                names.append(self._sum({}, constants[0]))
            elif op == "linear":
                names.append(self._linear([names[a] for a in args], constants))
            else:
                given = [names[a] for a in args]
                names.append(self._name((op, tuple(sorted(given) if op in _SYMMETRIC else given), constants)))
                if op == "variable":
                    self._variables.add(names[-1])
        return names

    def _linear(self, args: Sequence[int], constants: Sequence[fmpq]) -> int:
        total: dict[int, fmpq] = {}
        bias = constants[-1]
        for c, name in zip(constants, args, strict=False):
            terms, inner = self._sums.get(name, (((name, ONE),), ZERO))
            bias += c * inner
            for term, v in terms:
                total[term] = total.get(term, ZERO) + c * v
        return self._sum(total, bias)

    def _sum(self, total: Mapping[int, fmpq], bias: fmpq) -> int:
        terms = tuple(sorted((t, c) for t, c in total.items() if c != 0 or t not in self._variables))
        if len(terms) == 1 and terms[0][1] == 1 and bias == 0:
            return terms[0][0]
        name = self._name(("linear", terms, bias))
        self._sums[name] = terms, bias
        return name

    def _name(self, key: Hashable) -> int:
        return self._names.setdefault(key, len(self._names))
