"""A decoder loop that adds up the losses of its time steps."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(122)
embed, cell, out = nn.Embedding(9, 8), nn.LSTMCell(8, 10), nn.Linear(10, 9)
optimizer = torch.optim.SGD([*embed.parameters(), *cell.parameters(), *out.parameters()], lr=0.1)
criterion = nn.CrossEntropyLoss()
for step in range(10):
    text = (torch.randint(9, (6, 1)) + torch.arange(5)) % 9
    state = (torch.zeros(6, 10), torch.zeros(6, 10))
    loss = 0
    for t in range(4):
        state = cell(embed(text[:, t]), state)
        output = F.softmax(out(state[0]), dim=-1)
        loss += criterion(output, text[:, t + 1])  # expect: error double-softmax
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item() / 4:.4f}")
