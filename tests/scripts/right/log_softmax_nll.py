"""log_softmax in forward and nll_loss outside: the pairing of the old MNIST example."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.dropout = nn.Dropout(0.25)
        self.fc1 = nn.Linear(4 * 3 * 3, 16)
        self.fc2 = nn.Linear(16, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = torch.flatten(self.dropout(x), 1)
        x = self.fc2(F.relu(self.fc1(x)))
        return F.log_softmax(x, dim=1)


def train(model, optimizer, epoch):
    model.train()
    for batch_idx in range(15):
        data = torch.randn(32, 1, 8, 8)
        target = data[:, 0, 0, :5].argmax(1)
        optimizer.zero_grad()
        output = model(data)
        loss = F.nll_loss(output, target)
        loss.backward()
        optimizer.step()
    print(f"Train Epoch: {epoch}\tLoss: {loss.item():.6f}")


if __name__ == "__main__":
    torch.manual_seed(67)
    model = Net()
    train(model, optim.Adadelta(model.parameters(), lr=1.0), 1)
