"""Keras: `keras.*`; what `tensorflow.keras` offers has the same names.

Losses take the target first. Layers and losses are classes or strings of a configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.catalogue.notation import Default, Spellings, fixed, function, layer, string
from lossaudit.catalogue.schema import Param

_SIDES = ("y_true:target", "y_pred:input")
_REDUCTION: dict[str, Default] = {"reduction": "sum_over_batch_size"}
_FROM_LOGITS: dict[str, Default] = {"from_logits": False, "label_smoothing": 0.0}


def _loss(title: str, names: str, /, *constants: Param, **options: Default) -> Spellings:
    """A loss as a class, functions of these names, and the strings that mean it."""
    functions = " ".join(f"keras.losses.{name}" for name in names.split())
    return (
        function(functions, *_SIDES, *constants, **options)
        + layer(f"keras.losses.{title}", *constants, **options, **_REDUCTION)
        + string(f"{title} {names}", *constants, **options, **_REDUCTION)
    )


_LOSSES: dict[str, Spellings] = {
    "categorical_cross_entropy": _loss("CategoricalCrossentropy", "categorical_crossentropy", **_FROM_LOGITS, axis=-1)
    + function(
        "keras.ops.categorical_crossentropy keras.backend.categorical_crossentropy",
        "target",
        "output:input",
        from_logits=False,
        axis=-1,
    ),
    "sparse_categorical_cross_entropy": function(
        "keras.losses.sparse_categorical_crossentropy", *_SIDES, from_logits=False, ignore_class=None, axis=-1
    )
    + layer("keras.losses.SparseCategoricalCrossentropy", from_logits=False, ignore_class=None, **_REDUCTION, axis=-1)
    + string(
        "sparse_categorical_crossentropy SparseCategoricalCrossentropy",
        from_logits=False,
        ignore_class=None,
        **_REDUCTION,
        axis=-1,
    )
    + function("keras.ops.sparse_categorical_crossentropy", "target", "output:input", from_logits=False, axis=-1)
    + function(
        "keras.backend.sparse_categorical_crossentropy",
        "target",
        "output:input",
        from_logits=False,
        axis=-1,
        ignore_class=None,
    ),
    "categorical_focal": _loss(
        "CategoricalFocalCrossentropy", "categorical_focal_crossentropy", alpha=0.25, gamma=2.0, **_FROM_LOGITS, axis=-1
    )
    + function(
        "keras.backend.categorical_focal_crossentropy",
        "target",
        "output:input",
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        axis=-1,
    ),
    "gce": function("keras.losses.categorical_generalized_cross_entropy", *_SIDES, "q")
    + layer("keras.losses.CategoricalGeneralizedCrossEntropy", q=0.5, **_REDUCTION),
    "crammer_singer": _loss("CategoricalHinge", "categorical_hinge"),
    "bce": _loss("BinaryCrossentropy", "binary_crossentropy bce BCE", **_FROM_LOGITS, axis=-1)
    + function(
        "keras.ops.binary_crossentropy keras.backend.binary_crossentropy", "target", "output:input", from_logits=False
    ),
    "binary_focal": _loss(
        "BinaryFocalCrossentropy",
        "binary_focal_crossentropy",
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        **_FROM_LOGITS,
        axis=-1,
    )
    + function(
        "keras.backend.binary_focal_crossentropy",
        "target",
        "output:input",
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
    ),
    "hinge": _loss("Hinge", "hinge"),
    "squared_hinge": _loss("SquaredHinge", "squared_hinge"),
    "mse": _loss("MeanSquaredError", "mean_squared_error mse MSE"),
    "mae": _loss("MeanAbsoluteError", "mean_absolute_error mae MAE"),
    "mape": _loss("MeanAbsolutePercentageError", "mean_absolute_percentage_error mape MAPE"),
    "msle": _loss("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error msle MSLE"),
    "log_cosh": _loss("LogCosh", "log_cosh logcosh"),
    "huber": _loss("Huber", "huber huber_loss", delta=1.0),
    "kl_divergence": _loss("KLDivergence", "kl_divergence kld KLD kullback_leibler_divergence"),
    "poisson_nll": _loss("Poisson", "poisson", *fixed(log_input=False, full=False, eps=1e-7)),
    "cosine_distance": _loss("CosineSimilarity", "cosine_similarity", axis=-1)
    + string("cosine_proximity", axis=-1, **_REDUCTION),
    "circle": function(
        "keras.losses.circle", *_SIDES, ref_labels=None, ref_embeddings=None, remove_diagonal=True, gamma=80, margin=0.4
    )
    + layer("keras.losses.Circle", gamma=80.0, margin=0.4, remove_diagonal=True, **_REDUCTION)
    + string("circle Circle", gamma=80.0, margin=0.4, remove_diagonal=True, **_REDUCTION),
    "dice": function("keras.losses.dice", *_SIDES, axis=None)
    + layer("keras.losses.Dice", **_REDUCTION, name="dice", axis=None)
    + string("dice Dice", **_REDUCTION, axis=None),
    "tversky": function("keras.losses.tversky", *_SIDES, alpha=0.5, beta=0.5, axis=None)
    + layer("keras.losses.Tversky", alpha=0.5, beta=0.5, **_REDUCTION, name="tversky", axis=None)
    + string("tversky Tversky", alpha=0.5, beta=0.5, **_REDUCTION, axis=None),
    "ctc_with_logits": _loss("CTC", "ctc")
    + function("keras.ops.ctc_loss", "target", "output:input", "target_length", "output_length", mask_index=0),
}

_OPS: dict[str, Spellings] = {
    "linear": layer("keras.layers.Dense", "units:out_features", activation=None, use_bias=True),
    "einsum": layer("keras.layers.EinsumDense", "equation", "output_shape:out_shape", activation=None, bias_axes=None)
    + function("keras.ops.einsum", "subscripts:equation", "*operands"),
    "matmul": function("keras.ops.matmul", "x1", "x2") + function("keras.backend.dot", "x", "y:other"),
    "dot": function("keras.ops.dot", "x1", "x2"),
    "vdot": function("keras.ops.vdot", "x1", "x2"),
    "inner": function("keras.ops.inner", "x1", "x2"),
    "outer": function("keras.ops.outer", "x1", "x2"),
    "tensordot": function("keras.ops.tensordot", "x1", "x2", Param("axes", 2, "dims")),
    "conv1d": layer(
        "keras.layers.Conv1D",
        "filters:out_channels",
        "kernel_size",
        Param("strides", 1, "stride"),
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation=None,
        use_bias=True,
    )
    + layer(
        "keras.layers.SeparableConv1D",
        "filters:out_channels",
        "kernel_size",
        Param("strides", 1, "stride"),
        padding="valid",
        data_format=None,
        dilation_rate=1,
        depth_multiplier=1,
        activation=None,
        use_bias=True,
    ),
    "conv2d": layer(
        "keras.layers.Conv2D",
        "filters:out_channels",
        "kernel_size",
        Param("strides", (1, 1), "stride"),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        groups=1,
        activation=None,
        use_bias=True,
    )
    + layer(
        "keras.layers.SeparableConv2D",
        "filters:out_channels",
        "kernel_size",
        Param("strides", (1, 1), "stride"),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        depth_multiplier=1,
        activation=None,
        use_bias=True,
    )
    + layer(
        "keras.layers.DepthwiseConv2D",
        "kernel_size",
        Param("strides", (1, 1), "stride"),
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
    )
    + function(
        "keras.ops.conv",
        "inputs:input",
        "kernel:weight",
        Param("strides", 1, "stride"),
        padding="valid",
        data_format=None,
        dilation_rate=1,
    ),
    "conv3d": layer(
        "keras.layers.Conv3D",
        "filters:out_channels",
        "kernel_size",
        Param("strides", (1, 1, 1), "stride"),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1, 1),
        groups=1,
        activation=None,
        use_bias=True,
    ),
    "conv_transpose1d": layer(
        "keras.layers.Conv1DTranspose",
        "filters:out_channels",
        "kernel_size",
        Param("strides", 1, "stride"),
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
    ),
    "conv_transpose2d": layer(
        "keras.layers.Conv2DTranspose",
        "filters:out_channels",
        "kernel_size",
        Param("strides", (1, 1), "stride"),
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
    ),
    "conv_transpose3d": layer(
        "keras.layers.Conv3DTranspose",
        "filters:out_channels",
        "kernel_size",
        Param("strides", (1, 1, 1), "stride"),
        padding="valid",
        data_format=None,
        output_padding=None,
        dilation_rate=(1, 1, 1),
        activation=None,
        use_bias=True,
    ),
    "embedding": layer("keras.layers.Embedding", "input_dim:num_embeddings", "output_dim:embedding_dim"),
    "softmax": layer("keras.layers.Softmax", axis=-1)
    + function("keras.activations.softmax keras.ops.softmax keras.backend.softmax", "x", axis=-1)
    + string("softmax", axis=-1),
    "log_softmax": function("keras.activations.log_softmax keras.ops.log_softmax", "x", axis=-1)
    + string("log_softmax", axis=-1),
    "sigmoid": function("keras.activations.sigmoid keras.ops.sigmoid keras.backend.sigmoid", "x") + string("sigmoid"),
    "logsigmoid": function("keras.activations.log_sigmoid keras.ops.log_sigmoid", "x") + string("log_sigmoid"),
    "hardsigmoid": function("keras.activations.hard_sigmoid keras.ops.hard_sigmoid keras.backend.hard_sigmoid", "x")
    + string("hard_sigmoid"),
    "tanh": function("keras.activations.tanh keras.ops.tanh keras.backend.tanh", "x") + string("tanh"),
    "hardtanh": function("keras.activations.hard_tanh keras.ops.hard_tanh", "x") + string("hard_tanh"),
    "softsign": function("keras.activations.softsign keras.ops.softsign keras.backend.softsign", "x")
    + string("softsign"),
    "tanhshrink": function("keras.activations.tanh_shrink keras.ops.tanh_shrink", "x") + string("tanh_shrink"),
    "softshrink": function("keras.activations.soft_shrink keras.ops.soft_shrink", "x", Param("threshold", 0.5, "lambd"))
    + string("soft_shrink", *fixed(lambd=0.5)),
    "hardshrink": function("keras.activations.hard_shrink keras.ops.hard_shrink", "x", Param("threshold", 0.5, "lambd"))
    + string("hard_shrink", *fixed(lambd=0.5)),
    "threshold": function("keras.activations.threshold keras.ops.threshold", "x", "threshold", "default_value:value"),
    "relu": function("keras.activations.relu", "x", negative_slope=0.0, max_value=None, threshold=0.0)
    + function("keras.ops.relu", "x")
    + layer("keras.layers.ReLU", max_value=None, negative_slope=0.0, threshold=0.0)
    + function("keras.backend.relu", "x", Param("alpha", 0.0, "negative_slope"), max_value=None, threshold=0.0)
    + string("relu", negative_slope=0.0, max_value=None, threshold=0.0),
    "relu6": function("keras.activations.relu6 keras.ops.relu6", "x") + string("relu6"),
    "leaky_relu": function("keras.activations.leaky_relu keras.ops.leaky_relu", "x", negative_slope=0.2)
    + layer("keras.layers.LeakyReLU", negative_slope=0.3)
    + string("leaky_relu", negative_slope=0.2),
    "prelu": layer("keras.layers.PReLU"),
    "elu": function("keras.activations.elu keras.ops.elu keras.backend.elu", "x", alpha=1.0)
    + layer("keras.layers.ELU", alpha=1.0)
    + string("elu", alpha=1.0),
    "celu": function("keras.activations.celu keras.ops.celu", "x", alpha=1.0) + string("celu", alpha=1.0),
    "selu": function("keras.activations.selu keras.ops.selu", "x") + string("selu"),
    "gelu": function("keras.activations.gelu", "x", approximate=False)
    + function("keras.ops.gelu", "x", approximate=True)
    + string("gelu", approximate=False),
    "silu": function("keras.activations.silu keras.activations.swish keras.ops.silu keras.ops.swish", "x")
    + string("silu swish"),
    "mish": function("keras.activations.mish", "x") + string("mish"),
    "hardswish": function(
        "keras.activations.hard_silu keras.activations.hard_swish keras.ops.hard_silu keras.ops.hard_swish", "x"
    )
    + string("hard_silu hard_swish"),
    "glu": function("keras.activations.glu keras.ops.glu", "x", axis=-1) + string("glu", axis=-1),
    "softplus": function("keras.activations.softplus keras.ops.softplus keras.backend.softplus", "x")
    + string("softplus"),
    "exp": function("keras.activations.exponential keras.ops.exp keras.backend.exp", "x") + string("exponential"),
    "identity": function("keras.activations.linear", "x")
    + layer("keras.layers.Identity")
    + layer("keras.layers.ActivityRegularization", l1=0.0, l2=0.0)
    + string("linear"),
    "normalize": function("keras.ops.normalize", "x", Param("axis", -1, "dim"), Param("order", 2, "p"), epsilon=None)
    + layer("keras.layers.UnitNormalization", axis=-1)
    + function("keras.backend.l2_normalize", "x", axis=None),
    "flatten": layer("keras.layers.Flatten"),
    "reshape": layer("keras.layers.Reshape", "target_shape")
    + function("keras.ops.reshape", "x", "newshape:shape")
    + function("keras.backend.reshape", "x", "shape"),
    "ravel": function("keras.ops.ravel keras.backend.flatten", "x"),
    "permute": layer("keras.layers.Permute", "dims:pattern")
    + function("keras.ops.transpose", "x", Param("axes", None, "dims"))
    + function("keras.backend.permute_dimensions", "x", "pattern:dims"),
    "transpose": function("keras.ops.swapaxes", "x", "axis1:dim0", "axis2:dim1"),
    "movedim": function("keras.ops.moveaxis", "x", "source", "destination"),
    "squeeze": function("keras.ops.squeeze", "x", axis=None) + function("keras.backend.squeeze", "x", "axis"),
    "unsqueeze": function("keras.ops.expand_dims", "x", "axis") + function("keras.backend.expand_dims", "x", axis=-1),
    "broadcast_to": function("keras.ops.broadcast_to", "x", "shape"),
    "repeat_interleave": function("keras.ops.repeat", "x", "repeats", axis=None),
    "tile": function("keras.ops.tile", "x", "repeats") + function("keras.backend.tile", "x", "n:repeats"),
    "flip": function("keras.ops.flip", "x", Param("axis", None, "dims")),
    "roll": function("keras.ops.roll", "x", "shift:shifts", Param("axis", None, "dims")),
    "real": function("keras.ops.real", "x"),
    "to": function("keras.ops.cast keras.backend.cast", "x", "dtype"),
    "take_along_dim": function("keras.ops.take_along_axis", "x", "indices:index", axis=None),
    "index_select": function("keras.ops.take", "x", "indices:index", axis=None)
    + function("keras.backend.gather", "reference:input", "indices:index"),
    "diagonal": function(
        "keras.ops.diagonal", "x", Param("offset", 0), Param("axis1", 0, "dim1"), Param("axis2", 1, "dim2")
    ),
    "diag": function("keras.ops.diag", "x", Param("k", 0, "diagonal")),
    "tril": function("keras.ops.tril", "x", Param("k", 0, "diagonal")),
    "triu": function("keras.ops.triu", "x", Param("k", 0, "diagonal")),
    "tensor_split": function("keras.ops.split", "x", "indices_or_sections:sections", axis=0),
    "topk": function("keras.ops.top_k", "x", "k", sorted=True),
    "sort": function("keras.ops.sort", "x", axis=-1),
    "unbind": function("keras.ops.unstack", "x", num=None, axis=0),
    "cat": layer("keras.layers.Concatenate", axis=-1)
    + function("keras.ops.concatenate", "xs:tensors", axis=0)
    + function("keras.layers.concatenate", "inputs:tensors", axis=-1)
    + function("keras.backend.concatenate", "tensors", axis=-1),
    "stack": function("keras.ops.stack keras.backend.stack", "x:tensors", axis=0),
    "hstack": function("keras.ops.hstack", "xs:tensors"),
    "vstack": function("keras.ops.vstack", "xs:tensors"),
    "zero_pad1d": layer("keras.layers.ZeroPadding1D", Param("padding", 1, "pad")),
    "zero_pad2d": layer("keras.layers.ZeroPadding2D", Param("padding", (1, 1), "pad")),
    "zero_pad3d": layer("keras.layers.ZeroPadding3D"),
    "pad": function("keras.ops.pad", "x", "pad_width:pad", mode="constant", constant_values=None),
    "dropout": layer("keras.layers.Dropout", "rate:p", noise_shape=None)
    + layer("keras.layers.GaussianDropout", "rate:p")
    + function("keras.backend.dropout", "x", "level:p", noise_shape=None),
    "alpha_dropout": layer("keras.layers.AlphaDropout", "rate:p", noise_shape=None),
    "dropout1d": layer("keras.layers.SpatialDropout1D", "rate:p"),
    "dropout2d": layer("keras.layers.SpatialDropout2D", "rate:p"),
    "dropout3d": layer("keras.layers.SpatialDropout3D", "rate:p"),
    "randn": function("keras.random.normal", "shape:size", mean=0.0, stddev=1.0),
    "rand": function("keras.random.uniform", "shape:size", minval=0.0, maxval=1.0),
    "add": function("keras.ops.add", "x1", "x2") + layer("keras.layers.Add"),
    "sub": function("keras.ops.subtract", "x1", "x2") + layer("keras.layers.Subtract"),
    "mul": function("keras.ops.multiply", "x1", "x2") + layer("keras.layers.Multiply"),
    "div": function("keras.ops.divide keras.ops.true_divide keras.ops.divide_no_nan", "x1", "x2"),
    "floor_divide": function("keras.ops.floor_divide", "x1", "x2"),
    "remainder": function("keras.ops.mod", "x1", "x2"),
    "neg": function("keras.ops.negative", "x"),
    "pow": function("keras.ops.power", "x1", "x2") + function("keras.backend.pow", "x", "a:other"),
    "square": function("keras.ops.square keras.backend.square", "x"),
    "sqrt": function("keras.ops.sqrt keras.backend.sqrt", "x"),
    "rsqrt": function("keras.ops.rsqrt", "x"),
    "reciprocal": function("keras.ops.reciprocal", "x"),
    "expm1": function("keras.ops.expm1", "x"),
    "log": function("keras.ops.log keras.backend.log", "x"),
    "log2": function("keras.ops.log2", "x"),
    "log10": function("keras.ops.log10", "x"),
    "log1p": function("keras.ops.log1p", "x"),
    "logaddexp": function("keras.ops.logaddexp", "x1", "x2"),
    "abs": function("keras.ops.abs keras.ops.absolute keras.backend.abs", "x"),
    "sign": function("keras.ops.sign keras.backend.sign", "x"),
    "clamp": function("keras.ops.clip", "x", "x_min:min", "x_max:max")
    + function("keras.backend.clip", "x", "min_value:min", "max_value:max"),
    "maximum": function("keras.ops.maximum", "x1", "x2")
    + function("keras.backend.maximum", "x", "y:other")
    + layer("keras.layers.Maximum"),
    "minimum": function("keras.ops.minimum", "x1", "x2")
    + function("keras.backend.minimum", "x", "y:other")
    + layer("keras.layers.Minimum"),
    "where": function("keras.ops.where", "condition", x1=None, x2=None)
    + function("keras.backend.switch", "condition", "then_expression:input", "else_expression:other"),
    "nan_to_num": function("keras.ops.nan_to_num", "x", nan=0.0, posinf=None, neginf=None),
    "floor": function("keras.ops.floor", "x"),
    "ceil": function("keras.ops.ceil", "x"),
    "trunc": function("keras.ops.trunc", "x"),
    "round": function("keras.ops.round", "x", decimals=0) + function("keras.backend.round", "x"),
    "sin": function("keras.ops.sin keras.backend.sin", "x"),
    "cos": function("keras.ops.cos keras.backend.cos", "x"),
    "tan": function("keras.ops.tan", "x"),
    "sinh": function("keras.ops.sinh", "x"),
    "cosh": function("keras.ops.cosh", "x"),
    "asin": function("keras.ops.arcsin", "x"),
    "acos": function("keras.ops.arccos", "x"),
    "atan": function("keras.ops.arctan", "x"),
    "atan2": function("keras.ops.arctan2", "x1", "x2"),
    "erf": function("keras.ops.erf", "x"),
    "erfinv": function("keras.ops.erfinv", "x"),
    "sum": function("keras.ops.sum keras.backend.sum", "x", axis=None, keepdims=False),
    "mean": function("keras.ops.mean keras.backend.mean", "x", axis=None, keepdims=False),
    "prod": function("keras.ops.prod keras.backend.prod", "x", axis=None, keepdims=False),
    "logsumexp": function("keras.ops.logsumexp", "x", axis=None, keepdims=False),
    "cumsum": function("keras.ops.cumsum", "x", axis=None) + function("keras.backend.cumsum", "x", axis=0),
    "cumprod": function("keras.ops.cumprod", "x", axis=None),
    "diff": function("keras.ops.diff", "a", n=1, axis=-1),
    "trace": function("keras.ops.trace", "x", offset=0, axis1=0, axis2=1),
    "count_nonzero": function("keras.ops.count_nonzero", "x", axis=None),
    "amax": function("keras.ops.max keras.ops.amax keras.backend.max", "x", axis=None, keepdims=False),
    "amin": function("keras.ops.min keras.ops.amin keras.backend.min", "x", axis=None, keepdims=False),
    "median": function("keras.ops.median", "x", axis=None, keepdims=False),
    "quantile": function("keras.ops.quantile", "x", "q", axis=None, method="linear", keepdims=False),
    "all": function("keras.ops.all keras.backend.all", "x", axis=None, keepdims=False),
    "any": function("keras.ops.any keras.backend.any", "x", axis=None, keepdims=False),
    "var": function("keras.ops.var keras.backend.var", "x", axis=None, keepdims=False),
    "std": function("keras.ops.std keras.backend.std", "x", axis=None, keepdims=False),
    "linalg_norm": function("keras.ops.norm", "x", Param("ord", None, "p"), axis=None, keepdims=False),
    "avg_pool1d": layer(
        "keras.layers.AveragePooling1D keras.layers.AvgPool1D",
        "pool_size:kernel_size",
        Param("strides", None, "stride"),
        padding="valid",
    ),
    "avg_pool2d": layer(
        "keras.layers.AveragePooling2D keras.layers.AvgPool2D",
        "pool_size:kernel_size",
        Param("strides", None, "stride"),
        padding="valid",
    ),
    "avg_pool3d": layer(
        "keras.layers.AveragePooling3D keras.layers.AvgPool3D",
        "pool_size:kernel_size",
        Param("strides", None, "stride"),
        padding="valid",
    ),
    "max_pool1d": layer(
        "keras.layers.MaxPooling1D keras.layers.MaxPool1D",
        Param("pool_size", 2, "kernel_size"),
        Param("strides", None, "stride"),
        padding="valid",
    ),
    "max_pool2d": layer(
        "keras.layers.MaxPooling2D keras.layers.MaxPool2D",
        Param("pool_size", (2, 2), "kernel_size"),
        Param("strides", None, "stride"),
        padding="valid",
    ),
    "max_pool3d": layer(
        "keras.layers.MaxPooling3D keras.layers.MaxPool3D",
        Param("pool_size", (2, 2, 2), "kernel_size"),
        Param("strides", None, "stride"),
        padding="valid",
    ),
    "adaptive_avg_pool1d": layer(
        "keras.layers.GlobalAveragePooling1D keras.layers.GlobalAvgPool1D", data_format=None, keepdims=False
    )
    + layer("keras.layers.AdaptiveAveragePooling1D", "output_size"),
    "adaptive_avg_pool2d": layer(
        "keras.layers.GlobalAveragePooling2D keras.layers.GlobalAvgPool2D", data_format=None, keepdims=False
    )
    + layer("keras.layers.AdaptiveAveragePooling2D", "output_size"),
    "adaptive_avg_pool3d": layer(
        "keras.layers.GlobalAveragePooling3D keras.layers.GlobalAvgPool3D", data_format=None, keepdims=False
    )
    + layer("keras.layers.AdaptiveAveragePooling3D", "output_size"),
    "adaptive_max_pool1d": layer(
        "keras.layers.GlobalMaxPooling1D keras.layers.GlobalMaxPool1D", data_format=None, keepdims=False
    )
    + layer("keras.layers.AdaptiveMaxPooling1D", "output_size"),
    "adaptive_max_pool2d": layer(
        "keras.layers.GlobalMaxPooling2D keras.layers.GlobalMaxPool2D", data_format=None, keepdims=False
    )
    + layer("keras.layers.AdaptiveMaxPooling2D", "output_size"),
    "adaptive_max_pool3d": layer(
        "keras.layers.GlobalMaxPooling3D keras.layers.GlobalMaxPool3D", data_format=None, keepdims=False
    )
    + layer("keras.layers.AdaptiveMaxPooling3D", "output_size"),
    "one_hot": function("keras.ops.one_hot", "x", "num_classes", axis=-1)
    + function("keras.utils.to_categorical", "x", num_classes=None)
    + function("keras.backend.one_hot", "indices:input", "num_classes"),
    "argmax": function("keras.ops.argmax", "x", axis=None, keepdims=False)
    + function("keras.backend.argmax", "x", axis=-1),
    "argmin": function("keras.ops.argmin", "x", axis=None, keepdims=False)
    + function("keras.backend.argmin", "x", axis=-1),
    "argsort": function("keras.ops.argsort", "x", axis=-1),
    "nonzero": function("keras.ops.nonzero", "x"),
    "searchsorted": function("keras.ops.searchsorted", "sorted_sequence", "values:input", side="left"),
    "bincount": function("keras.ops.bincount", "x", weights=None, minlength=0),
    "scatter": function("keras.ops.scatter", "indices:index", "values", "shape"),
    "ne": function("keras.ops.not_equal", "x1", "x2") + function("keras.backend.not_equal", "x", "y:other"),
    "lt": function("keras.ops.less", "x1", "x2") + function("keras.backend.less", "x", "y:other"),
    "le": function("keras.ops.less_equal", "x1", "x2") + function("keras.backend.less_equal", "x", "y:other"),
    "gt": function("keras.ops.greater", "x1", "x2") + function("keras.backend.greater", "x", "y:other"),
    "ge": function("keras.ops.greater_equal", "x1", "x2") + function("keras.backend.greater_equal", "x", "y:other"),
    "eq": function("keras.ops.equal", "x1", "x2") + function("keras.backend.equal", "x", "y:other"),
    "isclose": function("keras.ops.isclose", "x1", "x2", rtol=1e-05, atol=1e-08, equal_nan=False),
    "isnan": function("keras.ops.isnan", "x"),
    "isinf": function("keras.ops.isinf", "x"),
    "isfinite": function("keras.ops.isfinite", "x"),
    "logical_and": function("keras.ops.logical_and", "x1", "x2"),
    "logical_or": function("keras.ops.logical_or", "x1", "x2"),
    "logical_xor": function("keras.ops.logical_xor", "x1", "x2"),
    "logical_not": function("keras.ops.logical_not", "x"),
    "zeros": function("keras.ops.zeros keras.backend.zeros", "shape:size")
    + function("keras.ops.zeros_like keras.backend.zeros_like", "x"),
    "ones": function("keras.ops.ones keras.backend.ones", "shape:size")
    + function("keras.ops.ones_like keras.backend.ones_like", "x"),
    "full": function("keras.ops.full", "shape:size", "fill_value"),
    "eye": function("keras.ops.eye", "N:n", Param("M", None, "m"), k=0),
    "arange": function("keras.ops.arange", "start", stop=None, step=None),
    "linspace": function(
        "keras.ops.linspace",
        "start",
        "stop:end",
        Param("num", 50, "steps"),
        endpoint=True,
        retstep=False,
        dtype=None,
        axis=0,
    ),
    "tensor": function("keras.ops.convert_to_tensor", "x:data", dtype=None, sparse=None, ragged=None)
    + function("keras.ops.array", "x:data")
    + function("keras.backend.constant", "value:data", dtype=None, shape=None),
    "detach": function("keras.ops.stop_gradient", "variable:input")
    + function("keras.backend.stop_gradient", "variables:input"),
    "numpy": function("keras.ops.convert_to_numpy", "x"),
    "batch_norm": layer(
        "keras.layers.BatchNormalization", axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True
    )
    + function(
        "keras.ops.batch_normalization", "x", "mean", "variance", "axis", offset=None, scale=None, epsilon=0.001
    ),
    "layer_norm": layer("keras.layers.LayerNormalization", axis=-1, epsilon=0.001, center=True, scale=True),
    "group_norm": layer("keras.layers.GroupNormalization", groups=32, axis=-1, epsilon=0.001, center=True, scale=True),
    "rms_norm": layer("keras.layers.RMSNormalization", axis=-1, epsilon=1e-06),
    "scaled_dot_product_attention": layer("keras.layers.Attention", use_scale=False, score_mode="dot", dropout=0.0)
    + layer("keras.layers.AdditiveAttention", use_scale=True, dropout=0.0)
    + function(
        "keras.ops.dot_product_attention",
        "query",
        "key",
        "value",
        bias=None,
        mask=None,
        scale=None,
        is_causal=False,
        flash_attention=None,
        attn_logits_soft_cap=None,
    ),
    "multi_head_attention": layer(
        "keras.layers.MultiHeadAttention",
        "num_heads",
        "key_dim",
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        output_shape=None,
        attention_axes=None,
        sliding_window=None,
        flash_attention=None,
    ),
    "interpolate": layer("keras.layers.UpSampling1D keras.layers.UpSampling2D keras.layers.UpSampling3D")
    + layer(
        "keras.layers.Resizing",
        "height:size",
        "width",
        interpolation="bilinear",
        crop_to_aspect_ratio=False,
        pad_to_aspect_ratio=False,
        fill_mode="constant",
    ),
    "lstm": layer(
        "keras.layers.LSTM", "units:out_features", activation="tanh", recurrent_activation="sigmoid", use_bias=True
    ),
    "gru": layer(
        "keras.layers.GRU", "units:out_features", activation="tanh", recurrent_activation="sigmoid", use_bias=True
    ),
    "rnn": layer("keras.layers.SimpleRNN", "units:out_features", activation="tanh", use_bias=True),
    "T": function("keras.backend.transpose", "x"),
    "bmm": function("keras.backend.batch_dot", "x", "y:other", axes=None),
}

SPELLINGS: Mapping[str, Spellings] = MappingProxyType({**_OPS, **_LOSSES})
