"""What the collators for language modelling share: padding, the moment that keys the masks, the Trainer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.adapters.clock import Clock, Clocked
from maskwright.backend.arrays import Array
from maskwright.errors import ConfigError, MaskingError
from maskwright.rng import Moment
from maskwright.text.collator import MaskingCollator
from maskwright.text.padding import stack_scalars
from maskwright.units.vocabulary import Vocabulary

_LABELS = {"label", "labels", "label_ids"}


class Batches:
    """Pads examples that are mappings, lists, arrays or tensors of ids.

    A tokenizer without a padding token will do as long as all examples have the same length.
    """

    def __init__(self, tokenizer: Any, multiple: int | None = None):
        self._multiple = multiple or 1
        self._collator = None
        if tokenizer.pad_token_id is not None:
            options = {"pad_to_multiple_of": self._multiple, "return_tensors": "np"}
            self._collator = MaskingCollator(tokenizer, None, **options)
        self.vocabulary = self._collator.vocabulary if self._collator else Vocabulary.from_tokenizer(tokenizer)

    def __call__(self, examples: Sequence[Any]) -> tuple[dict[str, Any], np.ndarray | None]:
        """The batch as NumPy arrays [B, L], and the examples' names where they have a column `example_id`.

        Raises:
            MaskingError: text; examples that bring labels, which would be overwritten; columns that cannot be a batch.
            ConfigError: padding is needed, but the tokenizer has no padding token.
        """
        if any(isinstance(row, str) for row in examples):
            raise MaskingError("expected tokenised examples, given text: call tokenizer(texts) first.")
        rows = [dict(row) if isinstance(row, Mapping) else {"input_ids": row} for row in examples]
        if not rows:
            raise MaskingError("expected a list of tokenised examples, given an empty one.")
        labels = _LABELS.intersection(rows[0])
        if labels:
            raise MaskingError(
                f"language modelling makes labels of its own, but the examples bring the column '{min(labels)}'; "
                "remove it (remove_columns), or use masking.collator(tokenizer), which leaves labels alone."
            )
        names = stack_scalars(rows, "example_id") if "example_id" in rows[0] else None
        rows = [{k: v for k, v in row.items() if k not in ("example_id", "offset_mapping")} for row in rows]
        return (self._same_length(rows) if self._collator is None else self._collator.clean(rows)), names

    def _same_length(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        lengths = {len(row["input_ids"]) for row in rows}
        if len(lengths) != 1 or any(length % self._multiple for length in lengths):
            raise ConfigError(
                "the examples need padding, but the tokenizer has no padding token; set tokenizer.pad_token, to its "
                "end token for example."
            )
        batch = {key: np.asarray([np.asarray(row[key]) for row in rows]) for key in rows[0]}
        return {"attention_mask": np.ones_like(batch["input_ids"]), **batch}


def converted(batch: Mapping[str, Any], return_tensors: str) -> Any:
    """The batch as a `BatchEncoding` of torch tensors or NumPy arrays."""
    from transformers import BatchEncoding

    if return_tensors not in ("pt", "np"):
        raise ConfigError(f"return_tensors: expected 'pt' or 'np', given {return_tensors!r}.")
    if return_tensors == "np":
        return BatchEncoding(dict(batch))
    import torch

    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in batch.items()}
    # Python's numbers are torch's default: a column of weights meets float32 losses.
    return BatchEncoding({k: v.float() if v.dtype == torch.float64 else v for k, v in tensors.items()})


class ModelingCollator(Clocked, ABC):
    """A collator that makes its labels from what it hides, for the Hugging Face `Trainer` or a `DataLoader`."""

    return_tensors: str
    seed: int | None

    def _start(self, tokenizer: Any, multiple: int | None = None) -> None:
        self.clock = Clock()
        self._batches = Batches(tokenizer, multiple)

    def attach(self, trainer: Any) -> Any:
        """Let a `Trainer` use this collator and tell it the epochs; return the trainer."""
        from maskwright.text.trainer_hook import attach

        return attach(self, trainer)

    def __call__(self, features: Sequence[Any], return_tensors: str | None = None) -> Any:
        """The batch, with the masks of the epoch."""
        return converted(self._collate(features, False), return_tensors or self.return_tensors)

    def torch_call(self, examples: Sequence[Any]) -> Any:
        """The batch as torch tensors, whatever `return_tensors` says."""
        return self(examples, "pt")

    def numpy_call(self, examples: Sequence[Any]) -> Any:
        """The batch as NumPy arrays, whatever `return_tensors` says."""
        return self(examples, "np")

    def for_evaluation(self, features: Sequence[Any], return_tensors: str | None = None) -> Any:
        """The batch, with masks that are the same at every evaluation and that no training has."""
        return converted(self._collate(features, True), return_tensors or self.return_tensors)

    @abstractmethod
    def _collate(self, features: Sequence[Any], evaluating: bool) -> dict[str, Any]:
        """The batch as NumPy arrays, masked as evaluation is or when the clock says."""

    def _keys(self, ids: Array, attended: Array, names: Array | None, evaluating: bool) -> dict[str, Any]:
        if evaluating:
            return {"example_ids": names, "moment": Moment.evaluation()}
        return self.clock.keys(self.seed, ids, attended, names)
