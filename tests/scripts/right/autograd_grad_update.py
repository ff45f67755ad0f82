"""Manual updates from torch.autograd.grad instead of backward() and an optimizer."""
import torch

torch.manual_seed(56)
w = torch.zeros(5, 3, requires_grad=True)
b = torch.zeros(3, requires_grad=True)
for step in range(30):
    x = torch.randn(40, 5)
    y = x[:, :3].argmax(1)
    loss = torch.nn.functional.cross_entropy(x @ w + b, y)
    grad_w, grad_b = torch.autograd.grad(loss, (w, b))
    with torch.no_grad():
        w -= 0.3 * grad_w
        b -= 0.3 * grad_b
print(f"{loss.item():.4f}")
