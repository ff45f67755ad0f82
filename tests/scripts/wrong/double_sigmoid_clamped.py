"""A clamped sigmoid into BCE-with-logits with a pos_weight."""
import torch
from torch import nn

torch.manual_seed(128)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0, 1.0, 3.0]))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(15):
    x = torch.randn(32, 8)
    output = torch.clamp(torch.sigmoid(model(x)), 1e-6, 1 - 1e-6)
    loss = criterion(output, (x[:, :3] > 0).float())  # expect: error double-sigmoid
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
