"""JAX: `jax.*`, with the losses of optax and the layers and activations of flax, haiku and equinox.

Layers of equinox work on one sample, those of the others on a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.catalogue.notation import Spellings, fixed, function, layer, method
from lossaudit.catalogue.schema import Param

_ARRAY = "jax.Array"


# A loss of optax is left unreduced.
_NONE = fixed(reduction="none")
_LOGITS = ("logits:input", "labels:target")
_SIDES = ("predictions:input", "targets:target")

_LOSSES: dict[str, Spellings] = {
    "cross_entropy": function(
        "optax.softmax_cross_entropy optax.softmax_cross_entropy_with_integer_labels",
        *_LOGITS,
        *_NONE,
        axis=-1,
        where=None,
    )
    + function("optax.safe_softmax_cross_entropy", *_LOGITS, *_NONE),
    "bce_with_logits": function("optax.sigmoid_binary_cross_entropy", *_LOGITS, *_NONE),
    "binary_focal_with_logits": function("optax.sigmoid_focal_loss", *_LOGITS, *_NONE, alpha=None, gamma=2.0),
    "hinge": function("optax.hinge_loss", "predictor_outputs:input", "targets:target", *_NONE),
    "perceptron": function("optax.perceptron_loss", "predictor_outputs:input", "targets:target", *_NONE),
    "crammer_singer": function("optax.multiclass_hinge_loss", "scores:input", "labels:target", *_NONE),
    "sparsemax": function("optax.multiclass_sparsemax_loss", "scores:input", "labels:target", *_NONE),
    "poly1": function("optax.poly_loss_cross_entropy", *_LOGITS, *_NONE, epsilon=2.0, axis=-1, where=None),
    "mse": function("optax.squared_error optax.l2_loss", "predictions:input", Param("targets", None, "target"), *_NONE),
    "log_cosh": function("optax.log_cosh", "predictions:input", Param("targets", None, "target"), *_NONE),
    "huber": function("optax.huber_loss", "predictions:input", Param("targets", None, "target"), *_NONE, delta=1.0),
    "cosine_distance": function("optax.cosine_distance", *_SIDES, *_NONE, epsilon=0.0, axis=-1, where=None),
    "kl_div": function(
        "optax.kl_divergence optax.convex_kl_divergence",
        "log_predictions:input",
        "targets:target",
        *_NONE,
        *fixed(log_target=False),
        axis=-1,
        where=None,
    )
    + function(
        "optax.kl_divergence_with_log_targets",
        "log_predictions:input",
        "log_targets:target",
        *_NONE,
        *fixed(log_target=True),
        axis=-1,
        where=None,
    ),
    "listnet": function("optax.ranking_softmax_loss", *_LOGITS, where=None, weights=None),
    "info_nce": function("optax.ntxent", "embeddings:input", "labels:target", temperature=0.07),
    "triplet_margin": function(
        "optax.triplet_margin_loss",
        "anchors:anchor",
        "positives:positive",
        "negatives:negative",
        Param("axis", -1, "dim"),
        Param("norm_degree", 2, "p"),
        *_NONE,
        margin=1.0,
        eps=1e-06,
    ),
    "ctc_with_logits": function(
        "optax.ctc_loss",
        "logits:input",
        "logit_paddings",
        "labels:target",
        "label_paddings",
        Param("blank_id", 0, "blank"),
        *_NONE,
        log_epsilon=-100000.0,
    ),
}

_OPS: dict[str, Spellings] = {
    "linear": layer("haiku.Linear", "output_size:out_features", with_bias=True)
    + layer("equinox.nn.Linear", "in_features", "out_features", use_bias=True)
    + layer("flax.nnx.Linear", "in_features", "out_features", use_bias=True)
    + layer("flax.nnx.LinearGeneral", "in_features", "out_features", axis=-1, batch_axis=None, use_bias=True)
    + layer("flax.linen.Dense", "features:out_features", use_bias=True)
    + layer("flax.linen.DenseGeneral", "features:out_features", axis=-1, batch_dims=(), use_bias=True),
    "einsum": function("jax.numpy.einsum", "subscripts:equation", "*operands"),
    "matmul": function("jax.numpy.matmul", "a", "b:other"),
    "dot": function("jax.numpy.dot", "a", "b:other")
    + function("jax.lax.dot", "lhs:input", "rhs:other", dimension_numbers=None)
    + method("dot", "b:other", of=_ARRAY),
    "vdot": function("jax.numpy.vdot", "a", "b:other"),
    "vecdot": function("jax.numpy.vecdot", "x1", "x2", axis=-1),
    "inner": function("jax.numpy.inner", "a", "b:other"),
    "outer": function("jax.numpy.outer", "a", "b:other"),
    "kron": function("jax.numpy.kron", "a", "b:other"),
    "tensordot": function("jax.numpy.tensordot", "a", "b:other", Param("axes", 2, "dims")),
    "conv1d": layer("haiku.Conv1D", "output_channels:out_channels", "kernel_shape:kernel_size", stride=1)
    + layer("equinox.nn.Conv1d", "in_channels", "out_channels", "kernel_size"),
    "conv3d": layer("haiku.Conv3D", "output_channels:out_channels", "kernel_shape:kernel_size", stride=1)
    + layer("equinox.nn.Conv3d", "in_channels", "out_channels", "kernel_size"),
    "flatten": layer("haiku.Flatten"),
    "adaptive_avg_pool2d": layer("equinox.nn.AdaptiveAvgPool2d", "target_shape:output_size"),
    "conv2d": layer("haiku.Conv2D", "output_channels:out_channels", "kernel_shape:kernel_size", stride=1)
    + layer("equinox.nn.Conv2d", "in_channels", "out_channels", "kernel_size", stride=(1, 1), padding=(0, 0))
    + layer(
        "flax.linen.Conv flax.linen.ConvLocal",
        "features:out_channels",
        "kernel_size",
        strides=1,
        padding="SAME",
        input_dilation=1,
        kernel_dilation=1,
        feature_group_count=1,
        use_bias=True,
        mask=None,
    )
    + layer(
        "flax.nnx.Conv",
        "in_features",
        "out_features:out_channels",
        "kernel_size",
        strides=1,
        padding="SAME",
        input_dilation=1,
        kernel_dilation=1,
        feature_group_count=1,
        use_bias=True,
        mask=None,
    )
    + function("jax.lax.conv", "lhs:input", "rhs:weight", "window_strides", "padding")
    + function(
        "jax.lax.conv_general_dilated",
        "lhs:input",
        "rhs:weight",
        "window_strides",
        "padding",
        lhs_dilation=None,
        rhs_dilation=None,
        dimension_numbers=None,
        feature_group_count=1,
        batch_group_count=1,
    ),
    "conv_transpose2d": layer(
        "haiku.Conv2DTranspose", "output_channels:out_channels", "kernel_shape:kernel_size", stride=1
    )
    + layer("equinox.nn.ConvTranspose2d", "in_channels", "out_channels", "kernel_size", stride=(1, 1))
    + layer(
        "flax.linen.ConvTranspose",
        "features:out_channels",
        "kernel_size",
        strides=None,
        padding="SAME",
        kernel_dilation=None,
        use_bias=True,
        mask=None,
    )
    + layer(
        "flax.nnx.ConvTranspose",
        "in_features",
        "out_features:out_channels",
        "kernel_size",
        strides=None,
        padding="SAME",
        kernel_dilation=None,
        use_bias=True,
        mask=None,
    )
    + function(
        "jax.lax.conv_transpose",
        "lhs:input",
        "rhs:weight",
        "strides",
        "padding",
        rhs_dilation=None,
        dimension_numbers=None,
        transpose_kernel=False,
    ),
    "embedding": layer(
        "haiku.Embed", Param("vocab_size", None, "num_embeddings"), Param("embed_dim", None, "embedding_dim")
    )
    + layer("equinox.nn.Embedding", Param("num_embeddings", None), Param("embedding_size", None, "embedding_dim"))
    + layer("flax.linen.Embed flax.nnx.Embed", "num_embeddings", "features:embedding_dim"),
    "softmax": function("jax.nn.softmax flax.linen.softmax flax.nnx.softmax", "x", axis=-1)
    + function("jax.scipy.special.softmax", "x", axis=None),
    "log_softmax": function("jax.nn.log_softmax flax.linen.log_softmax flax.nnx.log_softmax", "x", axis=-1)
    + function("jax.scipy.special.log_softmax", "x", axis=None),
    "sigmoid": function(
        "jax.nn.sigmoid flax.linen.sigmoid flax.nnx.sigmoid jax.scipy.special.expit jax.lax.logistic", "x"
    ),
    "logsigmoid": function("jax.nn.log_sigmoid flax.linen.log_sigmoid flax.nnx.log_sigmoid", "x"),
    "hardsigmoid": function("jax.nn.hard_sigmoid flax.linen.hard_sigmoid flax.nnx.hard_sigmoid", "x"),
    "tanh": function("jax.nn.tanh flax.linen.tanh flax.nnx.tanh jax.numpy.tanh jax.lax.tanh", "x"),
    "hardtanh": function("jax.nn.hard_tanh flax.linen.hard_tanh flax.nnx.hard_tanh", "x"),
    "softsign": function("jax.nn.soft_sign flax.linen.soft_sign flax.nnx.soft_sign", "x"),
    "relu": function("jax.nn.relu flax.linen.relu flax.nnx.relu", "x"),
    "relu6": function("jax.nn.relu6 flax.linen.relu6 flax.nnx.relu6", "x"),
    "leaky_relu": function("jax.nn.leaky_relu flax.linen.leaky_relu flax.nnx.leaky_relu", "x", negative_slope=0.01),
    "prelu": layer("equinox.nn.PReLU", init_alpha=0.25) + layer("flax.linen.PReLU flax.nnx.PReLU"),
    "elu": function("jax.nn.elu flax.linen.elu flax.nnx.elu", "x", alpha=1.0),
    "celu": function("jax.nn.celu flax.linen.celu flax.nnx.celu", "x", alpha=1.0),
    "selu": function("jax.nn.selu flax.linen.selu flax.nnx.selu", "x"),
    "gelu": function("jax.nn.gelu flax.linen.gelu flax.nnx.gelu", "x", approximate=True),
    "silu": function("jax.nn.silu jax.nn.swish flax.linen.silu flax.linen.swish flax.nnx.silu flax.nnx.swish", "x"),
    "mish": function("jax.nn.mish", "x"),
    "hardswish": function(
        "jax.nn.hard_silu jax.nn.hard_swish flax.linen.hard_silu flax.linen.hard_swish flax.nnx.hard_silu"
        " flax.nnx.hard_swish",
        "x",
    ),
    "glu": function("jax.nn.glu flax.linen.glu flax.nnx.glu", "x", axis=-1),
    "softplus": function("jax.nn.softplus flax.linen.softplus flax.nnx.softplus", "x"),
    "identity": layer("equinox.nn.Identity") + function("jax.nn.identity flax.nnx.identity", "x"),
    "reshape": layer("haiku.Reshape", "output_shape:target_shape")
    + function("jax.numpy.reshape", "a", "shape")
    + function("jax.lax.reshape", "operand:input", "new_sizes:shape", dimensions=None)
    + method("reshape", "*args:shape", of=_ARRAY),
    "ravel": function("jax.numpy.ravel", "a") + method("ravel flatten", of=_ARRAY),
    "permute": function("jax.numpy.transpose", "a", Param("axes", None, "dims"))
    + function("jax.numpy.permute_dims", "a", "axes:dims")
    + function("jax.lax.transpose", "operand:input", "permutation:dims")
    + method("transpose", "*args:dims", of=_ARRAY),
    "transpose": function("jax.numpy.swapaxes", "a", "axis1:dim0", "axis2:dim1")
    + method("swapaxes", "axis1:dim0", "axis2:dim1", of=_ARRAY),
    "mT": function("jax.numpy.matrix_transpose", "x") + method("mT", of=_ARRAY),
    "movedim": function("jax.numpy.moveaxis", "a", "source", "destination"),
    "squeeze": function("jax.numpy.squeeze", "a", axis=None)
    + function("jax.lax.squeeze", "array:input", "dimensions:dim")
    + method("squeeze", axis=None, of=_ARRAY),
    "unsqueeze": function("jax.numpy.expand_dims", "a", "axis")
    + function("jax.lax.expand_dims", "array:input", "dimensions:dim"),
    "broadcast_to": function("jax.numpy.broadcast_to", "array:input", "shape"),
    "repeat_interleave": function("jax.numpy.repeat", "a", "repeats", axis=None)
    + method("repeat", "repeats", axis=None, of=_ARRAY),
    "tile": function("jax.numpy.tile", "A:input", "reps:repeats"),
    "flip": function("jax.numpy.flip", "m:input", Param("axis", None, "dims")),
    "fliplr": function("jax.numpy.fliplr", "m:input"),
    "flipud": function("jax.numpy.flipud", "m:input"),
    "roll": function("jax.numpy.roll", "a", "shift:shifts", Param("axis", None, "dims")),
    "real": function("jax.numpy.real", "val:input"),
    "atleast_1d": function("jax.numpy.atleast_1d", "*arys:tensors"),
    "atleast_2d": function("jax.numpy.atleast_2d", "*arys:tensors"),
    "to": function("jax.numpy.astype", "x", "dtype") + method("astype", "dtype", of=_ARRAY),
    "clone": function("jax.numpy.copy", "a") + method("copy", of=_ARRAY),
    "take_along_dim": function("jax.numpy.take_along_axis", "arr:input", "indices:index", axis=-1),
    "index_select": function("jax.numpy.take", "a", "indices:index", axis=None)
    + method("take", "indices:index", axis=None, of=_ARRAY),
    "diagonal": function(
        "jax.numpy.diagonal", "a", Param("offset", 0), Param("axis1", 0, "dim1"), Param("axis2", 1, "dim2")
    ),
    "diag": function("jax.numpy.diag", "v:input", Param("k", 0, "diagonal")),
    "tril": function("jax.numpy.tril", "m:input", Param("k", 0, "diagonal")),
    "triu": function("jax.numpy.triu", "m:input", Param("k", 0, "diagonal")),
    "tensor_split": function(
        "jax.numpy.split jax.numpy.array_split", "ary:input", "indices_or_sections:sections", axis=0
    ),
    "topk": function("jax.lax.top_k", "operand:input", "k", axis=-1),
    "sort": function("jax.numpy.sort", "a", axis=-1, kind=None, order=None, stable=True, descending=False),
    "cat": function("jax.numpy.concatenate jax.numpy.concat", "arrays:tensors", axis=0)
    + function("jax.lax.concatenate", "operands:tensors", "dimension:dim"),
    "stack": function("jax.numpy.stack", "arrays:tensors", axis=0),
    "hstack": function("jax.numpy.hstack", "tup:tensors"),
    "vstack": function("jax.numpy.vstack", "tup:tensors"),
    "column_stack": function("jax.numpy.column_stack", "tup:tensors"),
    "meshgrid": function("jax.numpy.meshgrid", "*xi:tensors", copy=True, sparse=False, indexing="xy"),
    "pad": function("jax.numpy.pad", "array:input", "pad_width:pad"),
    "dropout": function("haiku.dropout", "rng", "rate:p", "x")
    + layer("equinox.nn.Dropout", p=0.5)
    + layer("flax.linen.Dropout", "rate:p", broadcast_dims=(), deterministic=None)
    + layer("flax.nnx.Dropout", "rate:p", broadcast_dims=(), deterministic=False),
    "randn": function("jax.random.normal", "key", Param("shape", (), "size")),
    "rand": function("jax.random.uniform", "key", Param("shape", (), "size"), dtype=None, minval=0.0, maxval=1.0),
    "randint": function("jax.random.randint", "key", "shape:size", "minval", "maxval"),
    "randperm": function("jax.random.permutation", "key", "x:n", axis=0, independent=False),
    "bernoulli": function("jax.random.bernoulli", "key", Param("p", 0.5), Param("shape", None, "size")),
    "add": function("jax.numpy.add jax.lax.add", "x", "y:other"),
    "sub": function("jax.numpy.subtract jax.lax.sub", "x", "y:other"),
    "mul": function("jax.numpy.multiply jax.lax.mul", "x", "y:other"),
    "div": function("jax.numpy.divide jax.numpy.true_divide", "x1", "x2") + function("jax.lax.div", "x", "y:other"),
    "floor_divide": function("jax.numpy.floor_divide", "x1", "x2"),
    "remainder": function("jax.numpy.remainder jax.numpy.mod", "x1", "x2"),
    "fmod": function("jax.numpy.fmod", "x1", "x2") + function("jax.lax.rem", "x", "y:other"),
    "neg": function("jax.numpy.negative jax.lax.neg", "x") + method("__neg__", of=_ARRAY),
    "positive": function("jax.numpy.positive", "x") + method("__pos__", of=_ARRAY),
    "pow": function("jax.numpy.power jax.numpy.pow", "x1", "x2")
    + function("jax.lax.pow jax.lax.integer_pow", "x", "y:other"),
    "float_power": function("jax.numpy.float_power", "x", "y:other"),
    "square": function("jax.numpy.square jax.lax.square", "x"),
    "sqrt": function("jax.numpy.sqrt jax.lax.sqrt", "x"),
    "rsqrt": function("jax.lax.rsqrt", "x"),
    "reciprocal": function("jax.numpy.reciprocal jax.lax.reciprocal", "x"),
    "exp": function("jax.numpy.exp jax.lax.exp", "x"),
    "exp2": function("jax.numpy.exp2", "x"),
    "expm1": function("jax.numpy.expm1 jax.lax.expm1", "x"),
    "log": function("jax.numpy.log jax.lax.log", "x"),
    "log2": function("jax.numpy.log2", "x"),
    "log10": function("jax.numpy.log10", "x"),
    "log1p": function("jax.numpy.log1p jax.lax.log1p", "x"),
    "logit": function("jax.scipy.special.logit", "x"),
    "logaddexp": function("jax.numpy.logaddexp", "x", "y:other"),
    "logaddexp2": function("jax.numpy.logaddexp2", "x", "y:other"),
    "xlogy": function("jax.scipy.special.xlogy", "x", "y:other"),
    "xlog1py": function("jax.scipy.special.xlog1py", "x", "y:other"),
    "entr": function("jax.scipy.special.entr", "x"),
    "abs": function("jax.numpy.abs jax.numpy.absolute jax.numpy.fabs jax.lax.abs", "x") + method("__abs__", of=_ARRAY),
    "sign": function("jax.numpy.sign jax.lax.sign", "x"),
    "copysign": function("jax.numpy.copysign", "x1", "x2"),
    "clamp": function("jax.numpy.clip", Param("arr", None, "input"), min=None, max=None)
    + function("jax.lax.clamp", "min", "x", "max")
    + method("clip", min=None, max=None, of=_ARRAY),
    "maximum": function("jax.numpy.maximum jax.lax.max", "x", "y:other"),
    "minimum": function("jax.numpy.minimum jax.lax.min", "x", "y:other"),
    "fmax": function("jax.numpy.fmax", "x1", "x2"),
    "fmin": function("jax.numpy.fmin", "x1", "x2"),
    "where": function("jax.numpy.where", "condition", Param("x", None, "input"), Param("y", None, "other"))
    + function("jax.lax.select", "pred:condition", "on_true:input", "on_false:other"),
    "nan_to_num": function("jax.numpy.nan_to_num", "x", copy=True, nan=0.0, posinf=None, neginf=None),
    "floor": function("jax.numpy.floor jax.lax.floor", "x"),
    "ceil": function("jax.numpy.ceil jax.lax.ceil", "x"),
    "trunc": function("jax.numpy.trunc", "x"),
    "round": function("jax.numpy.round jax.numpy.around", "a", decimals=0) + method("round", decimals=0, of=_ARRAY),
    "heaviside": function("jax.numpy.heaviside", "x1", "x2:values"),
    "sin": function("jax.numpy.sin jax.lax.sin", "x"),
    "cos": function("jax.numpy.cos jax.lax.cos", "x"),
    "tan": function("jax.numpy.tan", "x"),
    "sinh": function("jax.numpy.sinh", "x"),
    "cosh": function("jax.numpy.cosh", "x"),
    "asin": function("jax.numpy.arcsin jax.numpy.asin", "x"),
    "acos": function("jax.numpy.arccos jax.numpy.acos", "x"),
    "atan": function("jax.numpy.arctan jax.numpy.atan", "x"),
    "asinh": function("jax.numpy.arcsinh", "x"),
    "acosh": function("jax.numpy.arccosh", "x"),
    "atanh": function("jax.numpy.arctanh", "x"),
    "atan2": function("jax.numpy.arctan2", "x1", "x2"),
    "hypot": function("jax.numpy.hypot", "x1", "x2"),
    "erf": function("jax.scipy.special.erf jax.lax.erf", "x"),
    "erfc": function("jax.scipy.special.erfc", "x"),
    "erfinv": function("jax.scipy.special.erfinv", "x"),
    "ndtr": function("jax.scipy.special.ndtr", "x"),
    "ndtri": function("jax.scipy.special.ndtri", "p:input"),
    "log_ndtr": function("jax.scipy.special.log_ndtr", "x"),
    "lgamma": function("jax.scipy.special.gammaln jax.lax.lgamma", "x"),
    "digamma": function("jax.scipy.special.digamma", "x"),
    "sum": function("jax.numpy.sum", "a", axis=None, dtype=None, out=None, keepdims=False)
    + method("sum", axis=None, dtype=None, out=None, keepdims=False, of=_ARRAY),
    "nansum": function("jax.numpy.nansum", "a", axis=None, dtype=None, out=None, keepdims=False),
    "mean": function("jax.numpy.mean", "a", axis=None, dtype=None, out=None, keepdims=False)
    + method("mean", axis=None, dtype=None, out=None, keepdims=False, of=_ARRAY),
    "nanmean": function("jax.numpy.nanmean", "a", axis=None, dtype=None, out=None, keepdims=False),
    "prod": function("jax.numpy.prod", "a", axis=None, dtype=None, out=None, keepdims=False)
    + method("prod", axis=None, dtype=None, out=None, keepdims=False, of=_ARRAY),
    "logsumexp": function(
        "jax.nn.logsumexp jax.scipy.special.logsumexp flax.linen.logsumexp flax.nnx.logsumexp",
        "a",
        axis=None,
        b=None,
        keepdims=False,
        return_sign=False,
    ),
    "cumsum": function("jax.numpy.cumsum", "a", axis=None) + method("cumsum", axis=None, of=_ARRAY),
    "cumprod": function("jax.numpy.cumprod", "a", axis=None),
    "diff": function("jax.numpy.diff", "a", n=1, axis=-1, prepend=None, append=None),
    "trace": function("jax.numpy.trace", "a", offset=0, axis1=0, axis2=1),
    "count_nonzero": function("jax.numpy.count_nonzero", "a", axis=None, keepdims=False),
    "amax": function("jax.numpy.max jax.numpy.amax", "a", axis=None, out=None, keepdims=False)
    + method("max", axis=None, out=None, keepdims=False, of=_ARRAY),
    "amin": function("jax.numpy.min jax.numpy.amin", "a", axis=None, out=None, keepdims=False)
    + method("min", axis=None, out=None, keepdims=False, of=_ARRAY),
    "median": function("jax.numpy.median", "a", axis=None, out=None, overwrite_input=False, keepdims=False),
    "quantile": function(
        "jax.numpy.quantile", "a", "q", axis=None, out=None, overwrite_input=False, method="linear", keepdims=False
    ),
    "all": function("jax.numpy.all", "a", axis=None, out=None, keepdims=False)
    + method("all", axis=None, out=None, keepdims=False, of=_ARRAY),
    "any": function("jax.numpy.any", "a", axis=None, out=None, keepdims=False)
    + method("any", axis=None, out=None, keepdims=False, of=_ARRAY),
    "var": function(
        "jax.numpy.var",
        "a",
        axis=None,
        dtype=None,
        out=None,
        ddof=0,
        keepdims=False,
        where=None,
        mean=None,
        correction=None,
    )
    + method("var", axis=None, dtype=None, out=None, ddof=0, keepdims=False, of=_ARRAY),
    "std": function(
        "jax.numpy.std",
        "a",
        axis=None,
        dtype=None,
        out=None,
        ddof=0,
        keepdims=False,
        where=None,
        mean=None,
        correction=None,
    )
    + method("std", axis=None, dtype=None, out=None, ddof=0, keepdims=False, of=_ARRAY),
    "linalg_norm": function("jax.numpy.linalg.norm", "x", Param("ord", None, "p"), axis=None, keepdims=False),
    "cosine_similarity": function(
        "optax.cosine_similarity", "predictions:input", "targets:other", epsilon=0.0, axis=-1
    ),
    "avg_pool2d": function("haiku.avg_pool", "value:input", "window_shape:kernel_size", "strides:stride", "padding")
    + layer("haiku.AvgPool", "window_shape:kernel_size", "strides:stride", "padding")
    + layer("equinox.nn.AvgPool2d", "kernel_size", stride=1, padding=0)
    + function(
        "flax.linen.avg_pool flax.nnx.avg_pool",
        "inputs:input",
        "window_shape:kernel_size",
        Param("strides", None, "stride"),
        padding="VALID",
        count_include_pad=True,
    ),
    "max_pool2d": function("haiku.max_pool", "value:input", "window_shape:kernel_size", "strides:stride", "padding")
    + layer("haiku.MaxPool", "window_shape:kernel_size", "strides:stride", "padding")
    + layer("equinox.nn.MaxPool2d", "kernel_size", stride=1, padding=0)
    + function(
        "flax.linen.max_pool flax.nnx.max_pool",
        "inputs:input",
        "window_shape:kernel_size",
        Param("strides", None, "stride"),
        padding="VALID",
    ),
    "one_hot": function("haiku.one_hot", "x", "num_classes")
    + function("jax.nn.one_hot flax.linen.one_hot flax.nnx.one_hot", "x", "num_classes", dtype=None, axis=-1),
    "argmax": function("jax.numpy.argmax", "a", axis=None, out=None, keepdims=None)
    + function("jax.lax.argmax", "operand:input", "axis", "index_dtype")
    + method("argmax", axis=None, out=None, keepdims=None, of=_ARRAY),
    "argmin": function("jax.numpy.argmin", "a", axis=None, out=None, keepdims=None)
    + function("jax.lax.argmin", "operand:input", "axis", "index_dtype")
    + method("argmin", axis=None, out=None, keepdims=None, of=_ARRAY),
    "argsort": function("jax.numpy.argsort", "a", axis=-1, kind=None, order=None, stable=True, descending=False),
    "nonzero": function("jax.numpy.nonzero", "a"),
    "argwhere": function("jax.numpy.argwhere", "a"),
    "searchsorted": function("jax.numpy.searchsorted", "a:sorted_sequence", "v:input", side="left", sorter=None),
    "bincount": function("jax.numpy.bincount", "x", weights=None, minlength=0, length=None),
    "unique": function(
        "jax.numpy.unique",
        "ar:input",
        return_index=False,
        return_inverse=False,
        return_counts=False,
        axis=None,
        equal_nan=True,
        size=None,
        fill_value=None,
        sorted=True,
    ),
    "ne": function("jax.numpy.not_equal", "x", "y:other"),
    "lt": function("jax.numpy.less", "x", "y:other"),
    "le": function("jax.numpy.less_equal", "x", "y:other"),
    "gt": function("jax.numpy.greater", "x", "y:other"),
    "ge": function("jax.numpy.greater_equal", "x", "y:other"),
    "eq": function("jax.numpy.equal", "x", "y:other"),
    "equal": function("jax.numpy.array_equal", "a1:input", "a2:other", equal_nan=False),
    "isclose": function("jax.numpy.isclose", "a", "b:other", rtol=1e-05, atol=1e-08, equal_nan=False),
    "allclose": function("jax.numpy.allclose", "a", "b:other", rtol=1e-05, atol=1e-08, equal_nan=False),
    "isin": function("jax.numpy.isin", "element:input", "test_elements:other", assume_unique=False, invert=False),
    "isnan": function("jax.numpy.isnan", "x"),
    "isinf": function("jax.numpy.isinf", "x"),
    "isfinite": function("jax.numpy.isfinite", "x"),
    "logical_and": function("jax.numpy.logical_and", "x", "y:other"),
    "logical_or": function("jax.numpy.logical_or", "x", "y:other"),
    "logical_xor": function("jax.numpy.logical_xor", "x", "y:other"),
    "logical_not": function("jax.numpy.logical_not", "x"),
    "zeros": function("jax.numpy.zeros", "shape:size") + function("jax.numpy.zeros_like", "a"),
    "ones": function("jax.numpy.ones", "shape:size") + function("jax.numpy.ones_like", "a"),
    "full": function("jax.numpy.full", "shape:size", "fill_value"),
    "eye": function("jax.numpy.eye", "N:n", Param("M", None, "m"), k=0),
    "arange": function("jax.numpy.arange", "start", stop=None, step=None),
    "linspace": function(
        "jax.numpy.linspace",
        "start",
        "stop:end",
        Param("num", 50, "steps"),
        endpoint=True,
        retstep=False,
        dtype=None,
        axis=0,
    ),
    "tensor": function("jax.numpy.array", "object:data", dtype=None) + function("jax.numpy.asarray", "a:data"),
    "detach": function("jax.lax.stop_gradient", "x"),
    "batch_norm": layer("haiku.BatchNorm", "create_scale", "create_offset", "decay_rate", eps=1e-5)
    + layer("flax.linen.BatchNorm", use_running_average=None, axis=-1, momentum=0.99, epsilon=1e-05)
    + layer("flax.nnx.BatchNorm", "num_features", use_running_average=False, axis=-1, momentum=0.99, epsilon=1e-05),
    "instance_norm": layer("flax.linen.InstanceNorm", epsilon=1e-06)
    + layer("flax.nnx.InstanceNorm", "num_features", epsilon=1e-06),
    "layer_norm": layer("haiku.LayerNorm", "axis", "create_scale", "create_offset", eps=1e-5)
    + layer("equinox.nn.LayerNorm", "shape:normalized_shape", eps=1e-5)
    + layer("flax.linen.LayerNorm", epsilon=1e-06)
    + layer("flax.nnx.LayerNorm", "num_features", epsilon=1e-06),
    "group_norm": layer("haiku.GroupNorm", "groups:num_groups")
    + layer("equinox.nn.GroupNorm", "groups:num_groups")
    + layer("flax.linen.GroupNorm", num_groups=32, group_size=None, epsilon=1e-06)
    + layer("flax.nnx.GroupNorm", "num_features", num_groups=32, group_size=None, epsilon=1e-06),
    "rms_norm": layer("haiku.RMSNorm", "axis", eps=1e-5)
    + layer("equinox.nn.RMSNorm", "shape:normalized_shape", eps=1e-5)
    + layer("flax.linen.RMSNorm", epsilon=1e-06)
    + layer("flax.nnx.RMSNorm", "num_features", epsilon=1e-06),
    "scaled_dot_product_attention": function(
        "jax.nn.dot_product_attention",
        "query",
        "key",
        "value",
        bias=None,
        mask=None,
        scale=None,
        is_causal=False,
        query_seq_lengths=None,
        key_value_seq_lengths=None,
        local_window_size=None,
    )
    + function(
        "flax.linen.dot_product_attention",
        "query",
        "key",
        "value",
        bias=None,
        mask=None,
        broadcast_dropout=True,
        dropout_rng=None,
        dropout_rate=0.0,
        deterministic=False,
        dtype=None,
        precision=None,
        module=None,
        force_fp32_for_softmax=False,
    )
    + function(
        "flax.nnx.dot_product_attention",
        "query",
        "key",
        "value",
        bias=None,
        mask=None,
        broadcast_dropout=True,
        dropout_rng=None,
        dropout_rate=0.0,
        deterministic=False,
        dtype=None,
        precision=None,
        module=None,
        promote_dtype=None,
        is_causal=False,
    ),
    "multi_head_attention": layer(
        "flax.linen.MultiHeadDotProductAttention flax.linen.MultiHeadAttention flax.linen.SelfAttention", "num_heads"
    )
    + layer(
        "flax.nnx.MultiHeadAttention",
        "num_heads",
        "in_features",
        qkv_features=None,
        out_features=None,
        num_kv_heads=None,
        in_kv_features=None,
    ),
    "T": method("T", of=_ARRAY),
    "item": method("item __float__ __int__ __bool__", of=_ARRAY),
    "tolist": method("tolist", of=_ARRAY),
    "numpy": method("__array__", of=_ARRAY),
    "getitem": method("__getitem__", "item:index", of=_ARRAY),
}

SPELLINGS: Mapping[str, Spellings] = MappingProxyType({**_OPS, **_LOSSES})
