"""REINFORCE with a Categorical policy: softmax probabilities, sampled actions, returns as weights."""
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(36)
policy = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=-1))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
for episode in range(15):
    log_probs, rewards = [], []
    state = torch.randn(4)
    for t in range(8):
        distribution = Categorical(policy(state))
        action = distribution.sample()
        log_probs.append(distribution.log_prob(action))
        rewards.append(1.0 if action.item() == int(state[:3].argmax()) else 0.0)
        state = torch.randn(4)
    returns, total = [], 0.0
    for reward in reversed(rewards):
        total = reward + 0.9 * total
        returns.insert(0, total)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-6)
    loss = torch.stack([-lp * g for lp, g in zip(log_probs, returns)]).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}")
