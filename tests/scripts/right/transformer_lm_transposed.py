"""A tiny language model from nn.TransformerEncoder; logits are transposed to (B, V, T) for cross-entropy."""
import torch
from torch import nn

torch.manual_seed(2)
V, D, T = 11, 16, 10
embed = nn.Embedding(V, D)
layer = nn.TransformerEncoderLayer(D, nhead=2, dim_feedforward=32, dropout=0.0, batch_first=True)
encoder = nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)
to_vocabulary = nn.Linear(D, V, bias=False)
modules = nn.ModuleList([embed, encoder, to_vocabulary])
optimizer = torch.optim.Adam(modules.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss(ignore_index=-100)
mask = nn.Transformer.generate_square_subsequent_mask(T)

for step in range(25):
    text = (torch.randint(V, (8, 1)) + 2 * torch.arange(T + 1)) % V
    inputs, targets = text[:, :-1], text[:, 1:].clone()
    targets[:, 0] = -100
    hidden = encoder(embed(inputs), mask=mask)
    logits = to_vocabulary(hidden).transpose(1, 2)
    loss = criterion(logits, targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("final loss", loss.item())
