"""The abstract run of a program: its state, and what handlers and the parts of the interpreter ask of it.

Expressions, statements, calls and objects have a file each; all of them work on one `Interpreter`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product

from lossaudit.pairing import Args, Place
from lossaudit.readers.source import (
    attributes,
    calls,
    computations,
    containers,
    expressions,
    functions,
    imports,
    operations,
    statements,
)
from lossaudit.readers.source.conditions import (
    Alternatives,
    Guards,
    alternatives,
    compatible,
    join,
    known,
    narrowed,
    negation,
)
from lossaudit.readers.source.frame import Exhausted, Frame, Met
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.store import Store
from lossaudit.readers.source.tables import Tables
from lossaudit.readers.source.text import Text
from lossaudit.readers.source.values import (
    Call,
    Choice,
    Class,
    External,
    Function,
    Module,
    Object,
    Opaque,
    Tensor,
    Value,
)

_COMBINATIONS = 16
_STEPS_OF_A_FILE = 400_000


@dataclass(slots=True)
class Interpreter:
    """One run. `guards` are the conditions of the path that is being followed.

    Attributes:
        met: Losses that were computed, in order.
        functions, classes: Definitions that were met, with whether they were entered.
        instances: Objects of each class of the linted tree that the program makes itself.
        maximised: Ids of losses that stand in a sum with a negative sign.
        asked: Tensors for which the program asks for a gradient, by their ids.
    """

    project: Project
    tables: Tables
    store: Store = field(default_factory=Store)
    guards: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    texts: dict[str, Text] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    met: list[Met] = field(default_factory=list)
    functions: dict[ast.AST, Function] = field(default_factory=dict)
    classes: dict[ast.AST, Class] = field(default_factory=dict)
    entered: set[ast.AST] = field(default_factory=set)
    instances: dict[ast.AST, list[Object]] = field(default_factory=dict)
    maximised: set[int] = field(default_factory=set)
    asked: dict[int, Tensor] = field(default_factory=dict)
    leaves: dict[object, tuple[Tensor, Value]] = field(default_factory=dict)
    depth: int = 0
    without_gradient: int = 0
    steps: int = 0
    limit: int = _STEPS_OF_A_FILE
    _fresh: int = 0

    # Runs that share what they import

    def copy(self) -> Interpreter:
        """A run that begins where this one stands. It writes into the same cells: the caller takes that back."""
        return replace(
            self,
            guards=[],
            frames=[],
            texts=self.texts.copy(),
            modules=self.modules.copy(),
            parents=self.parents.copy(),
            met=[],
            functions={},
            entered=set(),
            instances={cls: made[:] for cls, made in self.instances.items()},
            maximised=set(),
            asked={},
            leaves={},
            steps=0,
        )

    # Where the run stands

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def place(self, node: ast.expr | ast.stmt) -> Place:
        frame = self.frame
        return self.texts[frame.module.path].place(node, frame.name, frame.via)

    def step(self) -> None:
        """One more step of a run that must end."""
        self.steps += 1
        if self.steps > self.limit:
            raise Exhausted

    def symbol(self, name: str) -> str:
        """A name that nothing else has."""
        self._fresh += 1
        return f"{name}_{self._fresh}"

    # Possibilities

    def truth(self, value: Value) -> tuple[bool | None, str]:
        """Whether a value is true, if that is known; else a condition for it."""
        value = narrowed(value, self.guards)
        if isinstance(value, Choice):
            return self._truth_of_choice(value)
        plain = computations.plain_truth(self, value)
        if plain is not None:
            return plain, ""
        symbol = value.symbol if isinstance(value, Opaque) and value.symbol else self.symbol("condition")
        return known(symbol, self.guards), symbol

    def _truth_of_choice(self, value: Choice) -> tuple[bool | None, str]:
        truths = [(guards, computations.plain_truth(self, each)) for guards, each in value.alternatives]
        if all(truth is True for _, truth in truths):
            return True, ""
        if all(truth is False for _, truth in truths):
            return False, ""
        right = [guards for guards, truth in truths if truth is not False]
        wrong = [guards for guards, truth in truths if truth is not True]
        for guards, opposite in ((right, False), (wrong, True)):
            if len(guards) == 1 and len(guards[0]) == 1 and all(truth is not None for _, truth in truths):
                return None, negation(guards[0][0]) if opposite else guards[0][0]
        return None, self.symbol("condition")

    @contextmanager
    def given(self, guards: Guards) -> Iterator[None]:
        """Follow a path on which the guards hold."""
        depth = len(self.guards)
        self.guards.extend(guard for guard in guards if guard not in self.guards)
        try:
            yield
        finally:
            del self.guards[depth:]

    def spread(self, values: Sequence[Value], function: Callable[[tuple[Value, ...]], Value]) -> Value:
        """A function of values that are no choices, applied to each combination of possibilities."""
        if not any(isinstance(value, Choice) for value in values):
            return function(tuple(values))
        options = [alternatives(narrowed(value, self.guards)) for value in values]
        count = 1
        for option in options:
            count *= len(option)
        if count > _COMBINATIONS:
            return Opaque("too many possibilities")
        outcomes: list[tuple[Guards, dict[tuple[int, str], Value], Value]] = []
        for combination in product(*options):
            guards: Guards = ()
            for conditions, _ in combination:
                if not compatible(conditions, (*self.guards, *guards)):
                    break
                guards = (*guards, *(each for each in conditions if each not in guards))
            else:
                mark = self.store.mark()
                with self.given(guards):
                    result = function(tuple(value for _, value in combination))
                outcomes.append((guards, self.store.undo(mark), result))
        self.merge([(guards, writes) for guards, writes, _ in outcomes])
        return join((guards, result) for guards, _, result in outcomes)

    def merge(self, branches: Sequence[tuple[Guards, Mapping[tuple[int, str], Value]]]) -> None:
        """Write what several branches made of the cells."""
        keys = {key: None for _, writes in branches for key in writes}
        for owner, name in keys:
            before = self.store.get(owner, name)
            values = ((guards, writes.get((owner, name), before)) for guards, writes in branches)
            self.store.set(owner, name, join((guards, value) for guards, value in values if value is not None))

    def alternatives(self, value: Value) -> Alternatives:
        return alternatives(narrowed(value, self.guards))

    def join(self, values: Alternatives) -> Value:
        return join(values)

    # Objects

    def object(self, type: Class | External, place: Place | None, **cells: Value) -> Object:
        made = Object(self.store.new(), type, place)
        for name, value in cells.items():
            self.store.set(made.cells, name, value)
        return made

    def get(self, target: Object, name: str) -> Value | None:
        return self.store.get(target.cells, name)

    def set(self, target: Object, name: str, value: Value) -> None:
        self.store.set(target.cells, name, value)

    def items(self, value: Value) -> tuple[tuple[Value, ...], bool]:
        return containers.items(self, value)

    def element(self, target: Object) -> Value:
        """What iterating over an object that is no list hands out."""
        method = statements.external_method(self, target, "__iter__")
        found = method(self, target, Call()) if method is not None else None
        return found if found is not None else Opaque("an element of something unknown")

    def cells(self, target: Object) -> tuple[Value, ...]:
        """The values of all cells of an object, the items of a container one by one."""
        held = self.store.owned(target.cells)
        return (
            *(value for name, value in held.items() if name != "items"),
            *(self.items(target)[0] if "items" in held else ()),
        )

    def lineage(self, target: Object) -> tuple[Class | External, ...]:
        """Its class and the bases of that."""
        return tuple(attributes.lineage(self, target.type)) if isinstance(target.type, Class) else (target.type,)

    def same_name(self, one: str, other: str) -> bool:
        return self.tables.canonical(one)[1] == self.tables.canonical(other)[1]

    def is_running(self, function: Value) -> bool:
        return isinstance(function, Function) and any(frame.node is function.node for frame in self.frames)

    def instances_of(self, cls: Class) -> list[Object]:
        """Objects of this class or of a class derived from it that the program makes itself."""
        return [
            made
            for instances in self.instances.values()
            for made in instances
            if any(each is cls for each in self.lineage(made))
        ]

    # Evaluation, in files of its own

    def evaluate(self, node: ast.expr) -> Value:
        return expressions.evaluate(self, node)

    def call(self, function: Value, call: Call) -> Value:
        self.step()
        return calls.call(self, function, call)

    def attribute(self, value: Value, name: str, place: Place | None) -> Value:
        return attributes.attribute(self, value, name, place)

    def methods(self, target: Object, name: str) -> Value | None:
        return attributes.method(self, target, name)

    def enter(self, function: Function, call: Call) -> Value:
        return functions.enter(self, function, call)

    def module(self, path: str, name: str) -> Module:
        return imports.module(self, path, name)

    # Tensors and losses

    def tensor(self, value: Value) -> Tensor:
        return operations.tensor(self, value)

    def apply(self, framework: str, op: str, inputs: Mapping[str, Value], args: Args, call: Call) -> Tensor:
        return operations.apply(self, framework, op, tuple(inputs.items()), args, call)

    def meet(self, loss: Tensor) -> None:
        """Note a loss that is computed here."""
        place = loss.place or Place(self.frame.module.path, 0)
        self.met.append(Met(place, tuple(self.guards), loss, trained=not self.without_gradient))

    def asked_for_gradient(self, value: Value) -> None:
        """Note that the program wants the gradient of these very numbers."""
        if isinstance(value, Tensor):
            self.asked[id(value)] = value

    def differentiated(self, loss: Value, place: Place | None, *, asked: bool = True) -> None:
        for guards, each in self.alternatives(loss):
            if isinstance(each, Tensor | Opaque) and place is not None:
                path = (*self.guards, *guards)
                self.met.append(Met(place, path, self.tensor(each), trained=True, differentiated=True, asked=asked))
