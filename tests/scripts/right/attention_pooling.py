"""Multiple-instance learning: softmax over the instances of a bag (the first axis), then a linear head."""
import torch
import torch.nn as nn

torch.manual_seed(62)


class AttentionMIL(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(6, 16), nn.ReLU())
        self.attend = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 1))
        self.classify = nn.Linear(16, 2)

    def forward(self, bag):
        h = self.embed(bag)
        weights = torch.softmax(self.attend(h), dim=0)
        return self.classify((weights * h).sum(dim=0, keepdim=True))


net = AttentionMIL()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(30):
    bag = torch.randn(int(torch.randint(3, 9, ())), 6)
    label = (bag[:, 0].max() > 1).long().view(1)
    loss = criterion(net(bag), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
