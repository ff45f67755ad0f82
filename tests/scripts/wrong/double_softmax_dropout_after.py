"""Dropout after the softmax does not hide it."""
import torch
import torch.nn as nn

torch.manual_seed(13)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.EmbeddingBag(30, 16)
        self.out = nn.Linear(16, 6)
        self.softmax = nn.Softmax(dim=-1)
        self.dropout = nn.Dropout(0.1)

    def forward(self, tokens):
        return self.dropout(self.softmax(self.out(self.embed(tokens))))


model = Model()
ce = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for step in range(20):
    tokens = torch.randint(0, 30, (32, 7))
    loss = ce(model(tokens), tokens[:, 0] % 6)  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
