"""Training steps in JAX with optax."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.advise.choose.snippets.recipe import Recipe
from lossaudit.advise.choose.snippets.shapes import Shape

_SPREAD = "location, raw = jnp.split(z, 2, axis=-1)\nscale = jax.nn.softplus(raw) + 1e-3"
_COUNTS = "COUNTS = jnp.array(COUNTS, dtype=jnp.float32)"
_CROSS_ENTROPY = "optax.softmax_cross_entropy_with_integer_labels(z, y)"
_WEIGHTED = f"weight = WEIGHTS[y]\nreturn (weight * {_CROSS_ENTROPY}).sum() / weight.sum()"
_BELOW = """\
log_p = jax.nn.log_softmax(z, axis=-1)
below = jax.lax.cumlogsumexp(log_p, axis=log_p.ndim - 1)[..., :-1]  # log P(y <= k)
above = jax.lax.cumlogsumexp(log_p, axis=log_p.ndim - 1, reverse=True)[..., 1:]  # log P(y > k)
"""

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "bce": Recipe("return optax.sigmoid_binary_cross_entropy(z, y).mean()"),
        "weighted_bce": Recipe("""\
weight = jnp.where(y > 0, POSITIVE_WEIGHT, 1.0)
return (weight * optax.sigmoid_binary_cross_entropy(z, y)).mean()
"""),
        "binary_focal": Recipe("return optax.sigmoid_focal_loss(z, y, gamma=2.0).mean()"),
        "hinge": Recipe("return optax.hinge_loss(z, 2 * y - 1).mean()"),
        "cross_entropy": Recipe(f"return {_CROSS_ENTROPY}.mean()"),
        "label_smoothing": Recipe("""\
smooth = optax.smooth_labels(jax.nn.one_hot(y, CLASSES), 0.1)
return optax.softmax_cross_entropy(z, smooth).mean()
"""),
        "weighted_cross_entropy": Recipe(_WEIGHTED, before=f"{_COUNTS}\nWEIGHTS = COUNTS.sum() / (CLASSES * COUNTS)"),
        "class_balanced": Recipe(_WEIGHTED, before=f"{_COUNTS}\nWEIGHTS = (1 - 0.999) / (1 - 0.999**COUNTS)"),
        "logit_adjusted": Recipe(
            "z = z + LOG_PRIOR  # predict from the model's output alone\n"
            "return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()",
            before=f"{_COUNTS}\nLOG_PRIOR = jnp.log(COUNTS / COUNTS.sum())",
        ),
        "ldam": Recipe(
            "z = z - jax.nn.one_hot(y, CLASSES) * MARGINS\n"
            "return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()",
            before=f"{_COUNTS}\nMARGINS = 0.5 * (COUNTS.min() / COUNTS) ** 0.25",
        ),
        "focal": Recipe(f"ce = {_CROSS_ENTROPY}\nreturn ((1 - jnp.exp(-ce)) ** 2 * ce).mean()  # gamma = 2"),
        "gce": Recipe(f"log_p = -{_CROSS_ENTROPY}\nreturn ((1 - jnp.exp(0.7 * log_p)) / 0.7).mean()  # q = 0.7"),
        "sce": Recipe(f"""\
ce = {_CROSS_ENTROPY}
return (0.1 * ce + 4 * (1 - jnp.exp(-ce))).mean()  # alpha = 0.1, beta = 1, log 0 = -4
"""),
        "crammer_singer": Recipe("return optax.losses.multiclass_hinge_loss(z, y).mean()"),
        "linear_cross_entropy": Recipe(
            """\
rows = zip(jnp.array_split(z, CHUNKS), jnp.array_split(y, CHUNKS))
return sum(part(params, *each) for each in rows) / len(y)
""",
            before="""\
CHUNKS = 4


@jax.checkpoint  # the logits of one chunk at a time, computed once more for the gradient
def part(params, hidden, y):
    z = hidden @ params["w3"] + params["b3"]
    return optax.softmax_cross_entropy_with_integer_labels(z, y).sum()
""",
            more='"w3": jnp.zeros((64, CLASSES)), "b3": jnp.zeros(CLASSES)',
        ),
        "bce_labels": Recipe("return optax.sigmoid_binary_cross_entropy(z, y).mean()"),
        "weighted_bce_labels": Recipe("""\
weight = jnp.where(y > 0, POSITIVE_WEIGHT, 1.0)
return (weight * optax.sigmoid_binary_cross_entropy(z, y)).mean()
"""),
        "asymmetric": Recipe("""\
p = jnp.maximum(jax.nn.sigmoid(z) - 0.05, 0)  # easy negatives count nothing
return -(y * jax.nn.log_sigmoid(z) + (1 - y) * p**4 * jnp.log1p(-p)).sum(-1).mean()
"""),
        "mse": Recipe("return optax.squared_error(z, y).mean()"),
        "mae": Recipe("return jnp.abs(z - y).mean()"),
        "huber": Recipe("return optax.huber_loss(z, y, delta=1.0).mean()"),
        "log_cosh": Recipe("return optax.losses.log_cosh(z, y).mean()"),
        "tukey": Recipe("""\
r = jnp.clip((z - y) / 4.685, -1, 1)
return (4.685**2 / 6 * (1 - (1 - r**2) ** 3)).mean()
"""),
        "cauchy": Recipe("return 0.5 * jnp.log1p((z - y) ** 2).mean()"),
        "msle": Recipe("return optax.squared_error(z, jnp.log1p(y)).mean()  # predict jnp.expm1(z)"),
        "mape": Recipe("return (jnp.abs(z - y) / jnp.abs(y)).mean()"),
        "gaussian_nll": Recipe(f"{_SPREAD}\nreturn (jnp.log(scale) + 0.5 * ((y - location) / scale) ** 2).mean()"),
        "gaussian_crps": Recipe(f"""\
{_SPREAD}
u = (y - location) / scale
density = jnp.exp(-(u**2) / 2) / 2.5066283
return (scale * (u * jax.lax.erf(u / 1.4142136) + 2 * density - 0.5641896)).mean()
"""),
        "student_t_nll": Recipe(
            f"{_SPREAD}\nreturn -jax.scipy.stats.t.logpdf(y, 4.0, location, scale).mean()  # 4 degrees of freedom"
        ),
        "poisson_nll": Recipe("return (jnp.exp(z) - y * z).mean()"),
        "negative_binomial_nll": Recipe("""\
size = 1 / DISPERSION  # variance = mean + DISPERSION * mean**2
return ((y + size) * jnp.logaddexp(jnp.log(size), z) - y * z).mean()
"""),
        "gamma": Recipe("return (z + y * jnp.exp(-z)).mean()"),
        "tweedie": Recipe("return (2 * y * jnp.exp(-z / 2) + 2 * jnp.exp(z / 2)).mean()  # power 1.5"),
        "fraction": Recipe("return optax.sigmoid_binary_cross_entropy(z, y).mean()"),
        "pinball": Recipe("""\
r = y[..., None] - z.reshape(*y.shape, len(LEVELS))
tau = jnp.array(LEVELS)
return jnp.maximum(tau * r, (tau - 1) * r).mean()
"""),
        "binned_ordinal_cross_entropy": Recipe(f"""\
z = z.reshape(*y.shape, BINS)
cuts = jnp.linspace(-1, 1, BINS + 1)[1:-1]
at_most = (y[..., None] <= cuts).astype(jnp.float32)
{_BELOW}return -(at_most * below + (1 - at_most) * above).sum(-1).mean()
"""),
        "coral": Recipe(
            """\
above = (y[:, None] > jnp.arange(CLASSES - 1)).astype(jnp.float32)
return optax.sigmoid_binary_cross_entropy(z + params["thresholds"], above).mean()
""",
            more='"thresholds": jnp.linspace(1.0, -1.0, CLASSES - 1)',
            last="1",
        ),
        "corn": Recipe("""\
above = (y[:, None] > jnp.arange(CLASSES - 1)).astype(jnp.float32)
asked = (y[:, None] >= jnp.arange(CLASSES - 1)).astype(jnp.float32)
return (asked * optax.sigmoid_binary_cross_entropy(z, above)).sum() / asked.sum()
"""),
        "cumulative_link": Recipe(
            """\
rest = params["first"] + jnp.cumsum(jax.nn.softplus(params["gaps"]))
z = jnp.concatenate([params["first"], rest]) - z  # increasing
ends = jnp.full((len(z), 1), 1e4)
z = jnp.concatenate([-ends, z, ends], axis=1)
lower, upper = (jnp.take_along_axis(z, y[:, None] + k, axis=1) for k in (0, 1))
log_p = jax.nn.log_sigmoid(upper) + jax.nn.log_sigmoid(-lower) + jnp.log1p(-jnp.exp(lower - upper))
return -log_p.mean()
""",
            more='"first": jnp.array([-1.0]), "gaps": jnp.zeros(CLASSES - 2)',
            last="1",
        ),
        "rps": Recipe("""\
at_most = (y[:, None] <= jnp.arange(CLASSES)).astype(jnp.float32)
return ((jnp.cumsum(jax.nn.softmax(z, axis=-1), axis=-1) - at_most) ** 2).sum(-1).mean()
"""),
        "ordinal_cross_entropy": Recipe(f"""\
at_most = (y[:, None] <= jnp.arange(CLASSES - 1)).astype(jnp.float32)
{_BELOW}return -(at_most * below + (1 - at_most) * above).sum(-1).mean()
"""),
        "ordered_cross_entropy": Recipe(f"return {_CROSS_ENTROPY}.mean()"),
        "listnet": Recipe("""\
share = y / jnp.maximum(y.sum(-1, keepdims=True), 1e-9)
return optax.softmax_cross_entropy(z, share).mean()
"""),
        "ranknet": Recipe("""\
better = (y[:, :, None] > y[:, None, :]).astype(jnp.float32)
losses = jax.nn.softplus(z[:, None, :] - z[:, :, None])
return (better * losses).sum() / jnp.maximum(better.sum(), 1)
"""),
        "listmle": Recipe("""\
s = jnp.take_along_axis(z, jnp.argsort(-y, axis=1), axis=1)
return (jax.lax.cumlogsumexp(s, axis=1, reverse=True) - s).sum(1).mean()
"""),
        "bce_pixels": Recipe("return optax.sigmoid_binary_cross_entropy(z, y).mean()"),
        "dice": Recipe("""\
p = jax.nn.sigmoid(z)
overlap, size = (p * y).sum((1, 2, 3)), (p + y).sum((1, 2, 3))
return optax.sigmoid_binary_cross_entropy(z, y).mean() + (1 - (2 * overlap + 1) / (size + 1)).mean()
"""),
        "tversky": Recipe("""\
p = jax.nn.sigmoid(z)
hit, false, missed = (part.sum((1, 2, 3)) for part in (p * y, p * (1 - y), (1 - p) * y))
tversky = (1 - (hit + 1) / (hit + 0.3 * false + 0.7 * missed + 1)).mean()
return optax.sigmoid_binary_cross_entropy(z, y).mean() + tversky
"""),
        "focal_pixels": Recipe("return optax.sigmoid_focal_loss(z, y, gamma=2.0).mean()"),
        "cross_entropy_pixels": Recipe(f"return {_CROSS_ENTROPY}.mean()"),
        "dice_classes": Recipe(f"""\
p, t = jax.nn.softmax(z, axis=-1), jax.nn.one_hot(y, CLASSES)
overlap, size = (p * t).sum((1, 2)), (p + t).sum((1, 2))
return {_CROSS_ENTROPY}.mean() + (1 - (2 * overlap + 1) / (size + 1)).mean()
"""),
        "lovasz_softmax": Recipe(f"""\
p = jax.nn.softmax(z, axis=-1).reshape(-1, CLASSES)
t = jax.nn.one_hot(y.reshape(-1), CLASSES)
errors = jnp.abs(t - p)
order = jnp.argsort(-errors, axis=0)
errors, t = jnp.take_along_axis(errors, order, axis=0), jnp.take_along_axis(t, order, axis=0)
jaccard = 1 - (t.sum(0) - t.cumsum(0)) / (t.sum(0) + (1 - t).cumsum(0))
steps = jnp.concatenate([jaccard[:1], jaccard[1:] - jaccard[:-1]])
return {_CROSS_ENTROPY}.mean() + (errors * steps).sum(0).mean()
"""),
        "info_nce": Recipe("""\
e = z / jnp.linalg.norm(z, axis=-1, keepdims=True)
similarity = e[:, 0] @ e[:, 1].T / 0.1  # temperature 0.1
return optax.softmax_cross_entropy_with_integer_labels(similarity, y).mean()
"""),
        "triplet_margin": Recipe("""\
distance, same = jax.lax.stop_gradient(jnp.square(z[:, None] - z).sum(-1)), y[:, None] == y
positive = jnp.where(same, distance, -1).argmax(1)  # the hardest of the batch
negative = jnp.where(same, jnp.inf, distance).argmin(1)
return optax.losses.triplet_margin_loss(z, z[positive], z[negative]).mean()
"""),
        "contrastive": Recipe("""\
distance = jnp.sqrt(jnp.square(z[:, 0] - z[:, 1]).sum(-1) + 1e-12)
return (y * distance**2 + (1 - y) * jax.nn.relu(1 - distance) ** 2).mean()
"""),
        "distillation": Recipe("""\
label, teacher = y[:, 0].astype(int), y[:, 1:]
T = 2.0
soft = optax.kl_divergence(jax.nn.log_softmax(z / T, axis=-1), jax.nn.softmax(teacher / T, axis=-1)).mean()
return 0.5 * optax.softmax_cross_entropy_with_integer_labels(z, label).mean() + 0.5 * T**2 * soft
"""),
        "kl_div": Recipe("return optax.kl_divergence(jax.nn.log_softmax(z, axis=-1), y).mean()"),
        "cox": Recipe("""\
order = jnp.argsort(-y[:, 0])
z, event = z[order], y[order, 1]
return -((z - jax.lax.cumlogsumexp(z)) * event).sum() / jnp.maximum(event.sum(), 1)
"""),
        "hazard": Recipe("""\
interval = jnp.arange(INTERVALS)
seen = (interval <= y[:, :1]).astype(jnp.float32)
ends = (interval == y[:, :1]) * y[:, 1:]
return (seen * optax.sigmoid_binary_cross_entropy(z, ends)).sum(-1).mean()
"""),
        "ctc": Recipe("return optax.ctc_loss(z, jnp.zeros(z.shape[:2]), y, jnp.zeros(y.shape)).mean()"),
        "elbo": Recipe(
            """\
mean, log_variance = jnp.split(z, 2, axis=-1)
code = mean + jnp.exp(log_variance / 2) * jax.random.normal(y, mean.shape)
logits = jax.nn.relu(code @ params["w3"]) @ params["w4"]
reconstruction = optax.sigmoid_binary_cross_entropy(logits, x).sum(-1)
kl = 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).sum(-1)
return (reconstruction + kl).mean()
""",
            more='"w3": he(c, (LATENT, 64)), "w4": he(d, (64, FEATURES))',
        ),
    }
)


def write(shape: Shape, recipe: Recipe, sizes: str) -> str:
    """The whole training step."""
    outputs = recipe.last or shape.outputs
    more = f",\n        {recipe.more}," if recipe.more else ","
    alone = "[..., 0]" if shape.outputs == "1" and shape.model == "rows" else ""
    x, y = shape.x, shape.y
    if shape.model == "images":
        x = "(N, height, width, FEATURES) float32; put convolutions in the model"
    if "x once more" in y:
        y = "a fresh jax.random.key for each step"
    return f"""\
import jax
import jax.numpy as jnp
import optax

{sizes}
{recipe.above()}

def init(key):
    a, b, c, d = jax.random.split(key, 4)
    he = jax.nn.initializers.he_normal()
    return {{
        "w1": he(a, (FEATURES, 64)),
        "b1": jnp.zeros(64),
        "w2": he(b, (64, {outputs})),
        "b2": jnp.zeros({outputs}){more}
    }}


def model(params, x):
    hidden = jax.nn.relu(x @ params["w1"] + params["b1"])
    # gives {shape.last}
    return hidden @ params["w2"] + params["b2"]


def loss_of(params, x, y):
    # x: {x}
    # y: {y}
    z = model(params, x){alone}
{recipe.indented()}

optimizer = optax.adam(1e-3)
params = init(jax.random.key(0))
state = optimizer.init(params)


@jax.jit
def step(params, state, x, y):
    loss, gradient = jax.value_and_grad(loss_of)(params, x, y)
    updates, state = optimizer.update(gradient, state)
    return optax.apply_updates(params, updates), state, loss
"""
