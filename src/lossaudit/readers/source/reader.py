"""Reads a file: every loss that it computes, and of what."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from lossaudit.pairing import Const, Objective, Pairing, Place, Reading, Term, Unresolved
from lossaudit.readers.source import containers, functions, imports, signal
from lossaudit.readers.source.backend import backend_of
from lossaudit.readers.source.frame import Exhausted, Frame, Met
from lossaudit.readers.source.frameworks import builtin, torch
from lossaudit.readers.source.interpreter import Interpreter
from lossaudit.readers.source.pairings import terms
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.tables import Tables
from lossaudit.readers.source.text import Text
from lossaudit.readers.source.values import Call, Function, Literal, Module, Object, Opaque, Value
from lossaudit.trace import LeafKind

_MOST_INSTANCES = 16
# Steps of a run, some 20 microseconds each: a file of a thousand lines takes about 20,000.
_STEPS_OF_A_FILE, _STEPS_ALONE, _LEAST_ALONE = 80_000, 8_000, 1_000
_MOST_CELLS = 400_000
_MAIN = "__main__"
# What a trainer hands to these methods is data, as their interface says.
_STEPS = frozenset({"training_step", "validation_step", "test_step", "predict_step", "train_step", "shared_step"})

# What these methods return is differentiated by the trainer that calls them.
_RETURN_LOSSES = frozenset({"training_step", "compute_loss"})


@cache
def tables() -> Tables:
    return Tables.of((builtin.FRAMEWORK, torch.FRAMEWORK))


@dataclass(slots=True)
class Reader:
    """Reads the files of a project, one after the other; what they import is run once for all of them."""

    project: Project
    _shared: Interpreter | None = None

    def read(self, path: str) -> Reading:
        """Run a file abstractly, with what it imports from the linted tree.

        Returns:
            One objective with one term for each loss that is met, in the order of the program.

        Raises:
            lossaudit.readers.source.text.Unreadable: It cannot be read or parsed.
        """
        text = self.project.text(path)
        shared = self._with_imports(text)
        mark = shared.store.mark()
        run = shared.copy()
        run.limit = _STEPS_OF_A_FILE
        run.modules.pop(path, None)  # as a program it is another module than the one that others import
        left: tuple[Unresolved, ...] = ()
        try:
            try:
                _run_the_rest(run, run.module(path, _MAIN))
            except Exhausted:
                left = (Unresolved("the rest of the file", "it takes too many steps to follow", Place(path, 0)),)
            return Reading(tuple(_objectives(run, path, backend_of(text.tree))), left)
        finally:
            shared.store.undo(mark)

    def _with_imports(self, text: Text) -> Interpreter:
        """The run of all modules that this file, and those before it, import."""
        if self._shared is None or len(self._shared.store.cells) > _MOST_CELLS:
            self._shared = Interpreter(self.project, tables())
        shared = self._shared
        shared.limit = shared.steps + _STEPS_ALONE
        try:
            imports.ahead(shared, text)
        except Exhausted:
            shared.depth = shared.without_gradient = 0
            del shared.guards[:]
        shared.store.keep()
        del shared.met[:]
        return shared


def read(path: str, project: Project) -> Reading:
    """Read one file; see `Reader.read`."""
    return Reader(project).read(path)


def _run_the_rest(run: Interpreter, module: Module) -> None:
    """What nothing in the program calls is run with arguments that nobody knows; callers before those they call."""
    words = Counter(re.findall(r"\w+", run.texts[module.path].text))
    for also_mentioned in (False, True):
        while waiting := [each for each in _not_run(run, module) if also_mentioned or words[each.name] < 2]:
            for position, function in enumerate(waiting):
                if function.node not in run.entered:
                    _run_alone(run, function, len(waiting) - position)


def _not_run(run: Interpreter, module: Module) -> list[Function]:
    return [
        function
        for node, function in run.functions.items()
        if node not in run.entered and function.module == module and not isinstance(node, ast.Lambda)
    ]


def _run_alone(run: Interpreter, function: Function, waiting: int) -> None:
    """Run a function with a share of the steps that are left, so that a long one leaves some to the others."""
    run.entered.add(function.node)
    share = (_STEPS_OF_A_FILE - run.steps) // waiting
    run.limit = min(run.steps + min(max(share, _LEAST_ALONE), _STEPS_ALONE), _STEPS_OF_A_FILE)
    module = function.module
    run.frames.append(Frame(run.texts[module.path].tree, module, module.scope))
    try:
        for receiver in _receivers(run, function):
            bound = function if receiver is None else replace(function, receiver=receiver)
            result = run.enter(bound, functions.opaque_call(run, bound, _given(run, function)))
            if function.name in _RETURN_LOSSES:
                run.differentiated(_loss_in(run, result), run.place(function.node), asked=False)
    except Exhausted:
        if run.limit == _STEPS_OF_A_FILE:
            raise
    finally:
        del run.frames[:]
        del run.guards[:]
        run.without_gradient = run.depth = 0


def _loss_in(run: Interpreter, result: Value) -> Value:
    """A step may return its loss in a dictionary."""
    found = containers.entries(run, result) if isinstance(result, Object) else None
    return next((value for key, value in found.pairs if key == Literal("loss")), result) if found else result


def _given(run: Interpreter, function: Function) -> dict[str, Value]:
    """Arguments that an interface promises."""
    if function.name not in _STEPS or isinstance(function.node, ast.Lambda):
        return {}
    batch = Opaque("a batch", run.symbol("batch"), LeafKind.DATA, batched=True)
    return {arg.arg: batch for arg in function.node.args.args[1:2]}


def _receivers(run: Interpreter, function: Function) -> list[Value | None]:
    """Objects on which a method runs: those that the program makes, or one whose constructor gets unknown arguments."""
    owner = function.owner
    if owner is None or functions.is_static(run, function):
        return [None]
    made: list[Value | None] = [*run.instances_of(owner)]
    if len(made) > _MOST_INSTANCES:  # a right one may be among those that are left out
        made = [Opaque(f"one of many objects of {owner.name}", run.symbol("self"))]
    if not made:
        constructor = functions.constructor(run, owner)
        call = functions.opaque_call(run, constructor) if constructor is not None else Call(complete=False)
        made = [functions.instantiate(run, owner, call)]
    return [] if function.name == "__init__" else made


def _objectives(run: Interpreter, path: str, backend: str | None) -> Iterable[Objective]:
    """The losses that were met, one objective for each place and way to it."""
    grouped: dict[tuple[Place, bool, object], list[Met]] = {}
    for met in _with_what_is_only_evaluated(run.met):
        output = met.loss.args.get("output")  # of a model with several outputs, which of them it is for
        grouped.setdefault((met.place, met.differentiated, output), []).append(met)
    for (place, differentiated, _), found in grouped.items():
        terms_ = _by_loss(_term(run, found, differentiated, backend))
        stopped = _cut(run, found) if differentiated else ""
        if stopped:
            yield Objective(place, terms_, stopped)
            continue
        yield from (Objective(place, (term,)) for term in terms_ if place.path == path or term.alternatives)


def _by_loss(term: Term | None) -> tuple[Term, ...]:
    """The summands of what is differentiated are no alternatives of each other: a term for each place of a loss."""
    if term is None:
        return ()
    places = list(dict.fromkeys(pairing.loss.place for pairing in term.alternatives))
    if len(places) < 2:
        return (term,)
    each = (tuple(pairing for pairing in term.alternatives if pairing.loss.place == place) for place in places)
    rest = (Term(term.coefficient, (), term.unresolved),) if term.unresolved else ()
    return (*(Term(term.coefficient, alternatives) for alternatives in each), *rest)


def _with_what_is_only_evaluated(met: list[Met]) -> Iterator[Met]:
    """A loss that is seen to be differentiated on one way to it trains nothing on the ways on which it is not."""
    reached: set[int] = set()
    stack = [each.loss for each in met if each.differentiated]
    while stack:
        tensor = stack.pop()
        if id(tensor) not in reached:
            reached.add(id(tensor))
            stack.extend(below for _, below in tensor.inputs)
    trained = {replace(each.place, via=()) for each in met if not each.differentiated and id(each.loss) in reached}
    for each in met:
        evaluated = id(each.loss) not in reached and replace(each.place, via=()) in trained
        yield replace(each, trained=False) if evaluated else each


def _cut(run: Interpreter, found: list[Met]) -> str:
    """Why nothing is trained there, where that is so on every path."""
    reasons = [signal.cut(met.loss, run.asked) if met.asked else "" for met in found]
    return reasons[0] if all(reasons) else ""


def _term(run: Interpreter, found: list[Met], differentiated: bool, backend: str | None) -> Term | None:
    """All that may stand at one place. Of what is differentiated, only what is no loss with a name of its own."""
    alternatives: list[Pairing] = []
    unresolved: list[Unresolved] = []
    maximised = False
    trained = [met for met in found if met.trained]  # what is only evaluated says nothing about what is trained
    for met in trained or found:
        maximised = maximised or id(met.loss) in run.maximised
        if met.loss.leaf is not None:
            unresolved.append(Unresolved("what is differentiated", met.loss.name, met.place))
            continue
        for term in terms(met.loss):
            for pairing in term.alternatives:
                if not differentiated or pairing.loss.ops:
                    on = backend if pairing.framework == "keras" else None
                    made = replace(pairing, guards=met.guards, trained=met.trained and pairing.trained, backend=on)
                    alternatives += [made] if made not in alternatives else []
            if not differentiated or not any(pairing.loss.loss for pairing in term.alternatives):
                unresolved += [each for each in term.unresolved if each not in unresolved]
    if not alternatives and not unresolved:
        return None
    return Term(Const(-1.0 if maximised else 1.0), tuple(alternatives), tuple(unresolved))
