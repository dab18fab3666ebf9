"""A user's own Trainer with our collator: masked in training, clean in evaluation, new masks each epoch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import Trainer, TrainingArguments

from maskwright import ConfigError, Masking
from tests.units.tokenizers_trained_here import texts, trained

MASKING = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "mask-token", "unit": "word"})


class Recorder(nn.Module):
    """A model that remembers what it was shown."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen: list[tuple[bool, torch.Tensor]] = []

    def forward(self, input_ids, attention_mask=None, labels=None):
        self.seen.append((self.training, input_ids.clone()))
        return {"loss": (self.weight**2).sum(), "logits": torch.zeros(len(input_ids), 2)}


def trainer_for(tmp_path, **arguments):
    tokenizer = trained("wordpiece")
    data = [dict(tokenizer(text, truncation=True, max_length=24)) | {"label": 0} for text in texts()[:8]]
    settings = {"per_device_train_batch_size": 8, "num_train_epochs": 3, "use_cpu": True, "disable_tqdm": True}
    settings |= {"save_strategy": "no", "eval_strategy": "epoch", "dataloader_pin_memory": False}
    args = TrainingArguments(str(tmp_path), **(settings | arguments))
    return Trainer(Recorder(), args, train_dataset=data, eval_dataset=data)


def test_one_line_is_enough(tmp_path):
    trainer = MASKING.collator(trained("wordpiece")).attach(trainer_for(tmp_path))
    trainer.train()
    masked = [(ids == 4).float().mean().item() for training, ids in trainer.model.seen if training]
    clean = [(ids == 4).sum().item() for training, ids in trainer.model.seen if not training]
    assert len(masked) == len(clean) == 3
    assert min(masked) > 0.2
    assert clean == [0, 0, 0]
    rows = [{tuple(row.tolist()) for row in ids} for training, ids in trainer.model.seen if training]
    assert rows[0] != rows[1] != rows[2]


def test_workers_that_outlive_an_epoch_are_refused(tmp_path):
    trainer = trainer_for(tmp_path, dataloader_num_workers=1, dataloader_persistent_workers=True)
    with pytest.raises(ConfigError, match="persistent_workers"):
        MASKING.collator(trained("wordpiece")).attach(trainer)
