"""log_softmax over the batch axis instead of the classes."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(24)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 5), nn.LogSoftmax(dim=0))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(20):
    x = torch.randn(48, 8)
    y = x[:, :5].argmax(1)
    loss = F.nll_loss(model(x), y)  # expect: error softmax-over-batch
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
