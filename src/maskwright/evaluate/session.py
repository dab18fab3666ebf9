"""One evaluation at work: load, ask, measure, tell."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from maskwright import __version__, fills, tasks
from maskwright.config import dump_config
from maskwright.errors import RunError
from maskwright.evaluate.curves import majority_rate
from maskwright.evaluate.document import SCHEMA, SCHEMA_VERSION, Asked, Summary
from maskwright.evaluate.groups import groups
from maskwright.evaluate.measure import MODEL, TWIN, Answers, Key, Truth, measure
from maskwright.evaluate.predict import EVALUATION_SEED, Machine
from maskwright.evaluate.shown import shown_examples
from maskwright.evaluate.sweep import Material, Passes, Plan, ask, rows_of
from maskwright.evaluate.twin import Subject
from maskwright.evaluate.verdict import verdict
from maskwright.strategy import to_node
from maskwright.train.device import describe, resolve_dtype
from maskwright.train.progress import Event, Watcher

if TYPE_CHECKING:
    from maskwright.data.load import TextData

Pair = tuple[Subject, Subject | None]
"""A run and its twin."""


def examine(pairs: Sequence[Pair], data: TextData, watch: Watcher) -> dict[str, Any]:
    """Ask every run and twin everything and put together the evaluation document.

    Args:
        pairs: runs with their twins; all have a twin or none has.
        data: what they were trained on and are tested with.
        watch: told what happens.
    """
    session = _Session.of(pairs, data, watch)
    settings, material = session.first.config.evaluation, session.material
    truth = Truth(
        labels=material.test.labels,
        train_labels=material.train.labels,
        chance=majority_rate(material.test.labels),
        parts=groups(material.test.labels, data.variants),
    )
    asked = [session.ask_pair(pair, truth) for pair in pairs]
    watch(Event("phase", "computing intervals"))
    summary = Summary(asked, truth, data.labels, settings)
    document: dict[str, Any] = {
        **session.header(truth),
        "clean": summary.compared(Key("accuracy")),
        "curves": summary.curves(),
        "groups": summary.groups(),
        "calibration": summary.calibration(),
        "generalisation": summary.generalisation(len(data.train)),
        "significance": summary.significance(),
        "cost": summary.cost(session.training_seconds(), session.parameters),
        "examples": shown_examples(asked[0], material, session.plan, data.labels, settings.examples),
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
        data: the texts.
        task: the task's module.
        material: the texts, tokenised.
        plan: the masks.
        machine: where models run.
        dtype: bf16 or fp32.
        watch: told what happens.
        parameters: of the model last asked.
    """

    pairs: Sequence[Pair]
    data: TextData
    task: ModuleType
    material: Material
    plan: Plan
    machine: Machine
    dtype: str
    watch: Watcher
    parameters: int = 0

    @classmethod
    def of(cls, pairs: Sequence[Pair], data: TextData, watch: Watcher) -> _Session:
        config, folder = pairs[0][0].config, pairs[0][0].folder
        task = tasks.get(config.task)
        watch(Event("phase", "tokenising"))
        _, tokenizer = task.load_trained(folder.model)
        plan = Plan.of(config.evaluation, _fill(pairs[0][0], tokenizer))
        material = Material.of(data, tokenizer, task.encode, config.data.max_length)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        dtype = resolve_dtype(config.training.dtype, device)
        longest = max(int(part.lengths.max()) for part in (material.test, material.train, *material.variants.values()))
        machine = Machine(device, bf16=dtype == "bf16", batch_tokens=config.evaluation.batch_size * longest)
        return cls(pairs, data, task, material, plan, machine, dtype, watch)

    @property
    def first(self) -> Subject:
        return self.pairs[0][0]

    def ask_pair(self, pair: Pair, truth: Truth) -> Asked:
        """Ask a run and its twin, under the same masks."""
        answers: dict[str, Answers] = {}
        passes: dict[str, Passes] = {}
        for who, subject in zip((MODEL, TWIN), pair, strict=True):
            if subject is not None:
                answers[who], passes[who] = self._ask(who, subject)
        self.watch(Event("phase", "resampling"))
        measured = measure(answers, truth, self.first.config.evaluation.bootstrap)
        return Asked(pair[0].seed, answers, passes, measured)

    def _ask(self, who: str, subject: Subject) -> tuple[Answers, Passes]:
        self.watch(Event("phase", f"loading {subject.folder.path}"))
        model, tokenizer = self.task.load_trained(subject.folder.model)
        self.material.check_same_tokenizer(tokenizer, subject.folder.path)
        if model.config.num_labels != len(self.data.labels):
            raise RunError(
                f"{subject.folder.model}: answers with {model.config.num_labels} labels, the data has "
                f"{len(self.data.labels)}. The model does not belong to this run; train again."
            )
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        seed = f" (seed {subject.seed})" if len(self.pairs) > 1 else ""
        return ask(model, self.material, self.plan, self.machine, self._ticker(f"asking the {who}{seed}"))

    def _ticker(self, message: str) -> Callable[[int], None]:
        total, done = rows_of(self.material, self.plan), 0

        def tick(rows: int) -> None:
            nonlocal done
            done += rows
            self.watch(Event("phase", message, step=done, steps=total))

        return tick

    def training_seconds(self) -> Mapping[str, list[float | None]]:
        """Seconds of training by who, one per run."""
        found: dict[str, list[float | None]] = {MODEL: [], TWIN: []}
        for pair in self.pairs:
            for who, subject in zip((MODEL, TWIN), pair, strict=True):
                if subject is not None:
                    found[who].append(subject.folder.environment().get("seconds"))
        return found

    def header(self, truth: Truth) -> dict[str, Any]:
        """The sections that say what was evaluated, and how."""
        config = self.first.config
        settings, masking = config.evaluation, config.masking
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "maskwright_version": __version__,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "task": config.task,
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
            "data": self._data(truth),
            "settings": {
                "ratios": sorted({0.0, *settings.ratios}),
                "patterns": list(settings.patterns),
                "unit": settings.unit,
                "fill": to_node(next(iter(self.plan.maskings.values())).fill),
                "draws": settings.draws,
                "evaluation_seed": EVALUATION_SEED,
                "confidence": settings.confidence,
                "resamples": settings.bootstrap,
                "interval": "paired bootstrap over test texts" if len(self.pairs) == 1 else "Student’s t over seeds",
                "device": self.machine.device.type,
                "dtype": self.dtype,
            },
        }

    def _data(self, truth: Truth) -> dict[str, Any]:
        config, cut = self.first.config.data, self.material.test.truncated
        notes = list(self.data.notes)
        if cut:
            notes.append(
                f"{cut:,} of {len(truth.labels):,} texts were cut at data.max_length={config.max_length} tokens."
            )
        return {
            "split": "validation" if config.test is None else "test",
            "examples": len(truth.labels),
            "labels": list(self.data.labels),
            "label_counts": np.bincount(truth.labels, minlength=len(self.data.labels)).tolist(),
            "variants": list(self.data.variants),
            "chance": truth.chance,
            "fingerprint": self.data.fingerprint,
            "notes": notes,
        }


def _fill(subject: Subject, tokenizer: Any) -> Any:
    """The fill the model was trained with; for one trained without masking, the plainest its tokenizer allows."""
    node = subject.info.get("fill")
    if node is not None:
        return fills.from_node(node)
    return fills.from_node("drop" if tokenizer.mask_token_id is None else "mask-token")
