"""What masking buys a translator: on whole sources, and on sources with words or spans of words hidden.

python examples/translation.py --data pairs [--folder runs/translation] [--seeds 2] [--output docs/translation.md]

The run is examples/translation.yaml, trained with parts of the sources hidden, and its twin, trained on whole ones;
`--data` holds train.jsonl, validation.jsonl and test.jsonl. Finished runs are not trained again. --small is a run of
seconds, for tests: the way, not the result.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.evaluate.run import evaluate
from maskwright.evaluate.words import Scale
from maskwright.report.build import write_report
from maskwright.tasks import get, load_config
from maskwright.tasks.metrics.bleu import BLEU
from maskwright.tasks.metrics.chrf import CHRF
from maskwright.tasks.metrics.generated_text import GeneratedText
from maskwright.train.folder import RunFolder
from maskwright.train.run import train

CONFIGURATION = Path(__file__).with_suffix(".yaml")
LIBRARIES = ("maskwright", "torch", "transformers", "tokenizers", "sacrebleu", "numpy")
SMALL = ("training.max_steps=3", "evaluation.ratios=[0, 0.5]", "evaluation.bootstrap=200", "generation.beams=1")
WORDS = {"iid": "words", "span": "spans of words"}
"""Pattern -> what it hides."""

OUTCOMES = {"better": "won", "worse": "lost", "no effect": "no difference", "undecided": "open"}
BEGIN, END = "<!-- written by examples/translation.py -->", "<!-- end -->"


def configuration(data: Path, folder: Path, seed: int, small: bool) -> RunConfig:
    """The run of a seed."""
    files = [f"data.{split}={data / split}.jsonl" for split in ("train", "validation", "test")]
    own = [f"training.seed={seed}", f"training.output={folder / f'masked-{seed}'}", "training.dtype=fp32"]
    return load_config(CONFIGURATION, [*files, *own, *(SMALL if small else ())])


def copied(config: RunConfig) -> dict[str, float]:
    """Name of a metric -> its value for copies of the sources as translations."""
    test = get("translation").load(config.data).test
    answers, references = [GeneratedText(text) for text in test["source"][:]], test["target"][:]
    values = {}
    for metric in (BLEU, CHRF):
        counts = metric.statistic.summable(metric.statistic.of(answers, references)[None])
        values[metric.name] = float(metric.value(counts, np.ones((1, len(references))))[0])
    return values


def conditions(document: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """(what is hidden, model against twin by each metric), the headline first."""
    others: Sequence[Mapping[str, Any]] = document["other_metrics"]
    yield "nothing", [document["clean"], *(other["clean"] for other in others)]
    for pattern, curve in document["curves"].items():
        for point in curve["points"][1:]:
            place = (pattern, point["ratio"])
            more = (one for other in others for one in other["points"] if (one["pattern"], one["ratio"]) == place)
            yield f"{WORDS.get(pattern, pattern)}, {point['ratio']:.0%}", [point["score"], *more]


def cells(compared: Mapping[str, Any], metric: Mapping[str, Any]) -> str:
    """Twin, model, and the difference with its interval and outcome."""
    scale, difference = Scale.of(metric), compared["difference"]
    twin, model = (scale.value(compared[who]["value"]) for who in ("twin", "model"))
    change = f"{scale.change(difference['value'])} ({scale.bounds(difference, signed=True)})"
    return f"{twin} | {model} | {change}, {OUTCOMES[scale.judge(difference)]}"


def table(document: Mapping[str, Any], names: Sequence[str]) -> str:
    """Markdown: a line for each condition, three columns for each metric."""
    metrics = [document["metric"], *document["other_metrics"]]
    chosen = [place for place, metric in enumerate(metrics) if metric["name"] in names]
    heads = [f"{metrics[place]['label']}: twin | masked | difference" for place in chosen]
    lines = [f"| hidden | {' | '.join(heads)} |", "|---|" + "--:|--:|---|" * len(chosen)]
    for words, compared in conditions(document):
        row = [cells(compared[place], metrics[place]) for place in chosen]
        lines.append(f"| {words} | {' | '.join(row)} |")
    return "\n".join(lines)


def facts(document: Mapping[str, Any], config: RunConfig, seeds: Sequence[int]) -> str:
    """How the numbers came about."""
    training, seconds = config.training, document["cost"]["model"]["training_seconds"]
    interval = document["settings"]["interval"]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    data = get("translation").load(config.data)
    baseline = " and ".join(f"{value:.1f} {name}" for name, value in copied(config).items())
    return (
        f"{len(data.train):,} training, {len(data.validation):,} validation and {len(data.test):,} test pairs. "
        f"`{config.model}` ({document['cost']['model']['parameters']:,} parameters), {training.epochs:g} epochs of "
        f"batches of {training.batch_size}, learning rate {training.learning_rate:g}, {seconds / 60:.0f} minutes on "
        f"one core of a shared machine. {config.generation.beams} beams. Seeds: {', '.join(map(str, seeds))}; "
        f"{document['settings']['draws']} mask per pair and condition. In brackets 95 % intervals, {interval}. A copy "
        f"of the source would score {baseline}. {versions}. {datetime.datetime.now(datetime.UTC):%d %B %Y}."
    )


def section(document: Mapping[str, Any], config: RunConfig, seeds: Sequence[int]) -> str:
    """What is written into the page."""
    tables = [table(document, names) for names in (("bleu", "chrf"), ("exact_match", "perplexity"))]
    return "\n\n".join([BEGIN, facts(document, config, seeds), *tables, END])


def write_into(page: Path, text: str) -> None:
    """Put the section into a page, in the place of the one before."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"{BEGIN}\n{END}\n"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: text, old, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    """Train everything that is missing, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of train.jsonl, validation.jsonl, test.jsonl")
    parser.add_argument("--folder", type=Path, default=Path("runs/translation"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--output", type=Path, help="page to write the numbers into")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    seeds = range(options.seeds)
    configs = [configuration(options.data, options.folder, seed, options.small) for seed in seeds]
    for config in configs:
        train(config)
        print(
            f"trained: {config.training.output}, best at {RunFolder(Path(config.training.output)).info()['kept_step']}"
        )
    evaluation = evaluate([config.training.output for config in configs])
    write_report(evaluation.document, evaluation.report)
    (options.folder / "evaluation.json").write_text(json.dumps(evaluation.document), encoding="utf-8")
    text = section(evaluation.document, configs[0], seeds)
    print(text)
    if options.output:
        write_into(options.output, text)


if __name__ == "__main__":
    main()
