"""Names of frameworks: whose a dotted name is, and which of its many names is the canonical one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

# By the first part of a name: the framework whose tensors it works on.
ROOTS: Mapping[str, str] = MappingProxyType(
    {
        "torch": "torch",
        "keras": "keras",
        "tensorflow": "tensorflow",
        **dict.fromkeys(("jax", "optax", "flax", "haiku", "equinox"), "jax"),
    }
)

# The losses of TensorFlow 1; of TensorFlow 2, `tensorflow.losses` is Keras's.
_OLD_LOSSES = (
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
)


# Where a package keeps what it offers under a shorter name, in the order in which this is undone: what such names
# begin with, a pattern, and what to put in its place. Patterns are compiled when a name first needs them.
_MOVED = (
    ("torch.nn.modules.", r"torch\.nn\.modules\.(?:\w+\.)*(?=\w+$)", "torch.nn."),
    ("torch.functional.", r"torch\.functional\.(?=\w+$)", "torch."),
    ("tf_keras.", r"tf_keras\.", "keras."),
    ("tensorflow.", r"tensorflow\.(?:[\w.]+\.)?keras\.", "keras."),
    ("keras.", r"keras\.(?:(?:src|api|_v\d|_tf_keras|keras|python)\.)+", "keras."),
    ("tensorflow.", r"tensorflow\.(?:(?:compat\.v\d|_api\.v\d)\.)+", "tensorflow."),
    ("tensorflow.python.", r"tensorflow\.python\.ops\.(?:gen_)?nn(?:_ops|_impl)?\.", "tensorflow.nn."),
    ("tensorflow.python.", r"tensorflow\.python\.ops\.(?:gen_)?(?:array|clip|math)_ops\.", "tensorflow."),
    ("tensorflow.losses.", rf"tensorflow\.losses\.(?!(?:{'|'.join(_OLD_LOSSES)})$)", "keras.losses."),
    ("tensorflow.", r"tensorflow\.(?=(?:metrics|optimizers|initializers)\.)", "keras."),
    ("keras.objectives.", r"keras\.objectives\.", "keras.losses."),
    ("keras.", r"keras\.(?:engine|models|layers)\.(?:\w+\.)*(?=(?:Sequential|Model|Input)$)", "keras."),
    ("keras.engine.", r"keras\.engine\.(?:\w+\.)*(?=\w+$)", "keras.layers."),
    (
        "keras.",
        r"keras\.(activations|backend|layers|losses|ops|optimizers|utils)\.(?:\w+\.)+(?=\w+$)",
        r"keras.\1.",
    ),
    ("jax._src.", r"jax\._src\.nn\.functions\.", "jax.nn."),
    ("jax._src.", r"jax\._src\.numpy\.(?:\w+\.)+(?=\w+$)", "jax.numpy."),
    ("optax.", r"optax\.(?:_src\.)?loss(?:es)?\.(?:_\w+\.)?(?=\w)", "optax."),
    ("flax.experimental.nnx.", r"flax\.experimental\.nnx\.", "flax.nnx."),
    (
        "flax.",
        r"flax\.(linen|nnx)\.(?:nn\.)?(?:activations?|attention|linear|normalization|pooling|recurrent|stochastic)\."
        r"(?=\w)",
        r"flax.\1.",
    ),
)


@lru_cache(maxsize=4096)
def framework_of(dotted: str) -> tuple[str, str] | None:
    """The framework that a dotted name belongs to, and the name's canonical form; None where it is no framework's.

    >>> framework_of("tensorflow.keras.layers.Dense")
    ('keras', 'keras.layers.Dense')
    >>> framework_of("tensorflow.python.keras.engine.sequential.Sequential")
    ('keras', 'keras.Sequential')
    >>> framework_of("tensorflow.compat.v1.nn.softmax"), framework_of("optax.losses.squared_error")
    (('tensorflow', 'tensorflow.nn.softmax'), ('jax', 'optax.squared_error'))
    >>> framework_of("torch.nn.modules.loss.CrossEntropyLoss")
    ('torch', 'torch.nn.CrossEntropyLoss')
    >>> framework_of("sklearn.metrics.log_loss")
    """
    for start, pattern, name in _MOVED:
        if dotted.startswith(start) and (moved := re.match(pattern, dotted)):
            dotted = moved.expand(name) + dotted[moved.end() :]
    framework = ROOTS.get(dotted.partition(".")[0])
    return (framework, dotted) if framework else None
