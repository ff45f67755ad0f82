"""Mixed precision on the CPU: bfloat16 autocast and a GradScaler."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(45)
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 5))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
for step in range(25):
    x = torch.randn(32, 16)
    y = x[:, :5].argmax(1)
    optimizer.zero_grad()
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        logits = model(x)
        loss = F.cross_entropy(logits, y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
print(f"{loss.item():.4f} scale {scaler.get_scale()}")
