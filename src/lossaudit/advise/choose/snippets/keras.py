"""Training steps in Keras."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.advise.choose.snippets.recipe import Recipe
from lossaudit.advise.choose.snippets.shapes import Shape


def _function(body: str, **more: str) -> Recipe:
    """A loss written by hand: Keras hands over the target first, as float32."""
    return Recipe("def loss_of(y, z):\n" + Recipe(body).indented(), **more)


def _object(expression: str) -> Recipe:
    return Recipe(f"loss_of = {expression}")


_SPREAD = "location, raw = ops.split(z, 2, axis=-1)\nscale = ops.softplus(raw) + 1e-3"
_COUNTS = 'COUNTS = ops.convert_to_tensor(COUNTS, dtype="float32")'
_INDEX = 'index = ops.cast(y, "int32")\n'
_CROSS_ENTROPY = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
_BINARY = "keras.losses.BinaryCrossentropy(from_logits=True)"
_WEIGHTED = """\
weight = ops.take(WEIGHTS, ops.cast(y, "int32"))
return weight * keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)
"""
_BELOW = """\
step = ops.tril(ops.ones((z.shape[-1], z.shape[-1])))
log_p = ops.log_softmax(z, axis=-1)[..., None, :]
below = ops.logsumexp(ops.where(step > 0, log_p, -1e9), axis=-1)[..., :-1]  # log P(y <= k)
above = ops.logsumexp(ops.where(step > 0, -1e9, log_p), axis=-1)[..., :-1]  # log P(y > k)
"""
_THRESHOLDS = """\
class Thresholds(layers.Layer):
    def build(self, shape):
        self.bias = self.add_weight(shape=(CLASSES - 1,), initializer="zeros", name="bias")

    def call(self, score):
        return score + self.bias
"""
_ORDERED = """\
class Thresholds(layers.Layer):
    def build(self, shape):
        self.first = self.add_weight(shape=(1,), initializer="zeros", name="first")
        self.gaps = self.add_weight(shape=(CLASSES - 2,), initializer="zeros", name="gaps")

    def call(self, score):
        rest = self.first + ops.cumsum(ops.softplus(self.gaps))
        return ops.concatenate([self.first, rest]) - score  # increasing
"""
_SCORE = "layers.Dense(1, use_bias=False), Thresholds()"
_SAMPLING = """\
class Sampling(layers.Layer):
    def build(self, shape):
        self.noise = keras.random.SeedGenerator(0)

    def call(self, z):
        mean, log_variance = ops.split(z, 2, axis=-1)
        kl = 0.5 * ops.sum(mean**2 + ops.exp(log_variance) - 1 - log_variance, axis=-1)
        self.add_loss(ops.mean(kl))
        return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.noise)
"""

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "bce": _object(_BINARY),
        "weighted_bce": _function("""\
bce = keras.losses.binary_crossentropy(y, z, from_logits=True)
return ops.where(y[:, 0] > 0, POSITIVE_WEIGHT, 1.0) * bce
"""),
        "binary_focal": _object("keras.losses.BinaryFocalCrossentropy(gamma=2.0, from_logits=True)"),
        "hinge": _object("keras.losses.Hinge()  # it turns 0 and 1 into -1 and +1 itself"),
        "cross_entropy": _object(_CROSS_ENTROPY),
        "label_smoothing": _function("""\
y = ops.one_hot(ops.cast(y, "int32"), CLASSES)
return keras.losses.categorical_crossentropy(y, z, from_logits=True, label_smoothing=0.1)
"""),
        "weighted_cross_entropy": _function(
            _WEIGHTED, before=f"{_COUNTS}\nWEIGHTS = ops.sum(COUNTS) / (CLASSES * COUNTS)"
        ),
        "class_balanced": _function(_WEIGHTED, before=f"{_COUNTS}\nWEIGHTS = (1 - 0.999) / (1 - 0.999**COUNTS)"),
        "logit_adjusted": _function(
            """\
z = z + LOG_PRIOR  # predict from the model's output alone
return keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)
""",
            before=f"{_COUNTS}\nLOG_PRIOR = ops.log(COUNTS / ops.sum(COUNTS))",
        ),
        "ldam": _function(
            """\
z = z - ops.one_hot(ops.cast(y, "int32"), CLASSES) * MARGINS
return keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)
""",
            before=f"{_COUNTS}\nMARGINS = 0.5 * (ops.min(COUNTS) / COUNTS) ** 0.25",
        ),
        "focal": _function("""\
y = ops.one_hot(ops.cast(y, "int32"), CLASSES)
return keras.losses.categorical_focal_crossentropy(y, z, alpha=1.0, gamma=2.0, from_logits=True)
"""),
        "gce": _function("""\
log_p = -keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)
return (1 - ops.exp(0.7 * log_p)) / 0.7  # q = 0.7
"""),
        "sce": _function("""\
ce = keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)
return 0.1 * ce + 4 * (1 - ops.exp(-ce))  # alpha = 0.1, beta = 1, log 0 = -4
"""),
        "crammer_singer": _function("""\
return keras.losses.categorical_hinge(ops.one_hot(ops.cast(y, "int32"), CLASSES), z)
"""),
        "bce_labels": _object(_BINARY),
        "weighted_bce_labels": _function("""\
losses = y * POSITIVE_WEIGHT * ops.softplus(-z) + (1 - y) * ops.softplus(z)
return ops.mean(losses, axis=-1)
"""),
        "asymmetric": _function("""\
p = ops.maximum(ops.sigmoid(z) - 0.05, 0.0)  # easy negatives count nothing
return -ops.sum(y * ops.log_sigmoid(z) + (1 - y) * p**4 * ops.log1p(-p), axis=-1)
"""),
        "mse": _object("keras.losses.MeanSquaredError()"),
        "mae": _object("keras.losses.MeanAbsoluteError()"),
        "huber": _object("keras.losses.Huber(delta=1.0)"),
        "log_cosh": _object("keras.losses.LogCosh()"),
        "tukey": _function("""\
r = ops.clip((z - y) / 4.685, -1.0, 1.0)
return 4.685**2 / 6 * (1 - (1 - r**2) ** 3)
"""),
        "cauchy": _function("return 0.5 * ops.log1p((z - y) ** 2)"),
        "msle": _function("return keras.losses.mean_squared_error(ops.log1p(y), z)  # predict ops.expm1(z)"),
        "mape": _function("return ops.abs(z - y) / ops.abs(y)"),
        "gaussian_nll": _function(f"{_SPREAD}\nreturn ops.log(scale) + 0.5 * ((y - location) / scale) ** 2"),
        "gaussian_crps": _function(f"""\
{_SPREAD}
u = (y - location) / scale
density = ops.exp(-(u**2) / 2) / 2.5066283
return scale * (u * ops.erf(u / 1.4142136) + 2 * density - 0.5641896)
"""),
        "student_t_nll": _function(f"""\
{_SPREAD}
u = (y - location) / scale
return ops.log(scale) + 2.5 * ops.log1p(u**2 / 4)  # 4 degrees of freedom; a constant is left out
"""),
        "poisson_nll": _function("return ops.exp(z) - y * z"),
        "negative_binomial_nll": _function("""\
size = 1 / DISPERSION  # variance = mean + DISPERSION * mean**2
return (y + size) * ops.logaddexp(ops.log(size), z) - y * z
"""),
        "gamma": _function("return z + y * ops.exp(-z)"),
        "tweedie": _function("return 2 * y * ops.exp(-z / 2) + 2 * ops.exp(z / 2)  # power 1.5"),
        "fraction": _object(_BINARY),
        "pinball": _function("""\
r = y[..., None] - ops.reshape(z, (-1, OUTPUTS, len(LEVELS)))
tau = ops.convert_to_tensor(LEVELS)
return ops.mean(ops.maximum(tau * r, (tau - 1) * r), axis=(1, 2))
"""),
        "binned_ordinal_cross_entropy": _function(f"""\
z = ops.reshape(z, (-1, OUTPUTS, BINS))
cuts = ops.linspace(-1.0, 1.0, BINS + 1)[1:-1]
at_most = ops.cast(y[..., None] <= cuts, "float32")
{_BELOW}return -ops.mean(ops.sum(at_most * below + (1 - at_most) * above, axis=-1), axis=-1)
"""),
        "coral": _function(
            """\
above = ops.cast(y[:, None] > ops.arange(CLASSES - 1, dtype="float32"), "float32")
return keras.losses.binary_crossentropy(above, z, from_logits=True)
""",
            before=_THRESHOLDS,
            last=_SCORE,
        ),
        "corn": _function("""\
k = ops.arange(CLASSES - 1, dtype="float32")
above = ops.cast(y[:, None] > k, "float32")
asked = ops.cast(y[:, None] >= k, "float32")
return ops.sum(asked * (ops.softplus(z) - above * z), axis=-1)
"""),
        "cumulative_link": _function(
            f"""\
{_INDEX}ends = ops.full_like(z[:, :1], 1e4)
z = ops.concatenate([-ends, z, ends], axis=1)
lower, upper = (ops.take_along_axis(z, index[:, None] + k, axis=1) for k in (0, 1))
return -(ops.log_sigmoid(upper) + ops.log_sigmoid(-lower) + ops.log1p(-ops.exp(lower - upper)))
""",
            before=_ORDERED,
            last=_SCORE,
        ),
        "rps": _function("""\
at_most = ops.cast(y[:, None] <= ops.arange(CLASSES, dtype="float32"), "float32")
return ops.sum((ops.cumsum(ops.softmax(z, axis=-1), axis=-1) - at_most) ** 2, axis=-1)
"""),
        "ordinal_cross_entropy": _function(f"""\
at_most = ops.cast(y[:, None] <= ops.arange(CLASSES - 1, dtype="float32"), "float32")
{_BELOW}return -ops.sum(at_most * below + (1 - at_most) * above, axis=-1)
"""),
        "ordered_cross_entropy": _object(_CROSS_ENTROPY),
        "listnet": _function("""\
z = ops.reshape(z, ops.shape(y))
share = y / ops.maximum(ops.sum(y, axis=-1, keepdims=True), 1e-9)
return -ops.sum(share * ops.log_softmax(z, axis=-1), axis=-1)
"""),
        "ranknet": _function("""\
z = ops.reshape(z, ops.shape(y))
better = ops.cast(y[:, :, None] > y[:, None, :], "float32")
losses = ops.softplus(z[:, None, :] - z[:, :, None])
return ops.sum(better * losses, axis=(1, 2)) / ops.maximum(ops.sum(better, axis=(1, 2)), 1.0)
"""),
        "listmle": _function("""\
s = ops.take_along_axis(ops.reshape(z, ops.shape(y)), ops.argsort(-y, axis=1), axis=1)
later = ops.triu(ops.ones((s.shape[1], s.shape[1]))) > 0
return ops.sum(ops.logsumexp(ops.where(later, s[:, None, :], -1e9), axis=-1) - s, axis=-1)
"""),
        "bce_pixels": _object(_BINARY),
        "dice": _function("""\
p = ops.sigmoid(z)
overlap, size = ops.sum(p * y, axis=(1, 2, 3)), ops.sum(p + y, axis=(1, 2, 3))
bce = ops.mean(keras.losses.binary_crossentropy(y, z, from_logits=True), axis=(1, 2))
return bce + 1 - (2 * overlap + 1) / (size + 1)
"""),
        "tversky": _function("""\
p = ops.sigmoid(z)
hit, false, missed = (ops.sum(part, axis=(1, 2, 3)) for part in (p * y, p * (1 - y), (1 - p) * y))
bce = ops.mean(keras.losses.binary_crossentropy(y, z, from_logits=True), axis=(1, 2))
return bce + 1 - (hit + 1) / (hit + 0.3 * false + 0.7 * missed + 1)
"""),
        "focal_pixels": _object("keras.losses.BinaryFocalCrossentropy(gamma=2.0, from_logits=True)"),
        "cross_entropy_pixels": _object(_CROSS_ENTROPY),
        "dice_classes": _function(f"""\
{_INDEX}t, p = ops.one_hot(index, CLASSES), ops.softmax(z, axis=-1)
overlap, size = ops.sum(p * t, axis=(1, 2)), ops.sum(p + t, axis=(1, 2))
ce = ops.mean(keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True), axis=(1, 2))
return ce + ops.mean(1 - (2 * overlap + 1) / (size + 1), axis=-1)
"""),
        "lovasz_softmax": _function(f"""\
{_INDEX}p = ops.reshape(ops.softmax(z, axis=-1), (-1, CLASSES))
t = ops.one_hot(ops.reshape(index, (-1,)), CLASSES)
errors = ops.abs(t - p)
order = ops.argsort(-errors, axis=0)
errors, t = ops.take_along_axis(errors, order, axis=0), ops.take_along_axis(t, order, axis=0)
total = ops.sum(t, axis=0)
jaccard = 1 - (total - ops.cumsum(t, axis=0)) / (total + ops.cumsum(1 - t, axis=0))
steps = ops.concatenate([jaccard[:1], jaccard[1:] - jaccard[:-1]])
ce = keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)
return ops.mean(ce) + ops.mean(ops.sum(errors * steps, axis=0))
"""),
        "info_nce": _function("""\
e = ops.normalize(z, axis=-1)
similarity = ops.matmul(e[:, 0], ops.transpose(e[:, 1])) / 0.1  # temperature 0.1
return keras.losses.sparse_categorical_crossentropy(y, similarity, from_logits=True)
"""),
        "triplet_margin": _function("""\
distance = ops.sqrt(ops.sum((z[:, None] - z) ** 2, axis=-1) + 1e-12)
same = y[:, None] == y
positive = ops.max(ops.where(same, distance, 0.0), axis=1)  # the hardest of the batch
negative = ops.min(ops.where(same, 1e9, distance), axis=1)
return ops.relu(1 + positive - negative)
"""),
        "contrastive": _function("""\
distance = ops.sqrt(ops.sum((z[:, 0] - z[:, 1]) ** 2, axis=-1) + 1e-12)
return y * distance**2 + (1 - y) * ops.relu(1 - distance) ** 2
"""),
        "distillation": _function("""\
label, teacher = y[:, 0], y[:, 1:]
T = 2.0
soft = keras.losses.kl_divergence(ops.softmax(teacher / T, axis=-1), ops.softmax(z / T, axis=-1))
return 0.5 * keras.losses.sparse_categorical_crossentropy(label, z, from_logits=True) + 0.5 * T**2 * soft
"""),
        "kl_div": _function("return keras.losses.kl_divergence(y, ops.softmax(z, axis=-1))"),
        "cox": _function("""\
z, time, event = z[:, 0], y[:, 0], y[:, 1]
at_risk = time[None, :] >= time[:, None]
risk = ops.logsumexp(ops.where(at_risk, z[None, :], -1e9), axis=1)
return (risk - z) * event * ops.size(event) / ops.maximum(ops.sum(event), 1.0)
"""),
        "hazard": _function("""\
interval = ops.arange(INTERVALS, dtype="float32")
seen = ops.cast(interval <= y[:, :1], "float32")
ends = ops.cast(interval == y[:, :1], "float32") * y[:, 1:]
return ops.sum(seen * (ops.softplus(z) - ends * z), axis=-1)
"""),
        "ctc": _object("keras.losses.CTC()"),
        "elbo": _function(
            "return ops.sum(ops.softplus(z) - y * z, axis=-1)  # z: logits of the reconstruction",
            before=_SAMPLING,
            last=",\n        ".join(
                (
                    "layers.Dense(2 * LATENT)",
                    "Sampling()",
                    'layers.Dense(64, activation="relu")',
                    "layers.Dense(FEATURES)",
                )
            ),
        ),
    }
)


def write(shape: Shape, recipe: Recipe, sizes: str) -> str:
    """The whole training step."""
    last = recipe.last or f"layers.Dense({shape.outputs})"
    x = shape.x
    inputs = _input(shape)
    hidden = 'layers.Dense(64, activation="relu")'
    if shape.model == "images":
        x = "(N, height, width, FEATURES) float32"
        hidden = 'layers.Conv2D(64, 3, padding="same", activation="relu")'
        last = f"layers.Conv2D({shape.outputs}, 1)"
    body = recipe.body.strip("\n")
    around = "\n\n" if body.startswith("def ") else ""
    return f"""\
import keras
from keras import layers, ops

{sizes}
{recipe.above()}model = keras.Sequential(
    [
        keras.Input({inputs}),
        {hidden},
        {last},
    ]
)
# the last layer gives {shape.last}
{around}{body}
{around}# x: {x}
# y: {shape.y}
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss_of)


def step(x, y):
    return model.train_on_batch(x, y)
"""


def _input(shape: Shape) -> str:
    if shape.model == "images":
        return "(None, None, FEATURES)"
    axes = shape.x.partition(")")[0].count(",")
    return "(None, FEATURES)" if axes == 2 else "(FEATURES,)"
