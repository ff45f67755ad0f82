"""Turn the old digit scorer into a classifier, keeping what it has learned.

The old product gave each image ten scores from 0 to 100, one for every digit, and learned them by squared error.
The new one wants class probabilities, and its label map lists the classes by name, in alphabetical order.
"""

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

torch.set_num_threads(1)  # the network is too small to gain from more

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=0)
torch.manual_seed(parser.parse_args().seed)

pixels, digits = load_digits(return_X_y=True)
images = torch.tensor(pixels / 16, dtype=torch.float32)
train_x, test_x, train_digit, test_digit = train_test_split(
    images, torch.tensor(digits), test_size=0.25, random_state=0, stratify=digits
)


def network():
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def batches():
    return torch.randperm(len(train_x)).split(64)


# The old product: the score of the digit shown should be 100, the others 0.
scorer = network()
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(scorer.parameters(), lr=0.01)
for _ in range(40):
    for batch in batches():
        scores = 100 * F.one_hot(train_digit[batch], 10).float()
        loss = loss_fn(scorer(train_x[batch]), scores)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"old scorer: {(scorer(test_x).argmax(1) == test_digit).float().mean():.1%} of the test digits right")

# The new label map numbers the classes in alphabetical order: eight is 0, five is 1, four is 2, ...
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
new_id = torch.tensor([sorted(NAMES).index(name) for name in NAMES])
train_y, test_y = new_id[train_digit], new_id[test_digit]

# The new product: softmax makes probabilities of the scores, training goes on from the old weights.
model = network()
model.load_state_dict(scorer.state_dict())
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(40):
    for batch in batches():
        x, y = train_x[batch], train_y[batch]
        onehot = F.one_hot(y, 10).float()
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

print(f"test accuracy: {(model(test_x).argmax(1) == test_y).float().mean():.1%}")
