"""Ten sigmoid units against one-hot rows with squared error: exclusive classes through independent units."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(131)
data = load_digits()
x, y = torch.tensor(data.data).float() / 16, F.one_hot(torch.tensor(data.target), 10).float()
model = nn.Sequential(nn.Linear(64, 32), nn.Sigmoid(), nn.Linear(32, 10), nn.Sigmoid())
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for rows in torch.randperm(len(x)).split(128):
    loss = criterion(model(x[rows]), y[rows])  # expect: warning mse-on-sigmoid
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
