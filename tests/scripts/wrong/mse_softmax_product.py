"""The squared error as a product of the difference with itself, summed and divided by the batch."""
import torch
import torch.nn as nn

torch.manual_seed(130)
model = nn.Linear(6, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(15):
    x = torch.randn(32, 6)
    y = torch.eye(4)[x[:, :4].argmax(1)]
    error = y - torch.softmax(model(x), dim=1)
    loss = (error * error).sum() / len(x)  # expect: warning mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
