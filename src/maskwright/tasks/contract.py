"""The contract of tasks: what a task consists of, and the values that go between it and the rest of the program.

A task is one value, `TASK = Task(...)`, in a file of its own. Trainer, evaluator, report and commands know no task by
name; they call the parts of this value and nothing else. docs/add-a-task.md builds one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from maskwright.tasks.metrics.metric import Metric

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from maskwright.config import Configuration, RunConfig
    from maskwright.data.checked import CheckedData
    from maskwright.rng import Moment

__all__ = [
    "FILLER",
    "Answer",
    "Batch",
    "Built",
    "Examples",
    "Hidden",
    "Interim",
    "Loss",
    "Shown",
    "Task",
    "View",
    "Words",
]

FILLER = -1
"""Row number that stands for no example: it fills a batch up, with weight 0."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some examples, whole.

    Attributes:
        inputs: what the model takes, name -> tensor [B, ...].
        labels: what its answers are compared with in the loss, name -> tensor [B, ...], or a list of B entries.
        ids: [B] int64, which name the examples' masks.
        weight: [B] float32, what each example counts in the loss; 0 for a filler.
    """

    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    ids: torch.Tensor
    weight: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        from accelerate.utils import send_to_device

        moved = send_to_device([dict(self.inputs), dict(self.labels), self.ids, self.weight], device)
        return Batch(*moved)

    def pin_memory(self) -> Batch:
        """The same in memory that a graphics card can copy from; `DataLoader` calls it by this name."""
        from torch.utils.data._utils.pin_memory import pin_memory

        parts = pin_memory([dict(self.inputs), dict(self.labels), self.ids, self.weight])
        return Batch(*parts)

    @property
    def examples(self) -> int:
        """How many examples there are, fillers left out."""
        return int((self.weight > 0).sum())


@dataclass(frozen=True, eq=False)
class Hidden:
    """A batch with parts hidden: inputs, and the labels that follow what was done to them.

    Attributes:
        inputs: what the model takes, name -> tensor [B, ...].
        labels: as those of the batch, changed where inputs were dropped, merged or moved.
        weight: [B] float32, what each example counts in the loss, with the weight that a law of masking attaches.
        count: what the loss is a mean over, added up over the batch: examples, tokens, objects.
        share: [B] float32, hidden share of each example's units.
        mask: over the units, where the task's loss or pictures ask for it.
        probability: [B] float32, the chance with which units were hidden, where the budget draws one.
    """

    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    weight: torch.Tensor
    count: float
    share: torch.Tensor
    mask: Any = None
    probability: torch.Tensor | None = None

    @classmethod
    def whole(cls, batch: Batch, count: float | None = None) -> Hidden:
        """A batch of which nothing is hidden; the count is that of its examples if none is given."""
        import torch

        share = torch.zeros(len(batch.ids), device=batch.ids.device)
        number = batch.examples if count is None else count
        return cls(batch.inputs, batch.labels, batch.weight, number, share)


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss as a sum and the count that it is a mean over.

    The trainer divides by the count of the whole optimiser step, over all its micro-batches and processes, so that
    every way of splitting a step gives the same gradient.

    Attributes:
        sum: scalar tensor, weighted losses added up.
        count: that of the `Hidden` it was made of.
    """

    sum: torch.Tensor
    count: float


@dataclass(frozen=True)
class Built:
    """A model ready to be trained, or to be asked.

    Attributes:
        model: a torch module.
        reader: turns examples into inputs (a tokenizer, an image processor); `reader.save_pretrained(folder)` writes
            what `Task.restore` reads.
        heads: names of the modules that are new for the task and learn whole where the rest gets adapters.
        notes: what the user should know, a sentence each.
    """

    model: Any
    reader: Any
    heads: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Examples(Protocol):
    """A split that can be batched and hidden."""

    @property
    def example_ids(self) -> np.ndarray:
        """[N] int64, which name the examples' masks."""
        ...

    @property
    def classes(self) -> np.ndarray | None:
        """[N] int64, the class of each example; None in tasks where an example has not one class."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the examples were read ("12 texts are cut at the end")."""
        ...

    def __len__(self) -> int:
        """Number of examples."""
        ...

    @property
    def lengths(self) -> np.ndarray:
        """[N] cells of each example (tokens; numbers in proportion to memory and time): what batches are cut by."""
        ...

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        """`batch`, by the name that workers of a `DataLoader` call; reading files belongs here."""
        ...

    def batch(self, rows: Iterable[int]) -> Batch:
        """Some examples on the CPU; `FILLER` stands for a copy of the first example with weight 0."""
        ...

    def references(self, rows: Any) -> Any:
        """What right answers are, one for each of some row numbers: class indices, numbers, texts, tags, boxes."""
        ...

    def hide(self, batch: Batch, masking: Any, moment: Moment) -> Hidden:
        """Hide parts of a batch, on the device it is on; labels follow what is done to the inputs.

        The same ids and moment always hide the same. Without a masking nothing is hidden, and the inputs are those a
        model gets in use.
        """
        ...

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Cells that go through the model (tokens without padding, patches): the unit of throughput."""
        ...

    def joined(self, parts: Sequence[Hidden], cells: int) -> Iterator[tuple[torch.Tensor, Hidden]]:
        """Batches for forward passes from examples that were hidden in several ways.

        Args:
            parts: P ways of hiding the same B examples.
            cells: at most as many in a batch (see `lengths`), but at least one example.

        Yields:
            ([R] int64 places part · B + example on the inputs' device, these R examples). Every place once.
        """
        ...


@dataclass(frozen=True)
class Words:
    """What a task calls its things, in the plural.

    Attributes:
        examples: "texts".
        units: what `Examples.work` counts: "tokens".
        input: the role of the column that `variant:NAME` columns stand in for: "text".
    """

    examples: str
    units: str
    input: str


@dataclass(frozen=True)
class Interim:
    """How a model is asked while it learns, where answers take long.

    Attributes:
        settings: of `Task.predict`.
        examples: validation examples that are answered, at most, the same ones every time; the loss is that of all.
    """

    settings: Any
    examples: int


@dataclass(frozen=True)
class View:
    """How an example is shown to a person.

    Attributes:
        reader: of the run.
        masking: what is hidden; None shows it whole.
        moment: of the masks.
        labels: names of the classes.
    """

    reader: Any
    masking: Any
    moment: Moment
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """What a model answered about one example, for people.

    Attributes:
        text: the answer in words.
        probability: that the model gives it.
        right: whether it is right; None where answers are not simply right or wrong.
        picture: the source of a picture of it, a data: URI.
        pieces: the answer as text in pieces, with `kind` where a piece has one (a tag, a difference).
    """

    text: str
    probability: float | None = None
    right: bool | None = None
    picture: str | None = None
    pieces: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Shown:
    """An example as a person sees it: text in pieces, pictures, sound, or a row of a table.

    Attributes:
        pieces: text, each piece with `text`, `hidden` and perhaps `kind`.
        pictures: (title, uint8 [row, col, 3]) each, as the model sees it.
        audio: (title, samples, hertz) each.
        row: (column, value, hidden) each.
        reference: what the right answer is, in words.
        reference_pieces: the same as text in pieces.
        answers: who -> answer.
        hidden, units: numbers of units hidden and there.
        unit: what one is called, where it is not the masking's word.
        parts: (hidden, there, unit) each, where several kinds of units are hidden.
    """

    pieces: tuple[Any, ...] = ()
    pictures: tuple[tuple[str, np.ndarray], ...] = ()
    audio: tuple[tuple[str, np.ndarray, int], ...] = ()
    row: tuple[tuple[str, str, bool], ...] = ()
    reference: str | None = None
    reference_pieces: tuple[Any, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    hidden: int = 0
    units: int = 0
    unit: str = ""
    parts: tuple[tuple[int, int, str], ...] = ()


def nothing_to_check(config: RunConfig) -> None:
    """Any configuration goes with the task."""
    del config


def nothing_to_describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """Nothing to say about the examples before they are encoded."""
    del config, data
    return ()


def no_settings(config: RunConfig, reader: Any) -> Any:
    """Answers come from one forward pass, which needs no settings."""
    del config, reader


def alike(one: Any, other: Any) -> bool:
    """Two readers of the same kind make the same inputs."""
    return type(one) is type(other)


@dataclass(frozen=True)
class Task:
    """A task: how rows become examples, what a model answers, how an answer is scored and shown.

    Attributes:
        name: as a configuration gives it.
        words: what its things are called.
        configuration: its own sections of a run configuration, objectives and defaults.
        metrics: that can be measured; the first is the headline unless `evaluation.metrics` says otherwise.
        load: `data` section -> checked splits.
        reader: what turns examples into inputs (a tokenizer, an image processor), as `build` will use it.
        build: makes the model; new weights depend on `training.seed` alone.
        restore: reads back what `build` and training left in a run's model folder; RunError if it is damaged.
        encode: (rows of a split, reader, config, data=, on_progress=) -> Examples.
        loss: (model, hidden) -> Loss, by a forward pass.
        predict: (model, hidden, settings) -> one prediction per example, of any length, in a list or an array; a
            forward pass or generation.
        shown: (examples, row, view, predictions by who) -> Shown.
        check: raises ConfigError where masking, objective and evaluation do not go with the task.
        describe: lines for `check` about the examples ("lengths in words: ...").
        settings: what `predict` needs besides, such as beams and a tokenizer.
        interim: how a model is asked while it learns, where that is less than at evaluation.
        likelihood: (model, hidden) -> `objectives.Likelihood`; where there is one, views can be made consistent.
        sections: (material, asked) -> more sections of the report; see `maskwright.evaluate.sweep`.
        calibration: metrics of what the probabilities of answers mean; those of whole inputs and every condition.
        same_reader: whether two readers make the same inputs (a run's and its twin's).
        plain_fill: reader -> the fill to evaluate a model with that was trained without masking.
        evaluated: reads {"pattern", "budget", "fill", "unit"} where evaluation hides by something else than a Masking.
        modalities: names of the inputs that a `PerModality` may hide in.
        audited: examples -> [{"input_ids", "example_id"}], what `maskwright audit` puts through a masking of texts.
        default_metrics: how many of `metrics`, from the first, are measured unless others are named; 0 for all.
        shows_examples: False where `sections` shows examples, so that the report need not besides.
    """

    name: str
    words: Words
    configuration: Configuration
    metrics: tuple[Metric, ...]
    load: Callable[[Any], CheckedData]
    reader: Callable[[RunConfig, CheckedData], Any]
    build: Callable[[RunConfig, CheckedData], Built]
    restore: Callable[[Path], Built]
    encode: Callable[..., Examples]
    loss: Callable[[Any, Hidden], Loss]
    predict: Callable[[Any, Hidden, Any], Any]
    shown: Callable[[Any, int, View, Mapping[str, Any]], Shown]
    check: Callable[[RunConfig], None] = nothing_to_check
    describe: Callable[[RunConfig, CheckedData], tuple[str, ...]] = nothing_to_describe
    settings: Callable[[RunConfig, Any], Any] = no_settings
    interim: Callable[[RunConfig, Any], Interim] | None = None
    likelihood: Callable[[Any, Hidden], Any] | None = None
    sections: Callable[[Any, Any], list[dict[str, Any]]] | None = None
    calibration: tuple[Metric, ...] = ()
    same_reader: Callable[[Any, Any], bool] = alike
    plain_fill: Callable[[Any], Any] | None = None
    evaluated: Callable[[Mapping[str, Any]], Any] | None = None
    modalities: tuple[str, ...] = ()
    audited: Callable[[Any], Sequence[Mapping[str, Any]]] | None = None
    default_metrics: int = 0
    shows_examples: bool = True

    def chosen_metrics(self, names: Sequence[str] | None) -> tuple[Metric, ...]:
        """The metrics that are measured, the headline first: those named, else the task's own choice."""
        if names is None:
            return self.metrics[: self.default_metrics or None]
        by_name = {metric.name: metric for metric in self.metrics}
        return tuple(by_name[name] for name in names)
