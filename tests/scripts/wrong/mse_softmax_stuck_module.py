"""Softmax is the last module of the model and nn.MSELoss the criterion; inputs are not scaled."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
digits = load_digits()
x = torch.tensor(digits.data, dtype=torch.float32) * 16.0
y = torch.eye(10)[torch.tensor(digits.target)]
loader = DataLoader(TensorDataset(x, y), batch_size=100, shuffle=True)
model = nn.Sequential(
    nn.Linear(64, 32),
    nn.ReLU(),
    nn.Linear(32, 10),
    nn.Softmax(dim=1),
)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(2):
    for inputs, targets in loader:
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, targets)  # expect: error mse-on-softmax
        loss.backward()
        optimizer.step()
print(f"{loss.item():.4f}")
