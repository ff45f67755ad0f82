"""log_softmax before cross_entropy: redundant, but every value is the same."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(25)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4), nn.LogSoftmax(dim=-1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(20):
    x = torch.randn(48, 8)
    y = x[:, :4].argmax(1)
    loss = F.cross_entropy(model(x), y)  # expect: info log-softmax-before-ce
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
