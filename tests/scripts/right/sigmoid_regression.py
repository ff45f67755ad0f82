"""A fraction in [0, 1] is measured and regressed through a sigmoid: squared error is an ordinary choice there."""
import torch
import torch.nn as nn

torch.manual_seed(81)
model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(25):
    x = torch.randn(64, 5)
    fraction = torch.sigmoid(x[:, :1] + 0.2 * torch.randn(64, 1))
    loss = criterion(model(x), fraction)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
