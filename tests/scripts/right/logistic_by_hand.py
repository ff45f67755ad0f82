"""Logistic regression written out, with and without the sigmoid, on plain tensors."""
import torch
import torch.nn.functional as F

torch.manual_seed(88)
x = torch.randn(200, 4)
y = (x[:, 0] - x[:, 1] > 0).float()
w = torch.zeros(4, requires_grad=True)
for step in range(30):
    z = x @ w
    if step % 2:
        p = torch.sigmoid(z)
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()  # expect: info log-of-sigmoid
    else:
        loss = (F.softplus(z) - y * z).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.5 * w.grad
        w.grad.zero_()
print(f"{loss.item():.4f}", w.detach().numpy().round(3).tolist())
