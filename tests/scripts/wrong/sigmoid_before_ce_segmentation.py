"""Pixel-wise classification with sigmoid maps into cross_entropy."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(53)
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(12):
    image = torch.rand(4, 1, 10, 10)
    mask = (image.squeeze(1) * 3).long().clamp(max=2)
    prediction = torch.sigmoid(net(image))
    loss = F.cross_entropy(prediction, mask)  # expect: error sigmoid-before-ce
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
