"""nn.Softmax at the end of the model, then nn.CrossEntropyLoss, which takes logits."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(10)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), nn.Softmax(dim=1))
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for rows in torch.randperm(len(x)).split(64):
    loss = loss_fn(model(x[rows]), y[rows])  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
