"""The contract of tasks: what a task consists of.

A task is one value, `TASK = Task(...)`, in a file of its own. Trainer, evaluator, report and commands know no task by
name; they call the parts of this value and nothing else. `maskwright.tasks.examples` has the values that go through a
model, `maskwright.tasks.views` those that people see; docs/add-a-task.md builds a task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.tasks.examples import Examples, Hidden, Loss
from maskwright.tasks.metrics.metric import Metric
from maskwright.tasks.views import Shown, View, Worded

if TYPE_CHECKING:
    from pathlib import Path

    from maskwright.config import Configuration, RunConfig
    from maskwright.data.checked import CheckedData

__all__ = ["Built", "Interim", "Task", "Words"]


@dataclass(frozen=True)
class Built:
    """A model ready to be trained, or to be asked.

    Attributes:
        model: a torch module; `model.save_pretrained(folder)` makes the folder and writes weights (safetensors) and
            whatever else `Task.restore` reads.
        reader: turns examples into inputs (a tokenizer, an image processor); `reader.save_pretrained(folder)` adds
            its own files.
        heads: names of the modules that are new for the task and learn whole where the rest gets adapters.
        notes: what the user should know, a sentence each.
    """

    model: Any
    reader: Any
    heads: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
        name: as a configuration gives it: its file's, or `module:TASK`.
        words: what its things are called.
        configuration: its own sections of a run configuration, objectives and defaults.
        metrics: that can be measured; the first is the headline unless `evaluation.metrics` says otherwise.
        load: `data` section -> checked splits.
        reader: what turns examples into inputs (a tokenizer, an image processor), as `build` will use it.
        build: makes the model; new weights depend on `training.seed` alone.
        restore: reads back what `save_pretrained` of model and reader left in a run's model folder; RunError if
            anything is missing or damaged.
        encode: (rows of a split, reader, config, data=, on_progress=) -> Examples.
        loss: (model, hidden) -> Loss, by a forward pass.
        predict: (model, hidden, settings) -> one prediction per example, of any length, in a list or an array; a
            forward pass or generation.
        shown: (examples, row, view, predictions by who) -> Shown.
        worded: (examples, rows, predictions, names of the classes) -> Worded, the answers of a batch for the table of
            all answers; without it, they are left out there.
        check: raises ConfigError where masking, objective and evaluation do not go with the task.
        describe: lines for `check` about the examples ("lengths in words: ...").
        settings: what `predict` needs besides, such as beams and a tokenizer.
        interim: how a model is asked while it learns, where that is less than at evaluation.
        likelihood: (model, hidden) -> `objectives.Likelihood`; where there is one, views can be made consistent.
        sections: (material, asked) -> more sections of the report; see `maskwright.evaluate.sweep`.
        calibration: metrics of what the probabilities of answers mean; those of whole inputs and every condition.
        same_reader: whether two readers make the same inputs (a run's and its twin's).
        plain_fill: reader -> the fill to evaluate a model with that was trained without masking.
        other_fill: (fill, reader) -> another way to take the same things away, by which a report tells surprise from
            robustness: the twin never met the run's own fill.
        readable: (checked data, reader) -> the data with variants that the reader can read, where some need more than
            reading rows: the mask token in place of a shortcut.
        evaluated: reads {"pattern", "budget", "fill", "unit"} where evaluation hides by something else than a Masking.
        modalities: names of the inputs that a `PerModality` may hide in.
        audited: (examples, masking) -> [{"input_ids", "example_id"}], the texts that `maskwright audit` masks; with
            `word_ids` where words are known.
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
    worded: Callable[[Any, Any, Sequence[Any], Sequence[str]], Worded] | None = None
    check: Callable[[RunConfig], None] = nothing_to_check
    describe: Callable[[RunConfig, CheckedData], tuple[str, ...]] = nothing_to_describe
    settings: Callable[[RunConfig, Any], Any] = no_settings
    interim: Callable[[RunConfig, Any], Interim] | None = None
    likelihood: Callable[[Any, Hidden], Any] | None = None
    sections: Callable[[Any, Any], list[dict[str, Any]]] | None = None
    calibration: tuple[Metric, ...] = ()
    same_reader: Callable[[Any, Any], bool] = alike
    plain_fill: Callable[[Any], Any] | None = None
    other_fill: Callable[[Any, Any], Any] | None = None
    readable: Callable[[CheckedData, Any], CheckedData] | None = None
    evaluated: Callable[[Mapping[str, Any]], Any] | None = None
    modalities: tuple[str, ...] = ()
    audited: Callable[[Any, Any], Sequence[Mapping[str, Any]]] | None = None
    default_metrics: int = 0
    shows_examples: bool = True

    def chosen_metrics(self, names: Sequence[str] | None) -> tuple[Metric, ...]:
        """The metrics that are measured, the headline first: those named, else the task's own choice."""
        if names is None:
            return self.metrics[: self.default_metrics or None]
        by_name = {metric.name: metric for metric in self.metrics}
        return tuple(by_name[name] for name in names)
