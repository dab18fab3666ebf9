"""What a trainer and an evaluator need of a split, of a forward pass and of its score, whatever the task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from maskwright.rng import EVALUATION_SEED

if TYPE_CHECKING:
    import torch

    from maskwright.masking import Masking

__all__ = [
    "BESIDES",
    "EVALUATION_SEED",
    "FILLER",
    "Built",
    "Examples",
    "Hidden",
    "Metric",
    "Outcome",
    "Scores",
    "plain_inputs",
]

FILLER = -1
"""Row number that stands for no example: it fills a batch up, with weight 0."""

BESIDES = ("labels", "example_id", "weight")
"""What a batch has besides the inputs of the model."""


@dataclass(frozen=True)
class Built:
    """A model ready to be trained.

    Attributes:
        model: a torch module that takes the inputs of the task's examples by name.
        reader: turns examples into inputs (a tokenizer, an image processor); `reader.save_pretrained(folder)` writes
            what `load_trained` reads.
        notes: what the user should know, a sentence each.
    """

    model: Any
    reader: Any
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hidden:
    """Inputs of a model with parts hidden.

    Attributes:
        inputs: what the model takes, by name.
        share: [B] float32, hidden share of each example's units.
    """

    inputs: dict[str, Any]
    share: torch.Tensor


class Examples(Protocol):
    """A split that can be batched and hidden.

    Attributes:
        example_ids: [N] int64, which name the examples' masks.
        labels: [N] int64, class of each example; zeros where the task has none.
        notes: what the user should know about how the examples were read ("12 texts are cut at the end").
    """

    example_ids: np.ndarray
    labels: np.ndarray
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Number of examples."""
        ...

    @property
    def lengths(self) -> np.ndarray:
        """[N] cells of each example (tokens; numbers in proportion to memory and time): what batches are cut by."""
        ...

    def __getitems__(self, rows: Sequence[int]) -> dict[str, Any]:
        """`batch`, by the name `DataLoader` workers call; reading files belongs here."""
        ...

    def batch(self, rows: Iterable[int]) -> dict[str, Any]:
        """Some examples as tensors on the CPU.

        Args:
            rows: numbers of examples; `FILLER` stands for a copy of the first example with weight 0.

        Returns:
            the inputs of the model by name, and besides `labels` (a tensor, or a list with one entry an example),
            `example_id` [B] int64, and `weight` [B] float32, what each example counts in the loss.
        """
        ...

    def hide(
        self,
        inputs: Mapping[str, Any],
        masking: Masking | None,
        ids: torch.Tensor,
        *,
        seed: int,
        epoch: int,
        progress: float = 0.0,
    ) -> Hidden:
        """Hide parts of inputs, on the device they are on.

        The same ids, seed and epoch always hide the same. Without a masking nothing is hidden, and the inputs are
        those a model gets in use.
        """
        ...

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Cells that go through the model (tokens without padding, patches): the unit of throughput."""
        ...

    def joined(self, parts: Sequence[Mapping[str, Any]], cells: int) -> Iterator[tuple[torch.Tensor, dict[str, Any]]]:
        """Batches for forward passes from inputs that were hidden in several ways.

        Args:
            parts: P inputs, each of the same B examples.
            cells: at most as many in a batch (see `lengths`), but at least one example.

        Yields:
            ([R] int64 places part · B + example on the inputs' device, inputs of these R examples). Every place once.
        """
        ...


@dataclass(frozen=True)
class Metric:
    """The number a task is judged by.

    Attributes:
        name: key of `metrics`, and of the evaluation document: `accuracy`.
        label: as axes and tables call it: "accuracy".
        higher_is_better: whether more is better.
        percent: a share, shown in per cent; otherwise a plain number.
        of_whole: whether it measures anything where nothing is hidden; otherwise it is the best there by definition.
        meaning: what it is, in a sentence, where not everybody knows.
    """

    name: str
    label: str
    higher_is_better: bool = True
    percent: bool = True
    of_whole: bool = True
    meaning: str = ""


class Outcome(Protocol):
    """What came of asking a model about N examples once.

    Attributes:
        hits: [N] bool, the answer is right; None where examples are not simply right or wrong.
        probabilities: [N, classes]; None where the task has none.
    """

    hits: np.ndarray | None
    probabilities: np.ndarray | None

    def value(self, weights: np.ndarray) -> np.ndarray:
        """The metric on resamples of the examples, [b, N] weights (each row sums to N) -> [b]."""
        ...


@dataclass(frozen=True)
class Scores:
    """An outcome whose metric is the mean of a number per example.

    >>> Scores(np.array([1.0, 0.0])).value(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
    [0.5, 1.0]
    """

    scores: np.ndarray
    hits: np.ndarray | None = None
    probabilities: np.ndarray | None = None

    def value(self, weights: np.ndarray) -> np.ndarray:
        """[b, N] -> [b], the weighted mean."""
        return weights @ self.scores / weights.shape[1]


def plain_inputs(batch: Mapping[str, Any]) -> dict[str, Any]:
    """A batch without what is besides the inputs."""
    return {name: value for name, value in batch.items() if name not in BESIDES}
