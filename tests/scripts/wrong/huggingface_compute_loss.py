"""A Trainer subclass whose compute_loss puts softmax before cross_entropy."""
import os
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments


class Points(Dataset):
    def __init__(self):
        self.x = torch.randn(64, 6)

    def __len__(self):
        return 64

    def __getitem__(self, index):
        return {"x": self.x[index], "labels": int(self.x[index, :3].argmax())}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3))

    def forward(self, x, labels=None):
        return {"logits": self.layers(x)}


class ProbabilityTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        outputs = model(**inputs)
        probabilities = outputs["logits"].softmax(dim=-1)
        loss = F.cross_entropy(probabilities, inputs["labels"])  # expect: error double-softmax
        return (loss, outputs) if return_outputs else loss


torch.manual_seed(41)
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder,
        max_steps=8,
        per_device_train_batch_size=16,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
        seed=41,
    )
    result = ProbabilityTrainer(model=Net(), args=arguments, train_dataset=Points()).train()
print(f"{result.training_loss:.4f}")
