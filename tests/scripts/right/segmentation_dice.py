"""Binary segmentation with BCE-with-logits plus a soft Dice term on the sigmoid, the usual combination."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)


def dice_loss(logits, target, smooth=1.0):
    p = torch.sigmoid(logits).flatten(1)
    t = target.flatten(1)
    overlap = (p * t).sum(1)
    return 1 - ((2 * overlap + smooth) / (p.sum(1) + t.sum(1) + smooth)).mean()


for step in range(20):
    images = torch.rand(8, 1, 12, 12)
    masks = (images > 0.5).float()
    logits = net(images)
    loss = F.binary_cross_entropy_with_logits(logits, masks) + dice_loss(logits, masks)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
