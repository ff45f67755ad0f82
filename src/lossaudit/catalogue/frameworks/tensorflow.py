"""TensorFlow: `tensorflow.*` of versions 1 and 2; `tensorflow.compat.v1` has the same names.

Operations take `name` besides. In version 1 the losses over logits take keywords only. An axis that is None here
means the last one in `tensorflow.nn.softmax`, and the first in `argmax`: it stands as what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.catalogue.notation import Default, Spellings, fixed, function, method
from lossaudit.catalogue.schema import Param


def _math(names: str, /, *required: str | Param, **defaults: Default) -> Spellings:
    """Functions that stand both in `tensorflow` and in `tensorflow.math`."""
    paths = " ".join(f"tensorflow.{name} tensorflow.math.{name}" for name in names.split())
    return function(paths, *required, **defaults)


def _unary(names: str, /) -> Spellings:
    return _math(names, "x")


def _binary(names: str, /) -> Spellings:
    return _math(names, "x", "y:other")


def _reduce(names: str, /) -> Spellings:
    paths = " ".join(f"tensorflow.reduce_{name} tensorflow.math.reduce_{name}" for name in names.split())
    return function(paths, "input_tensor:input", axis=None, keepdims=False)


def _old(name: str, target: str, prediction: str, /, **options: Default) -> Spellings:
    """A loss of TensorFlow 1, reduced to a mean."""
    options = {"weights": 1.0, **options, "scope": None, "loss_collection": "losses"}
    options["reduction"] = "weighted_sum_by_nonzero_weights"
    return function(f"tensorflow.losses.{name}", f"{target}:target", f"{prediction}:input", **options)


_NONE = fixed(reduction="none")
_SIDES = ("labels:target", "logits:input")

_LOSSES: dict[str, Spellings] = {
    "cross_entropy": function(
        "tensorflow.nn.softmax_cross_entropy_with_logits tensorflow.nn.softmax_cross_entropy_with_logits_v2",
        *_SIDES,
        *_NONE,
        axis=-1,
    )
    + function("tensorflow.nn.sparse_softmax_cross_entropy_with_logits", *_SIDES, *_NONE)
    + _old("softmax_cross_entropy", "onehot_labels", "logits", label_smoothing=0)
    + _old("sparse_softmax_cross_entropy", "labels", "logits"),
    "bce_with_logits": function("tensorflow.nn.sigmoid_cross_entropy_with_logits", *_SIDES, *_NONE)
    + function("tensorflow.nn.weighted_cross_entropy_with_logits", *_SIDES, "pos_weight", *_NONE)
    + _old("sigmoid_cross_entropy", "multi_class_labels", "logits", label_smoothing=0),
    "bce": _old("log_loss", "labels", "predictions", epsilon=1e-7),
    "hinge": _old("hinge_loss", "labels", "logits"),
    "mse": _old("mean_squared_error", "labels", "predictions"),
    "mae": _old("absolute_difference", "labels", "predictions"),
    "huber": function(
        "tensorflow.losses.huber_loss",
        "labels:target",
        "predictions:input",
        weights=1.0,
        delta=1.0,
        scope=None,
        loss_collection="losses",
        reduction="weighted_sum_by_nonzero_weights",
    ),
    "poisson_nll": function(
        "tensorflow.nn.log_poisson_loss",
        "targets:target",
        "log_input:input",
        Param("compute_full_loss", False, "full"),
        *_NONE,
        *fixed(log_input=True),
    ),
    "ctc_with_logits": function(
        "tensorflow.nn.ctc_loss", "labels:target", "logits:input", "label_length", "logit_length", *_NONE
    ),
}

_OPS: dict[str, Spellings] = {
    "linear": function("tensorflow.nn.xw_plus_b", "x", "weights:weight", "biases:bias"),
    "matmul": function("tensorflow.matmul tensorflow.linalg.matmul", "a", "b:other"),
    "mv": function("tensorflow.linalg.matvec", "a", "b:other"),
    "einsum": function("tensorflow.einsum", "equation", "*inputs:operands"),
    "tensordot": function("tensorflow.tensordot", "a", "b:other", "axes:dims"),
    "conv1d": function("tensorflow.nn.conv1d", "input", "filters:weight", "stride", "padding"),
    "conv2d": function("tensorflow.nn.conv2d", "input", "filters:weight", "strides:stride", "padding"),
    "conv3d": function("tensorflow.nn.conv3d", "input", "filters:weight", "strides:stride", "padding"),
    "conv_transpose2d": function(
        "tensorflow.nn.conv2d_transpose", "input", "filters:weight", "output_shape", "strides:stride"
    ),
    "embedding": function("tensorflow.nn.embedding_lookup", "params:weight", "ids:input"),
    "softmax": function("tensorflow.nn.softmax tensorflow.math.softmax", "logits:input", axis=-1),
    "log_softmax": function("tensorflow.nn.log_softmax tensorflow.math.log_softmax", "logits:input", axis=-1),
    "sigmoid": _unary("sigmoid") + function("tensorflow.nn.sigmoid", "x"),
    "logsigmoid": _unary("log_sigmoid"),
    "tanh": _unary("tanh") + function("tensorflow.nn.tanh", "x"),
    "relu": function("tensorflow.nn.relu", "features:input"),
    "relu6": function("tensorflow.nn.relu6", "features:input"),
    "leaky_relu": function("tensorflow.nn.leaky_relu", "features:input", Param("alpha", 0.2, "negative_slope")),
    "elu": function("tensorflow.nn.elu", "features:input"),
    "selu": function("tensorflow.nn.selu", "features:input"),
    "gelu": function("tensorflow.nn.gelu", "features:input", approximate=False),
    "silu": function("tensorflow.nn.silu tensorflow.nn.swish", "features:input"),
    "softplus": function("tensorflow.nn.softplus tensorflow.math.softplus", "features:input"),
    "softsign": function("tensorflow.nn.softsign", "features:input"),
    "normalize": function(
        "tensorflow.nn.l2_normalize tensorflow.math.l2_normalize tensorflow.linalg.l2_normalize",
        "x",
        axis=None,
        epsilon=1e-12,
    ),
    "identity": function("tensorflow.identity", "input"),
    "dropout": function("tensorflow.nn.dropout", "x", "rate:p"),
    "reshape": function("tensorflow.reshape", "tensor:input", "shape"),
    "squeeze": function("tensorflow.squeeze", "input", axis=None),
    "unsqueeze": function("tensorflow.expand_dims", "input", "axis"),
    "permute": function("tensorflow.transpose", "a", Param("perm", None, "dims")),
    "mT": function("tensorflow.linalg.matrix_transpose", "a"),
    "tile": function("tensorflow.tile", "input", "multiples:repeats"),
    "repeat_interleave": function("tensorflow.repeat", "input", "repeats", axis=None),
    "broadcast_to": function("tensorflow.broadcast_to", "input", "shape"),
    "flip": function("tensorflow.reverse", "tensor:input", "axis:dims"),
    "to": function("tensorflow.cast", "x", "dtype"),
    "float": function("tensorflow.to_float", "x"),
    "double": function("tensorflow.to_double", "x"),
    "int": function("tensorflow.to_int32", "x"),
    "long": function("tensorflow.to_int64", "x"),
    "detach": function("tensorflow.stop_gradient", "input"),
    "numpy": method("numpy __array__", of="tensorflow.Tensor"),
    "getitem": method("__getitem__", "slice_spec:index", of="tensorflow.Tensor"),
    "index_select": function(
        "tensorflow.gather", "params:input", "indices:index", validate_indices=None, axis=None, batch_dims=0
    ),
    "masked_select": function("tensorflow.boolean_mask", "tensor:input", "mask", axis=None),
    "topk": function("tensorflow.math.top_k tensorflow.nn.top_k", "input", k=1, sorted=True),
    "sort": function("tensorflow.sort", "values:input", axis=-1),
    "tensor_split": function("tensorflow.split", "value:input", "num_or_size_splits:sections", axis=0),
    "unbind": function("tensorflow.unstack", "value:input", num=None, axis=0),
    "cat": function("tensorflow.concat", "values:tensors", "axis"),
    "stack": function("tensorflow.stack", "values:tensors", axis=0),
    "pad": function("tensorflow.pad", "tensor:input", "paddings:pad", mode="CONSTANT", constant_values=0),
    "where": function("tensorflow.where", "condition", Param("x", None, "input"), Param("y", None, "other")),
    "clamp": function("tensorflow.clip_by_value", "t:input", "clip_value_min:min", "clip_value_max:max"),
    "add": _binary("add") + function("tensorflow.nn.bias_add", "value:input", "bias:other"),
    "sub": _binary("subtract") + function("tensorflow.sub", "x", "y:other"),
    "mul": _binary("multiply") + function("tensorflow.mul", "x", "y:other"),
    "div": _binary("divide truediv divide_no_nan") + function("tensorflow.div tensorflow.realdiv", "x", "y:other"),
    "floor_divide": _binary("floordiv"),
    "remainder": _binary("floormod mod"),
    "pow": _binary("pow"),
    "maximum": _binary("maximum"),
    "minimum": _binary("minimum"),
    "atan2": _binary("atan2"),
    "xlogy": function("tensorflow.math.xlogy", "x", "y:other"),
    "neg": _unary("negative") + function("tensorflow.neg", "x"),
    "abs": _unary("abs"),
    "sign": _unary("sign"),
    "square": _unary("square"),
    "sqrt": _unary("sqrt"),
    "rsqrt": _unary("rsqrt"),
    "reciprocal": _unary("reciprocal"),
    "exp": _unary("exp"),
    "expm1": _unary("expm1"),
    "log": _unary("log"),
    "log1p": _unary("log1p"),
    "floor": _unary("floor"),
    "ceil": _unary("ceil"),
    "round": _unary("round"),
    "sin": _unary("sin"),
    "cos": _unary("cos"),
    "tan": _unary("tan"),
    "asin": _unary("asin"),
    "acos": _unary("acos"),
    "atan": _unary("atan"),
    "sinh": _unary("sinh"),
    "cosh": _unary("cosh"),
    "erf": _unary("erf"),
    "erfc": _unary("erfc"),
    "erfinv": _unary("erfinv"),
    "lgamma": _unary("lgamma"),
    "digamma": _unary("digamma"),
    "sum": _reduce("sum"),
    "mean": _reduce("mean"),
    "prod": _reduce("prod"),
    "amax": _reduce("max"),
    "amin": _reduce("min"),
    "all": _reduce("all"),
    "any": _reduce("any"),
    "logsumexp": _reduce("logsumexp"),
    "var": _reduce("variance"),
    "std": _reduce("std"),
    "cumsum": _math("cumsum", "x", axis=0),
    "cumprod": _math("cumprod", "x", axis=0),
    "count_nonzero": _math("count_nonzero", "input", axis=None, keepdims=None),
    "linalg_norm": function(
        "tensorflow.norm tensorflow.linalg.norm",
        "tensor:input",
        Param("ord", "euclidean", "p"),
        axis=None,
        keepdims=None,
    ),
    "avg_pool1d": function("tensorflow.nn.avg_pool1d", "input", "ksize:kernel_size", "strides:stride", "padding"),
    "avg_pool2d": function(
        "tensorflow.nn.avg_pool2d tensorflow.nn.avg_pool", "input", "ksize:kernel_size", "strides:stride", "padding"
    ),
    "max_pool1d": function("tensorflow.nn.max_pool1d", "input", "ksize:kernel_size", "strides:stride", "padding"),
    "max_pool2d": function(
        "tensorflow.nn.max_pool2d tensorflow.nn.max_pool", "input", "ksize:kernel_size", "strides:stride", "padding"
    ),
    "batch_norm": function(
        "tensorflow.nn.batch_normalization", "x", "mean", "variance", "offset", "scale", "variance_epsilon:eps"
    ),
    "local_response_norm": function("tensorflow.nn.local_response_normalization tensorflow.nn.lrn", "input"),
    "one_hot": function(
        "tensorflow.one_hot", "indices:input", "depth:num_classes", on_value=None, off_value=None, axis=-1
    ),
    "argmax": _math("argmax", "input", axis=0),
    "argmin": _math("argmin", "input", axis=0),
    "argsort": function("tensorflow.argsort", "values:input", axis=-1),
    "eq": _binary("equal"),
    "ne": _binary("not_equal"),
    "lt": _binary("less"),
    "le": _binary("less_equal"),
    "gt": _binary("greater"),
    "ge": _binary("greater_equal"),
    "logical_and": _binary("logical_and"),
    "logical_or": _binary("logical_or"),
    "logical_xor": _binary("logical_xor"),
    "logical_not": _unary("logical_not"),
    "isnan": function("tensorflow.math.is_nan", "x"),
    "isinf": function("tensorflow.math.is_inf", "x"),
    "isfinite": function("tensorflow.math.is_finite", "x"),
    "zeros": function("tensorflow.zeros", "shape:size") + function("tensorflow.zeros_like", "input"),
    "ones": function("tensorflow.ones", "shape:size") + function("tensorflow.ones_like", "input"),
    "full": function("tensorflow.fill", "dims:size", "value:fill_value"),
    "eye": function("tensorflow.eye", "num_rows:n", Param("num_columns", None, "m")),
    "arange": function("tensorflow.range", "start", limit=None, delta=1),
    "linspace": function("tensorflow.linspace", "start", "stop:end", "num:steps"),
    "tensor": function("tensorflow.constant tensorflow.convert_to_tensor", "value:data", dtype=None),
    "randn": function("tensorflow.random.normal tensorflow.random_normal", "shape:size", mean=0.0, stddev=1.0),
    "rand": function("tensorflow.random.uniform tensorflow.random_uniform", "shape:size", minval=0, maxval=None),
}

SPELLINGS: Mapping[str, Spellings] = MappingProxyType({**_OPS, **_LOSSES})
