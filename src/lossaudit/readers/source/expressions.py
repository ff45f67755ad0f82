"""What an expression may be."""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lossaudit.pairing import Const
from lossaudit.readers.source import assignments, imports, operations, statements
from lossaudit.readers.source.conditions import join, known, narrowed, negation
from lossaudit.readers.source.values import (
    Call,
    Choice,
    Class,
    Entries,
    External,
    Function,
    Items,
    Layer,
    Literal,
    Module,
    Object,
    Opaque,
    Partial,
    Tensor,
    Value,
)
from lossaudit.trace import LeafKind

if TYPE_CHECKING:
    from lossaudit.readers.source.interpreter import Interpreter

_DEEPEST = 120
_LONGEST = 64
_LONGEST_TEXT = 10_000
LIST, DICT = assignments.LIST, assignments.DICT


def evaluate(run: Interpreter, node: ast.expr) -> Value:
    """The value of an expression on the path that is being followed."""
    run.step()
    if run.depth > _DEEPEST:
        return Opaque("nested too deep")
    run.depth += 1
    try:
        handler = _HANDLERS.get(type(node))
        return handler(run, node) if handler is not None else Opaque("an expression")
    finally:
        run.depth -= 1


def _constant(run: Interpreter, node: ast.Constant) -> Value:
    value = node.value
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return Literal(value)
    return Opaque("ellipsis" if value is ... else "a constant")


def _name(run: Interpreter, node: ast.Name) -> Value:
    frame, store = run.frame, run.store
    scope: int | None = frame.elsewhere.get(node.id, frame.scope)
    while scope is not None:
        value = store.cells.get((scope, node.id))
        if value is not None:
            return narrowed(value, run.guards) if isinstance(value, Choice) else value
        scope = run.parents.get(scope)
    value = store.cells.get((frame.module.scope, node.id)) or imports.external_name(run, frame.module, node.id)
    if value is not None:
        return narrowed(value, run.guards)
    if hasattr(builtins, node.id):
        return External(f"builtins.{node.id}")
    return Opaque(f"the name {node.id}, which nothing here defines", node.id)


def _attribute(run: Interpreter, node: ast.Attribute) -> Value:
    owner = run.evaluate(node.value)
    return join_over(run, owner, lambda each: run.attribute(each, node.attr, None))


def join_over(run: Interpreter, value: Value, function: Callable[[Value], Value]) -> Value:
    """A function that changes nothing, of each possibility."""
    if not isinstance(value, Choice):
        return function(value)
    return join([(guards, function(each)) for guards, each in run.alternatives(value)])


def _call(run: Interpreter, node: ast.Call) -> Value:
    function = run.evaluate(node.func)
    args: list[Value] = []
    complete = True
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            values, open_ = items(run, run.evaluate(arg.value))
            args.extend(values)
            complete = complete and not open_
        else:
            args.append(run.evaluate(arg))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = run.evaluate(keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
            continue
        pairs = entries(run, value)
        complete = complete and pairs is not None and not pairs.open
        for key, each in pairs.pairs if pairs is not None else ():
            if isinstance(key, Literal) and isinstance(key.value, str):
                keywords[key.value] = each
    name = _spelled(node.func)
    return run.call(function, Call(tuple(args), keywords, run.place(node), complete, name))


def _spelled(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts)).lstrip(".")


def _tuple(run: Interpreter, node: ast.Tuple) -> Value:
    return _sequence(run, node.elts)


def _sequence(run: Interpreter, elements: Sequence[ast.expr]) -> Items:
    values: list[Value] = []
    open_ = len(elements) > 10 * _LONGEST
    for each in elements[: 10 * _LONGEST]:
        if isinstance(each, ast.Starred):
            more, unknown = items(run, run.evaluate(each.value))
            values.extend(more)
            open_ = open_ or unknown
        else:
            values.append(run.evaluate(each))
    return Items(tuple(values), open_)


def _list(run: Interpreter, node: ast.List | ast.Set) -> Value:
    return run.object(LIST, None, items=_sequence(run, node.elts))


def _dict(run: Interpreter, node: ast.Dict) -> Value:
    pairs: list[tuple[Value, Value]] = []
    open_ = False
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            inner = entries(run, run.evaluate(value))
            pairs.extend(inner.pairs if inner is not None else ())
            open_ = open_ or inner is None or inner.open
        else:
            pairs.append((run.evaluate(key), run.evaluate(value)))
    return run.object(DICT, None, items=Entries(tuple(pairs), open_))


def items(run: Interpreter, value: Value) -> tuple[tuple[Value, ...], bool]:
    """The elements of a tuple, list or container, and whether there may be others."""
    value = narrowed(value, run.guards)
    if isinstance(value, Object):
        held = run.get(value, "items")
        if isinstance(held, Entries):
            return tuple(key for key, _ in held.pairs), held.open
        if isinstance(held, Choice):
            return (join([(guards, each) for guards, each in held.alternatives]),), True
        if held is None:
            return (run.element(value),), True
        return items(run, held)
    if isinstance(value, Items):
        return value.values, value.open
    if isinstance(value, Entries):
        return tuple(key for key, _ in value.pairs), value.open
    if isinstance(value, Literal) and isinstance(value.value, str) and len(value.value) <= _LONGEST:
        return tuple(map(Literal, value.value)), False
    if isinstance(value, Opaque):
        return (Opaque(value.reason, leaf=value.leaf, batched=value.batched),), True
    if isinstance(value, Tensor):
        return (run.apply(value.framework, "getitem", {"input": value}, {}, Call(place=value.place)),), True
    return (Opaque("an element of something unknown"),), True


def entries(run: Interpreter, value: Value) -> Entries | None:
    """The keys and values of a dictionary, or None where it is none or not known."""
    value = narrowed(value, run.guards)
    held = run.get(value, "items") if isinstance(value, Object) else value
    return held if isinstance(held, Entries) else None


def _subscript(run: Interpreter, node: ast.Subscript) -> Value:
    owner, index = run.evaluate(node.value), run.evaluate(node.slice)
    place = run.place(node)
    return run.spread((owner, index), lambda pair: item(run, pair[0], pair[1], Call(place=place)))


def item(run: Interpreter, owner: Value, index: Value, call: Call) -> Value:
    """`owner[index]`."""
    key = index.value if isinstance(index, Literal) else None
    match owner:
        case Tensor():
            return operations.selected(run, owner, index, call)
        case Opaque():
            symbol = f"{owner.symbol}[{key!r}]" if owner.symbol and key is not None else ""
            return Opaque(owner.reason, symbol, owner.leaf, owner.batched and key is None)
        case Object() if isinstance(held := run.get(owner, "items"), Entries):
            return _entry(held, index)
        case Object() if owner.type not in (LIST, DICT) and not isinstance(run.get(owner, "items"), Items):
            getter = run.methods(owner, "__getitem__")
            if getter is not None:
                return run.call(getter, Call((index,), {}, call.place))
            return Opaque("an element of something unknown")
        case External():
            return owner  # a generic type: `list[int]`
    values, open_ = items(run, owner)
    if isinstance(index, Items) and isinstance(owner, Object | Items) and key is None:
        return _slice(run, owner, values, open_, index)
    if isinstance(key, int) and -len(values) <= key < len(values) and (not open_ or key < 0):
        return values[key]
    return join([((), each) for each in values]) if values and not open_ else Opaque("an element of a list")


def _entry(held: Entries, index: Value) -> Value:
    if isinstance(index, Literal):
        found = next((value for key, value in held.pairs if key == index), None)
        if found is not None:
            return found
        return Opaque("an entry of a dictionary")
    values = [((), value) for _, value in held.pairs]
    return join([*values, ((), Opaque("an entry of a dictionary"))]) if held.open or not values else join(values)


def _slice(run: Interpreter, owner: Value, values: tuple[Value, ...], open_: bool, index: Items) -> Value:
    """`layers[:-1]`: a slice is kept as its three bounds."""
    bounds = [each.value if isinstance(each, Literal) else "?" for each in index.values]
    if not open_ and len(bounds) == 3 and all(bound is None or isinstance(bound, int) for bound in bounds):
        start, stop, step = (bound if isinstance(bound, int) else None for bound in bounds)
        part = Items(values[start:stop:step])
    else:
        part = Items((join([((), each) for each in values]),) if values else (), open=True)
    if isinstance(owner, Object):
        return run.object(owner.type, owner.place, items=part)
    return part


def _slice_bounds(run: Interpreter, node: ast.Slice) -> Value:
    bounds = (node.lower, node.upper, node.step)
    return Items(tuple(Literal(None) if each is None else run.evaluate(each) for each in bounds))


_ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("add", operator.add),
    ast.Sub: ("sub", operator.sub),
    ast.Mult: ("mul", operator.mul),
    ast.Div: ("div", operator.truediv),
    ast.FloorDiv: ("floor_divide", operator.floordiv),
    ast.Mod: ("remainder", operator.mod),
    ast.Pow: ("pow", operator.pow),
    ast.MatMult: ("matmul", operator.matmul),
}


def _binary(run: Interpreter, node: ast.BinOp) -> Value:
    left, right = run.evaluate(node.left), run.evaluate(node.right)
    place = run.place(node) if isinstance(left, Tensor | Choice) or isinstance(right, Tensor | Choice) else None
    return run.spread((left, right), lambda pair: _combined(run, type(node.op), pair[0], pair[1], Call(place=place)))


def _combined(run: Interpreter, kind: type[ast.operator], left: Value, right: Value, call: Call) -> Value:
    op, function = _ARITHMETIC.get(kind, ("", None))
    if isinstance(left, Literal) and isinstance(right, Literal) and function is not None:
        return _computed(function, left.value, right.value)
    if any(isinstance(side, Tensor) for side in (left, right)) or _of_data(left, right):
        return operations.arithmetic(run, op, left, right, call)
    if kind is ast.Add and isinstance(left, Object | Items) and isinstance(right, Object | Items):
        first, open_first = items(run, left)
        second, open_second = items(run, right)
        both = Items((*first, *second), open_first or open_second)
        return both if isinstance(left, Items) else run.object(LIST, None, items=both)
    if kind is ast.Mult and isinstance(left, Object) and left.type == LIST:
        values, open_ = items(run, left)
        times = right.value if isinstance(right, Literal) and isinstance(right.value, int) else None
        few = times is not None and 0 <= times * len(values) <= _LONGEST
        repeated = Items(values * times, open_) if times is not None and few else Items(values, open=True)
        return run.object(LIST, None, items=repeated)
    symbols = [_symbol(left), _symbol(right)]
    text = f"({symbols[0]} {_SIGNS[kind]} {symbols[1]})" if all(symbols) and kind in _SIGNS else ""
    leaf = next((each.leaf for each in (left, right) if isinstance(each, Opaque)), Opaque("").leaf)
    return Opaque("the result of a computation", text, leaf)


def _of_data(left: Value, right: Value) -> bool:
    """`1 - y`, `x / 255`, `x + y` of what a loader hands out: tensors, though nothing is known of them."""
    sides = (left, right)
    numbers = [isinstance(side, Literal) and isinstance(side.value, int | float) for side in sides]
    data = [isinstance(side, Opaque) and side.leaf is LeafKind.DATA for side in sides]
    return any(data) and all(known or number for known, number in zip(data, numbers, strict=True))


_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}


def _computed(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Value:
    """Constants are computed, unless that is an error or too much."""
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    texts = isinstance(left, str) and isinstance(right, str) and function is operator.add
    if not numbers and not (texts and len(left) + len(right) < _LONGEST_TEXT):
        return Opaque("the result of a computation")
    if numbers and function in (operator.pow, operator.mul) and (abs(left) > 1e6 or abs(right) > 1e6):
        return Opaque("a large number")
    if numbers and function is operator.pow and abs(right) > 64:
        return Opaque("a large number")
    try:
        result = function(left, right)
    except (ArithmeticError, ValueError, TypeError):
        return Opaque("the result of a computation")
    return Literal(result) if isinstance(result, bool | int | float | str) else Opaque("the result of a computation")


def _unary(run: Interpreter, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        truth, condition = run.truth(run.evaluate(node.operand))
        return Opaque("a condition", negation(condition)) if truth is None else Literal(not truth)
    value = run.evaluate(node.operand)
    if isinstance(node.op, ast.UAdd):
        return value
    place = run.place(node) if isinstance(value, Tensor | Choice) else None
    return join_over(run, value, lambda each: _negated(run, node, each, Call(place=place)))


def _negated(run: Interpreter, node: ast.UnaryOp, value: Value, call: Call) -> Value:
    if isinstance(value, Literal) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        if isinstance(node.op, ast.USub):
            return Literal(-value.value)
        return Literal(~value.value) if isinstance(value.value, int) else Opaque("a number")
    if isinstance(value, Tensor):
        op = "neg" if isinstance(node.op, ast.USub) else "bitwise_not"
        return run.apply(value.framework, op, {"input": value}, {}, call)
    return Opaque("the result of a computation", leaf=value.leaf if isinstance(value, Opaque) else Opaque("").leaf)


def _boolean(run: Interpreter, node: ast.BoolOp) -> Value:
    """`a and b`, `a or b`: the value of the first that decides."""
    wanted = isinstance(node.op, ast.Or)
    found: list[tuple[tuple[str, ...], Value]] = []
    depth = len(run.guards)
    conditions: list[str] = []
    try:
        for each in node.values:
            value = run.evaluate(each)
            truth, condition = run.truth(value)
            if truth is wanted or each is node.values[-1]:
                found.append((tuple(run.guards[depth:]), value))
                break
            if truth is None:
                conditions.append(condition)
                guard = condition if wanted else negation(condition)
                found.append(((*run.guards[depth:], guard), value))
                run.guards.append(negation(guard))
    finally:
        del run.guards[depth:]
    if len(found) > 1 and conditions:
        last = found[-1][1]
        if isinstance(last, Opaque) and last.symbol:
            conditions.append(last.symbol)
        if all(isinstance(value, Opaque | Literal) for _, value in found):
            word = " or " if wanted else " and "
            return Opaque("a condition", f"({word.join(conditions)})")
    return join(found)


def _compare(run: Interpreter, node: ast.Compare) -> Value:
    left = run.evaluate(node.left)
    rights = [run.evaluate(each) for each in node.comparators]
    if len(rights) > 1:
        return Opaque("a condition", run.symbol("condition"))
    place = run.place(node) if isinstance(left, Tensor) or isinstance(rights[0], Tensor) else None
    return run.spread((left, rights[0]), lambda pair: _compared(run, node.ops[0], pair[0], pair[1], Call(place=place)))


_COMPARISONS: dict[type[ast.cmpop], tuple[str, str, Callable[[Any, Any], bool]]] = {
    ast.Eq: ("==", "eq", operator.eq),
    ast.NotEq: ("==", "ne", operator.ne),
    ast.Lt: ("<", "lt", operator.lt),
    ast.GtE: ("<", "ge", operator.ge),
    ast.Gt: (">", "gt", operator.gt),
    ast.LtE: (">", "le", operator.le),
    ast.Is: ("is", "", operator.is_),
    ast.IsNot: ("is", "", operator.is_not),
    ast.In: ("in", "", lambda left, right: left in right),
    ast.NotIn: ("in", "", lambda left, right: left not in right),
}
_NEGATIVE = (ast.NotEq, ast.GtE, ast.LtE, ast.IsNot, ast.NotIn)


def _compared(run: Interpreter, kind: ast.cmpop, left: Value, right: Value, call: Call) -> Value:
    sign, op, function = _COMPARISONS[type(kind)]
    if op and (isinstance(left, Tensor) or isinstance(right, Tensor)):
        return operations.arithmetic(run, op, left, right, call)
    if isinstance(kind, ast.In | ast.NotIn):
        return _contained(run, isinstance(kind, ast.In), left, right)
    if isinstance(left, Literal) and isinstance(right, Literal):
        try:
            return Literal(bool(function(left.value, right.value)))
        except TypeError:
            return Opaque("a condition")
    if isinstance(kind, ast.Is | ast.IsNot | ast.Eq | ast.NotEq) and Literal(None) in (left, right):
        other = right if left == Literal(None) else left
        if not isinstance(other, Opaque | Choice):
            return Literal(isinstance(kind, ast.IsNot | ast.NotEq))
    names = _symbol(left), _symbol(right)
    if not all(names):
        return Opaque("a condition")
    text = f"({names[0]} {sign} {names[1]})"
    condition = negation(text) if isinstance(kind, _NEGATIVE) else text
    held = known(condition, run.guards)
    return Opaque("a condition", condition) if held is None else Literal(held)


def _contained(run: Interpreter, wanted: bool, left: Value, right: Value) -> Value:
    if isinstance(left, Literal):
        if isinstance(right, Literal) and isinstance(right.value, str) and isinstance(left.value, str):
            return Literal((left.value in right.value) is wanted)
        if isinstance(right, Items | Object):
            values, open_ = items(run, right)
            if not open_ and all(isinstance(each, Literal) for each in values):
                return Literal((left in values) is wanted)
    return Opaque("a condition")


def _symbol(value: Value) -> str:
    match value:
        case Opaque():
            return value.symbol
        case Literal():
            return repr(value.value)
        case External():
            return value.path
    return ""


def plain_truth(run: Interpreter, value: Value) -> bool | None:
    """Whether a value that is no choice is true, where that is known without conditions."""
    match value:
        case Literal():
            return bool(value.value)
        case Items():
            return True if value.values and not value.open else None if value.open else False
        case Object() if isinstance(held := run.get(value, "items"), Items):
            return plain_truth(run, held)
        case Object() if isinstance(held := run.get(value, "items"), Entries):
            return True if held.pairs else None if held.open else False
        case Object() if run.get(value, "items") is not None:
            return None
        case Object() | Function() | Class() | Module() | Layer() | Partial():
            return True
        case External():
            return None
    return None


def _conditional(run: Interpreter, node: ast.IfExp) -> Value:
    truth, condition = run.truth(run.evaluate(node.test))
    if truth is not None:
        return run.evaluate(node.body if truth else node.orelse)
    made: list[tuple[tuple[str, ...], Value]] = []
    for guard, way in ((condition, node.body), (negation(condition), node.orelse)):
        with run.given((guard,)):
            made.append(((guard,), run.evaluate(way)))
    return join(made)


def _lambda(run: Interpreter, node: ast.Lambda) -> Value:
    made = statements.make_function(run, node)
    run.functions[node] = made
    return made


def _comprehension(run: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    made = Items(*_produced(run, node.generators, lambda: run.evaluate(node.elt)))
    return made if isinstance(node, ast.GeneratorExp) else run.object(LIST, None, items=made)


def _dict_comprehension(run: Interpreter, node: ast.DictComp) -> Value:
    pairs, open_ = _produced(run, node.generators, lambda: Items((run.evaluate(node.key), run.evaluate(node.value))))
    made = tuple((pair.values[0], pair.values[1]) for pair in pairs if isinstance(pair, Items))
    return run.object(DICT, None, items=Entries(made, open_))


def _produced(
    run: Interpreter, generators: Sequence[ast.comprehension], make: Callable[[], Value]
) -> tuple[tuple[Value, ...], bool]:
    if not generators:
        return (make(),), False
    first, rest = generators[0], generators[1:]
    values, open_ = items(run, run.evaluate(first.iter))
    if len(values) > _LONGEST:
        values, open_ = values[:1], True
    made: list[Value] = []
    for value in values:
        assignments.assign(run, first.target, value)
        truths = [run.truth(run.evaluate(test))[0] for test in first.ifs]
        if any(truth is False for truth in truths):
            continue
        more, unknown = _produced(run, rest, make)
        made.extend(more)
        open_ = open_ or unknown or any(truth is None for truth in truths)
    return tuple(made), open_


def _named(run: Interpreter, node: ast.NamedExpr) -> Value:
    value = run.evaluate(node.value)
    assignments.assign(run, node.target, value)
    return value


def _text(run: Interpreter, node: ast.JoinedStr) -> Value:
    parts: list[str] = []
    for each in node.values:
        value = run.evaluate(each.value if isinstance(each, ast.FormattedValue) else each)
        plain = isinstance(each, ast.Constant) or (isinstance(each, ast.FormattedValue) and each.format_spec is None)
        if not isinstance(value, Literal) or not plain:
            return Opaque("a text")
        parts.append(str(value.value))
    return Literal("".join(parts))


def _awaited(run: Interpreter, node: ast.Await) -> Value:
    return run.evaluate(node.value)


def _yield(run: Interpreter, node: ast.Yield) -> Value:
    if node.value is not None:
        run.frame.yields.append(run.evaluate(node.value))
    return Opaque("what was sent to a generator")


def _yield_from(run: Interpreter, node: ast.YieldFrom) -> Value:
    run.frame.yields.extend(items(run, run.evaluate(node.value))[0])
    return Opaque("what was sent to a generator")


_HANDLERS: dict[type[ast.expr], Callable[[Interpreter, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Slice: _slice_bounds,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.NamedExpr: _named,
    ast.JoinedStr: _text,
    ast.Await: _awaited,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
__all__ = ["Const", "entries", "evaluate", "item", "items", "plain_truth"]
