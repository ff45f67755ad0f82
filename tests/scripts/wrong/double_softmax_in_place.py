"""Softmax output changed in place (a floor added) before CrossEntropyLoss with label smoothing and class weights."""
import torch
from torch import nn

torch.manual_seed(126)
model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(inplace=True), nn.Linear(12, 4))
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 1.0, 0.5]), label_smoothing=0.05)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(15):
    x = torch.randn(32, 6)
    p = model(x).softmax(1)
    p = p + 1e-6
    loss = criterion(p, x[:, :4].argmax(1))  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
