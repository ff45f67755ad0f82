"""JAX: what its transformations do to a function, modules of flax, haiku and equinox, the state of a training.

A transformed function is a `Partial` of a name that no program can write, such as `jax.grad()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from lossaudit.readers.source.frameworks import Framework, Handler, Interpreter, Method, OfValue
from lossaudit.readers.source.values import (
    NONE,
    Call,
    Choice,
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
from lossaudit.trace import LeafKind

_LIST = External("builtins.list")


def _rest(call: Call, count: int) -> Call:
    """The call without its first arguments."""
    return replace(call, args=call.args[count:])


def _names(prefixes: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for prefix in prefixes.split() for name in names.split())


# Transformations of functions


def _transformation(path: str, options: str, positions: tuple[int, ...], run: Interpreter, call: Call) -> Value:
    """`jax.grad(f, has_aux=True)`; without a function, a decorator with options."""
    function = call.argument(0, "fun") or call.keywords.get("f")
    if function is None:
        return Partial(External(path), (), call.keywords)
    chosen = [
        call.argument(position, name, Literal(False)) or NONE
        for position, name in zip(positions, options.split(), strict=True)
    ]
    return Partial(External(f"{path}()"), (function, *chosen), {})


def _same(path: str, run: Interpreter, call: Call) -> Value:
    """`jax.jit(f)`: a function that computes the same."""
    function = call.argument(0, "fun") or call.keywords.get("f") or call.keywords.get("target")
    return function if function is not None else External(path)


def _loss_of(run: Interpreter, call: Call) -> tuple[Value, Value | None]:
    """The value of a transformed loss function, with what it returns besides, and that it is differentiated."""
    function, has_aux = call.args[:2]
    result = run.call(function, _rest(call, 2))
    if has_aux == Literal(False):
        run.differentiated(result, call.place)
        return result, None
    first, second = _pair(run, result) if has_aux == Literal(True) else (Opaque("a loss"), Opaque("a result"))
    run.differentiated(first, call.place)
    return first, second


def _pair(run: Interpreter, value: Value) -> tuple[Value, Value]:
    """The two elements of a pair, one of several possible pairs where it is a choice."""
    firsts: list[tuple[tuple[str, ...], Value]] = []
    seconds: list[tuple[tuple[str, ...], Value]] = []
    for guards, each in run.alternatives(value):
        values, open_ = run.items(each) if isinstance(each, Items | Object) else ((), True)
        whole = len(values) == 2 and not open_
        firsts.append((guards, values[0] if whole else Opaque("the first of two results")))
        seconds.append((guards, values[1] if whole else Opaque("the second of two results")))
    return run.join(tuple(firsts)), run.join(tuple(seconds))


def _value_and_grad(run: Interpreter, call: Call) -> Value:
    """`jax.value_and_grad(f)(params, x)`."""
    loss, other = _loss_of(run, call)
    return Items((loss if other is None else Items((loss, other)), Opaque("gradients")))


def _grad(run: Interpreter, call: Call) -> Value:
    """`jax.grad(f)(params, x)`."""
    _, other = _loss_of(run, call)
    return Opaque("gradients") if other is None else Items((Opaque("gradients"), other))


def _vjp(run: Interpreter, call: Call) -> Value | None:
    """`jax.vjp(f, *primals)`: the value and a function for its gradients."""
    if not call.args:
        return None
    keywords = {name: value for name, value in call.keywords.items() if name != "has_aux"}
    if len(keywords) < len(call.keywords):
        return None
    result = run.call(call.args[0], _rest(call, 1))
    run.differentiated(result, call.place)
    return Items((result, Opaque("a function for gradients")))


def _mapped(run: Interpreter, call: Call) -> Value:
    """`jax.vmap(f)(x)`: inside, nothing has the axis that is mapped."""
    function, *args = call.args
    keywords = {name: _one_sample(value) for name, value in call.keywords.items()}
    return run.call(function, replace(call, args=tuple(map(_one_sample, args)), keywords=keywords))


def _one_sample(value: Value) -> Value:
    match value:
        case Tensor(batched=True):
            return replace(value, batched=False)
        case Opaque(batched=True):
            symbol = f"{value.symbol}.sample" if value.symbol else ""
            return replace(value, symbol=symbol, batched=False)
    return value


def _scan(run: Interpreter, call: Call) -> Value | None:
    """`jax.lax.scan(f, carry, xs)`: one step of the loop."""
    function, carry = call.argument(0, "f"), call.argument(1, "init")
    if function is None or carry is None:
        return None
    element = Opaque("an element that is scanned", run.symbol("element"))
    after, outputs = _pair(run, run.call(function, Call((carry, element), {}, call.place, True, call.name)))
    return Items((after, _stacked(outputs)))


def _stacked(value: Value) -> Value:
    """One step's output stands for all of them; with an axis in front, which moves the others."""
    return Opaque("what the steps of a scan return") if isinstance(value, Items | Object | Choice) else value


def _cond(run: Interpreter, call: Call) -> Value | None:
    """`jax.lax.cond(condition, when_true, when_false, *operands)`."""
    if len(call.args) < 3:
        return None
    condition, *branches = call.args[:3]
    symbol = condition.symbol if isinstance(condition, Opaque) and condition.symbol else run.symbol("condition")
    operands = _rest(call, 3)
    results = [run.call(branch, operands) for branch in branches]
    return run.join((((symbol,), results[0]), ((f"not {symbol}",), results[1])))


def _first(run: Interpreter, call: Call) -> Value | None:
    return call.args[0] if call.args else None


_JAX_AND_FLAX = "jax flax.linen flax.nnx"
_GRAD = (*_names(_JAX_AND_FLAX, "grad"), "equinox.filter_grad")
_VALUE_AND_GRAD = (*_names(_JAX_AND_FLAX, "value_and_grad"), "equinox.filter_value_and_grad")
_MAP = (*_names(_JAX_AND_FLAX, "vmap pmap"), *_names("equinox", "filter_vmap filter_pmap"), "haiku.vmap")
_SAME = (
    *_names(_JAX_AND_FLAX, "jit checkpoint remat named_call"),
    *_names("equinox", "filter_jit filter_checkpoint"),
    *_names("haiku", "jit remat named_call transparent"),
    *_names("flax.linen", "compact nowrap"),
    *_names("jax", "custom_jvp custom_vjp"),
    "chex.assert_max_traces",
)
_HANDED_ON = (
    *_names("jax", "block_until_ready device_put device_get"),
    *_names("jax.lax", "pmean psum optimization_barrier with_sharding_constraint"),
    *_names("flax.jax_utils", "replicate unreplicate"),
)

_TRANSFORMATIONS: Mapping[str, Handler] = {
    **{path: partial(_transformation, path, "has_aux", (2,)) for path in (*_GRAD, *_VALUE_AND_GRAD)},
    **{path: partial(_transformation, path, "", ()) for path in _MAP},
    **{f"{path}()": _grad for path in _GRAD},
    **{f"{path}()": _value_and_grad for path in _VALUE_AND_GRAD},
    **{f"{path}()": _mapped for path in _MAP},
    **{path: partial(_same, path) for path in _SAME},
    **dict.fromkeys(_HANDED_ON, _first),
    "flax.training.checkpoints.restore_checkpoint": lambda run, call: call.argument(1, "target"),
    "jax.tree_util.Partial": lambda run, call: (
        Partial(call.args[0], call.args[1:], call.keywords) if call.args else None
    ),
    "jax.vjp": _vjp,
    "jax.lax.scan": _scan,
    "jax.lax.cond": _cond,
}


# Modules


_OPTIONS = frozenset({"rngs", "mutable", "method", "capture_intermediates", "rng", "rngs_collection"})


def _apply(run: Interpreter, module: Value, call: Call) -> Value | None:
    """`model.apply(variables, x, rngs=..., mutable=[...])` of flax: the module on `x`, with its new state if asked."""
    given = Call(
        call.args[1:],
        {name: value for name, value in call.keywords.items() if name not in _OPTIONS},
        call.place,
        call.complete,
        call.name,
    )
    method = _method(run, module, call)
    if method is None:
        return None
    result = run.call(method, given)
    mutable = call.keywords.get("mutable", Literal(False))
    if mutable == Literal(False):
        return result
    if isinstance(mutable, Opaque):
        return Opaque("what apply returns, where `mutable` is not known")
    return Items((result, Opaque("the new state")))


def _method(run: Interpreter, module: Value, call: Call) -> Value | None:
    """What `apply` calls: the module, or its method of the name or function that `method` gives."""
    chosen = call.keywords.get("method", NONE)
    if chosen == NONE:
        return module
    name = chosen.value if isinstance(chosen, Literal) else getattr(chosen, "name", None)
    return run.methods(module, name) if isinstance(name, str) and isinstance(module, Object) else None


def _apply_layer(run: Interpreter, layer: Layer, call: Call) -> Value | None:
    return _apply(run, layer, call) if layer.framework == "jax" else None


def _init_layer(run: Interpreter, layer: Layer, call: Call) -> Value | None:
    return Opaque("parameters") if layer.framework == "jax" else None


def _init_with_output(run: Interpreter, module: Object, call: Call) -> Value:
    return Items((run.call(module, _rest(call, 1)), Opaque("parameters")))


def _setup(run: Interpreter, module: Object, call: Call) -> Value:
    """What flax does with a new module: `setup` makes its layers."""
    method = run.methods(module, "setup")
    if method is not None:
        run.call(method, Call(place=call.place))
    return NONE


def _itself(run: Interpreter, target: Object, call: Call) -> Value:
    return target


def _parameter(run: Interpreter, target: Object, call: Call) -> Value:
    return Tensor("", leaf=LeafKind.PARAMETER, name="a parameter", grad=True, framework="jax")


def _new_parameter(run: Interpreter, call: Call) -> Value:
    return Tensor("", leaf=LeafKind.PARAMETER, name="a parameter", grad=True, framework="jax")


def _sequential(path: str, run: Interpreter, call: Call) -> Value:
    """`nn.Sequential([a, b])` of flax, haiku and equinox, `nnx.Sequential(a, b)`."""
    made = run.object(External(path), call.place)
    _fill(run, made, call)
    return made


def _fill(run: Interpreter, made: Object, call: Call) -> Value:
    layers = call.args[0] if len(call.args) == 1 else call.keywords.get("layers")
    if isinstance(layers, Items | Object) and (isinstance(layers, Items) or layers.type == _LIST):
        values, open_ = run.items(layers)
    elif (layers is not None and not call.args) or isinstance(layers, Opaque):
        values, open_ = (), True
    else:
        values, open_ = call.args, not call.complete
    run.set(made, "items", Items(values, open_))
    return NONE


def _through(run: Interpreter, target: Object, call: Call) -> Value | None:
    """One layer after the other."""
    values, open_ = run.items(target)
    if not call.args:
        return None
    if open_:
        return Opaque("a Sequential of unknown layers")
    value = call.args[0]
    for each in values:
        place = each.place if isinstance(each, Layer) and each.place is not None else call.place
        value = run.call(each, Call((value,), {}, place, True, call.name))
    return value


_SEQUENTIALS = _names("flax.linen flax.nnx haiku equinox.nn", "Sequential")
_OF_MODULES: Mapping[str, Method] = {
    "apply": _apply,
    "init_with_output": _init_with_output,
    "init": lambda run, target, call: Opaque("parameters"),
    "lazy_init": lambda run, target, call: Opaque("parameters"),
    "tabulate": lambda run, target, call: Opaque("a text"),
    "param": _parameter,
    "variable": lambda run, target, call: Opaque("a variable"),
    "make_rng": lambda run, target, call: Opaque("a key"),
    "is_initializing": lambda run, target, call: Literal(False),
    "sow": lambda run, target, call: Literal(True),
    **dict.fromkeys(("bind", "clone", "copy", "train", "eval"), _itself),
}


# Functions that haiku makes pure


_TRANSFORMED = "haiku.Transformed"


def _transformed(skipped: int, with_state: bool, run: Interpreter, call: Call) -> Value | None:
    """`haiku.transform(f)`: a pair of functions; `skipped` arguments of `apply` are no arguments of `f`."""
    function = call.argument(0, "f")
    if function is None:
        return None
    if call.keywords.get("apply_rng") == Literal(False):  # as before version 0.0.8
        skipped -= 1
    cells = {"function": function, "skipped": Literal(skipped), "with_state": Literal(with_state)}
    return run.object(External(_TRANSFORMED), call.place, **cells)


def _without_key(run: Interpreter, call: Call) -> Value | None:
    """`haiku.without_apply_rng(transformed)`."""
    transformed = call.argument(0, "f")
    if not isinstance(transformed, Object) or transformed.type != External(_TRANSFORMED):
        return None
    skipped, function = run.get(transformed, "skipped"), run.get(transformed, "function")
    with_state = run.get(transformed, "with_state")
    if not isinstance(skipped, Literal) or not isinstance(skipped.value, int) or function is None:
        return None
    return _transformed(skipped.value - 1, with_state == Literal(True), run, Call((function,), {}, call.place))


def _apply_transformed(run: Interpreter, target: Object, call: Call) -> Value | None:
    function, skipped = run.get(target, "function"), run.get(target, "skipped")
    if function is None or not isinstance(skipped, Literal) or not isinstance(skipped.value, int):
        return None
    given = {name: value for name, value in call.keywords.items() if name not in ("params", "state", "rng")}
    named = len(call.keywords) - len(given)
    result = run.call(function, replace(_rest(call, max(skipped.value - named, 0)), keywords=given))
    return Items((result, Opaque("the new state"))) if run.get(target, "with_state") == Literal(True) else result


# The state of a training


_STATE = "flax.training.train_state.TrainState"


def _state(run: Interpreter, call: Call) -> Value:
    """`TrainState.create(apply_fn=model.apply, params=params, tx=tx)`."""
    return run.object(External(_STATE), call.place, **call.keywords)


def _replaced(run: Interpreter, state: Object, call: Call) -> Value:
    """`state.replace(...)`, `state.apply_gradients(grads=...)`: what a loss is made of stays."""
    if "apply_fn" in call.keywords:
        run.set(state, "apply_fn", call.keywords["apply_fn"])
    return state


_CALLS: Mapping[str, Handler] = {
    **_TRANSFORMATIONS,
    **{path: partial(_sequential, path) for path in _SEQUENTIALS},
    "haiku.get_parameter": _new_parameter,
    "haiku.transform": partial(_transformed, 2, False),
    "haiku.transform_with_state": partial(_transformed, 3, True),
    "haiku.without_apply_rng": _without_key,
    f"{_STATE}.create": _state,
    _STATE: _state,
    "flax.nnx.Param": _new_parameter,
    "flax.nnx.List": lambda run, call: (
        run.object(_LIST, call.place, items=Items(*run.items(call.args[0]))) if call.args else None
    ),
    "equinox.nn.Lambda": lambda run, call: call.argument(0, "fn"),
}
_METHODS: Mapping[tuple[str, str], Method] = {
    **{
        (path, name): method
        for path in ("flax.linen.Module", "flax.nnx.Module", *_SEQUENTIALS)
        for name, method in _OF_MODULES.items()
    },
    ("flax.linen.Module", "__post_init__"): _setup,
    **{(path, "__call__"): _through for path in _SEQUENTIALS},
    **{(path, "__init__"): _fill for path in _SEQUENTIALS},
    (_TRANSFORMED, "apply"): _apply_transformed,
    (_TRANSFORMED, "init"): lambda run, target, call: Opaque("parameters"),
    (_STATE, "apply_gradients"): _replaced,
    (_STATE, "replace"): _replaced,
}
_VALUES: Mapping[tuple[type, str], OfValue] = {(Layer, "apply"): _apply_layer, (Layer, "init"): _init_layer}

FRAMEWORK = Framework(
    "jax",
    roots=("jax", "flax", "optax", "haiku", "equinox"),
    calls=_CALLS,
    methods=_METHODS,
    values=_VALUES,
)
