"""Logits changed in place before the loss: bias added, temperature divided out, padding masked."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(106)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(inplace=True), nn.Linear(16, 5, bias=False))
bias = nn.Parameter(torch.zeros(5))
optimizer = torch.optim.SGD([*model.parameters(), bias], lr=0.1)
for step in range(20):
    x = torch.randn(32, 8)
    logits = model(x)
    logits += bias
    logits /= 0.8
    logits.masked_fill_(torch.arange(5) == 4, -1e4)
    loss = F.cross_entropy(logits, x[:, :4].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
