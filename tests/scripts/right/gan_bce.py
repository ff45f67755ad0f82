"""A GAN on points of a circle: discriminator with sigmoid, BCELoss against ones and zeros, alternating updates."""
import math

import torch
import torch.nn as nn

torch.manual_seed(9)
G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
criterion = nn.BCELoss()
n = 32
ones, zeros = torch.ones(n, 1), torch.zeros(n, 1)

for step in range(40):
    angle = 2 * math.pi * torch.rand(n)
    real = torch.stack([angle.cos(), angle.sin()], dim=1)
    fake = G(torch.randn(n, 4))

    opt_d.zero_grad()
    loss_real = criterion(D(real), ones)
    loss_real.backward()
    loss_fake = criterion(D(fake.detach()), zeros)
    loss_fake.backward()
    opt_d.step()

    opt_g.zero_grad()
    loss_g = criterion(D(fake), ones)
    loss_g.backward()
    opt_g.step()
print(f"D {(loss_real + loss_fake).item():.3f} G {loss_g.item():.3f}")
