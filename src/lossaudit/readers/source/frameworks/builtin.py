"""Python's own functions and containers, and the few standard modules that wrap functions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from lossaudit.readers.source.conditions import join
from lossaudit.readers.source.frameworks import Framework, Handler, Interpreter, Method
from lossaudit.readers.source.values import (
    NONE,
    Call,
    Class,
    Entries,
    External,
    Items,
    Layer,
    Literal,
    Object,
    Opaque,
    Partial,
    Tensor,
    Value,
)

_LIST, _DICT = External("builtins.list"), External("builtins.dict")
_MOST = 64


def _super(run: Interpreter, call: Call) -> Value | None:
    """`super()`: the same object, its methods looked up behind the class that is being run."""
    frame = run.frame
    receiver = call.args[1] if len(call.args) > 1 else frame.receiver
    owner = call.args[0] if call.args and isinstance(call.args[0], Class) else frame.owner
    if not isinstance(receiver, Object) or owner is None:
        return None
    return run.object(External("builtins.super"), call.place, object=receiver, owner=owner)


def _list(run: Interpreter, call: Call) -> Value:
    values, open_ = run.items(call.args[0]) if call.args else ((), False)
    return run.object(_LIST, None, items=Items(values, open_))


def _tuple(run: Interpreter, call: Call) -> Value:
    values, open_ = run.items(call.args[0]) if call.args else ((), False)
    return Items(values, open_)


def _dict(run: Interpreter, call: Call) -> Value:
    pairs: list[tuple[Value, Value]] = []
    open_ = not call.complete
    for each in call.args:
        held = run.get(each, "items") if isinstance(each, Object) else None
        if isinstance(held, Entries):
            pairs.extend(held.pairs)
            open_ = open_ or held.open
        else:
            open_ = True
    pairs.extend((Literal(name), value) for name, value in call.keywords.items())
    return run.object(_DICT, None, items=Entries(tuple(pairs), open_))


def _range(run: Interpreter, call: Call) -> Value:
    bounds = [each.value for each in call.args if isinstance(each, Literal) and isinstance(each.value, int)]
    if len(bounds) == len(call.args) and bounds and (len(bounds) < 3 or bounds[2] != 0):
        first = tuple(islice(range(*bounds), _MOST + 1))  # not len: the numbers may be too large for it
        if len(first) <= _MOST:
            return Items(tuple(map(Literal, first)))
    return Items((Opaque("a number in a range"),), open=True)


def _enumerate(run: Interpreter, call: Call) -> Value | None:
    if not call.args:
        return None
    values, open_ = run.items(call.args[0])
    if open_:
        return Items(tuple(Items((Opaque("an index"), each)) for each in values), open=True)
    start = call.argument(1, "start", Literal(0))
    first = start.value if isinstance(start, Literal) and isinstance(start.value, int) else 0
    return Items(tuple(Items((Literal(index), each)) for index, each in enumerate(values, first)))


def _zip(run: Interpreter, call: Call) -> Value:
    columns = [run.items(each) for each in call.args]
    open_ = any(unknown for _, unknown in columns)
    length = (max if open_ else min)((len(values) for values, _ in columns), default=0)
    rows = (
        Items(tuple(values[min(row, len(values) - 1)] if values else Opaque("nothing") for values, _ in columns))
        for row in range(length)
    )
    return Items(tuple(rows), open_)


def _first(run: Interpreter, call: Call) -> Value | None:
    """A function that hands its first argument on, as far as losses are concerned."""
    return call.args[0] if call.args else None


def _items_of_first(run: Interpreter, call: Call) -> Value | None:
    return Items(*run.items(call.args[0])) if call.args else None


def _reversed(run: Interpreter, call: Call) -> Value | None:
    if not call.args:
        return None
    values, open_ = run.items(call.args[0])
    return Items(values[::-1], open_)


def _iter_first(run: Interpreter, call: Call) -> Value | None:
    """`next(iterator)`."""
    if not call.args:
        return None
    values, open_ = run.items(call.args[0])
    return values[0] if values and (open_ or len(values) == 1) else Opaque("an element of something unknown")


def _length(run: Interpreter, call: Call) -> Value | None:
    if not call.args or isinstance(call.args[0], Opaque | Tensor):
        return None
    values, open_ = run.items(call.args[0])
    return None if open_ else Literal(len(values))


def _getattr(run: Interpreter, call: Call) -> Value | None:
    name = call.args[1] if len(call.args) > 1 else None
    if isinstance(name, Literal) and isinstance(name.value, str):
        return run.attribute(call.args[0], name.value, call.place)
    return None


def _setattr(run: Interpreter, call: Call) -> Value:
    if len(call.args) == 3 and isinstance(call.args[0], Object) and isinstance(call.args[1], Literal):
        run.set(call.args[0], str(call.args[1].value), call.args[2])
    return NONE


def _hasattr(run: Interpreter, call: Call) -> Value | None:
    if len(call.args) == 2 and isinstance(call.args[0], Object) and isinstance(call.args[1], Literal):
        name = str(call.args[1].value)
        own = run.get(call.args[0], name) is not None or run.methods(call.args[0], name) is not None
        return Literal(True) if own else None
    return None


def _isinstance(run: Interpreter, call: Call) -> Value | None:
    if len(call.args) != 2:
        return None
    value, wanted = call.args
    options = run.items(wanted)[0] if isinstance(wanted, Items) else (wanted,)
    answers = [_is_a(run, value, option) for option in options]
    if True in answers:
        return Literal(True)
    return None if None in answers else Literal(False)


_PYTHON = {"str": str, "int": int, "float": float, "bool": bool}


def _is_a(run: Interpreter, value: Value, wanted: Value) -> bool | None:
    path = wanted.path if isinstance(wanted, External) else ""
    name = path.removeprefix("builtins.")
    if isinstance(value, Literal) and name in _PYTHON:
        return isinstance(value.value, _PYTHON[name])
    if isinstance(value, Items) and name in ("tuple", "list", "dict"):
        return name == "tuple"
    if isinstance(value, Object):
        if isinstance(wanted, Class):
            return any(each is wanted for each in run.lineage(value))
        return True if any(External(path) == each for each in run.lineage(value)) else None
    if isinstance(value, Tensor) and (name in ("tuple", "list", "dict", "str") or path.endswith(".Tensor")):
        return path.endswith(".Tensor") if value.leaf is None else None
    if isinstance(value, Layer) and path:
        return run.same_name(path, value.path)
    return None


def _partial(run: Interpreter, call: Call) -> Value | None:
    return Partial(call.args[0], call.args[1:], call.keywords) if call.args else None


def _sum(run: Interpreter, call: Call) -> Value | None:
    """`sum(losses)`: a sum of tensors."""
    if not call.args:
        return None
    values, _ = run.items(call.args[0])
    tensors = [each for each in values if isinstance(each, Tensor)]
    if not tensors or len(tensors) != len(values) or len(tensors) > _MOST:
        return None
    total = tensors[0]
    for each in tensors[1:]:
        total = run.apply(each.framework, "add", {"input": total, "other": each}, {}, call)
    return total


def _map(run: Interpreter, call: Call) -> Value | None:
    if len(call.args) < 2:
        return None
    values, open_ = run.items(call.args[1])
    return Items(tuple(run.call(call.args[0], Call((each,), {}, call.place)) for each in values), open_)


# Containers


def _append(run: Interpreter, target: Object, call: Call) -> Value:
    held = run.get(target, "items")
    if isinstance(held, Items) and call.args:
        run.set(target, "items", Items((*held.values, call.args[0]), held.open))
    return NONE


def _extend(run: Interpreter, target: Object, call: Call) -> Value:
    held = run.get(target, "items")
    if isinstance(held, Items) and call.args:
        more, open_ = run.items(call.args[0])
        run.set(target, "items", Items((*held.values, *more), held.open or open_))
    return NONE


def _insert(run: Interpreter, target: Object, call: Call) -> Value:
    held = run.get(target, "items")
    if isinstance(held, Items) and len(call.args) == 2:
        at = call.args[0].value if isinstance(call.args[0], Literal) else None
        if isinstance(at, int) and not held.open:
            values = list(held.values)
            values.insert(at, call.args[1])
            run.set(target, "items", Items(tuple(values)))
        else:
            run.set(target, "items", Items((join([((), each) for each in (*held.values, call.args[1])]),), open=True))
    return NONE


def _pop(run: Interpreter, target: Object, call: Call) -> Value | None:
    held = run.get(target, "items")
    if isinstance(held, Items) and held.values:
        run.set(target, "items", Items(held.values[:-1], held.open))
        return held.values[-1] if not call.args else Opaque("an element of a list")
    return None


def _get(run: Interpreter, target: Object, call: Call) -> Value | None:
    held = run.get(target, "items")
    if not isinstance(held, Entries) or not call.args:
        return None
    found = next((value for key, value in held.pairs if key == call.args[0] and isinstance(key, Literal)), None)
    if found is not None:
        return found
    if isinstance(call.args[0], Literal) and not held.open:
        return call.argument(1, "default", NONE)
    default = call.argument(1, "default")
    others = [((), value) for _, value in held.pairs]
    return join([*others, ((), default if default is not None else Opaque("an entry of a dictionary"))])


def _update(run: Interpreter, target: Object, call: Call) -> Value:
    held = run.get(target, "items")
    more = _dict(run, call)
    added = run.get(more, "items") if isinstance(more, Object) else None
    if isinstance(held, Entries) and isinstance(added, Entries):
        names = [key for key, _ in added.pairs]
        kept = tuple(pair for pair in held.pairs if pair[0] not in names)
        run.set(target, "items", Entries((*kept, *added.pairs), held.open or added.open))
    return NONE


def _parts(pick: Callable[[tuple[Value, Value]], Value]) -> Method:
    def method(run: Interpreter, target: Object, call: Call) -> Value | None:
        held = run.get(target, "items")
        return Items(tuple(map(pick, held.pairs)), held.open) if isinstance(held, Entries) else None

    return method


def _text_method(name: str) -> Callable[[Interpreter, Literal, Call], Value | None]:
    """A method of a text that is known, with arguments that are known."""

    def method(run: Interpreter, value: Literal, call: Call) -> Value | None:
        known = [each.value for each in call.args if isinstance(each, Literal)]
        if not isinstance(value.value, str) or len(known) != len(call.args) or call.keywords:
            return None
        if (name == "format" and ":" in value.value) or len(value.value) * len(str(known)) > _LONGEST_TEXT:
            return None  # a width, or a text in a loop, may make it as long as it likes
        try:
            result = getattr(value.value, name)(*known)
        except (TypeError, ValueError, LookupError, AttributeError):
            return None
        if isinstance(result, str | bool | int):
            return Literal(result)
        return Items(tuple(map(Literal, result))) if isinstance(result, list) else None

    return method


_HANDLERS: dict[str, Handler] = {
    "builtins.super": _super,
    "builtins.list": _list,
    "builtins.tuple": _tuple,
    "builtins.dict": _dict,
    "builtins.range": _range,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.reversed": _reversed,
    "builtins.iter": _first,
    "builtins.next": _iter_first,
    "builtins.sorted": _items_of_first,
    "builtins.set": _list,
    "builtins.len": _length,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.hasattr": _hasattr,
    "builtins.isinstance": _isinstance,
    "builtins.sum": _sum,
    "builtins.map": _map,
    "functools.partial": _partial,
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "collections.OrderedDict": lambda run, call: _ordered(run, call),
    "collections.defaultdict": lambda run, call: run.object(_DICT, None, items=Entries((), open=True)),
    "tqdm.tqdm": _first,
    "tqdm.auto.tqdm": _first,
    "tqdm.notebook.tqdm": _first,
    "tqdm.tqdm_notebook": _first,
    "tqdm.trange": _range,
    "itertools.chain": lambda run, call: _chain(run, call),
    "typing.cast": lambda run, call: call.args[1] if len(call.args) > 1 else None,
}


def _ordered(run: Interpreter, call: Call) -> Value:
    """`OrderedDict([("a", x), ...])`."""
    if call.args and not isinstance(run.get(call.args[0], "items") if isinstance(call.args[0], Object) else 0, Entries):
        values, open_ = run.items(call.args[0])
        rows = [run.items(each)[0] for each in values]
        if all(len(row) == 2 for row in rows):
            return run.object(_DICT, None, items=Entries(tuple((row[0], row[1]) for row in rows), open_))
    return _dict(run, call)


def _chain(run: Interpreter, call: Call) -> Value:
    parts = [run.items(each) for each in call.args]
    return Items(tuple(each for values, _ in parts for each in values), any(open_ for _, open_ in parts))


_METHODS: dict[tuple[str, str], Method] = {
    ("builtins.list", "append"): _append,
    ("builtins.list", "extend"): _extend,
    ("builtins.list", "insert"): _insert,
    ("builtins.list", "pop"): _pop,
    ("builtins.list", "__getitem__"): lambda run, target, call: None,
    ("builtins.list", "copy"): lambda run, target, call: run.object(_LIST, None, items=Items(*run.items(target))),
    ("builtins.dict", "get"): _get,
    ("builtins.dict", "pop"): _get,
    ("builtins.dict", "update"): _update,
    ("builtins.dict", "__getitem__"): lambda run, target, call: None,
    ("builtins.dict", "keys"): _parts(lambda pair: pair[0]),
    ("builtins.dict", "values"): _parts(lambda pair: pair[1]),
    ("builtins.dict", "items"): _parts(lambda pair: Items(pair)),
}
_LONGEST_TEXT = 100_000
_TEXT = ("lower", "upper", "strip", "startswith", "endswith", "replace", "split", "title", "capitalize", "format")

FRAMEWORK = Framework(
    "builtin",
    (),
    calls=_HANDLERS,
    methods=_METHODS,
    values={(Literal, name): _text_method(name) for name in _TEXT},
)
