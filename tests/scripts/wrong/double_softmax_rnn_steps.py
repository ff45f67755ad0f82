"""A decoder loop: softmax at each time step, the steps stacked and flattened before cross-entropy."""
import torch
import torch.nn as nn


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.cell = nn.GRUCell(8, 12)
        self.out = nn.Linear(12, 11)

    def forward(self, token, hidden):
        hidden = self.cell(self.embed(token), hidden)
        return torch.softmax(self.out(hidden), dim=1), hidden


torch.manual_seed(121)
decoder = Decoder()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-2)
for step in range(12):
    text = (torch.randint(11, (8, 1)) + torch.arange(6)) % 11
    hidden, outputs = torch.zeros(8, 12), []
    for t in range(5):
        output, hidden = decoder(text[:, t], hidden)
        outputs.append(output)
    scores = torch.stack(outputs, dim=1)
    loss = criterion(scores.view(-1, 11), text[:, 1:].reshape(-1))  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
