"""LoRA: the base and the classification head are frozen, only two low-rank matrices learn."""
import torch
import torch.nn.functional as F
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank=2, scale=2.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(0.1 * torch.randn(rank, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = scale

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


torch.manual_seed(39)
hidden = LoRALinear(nn.Linear(10, 20))
head = nn.Linear(20, 4).requires_grad_(False)
model = nn.Sequential(hidden, nn.ReLU(), head)
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
for step in range(25):
    x = torch.randn(48, 10)
    loss = F.cross_entropy(model(x), x[:, :4].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
