"""A multi-layer perceptron on scikit-learn's digits, with cross-entropy on the logits."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16
y = torch.tensor(data.target)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()

for epoch in range(5):
    order = torch.randperm(len(x))
    for rows in order.split(128):
        optimizer.zero_grad()
        loss = criterion(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()

with torch.no_grad():
    probabilities = torch.softmax(model(x), dim=1)
    accuracy = (probabilities.argmax(1) == y).float().mean()
print(f"accuracy {accuracy:.3f}")
