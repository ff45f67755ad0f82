"""R-Drop: cross-entropy on two dropout passes plus a symmetric KL between them."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(87)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(20):
    x = torch.randn(48, 8)
    y = x[:, :4].argmax(1)
    a, b = model(x), model(x)
    la, lb = F.log_softmax(a, dim=-1), F.log_softmax(b, dim=-1)
    agreement = F.kl_div(la, lb.exp(), reduction="batchmean") + F.kl_div(
        lb, la, reduction="batchmean", log_target=True
    )
    loss = F.cross_entropy(a, y) + F.cross_entropy(b, y) + 0.5 * agreement
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
