"""Reported gradients are those of the loss at the logits, per sample and in float64, whatever surrounds the loss.

Each script keeps its logits and targets; the truth is the closed form, worked out here in NumPy.
"""

from __future__ import annotations

import numpy as np
import pytest

SCRIPT = """
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

torch.manual_seed(3)
model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
rate = 0.5
seen = []

def keep(logits, y):
    seen.append((logits.detach().double().numpy(), y.numpy()))
    return logits

for step in range(12):
    x = 3 * torch.randn(32, 6)
    y = x[:, :4].argmax(1)
    model.zero_grad()
{body}
    for p in model.parameters():
        p.data.sub_(rate * p.grad)
np.savez("seen.npz", z=np.stack([z for z, _ in seen]), y=np.stack([y for _, y in seen]))
"""

BODIES = {
    "mean": """
    F.cross_entropy(keep(model(x), y), y).backward()
""",
    "sum": """
    F.cross_entropy(keep(model(x), y), y, reduction="sum").backward()
""",
    "none": """
    (0.3 * F.cross_entropy(keep(model(x), y), y, reduction="none")).mean().backward()
""",
    "log-softmax and nll": """
    F.nll_loss(F.log_softmax(keep(model(x), y), dim=1), y).backward()
""",
    "accumulated": """
    (F.cross_entropy(keep(model(x), y), y) / 8).backward()
""",
    "scaled": """
    rate = 0.5 / scaler.get_scale()
    scaler.scale(F.cross_entropy(keep(model(x), y), y)).backward()
""",
    "autocast": """
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.cross_entropy(keep(model(x), y), y)
    loss.backward()
""",
    "checkpoint": """
    F.cross_entropy(keep(checkpoint(model, x, use_reentrant=False), y), y).backward()
""",
    "reentrant checkpoint": """
    F.cross_entropy(keep(checkpoint(model, x.requires_grad_(), use_reentrant=True), y), y).backward()
""",
    "with a penalty": """
    (F.cross_entropy(keep(model(x), y), y) + 0.01 * sum((w ** 2).sum() for w in model.parameters())).backward()
""",
    "squared error of softmax": """
    F.mse_loss(keep(model(x), y).softmax(1), F.one_hot(y, 4).float()).backward()
""",
    "summed square by hand": """
    (keep(model(x), y).softmax(1) - F.one_hot(y, 4)).pow(2).sum(1).mean().backward()
""",
}


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cross_entropy_gradient(z, y):
    return softmax(z) - np.eye(z.shape[-1])[y]


def squared_gradient(z, y):
    """Of sum_k (p_k - y_k)^2: 2 p * (d - <p, d>) with d = p - y."""
    p = softmax(z)
    d = p - np.eye(z.shape[-1])[y]
    return 2 * p * (d - (p * d).sum(-1, keepdims=True))


# Gradient norm at uniform logits over cross-entropy's there, by hand: the square's is 2/K, and 2/K^2 if averaged over
# the K = 4 classes, which belongs to the reduction.
SCALE = {
    "squared error of softmax": 2 / 16,
    "summed square by hand": 2 / 4,
    "reentrant checkpoint": None,  # what it hides may end in any head
}


@pytest.mark.parametrize("name", BODIES)
def test_gradients_equal_the_closed_form(shell, name):
    shell.write("script.py", SCRIPT.replace("{body}\n", BODIES[name].lstrip("\n")))
    ran = shell.audit("script.py")
    assert ran.code == 0, ran.stderr

    (pairing,) = (each for each in ran.result["pairings"] if each["series"]["accuracy"][0] is not None)
    series = pairing["series"]
    seen = np.load(shell.folder / "seen.npz")
    z, y = seen["z"], seen["y"]
    gradient = squared_gradient if "square" in name else cross_entropy_gradient
    norms = np.linalg.norm(gradient(z, y), axis=-1)

    sampled = np.array(series["step"]) - 1
    assert list(sampled) == list(range(12))
    assert not pairing["captured"]
    np.testing.assert_allclose(series["gradient"], norms.mean(1), rtol=0, atol=1e-6 * norms.max())
    np.testing.assert_allclose(series["accuracy"], (z.argmax(-1) == y).mean(1), atol=1e-12)
    wrong = z.argmax(-1) != y
    confident = wrong & (np.take_along_axis(softmax(z), y[..., None], -1)[..., 0] < 0.01)
    np.testing.assert_allclose(series["confidently_wrong"], confident.mean(1), atol=1e-12)
    uniform = np.linalg.norm(gradient(np.zeros_like(z), y), axis=-1)
    # Of an even number of samples, anything between the two in the middle is a median.
    low, high = (np.quantile(norms / uniform, 0.5, axis=1, method=side) for side in ("lower", "higher"))
    assert np.all((low * (1 - 1e-6) <= series["median"]) & (series["median"] <= high * (1 + 1e-6)))
    assert pairing["scale"] == pytest.approx(SCALE.get(name, 1.0))


def test_stuck_samples_are_counted_by_their_definition(shell):
    """Wrong, own gradient under 1 % of that at uniform logits, cross-entropy's above 50 % of its own."""
    body = "    F.mse_loss(keep(60 * model(x), y).softmax(1), F.one_hot((y + 1) % 4, 4).float()).backward()\n"
    shell.write("script.py", SCRIPT.replace("{body}\n", body))
    ran = shell.audit("script.py")
    assert ran.code == 0, ran.stderr

    seen = np.load(shell.folder / "seen.npz")
    z, y = seen["z"], (seen["y"] + 1) % 4
    uniform = np.zeros_like(z)
    norm = np.linalg.norm
    own = norm(squared_gradient(z, y), axis=-1) / norm(squared_gradient(uniform, y), axis=-1)
    reference = norm(cross_entropy_gradient(z, y), axis=-1) / norm(cross_entropy_gradient(uniform, y), axis=-1)
    stuck = (z.argmax(-1) != y) & (own < 0.01) & (reference > 0.5)

    (pairing,) = ran.result["pairings"]
    assert stuck.mean() > 0.1
    np.testing.assert_allclose(pairing["series"]["stuck"], stuck.mean(1), atol=1e-12)
    # The largest share over the run, of as many batches as it takes not to be a chance hit.
    assert stuck.mean() <= pairing["pairing"]["observed"]["stuck"] <= stuck.mean(1).max()


def test_no_sample_is_stuck_at_a_default_start(shell):
    """Uniform-looking predictions are wrong and far from stuck, whatever the number of classes."""
    shell.write(
        "script.py",
        """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        torch.manual_seed(0)
        for classes in (10, 100, 1000):
            model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, classes))
            y = F.one_hot(torch.randint(classes, (256,)), classes).float()
            F.mse_loss(model(torch.rand(256, 64)).softmax(1), y).backward()
        """,
    )
    ran = shell.audit("script.py")

    assert ran.code == 0, ran.stderr
    (finding,) = ran.result["findings"]
    assert (finding["rule"], finding["severity"]) == ("mse-on-softmax", "warning")
    assert [each["pairing"]["observed"]["stuck"] for each in ran.result["pairings"]] == [0.0]
    assert ran.result["pairings"][0]["series"]["stuck"] == [0.0, 0.0, 0.0]
