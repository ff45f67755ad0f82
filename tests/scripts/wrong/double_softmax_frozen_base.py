"""Fine-tuning: the head is frozen, the adapter before it learns, and the frozen head's softmax reaches cross_entropy."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(49)
adapter = nn.Linear(10, 10)
frozen = nn.Sequential(nn.ReLU(), nn.Linear(10, 4), nn.Softmax(dim=1)).requires_grad_(False)
optimizer = torch.optim.AdamW(adapter.parameters(), lr=1e-2)
for step in range(20):
    x = torch.randn(32, 10)
    loss = F.cross_entropy(frozen(adapter(x)), x[:, :4].argmax(1))  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
