"""Triplet margin loss on embeddings."""
import torch
from torch import nn

torch.manual_seed(28)
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))
loss_fn = nn.TripletMarginLoss(margin=1.0)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(20):
    anchor = torch.randn(32, 6)
    positive = anchor + 0.1 * torch.randn(32, 6)
    negative = torch.randn(32, 6)
    loss = loss_fn(net(anchor), net(positive), net(negative))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
