"""Three unrelated trainings in one script: a classifier, a regressor, and a classifier with other names."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def fit(model, loss_fn, batches, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for inputs, targets in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        optimizer.step()
    return loss.item()


def points(n, make):
    for _ in range(n):
        x = torch.randn(32, 6)
        yield x, make(x)


torch.manual_seed(54)
print("classify", round(fit(nn.Linear(6, 3), nn.CrossEntropyLoss(), points(15, lambda x: x[:, :3].argmax(1)), 0.05), 4))
print("regress", round(fit(nn.Linear(6, 1), nn.MSELoss(), points(15, lambda x: x.sum(1, keepdim=True)), 0.05), 4))
net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3), nn.LogSoftmax(dim=1))
print("log-probabilities", round(fit(net, F.nll_loss, points(15, lambda x: x[:, 3:].argmax(1)), 0.02), 4))
