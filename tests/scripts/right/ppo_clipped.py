"""PPO: the clipped ratio objective, a value loss and an entropy bonus on one batch reused for several epochs."""
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(75)
actor = nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 3))
critic = nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 1))
optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=3e-3)
for iteration in range(5):
    states = torch.randn(64, 4)
    with torch.no_grad():
        old = Categorical(logits=actor(states))
        actions = old.sample()
        old_log_prob = old.log_prob(actions)
        returns = (actions == states[:, :3].argmax(1)).float()
        advantage = returns - critic(states).squeeze(1)
    for epoch in range(4):
        policy = Categorical(logits=actor(states))
        ratio = (policy.log_prob(actions) - old_log_prob).exp()
        surrogate = torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)
        value_loss = (critic(states).squeeze(1) - returns).pow(2).mean()
        loss = -surrogate.mean() + 0.5 * value_loss - 0.01 * policy.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"{loss.item():.4f}")
