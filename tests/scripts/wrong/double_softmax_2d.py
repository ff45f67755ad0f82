"""nn.Softmax2d at the end of a segmentation network, then CrossEntropyLoss."""
import torch
import torch.nn as nn

torch.manual_seed(120)
net = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1), nn.Softmax2d())
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(10):
    image = torch.rand(4, 1, 8, 8)
    mask = (image[:, 0] * 3).long().clamp(max=2)
    loss = criterion(net(image), mask)  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
