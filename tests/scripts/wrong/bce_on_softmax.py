"""Binary cross-entropy on a softmax over ten exclusive classes: each class is scored as if it were independent."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(22)
data = load_digits()
x, y = torch.tensor(data.data).float() / 16, torch.tensor(data.target)
model = nn.Sequential(nn.Linear(64, 10), nn.Softmax(dim=1))
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for rows in torch.randperm(len(x)).split(128):
    loss = criterion(model(x[rows]), F.one_hot(y[rows], 10).float())  # expect: warning bce-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
