"""nn.KLDivLoss on a student's softmax, with the usual temperature."""
import torch
from torch import nn

torch.manual_seed(58)
T = 2.0
teacher, student = nn.Linear(8, 5).requires_grad_(False), nn.Linear(8, 5)
softmax = nn.Softmax(dim=1)
criterion = nn.KLDivLoss(reduction="batchmean")
optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)
for step in range(15):
    x = torch.randn(32, 8)
    loss = T**2 * criterion(softmax(student(x) / T), softmax(teacher(x) / T))  # expect: error kl-input-not-log
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
