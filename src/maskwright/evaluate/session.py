"""One evaluation at work: what all its runs share, what each is asked, and the sections of the document."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from maskwright import __version__, tasks
from maskwright.config import dump_config
from maskwright.engine.modalities import of_node
from maskwright.errors import RunError
from maskwright.evaluate.answers import class_answers, noted_classes
from maskwright.evaluate.document import SCHEMA, SCHEMA_VERSION, Asked, Summary, plain
from maskwright.evaluate.export import PREDICTIONS, Export, PredictionTable
from maskwright.evaluate.measure import measure
from maskwright.evaluate.predict import Machine, Request, Trial, predictions_of
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Truth
from maskwright.evaluate.shown import SHOWN_DRAW, chosen, rows_shown, shown_examples
from maskwright.evaluate.significance import significance
from maskwright.evaluate.slices import worst_slices
from maskwright.evaluate.sweep import Material, Passes, Plan, ask_everything, rows_of
from maskwright.evaluate.training_curves import training_curves
from maskwright.evaluate.truth import truth_of
from maskwright.evaluate.twin import TrainedRun
from maskwright.evaluate.verdict import verdict
from maskwright.rng import EVALUATION_SEED
from maskwright.tasks.contract import Built, Task
from maskwright.train.device import describe, resolve_dtype
from maskwright.train.folder import RunFolder
from maskwright.train.progress import Event, Watcher

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

Pair = tuple[TrainedRun, TrainedRun | None]
"""A run and its twin."""


def examine(
    pairs: Sequence[Pair], data: CheckedData, watch: Watcher, table: PredictionTable | None = None
) -> dict[str, Any]:
    """Ask every run and twin everything and put together the evaluation document.

    Args:
        pairs: runs with their twins; all have a twin or none has.
        data: what they were trained on and are tested with.
        watch: told what happens.
        table: takes every answer.
    """
    session = _Session.of(pairs, data, watch)
    session.table = table
    settings, truth = session.first.config.evaluation, session.truth
    asked = [session.ask_pair(pair) for pair in pairs]
    watch(Event("phase", "computing intervals"))
    summary = Summary(asked, truth, data.labels, settings)
    sections: dict[str, Any] = {
        **session.header(summary),
        "metric": summary.described(session.truth.headline),
        "clean": summary.clean(),
        "curves": summary.curves(),
        "other_metrics": summary.other_metrics(),
        "groups": summary.groups(),
        "calibration": summary.calibration(),
        "generalisation": summary.generalisation(len(data.train)),
        "significance": significance(summary),
        "cost": summary.cost(session.trainings(), session.parameters),
        "answers": class_answers(asked[0].answers, data.labels),
        "slices": worst_slices([one.answers for one in asked], session.material, truth, settings.confidence),
        "training": training_curves(pairs[0], truth.headline.name),
        "predictions": None if table is None else PREDICTIONS,
        "examples": session.examples(asked[0]),
        "sections": session.sections(asked[0]),
        "configuration": dump_config(session.first.config),
        "environment": describe(session.request.machine.device, session.dtype, 1),
    }
    document = plain(sections)
    judged = verdict(document)
    return {**document, "verdict": plain(asdict(judged))}


@dataclass
class _Session:
    """What all runs of an evaluation share.

    Attributes:
        pairs: runs with their twins.
        material: the examples, encoded.
        truth: what answers are compared with.
        plan: the masks.
        request: what models are asked, and where they run.
        dtype: bf16 or fp32.
        watch: called with what happens.
        parameters: of the model last asked.
        table: takes every answer.
    """

    pairs: Sequence[Pair]
    material: Material
    truth: Truth
    plan: Plan
    request: Request
    dtype: str
    watch: Watcher
    parameters: int = 0
    table: PredictionTable | None = None

    @classmethod
    def of(cls, pairs: Sequence[Pair], data: CheckedData, watch: Watcher) -> _Session:
        config, folder = pairs[0][0].config, pairs[0][0].folder
        task = tasks.get(config.task)
        watch(Event("phase", f"encoding the {task.words.examples}"))
        reader = task.restore(folder.model).reader
        fill = _fill(pairs[0][0], task, reader)
        # What the twin loses by surprise is told from what it loses for good; alone, a model has nobody to differ from.
        other = None if task.other_fill is None or pairs[0][1] is None else task.other_fill(fill, reader)
        plan = Plan.of(config.evaluation, fill, task, other)
        material = Material.of(task, config, data, reader)
        truth = truth_of(material)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        dtype = resolve_dtype(config.training.dtype, device)
        longest = max(int(part.lengths.max()) for part in material.everything)
        machine = Machine(device, bf16=dtype == "bf16", batch_cells=config.evaluation.batch_size * longest)
        measured = [metric.statistic for metric in (*truth.metrics, *truth.calibration)]
        noted = {statistic.name: statistic for statistic in (*measured, *noted_classes(task, truth))}
        request = Request(task, list(noted.values()), task.settings(config, reader), machine)
        return cls(pairs, material, truth, plan, request, dtype, watch)

    @property
    def first(self) -> TrainedRun:
        return self.pairs[0][0]

    @property
    def task(self) -> Task:
        return self.material.task

    def ask_pair(self, pair: Pair) -> Asked:
        """Ask a run and its twin, under the same masks."""
        runs = {who: run for who, run in zip((MODEL, TWIN), pair, strict=True) if run is not None}
        answers: dict[str, Answers] = {}
        passes: dict[str, Passes] = {}
        for who, run in runs.items():
            answers[who], passes[who] = self._ask(who, run)
        self.watch(Event("phase", "resampling"))

        def tick(done: int, total: int) -> None:
            self.watch(Event("phase", "resampling", step=done, steps=total))

        measured = measure(answers, self.truth, self.first.config.evaluation.bootstrap, tick)
        folders = {who: run.folder.model for who, run in runs.items()}
        return Asked(pair[0].seed, folders, self.plan, self.request.machine, answers, passes, measured)

    def _ask(self, who: str, run: TrainedRun) -> tuple[Answers, Passes]:
        built = self._restored(run)
        self.parameters = sum(parameter.numel() for parameter in built.model.parameters())
        whose = f"{who} (seed {run.seed})" if len(self.pairs) > 1 else who
        asking = self._ticker(f"asking the {whose}", rows_of(self.material, self.plan))
        export = Export(self.table, self.material, self.plan, self.truth, who, run.seed)
        replies = ask_everything(built.model, self.material, self.plan, self.request, asking, export.sink)
        return replies.scored(self.plan), replies.passes(self.plan)

    def _restored(self, run: TrainedRun) -> Built:
        self.watch(Event("phase", f"loading {run.folder.path}"))
        _check_belongs(run)
        built = self.task.restore(run.folder.model)
        self.material.check_same_reader(built.reader, run.folder.path)
        return built

    def _ticker(self, message: str, total: int) -> Callable[[int], None]:
        done = 0

        def tick(rows: int) -> None:
            nonlocal done
            done += rows
            self.watch(Event("phase", message, step=done, steps=total))

        return tick

    def trainings(self) -> Mapping[str, list[dict[str, Any]]]:
        """environment.json of every run, by who."""
        environments: dict[str, list[dict[str, Any]]] = {MODEL: [], TWIN: []}
        for pair in self.pairs:
            for who, run in zip((MODEL, TWIN), pair, strict=True):
                if run is not None:
                    environments[who].append(run.folder.environment())
        return environments

    def examples(self, asked: Asked) -> dict[str, Any] | None:
        """Examples with the answers to them, unless the task shows some in sections of its own.

        Answers are not kept while they are scored; the models are asked about these few again.
        """
        n = self.first.config.evaluation.examples
        if not n or not self.task.shows_examples:
            return None
        choice = chosen(asked, self.truth, self.task.words.examples, n)
        trial = Trial(self.plan.maskings[self.plan.shown_condition], SHOWN_DRAW)
        predictions = {}
        for who, run in zip((MODEL, TWIN), self.pairs[0], strict=True):
            if run is not None:
                model = self._restored(run).model
                rows = rows_shown(choice)
                predictions[who] = predictions_of(model, self.material.test, rows, trial, self.request)
        return shown_examples(asked, self.material, choice, predictions)

    def sections(self, asked: Asked) -> list[dict[str, Any]]:
        """What the task adds of its own; see `maskwright.tasks.contract`."""
        if self.task.sections is None:
            return []
        self.watch(Event("phase", "what else there is to show"))
        return self.task.sections(self.material, asked)

    def header(self, summary: Summary) -> dict[str, Any]:
        """The sections that say what was evaluated, and how."""
        config = self.first.config
        settings, masking = config.evaluation, config.masking
        noun, comparison = self.task.words.examples, summary.comparison
        clustered = int(self.truth.clusters.max()) + 1 < self.truth.n
        resampled = f"clusters of test {noun} ({self.first.config.data.cluster})" if clustered else f"test {noun}"
        hides = next(iter(self.plan.maskings.values())).to_dict()
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "maskwright_version": __version__,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "task": config.task,
            "noun": self.task.words.examples,
            "unit_noun": self.task.words.units,
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
                "interval": f"over {resampled}" + (" and training seeds" if len(self.pairs) > 1 else ""),
                "resampled": resampled,
                "second": None if self.plan.second is None else asdict(self.plan.second),
                "shared": {"measures": summary.measures, "confidence": comparison.shared_confidence},
                "device": self.request.machine.device.type,
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
            "chance": truth.chance[truth.headline.name],
            "fingerprint": data.fingerprint,
            "notes": [*data.notes, *self.material.test.notes],
        }


def _fill(run: TrainedRun, task: Task, reader: Any) -> Any:
    """The node of the fill the model was trained with, or of the plainest its reader allows if it was with none.

    Raises:
        RunError: it was with none, and the task names no fill.
    """
    node = run.info.get("fill")
    if node is None and task.plain_fill is None:
        raise RunError(f"{run.folder.path}: was trained without masking, and {task.name} names no fill to ask with.")
    return node if node is not None or task.plain_fill is None else task.plain_fill(reader)


def _check_belongs(subject: TrainedRun) -> None:
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
