"""Vector quantisation with the straight-through estimator, commitment and codebook losses."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(77)
encoder, decoder = nn.Linear(8, 4), nn.Linear(4, 8)
codebook = nn.Embedding(16, 4)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), *codebook.parameters()], lr=1e-2)
for step in range(25):
    x = torch.randn(64, 8)
    z = encoder(x)
    code = codebook(torch.cdist(z, codebook.weight).argmin(dim=1))
    quantised = z + (code - z).detach()
    loss = F.mse_loss(decoder(quantised), x) + F.mse_loss(code, z.detach()) + 0.25 * F.mse_loss(z, code.detach())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
