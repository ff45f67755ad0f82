"""Mean teacher: cross-entropy on few labels plus MSE consistency with an averaged copy of the student."""
import copy

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(15)
student = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))
teacher = copy.deepcopy(student)
optimizer = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9)
labelled_x, labelled_y = torch.randn(32, 10), torch.randint(3, (32,))
unlabelled = torch.randn(128, 10)


def update_average(decay=0.95):
    with torch.no_grad():
        for slow, fast in zip(teacher.parameters(), student.parameters()):
            slow.mul_(decay).add_(fast, alpha=1 - decay)


for step in range(25):
    supervised = F.cross_entropy(student(labelled_x), labelled_y)
    noisy = unlabelled + 0.1 * torch.randn_like(unlabelled)
    with torch.no_grad():
        goal = F.softmax(teacher(unlabelled + 0.1 * torch.randn_like(unlabelled)), dim=1)
    consistency = F.mse_loss(F.softmax(student(noisy), dim=1), goal)
    loss = supervised + min(1.0, step / 10) * 3.0 * consistency
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    update_average()
print(f"{supervised.item():.4f} {consistency.item():.6f}")
