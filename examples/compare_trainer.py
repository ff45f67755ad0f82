"""Short made sentences with a small BERT and the Trainer of Hugging Face, under whichever loss is asked for.

A sentence is positive if its first word is one of the words 5 to 14.
"""

from __future__ import annotations

import tempfile

import torch
from torch.nn import functional as F
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, PrinterCallback, Trainer, TrainingArguments


def focal(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    log_p = F.log_softmax(logits, 1).gather(1, labels[:, None])
    return -((1 - log_p.exp()) ** 2 * log_p).mean()


LOSSES = {"cross_entropy": F.cross_entropy, "focal": focal}


class Sentences(Dataset):
    def __init__(self, count: int, seed: int) -> None:
        words = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(5, 25, (count, 12), generator=words)
        self.labels = (self.tokens[:, 0] < 15).long()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int):
        return {"input_ids": self.tokens[index], "labels": self.labels[index]}


def train(loss: str, seed: int, lr: float, budget: int):
    fit, validation, test = Sentences(256, 0), Sentences(128, 1), Sentences(256, 2)

    def computed(outputs, labels, num_items_in_batch=None):
        return LOSSES[loss](outputs["logits"], labels)

    def fresh():  # made by the Trainer after it has set the seed
        size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
        return BertForSequenceClassification(BertConfig(vocab_size=25, max_position_embeddings=12, **size))

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=budget,
            learning_rate=lr,
            per_device_train_batch_size=32,
            per_device_eval_batch_size=256,
            seed=seed,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = Trainer(model_init=fresh, args=arguments, train_dataset=fit, compute_loss_func=computed)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return {
            "validation": trainer.predict(validation)[:2],
            "test": trainer.predict(test)[:2],
        }
