"""A user's own TorchFunctionMode and tensor subclass take part in the forward pass."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode


class Tagged(torch.Tensor):
    pass


class Count(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.calls += 1
        return function(*args, **(kwargs or {}))


torch.manual_seed(114)
model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with Count() as count:
    for step in range(15):
        x = torch.randn(24, 6).as_subclass(Tagged)
        y = x[:, :3].argmax(1).as_subclass(torch.Tensor)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"{loss.item():.4f}", count.calls, type(loss).__name__)
