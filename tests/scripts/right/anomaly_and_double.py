"""Anomaly detection is on, everything is float64, and algorithms are deterministic."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(107)
import warnings

warnings.filterwarnings("ignore", "Anomaly Detection")
torch.set_default_dtype(torch.float64)
torch.use_deterministic_algorithms(True)
model = nn.Sequential(nn.Linear(6, 12), nn.Softplus(), nn.Linear(12, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
with torch.autograd.detect_anomaly(check_nan=True):
    for step in range(15):
        x = torch.randn(32, 6)
        loss = F.cross_entropy(model(x), x[:, :3].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"{loss.item():.4f}")
