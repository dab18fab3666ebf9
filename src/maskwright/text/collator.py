"""From a list of examples to a masked batch, for a plain `DataLoader` or anybody's Hugging Face `Trainer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from maskwright import budgets
from maskwright.backend.codes import IGNORED
from maskwright.backend.compiled import kernels
from maskwright.backend.content import content_ids_of_rows
from maskwright.engine.fast import hide_in_place
from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.masking import Masking
from maskwright.rng import Moment, Rng
from maskwright.text.padding import Layout, stack_scalars
from maskwright.units.vocabulary import Vocabulary

OBJECTIVES = ("supervised", "reconstruct")


class MaskingCollator:
    """Pad tokenised examples to the longest of the batch and hide parts of them.

    Works on ids alone: it needs no character offsets and no special-token masks, and does not mind that the Trainer
    removes columns. The masks are a function of (seed, epoch, example): they do not change with the number of workers,
    the batch size or the order. Because an epoch that never arrives would mean the same masks for ever, calling it
    before an epoch was set is an error: `attach(trainer)` and `set_epoch(epoch)` set it, also in running workers.

    Args:
        tokenizer: the one that made the ids.
        masking: what to hide; None pads only.
        objective: `supervised` leaves the labels of the examples alone; `reconstruct` makes labels from the hidden
            tokens (-100 elsewhere) and refuses examples that bring labels of their own.
        seed: of the masks.
        epoch: of a first pass; leave it out if something will call `set_epoch`.
        pad_to_multiple_of: round the length up, for tensor cores.
        return_tensors: `pt` or `np`.
        segmenter: see `Vocabulary.from_tokenizer`.

    Each example is a mapping with `input_ids` (a list or an array). `attention_mask` and `token_type_ids` are used if
    they are there, `label` becomes `labels`, `example_id` names the example (otherwise its content does) and is not
    passed on, and any other number or sequence of the tokens' length is passed on. `word_ids`, one per token with None
    or -1 outside of words, are the words that the masking hides whole (its mentions for the unit `entity`); they are
    not passed on.
    """

    def __init__(
        self,
        tokenizer: Any,
        masking: Masking | None,
        *,
        objective: str = "supervised",
        seed: int = 0,
        epoch: int | None = None,
        pad_to_multiple_of: int = 1,
        return_tensors: str = "pt",
        segmenter: Any = None,
    ):
        if objective not in OBJECTIVES:
            raise ConfigError(f"objective: given {objective!r}. {did_you_mean(str(objective), OBJECTIVES)}")
        if return_tensors not in ("pt", "np"):
            raise ConfigError(f"return_tensors: expected 'pt' or 'np', given {return_tensors!r}.")
        if pad_to_multiple_of < 1:
            raise ConfigError(f"pad_to_multiple_of: expected 1 or more, given {pad_to_multiple_of!r}.")
        vocabulary = Vocabulary.from_tokenizer(tokenizer, segmenter)
        if tokenizer.pad_token_id is None:
            raise ConfigError(
                "the tokenizer has no padding token; set tokenizer.pad_token, to its end token for example."
            )
        self.masking = masking
        self.objective = objective
        self.seed = seed
        self.vocabulary = vocabulary
        self._left = tokenizer.padding_side == "left"
        self.multiple = pad_to_multiple_of
        self._torch = return_tensors == "pt"
        self._epoch = shared_number(-1 if epoch is None else epoch)
        self._progress = shared_number(-1.0)
        kernels()  # loaded here rather than in every worker that is forked later

    @property
    def epoch(self) -> int:
        """The epoch the next batch is masked for; -1 before one was set."""
        return int(self._epoch.item())

    def set_epoch(self, epoch: int) -> None:
        """Say which pass over the data comes; reaches workers that are already running."""
        self._epoch[0] = int(epoch)

    def set_progress(self, progress: float) -> None:
        """Say how much of the training is done, from 0 to 1, for budgets that move; reaches running workers.

        Workers fetch ahead, so that their batches may be a few steps behind.
        """
        self._progress[0] = float(progress)

    def attach(self, trainer: Any) -> Any:
        """Let a Hugging Face `Trainer` use this collator: masks in training, none in evaluation; return the trainer."""
        from maskwright.text.trainer_hook import attach

        return attach(self, trainer)

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Pad and mask; [B, L] arrays of int64."""
        batch, ids = self.padded(features)
        if self.masking is None:
            return self.tensors(batch)
        moment = self.moment(self.masking)
        labels = None if ids is None else self._hidden_in_place(self.masking, batch, ids, moment)
        if labels is None:
            corrupted = self.masking(batch, vocabulary=self.vocabulary, example_ids=ids, moment=moment)
            batch = dict(corrupted.inputs)
            if self.objective == "reconstruct":
                batch["labels"] = self._reconstruction_labels(corrupted, batch)
        elif labels.size:
            batch["labels"] = labels
        return self.tensors(batch)

    def _hidden_in_place(
        self, masking: Masking, batch: dict[str, Any], names: np.ndarray, moment: Moment
    ) -> np.ndarray | None:
        """Labels of ids that were written over, which are the collator's own; None where that cannot be done."""
        rng = Rng.of_batch(names, batch["input_ids"], moment)
        return hide_in_place(masking, batch, self.vocabulary, rng, labels=self.objective == "reconstruct")

    def clean(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Pad only, for evaluation."""
        return self.tensors({k: v for k, v in self.padded(features)[0].items() if k != "word_ids"})

    def moment(self, *maskings: Masking) -> Moment:
        """When the next batch is masked.

        Raises:
            MaskingError: no epoch has reached the collator, or no progress though one of the maskings moves with it.
        """
        epoch = self.epoch
        if epoch < 0:
            raise MaskingError(
                "no epoch has reached the collator, so every epoch would get the same masks: call "
                "collator.attach(trainer), or collator.set_epoch(epoch) at the start of every epoch."
            )
        progress = self._progress.item()
        if progress < 0 and any(budgets.traits(masking.budget).moves for masking in maskings):
            raise MaskingError(
                "the masking's budget moves with training, but no progress has reached the collator: call "
                "collator.attach(trainer), or collator.set_progress(share done) as training goes on."
            )
        return Moment(self.seed, epoch, max(progress, 0.0))

    def _reconstruction_labels(self, corrupted: Any, batch: Mapping[str, Any]) -> np.ndarray:
        if batch["input_ids"].shape != corrupted.mask.shape:
            raise ConfigError(
                "objective reconstruct: with fill drop there is no place to predict the hidden tokens at."
            )
        return corrupted.reconstruction_labels()

    def padded(self, features: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], np.ndarray | None]:
        """Padded NumPy columns, and the names of the examples if they bring any."""
        if not features or "input_ids" not in features[0]:
            content = f"keys {sorted(features[0])}" if features else "no examples"
            raise MaskingError(f"expected tokenised examples with 'input_ids', given {content}.")
        rows = [feature["input_ids"] for feature in features]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        layout = Layout.of(lengths, self._left, self.multiple)
        ids = layout.put(rows, self.vocabulary.pad_id or 0)
        attention = layout.attention()
        batch: dict[str, Any] = {"input_ids": ids, "attention_mask": attention}
        names = None
        for key in features[0]:
            if key == "example_id":
                names = stack_scalars(features, key)
            elif key != "input_ids":
                _add(batch, key, _column(features, key), layout)
        if self.objective == "reconstruct" and "labels" in batch:
            raise MaskingError(
                "objective reconstruct makes labels of its own, but the examples bring a label column; remove it from "
                "the data set, or use objective supervised."
            )
        if names is None and self.masking is not None and not self._left and batch["attention_mask"] is attention:
            names = content_ids_of_rows(ids, lengths, self.vocabulary.pad_id or 0)
        return batch, names

    def tensors(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch as `return_tensors` says."""
        if not self._torch:
            return batch
        import torch

        return {key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in batch.items()}


def _add(batch: dict[str, Any], key: str, values: list[Any], layout: Layout) -> None:
    name = "labels" if key in ("label", "labels", "label_ids") else key
    if not isinstance(values[0], list) and np.ndim(values[0]) == 0:
        scalars = np.asarray(values)
        # Python's floats are targets of a regression; models compute in single precision.
        batch[name] = scalars.astype(np.float32) if isinstance(values[0], float) else scalars
        return
    sizes = layout.sizes
    if list(map(len, values)) != sizes:
        raise MaskingError(f"'{key}': expected one value, or one per token, in every example; the lengths differ.")
    # Nearly always all ones or all zeros: asking Python is several times cheaper than converting.
    if key == "attention_mask" and _all_equal(values, sizes, 1):
        return
    if key == "token_type_ids" and _all_equal(values, sizes, 0):
        batch[name] = np.zeros(batch["input_ids"].shape, dtype=np.int64)
        return
    if key == "word_ids":
        values = [[-1 if word is None else word for word in row] for row in values]
    batch[name] = layout.put(values, {"labels": IGNORED, "word_ids": -1}.get(name, 0))


def _column(features: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    try:
        values = list(map(itemgetter(key), features))
    except KeyError:
        values = [feature.get(key) for feature in features]
    kinds = set(map(type, values))
    if kinds == {list}:
        return values
    if type(None) in kinds:
        row = next(number for number, value in enumerate(values) if value is None)
        raise MaskingError(f"'{key}': example {row} of the batch has none, though others do. Give every example one.")
    if any(issubclass(kind, (str, bytes)) for kind in kinds):
        raise MaskingError(
            f"'{key}': a column of text cannot go into a batch of numbers. Remove it from the data set "
            f"(remove_columns('{key}')); labels must be whole numbers."
        )
    return values


def _all_equal(rows: Sequence[Any], sizes: list[int], value: int) -> bool:
    if not isinstance(rows[0], list):
        return all(bool((np.asarray(row) == value).all()) for row in rows)
    return [row.count(value) for row in rows] == sizes


def shared_number(value: float) -> Any:
    """One number in shared memory, so that workers that were started before see it change."""
    import torch

    return torch.full((1,), value, dtype=torch.float64).share_memory_()
