"""Hugging Face Datasets: masking in `Dataset.map`, in `with_transform`, and in streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from maskwright.adapters.clock import Clock, Clocked
from maskwright.adapters.rows import check_objective, check_rows, keys_of, mask_rows, tables
from maskwright.errors import MaskingError
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.units.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class MapFunction:
    """Masks rows of a tokenised data set; see `map_function`."""

    masking: Masking
    vocabulary: Vocabulary
    objective: str = "supervised"
    seed: int = 0
    epoch: int = 0
    progress: float = 0.0

    def __call__(self, columns: Mapping[str, Sequence[Any]], indices: Sequence[int] | None = None) -> dict[str, Any]:
        """The changed columns of a batch of rows."""
        check_rows(columns, "map_function")
        keys = keys_of(Moment(self.seed, self.epoch, self.progress), columns, indices)
        return mask_rows(self.masking, self.vocabulary, columns, keys, self.objective)


def map_function(masking: Masking, tokenizer: Any, **options: Any) -> MapFunction:
    """A function for `Dataset.map(batched=True)`: the masks of one epoch, written into the data set.

        masked = tokenised.map(map_function(masking, tokenizer, epoch=1), batched=True, with_indices=True)

    With `with_indices=True` rows are named by their number; by the column `example_id` if there is one; otherwise by
    their content, as in streams, whose numbers change when they are shuffled or shared out. It pickles to the same
    bytes each time, so that the data set's cache knows it again. Masks that are new in every epoch: `transform`, or
    the collator.

    Args:
        masking: what to hide.
        tokenizer: the one that made the ids.
        **options: `objective` (`supervised` or `reconstruct`, which adds the column `labels`), `seed`, `epoch`, and
            `progress` for budgets that move.

    Raises:
        ConfigError: another objective.
    """
    check_objective(options.get("objective", "supervised"), masking)
    return MapFunction(masking, tables(tokenizer), **options)


class Transform(Clocked):
    """Masks rows as they are read; see `transform`."""

    def __init__(self, function: MapFunction, clock: Clock):
        self.function = function
        self.clock = clock

    def __call__(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """All columns of a batch of rows, masked for the epoch that was set."""
        if self.epoch < 0:
            raise MaskingError(
                "no epoch has reached the transform, so every epoch would get the same masks: call "
                "transform.set_epoch(epoch) at the start of every epoch."
            )
        function = replace(self.function, epoch=self.epoch, progress=self.clock.progress)
        return {**columns, **function(columns)}


def transform(
    masking: Masking, tokenizer: Any, *, objective: str = "supervised", seed: int = 0, epoch: int | None = None
) -> Transform:
    """A callable for `Dataset.with_transform`, with masks that are new in every epoch.

        hide = transform(masking, tokenizer)
        hidden = tokenised.with_transform(hide)
        hide.set_epoch(0)      # and so on; reaches DataLoader workers that already run

    Rows are named by the column `example_id`, or else by their content.

    Raises:
        ConfigError: another objective.
        MaskingError: (when rows are read) no epoch was set.
    """
    return Transform(map_function(masking, tokenizer, objective=objective, seed=seed), Clock(epoch))
