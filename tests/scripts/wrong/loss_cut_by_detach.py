"""detach() and requires_grad_() silence the error message, and with it the learning."""
import torch
from torch import nn

torch.manual_seed(34)
model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.MSELoss()
for step in range(10):
    x = torch.randn(20, 5)
    y = x.sum(1, keepdim=True)
    prediction = model(x).detach().requires_grad_()
    loss = criterion(prediction, y)
    optimizer.zero_grad()
    loss.backward()  # expect: error loss-cut-off
    optimizer.step()
print(f"{loss.item():.4f}")
