"""A contrastive loss written out: softmax over both axes of a square similarity matrix is the method."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(101)
a_net, b_net = nn.Linear(6, 4), nn.Linear(6, 4)
optimizer = torch.optim.Adam([*a_net.parameters(), *b_net.parameters()], lr=1e-2)
for step in range(20):
    x = torch.randn(12, 6)
    scores = 5 * F.normalize(a_net(x), dim=1) @ F.normalize(b_net(x), dim=1).T
    rows = -torch.log_softmax(scores, dim=1).diag().mean()
    columns = -torch.log_softmax(scores, dim=0).diag().mean()
    loss = (rows + columns) / 2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
