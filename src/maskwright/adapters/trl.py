"""Supervised fine-tuning with TRL: hidden input tokens in the prompt or in the answer, and what the loss looks at.

All of it works on rows of ids before they are padded or flattened, so that it is the same with padding, packed and
padding-free; no attention mask is ever made, because one would undo the separation of documents there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from maskwright.adapters.clock import Clock, Clocked
from maskwright.adapters.rows import check_rows, keys_of, labels_of, mask_rows, tables
from maskwright.backend.codes import IGNORED
from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.fills import traits
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.units.vocabulary import Vocabulary

PARTS = ("answer", "prompt", "all")
"""Tokens that the loss looks at, tokens that it does not look at, or both."""

ANSWERS = {"labels", "completion_mask", "assistant_masks"}
"""Columns that say where the answer is."""


@dataclass(frozen=True, eq=False)
class SFTRows:
    """Hides input tokens of one part of the rows and keeps the labels; see `sft_function`."""

    masking: Masking
    vocabulary: Vocabulary
    part: str = "answer"
    seed: int = 0
    epoch: int = 0
    progress: float = 0.0

    def __post_init__(self):
        if self.part not in PARTS:
            raise ConfigError(f"part: given {self.part!r}. {did_you_mean(str(self.part), PARTS)}")
        if traits(self.masking.fill).removes:
            raise ConfigError("fill drop removes tokens whose labels are to be kept; use mask-token or random-token.")

    def __call__(self, columns: Mapping[str, Sequence[Any]], indices: Sequence[int] | None = None) -> dict[str, Any]:
        """`input_ids` with tokens hidden and `labels` of the tokens before."""
        check_rows(columns, "sft_function")
        if self.part != "all" and not ANSWERS.intersection(columns):
            raise MaskingError(
                f"part={self.part!r} needs to know where the answer is, but the rows have neither 'completion_mask' "
                "(make it with completion_mask(prompts, rows)) nor 'assistant_masks' nor 'labels' with -100 for the "
                "prompt; give one of them, or part='all'."
            )
        labels = labels_of(columns)
        answers = [[label != IGNORED for label in row] for row in labels]
        prompts = [[not answer for answer in row] for row in answers]
        allowed = {"answer": answers, "prompt": prompts, "all": None}[self.part]
        keys = keys_of(Moment(self.seed, self.epoch, self.progress), columns, indices)
        return {**mask_rows(self.masking, self.vocabulary, columns, keys, allowed=allowed), "labels": labels}


def sft_function(masking: Masking, tokenizer: Any, **options: Any) -> SFTRows:
    """A function for `Dataset.map(batched=True, with_indices=True)` before `SFTTrainer`: masks of one epoch.

    The rows are tokenised, with the columns that TRL takes: `input_ids` and, for the loss, `labels`,
    `completion_mask` or `assistant_masks`. The result has `labels`, which `SFTTrainer` uses as they are.

    Source of hiding answer tokens: Chen et al. 2024, Masked Thought (arXiv:2403.02178).

    Args:
        masking: what to hide; for tokenizers without a mask token, give them one, or use the fill `random-token`.
        tokenizer: the one that made the ids.
        **options: `part` (`answer`, `prompt` or `all`: where tokens may be hidden), `seed`, `epoch`, `progress`.

    Raises:
        ConfigError: another part; the fill `drop`.
        MaskingError: (when called) rows with no column that tells the answer from the prompt, unless `part="all"`; one
            row in place of a batch.
    """
    return SFTRows(masking, tables(tokenizer), **options)


class SFTMasking(Clocked):
    """TRL's collator with masks that are new in every epoch.

        SFTMasking(masking, tokenizer, trainer.data_collator).attach(trainer)

    Args:
        masking: what to hide.
        tokenizer: the one that made the ids.
        collator: TRL's, which is given the masked rows.
        part: `answer`, `prompt` or `all`: where tokens may be hidden.
        seed: of the masks.
    """

    def __init__(self, masking: Masking, tokenizer: Any, collator: Any, *, part: str = "answer", seed: int = 0):
        self.rows = SFTRows(masking, tables(tokenizer), part, seed)
        self.clock = Clock()
        self.for_evaluation = collator

    def attach(self, trainer: Any) -> Any:
        """Let the trainer use it in training, and its own collator in evaluation; return the trainer."""
        from maskwright.text.trainer_hook import attach

        return attach(self, trainer)

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What TRL's collator makes of the rows with tokens hidden."""
        if self.epoch < 0:
            raise MaskingError(
                "no epoch has reached the collator, so every epoch would get the same masks: call attach(trainer), or "
                "set_epoch(epoch) at the start of every epoch."
            )
        rows = replace(self.rows, epoch=self.epoch, progress=self.clock.progress)
        columns = {name: [example[name] for example in examples] for name in examples[0]}
        changed = rows(columns)
        masked = zip(examples, changed["input_ids"], changed["labels"], strict=True)
        return self.for_evaluation([{**example, "input_ids": ids, "labels": labels} for example, ids, labels in masked])


def completion_mask(prompts: Sequence[Sequence[int]], rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """TRL's column `completion_mask`: 0 for the prompt at the start of each row, 1 for the answer after it.

    Raises:
        MaskingError: a row that does not begin with its prompt, which happens when the two were tokenised apart.

    >>> completion_mask([[5, 6]], [[5, 6, 7, 8]])
    [[0, 0, 1, 1]]
    """
    for number, (prompt, row) in enumerate(zip(prompts, rows, strict=True)):
        if list(row[: len(prompt)]) != list(prompt):
            raise MaskingError(f"row {number} does not begin with its prompt; tokenise both with one template.")
    return [[0] * len(prompt) + [1] * (len(row) - len(prompt)) for prompt, row in zip(prompts, rows, strict=True)]


def assistant_mask(rows: Sequence[Sequence[int]], start: Sequence[int], end: Sequence[int]) -> list[list[int]]:
    """TRL's column `assistant_masks`, for chat templates that do not mark what the assistant says.

    Args:
        rows: ids of conversations.
        start: ids that open a turn of the assistant; they get 0.
        end: ids that close it; they get 1, because the model has to learn to stop. A turn that is not closed lasts to
            the end of the row.

    >>> assistant_mask([[1, 9, 5, 6, 2, 1, 8, 5, 2]], start=[1, 9], end=[2])
    [[0, 0, 1, 1, 1, 0, 0, 0, 0]]
    """
    if not len(start) or not len(end):
        raise ConfigError("assistant_mask: start and end: expected one id or more each.")
    out = []
    for row in rows:
        ids, mask = np.asarray(row, dtype=np.int64), np.zeros(len(row), dtype=np.int64)
        stops = _places(ids, end) + len(end)
        for first in _places(ids, start) + len(start):
            later = stops[stops - len(end) >= first]
            mask[first : later[0] if len(later) else len(ids)] = 1
        out.append(mask.tolist())
    return out


def _places(ids: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """[n] where the ids that are wanted begin."""
    if len(ids) < len(wanted):
        return np.zeros(0, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(ids, len(wanted))
    return np.flatnonzero((windows == np.asarray(wanted)).all(1))
