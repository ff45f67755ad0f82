"""PyTorch: containers of modules, training idioms, Lightning, Transformers and models of known libraries."""

from __future__ import annotations

from lossaudit.pairing import Const, Unknown
from lossaudit.readers.source.frameworks import Framework, Interpreter, Method
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


# Models of libraries whose output is known


def _classifier(run: Interpreter, call: Call) -> Value:
    """A model that ends in an affine layer, and whose last layer the program may replace."""
    return run.object(External("torchvision.models.VisionModel"), call.place, **_classes(call))


def _classes(call: Call) -> dict[str, Value]:
    count = call.keywords.get("num_classes")
    return {"num_classes": count} if count is not None else {}


_HEADS = ("fc", "classifier", "head", "heads", "last_linear", "_fc", "output", "logits")


def _of_library(run: Interpreter, target: Object, call: Call) -> Value | None:
    """The output of a library's model: what the program put in the place of its last layer, or logits."""
    features: Value = Opaque("features of a library's model", run.symbol("features"))
    for name in _HEADS:
        head = run.get(target, name)
        if head is None:
            continue
        return run.call(head, Call((features,), {}, call.place, True, call.name))
    count = run.get(target, "num_classes")
    args = {"out_features": Const(count.value) if isinstance(count, Literal) and isinstance(count.value, int) else _NOT}
    return run.apply("torch", "linear", {"input": features}, args, Call(place=target.place or call.place, name="model"))


_NOT = Unknown("the library's own number of classes")


_LIBRARY: dict[tuple[str, str], Method] = {
    ("torchvision.models.VisionModel", name): method for name, method in _OF_MODULES.items()
} | {("torchvision.models.VisionModel", "__call__"): _of_library}

_MODELS = """
alexnet convnext_base convnext_large convnext_small convnext_tiny densenet121 densenet161 densenet169
densenet201 efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5
efficientnet_b6 efficientnet_b7 efficientnet_v2_l efficientnet_v2_m efficientnet_v2_s mnasnet0_5 mnasnet0_75
mnasnet1_0 mnasnet1_3 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_16gf regnet_x_1_6gf
regnet_x_32gf regnet_x_3_2gf regnet_x_400mf regnet_x_800mf regnet_x_8gf regnet_y_16gf regnet_y_1_6gf
regnet_y_32gf regnet_y_3_2gf regnet_y_400mf regnet_y_800mf regnet_y_8gf resnet101 resnet152 resnet18 resnet34
resnet50 resnext101_32x8d resnext50_32x4d shufflenet_v2_x0_5 shufflenet_v2_x1_0 squeezenet1_0 squeezenet1_1
swin_b swin_s swin_t vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn vit_b_16 vit_b_32 vit_h_14
vit_l_16 vit_l_32 wide_resnet101_2 wide_resnet50_2
"""

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
        **{f"torchvision.models.{name}": _classifier for name in _MODELS.split()},
    },
    methods={
        **{(path, name): method for path in _MODULE_CLASSES for name, method in _OF_MODULES.items()},
        **_of_containers(),
        **_LIBRARY,
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
