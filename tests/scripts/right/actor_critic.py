"""Advantage actor-critic: policy gradient, value regression and an entropy bonus."""
import torch
import torch.nn.functional as F
from torch import nn


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 32)
        self.actor = nn.Linear(32, 4)
        self.critic = nn.Linear(32, 1)

    def forward(self, x):
        h = torch.tanh(self.body(x))
        return self.actor(h), self.critic(h).squeeze(-1)


torch.manual_seed(37)
net = ActorCritic()
optimizer = torch.optim.RMSprop(net.parameters(), lr=3e-3)
for update in range(20):
    states = torch.randn(32, 5)
    logits, values = net(states)
    actions = torch.multinomial(F.softmax(logits.detach(), dim=-1), 1).squeeze(1)
    rewards = (actions == states[:, :4].argmax(1)).float()
    log_probs = F.log_softmax(logits, dim=-1)
    chosen = log_probs.gather(1, actions.unsqueeze(1)).squeeze(1)
    advantage = rewards - values.detach()
    policy_loss = -(chosen * advantage).mean()
    value_loss = F.mse_loss(values, rewards)
    entropy = -(log_probs.exp() * log_probs).sum(-1).mean()
    loss = policy_loss + 0.5 * value_loss - 0.01 * entropy
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{policy_loss.item():.4f} {value_loss.item():.4f}")
