"""A variational autoencoder with a sigmoid decoder and squared error on pixels, KL through torch.distributions."""
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

torch.manual_seed(8)
encoder = nn.Sequential(nn.Linear(36, 32), nn.ReLU(), nn.Linear(32, 8))
decoder = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 36), nn.Sigmoid())
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
beta = 0.1

for step in range(30):
    pictures = torch.rand(64, 36).round()  # black and white pixels
    mean, log_std = encoder(pictures).chunk(2, dim=1)
    posterior = Normal(mean, log_std.exp())
    reconstruction = decoder(posterior.rsample())
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).mean()
    loss = nn.functional.mse_loss(reconstruction, pictures) + beta * kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
