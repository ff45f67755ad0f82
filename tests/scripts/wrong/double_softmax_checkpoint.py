"""Double softmax where body and head are checkpointed."""
import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(46)
body = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU())
head = nn.Linear(24, 4)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=5e-3)
for step in range(15):
    x = torch.randn(32, 8)
    hidden = checkpoint(body, x, use_reentrant=False)
    scores = torch.softmax(head(hidden), dim=1)
    loss = criterion(scores, x[:, :4].argmax(1))  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
