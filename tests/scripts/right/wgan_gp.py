"""Wasserstein GAN with gradient penalty: autograd.grad with create_graph inside the critic's loss."""
import torch
from torch import nn

torch.manual_seed(12)
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
critic = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
g_opt = torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.0, 0.9))
c_opt = torch.optim.Adam(critic.parameters(), 1e-3, betas=(0.0, 0.9))


def gradient_penalty(real, fake):
    epsilon = torch.rand(len(real), 1)
    mixed = (epsilon * real + (1 - epsilon) * fake).requires_grad_(True)
    scores = critic(mixed)
    (gradient,) = torch.autograd.grad(scores, mixed, torch.ones_like(scores), create_graph=True, retain_graph=True)
    return ((gradient.norm(2, dim=1) - 1) ** 2).mean()


for step in range(20):
    for _ in range(2):
        real = torch.randn(32, 2) * 0.3 + 1
        fake = generator(torch.randn(32, 4)).detach()
        c_loss = critic(fake).mean() - critic(real).mean() + 10.0 * gradient_penalty(real, fake)
        c_opt.zero_grad()
        c_loss.backward()
        c_opt.step()
    g_loss = -critic(generator(torch.randn(32, 4))).mean()
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
print(f"{c_loss.item():.4f} {g_loss.item():.4f}")
