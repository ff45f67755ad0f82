"""Double softmax behind gradient accumulation, autocast and a GradScaler."""
import torch
from torch import nn

torch.manual_seed(45)
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 5), nn.Softmax(dim=1))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
for i in range(24):
    x = torch.randn(16, 12)
    y = x[:, :5].argmax(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(x)
        loss = criterion(output, y)  # expect: error double-softmax
    scaler.scale(loss / 3).backward()
    if i % 3 == 2:
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
print(f"{loss.item():.3f}")
