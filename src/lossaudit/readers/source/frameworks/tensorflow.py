"""TensorFlow: variables, gradients, optimisers, and the layers of TensorFlow 1."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from lossaudit.readers.source.frameworks import Framework, Handler, Interpreter, Method
from lossaudit.readers.source.frameworks.keras.activations import activated
from lossaudit.readers.source.frameworks.keras.layers import KERNEL, affine, merged
from lossaudit.readers.source.frameworks.keras.objects import elements
from lossaudit.readers.source.values import (
    NONE,
    Call,
    Class,
    External,
    Function,
    Object,
    Opaque,
    Value,
)
from lossaudit.trace import LeafKind


def _variable(run: Interpreter, call: Call) -> Value:
    return KERNEL


def _placeholder(run: Interpreter, call: Call) -> Value:
    return Opaque("a placeholder", leaf=LeafKind.DATA)


def _decorator(path: str, run: Interpreter, call: Call) -> Value:
    """`@tf.function` and `@tf.function(jit_compile=True)`: the same function."""
    function = call.argument(0, "func")
    return function if isinstance(function, Function | Class) else External(path)


# Gradients


def _several(run: Interpreter, value: Value | None) -> tuple[Value, ...]:
    if value is None:
        return ()
    several = elements(run, value)
    return (value,) if several is None else several.values


def _gradient(run: Interpreter, tape: Object, call: Call) -> Value:
    """`tape.gradient(loss, variables)`."""
    for loss in _several(run, call.argument(0, "target")):
        run.differentiated(loss, call.place)
    return Opaque("gradients")


def _gradients(run: Interpreter, call: Call) -> Value:
    """`tf.gradients(loss, variables)`."""
    for loss in _several(run, call.argument(0, "ys")):
        run.differentiated(loss, call.place)
    return Opaque("gradients")


def _minimize(run: Interpreter, optimizer: Object, call: Call) -> Value:
    """`optimizer.minimize(loss)`; in TensorFlow 2 the loss may be a function without arguments."""
    loss = call.argument(0, "loss")
    if isinstance(loss, Function):
        loss = run.call(loss, Call(place=call.place, name=loss.name))
    for each in _several(run, loss):
        run.differentiated(each, call.place)
    return Opaque("a training step")


def _scaled(run: Interpreter, optimizer: Object, call: Call) -> Value:
    """`optimizer.get_scaled_loss(loss)`."""
    return call.argument(0, "loss") or Opaque("a loss")


def _object(path: str, run: Interpreter, call: Call) -> Value:
    return run.object(External(path), call.place)


def _itself(run: Interpreter, target: Object, call: Call) -> Value:
    return target


def _average(run: Interpreter, call: Call) -> Value:
    """`tf.nn.compute_average_loss(losses)`."""
    losses = call.argument(0, "per_example_loss") or Opaque("a loss")
    return run.apply("tensorflow", "mean", {"input": losses}, {}, call)


def _sum(run: Interpreter, call: Call) -> Value:
    """`tf.add_n([a, b])`."""
    return merged(run, "add", call.argument(0, "inputs") or Opaque("values"), call)


# Layers of TensorFlow 1


def _layer(op: str, units: str, activation: str, default: Value, position: int, run: Interpreter, call: Call) -> Value:
    """A layer as a function of its input: an affine operation, then an activation."""
    made = affine(run, op, call.argument(1, units), call)
    chosen = call.argument(position, activation, default) if call.complete else Opaque("an activation")
    if call.argument(position + 1, "normalizer_fn", NONE) != NONE and activation == "activation_fn":
        made = run.apply("tensorflow", "batch_norm", {"input": made}, {}, call)
    return activated(run, chosen, made, call.place)


_RELU = External("tensorflow.nn.relu")
# `slim.arg_scope` sets what an argument is when it is not given, and slim's programs use it.
_SCOPED = Opaque("an activation that slim's arg_scope may have set")

_OLD_LAYERS: Mapping[str, Handler] = {
    "tensorflow.layers.dense": partial(_layer, "linear", "units", "activation", NONE, 2),
    **{
        f"tensorflow.layers.{name}": partial(_layer, op, "filters", "activation", NONE, position)
        for name, op, position in (
            ("conv1d", "conv1d", 7),
            ("conv2d", "conv2d", 7),
            ("conv3d", "conv3d", 7),
            ("conv2d_transpose", "conv_transpose2d", 6),
        )
    },
    **{
        f"{module}.{name}": partial(_layer, op, "num_outputs", "activation_fn", default, position)
        for module, default in (
            ("tensorflow.contrib.layers", _RELU),
            ("tensorflow.contrib.slim", _SCOPED),
            ("tf_slim", _SCOPED),
        )
        for name, op, position in (
            ("fully_connected", "linear", 2),
            ("conv2d", "conv2d", 7),
            ("convolution2d", "conv2d", 7),
            ("conv2d_transpose", "conv_transpose2d", 6),
        )
    },
}

_TAPE = "tensorflow.GradientTape"
_OPTIMIZERS = tuple(
    f"{module}.{name}"
    for modules, names in (
        (
            "keras.optimizers keras.optimizers.legacy keras.optimizers.experimental keras.mixed_precision",
            "Adam AdamW SGD RMSprop Adagrad Adadelta Adamax Nadam Ftrl Lion Lamb Adafactor Optimizer "
            "LossScaleOptimizer",
        ),
        (
            "tensorflow.train",
            "GradientDescentOptimizer AdamOptimizer MomentumOptimizer RMSPropOptimizer AdagradOptimizer "
            "AdadeltaOptimizer FtrlOptimizer ProximalGradientDescentOptimizer ProximalAdagradOptimizer Optimizer",
        ),
    )
    for module in modules.split()
    for name in names.split()
)
_DECORATORS = (
    "tensorflow.function",
    "tensorflow.autograph.experimental.do_not_convert",
    "keras.saving.register_keras_serializable",
    "keras.utils.register_keras_serializable",
)

_CALLS: Mapping[str, Handler] = {
    "tensorflow.Variable": _variable,
    "tensorflow.get_variable": _variable,
    "tensorflow.placeholder": _placeholder,
    "tensorflow.placeholder_with_default": _placeholder,
    "tensorflow.gradients": _gradients,
    "tensorflow.add_n": _sum,
    "tensorflow.math.add_n": _sum,
    "tensorflow.nn.compute_average_loss": _average,
    _TAPE: partial(_object, _TAPE),
    **{path: partial(_object, path) for path in _OPTIMIZERS},
    **{path: partial(_decorator, path) for path in _DECORATORS},
    **_OLD_LAYERS,
}
_METHODS: Mapping[tuple[str, str], Method] = {
    (_TAPE, "__enter__"): _itself,
    (_TAPE, "gradient"): _gradient,
    (_TAPE, "jacobian"): _gradient,
    **{
        (path, name): method
        for path in _OPTIMIZERS
        for name, method in {
            "minimize": _minimize,
            "compute_gradients": _minimize,
            "get_updates": _minimize,
            "get_scaled_loss": _scaled,
            "scale_loss": _scaled,
        }.items()
    },
}

FRAMEWORK = Framework(
    "tensorflow",
    roots=("tensorflow", "tf_slim"),
    calls=_CALLS,
    methods=_METHODS,
)
