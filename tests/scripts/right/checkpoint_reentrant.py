"""Activation checkpointing (use_reentrant=True) around the body and the head."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

torch.manual_seed(46)
body = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 24), nn.ReLU())
head = nn.Linear(24, 4)
optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=5e-3)
for step in range(20):
    x = torch.randn(32, 8, requires_grad=True)
    y = x[:, :4].argmax(1)
    hidden = checkpoint(body, x, use_reentrant=True)
    logits = checkpoint(head, hidden, use_reentrant=True)
    loss = F.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
