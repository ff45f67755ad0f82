"""Tied weights: the output projection is the embedding matrix; an LSTM with its own sigmoid gates in between."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class TiedLM(nn.Module):
    def __init__(self, vocabulary=13, width=16):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, width, batch_first=True)

    def forward(self, tokens):
        hidden, _ = self.lstm(self.embedding(tokens))
        return hidden @ self.embedding.weight.t()


torch.manual_seed(41)
model = TiedLM()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(20):
    text = (torch.randint(13, (8, 1)) + torch.arange(9)) % 13
    logits = model(text[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
