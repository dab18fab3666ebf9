"""`evaluate`: from finished run folders to an evaluation document on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright import tasks
from maskwright.config.yaml_reader import parse_yaml
from maskwright.errors import ConfigError, RunError
from maskwright.evaluate.twin import TrainedRun, differences, find_or_train
from maskwright.train.files import write_json
from maskwright.train.folder import RunFolder
from maskwright.train.progress import Event, Watcher, silent

_WHERE_THE_DATA_IS = ("data.train", "data.validation", "data.test", "data.dataset")
"""May be given anew, because files move; the fingerprint sees to it that they hold the same."""

DOCUMENT, REPORT = "evaluation.json", "report.html"


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        document: every number; see docs/evaluation-json.md.
        folder: where evaluation.json was written, and where the report belongs.
    """

    document: dict[str, Any]
    folder: Path

    @property
    def path(self) -> Path:
        """The evaluation document on disk."""
        return self.folder / DOCUMENT

    @property
    def report(self) -> Path:
        """Where the HTML report of this evaluation belongs."""
        return self.folder / REPORT


def evaluate(runs: Sequence[str | Path], overrides: Sequence[str] = (), on_progress: Watcher = silent) -> Evaluation:
    """Measure what masking bought and write evaluation.json.

    One run is evaluated in its own folder. Several runs, which may differ in nothing but training.seed, are evaluated
    together, with seeds as the unit, in a folder next to the first, which is theirs alone.

    Args:
        runs: finished run folders.
        overrides: `evaluation.key=value` strings, or `data.test=...` and so on where the files have moved.
        on_progress: told what happens: notes, and phases with what is done and how much there is.

    Raises:
        RunError: a run is missing, unfinished, damaged, or does not fit the others.
        ConfigError: an override that cannot be used.
        DataError: the data cannot be read.
    """
    subjects = [_subject(Path(path), overrides) for path in runs]
    _check_together(subjects)
    first = subjects[0].config
    on_progress(Event("phase", "reading the data"))
    data = tasks.get(first.task).load(first.data)
    for subject in subjects:
        if subject.info["data_fingerprint"] != data.fingerprint:
            raise RunError(f"{subject.folder.path}: the data has changed since this run was trained. Put it back.")
    for note in data.notes:
        on_progress(Event("note", note))
    compared = first.evaluation.twin and first.masking is not None
    if first.evaluation.twin and not compared:
        on_progress(Event("note", "this run was trained without masking, so it is its own twin: evaluated alone."))
    pairs = [(subject, find_or_train(subject, on_progress) if compared else None) for subject in subjects]
    on_progress(Event("phase", "loading libraries"))
    from maskwright.evaluate.export import PREDICTIONS, prediction_table
    from maskwright.evaluate.session import examine
    from maskwright.train.quiet import quiet

    folder = _folder(subjects, on_progress)
    folder.mkdir(parents=True, exist_ok=True)
    with quiet(), prediction_table(folder / PREDICTIONS, wanted=first.evaluation.predictions) as table:
        document = examine(pairs, data, on_progress, table)
    evaluation = Evaluation(document, folder)
    write_json(evaluation.path, document)
    return evaluation


def _subject(path: Path, overrides: Sequence[str]) -> TrainedRun:
    folder = RunFolder(path)
    info = folder.finished_info()
    for override in overrides:
        _check_override(override, info.get("fill"), path)
    folder.config()
    own = [override for override in overrides if not override.startswith("masking.fill=")]
    return TrainedRun(folder, tasks.load_config(path / "run.yaml", own), info)


def _check_override(override: str, fill: Any, path: Path) -> None:
    key, _, value = override.partition("=")
    if key == "masking.fill":
        from maskwright import fills
        from maskwright.strategy import to_node

        if to_node(fills.from_node(parse_yaml(value, f"override '{override}'"))) != fill:
            raise RunError(
                f"{path}: was trained with the fill {fill!r} and cannot be evaluated with {value!r}: that would "
                "measure its surprise at another fill. Train a run with that fill."
            )
    elif not key.startswith(("evaluation.", "generation.")) and key not in _WHERE_THE_DATA_IS:
        raise ConfigError(
            f"'{override}': a trained run's {key or 'settings'} cannot be changed; only evaluation.*, how answers are "
            f"generated (generation.*), and where the same data is now ({', '.join(_WHERE_THE_DATA_IS)}), can."
        )


def _check_together(subjects: Sequence[TrainedRun]) -> None:
    first = subjects[0]
    for other in subjects[1:]:
        names = differences(other, first)
        if other.config.masking != first.config.masking:
            names.append("masking")
        if names:
            raise RunError(
                f"{other.folder.path} and {first.folder.path} differ in {'; '.join(names)}. Runs evaluated together "
                "may differ in training.seed only; evaluate these one at a time."
            )
    seeds = [subject.seed for subject in subjects]
    if len(set(seeds)) < len(seeds):
        raise RunError(f"two of the runs have the same training.seed ({seeds}); give runs that differ in it.")


def _folder(subjects: Sequence[TrainedRun], on_progress: Watcher) -> Path:
    """The folder of one run; of several, one next to the first that holds no evaluation of others."""
    path = subjects[0].folder.path
    if len(subjects) == 1:
        return path
    common = path.parent / f"{path.name}-and-{len(subjects) - 1}-more-seeds"
    runs = sorted((subject.seed, subject.folder.path.resolve().name) for subject in subjects)
    if _evaluated(common) in (None, runs):
        return common
    own = path.parent / f"{common.name}-{'-'.join(str(seed) for seed, _ in runs)}"
    if _evaluated(own) not in (None, runs):
        raise RunError(
            f"{common} and {own} hold evaluations of other runs with the same seeds. Move one of them away, or "
            "move the runs to another folder and evaluate them there."
        )
    on_progress(Event("note", f"{common} holds an evaluation of other runs; this one goes to {own}."))
    return own


def _evaluated(folder: Path) -> list[tuple[int, str]] | None:
    """Seeds and names of the runs whose evaluation is in a folder; None if there is none."""
    try:
        runs = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))["runs"]
        return sorted((run["seed"], Path(run["run"]).name) for run in runs)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):  # of another version, or somebody else's: not to be written over
        return []
