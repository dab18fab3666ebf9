"""Saving and restoring all that the rest of a training run depends on, in place of the stock Trainer's way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import Trainer

from maskwright.config import RunConfig
from maskwright.tasks.contract import Task
from maskwright.tasks.examples import Examples
from maskwright.train import checkpoint, random_states
from maskwright.train.ema import Ema
from maskwright.train.metrics_log import MetricsLog
from maskwright.train.progress import Watcher
from maskwright.train.selection import Selection
from maskwright.train.stop import StopRequest

if TYPE_CHECKING:
    from maskwright.data.streams import Stream

__all__ = ["Resumable", "TrainingStream", "Work"]


@dataclass(frozen=True)
class TrainingStream:
    """Training rows that are read while the model learns.

    Attributes:
        rows: the stream, with the seed of the run.
        encode: a few rows -> examples of the task.
    """

    rows: Stream
    encode: Callable[[Any], Examples]


@dataclass
class Work:
    """What a trainer works on and reports to.

    Attributes:
        task: of the run.
        reader: turns examples into inputs.
        train, validation: encoded splits.
        checkpoints: folder.
        log: of metrics.
        watch: told what happens.
        stop: whether to stop.
        stream: where training rows are read as a stream; `train` then holds its first rows.
        cells: (tokens, patches) that went through the model in training so far, on this process.
        cells_whole: that would have, had nothing been dropped.
        seconds_before: time spent in earlier sessions of this run.
        started: when this session began, by the monotonic clock.
    """

    task: Task
    reader: Any
    train: Examples
    validation: Examples
    checkpoints: Path
    log: MetricsLog
    watch: Watcher
    stop: StopRequest = field(default_factory=StopRequest)
    stream: TrainingStream | None = None
    cells: int = 0
    cells_whole: int = 0
    seconds_before: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Time spent on this run, earlier sessions included."""
        return self.seconds_before + time.monotonic() - self.started


class Resumable(Trainer):
    """A Trainer whose checkpoints are whole or do not count, hold no pickle, and restore everything to the bit."""

    model: Any
    optimizer: Any
    lr_scheduler: Any
    config: RunConfig
    work: Work
    selection: Selection
    ema: Ema | None
    order: Any

    def save_best(self) -> None:
        """Keep the weights in the model as those of the best score, which was made at this step."""
        if self.args.should_save:
            path = checkpoint.best_path(self.work.checkpoints, self.state.global_step)
            checkpoint.write_tensors(path, checkpoint.learned_tensors(self.model))

    def best_weights(self) -> Path | None:
        """The file of the best score's weights; None if the last ones are to be kept."""
        if not self.config.training.keep_best or self.selection.best_step is None:
            return None
        return checkpoint.best_path(self.work.checkpoints, self.selection.best_step)

    def restore(self, folder: Path) -> None:
        """Take over weights, averages and scores from a checkpoint, to look at or to train on."""
        self._load_from_checkpoint(str(folder))

    def _save_checkpoint(self, model: Any, trial: Any = None) -> None:
        folder = checkpoint.folder_of(self.work.checkpoints, self.state.global_step)
        rank = self.args.process_index
        done = [self.work.cells, self.work.cells_whole]
        checkpoint.write(folder, {}, {f"random-{rank}": random_states.capture(), f"cells-{rank}": done})
        if self.args.should_save:
            self._write_shared_parts(folder)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            self.work.log.sync()
            checkpoint.seal(folder)
            checkpoint.prune(self.work.checkpoints, folder, self.selection.best_step)
        self.accelerator.wait_for_everyone()

    def _write_shared_parts(self, folder: Path) -> None:
        """What is the same on every process."""
        tensors, rest = checkpoint.optimizer_parts(self.optimizer.state_dict())
        groups = {"weights": checkpoint.learned_tensors(self.model), "optimizer": tensors}
        if self.ema is not None:
            groups["ema"] = self.ema.average
        state = {
            "optimizer": rest,
            "scheduler": self.lr_scheduler.state_dict(),
            "selection": vars(self.selection),
            "ema_updates": self.ema.updates if self.ema is not None else 0,
            "seconds": self.work.seconds,
            "order": self.order.state(),
        }
        checkpoint.write(folder, groups, {"state": state})
        self.state.save_to_json(str(folder / "trainer_state.json"))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        folder = Path(resume_from_checkpoint)
        checkpoint.load_learned(self.model, folder / "weights.safetensors")
        state = checkpoint.read(folder, "state")
        kept = state["selection"]
        self.selection.best = None if kept["best"] is None else (kept["best"][0], kept["best"][1])
        self.selection.best_step, self.selection.without_improvement = kept["best_step"], kept["without_improvement"]
        self.work.seconds_before = state["seconds"]
        self.order.restore(state["order"])
        done = checkpoint.read(folder, f"cells-{self.args.process_index}")
        self.work.cells, self.work.cells_whole = done
        if self.ema is not None:
            self.ema.load(checkpoint.read_tensors(folder / "ema.safetensors"), state["ema_updates"])

    def _load_optimizer_and_scheduler(self, checkpoint_folder: str | None) -> None:  # type: ignore[override]
        if checkpoint_folder is None:
            return
        folder = Path(checkpoint_folder)
        state = checkpoint.read(folder, "state")
        tensors = checkpoint.read_tensors(folder / "optimizer.safetensors")
        self.optimizer.load_state_dict(checkpoint.optimizer_state(tensors, state["optimizer"]))
        self.lr_scheduler.load_state_dict(state["scheduler"])

    def _load_rng_state(self, checkpoint_folder: str | None) -> None:  # type: ignore[override]
        if checkpoint_folder is not None:
            random_states.restore(checkpoint.read(Path(checkpoint_folder), f"random-{self.args.process_index}"))
