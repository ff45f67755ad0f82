"""MixMatch-like: squared error against sharpened guesses of the model itself on unlabelled data."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(16)
model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
x_l = torch.randn(40, 6)
y_l = F.one_hot(x_l[:, :4].argmax(1), 4).float()
x_u = torch.randn(80, 6)


def sharpen(p, temperature=0.5):
    p = p ** (1 / temperature)
    return p / p.sum(dim=1, keepdim=True)


def mixup(x, y):
    lam = torch.distributions.Beta(0.75, 0.75).sample().clamp(min=0.5)
    order = torch.randperm(len(x))
    return lam * x + (1 - lam) * x[order], lam * y + (1 - lam) * y[order]


for step in range(25):
    with torch.no_grad():
        guess = sum(torch.softmax(model(x_u + 0.05 * torch.randn_like(x_u)), dim=1) for _ in range(2)) / 2
        guess = sharpen(guess)
    xm, ym = mixup(torch.cat([x_l, x_u]), torch.cat([y_l, guess]))
    logits = model(xm)
    loss_x = -(ym[:40] * F.log_softmax(logits[:40], dim=1)).sum(1).mean()
    loss_u = ((torch.softmax(logits[40:], dim=1) - ym[40:]) ** 2).mean()
    loss = loss_x + 5.0 * loss_u
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss_x.item():.4f} {loss_u.item():.4f}")
