"""hinge_embedding_loss wants labels -1 and +1; 0 falls through both branches."""
import torch
from torch import nn

torch.manual_seed(28)
encoder = nn.Linear(10, 4)
criterion = nn.HingeEmbeddingLoss(margin=1.0)
optimizer = torch.optim.SGD(encoder.parameters(), lr=0.05)
for step in range(20):
    a, b = torch.randn(64, 10), torch.randn(64, 10)
    same = (torch.rand(64) > 0.5).float()
    distance = nn.functional.pairwise_distance(encoder(a), encoder(b))
    loss = criterion(distance, same)  # expect: error hinge-labels-01
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
