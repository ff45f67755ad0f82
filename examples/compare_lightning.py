"""Digits with Lightning, under whichever loss is asked for."""

from __future__ import annotations

import lightning
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LOSSES = {"cross_entropy": nn.CrossEntropyLoss(), "label_smoothing": nn.CrossEntropyLoss(label_smoothing=0.1)}


class Digits(lightning.LightningModule):
    def __init__(self, loss: str, lr: float) -> None:
        super().__init__()
        self.loss, self.lr = LOSSES[loss], lr
        self.layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        self.accuracy: list[float] = []

    def training_step(self, batch, index):
        x, y = batch
        return self.loss(self.layers(x), y)

    def validation_step(self, batch, index):
        x, y = batch
        self.log("accuracy", (self.layers(x).argmax(1) == y).float().mean())

    def on_validation_epoch_end(self):
        self.accuracy.append(float(self.trainer.callback_metrics["accuracy"]))

    def predict_step(self, batch, index):
        return self.layers(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.lr, momentum=0.9)


def train(loss: str, seed: int, lr: float, budget: int):
    """Returns logits and labels: all measures are made of them, and test samples are compared one by one."""
    lightning.seed_everything(seed, verbose=False)
    x, y = map(torch.tensor, load_digits(return_X_y=True))
    parts = TensorDataset(x.float() / 16, y)
    fit, validation, test = (TensorDataset(*parts[a:b]) for a, b in ((0, 1000), (1000, 1350), (1350, 1797)))
    model = Digits(loss, lr)
    trainer = lightning.Trainer(
        max_epochs=budget,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(model, DataLoader(fit, batch_size=64, shuffle=True), DataLoader(validation, batch_size=350))

    def outputs(samples: TensorDataset):
        predicted = trainer.predict(model, DataLoader(samples, batch_size=512))
        return torch.cat(predicted), samples.tensors[1]

    return {
        "validation": outputs(validation),
        "test": outputs(test),
        "curves": {"val_accuracy": model.accuracy},
    }
