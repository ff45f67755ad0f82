"""The same with black-and-white pixels: {0,1} targets that are a picture and not labels."""
import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(35)
images = (torch.tensor(load_digits().data, dtype=torch.float32) > 8).float()
model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid())
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(30):
    batch = images[torch.randint(len(images), (64,))]
    noisy = (batch + 0.2 * torch.randn_like(batch)).clamp(0, 1)
    loss = criterion(model(noisy), batch)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
