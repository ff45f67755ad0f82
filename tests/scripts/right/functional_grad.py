"""Training with torch.func: functional_call, grad_and_value, plain SGD by hand. No backward() anywhere."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad_and_value

torch.manual_seed(55)
model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
parameters = {name: p.detach() for name, p in model.named_parameters()}


def loss_fn(parameters, x, y):
    return F.cross_entropy(functional_call(model, parameters, (x,)), y)


step_fn = grad_and_value(loss_fn)
for step in range(20):
    x = torch.randn(32, 6)
    gradients, loss = step_fn(parameters, x, x[:, :3].argmax(1))
    parameters = {name: p - 0.2 * gradients[name] for name, p in parameters.items()}
print(f"{loss.item():.4f}")
