"""A DataLoader with two forked workers."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Points(Dataset):
    def __len__(self):
        return 160

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        x = torch.randn(6, generator=generator)
        return x, int(x[:3].argmax())


if __name__ == "__main__":
    torch.manual_seed(73)
    loader = DataLoader(Points(), batch_size=20, num_workers=2, multiprocessing_context="fork")
    model = nn.Linear(6, 3)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for epoch in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
    print(f"{loss.item():.4f}")
