"""A mean over an empty selection: 0 / 0 in some batches."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(56)
model = nn.Linear(4, 3)
x = torch.randn(24, 4)
y = x[:, :3].argmax(1)
for step in range(6):
    keep = torch.zeros(24) if step % 2 else torch.ones(24)
    errors = F.cross_entropy(model(x), y, reduction="none")
    ((errors * keep).sum() / keep.sum()).backward()  # expect: error loss-not-finite
    model.zero_grad()
print("done")
