"""A GAN with BCE-with-logits, one-sided label smoothing, and a joint backward for the discriminator."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(10)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 16), nn.Tanh())

    def forward(self, z):
        return self.net(z).view(-1, 1, 4, 4)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 2, stride=2)
        self.score = nn.Linear(32, 1)

    def forward(self, image):
        return self.score(F.leaky_relu(self.conv(image), 0.2).flatten(1)).squeeze(1)


generator, discriminator = Generator(), Discriminator()
g_opt = torch.optim.Adam(generator.parameters(), 2e-3)
d_opt = torch.optim.Adam(discriminator.parameters(), 2e-3)
for step in range(30):
    real = torch.rand(32, 1, 4, 4) * 2 - 1
    fake = generator(torch.randn(32, 8))
    real_score, fake_score = discriminator(real), discriminator(fake.detach())
    d_loss = F.binary_cross_entropy_with_logits(
        real_score, torch.full_like(real_score, 0.9)
    ) + F.binary_cross_entropy_with_logits(fake_score, torch.zeros_like(fake_score))
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()

    score = discriminator(fake)
    g_loss = F.binary_cross_entropy_with_logits(score, torch.ones_like(score))
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
print(f"{d_loss.item():.3f} {g_loss.item():.3f}")
