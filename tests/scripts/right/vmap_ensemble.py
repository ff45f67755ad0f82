"""Ten models trained at once with vmap over stacked parameters, per-sample gradients beside them."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

torch.manual_seed(108)
models = [nn.Linear(5, 3) for _ in range(10)]
parameters, buffers = stack_module_state(models)
base = models[0]
optimizer = torch.optim.SGD(parameters.values(), lr=0.2)


def logits_of(p, b, x):
    return functional_call(base, (p, b), (x,))


def sample_loss(p, x, y):
    return F.cross_entropy(functional_call(base, p, (x[None],)), y[None])


for step in range(15):
    x = torch.randn(24, 5)
    y = x[:, :3].argmax(1)
    logits = vmap(logits_of, in_dims=(0, 0, None))(parameters, buffers, x)
    loss = F.cross_entropy(logits.flatten(0, 1), y.repeat(10))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    one = {name: p[0].detach() for name, p in parameters.items()}
    per_sample = vmap(grad(sample_loss), in_dims=(None, 0, 0))(one, x, y)
print(f"{loss.item():.4f}", tuple(per_sample["weight"].shape))
