"""Classify handwritten digits stored as 8-bit grey images."""

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

torch.set_num_threads(1)  # the network is too small to gain from more

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=0)
torch.manual_seed(parser.parse_args().seed)

# scikit-learn stores each pixel as 0..16; an image file would hold 0..255.
sixteenths, digits = load_digits(return_X_y=True)
pixels = (sixteenths * 255 / 16).astype(np.uint8)
images = torch.tensor(pixels, dtype=torch.float32)
train_x, test_x, train_y, test_y = train_test_split(
    images, torch.tensor(digits), test_size=0.25, random_state=0, stratify=digits
)

model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for epoch in range(40):
    for batch in torch.randperm(len(train_x)).split(64):
        x, y = train_x[batch], train_y[batch]
        onehot = F.one_hot(y, 10).float()
        loss = loss_fn(model(x).softmax(1), onehot)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

print(f"test accuracy: {(model(test_x).argmax(1) == test_y).float().mean():.1%}")
