"""nn.functional.mse_loss(reduction='none').sum(-1).mean() on a masked sequence model, labels from a one-hot table."""
import torch
import torch.nn as nn

torch.manual_seed(59)


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 8)
        self.gru = nn.GRU(8, 16, batch_first=True)
        self.out = nn.Linear(16, 4)

    def forward(self, tokens):
        hidden = self.gru(self.embed(tokens))[0]
        return self.out(hidden[:, -1]).softmax(-1)


net = Sequence()
table = torch.eye(4)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(15):
    tokens = torch.randint(12, (32, 6))
    target = table[tokens[:, -1] % 4]
    loss = nn.functional.mse_loss(net(tokens), target, reduction="none").sum(-1).mean()  # expect: warning mse-on-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
