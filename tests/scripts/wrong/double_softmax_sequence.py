"""A sequence tagger: softmax over tags, transposed to (B, C, T) for cross-entropy with ignored padding."""
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 12, padding_idx=0)
        self.lstm = nn.LSTM(12, 16, batch_first=True)
        self.tag = nn.Linear(16, 4)

    def forward(self, tokens):
        hidden, _ = self.lstm(self.embedding(tokens))
        return self.tag(hidden).softmax(dim=2)


torch.manual_seed(16)
tagger = Tagger()
criterion = nn.CrossEntropyLoss(ignore_index=-1)
optimizer = torch.optim.Adam(tagger.parameters(), lr=5e-3)
for step in range(15):
    tokens = torch.randint(0, 20, (8, 9))
    tags = torch.where(tokens == 0, -1, tokens % 4)
    scores = tagger(tokens)
    loss = criterion(scores.transpose(1, 2), tags)  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
