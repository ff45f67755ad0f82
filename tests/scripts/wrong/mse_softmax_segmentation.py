"""Squared error between softmax maps and one-hot masks, per pixel."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(60)
net = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(10):
    image = torch.rand(4, 1, 8, 8)
    mask = (image[:, 0] * 3).long().clamp(max=2)
    onehot = F.one_hot(mask, 3).permute(0, 3, 1, 2).float()
    loss = F.mse_loss(net(image), onehot)  # expect: warning mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
