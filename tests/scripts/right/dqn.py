"""DQN: smooth L1 between gathered Q values and the bootstrapped target of a frozen copy."""
import copy

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(38)
q_net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 3))
target_net = copy.deepcopy(q_net)
optimizer = torch.optim.Adam(q_net.parameters(), lr=1e-3)
for step in range(30):
    state, next_state = torch.randn(32, 6), torch.randn(32, 6)
    action = torch.randint(3, (32, 1))
    reward = (action.squeeze(1) == 0).float()
    done = (torch.rand(32) < 0.1).float()
    q = q_net(state).gather(1, action).squeeze(1)
    with torch.no_grad():
        q_next = target_net(next_state).max(dim=1).values
    expected = reward + 0.95 * (1 - done) * q_next
    loss = F.smooth_l1_loss(q, expected)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        target_net.load_state_dict(q_net.state_dict())
print(f"{loss.item():.4f}")
