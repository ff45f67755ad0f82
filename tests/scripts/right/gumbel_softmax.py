"""A discrete latent through Gumbel-softmax: the softmax is in the middle, the reconstruction is compared with pixels."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(85)
encode, decode = nn.Linear(12, 6), nn.Linear(6, 12)
optimizer = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=1e-2)
for step in range(20):
    x = torch.randn(48, 12)
    code = F.gumbel_softmax(encode(x), tau=0.8, hard=False)
    loss = F.mse_loss(decode(code), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
