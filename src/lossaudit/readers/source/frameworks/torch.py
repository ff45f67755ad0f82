"""PyTorch: containers of modules, training idioms, Lightning, Transformers and models of known libraries."""

from __future__ import annotations

from lossaudit.readers.source.frameworks import Framework, Interpreter, Method, library
from lossaudit.readers.source.values import (
    NONE,
    Call,
    Entries,
    External,
    Function,
    Items,
    Layer,
    Literal,
    Object,
    Opaque,
    Tensor,
    Value,
)
from lossaudit.trace import LeafKind

_SEQUENTIAL = External("torch.nn.Sequential")
_LIST = External("torch.nn.ModuleList")
_DICT = External("torch.nn.ModuleDict")
_MODULE = "torch.nn.Module"
_LOADER = External("torch.utils.data.DataLoader")
_QUIET, _LOUD = External("torch.no_grad"), External("torch.enable_grad")


# Containers


def _sequential(run: Interpreter, call: Call) -> Value:
    made = run.object(_SEQUENTIAL, call.place)
    _fill(run, made, call)
    return made


def _fill(run: Interpreter, made: Object, call: Call) -> Value:
    """`Sequential(a, b)`, `Sequential(OrderedDict(...))`."""
    only = call.args[0] if len(call.args) == 1 else None
    held = run.get(only, "items") if isinstance(only, Object) else None
    if isinstance(held, Entries):
        values, open_ = tuple(value for _, value in held.pairs), held.open
        for key, value in held.pairs:
            if isinstance(key, Literal) and isinstance(key.value, str):
                run.set(made, key.value, value)
    else:
        values, open_ = call.args, not call.complete
    run.set(made, "items", Items(values, open_))
    return NONE


def _module_list(run: Interpreter, call: Call) -> Value:
    values, open_ = run.items(call.args[0]) if call.args else ((), False)
    return run.object(_LIST, call.place, items=Items(values, open_))


def _module_dict(run: Interpreter, call: Call) -> Value:
    held = run.get(call.args[0], "items") if call.args and isinstance(call.args[0], Object) else Entries(())
    return run.object(_DICT, call.place, items=held if isinstance(held, Entries) else Entries((), open=True))


def _through(run: Interpreter, target: Object, call: Call) -> Value | None:
    """`Sequential.__call__`: one module after the other."""
    values, open_ = run.items(target)
    if not call.args:
        return None
    value = call.args[0]
    if open_ and not values:
        return Opaque("a Sequential of unknown modules")
    for each in values:
        place = each.place if isinstance(each, Layer) and each.place is not None else call.place
        value = run.call(each, Call((value,), {}, place, True, call.name))
    return value


def _add_module(run: Interpreter, target: Object, call: Call) -> Value:
    name, value = call.argument(0, "name"), call.argument(1, "module")
    if isinstance(name, Literal) and value is not None:
        run.set(target, str(name.value), value)
        held = run.get(target, "items")
        if isinstance(held, Items):
            run.set(target, "items", Items((*held.values, value), held.open))
    return NONE


def _append(run: Interpreter, target: Object, call: Call) -> Value:
    held = run.get(target, "items")
    if isinstance(held, Items) and call.args:
        run.set(target, "items", Items((*held.values, call.args[0]), held.open))
    return target


def _extend(run: Interpreter, target: Object, call: Call) -> Value:
    held = run.get(target, "items")
    if isinstance(held, Items) and call.args:
        more, open_ = run.items(call.args[0])
        run.set(target, "items", Items((*held.values, *more), held.open or open_))
    return target


# Modules


def _forward(run: Interpreter, target: Object, call: Call) -> Value | None:
    """Calling a module calls its `forward`."""
    method = run.methods(target, "forward")
    return run.call(method, call) if method is not None else None


def _itself(run: Interpreter, target: Object, call: Call) -> Value:
    return target


def _mode(training: bool) -> Method:
    def method(run: Interpreter, target: Object, call: Call) -> Value:
        mode = call.argument(0, "mode") if training else None
        known = mode.value if isinstance(mode, Literal) and isinstance(mode.value, bool) else training
        _set_mode(run, target, known, 0)
        return target

    return method


def _set_mode(run: Interpreter, target: Object, training: bool, depth: int) -> None:
    run.set(target, "training", Literal(training))
    if depth > 3:
        return
    for value in run.cells(target):
        if isinstance(value, Object) and value != target:
            _set_mode(run, value, training, depth + 1)


def _register(run: Interpreter, target: Object, call: Call) -> Value:
    name, value = call.argument(0, "name"), call.argument(1, "tensor")
    if isinstance(name, Literal) and value is not None:
        run.set(target, str(name.value), value)
    return NONE


def _modules(run: Interpreter, target: Object, call: Call) -> Value:
    return Items((Opaque("a module"),), open=True)


_KEEPERS = """
to cuda cpu half float double bfloat16 requires_grad_ apply share_memory to_empty type compile xpu __enter__
configure_sharded_model
"""
_OF_MODULES: dict[str, Method] = {
    **dict.fromkeys(
        _KEEPERS.split(),
        _itself,
    ),
    "train": _mode(True),
    "eval": _mode(False),
    "__call__": _forward,
    "forward": _forward,
    "add_module": _add_module,
    "register_module": _add_module,
    "register_buffer": _register,
    "register_parameter": _register,
    "children": _modules,
    "modules": _modules,
    "parameters": lambda run, target, call: Opaque("parameters"),
    "named_parameters": lambda run, target, call: Opaque("parameters"),
    "state_dict": lambda run, target, call: Opaque("a state"),
    "load_state_dict": lambda run, target, call: NONE,
    "zero_grad": lambda run, target, call: NONE,
}


def _of_containers() -> dict[tuple[str, str], Method]:
    table: dict[tuple[str, str], Method] = {}
    for path in ("torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"):
        table.update({(path, name): method for name, method in _OF_MODULES.items()})
        table[path, "append"] = _append
        table[path, "extend"] = _extend
        table[path, "__getitem__"] = lambda run, target, call: None
    for path in ("torch.nn.Sequential", "torch.nn.ModuleList"):
        table[path, "__init__"] = _fill
    table["torch.nn.ModuleList", "__init__"] = _fill_list
    table["torch.nn.Sequential", "__call__"] = _run_sequential
    table["torch.nn.Sequential", "forward"] = _run_sequential
    table["torch.nn.ModuleList", "__call__"] = lambda run, target, call: None
    for name in ("items", "keys", "values"):
        table["torch.nn.ModuleDict", name] = _entries(name)
    return table


def _fill_list(run: Interpreter, made: Object, call: Call) -> Value:
    values, open_ = run.items(call.args[0]) if call.args else ((), False)
    run.set(made, "items", Items(values, open_))
    return NONE


def _run_sequential(run: Interpreter, target: Object, call: Call) -> Value | None:
    """A subclass of Sequential may have a `forward` of its own, which calls `super().forward`."""
    own = run.methods(target, "forward")
    if own is not None and not run.is_running(own):
        return run.call(own, call)
    return _through(run, target, call)


def _entries(name: str) -> Method:
    def method(run: Interpreter, target: Object, call: Call) -> Value | None:
        held = run.get(target, "items")
        if not isinstance(held, Entries):
            return None
        keys, values = (tuple(pair[side] for pair in held.pairs) for side in (0, 1))
        return Items({"keys": keys, "values": values, "items": tuple(map(Items, held.pairs))}[name], held.open)

    return method


# Wrappers and data


def _first(run: Interpreter, call: Call) -> Value | None:
    return call.args[0] if call.args else call.keywords.get("module", call.keywords.get("model"))


def _prepared(run: Interpreter, value: Value, call: Call) -> Value | None:
    """`accelerator.prepare(model, optimizer, loader)`, `fabric.setup(model, optimizer)`: the same, wrapped."""
    return call.args[0] if len(call.args) == 1 else Items(call.args) if call.args else None


def _loader(run: Interpreter, call: Call) -> Value:
    return run.object(_LOADER, call.place)


def _samples(run: Interpreter, target: Object, call: Call) -> Value:
    return Opaque("a batch of a DataLoader", run.symbol("batch"), LeafKind.DATA, batched=True)


def _switch(run: Interpreter, call: Call) -> Value:
    if call.args and isinstance(call.args[0], Function):
        return call.args[0]
    return run.object(_QUIET, call.place)


def _grad_mode(run: Interpreter, call: Call) -> Value:
    """`torch.set_grad_enabled(False)`."""
    mode = call.argument(0, "mode")
    off = isinstance(mode, Literal) and mode.value is False
    return run.object(_QUIET if off else _LOUD, call.place)


def _backward(run: Interpreter, loss: Tensor, call: Call) -> Value:
    run.differentiated(loss, call.place)
    return NONE


def _backward_of_first(run: Interpreter, value: Value, call: Call) -> Value:
    """`accelerator.backward(loss)`, `fabric.backward(loss)`; without an argument, the loss itself is not known."""
    run.differentiated(call.args[0] if call.args else value, call.place)
    return NONE


def _manual_backward(run: Interpreter, target: Object, call: Call) -> Value:
    if call.args:
        run.differentiated(call.args[0], call.place)
    return NONE


def _scaled(run: Interpreter, value: Value, call: Call) -> Value | None:
    """`scaler.scale(loss)`: the loss times a number."""
    return call.args[0] if len(call.args) == 1 and isinstance(call.args[0], Tensor) else None


def _asked(run: Interpreter, value: Value, call: Call) -> Value:
    """`x.requires_grad_()`."""
    run.asked_for_gradient(value)
    return value


def _variable(run: Interpreter, call: Call) -> Value | None:
    value = _first(run, call)
    if value is not None and "requires_grad" in call.keywords:
        run.asked_for_gradient(value)
    return value


def _parameter(run: Interpreter, call: Call) -> Value:
    return Tensor("", leaf=LeafKind.PARAMETER, name="a parameter", grad=True)


def _data(run: Interpreter, call: Call) -> Value:
    return Opaque("data", run.symbol("data"), LeafKind.DATA)


_LIGHTNING = "lightning.LightningModule"
_MODULE_CLASSES = (_MODULE, _LIGHTNING)

FRAMEWORK = Framework(
    "torch",
    ("torch",),
    aliases={
        "pytorch_lightning": "lightning",
        "lightning.pytorch": "lightning",
        "pytorch_lightning.core.lightning": "lightning",
        "lightning.pytorch.core": "lightning",
    },
    calls={
        "torch.nn.Sequential": _sequential,
        "torch.nn.ModuleList": _module_list,
        "torch.nn.ModuleDict": _module_dict,
        "torch.nn.Parameter": _parameter,
        "torch.nn.DataParallel": _first,
        "torch.nn.parallel.DataParallel": _first,
        "torch.nn.parallel.DistributedDataParallel": _first,
        "torch.nn.SyncBatchNorm.convert_sync_batchnorm": _first,
        "torch.compile": _first,
        "apex.amp.scale_loss": _first,
        "torch.jit.script": _first,
        "torch.jit.trace": _first,
        "torch.nn.utils.weight_norm": _first,
        "torch.nn.utils.spectral_norm": _first,
        "torch.nn.utils.parametrizations.weight_norm": _first,
        "torch.nn.utils.parametrizations.spectral_norm": _first,
        "torch.autograd.Variable": _variable,
        "torch.utils.data.DataLoader": _loader,
        "torch.no_grad": _switch,
        "torch.inference_mode": _switch,
        "torch.autograd.no_grad": _switch,
        "torch.set_grad_enabled": _grad_mode,
        "torch.enable_grad": lambda run, call: run.object(_LOUD, call.place) if not call.args else call.args[0],
        "torch.from_numpy": _data,
        "torch.utils.checkpoint.checkpoint": lambda run, call: (
            run.call(call.args[0], Call(call.args[1:], {}, call.place)) if call.args else None
        ),
        **library.CALLS,
    },
    methods={
        **{(path, name): method for path in _MODULE_CLASSES for name, method in _OF_MODULES.items()},
        **_of_containers(),
        **library.METHODS,
        **{(library.MODEL, name): method for name, method in _OF_MODULES.items() if name != "__call__"},
        ("torch.utils.data.DataLoader", "__iter__"): _samples,
        ("torch.utils.data.DataLoader", "__getitem__"): lambda run, target, call: None,
        (_LIGHTNING, "manual_backward"): _manual_backward,
        (_LIGHTNING, "log"): lambda run, target, call: NONE,
        (_LIGHTNING, "save_hyperparameters"): lambda run, target, call: NONE,
    },
    values={
        (Tensor, "backward"): _backward,
        (Tensor, "requires_grad_"): _asked,
        (Opaque, "backward"): _backward_of_first,
        (Opaque, "manual_backward"): _backward_of_first,
        (Opaque, "prepare"): _prepared,
        (Opaque, "setup"): _prepared,
        (Opaque, "scale"): _scaled,
    },
)
