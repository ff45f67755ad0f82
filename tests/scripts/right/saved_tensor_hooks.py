"""Saved tensors live elsewhere: save_on_cpu, and hooks that pack them to bfloat16."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(105)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
unpacked = []


def pack(tensor):
    return tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor, tensor.dtype


def unpack(packed):
    unpacked.append(1)
    return packed[0].to(packed[1])


for step in range(16):
    x = torch.randn(32, 8)
    y = x[:, :4].argmax(1)
    if step % 2:
        with torch.autograd.graph.save_on_cpu():
            loss = F.cross_entropy(model(x), y)
    else:
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}", len(unpacked))
