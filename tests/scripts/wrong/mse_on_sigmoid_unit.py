"""One sigmoid unit, {0,1} labels, squared error: from an ordinary start, slow rather than stuck."""
import torch
import torch.nn as nn

torch.manual_seed(26)
model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 1), nn.Sigmoid())
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(100, 6)
y = (x[:, 0] > 0).float().unsqueeze(1)
for step in range(30):
    loss = criterion(model(x), y)  # expect: warning mse-on-sigmoid
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
