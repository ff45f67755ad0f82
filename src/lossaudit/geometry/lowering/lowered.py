"""The scalars of one recorded function, and the table of operations that makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from lossaudit.geometry.interval import REALS, Interval, rational
from lossaudit.geometry.lowering.operands import LIMIT, Array, Call, NotLowered, Operands, Rule
from lossaudit.geometry.lowering.table import RULES
from lossaudit.geometry.program import Builder, Instruction, Program, Step
from lossaudit.pairing import Const, Value

ATOM = -1  # stands in `LoweredProgram.used` for an affine function of the user's variables

_ADDS_UP = frozenset({"sum", "prod", "cumsum", "cumprod"})  # these can be told to do so in whole numbers


@dataclass(frozen=True, slots=True)
class LoweredProgram:
    """A program with its variables numbered compactly.

    Attributes:
        program: In the variables that the value depends on.
        used: For each of its variables, which of the user's it is; `ATOM` where it is an affine function of them.
    """

    program: Program
    used: tuple[int, ...]


class Lowered:
    """Takes tensor operations apart; what a recorder of functions talks to.

    An id >= 0 is an instruction of `builder`. A negative id -(k + 1) is variable k as long as nothing has used it, so
    that a million weights cost nothing until they meet something other than an affine operation.

    Attributes:
        builder: The instructions so far.
        semantics: `"ideal"`, the real-number functions that the operations mean, or `"as coded"`, with the thresholds
            and clamps of the implementation.
        deviates: Where the two differ, for the operations that were met.

    >>> lowered = Lowered()
    >>> x, y = lowered.variables(2)
    >>> lowered.program(x).used
    (0,)
    """

    def __init__(self, semantics: str = "ideal") -> None:
        if semantics not in ("ideal", "as coded"):
            raise ValueError(f"semantics is 'ideal' or 'as coded', not {semantics!r}")
        self.builder = Builder()
        self.semantics = semantics
        self.deviates: list[str] = []
        self._count = 0
        self._atoms: list[range] = []
        self._made: dict[int, int] = {}  # the instructions of variables that were used, by id
        self._variables: dict[int, int] = {}  # and the variables, by instruction
        self._constants: dict[Any, int] = {}
        self._calls: list[tuple[Call, tuple[Array, ...]]] = []

    def variables(self, count: int, *, atoms: bool = False) -> Array:
        """Ids of `count` new variables; `atoms` says that they are affine functions of the earlier ones."""
        start = self._count
        self._count += count
        if atoms:
            self._atoms.append(range(start, self._count))
        return -np.arange(start + 1, self._count + 1, dtype=np.int64)

    def constants(self, values: Any) -> Array:
        """Ids for known numbers: every float is its exact binary fraction."""
        given = np.asarray(values)
        flat = given.ravel().tolist()
        return np.array([self._constant(value) for value in flat], dtype=np.int64).reshape(given.shape)

    def _constant(self, value: Any) -> int:
        index = self._constants.get(value)
        if index is None:
            index = self._constants[value] = self._new_constant(value)
        return index

    def _new_constant(self, value: Any) -> int:
        if isinstance(value, complex) or value != value:
            return self.builder.opaque(str(value))
        if value in (float("inf"), float("-inf")):
            return self.builder.infinity(1 if value > 0 else -1)
        return self.builder.constant(rational(value))

    def real(self, ids: Array) -> Array:
        """The same ids with every variable among them made an instruction."""
        if ids.size == 0 or ids.min() >= 0:
            return ids
        made = self._made
        flat = [i if i >= 0 else made[i] if i in made else self._variable(i) for i in ids.ravel().tolist()]
        return np.array(flat, dtype=np.int64).reshape(ids.shape)

    def _variable(self, short: int) -> int:
        index = self._made[short] = self.builder.variable(-short - 1)
        self._variables[index] = -short - 1
        return index

    def affine(self, ids: Array) -> bool:
        """Whether every element is an affine function of the variables."""
        instructions = self.builder.instructions

        def one(index: int) -> bool:
            op, args, _ = instructions[index]
            return op in ("variable", "constant") or (
                op == "linear" and all(instructions[a].op == "variable" for a in args)
            )

        return all(one(index) for index in np.unique(ids[ids >= 0]).tolist())

    def apply(self, call: Call) -> tuple[Array, ...] | None:
        """Ids of the results, in their shapes; None if the operation, in this form, is not known."""
        rule: Rule | None = RULES.get(call.op)
        if rule is None or (call.op in _ADDS_UP and _may_round(call.args.get("dtype"))):
            return None
        try:
            results = rule(Operands(self, call))
        except (NotLowered, ValueError, TypeError, IndexError):  # arguments in a form that the rule does not expect
            return None
        results = results if isinstance(results, tuple) else (results,)
        if call.shapes and tuple(r.shape for r in results) != tuple(map(tuple, call.shapes)):
            return None
        self._calls.append((call, results))
        return tuple(np.array(ids) for ids in results)  # copies: a recorder writes in place, and rules may pass ids on

    def opaque(self, call: Call) -> tuple[Array, ...]:
        """Ids for results of which nothing is known, except that they may depend on the call's operands."""
        name = call.spelled or call.op
        tracked = [np.asarray(o.ids) for o in call.operands.values() if hasattr(o, "ids")]
        small = sum(ids.size for ids in tracked) <= LIMIT
        args = sorted({int(i) for ids in tracked for i in self.real(ids).ravel().tolist()}) if small else []
        origin = self.builder.opaque(name, args)
        results: list[Array] = []
        for shape in call.shapes:
            size = int(np.prod(shape, dtype=np.int64))
            if size > LIMIT:  # all elements share one name; of every function of it nothing is known either
                results.append(np.full(shape, origin, dtype=np.int64))
                continue
            ids = [self.builder.opaque(name, (origin,)) for _ in range(size)]
            results.append(np.array(ids, dtype=np.int64).reshape(shape))
        self._calls.append((call, tuple(results)))
        return tuple(np.array(ids) for ids in results)

    def program(self, output: int, domain: Interval = REALS, *, compact: bool = True) -> LoweredProgram:
        """The program whose value is the scalar `output`.

        Args:
            output: An id.
            domain: Where each of the user's variables ranges. Affine functions of them range over all reals.
            compact: Whether variables that the value does not depend on are left out of the numbering.
        """
        top = int(self.real(np.array([int(output)]))[0])
        instructions = self.builder.instructions
        needed, todo = {top}, [top]
        while todo:
            for arg in instructions[todo.pop()].args:
                if arg not in needed:
                    needed.add(arg)
                    todo.append(arg)
        order = sorted(needed)
        place = {old: new for new, old in enumerate(order)}
        met = [self._variables[i] for i in order if i in self._variables]
        used = sorted(met) if compact else list(range(self._count))
        if len(order) == top + 1 and met == list(range(len(met))):
            kept = tuple(instructions[: top + 1])  # nothing moves
        else:
            number = {variable: fmpq(new) for new, variable in enumerate(used)}
            kept = tuple(
                Instruction(
                    instructions[i].op,
                    tuple(map(place.__getitem__, instructions[i].args)),
                    (number[self._variables[i]],) if i in self._variables else instructions[i].constants,
                )
                for i in order
            )
        atoms = {variable for block in self._atoms for variable in used if variable in block}
        names = tuple((place[i], name) for i, name in sorted(self.builder.names.items()) if i in place)
        program = Program(
            kept, place[top], len(used), REALS if atoms else domain, bool(atoms), self._steps(place), names
        )
        return LoweredProgram(program, tuple(ATOM if variable in atoms else variable for variable in used))

    def _steps(self, place: Mapping[int, int]) -> tuple[Step, ...]:
        steps: list[Step] = []
        for call, results in self._calls:
            ids = [i for ids in results if ids.size <= LIMIT for i in ids.ravel().tolist()]
            outputs = tuple(place[i] for i in (self._made.get(i, i) for i in ids) if i in place)
            if outputs:
                steps.append(Step(call.op, call.spelled, outputs, call.place))
        return tuple(steps)


def _may_round(dtype: Value | None) -> bool:
    if dtype is None or dtype == Const(None):
        return False
    return not ((isinstance(dtype, Const) and "float" in str(dtype.value)) or dtype == Const("torch.double"))
