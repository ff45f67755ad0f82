"""Raw 0..255 pixels make the first predictions confident; squared error on softmax then hardly moves the wrong ones."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) * (255 / 16)
y = torch.tensor(data.target)
model = nn.Linear(64, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
for epoch in range(3):
    for rows in torch.randperm(len(x)).split(128):
        probabilities = F.softmax(model(x[rows]), dim=1)
        loss = F.mse_loss(probabilities, F.one_hot(y[rows], 10).float())  # expect: error mse-on-softmax
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
