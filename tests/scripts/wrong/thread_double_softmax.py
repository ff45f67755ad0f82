"""The mistake is made in a thread."""
import threading

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(132)
model = nn.Linear(6, 3)


def train():
    for step in range(12):
        x = torch.randn(32, 6)
        loss = F.cross_entropy(model(x).softmax(1), x[:, :3].argmax(1))  # expect: error double-softmax
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
                p.grad = None
    print(f"{loss.item():.4f}")


worker = threading.Thread(target=train)
worker.start()
worker.join()
