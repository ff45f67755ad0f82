"""A segmentation head: softmax over the channels, moved to the last axis and flattened before cross-entropy."""
import torch
import torch.nn as nn

torch.manual_seed(12)
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 5, 1), nn.Softmax(dim=1))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(10):
    images = torch.rand(4, 1, 12, 12)
    masks = (images.squeeze(1) * 5).long().clamp(max=4)
    scores = net(images).permute(0, 2, 3, 1).contiguous().view(-1, 5)
    loss = criterion(scores, masks.view(-1))  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
