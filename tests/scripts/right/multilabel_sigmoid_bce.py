"""Multi-label classification with sigmoid in the model and BCELoss: not the stable spelling, but right."""
import torch
from torch import nn

torch.manual_seed(6)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(10, 16)
        self.tags = nn.Linear(16, 4)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return self.sigmoid(self.tags(torch.relu(self.body(x))))


x = torch.randn(256, 10)
y = (x[:, :4] + 0.1 * torch.randn(256, 4) > 0).float()
tagger = Tagger()
bce = nn.BCELoss()
optimizer = torch.optim.Adam(tagger.parameters(), lr=1e-2)
for step in range(30):
    rows = torch.randint(256, (64,))
    loss = bce(tagger(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.4f}")
