"""Lightning: batches masked on the device, after they arrive there. Lightning itself is not imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from maskwright.adapters.vision import mask_images
from maskwright.errors import MaskingError
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.units.vocabulary import Vocabulary


class BatchMasking:
    """Hides parts of batches of text or images, wherever they lie.

    A batch is a mapping or a tuple. With `input_ids` it is text and needs a vocabulary; otherwise the entry `data`
    holds images [B, C, row, col].

    Args:
        masking: what to hide.
        vocabulary: of the tokenizer that made the ids; for text.
        seed: of the masks.
        data: key or place of the images.
        ids: key or place of the names of the examples, [B] whole numbers. Texts without it are named by their content;
            images need it.
    """

    def __init__(
        self,
        masking: Masking,
        vocabulary: Vocabulary | None = None,
        *,
        seed: int = 0,
        data: str | int = "pixel_values",
        ids: str | int = "example_id",
    ):
        self.masking = masking
        self.vocabulary = vocabulary
        self.seed = seed
        self.data = data
        self.ids = ids

    def __call__(self, batch: Any, epoch: int, progress: float = 0.0) -> Any:
        """The batch of an epoch with parts hidden; the one given is not changed."""
        entries: dict[Any, Any] = dict(batch) if isinstance(batch, Mapping) else dict(enumerate(batch))
        keys: dict[str, Any] = {"example_ids": entries.get(self.ids), "moment": Moment(self.seed, epoch, progress)}
        if "input_ids" in entries:
            text = {key: value for key, value in entries.items() if key != self.ids}
            entries |= self.masking(text, vocabulary=self.vocabulary, **keys).inputs
        elif self.data in entries and keys["example_ids"] is not None:
            entries[self.data] = mask_images(self.masking, entries[self.data], **keys)
        else:
            raise MaskingError(
                f"expected 'input_ids', or images at {self.data!r} and the names of the examples at {self.ids!r}; the "
                f"batch has {list(entries)}. Say where they are with data= and ids=."
            )
        return entries if isinstance(batch, Mapping) else type(batch)(entries.values())


class MaskedTraining:
    """Comes before `LightningModule` among the bases of a class and masks its training batches.

        class Model(MaskedTraining, LightningModule):
            def __init__(self, masking, tokenizer):
                super().__init__()
                self.batch_masking = BatchMasking(masking, Vocabulary.from_tokenizer(tokenizer))

    Validation, test and prediction are left clean. Masks are keyed by the trainer's epoch, so that a run that is
    resumed goes on with the masks it would have had.
    """

    batch_masking: BatchMasking
    trainer: Any

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Lightning's hook."""
        batch = super().on_after_batch_transfer(batch, dataloader_idx)  # pyright: ignore[reportAttributeAccessIssue]
        if not self.trainer.training:
            return batch
        steps = self.trainer.estimated_stepping_batches
        progress = min(1.0, self.trainer.global_step / steps) if 0 < steps < math.inf else 0.0
        return self.batch_masking(batch, self.trainer.current_epoch, progress)
