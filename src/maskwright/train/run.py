"""One training run, from a configuration to a finished run folder."""

from __future__ import annotations

import dataclasses
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import __version__
from maskwright.config import RunConfig
from maskwright.engine.modalities import of_node
from maskwright.errors import ConfigError, RunError
from maskwright.train.admission import CHANGED, check_unchanged, is_finished, kept_by, refusals, unused_evaluation
from maskwright.train.folder import FORMAT, RunFolder
from maskwright.train.progress import Event, Watcher, silent
from maskwright.train.trackers import check_trackers

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData
    from maskwright.tasks.contract import Task
    from maskwright.train.trainer import MaskedTrainer

__all__ = ["train"]


def train(config: RunConfig, *, resume: bool = True, on_progress: Watcher = silent) -> Path:
    """Train a model and write its run folder, `config.training.output`.

    In a folder that holds the same run unfinished, training goes on from the last whole checkpoint and ends with the
    same numbers, to the bit, as if it had never stopped. In a folder that holds it finished, nothing is done.

    Args:
        config: of the run.
        resume: whether to go on with an unfinished run; if not, finding one is an error.
        on_progress: told what happens, in the first process only.

    Returns:
        The run folder.

    Raises:
        ConfigError: the model, the tokenizer or an extra does not fit the configuration; a tracker is not installed.
        DataError: the data cannot be used; all problems at once.
        RunError: the folder holds another run, cannot be written, or another process works in it.
        TrainingStopped: Ctrl-C or SIGTERM; a checkpoint was left.
    """
    first = int(os.environ.get("RANK", "0")) == 0
    watch = on_progress if first else silent
    folder = RunFolder(Path(config.training.output))
    with refusals(folder.path):
        if is_finished(folder, config, resume):
            check_unchanged(folder, config)
            watch(Event("note", f"{folder.path} is finished already; nothing to do."))
            unused = unused_evaluation(folder, config)
            if unused:
                watch(Event("note", unused))
            return folder.path
        with folder.locked() if first else nullcontext():
            if first and is_finished(folder, config, resume):  # by another process, while this one waited
                return folder.path
            session = _Session(config, folder, watch)
            data = session.load_data()
            watch(Event("phase", "loading libraries"))
            from maskwright.train.quiet import quiet
            from maskwright.train.random_states import preserved

            with quiet(), preserved():
                session.run(data)
    return folder.path


@dataclass
class _Session:
    """One attempt at a run, from loading to the finished folder, or to a stop.

    Attributes:
        config: of the run.
        folder: of the run.
        watch: told what happens.
    """

    config: RunConfig
    folder: RunFolder
    watch: Watcher

    def load_data(self) -> CheckedData:
        """Read and check the data, which needs none of the slow libraries."""
        from maskwright import tasks

        check_trackers(self.config.training.report_to)
        before = self.folder.info() if self.folder.exists() else {}
        self.watch(Event("phase", "reading the data"))
        data = tasks.get(self.config.task).load(self.config.data)
        for note in data.notes:
            self.watch(Event("note", note))
        if before and before["data_fingerprint"] != data.fingerprint:
            raise RunError(CHANGED.format(self.folder.path))
        return data

    def run(self, data: CheckedData) -> None:
        """Train and finish."""
        from maskwright import tasks
        from maskwright.train import checkpoint
        from maskwright.train.arguments import training_arguments
        from maskwright.train.device import check_world_size
        from maskwright.train.finish import finish

        task = tasks.get(self.config.task)
        before = self.folder.info() if self.folder.exists() else {}
        saved = checkpoint.newest(self.folder.checkpoints)
        self._tell_broken(checkpoint.broken(self.folder.checkpoints), saved, bool(before))
        arguments = training_arguments(self.config.training, self.folder.checkpoints, before.get("dtype"))
        check_world_size(arguments.world_size, self.config.training.world_size)
        if before:
            self._check_processes(before["world_size"], arguments.world_size)
        built, trainer = self._trainer(task, data, arguments)
        trainer.accelerator.wait_for_everyone()
        if arguments.should_save:
            self._begin(before, data, arguments)
            checkpoint.prune(self.folder.checkpoints, saved, checkpoint.best_step(saved))
        trainer.accelerator.wait_for_everyone()
        step = self._learn(trainer, saved)
        if arguments.should_save:
            self.watch(Event("phase", "saving the model"))
            finish(self.folder, trainer, built.reader, step)
        trainer.accelerator.wait_for_everyone()

    def _tell_broken(self, broken: list[Path], saved: Path | None, begun: bool) -> None:
        for path in broken:
            self.watch(Event("note", f"the checkpoint {path} was cut short or damaged; it is not used."))
        if begun and saved is None:
            self.watch(Event("note", "there is no whole checkpoint to go on from; the run begins again."))

    def _check_processes(self, before: int, now: int) -> None:
        if before != now:
            how = "without torchrun" if before == 1 else f"with torchrun --nproc-per-node {before}"
            raise RunError(
                f"{self.folder.path}: this run was begun with {before} process{'es' * (before > 1)}, {now} are running "
                f"now. Go on {how}, or choose another folder (training.output=...)."
            )

    def _trainer(self, task: Task, data: CheckedData, arguments: Any) -> tuple[Any, MaskedTrainer]:
        from maskwright.tasks.hidden_share import amount_notes
        from maskwright.train import lora
        from maskwright.train.metrics_log import MetricsLog
        from maskwright.train.resume import Work
        from maskwright.train.stop import StopRequest
        from maskwright.train.trainer import MaskedTrainer

        training = self.config.training
        self.watch(Event("phase", "preparing the model"))
        built = task.build(self.config, data)
        for note in built.notes:
            self.watch(Event("note", note))
        model = built.model
        if training.gradient_checkpointing:
            _checkpoint_activations(model)
        if training.lora is not None:
            model = lora.attach(model, training.lora, built.heads, training.seed)
        train, validation = self._encode(task, data, built.reader)
        for note in amount_notes(task, self.config, data):
            self.watch(Event("note", note))
        work = Work(
            task=task,
            reader=built.reader,
            train=train,
            validation=validation,
            checkpoints=self.folder.checkpoints,
            log=MetricsLog(self.folder.metrics_file, active=arguments.should_save),
            watch=self.watch,
            stop=StopRequest(lambda message: self.watch(Event("note", message))),
            stream=self._stream(task, data, built.reader),
        )
        return built, MaskedTrainer(model, self.config, arguments, work)

    def _encode(self, task: Task, data: CheckedData, reader: Any) -> tuple[Any, Any]:
        splits = []
        for name, rows in (("training", data.train), ("validation", data.validation)):
            tell = partial(self._tell_reading, f"reading the {name} {task.words.examples}")
            split = task.encode(rows, reader, self.config, data=data, on_progress=tell)
            for note in split.notes:
                self.watch(Event("note", f"{name}: {note}"))
            splits.append(split)
        return splits[0], splits[1]

    def _stream(self, task: Task, data: CheckedData, reader: Any) -> Any:
        """The training rows as a stream, where the data is one."""
        from maskwright.train.resume import TrainingStream

        if data.stream is None:
            return None
        rows = dataclasses.replace(data.stream, seed=self.config.training.seed)
        return TrainingStream(rows, partial(task.encode, reader=reader, config=self.config, data=data))

    def _tell_reading(self, message: str, done: int, total: int) -> None:
        self.watch(Event("phase", message, step=done, steps=total))

    def _begin(self, before: dict[str, Any], data: CheckedData, arguments: Any) -> None:
        masking = self.config.masking
        node = None if masking is None else masking.to_dict()
        info = {
            "format": FORMAT,
            "version": __version__,
            "task": self.config.task,
            "labels": list(data.labels),
            "masking": node,
            "unit": node and of_node(node, "unit"),
            "fill": node and of_node(node, "fill"),
            "twin": node is None,
            "seed": self.config.training.seed,
            "kept_by": kept_by(self.config),
            "model": self.config.model,
            "data_fingerprint": data.fingerprint,
            "columns": dict(data.columns),
            "variants": list(data.variants),
            "dtype": "bf16" if arguments.bf16 else "fp32",
            "world_size": arguments.world_size,
        }
        self.folder.begin(self.config, {**before, **info, "status": "running"})

    def _learn(self, trainer: MaskedTrainer, saved: Path | None) -> int:
        """Train to the end; return the last step made."""
        from maskwright.train import checkpoint
        from maskwright.train.stop import TrainingStopped

        step = checkpoint.step_of(saved) if saved is not None else 0
        trainer.work.log.rewind(step)
        trainer.work.started = time.monotonic()
        patience = self.config.training.early_stopping
        if saved is not None:
            trainer.restore(saved)
            self.watch(Event("note", f"going on from step {step:,} of {trainer.plan.steps:,}."))
        if step < trainer.plan.steps and not trainer.selection.exhausted(patience):
            with trainer.work.stop.listening():
                trainer.train(resume_from_checkpoint=None if saved is None else str(saved))
            step = trainer.state.global_step
        if step < trainer.plan.steps:
            if not trainer.selection.exhausted(patience):
                if trainer.args.should_save:
                    self.folder.set_status("interrupted")
                raise TrainingStopped(self.folder.path, step, trainer.plan.steps)
            self.watch(Event("note", f"stopped early at step {step:,}: {patience} evaluations without improvement."))
        return step


def _checkpoint_activations(model: Any) -> None:
    """Trade time for memory; the method was renamed within transformers 5."""
    enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
    try:
        enable({"use_reentrant": False})
    except ValueError as error:
        raise ConfigError(f"training.gradient_checkpointing: {error}") from error
