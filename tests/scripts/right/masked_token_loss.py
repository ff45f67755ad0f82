"""reduction='none', a padding mask, and a mean over the real tokens only."""
import torch
from torch import nn

torch.manual_seed(43)
model = nn.Sequential(nn.Embedding(15, 16), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 15))
criterion = nn.CrossEntropyLoss(reduction="none")
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(25):
    tokens = torch.randint(1, 15, (8, 10))
    lengths = torch.randint(4, 11, (8,))
    mask = (torch.arange(10) < lengths.unsqueeze(1)).float()
    targets = tokens.roll(-1, dims=1)
    logits = model(tokens)
    per_token = criterion(logits.reshape(-1, 15), targets.reshape(-1)).view(8, 10)
    loss = (per_token * mask).sum() / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
