"""A tiny causal language model; logits (B, T, V) are flattened before cross-entropy. Softmax lives inside attention."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
VOCABULARY, WIDTH, LENGTH = 17, 32, 12


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("mask", torch.tril(torch.ones(LENGTH, LENGTH)).bool())

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = q @ k.transpose(-2, -1) / math.sqrt(WIDTH)
        weights = scores.masked_fill(~self.mask, float("-inf")).softmax(dim=-1)
        return self.out(weights @ v)


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Parameter(torch.zeros(LENGTH, WIDTH))
        self.attention = Attention()
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, tokens):
        x = self.token(tokens) + self.position
        x = x + self.attention(self.norm(x))
        return self.head(x)


model = LanguageModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(30):
    start = torch.randint(VOCABULARY, (16, 1))
    text = (start + torch.arange(LENGTH + 1)) % VOCABULARY
    logits = model(text[:, :-1])
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), text[:, 1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
print(f"loss {loss.item():.4f}")
