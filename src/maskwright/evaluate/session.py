"""One evaluation at work: load, ask, measure, tell."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from maskwright import __version__, tasks
from maskwright.config import dump_config
from maskwright.engine.modalities import of_node
from maskwright.errors import RunError
from maskwright.evaluate.document import SCHEMA, SCHEMA_VERSION, Asked, Summary, plain
from maskwright.evaluate.groups import groups
from maskwright.evaluate.measure import MODEL, TWIN, Answers, Truth, measure
from maskwright.evaluate.predict import Machine
from maskwright.evaluate.shown import shown_condition, shown_examples
from maskwright.evaluate.sweep import Material, Passes, Plan, ask, rows_of, score
from maskwright.evaluate.twin import Subject
from maskwright.evaluate.verdict import verdict
from maskwright.tasks.contract import EVALUATION_SEED
from maskwright.train.device import describe, resolve_dtype
from maskwright.train.folder import RunFolder
from maskwright.train.progress import Event, Watcher

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

Pair = tuple[Subject, Subject | None]
"""A run and its twin."""


def examine(pairs: Sequence[Pair], data: CheckedData, watch: Watcher) -> dict[str, Any]:
    """Ask every run and twin everything and put together the evaluation document.

    Args:
        pairs: runs with their twins; all have a twin or none has.
        data: what they were trained on and are tested with.
        watch: told what happens.
    """
    session = _Session.of(pairs, data, watch)
    settings, truth = session.first.config.evaluation, session.truth
    asked = [session.ask_pair(pair) for pair in pairs]
    watch(Event("phase", "computing intervals"))
    summary = Summary(asked, truth, data.labels, settings)
    document: dict[str, Any] = {
        **session.header(),
        "clean": summary.clean(),
        "curves": summary.curves(),
        "groups": summary.groups(),
        "calibration": summary.calibration(),
        "generalisation": summary.generalisation(len(data.train)),
        "significance": summary.significance(),
        "cost": summary.cost(session.trainings(), session.parameters),
        "examples": session.examples(asked[0]),
        "sections": session.sections(asked[0]),
        "configuration": dump_config(session.first.config),
        "environment": describe(session.machine.device, session.dtype, 1),
    }
    found = verdict(document)
    told = {"outcome": found.outcome, "sentence": found.sentence, "details": list(found.details)}
    return {**document, "verdict": told}


@dataclass
class _Session:
    """What all runs of an evaluation share.

    Attributes:
        pairs: runs with their twins.
        material: the examples, encoded.
        truth: what answers are compared with.
        plan: the masks.
        machine: where models run.
        dtype: bf16 or fp32.
        watch: told what happens.
        parameters: of the model last asked.
    """

    pairs: Sequence[Pair]
    material: Material
    truth: Truth
    plan: Plan
    machine: Machine
    dtype: str
    watch: Watcher
    parameters: int = 0

    @classmethod
    def of(cls, pairs: Sequence[Pair], data: CheckedData, watch: Watcher) -> _Session:
        config, folder = pairs[0][0].config, pairs[0][0].folder
        task = tasks.get(config.task)
        watch(Event("phase", f"encoding the {task.NOUN}"))
        _, reader = task.load_trained(folder.model)
        plan = Plan.of(config.evaluation, _fill(pairs[0][0], task, reader), task)
        material = Material.of(task, config, data, reader)
        test = material.test
        truth = Truth(
            metric=task.METRIC,
            chance=float(task.chance(test)),
            n=len(test),
            n_train=len(material.train),
            labels=material.labels,
            parts=groups(len(test), material.labels, data.variants),
        )
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        dtype = resolve_dtype(config.training.dtype, device)
        longest = max(int(part.lengths.max()) for part in material.everything)
        machine = Machine(device, bf16=dtype == "bf16", batch_cells=config.evaluation.batch_size * longest)
        return cls(pairs, material, truth, plan, machine, dtype, watch)

    @property
    def first(self) -> Subject:
        return self.pairs[0][0]

    @property
    def task(self) -> ModuleType:
        return self.material.task

    def ask_pair(self, pair: Pair) -> Asked:
        """Ask a run and its twin, under the same masks."""
        subjects = {who: subject for who, subject in zip((MODEL, TWIN), pair, strict=True) if subject is not None}
        answers: dict[str, Answers] = {}
        passes: dict[str, Passes] = {}
        raw: dict[str, Any] = {}
        for who, subject in subjects.items():
            answers[who], passes[who], raw[who] = self._ask(who, subject)
        self.watch(Event("phase", "resampling"))

        def tick(done: int, total: int) -> None:
            self.watch(Event("phase", "resampling", step=done, steps=total))

        measured = measure(answers, self.truth, self.first.config.evaluation.bootstrap, tick)
        folders = {who: subject.folder.model for who, subject in subjects.items()}
        return Asked(pair[0].seed, folders, self.plan, self.machine, answers, raw, passes, measured)

    def _ask(self, who: str, subject: Subject) -> tuple[Answers, Passes, dict[Any, np.ndarray]]:
        self.watch(Event("phase", f"loading {subject.folder.path}"))
        _check_belongs(subject)
        model, reader = self.task.load_trained(subject.folder.model)
        self.material.check_same_reader(reader, subject.folder.path)
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        whose = f"{who} (seed {subject.seed})" if len(self.pairs) > 1 else who
        asking = self._ticker(f"asking the {whose}", rows_of(self.material, self.plan))
        replies = ask(model, self.material, self.plan, self.machine, asking)
        outcomes = len(self.plan.trials) + len(self.material.variants) + 1
        answers = score(replies, self.material, self.plan, self._ticker(f"scoring the {whose}", outcomes))
        return answers, replies.passes(self.plan), replies.raw(self.plan, shown_condition(self.plan))

    def _ticker(self, message: str, total: int) -> Callable[[int], None]:
        done = 0

        def tick(rows: int) -> None:
            nonlocal done
            done += rows
            self.watch(Event("phase", message, step=done, steps=total))

        return tick

    def trainings(self) -> Mapping[str, list[dict[str, Any]]]:
        """environment.json of every run, by who."""
        found: dict[str, list[dict[str, Any]]] = {MODEL: [], TWIN: []}
        for pair in self.pairs:
            for who, subject in zip((MODEL, TWIN), pair, strict=True):
                if subject is not None:
                    found[who].append(subject.folder.environment())
        return found

    def examples(self, asked: Asked) -> dict[str, Any] | None:
        """Examples with the answers to them, unless the task shows some in sections of its own."""
        if getattr(self.task, "SHOWS_EXAMPLES", False):
            return None
        n = self.first.config.evaluation.examples
        return plain(shown_examples(asked, self.material, self.material.data.labels, n))

    def sections(self, asked: Asked) -> list[dict[str, Any]]:
        """What the task adds of its own; see `maskwright.tasks`."""
        if not hasattr(self.task, "sections"):
            return []
        self.watch(Event("phase", "what else there is to show"))
        return plain(self.task.sections(self.material, asked, self.material.data.labels))

    def header(self) -> dict[str, Any]:
        """The sections that say what was evaluated, and how."""
        config = self.first.config
        settings, masking, alone = config.evaluation, config.masking, len(self.pairs) == 1
        hides = next(iter(self.plan.maskings.values())).to_dict()
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "maskwright_version": __version__,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "task": config.task,
            "noun": self.task.NOUN,
            "unit_noun": self.task.UNIT,
            "metric": asdict(self.truth.metric),
            "model": config.model,
            "masking": None if masking is None else masking.to_dict(),
            "runs": [
                {
                    "run": str(subject.folder.path),
                    "twin": None if twin is None else str(twin.folder.path),
                    "seed": subject.seed,
                }
                for subject, twin in self.pairs
            ],
            "data": self._data(),
            "settings": {
                "ratios": sorted({0.0, *settings.ratios}),
                "patterns": list(settings.named_patterns),
                "unit": of_node(hides, "unit"),
                "fill": of_node(hides, "fill"),
                "draws": settings.draws,
                "evaluation_seed": EVALUATION_SEED,
                "confidence": settings.confidence,
                "resamples": settings.bootstrap,
                "interval": f"paired bootstrap over test {self.task.NOUN}" if alone else "Student’s t over seeds",
                "device": self.machine.device.type,
                "dtype": self.dtype,
            },
        }

    def _data(self) -> dict[str, Any]:
        data, truth = self.material.data, self.truth
        counts = None if truth.labels is None else np.bincount(truth.labels, minlength=len(data.labels)).tolist()
        return {
            "split": "validation" if self.first.config.data.test is None else "test",
            "examples": truth.n,
            "labels": list(data.labels),
            "label_counts": counts,
            "variants": list(data.variants),
            "chance": truth.chance,
            "fingerprint": data.fingerprint,
            "notes": [*data.notes, *self.material.test.notes],
        }


def _fill(subject: Subject, task: ModuleType, reader: Any) -> Any:
    """The node of the fill the model was trained with, or of the plainest its reader allows if it was with none."""
    node = subject.info.get("fill")
    return task.plain_fill(reader) if node is None else node


def _check_belongs(subject: Subject) -> None:
    """Refuse a model that another run left: the facts next to the weights are those of its own run."""
    beside = RunFolder(subject.folder.model)
    if not beside.exists():
        return
    facts = beside.info()
    for name in ("task", "labels", "seed", "masking", "data_fingerprint"):
        if facts.get(name) != subject.info.get(name):
            raise RunError(
                f"{subject.folder.model}: is of another run (its {name} differs). Put it back or train again."
            )
