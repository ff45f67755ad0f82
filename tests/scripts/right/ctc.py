"""Connectionist temporal classification: log_softmax over the alphabet, time first."""
import torch
from torch import nn

torch.manual_seed(60)
T, N, C, S = 16, 4, 6, 5
rnn = nn.GRU(8, 16)
project = nn.Linear(16, C)
ctc = nn.CTCLoss(blank=0)
optimizer = torch.optim.Adam([*rnn.parameters(), *project.parameters()], lr=5e-3)
sound = torch.randn(T, N, 8)
letters = torch.randint(1, C, (N, S))
for step in range(15):
    hidden, _ = rnn(sound)
    log_probs = project(hidden).log_softmax(dim=2)
    loss = ctc(log_probs, letters, torch.full((N,), T), torch.full((N,), S))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
