"""nn.AdaptiveLogSoftmaxWithLoss, which is its own head and loss."""
import torch
from torch import nn

torch.manual_seed(104)
embed, body = nn.Embedding(60, 16), nn.GRU(16, 16, batch_first=True)
head = nn.AdaptiveLogSoftmaxWithLoss(16, 60, cutoffs=[10, 30])
optimizer = torch.optim.Adam([*embed.parameters(), *body.parameters(), *head.parameters()], lr=5e-3)
for step in range(15):
    text = (torch.randint(60, (8, 1)) + torch.arange(9)) % 60
    hidden, _ = body(embed(text[:, :-1]))
    loss = head(hidden.reshape(-1, 16), text[:, 1:].reshape(-1)).loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
