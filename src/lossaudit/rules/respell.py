"""Writes one expression otherwise, with the same value: `log(softmax(x, 1))` as `log_softmax(x, 1)`.

The expression must stand in the file as the flow says, step in step; a name in it must have been given its value just
before. Whatever else reads such a name still reads the same value: only the outermost expression is replaced.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lossaudit import catalogue
from lossaudit.catalogue.schema import REQUIRED, Kind, Spelling
from lossaudit.finding import Edit
from lossaudit.pairing import LossUse, Pairing, Step
from lossaudit.rules import operands
from lossaudit.rules.operands import Applied
from lossaudit.rules.rule import Arguments, Respelling
from lossaudit.rules.source import File, spelled

_KEYWORDS = frozenset({"dim", "axis", "keepdim", "keepdims", "dtype"})


@dataclass(frozen=True, slots=True)
class Change:
    """Edits of one file, and whether nobody else computes anything with what they change."""

    file: File
    edits: tuple[Edit, ...]
    local: bool = True


def respelled(respelling: Respelling, pairing: Pairing, load: Callable[[str], File | None]) -> Change | None:
    """The edits of a respelling, or None where the file does not show all of it."""
    outer = respelling.steps[-1].place
    file = load(outer.path) if outer is not None else None
    node = file.at(outer) if file is not None and outer is not None else None
    if file is None or node is None or "#" in file.source(node):
        return None
    found = _chain(file, node, respelling.steps)
    if found is None:
        return None
    chain, gone = found
    given = _arguments(file, chain, respelling)
    text = None if given is None else _call(file, pairing.framework, respelling, chain, given)
    if text is None:
        return None
    return Change(file, (*gone, Edit(file.place(file.span(node)), text)))


def rearranged(arguments: Arguments, loss: LossUse, load: Callable[[str], File | None]) -> Change | None:
    """The edits that give a call its other arguments."""
    place = arguments.step.place if arguments.step is not None else loss.place
    file = load(place.path) if place is not None else None
    call = file.at(place) if file is not None and place is not None else None
    if file is None or not isinstance(call, ast.Call):
        return None
    name = arguments.step.op if arguments.step is not None else loss.loss or ""
    made = operands.constructor(file, call.func)
    target, local = (call, True) if made is None else (made, made is call.func or arguments.step is None)
    if operands.last_name(target.func) not in _names(name):
        return None
    given = {keyword.arg: keyword for keyword in target.keywords}
    if None in given or any(name not in given for name in arguments.drop):
        return None
    kept = [part for part in (*target.args, *target.keywords) if part not in [given[name] for name in arguments.drop]]
    added = {name: value for name, value in arguments.add.items() if name not in given or name in arguments.drop}
    if len(added) != len(arguments.add):
        return None
    texts = [file.source(part) for part in kept] + [f"{name}={_literal(value)}" for name, value in added.items()]
    whole = file.span(target)
    open_bracket = file.span(target.func)[1]
    if "#" in file.text[open_bracket : whole[1]]:
        return None
    edit = Edit(file.place((open_bracket, whole[1])), f"({', '.join(texts)})")
    return Change(file, (edit,), local)


def _names(op: str) -> frozenset[str]:
    """What the functions, methods and modules are called that do `op`."""
    entry = catalogue.op(op) or catalogue.loss(op)
    return (
        frozenset(spelling.path.rpartition(".")[2] for spelling in entry.spellings)
        if entry is not None
        else frozenset()
    )


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _chain(file: File, node: ast.expr, steps: Sequence[Step]) -> tuple[tuple[Applied, ...], tuple[Edit, ...]] | None:
    """How each step is spelled, innermost first, when `node` computes exactly these; and the assignments that go."""
    chain: list[Applied] = []
    gone: list[Edit] = []
    for step in reversed(steps):
        if chain:
            value = _value(file, chain[-1].operand)
            if value is None:
                return None
            node, edits = value
            gone.extend(edits)
        if step.place is None or file.at(step.place) is not node:
            return None
        found = operands.applied(file, node, step.op) or _arithmetic(node, step)
        if found is None:
            return None
        chain.append(found)
    return tuple(reversed(chain)), tuple(gone)


def _arithmetic(node: ast.expr, step: Step) -> Applied | None:
    """`1 - x`, `1 + x` and `x + 1`."""
    if not isinstance(node, ast.BinOp):
        return None
    if step.op == "sub" and isinstance(node.op, ast.Sub) and _is_one(node.left):
        return Applied(node.right)
    if step.op == "add" and isinstance(node.op, ast.Add) and _is_one(node.left) != _is_one(node.right):
        return Applied(node.right if _is_one(node.left) else node.left)
    return None


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and not isinstance(node.value, bool)


def _value(file: File, operand: ast.expr) -> tuple[ast.expr, tuple[Edit, ...]] | None:
    """The expression itself; of a name, what was assigned to it just before, while all that it reads is the same.

    With it the edit that takes the assignment away, where nobody else reads the name. Where somebody does, the value
    is computed once more, so it must be a function of names alone.
    """
    if not isinstance(operand, ast.Name):
        return operand, ()
    statement = file.statement(operand)
    made = operands.definition(file, operand, statement) if statement is not None else None
    if made is None or statement is None or file.statement(made.value) is not made:
        return None
    later = operands.between(file, made, statement)
    named = operands.loads(made.value)
    if any(named & (operands.loads(other) | operands.stores(other)) for other in later):
        return None
    removed = operands.deletion(file, made) if not operands.readers(file, made, operand) else None
    if removed is not None and not later:
        return made.value, (removed,)
    inside = made.value.args if isinstance(made.value, ast.Call) else [made.value]
    if isinstance(made.value, ast.Call) and isinstance(made.value.func, ast.Attribute):
        inside = [*inside, made.value.func.value]
    if any(isinstance(part, ast.Call | ast.Await | ast.NamedExpr) for whole in inside for part in ast.walk(whole)):
        return None
    return made.value, (removed,) if removed is not None else ()


def _arguments(file: File, chain: Sequence[Applied], respelling: Respelling) -> tuple[str, ...] | None:
    """The texts of the arguments that go along; None where one would be lost."""
    for index, found in enumerate(chain):
        if index != respelling.arguments and found.arguments != ():
            return None
    if respelling.arguments is None:
        return ()
    given = chain[respelling.arguments].arguments
    if given is None:
        return None
    positional = [part for part in given if not isinstance(part, ast.keyword)]
    keywords = [part for part in given if isinstance(part, ast.keyword)]
    if len(positional) > 1 or any(isinstance(part, ast.Starred) for part in positional):
        return None
    if any(keyword.arg not in _KEYWORDS for keyword in keywords):
        return None
    return tuple(file.source(part) for part in (*positional, *keywords))


def _call(
    file: File, framework: str, respelling: Respelling, chain: Sequence[Applied], given: tuple[str, ...]
) -> str | None:
    """The new expression: a method where the old one was, else the shortest function that the file has imported."""
    operand = chain[0].operand
    text = file.source(operand)
    if respelling.negated:
        text = f"-{text}" if operands.is_atom(operand) else f"-({text})"
    spellings = list(_spellings(framework, respelling.op, len(given)))
    methods = [spelling.path.rpartition(".")[2] for spelling in spellings if spelling.kind is Kind.METHOD]
    if methods and not respelling.negated and any(found.method for found in chain):
        receiver = text if operands.is_atom(operand) else f"({text})"
        return f"{receiver}.{methods[0]}({', '.join(given)})"
    functions = [spelled(file, spelling.path) for spelling in spellings if spelling.kind is Kind.FUNCTION]
    best = min((name for name in functions if name is not None), key=len, default=None)
    return f"{best}({', '.join((text, *given))})" if best is not None else None


def _spellings(framework: str, op: str, given: int) -> Iterator[Spelling]:
    """Spellings of an operation that can be called with so many further arguments."""
    known = catalogue.op(op)
    for spelling in known.spellings if known is not None else ():
        needed = sum(param.default is REQUIRED and not param.variadic for param in spelling.params[1:])
        if spelling.framework == framework and needed <= given and "special" not in spelling.path:
            yield spelling
