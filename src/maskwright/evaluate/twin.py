"""The twin: the same model trained the same way without masking, found or trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.config import DataSection, RunConfig
from maskwright.errors import RunError
from maskwright.train.folder import RunFolder
from maskwright.train.progress import Event, Watcher

FOLDER = "twin"
"""Name of the twin's folder inside the run's."""

DECIDES_NOTHING = {"output", "workers", "report_to", "eval_batch_size", "save_every", "world_size", "dtype"}
"""Training settings in which model and twin may differ: what they decide is told by the facts of the run instead."""


@dataclass(frozen=True)
class TrainedRun:
    """A finished run: its folder, configuration (with the evaluation's overrides) and facts."""

    folder: RunFolder
    config: RunConfig
    info: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """Training seed."""
        return self.config.training.seed

    @classmethod
    def read(cls, folder: RunFolder, config: RunConfig | None = None) -> TrainedRun:
        """Read a finished run.

        Raises:
            RunError: missing, unfinished or damaged.
        """
        info = folder.finished_info()
        return cls(folder, folder.config() if config is None else config, info)


def decisive(config: RunConfig) -> dict[str, Any]:
    """What decides the weights besides data, masking and seed."""
    training = config.training.model_dump(mode="json", exclude=DECIDES_NOTHING | {"seed"})
    # What is read is told by the data's fingerprint; how it is read are the settings of the task's own.
    reading = config.data.model_dump(mode="json", exclude={*DataSection.model_fields, "dataset"})
    return {
        "task": config.task,
        "model": config.model,
        "objective": config.objective,
        **{f"data.{name}": value for name, value in reading.items()},
        **{f"training.{name}": value for name, value in training.items()},
    }


def differences(one: TrainedRun, other: TrainedRun) -> list[str]:
    """Settings in which two runs differ, besides masking and seed; empty if they can be compared."""
    mine, others = decisive(one.config), decisive(other.config)
    names = [
        f"{key}: {mine.get(key)} and {others.get(key)}"
        for key in {**mine, **others}
        if mine.get(key) != others.get(key)
    ]
    # Batch sizes are per process, numbers have another precision, weights are chosen by a metric: all of these decide
    # what is learned.
    for fact in ("world_size", "dtype", "kept_by"):
        if one.info.get(fact) != other.info.get(fact):
            names.append(f"{fact}: {one.info.get(fact)} and {other.info.get(fact)}")
    if one.info.get("data_fingerprint") != other.info.get("data_fingerprint"):
        names.append("the data")
    return names


def is_twin(candidate: TrainedRun, subject: TrainedRun) -> bool:
    """Whether a run is the subject's twin: no masking, and the same in everything else."""
    return (
        candidate.config.masking is None
        and candidate.seed == subject.seed
        and not differences(candidate, subject)
        and candidate.folder.path.resolve() != subject.folder.path.resolve()
    )


def find(subject: TrainedRun) -> TrainedRun | None:
    """Look for a finished twin: RUN/twin, then the folders next to the run, in order of name.

    Raises:
        RunError: RUN/twin is finished, but was trained in another way.
    """
    inside = RunFolder(subject.folder.path / FOLDER)
    if inside.exists() and inside.info().get("status") == "finished":
        candidate = TrainedRun.read(inside)
        if not is_twin(candidate, subject):
            facts = differences(candidate, subject) or ["masking or training.seed"]
            raise RunError(
                f"{inside.path}: this is not the twin of {subject.folder.path}; they differ in {'; '.join(facts)}. "
                "Delete it, and it is trained anew; or evaluate with evaluation.twin=false."
            )
        return candidate
    return next((one for one in _neighbours(subject) if is_twin(one, subject)), None)


def find_or_train(subject: TrainedRun, on_progress: Watcher) -> TrainedRun:
    """Give the subject's twin, training it into RUN/twin if there is none.

    Raises:
        RunError: see `find`; and what training raises.
    """
    from maskwright.train.run import train

    twin = find(subject)
    if twin is not None:
        on_progress(Event("note", f"twin: {twin.folder.path}"))
        return twin
    path = subject.folder.path / FOLDER
    processes = subject.info.get("world_size", 1)
    if processes > 1:
        raise RunError(
            f"{subject.folder.path}: was trained by {processes} processes, and so must its twin be. Train it with: "
            f"torchrun --nproc-per-node {processes} -m maskwright train {subject.folder.path / 'run.yaml'} "
            f"masking=none training.output={path} (or evaluate with evaluation.twin=false)."
        )
    on_progress(Event("note", f"training the twin (the same run with masking: none) into {path}"))
    before = subject.folder.config()
    settings = {"output": str(path), "dtype": subject.info.get("dtype", subject.config.training.dtype)}
    changed = {
        "masking": None,
        "training": subject.config.training.model_copy(update=settings),
        "data": subject.config.data,
        "generation": before.generation,
        "evaluation": before.evaluation,
    }
    train(subject.config.model_copy(update=changed), on_progress=on_progress)
    return TrainedRun.read(RunFolder(path))


def _neighbours(subject: TrainedRun) -> list[TrainedRun]:
    runs = []
    for path in sorted(subject.folder.path.resolve().parent.iterdir()):
        folder = RunFolder(path)
        if not folder.exists():
            continue
        try:
            runs.append(TrainedRun.read(folder))
        except RunError:
            # Another run that is unfinished or damaged is nobody's twin, and none of this evaluation's business.
            continue
    return runs
