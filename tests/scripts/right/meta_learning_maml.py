"""MAML in two lines: an inner step with autograd.grad and create_graph, an outer cross-entropy through it."""
import torch
import torch.nn.functional as F

torch.manual_seed(83)
w = torch.zeros(4, 2, requires_grad=True)
optimizer = torch.optim.Adam([w], lr=0.05)
for step in range(15):
    outer = 0.0
    for task in range(3):
        rule = torch.randn(4)
        x = torch.randn(20, 4)
        y = (x @ rule > 0).long()
        inner = F.cross_entropy(x[:10] @ w, y[:10])
        (gradient,) = torch.autograd.grad(inner, w, create_graph=True)
        outer = outer + F.cross_entropy(x[10:] @ (w - 0.5 * gradient), y[10:])
    optimizer.zero_grad()
    outer.backward()
    optimizer.step()
print(f"{outer.item():.4f}")
