"""Lightning's hook: training batches masked where they are, others clean, masks keyed by the trainer's epoch."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from maskwright import Masking, MaskingError, Vocabulary
from maskwright.adapters.lightning import BatchMasking, MaskedTraining
from tests.units.tokenizers_trained_here import trained

TEXT = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "mask-token"})
PIXELS = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "zero"})
VOCABULARY = Vocabulary.from_tokenizer(trained("wordpiece"))


class Hooks:
    """What Lightning's module does with a batch: nothing."""

    def on_after_batch_transfer(self, batch, dataloader_idx):
        del dataloader_idx
        return batch


class Module(MaskedTraining, Hooks):
    def __init__(self, batch_masking, **trainer):
        self.batch_masking = batch_masking
        state = {"training": True, "current_epoch": 0, "global_step": 0, "estimated_stepping_batches": 10}
        self.trainer = SimpleNamespace(**(state | trainer))


def text_batch():
    ids = torch.tensor([[2, *range(10, 30), 3], [2, *range(40, 50), 3, *[0] * 10]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": torch.tensor([0, 1])}


def test_text_is_masked_in_training_only_and_anew_in_each_epoch():
    batch, masking = text_batch(), BatchMasking(TEXT, VOCABULARY)
    before = batch["input_ids"].clone()
    first = Module(masking).on_after_batch_transfer(batch, 0)
    again = Module(masking).on_after_batch_transfer(batch, 0)
    later = Module(masking, current_epoch=1).on_after_batch_transfer(batch, 0)
    assert torch.equal(batch["input_ids"], before)
    assert (first["input_ids"] == 4).sum(1).tolist() == [10, 5]
    assert torch.equal(first["input_ids"], again["input_ids"])
    assert not torch.equal(first["input_ids"], later["input_ids"])
    assert torch.equal(first["labels"], batch["labels"])
    assert Module(masking, training=False).on_after_batch_transfer(batch, 0) is batch


def test_images_in_a_tuple_keep_their_axes():
    images, ids = torch.rand(2, 3, 4, 6) + 1, torch.tensor([7, 8])
    masking = BatchMasking(PIXELS, data=0, ids=2)
    out = Module(masking).on_after_batch_transfer((images, "labels", ids), 0)
    assert isinstance(out, tuple)
    assert out[1:] == ("labels", ids)
    hidden = out[0] == 0
    assert hidden.flatten(1).sum(1).tolist() == [36, 36]
    assert torch.equal(hidden.any(1), hidden.all(1)), "all colours of a pixel"
    assert torch.equal(out[0][~hidden], images[~hidden])
    alone = masking((images[1:], "labels", ids[1:]), 0)
    assert torch.equal(alone[0], out[0][1:])


def test_budgets_move_with_the_steps():
    moving = Masking.from_dict({"pattern": "iid", "budget": {"schedule": [0.0, 1.0]}, "fill": "mask-token"})
    masking = BatchMasking(moving, VOCABULARY)
    hidden = [
        (Module(masking, global_step=step).on_after_batch_transfer(text_batch(), 0)["input_ids"] == 4).sum().item()
        for step in (0, 5, 10)
    ]
    assert hidden[0] == 0 < hidden[1] < hidden[2]
    endless = Module(masking, global_step=5, estimated_stepping_batches=math.inf)
    assert (endless.on_after_batch_transfer(text_batch(), 0)["input_ids"] != 4).all()


def test_what_it_cannot_mask_is_refused():
    with pytest.raises(MaskingError, match="'pixel_values'"):
        BatchMasking(PIXELS)({"pixel_values": torch.rand(1, 3, 4, 4)}, 0)


@pytest.mark.filterwarnings("ignore")
def test_with_lightning_itself(tmp_path):
    lightning = pytest.importorskip("lightning")

    class Model(MaskedTraining, lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.batch_masking = BatchMasking(TEXT, VOCABULARY)
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.seen = []

        def training_step(self, batch, batch_idx):
            self.seen.append(batch["input_ids"].clone())
            return (self.weight**2).sum()

        def validation_step(self, batch, batch_idx):
            assert not (batch["input_ids"] == 4).any()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    data = [{key: value[row] for key, value in text_batch().items()} for row in range(2)]
    loader = torch.utils.data.DataLoader(data, batch_size=2)
    model = Model()
    options = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    options |= {"enable_model_summary": False, "max_epochs": 2, "default_root_dir": tmp_path}
    lightning.Trainer(**options).fit(model, loader, loader)
    assert len(model.seen) == 2
    assert (model.seen[0] == 4).any()
    assert not torch.equal(model.seen[0], model.seen[1])
