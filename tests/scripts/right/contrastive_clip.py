"""CLIP-like: a learned temperature, cross-entropy over rows and over columns (softmax over the batch is the method)."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(27)
image_encoder, text_encoder = nn.Linear(10, 6), nn.Linear(7, 6)
logit_scale = nn.Parameter(torch.tensor(2.0))
optimizer = torch.optim.Adam([*image_encoder.parameters(), *text_encoder.parameters(), logit_scale], lr=1e-2)
common = torch.randn(3, 17)
for step in range(25):
    both = torch.randn(16, 3) @ common
    image = F.normalize(image_encoder(both[:, :10]), dim=-1)
    text = F.normalize(text_encoder(both[:, 10:]), dim=-1)
    logits = logit_scale.exp() * image @ text.T
    labels = torch.arange(16)
    loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
