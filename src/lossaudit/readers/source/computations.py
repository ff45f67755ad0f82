"""Arithmetic, comparisons and conditions: of constants, of tensors, of what is not known."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lossaudit.readers.source import assignments, containers, operations
from lossaudit.readers.source.conditions import join, join_over, known, negation
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

_LONGEST = 64
_LONGEST_TEXT = 10_000
LIST, DICT = assignments.LIST, assignments.DICT


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


def binary(run: Interpreter, node: ast.BinOp) -> Value:
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
        first, open_first = containers.items(run, left)
        second, open_second = containers.items(run, right)
        both = Items((*first, *second), open_first or open_second)
        return both if isinstance(left, Items) else run.object(LIST, None, items=both)
    if kind is ast.Mult and isinstance(left, Object) and left.type == LIST:
        values, open_ = containers.items(run, left)
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


def unary(run: Interpreter, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        truth, condition = run.truth(run.evaluate(node.operand))
        return Opaque("a condition", negation(condition)) if truth is None else Literal(not truth)
    value = run.evaluate(node.operand)
    if isinstance(node.op, ast.UAdd):
        return value
    place = run.place(node) if isinstance(value, Tensor | Choice) else None
    return join_over(run.alternatives, value, lambda each: _negated(run, node, each, Call(place=place)))


def _negated(run: Interpreter, node: ast.UnaryOp, value: Value, call: Call) -> Value:
    if isinstance(value, Literal) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        if isinstance(node.op, ast.USub):
            return Literal(-value.value)
        return Literal(~value.value) if isinstance(value.value, int) else Opaque("a number")
    if isinstance(value, Tensor):
        op = "neg" if isinstance(node.op, ast.USub) else "bitwise_not"
        return run.apply(value.framework, op, {"input": value}, {}, call)
    return Opaque("the result of a computation", leaf=value.leaf if isinstance(value, Opaque) else Opaque("").leaf)


def boolean(run: Interpreter, node: ast.BoolOp) -> Value:
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


def compare(run: Interpreter, node: ast.Compare) -> Value:
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
            values, open_ = containers.items(run, right)
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
