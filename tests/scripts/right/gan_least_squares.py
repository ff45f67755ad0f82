"""Least-squares GAN: the squared error of raw scores against 1 and 0 is what the method prescribes."""
import torch
from torch import nn

torch.manual_seed(11)
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
critic = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
g_opt = torch.optim.Adam(generator.parameters(), 1e-3)
c_opt = torch.optim.Adam(critic.parameters(), 1e-3)
mse = nn.MSELoss()
for step in range(30):
    real = torch.randn(32, 3) + torch.tensor([1.0, -1.0, 0.5])
    fake = generator(torch.randn(32, 4))
    c_loss = 0.5 * (mse(critic(real), torch.ones(32, 1)) + mse(critic(fake.detach()), torch.zeros(32, 1)))
    c_opt.zero_grad()
    c_loss.backward()
    c_opt.step()
    g_loss = mse(critic(fake), torch.ones(32, 1))
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
print(f"{c_loss.item():.4f} {g_loss.item():.4f}")
