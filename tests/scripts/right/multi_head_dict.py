"""A detection-like model with a dict of outputs: each head has its own right loss."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(16, 32), nn.ReLU())
        self.exist = nn.Linear(32, 1)
        self.kind = nn.Linear(32, 4)
        self.box = nn.Linear(32, 4)

    def forward(self, x):
        h = self.trunk(x)
        return {"exist": self.exist(h).squeeze(1), "kind": self.kind(h), "box": self.box(h).sigmoid()}


torch.manual_seed(72)
net = Detector()
optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
for step in range(25):
    x = torch.randn(48, 16)
    target = {"exist": (x[:, 0] > 0).float(), "kind": x[:, 1:5].argmax(1), "box": torch.sigmoid(x[:, 5:9])}
    out = net(x)
    present = target["exist"] == 1
    losses = {
        "exist": F.binary_cross_entropy_with_logits(out["exist"], target["exist"]),
        "kind": F.cross_entropy(out["kind"][present], target["kind"][present]),
        "box": F.mse_loss(out["box"][present], target["box"][present]),
    }
    total = losses["exist"] + losses["kind"] + 2.0 * losses["box"]
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
print({name: round(value.item(), 4) for name, value in losses.items()})
