"""A variational autoencoder on digits: BCE reconstruction of grey pixels plus the KL penalty, written by hand."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 48)
        self.fc21 = nn.Linear(48, 4)
        self.fc22 = nn.Linear(48, 4)
        self.fc3 = nn.Linear(4, 48)
        self.fc4 = nn.Linear(48, 64)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


torch.manual_seed(7)
images = torch.tensor(load_digits().data, dtype=torch.float32) / 16
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(30):
    batch = images[torch.randint(len(images), (128,))]
    recon, mu, logvar = model(batch)
    loss = loss_function(recon, batch, mu, logvar)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item() / len(batch):.3f}")
