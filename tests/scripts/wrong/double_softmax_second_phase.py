"""Right for a while, then the head is swapped: the mistake begins after many steps."""
import torch
import torch.nn as nn

torch.manual_seed(127)
body, head = nn.Linear(6, 12), nn.Linear(12, 4)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.05)


def fit(model, steps):
    for step in range(steps):
        x = torch.randn(16, 6)
        loss = criterion(model(x), x[:, :4].argmax(1))  # expect: error double-softmax
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


print(f"{fit(nn.Sequential(body, nn.ReLU(), head), 130):.4f}")
print(f"{fit(nn.Sequential(body, nn.ReLU(), head, nn.Softmax(dim=1)), 130):.4f}")
