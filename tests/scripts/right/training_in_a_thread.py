"""The training runs in a thread of its own while the main thread waits."""
import threading

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(113)
model = nn.Linear(6, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
history = []


def train():
    for step in range(20):
        x = torch.randn(32, 6)
        loss = F.cross_entropy(model(x), x[:, :3].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())


worker = threading.Thread(target=train)
worker.start()
worker.join()
print(f"{history[-1]:.4f}")
