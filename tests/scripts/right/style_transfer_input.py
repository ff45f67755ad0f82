"""Optimising an input picture against frozen features: content and Gram-matrix losses, no model parameters at all."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(58)
features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()).eval()
features.requires_grad_(False)


def gram(maps):
    n, c, h, w = maps.shape
    flat = maps.view(n * c, h * w)
    return flat @ flat.t() / (n * c * h * w)


content, style = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
content_features, style_gram = features(content), gram(features(style))
picture = content.clone().requires_grad_(True)
optimizer = torch.optim.Adam([picture], lr=0.02)
for step in range(20):
    maps = features(picture)
    loss = F.mse_loss(maps, content_features) + 100 * F.mse_loss(gram(maps), style_gram)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        picture.clamp_(0, 1)
print(f"{loss.item():.3e}")
