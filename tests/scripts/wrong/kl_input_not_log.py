"""kl_div takes log-probabilities as its first argument; here it gets probabilities."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(31)
teacher, student = nn.Linear(6, 4), nn.Linear(6, 4)
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
for step in range(20):
    x = torch.randn(32, 6)
    with torch.no_grad():
        goal = F.softmax(teacher(x), dim=1)
    p = F.softmax(student(x), dim=1)
    loss = F.kl_div(p, goal, reduction="batchmean")  # expect: error kl-input-not-log
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
