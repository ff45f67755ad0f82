"""Weight norm, spectral norm and a sparse embedding: the head's weight is itself computed."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

torch.manual_seed(111)
embedding = nn.EmbeddingBag(30, 8, sparse=True)
body, head = spectral_norm(nn.Linear(8, 16)), weight_norm(nn.Linear(16, 4))
dense = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=1e-2)
sparse = torch.optim.SparseAdam(list(embedding.parameters()), lr=1e-2)
for step in range(15):
    tokens = torch.randint(30, (24, 5))
    loss = F.cross_entropy(head(torch.tanh(body(embedding(tokens)))), tokens[:, 0] % 4)
    dense.zero_grad()
    sparse.zero_grad()
    loss.backward()
    dense.step()
    sparse.step()
print(f"{loss.item():.4f}")
