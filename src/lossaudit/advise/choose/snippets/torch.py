"""Training steps in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossaudit.advise.choose.snippets.recipe import Recipe
from lossaudit.advise.choose.snippets.shapes import Shape

_SPREAD = "location, raw = z.chunk(2, dim=-1)\nscale = F.softplus(raw) + 1e-3"
_COUNTS = "COUNTS = torch.tensor(COUNTS, dtype=torch.float32)"
_BELOW = """\
log_p = F.log_softmax(z, dim=-1)
below = torch.logcumsumexp(log_p, dim=-1)[..., :-1]  # log P(y <= k)
above = torch.logcumsumexp(log_p.flip(-1), dim=-1).flip(-1)[..., 1:]  # log P(y > k)
"""
_THRESHOLDS = """\
class Thresholds(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.linspace(1, -1, CLASSES - 1))

    def forward(self, score):
        return score + self.bias
"""
_ORDERED = """\
class Thresholds(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.tensor([-1.0]))
        self.gaps = nn.Parameter(torch.zeros(CLASSES - 2))

    def forward(self, score):
        rest = self.first + F.softplus(self.gaps).cumsum(0)
        return torch.cat([self.first, rest]) - score  # increasing
"""
_SCORE = "nn.Linear(64, 1, bias=False), Thresholds()"

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "bce": Recipe("return F.binary_cross_entropy_with_logits(z, y)"),
        "weighted_bce": Recipe(
            "return F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.tensor(POSITIVE_WEIGHT))"
        ),
        "binary_focal": Recipe("""\
bce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
return ((1 - torch.exp(-bce)) ** 2 * bce).mean()  # gamma = 2
"""),
        "hinge": Recipe("return F.relu(1 - (2 * y - 1) * z).mean()"),
        "cross_entropy": Recipe("return F.cross_entropy(z, y)"),
        "label_smoothing": Recipe("return F.cross_entropy(z, y, label_smoothing=0.1)"),
        "weighted_cross_entropy": Recipe(
            "return F.cross_entropy(z, y, weight=WEIGHTS)",
            before=f"{_COUNTS}\nWEIGHTS = COUNTS.sum() / (CLASSES * COUNTS)",
        ),
        "class_balanced": Recipe(
            "return F.cross_entropy(z, y, weight=WEIGHTS)",
            before=f"{_COUNTS}\nWEIGHTS = (1 - 0.999) / (1 - 0.999**COUNTS)",
        ),
        "logit_adjusted": Recipe(
            "return F.cross_entropy(z + LOG_PRIOR, y)  # predict from z alone",
            before=f"{_COUNTS}\nLOG_PRIOR = torch.log(COUNTS / COUNTS.sum())",
        ),
        "ldam": Recipe(
            "return F.cross_entropy(z - F.one_hot(y, CLASSES) * MARGINS, y)",
            before=f"{_COUNTS}\nMARGINS = 0.5 * (COUNTS.min() / COUNTS) ** 0.25",
        ),
        "focal": Recipe("""\
ce = F.cross_entropy(z, y, reduction="none")
return ((1 - torch.exp(-ce)) ** 2 * ce).mean()  # gamma = 2
"""),
        "gce": Recipe("""\
log_p = -F.cross_entropy(z, y, reduction="none")
return ((1 - torch.exp(0.7 * log_p)) / 0.7).mean()  # q = 0.7
"""),
        "sce": Recipe("""\
ce = F.cross_entropy(z, y, reduction="none")
return (0.1 * ce + 4 * (1 - torch.exp(-ce))).mean()  # alpha = 0.1, beta = 1, log 0 = -4
"""),
        "crammer_singer": Recipe("""\
true = z.gather(1, y[:, None])[:, 0]
rival = z.masked_fill(F.one_hot(y, CLASSES).bool(), -torch.inf).amax(1)
return F.relu(1 - true + rival).mean()
"""),
        "linear_cross_entropy": Recipe(
            """\
chunked = nn.LinearCrossEntropyOptions()  # PyTorch 2.13 or newer; without it all logits are made
return F.linear_cross_entropy(z, last.weight, y, linear_bias=last.bias, options=chunked)
""",
            before="last = nn.Linear(64, CLASSES)",
            more="last",
        ),
        "bce_labels": Recipe("return F.binary_cross_entropy_with_logits(z, y)"),
        "weighted_bce_labels": Recipe(
            "return F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.full((LABELS,), POSITIVE_WEIGHT))"
        ),
        "asymmetric": Recipe("""\
p = (torch.sigmoid(z) - 0.05).clamp(min=0)  # easy negatives count nothing
return -(y * F.logsigmoid(z) + (1 - y) * p**4 * torch.log1p(-p)).sum(1).mean()
"""),
        "mse": Recipe("return F.mse_loss(z, y)"),
        "mae": Recipe("return F.l1_loss(z, y)"),
        "huber": Recipe("return F.huber_loss(z, y, delta=1.0)"),
        "log_cosh": Recipe("""\
r = (z - y).abs()
return (r + F.softplus(-2 * r) - 0.6931472).mean()
"""),
        "tukey": Recipe("""\
r = ((z - y) / 4.685).clamp(-1, 1)
return (4.685**2 / 6 * (1 - (1 - r**2) ** 3)).mean()
"""),
        "cauchy": Recipe("return 0.5 * torch.log1p((z - y) ** 2).mean()"),
        "msle": Recipe("return F.mse_loss(z, torch.log1p(y))  # predict torch.expm1(z)"),
        "mape": Recipe("return ((z - y).abs() / y.abs()).mean()"),
        "gaussian_nll": Recipe(f"{_SPREAD}\nreturn F.gaussian_nll_loss(location, y, scale**2)"),
        "gaussian_crps": Recipe(f"""\
{_SPREAD}
u = (y - location) / scale
density = torch.exp(-(u**2) / 2) / 2.5066283
return (scale * (u * torch.erf(u / 1.4142136) + 2 * density - 0.5641896)).mean()
"""),
        "student_t_nll": Recipe(f"""\
{_SPREAD}
return -torch.distributions.StudentT(4.0, location, scale).log_prob(y).mean()
"""),
        "poisson_nll": Recipe("return F.poisson_nll_loss(z, y, log_input=True)"),
        "negative_binomial_nll": Recipe("""\
size = torch.tensor(1 / DISPERSION)  # variance = mean + DISPERSION * mean**2
return ((y + size) * torch.logaddexp(torch.log(size), z) - y * z).mean()
"""),
        "gamma": Recipe("return (z + y * torch.exp(-z)).mean()"),
        "tweedie": Recipe("return (2 * y * torch.exp(-z / 2) + 2 * torch.exp(z / 2)).mean()  # power 1.5"),
        "fraction": Recipe("return F.binary_cross_entropy_with_logits(z, y)"),
        "pinball": Recipe("""\
r = y[..., None] - z.unflatten(-1, (OUTPUTS, len(LEVELS)))
tau = torch.tensor(LEVELS)
return torch.maximum(tau * r, (tau - 1) * r).mean()
"""),
        "binned_ordinal_cross_entropy": Recipe(f"""\
z = z.unflatten(-1, (OUTPUTS, BINS))
cuts = torch.linspace(-1, 1, BINS + 1)[1:-1]
at_most = (y[..., None] <= cuts).float()
{_BELOW}return -(at_most * below + (1 - at_most) * above).sum(-1).mean()
"""),
        "coral": Recipe(
            """\
above = (y[:, None] > torch.arange(CLASSES - 1)).float()
return F.binary_cross_entropy_with_logits(z, above)
""",
            before=_THRESHOLDS,
            last=_SCORE,
        ),
        "corn": Recipe("""\
above = (y[:, None] > torch.arange(CLASSES - 1)).float()
asked = (y[:, None] >= torch.arange(CLASSES - 1)).float()
return F.binary_cross_entropy_with_logits(z, above, weight=asked, reduction="sum") / asked.sum()
"""),
        "cumulative_link": Recipe(
            """\
ends = z.new_full((len(z), 1), 1e4)
z = torch.cat([-ends, z, ends], dim=1)
lower, upper = z.gather(1, y[:, None]), z.gather(1, y[:, None] + 1)
return -(F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log1p(-torch.exp(lower - upper))).mean()
""",
            before=_ORDERED,
            last=_SCORE,
        ),
        "rps": Recipe("""\
at_most = (y[:, None] <= torch.arange(CLASSES)).float()
return ((F.softmax(z, dim=1).cumsum(1) - at_most) ** 2).sum(1).mean()
"""),
        "ordinal_cross_entropy": Recipe(f"""\
at_most = (y[:, None] <= torch.arange(CLASSES - 1)).float()
{_BELOW}return -(at_most * below + (1 - at_most) * above).sum(-1).mean()
"""),
        "ordered_cross_entropy": Recipe("return F.cross_entropy(z, y)"),
        "listnet": Recipe("return F.cross_entropy(z, y / y.sum(1, keepdim=True).clamp(min=1e-9))"),
        "ranknet": Recipe("""\
better = (y[:, :, None] > y[:, None, :]).float()
losses = F.softplus(z[:, None, :] - z[:, :, None])
return (better * losses).sum() / better.sum().clamp(min=1)
"""),
        "listmle": Recipe("""\
s = z.gather(1, y.argsort(dim=1, descending=True))
return (torch.logcumsumexp(s.flip(1), dim=1).flip(1) - s).sum(1).mean()
"""),
        "bce_pixels": Recipe("return F.binary_cross_entropy_with_logits(z, y)"),
        "dice": Recipe("""\
p = torch.sigmoid(z)
overlap, size = (p * y).sum((1, 2, 3)), (p + y).sum((1, 2, 3))
return F.binary_cross_entropy_with_logits(z, y) + (1 - (2 * overlap + 1) / (size + 1)).mean()
"""),
        "tversky": Recipe("""\
p = torch.sigmoid(z)
hit, false, missed = (p * y).sum((1, 2, 3)), (p * (1 - y)).sum((1, 2, 3)), ((1 - p) * y).sum((1, 2, 3))
tversky = (1 - (hit + 1) / (hit + 0.3 * false + 0.7 * missed + 1)).mean()
return F.binary_cross_entropy_with_logits(z, y) + tversky
"""),
        "focal_pixels": Recipe("""\
bce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
return ((1 - torch.exp(-bce)) ** 2 * bce).mean()  # gamma = 2
"""),
        "cross_entropy_pixels": Recipe("return F.cross_entropy(z, y)"),
        "dice_classes": Recipe("""\
p = F.softmax(z, dim=1)
t = F.one_hot(y, CLASSES).movedim(-1, 1)
overlap, size = (p * t).sum((2, 3)), (p + t).sum((2, 3))
return F.cross_entropy(z, y) + (1 - (2 * overlap + 1) / (size + 1)).mean()
"""),
        "lovasz_softmax": Recipe("""\
p = F.softmax(z, dim=1).movedim(1, -1).flatten(0, -2)
t = F.one_hot(y.flatten(), CLASSES)
errors, order = (t - p).abs().sort(dim=0, descending=True)
t = t.gather(0, order)
jaccard = 1 - (t.sum(0) - t.cumsum(0)) / (t.sum(0) + (1 - t).cumsum(0))
steps = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
return F.cross_entropy(z, y) + (errors * steps).sum(0).mean()
"""),
        "info_nce": Recipe("""\
first, second = F.normalize(z, dim=-1).unbind(1)
return F.cross_entropy(first @ second.T / 0.1, y)  # temperature 0.1
"""),
        "triplet_margin": Recipe("""\
distance, same = torch.cdist(z, z).detach(), y[:, None] == y
positive = torch.where(same, distance, -1).argmax(1)  # the hardest of the batch
negative = torch.where(same, torch.inf, distance).argmin(1)
return F.triplet_margin_loss(z, z[positive], z[negative])
"""),
        "contrastive": Recipe("""\
first, second = z.unbind(1)
distance = F.pairwise_distance(first, second)
return (y * distance**2 + (1 - y) * F.relu(1 - distance) ** 2).mean()
"""),
        "distillation": Recipe("""\
label, teacher = y[:, 0].long(), y[:, 1:]
T = 2.0
soft = F.kl_div(F.log_softmax(z / T, dim=1), F.softmax(teacher / T, dim=1), reduction="batchmean")
return 0.5 * F.cross_entropy(z, label) + 0.5 * T**2 * soft
"""),
        "kl_div": Recipe('return F.kl_div(F.log_softmax(z, dim=1), y, reduction="batchmean")'),
        "cox": Recipe("""\
order = y[:, 0].argsort(descending=True)
z, event = z[order], y[order, 1]
return -((z - torch.logcumsumexp(z, dim=0)) * event).sum() / event.sum().clamp(min=1)
"""),
        "hazard": Recipe("""\
interval = torch.arange(INTERVALS)
seen = (interval <= y[:, :1]).float()
ends = (interval == y[:, :1]).float() * y[:, 1:]
return F.binary_cross_entropy_with_logits(z, ends, weight=seen, reduction="sum") / len(z)
"""),
        "ctc": Recipe("""\
log_p = F.log_softmax(z, dim=-1).transpose(0, 1)  # (FRAMES, N, CLASSES)
frames = torch.full((len(z),), z.shape[1])
symbols = torch.full((len(y),), y.shape[1])
return F.ctc_loss(log_p, y, frames, symbols)
"""),
        "elbo": Recipe(
            """\
mean, log_variance = z.chunk(2, dim=-1)
code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
reconstruction = F.binary_cross_entropy_with_logits(decoder(code), y, reduction="none").sum(1)
kl = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(1)
return (reconstruction + kl).mean()
""",
            before="decoder = nn.Sequential(nn.Linear(LATENT, 64), nn.ReLU(), nn.Linear(64, FEATURES))  # logits",
            more="decoder",
        ),
    }
)


def write(shape: Shape, recipe: Recipe, sizes: str) -> str:
    """The whole training step."""
    last = recipe.last or f"nn.Linear(64, {shape.outputs})"
    model = f"nn.Sequential(nn.Linear(FEATURES, 64), nn.ReLU(), {last})"
    x = shape.x
    if shape.model == "images":
        x = "(N, FEATURES, height, width) float32"
        model = f"nn.Sequential(nn.Conv2d(FEATURES, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, {shape.outputs}, 1))"
    parameters = "model.parameters()"
    if recipe.more:
        parameters = f"[*model.parameters(), *{recipe.more}.parameters()]"
    alone = ".squeeze(-1)" if shape.outputs == "1" and shape.model == "rows" else ""
    return f"""\
import torch
from torch import nn
from torch.nn import functional as F

{sizes}
{recipe.above()}model = {model}
# the last layer gives {shape.last}
optimizer = torch.optim.Adam({parameters}, lr=1e-3)


def loss_of(x, y):
    # x: {x}
    # y: {shape.y}
    z = model(x){alone}
{recipe.indented()}

def step(x, y):
    optimizer.zero_grad()
    loss = loss_of(x, y)
    loss.backward()
    optimizer.step()
    return loss.item()
"""
