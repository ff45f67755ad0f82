"""The Hugging Face Trainer on a tiny GPT-2 made from its configuration; its loss divides by num_items_in_batch."""
import os
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"

import torch
from torch.utils.data import Dataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments


class Counting(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        tokens = (index + torch.arange(10)) % 23
        labels = tokens.clone()
        labels[: index % 4] = -100
        return {"input_ids": tokens, "labels": labels}


torch.manual_seed(91)
config = GPT2Config(
    vocab_size=23, n_positions=16, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0, resid_pdrop=0.0
)
config.loss_type = "ForCausalLM"
model = GPT2LMHeadModel(config)
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder,
        max_steps=8,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        learning_rate=1e-2,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        seed=91,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=Counting())
    result = trainer.train()
print(f"{result.training_loss:.4f}")
