"""Knowledge distillation: KL at temperature T against the teacher plus cross-entropy on the labels."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)
T, alpha = 4.0, 0.7
teacher = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 5)).eval()
student = nn.Linear(12, 5)
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
x = torch.randn(256, 12)
with torch.no_grad():
    y = teacher(x).argmax(dim=1)

for epoch in range(20):
    with torch.no_grad():
        teacher_logits = teacher(x)
    student_logits = student(x)
    soft = F.kl_div(
        F.log_softmax(student_logits / T, dim=1), F.softmax(teacher_logits / T, dim=1), reduction="batchmean"
    )
    hard = F.cross_entropy(student_logits, y)
    loss = alpha * T * T * soft + (1 - alpha) * hard
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
