"""Domain adaptation with a gradient-reversal function between features and the domain head."""
import torch
import torch.nn.functional as F
from torch import nn


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -0.3 * gradient


torch.manual_seed(110)
features, label, domain = nn.Linear(6, 12), nn.Linear(12, 3), nn.Linear(12, 1)
optimizer = torch.optim.Adam([*features.parameters(), *label.parameters(), *domain.parameters()], lr=5e-3)
for step in range(20):
    source, target = torch.randn(16, 6), torch.randn(16, 6) + 0.5
    h = torch.relu(features(torch.cat([source, target])))
    label_loss = F.cross_entropy(label(h[:16]), source[:, :3].argmax(1))
    where = torch.cat([torch.zeros(16), torch.ones(16)])
    domain_loss = F.binary_cross_entropy_with_logits(domain(Reverse.apply(h)).squeeze(1), where)
    optimizer.zero_grad()
    (label_loss + domain_loss).backward()
    optimizer.step()
print(f"{label_loss.item():.4f} {domain_loss.item():.4f}")
