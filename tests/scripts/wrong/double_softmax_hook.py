"""Softmax hides in a forward hook, and the model in nn.DataParallel."""
import torch
from torch import nn

torch.manual_seed(124)
model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 4))
model[2].register_forward_hook(lambda module, inputs, output: output.softmax(dim=1))
model = nn.DataParallel(model)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(15):
    x = torch.randn(32, 6)
    loss = criterion(model(x), x[:, :4].argmax(1))  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
