"""Softmax is computed next to the loss, on the same logits, for logging only."""
import torch
import torch.nn as nn

torch.manual_seed(65)
model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 4))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
confidence, brier = [], []
for step in range(25):
    x = torch.randn(32, 10)
    y = x[:, :4].argmax(1)
    logits = model(x)
    probabilities = nn.functional.softmax(logits, dim=1)
    confidence.append(probabilities.max(dim=1).values.mean().item())
    brier.append(((probabilities - nn.functional.one_hot(y, 4)) ** 2).sum(1).mean().item())
    loss = criterion(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f} confidence {confidence[-1]:.3f} brier {brier[-1]:.3f}")
