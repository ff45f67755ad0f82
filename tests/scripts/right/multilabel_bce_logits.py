"""Multi-label classification: several independent {0,1} labels for each sample."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
x = torch.randn(512, 20)
y = (x @ torch.randn(20, 6) > 0).float()
loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
model = nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 6))
loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.full((6,), 1.5))
opt = torch.optim.RMSprop(model.parameters(), lr=1e-2)

for epoch in range(3):
    running = 0.0
    for inputs, labels in loader:
        opt.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        opt.step()
        running += loss.item() * len(inputs)
    print(f"epoch {epoch}: {running / len(x):.4f}")
with torch.no_grad():
    print("hamming accuracy", ((model(x).sigmoid() > 0.5) == y.bool()).float().mean().item())
