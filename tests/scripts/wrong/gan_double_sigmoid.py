"""A GAN whose discriminator ends in a sigmoid but is scored with BCE-with-logits, in both of its losses."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(43)
G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
D = nn.Sequential(nn.Linear(3, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())
g_opt = torch.optim.Adam(G.parameters(), lr=1e-3)
d_opt = torch.optim.Adam(D.parameters(), lr=1e-3)
for step in range(20):
    real, fake = torch.randn(32, 3) + 1, G(torch.randn(32, 4))
    scores = D(torch.cat([real, fake.detach()]))
    truth = torch.cat([torch.ones(32, 1), torch.zeros(32, 1)])
    d_loss = F.binary_cross_entropy_with_logits(scores, truth)  # expect: error double-sigmoid
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()
    g_loss = F.binary_cross_entropy_with_logits(D(fake), torch.ones(32, 1))  # expect: error double-sigmoid
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
print(f"{d_loss.item():.4f} {g_loss.item():.4f}")
