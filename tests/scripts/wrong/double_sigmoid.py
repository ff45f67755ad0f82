"""A sigmoid at the end of the model, then BCEWithLogitsLoss."""
import torch
import torch.nn as nn

torch.manual_seed(19)
model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(20):
    x = torch.randn(64, 10)
    y = (x.sum(1, keepdim=True) > 0).float()
    loss = criterion(model(x), y)  # expect: error double-sigmoid
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
