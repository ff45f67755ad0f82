"""Which expressions of the user's file are what: the operand of a head, the two sides of a loss, the index labels."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from lossaudit import catalogue
from lossaudit.catalogue.schema import Kind
from lossaudit.finding import Edit
from lossaudit.pairing import Place
from lossaudit.rules.source import File, Span

REDUCTIONS = ("mean", "sum")
CASTS = frozenset({"float", "double", "half", "to", "type", "type_as"})
SIDES = (("input", "target"),)


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of a loss expression, first and second as written."""

    first: ast.expr
    second: ast.expr
    symmetric: bool


def last_name(node: ast.AST) -> str:
    """`softmax` of `F.softmax`; empty for what has no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def operand(file: File, node: ast.expr, op: str) -> ast.expr | None:
    """What a call of softmax (or the like) is applied to, in any of its spellings; None where that is not certain."""
    found = applied(file, node, op)
    return found.operand if found is not None else None


@dataclass(frozen=True, slots=True)
class Applied:
    """An operation as the program spells it.

    Attributes:
        operand: What it is applied to.
        arguments: Its further arguments in order, and by keyword; of a module those of its constructor. None where
            they are not known.
        method: Whether it is spelled `x.softmax(1)`.
    """

    operand: ast.expr
    arguments: tuple[ast.expr | ast.keyword, ...] | None = ()
    method: bool = False


def applied(file: File, node: ast.expr, op: str) -> Applied | None:
    """How `node` spells an operation, or None where that is not certain."""
    if not isinstance(node, ast.Call):
        return None
    func, first = node.func, _first(node)
    if last_name(func) == op and _root(func) in _imported(file):
        rest = (*node.args[1:], *(keyword for keyword in node.keywords if keyword.value is not first))
        return Applied(first, rest) if first is not None else None
    if isinstance(func, ast.Attribute) and func.attr == op and _only_numbers(node):
        return Applied(func.value, (*node.args, *node.keywords), method=True)
    if first is None or len(node.args) != 1 or node.keywords:
        return None
    made = [func] if isinstance(func, ast.Call) else _assigned(file, func)
    if not made or not all(_makes(value, op) for value in made):
        return None
    constructors = {ast.unparse(value): value for value in made if isinstance(value, ast.Call)}
    if len(constructors) != 1:
        return Applied(first, None)
    (constructor,) = constructors.values()
    return Applied(first, (*constructor.args, *constructor.keywords))


def constructor(file: File, func: ast.expr) -> ast.Call | None:
    """The one call in the file whose result has the name of this function: `nn.MSELoss()` for `criterion`."""
    made = [func] if isinstance(func, ast.Call) else _assigned(file, func)
    return made[0] if len(made) == 1 and isinstance(made[0], ast.Call) else None


def last_of_sequential(file: File, node: ast.expr, op: str) -> Span | None:
    """The head as the last element of a `Sequential`: where `node` makes it there, or calls the module that holds it.

    The span begins at the comma before it.
    """
    if not isinstance(node, ast.Call):
        return None
    around = file.parents.get(node)
    made = [around] if _makes(node, op) else _assigned(file, node.func)
    if len(made) != 1 or not isinstance(made[0], ast.Call) or last_name(made[0].func) != "Sequential":
        return None
    elements = made[0].args
    if len(elements) < 2 or not _makes(elements[-1], op) or (_makes(node, op) and elements[-1] is not node):
        return None
    return file.span(elements[-2])[1], file.span(elements[-1])[1]


def sides(node: ast.expr, symmetric: bool) -> Sides | None:
    """The two sides of `loss(a, b)`, `loss(input=a, target=b)` or of a loss written out around `a - b`."""
    if isinstance(node, ast.Call):
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        for names in SIDES:
            both = [*node.args[:2], *(given[name] for name in names[len(node.args) :] if name in given)]
            if len(both) == 2 and not any(isinstance(side, ast.Starred) for side in both):
                return Sides(both[0], both[1], symmetric)
    differences = [inner for inner in ast.walk(node) if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub)]
    if len(differences) != 1 or not symmetric:
        return None
    return Sides(differences[0].left, differences[0].right, symmetric)


def reduced(file: File, node: ast.expr) -> tuple[ast.expr, str]:
    """The expression with the `.mean()` and `.sum()` behind it, and which of them came last (`""` for none)."""
    last = ""
    while True:
        parent = file.parents[node]
        call = file.parents[parent] if isinstance(parent, ast.Attribute) else parent
        method = isinstance(parent, ast.Attribute) and isinstance(call, ast.Call) and call.func is parent
        function = isinstance(call, ast.Call) and call.args[:1] == [node] and _root(call.func) in _imported(file)
        name = last_name(call.func) if isinstance(call, ast.Call) else ""
        if not isinstance(call, ast.Call) or not (method or function) or name not in REDUCTIONS:
            return node, last
        node, last = call, name


def definition(file: File, name: ast.expr, statement: ast.stmt) -> ast.Assign | None:
    """The plain assignment in the same block that gives a name its value at `statement`."""
    if not isinstance(name, ast.Name):
        return None
    block = file.block(statement)
    earlier = next((other for other in reversed(block[: block.index(statement)]) if name.id in stores(other)), None)
    if isinstance(earlier, ast.Assign) and len(earlier.targets) == 1 and isinstance(earlier.targets[0], ast.Name):
        return earlier
    return None


def stores(node: ast.AST) -> set[str]:
    """Names that a statement binds."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}


def loads(node: ast.AST) -> set[str]:
    """Names that an expression reads."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)}


def between(file: File, first: ast.stmt, second: ast.stmt) -> Sequence[ast.stmt]:
    """The statements between two of the same block."""
    block = file.block(first)
    return block[block.index(first) + 1 : block.index(second)]


def readers(file: File, made: ast.Assign, but: ast.AST) -> list[ast.Name]:
    """Everybody but one who may read the value that an assignment gives to a name."""
    name = ast.unparse(made.targets[0])
    names = [node for node in file.names(file.scope(made)) if node.id == name]
    once = sum(isinstance(node.ctx, ast.Store) for node in names) == 1
    end = file.span(made)[1]
    return [
        node
        for node in names
        if isinstance(node.ctx, ast.Load)
        and node is not but
        and not file.inside(node, made)
        and (once or file.span(node)[0] > end)
    ]


def deletion(file: File, statement: ast.stmt) -> Edit | None:
    """Takes out whole lines, unless the block would be left empty."""
    return Edit(file.place(file.line_span(statement)), "") if len(file.block(statement)) > 1 else None


def is_atom(node: ast.expr) -> bool:
    """Whether an expression needs no brackets in any place."""
    return isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)


def index_labels(file: File, target: ast.expr, statement: ast.stmt) -> ast.expr | None:
    """`y`, where the target is `one_hot(y, ...)`, cast or not, here or in the assignment just before."""
    made = definition(file, target, statement)
    call = made.value if made is not None else target
    while isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in CASTS:
        call = call.func.value
    if not isinstance(call, ast.Call) or last_name(call.func) != "one_hot" or not call.args:
        return None
    labels = call.args[0]
    if made is not None:
        rebound = any(stores(other) & loads(labels) for other in between(file, made, statement))
        if rebound or not isinstance(labels, ast.Name | ast.Attribute):
            return None
    return labels


def holds(file: File, side: ast.expr, statement: ast.stmt, places: Sequence[Place]) -> bool:
    """Whether one of the places lies in `side`, or in the assignment that defines it."""
    made = definition(file, side, statement)
    found = [node for place in places if (node := file.at(place)) is not None]
    return any(file.inside(node, made.value if made is not None else side) for node in found)


def _first(call: ast.Call) -> ast.expr | None:
    if call.args:
        return None if isinstance(call.args[0], ast.Starred) else call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg == "input"), None)


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imported(file: File) -> set[str]:
    imports = [node for node in ast.walk(file.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    aliases = [alias for node in imports for alias in node.names]
    return {alias.asname or alias.name.partition(".")[0] for alias in aliases}


def _only_numbers(call: ast.Call) -> bool:
    """Whether a method call's arguments are literal axes, or given by keyword."""
    literal = all(isinstance(_unsigned(arg), ast.Constant) for arg in call.args)
    return literal and all(keyword.arg in ("dim", "dtype", "keepdim") for keyword in call.keywords)


def _unsigned(node: ast.expr) -> ast.expr:
    return node.operand if isinstance(node, ast.UnaryOp) else node


def _assigned(file: File, target: ast.expr) -> list[ast.expr]:
    """All values that the file assigns to a name or an attribute of this spelling."""
    if not isinstance(target, ast.Name | ast.Attribute):
        return []
    text = ast.unparse(target)
    assigns = [node for node in ast.walk(file.tree) if isinstance(node, ast.Assign)]
    return [node.value for node in assigns if any(ast.unparse(other) == text for other in node.targets)]


def _makes(value: ast.expr, op: str) -> bool:
    """Whether this is the constructor of a module that does nothing but `op`."""
    known = catalogue.op(op)
    spellings = known.spellings if known is not None else ()
    modules = {spelling.path.rpartition(".")[2] for spelling in spellings if spelling.kind is Kind.MODULE}
    return isinstance(value, ast.Call) and last_name(value.func) in modules
