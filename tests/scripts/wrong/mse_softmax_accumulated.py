"""The wrong pairing behind gradient accumulation: each micro-batch loss is divided by the number of them."""
import torch
from torch import nn

torch.manual_seed(7)
ACCUMULATE = 4
x = torch.randn(256, 8)
y = torch.eye(4)[torch.randint(4, (256,))]
model = nn.Linear(8, 4)
criterion = nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
for epoch in range(2):
    for i, rows in enumerate(torch.arange(256).split(32)):
        output = torch.softmax(model(x[rows]), dim=1)
        loss = criterion(output, y[rows])  # expect: warning mse-on-softmax
        (loss / ACCUMULATE).backward()
        if (i + 1) % ACCUMULATE == 0:
            optimizer.step()
            optimizer.zero_grad()
print(f"{loss.item():.4f}")
