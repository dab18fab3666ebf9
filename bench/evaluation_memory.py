"""Memory that an evaluation adds, by the number of trials, of examples, and the size of the batch.

Run it as `python bench/evaluation_memory.py [--plot docs/img/evaluation-memory.svg]`: Linux only, some twenty minutes.

A detector (YOLOS, 50 predictions of 20 classes for a picture of 32 x 32 pixels) and a text classifier (BERT, 20
classes, up to 60 words), made from a configuration and so small that inputs and answers take more than the model.
"Asking" is the most that reading, masking, forward passes and scoring add to the resident memory of the process,
"resampling" the most that 200 resamples add after that. Both include the statistics, which are noted of every example
under every trial and kept; "asking, rest" is asking without them. Inputs are masked for up to 32 batches at a time, so
compare only lines with examples x trials enough to fill these ("full"). "All answers" is what the answers of the model
would take if they were kept. Each line is a process of its own, which has evaluated a few examples before, so that
libraries are loaded. PyTorch keeps up to 1,024 compiled CPU kernels for the shapes of batches it meets (oneDNN's
primitive cache). It is off here; with it, 31 trials of 2,000 texts, 8 in a batch, took 11.8 beside statistics. MiB.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FILLS = {"object-detection": ("mean", "patch"), "text-classification": ("mask-token", "word")}
JOBS = tuple(FILLS)
BATCHES = (8, 32, 64)
ROWS = ((1, 500), (8, 125), (8, 500), (8, 2000), (31, 500), (31, 2000))
"""Trials and examples."""

CLASSES, QUERIES, PIXELS, WORDS, VOCABULARY = 20, 50, 32, 60, 1000
SMALL: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 32}
SMALL["num_labels"] = CLASSES
RESAMPLES = 200
MIB = 2**20

COLUMNS = ("batch", "trials", "examples", "full", "asking", "statistics", "asking, rest", "resampling", "all answers")
COLOURS = ("#0067a5", "#c2500a", "#2f7d32")
INK, MUTED, RULE = "#1a2129", "#5b6672", "#dfe3e7"


class Column(list):
    """Rows that are read by lists of numbers, as a column of `datasets` is."""

    def __getitem__(self, rows):
        return [list.__getitem__(self, row) for row in rows]


def detector(examples: int) -> tuple[Any, Any, Any]:
    """A task, a model and examples: noise with one to three objects, made when it is read."""
    from transformers import YolosConfig, YolosForObjectDetection

    from maskwright.tasks.detection.object_detection import TASK
    from maskwright.tasks.detection.scenes import Scenes
    from maskwright.tasks.vision.picture_tasks import plain_processor

    def opened(number: int) -> np.ndarray:
        return np.random.default_rng(number).integers(0, 256, (PIXELS, PIXELS, 3), dtype=np.uint8)

    def scene(number: int) -> dict[str, Any]:
        rng = np.random.default_rng(number)
        boxes = [[*rng.uniform(0, 16, 2), *rng.uniform(8, 16, 2)] for _ in range(rng.integers(1, 4))]
        objects = [{"bbox": box, "category_id": int(rng.integers(CLASSES))} for box in boxes]
        return {"width": PIXELS, "height": PIXELS, "annotations": objects}

    architecture = YolosConfig(
        image_size=[PIXELS, PIXELS],
        patch_size=8,
        num_detection_tokens=QUERIES,
        **SMALL,
        use_mid_position_embeddings=False,
        initializer_range=0.25,
    )
    scenes = Scenes(
        names=Column(range(examples)),
        open=opened,  # pyright: ignore[reportArgumentType]
        reader=plain_processor(PIXELS),
        side=(8, 8),
        example_ids=np.arange(examples),
        labels=np.full(examples, -1),
        weights=np.ones(examples, dtype=np.float32),
        objects=Column(scene(number) for number in range(examples)),
    )
    return TASK, YolosForObjectDetection(architecture), scenes


def classifier(examples: int) -> tuple[Any, Any, Any]:
    """A task, a model and examples: texts of up to 60 made-up words."""
    from transformers import BertConfig, BertForSequenceClassification

    from maskwright.tasks.scratch import train_tokenizer
    from maskwright.tasks.text.encoded import EncodedTexts, Ragged
    from maskwright.tasks.text.text_classification import TASK
    from maskwright.units.vocabulary import Vocabulary

    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("aeioustrnlm"), rng.integers(2, 8))) for _ in range(800)]
    texts = [" ".join(rng.choice(words, rng.integers(5, WORDS + 1))) for _ in range(examples)]
    tokenizer = train_tokenizer(texts[:250], vocabulary=VOCABULARY, max_length=2 * WORDS)
    rows = Ragged.from_rows([tokenizer(text, truncation=True, max_length=2 * WORDS)["input_ids"] for text in texts])
    labels = rng.integers(0, CLASSES, examples)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    weights = np.ones(examples, dtype=np.float32)
    encoded = EncodedTexts({"input_ids": rows}, np.arange(examples), {"labels": labels}, labels, vocabulary, weights)
    architecture = BertConfig(vocab_size=VOCABULARY, max_position_embeddings=2 * WORDS, **SMALL)
    return TASK, BertForSequenceClassification(architecture), encoded


MADE: dict[str, Callable[[int], tuple[Any, Any, Any]]] = dict(zip(JOBS, (detector, classifier), strict=True))


def plan_of(trials: int, job: str) -> Any:
    """The whole examples, and shares of them hidden: once each, or three times from 10 shares on."""
    from maskwright.evaluate.sweep import Plan
    from maskwright.masking import Masking

    fill, unit = FILLS[job]
    draws = 3 if trials > 10 else 1
    shares = [(number + 1) / 12 for number in range((trials - 1) // draws)]
    read = [{"pattern": "iid", "budget": {"ratio": share}, "fill": fill, "unit": unit} for share in shares]
    return Plan({("iid", share): Masking.from_dict(one) for share, one in zip(shares, read, strict=True)}, draws)


def evaluated(job: str, examples: int, trials: int, batch: int) -> dict[str, Any]:
    """Evaluate in this process, and say what memory that took."""
    import torch

    from maskwright.evaluate.measure import measure
    from maskwright.evaluate.predict import Machine, Request
    from maskwright.evaluate.sweep import Material, ask_everything

    torch.set_num_threads(1)
    torch.manual_seed(0)
    task, model, test = MADE[job](examples)
    few = MADE[job](20)[2]
    metrics = task.chosen_metrics(None)
    noted = {metric.statistic.name: metric.statistic for metric in (*metrics, *task.calibration)}
    longest = int(test.lengths.max())

    def asked(some: Any, trials: int, batch: int) -> Any:
        material = Material(task, None, None, None, some, {}, few)  # pyright: ignore[reportArgumentType]
        request = Request(task, list(noted.values()), None, Machine(torch.device("cpu"), False, batch * longest))
        plan = plan_of(trials, job)
        return plan, ask_everything(model, material, plan, request, lambda rows: None)

    plan, replies = asked(few, 2, 4)
    measure({"model": replies.scored(plan)}, truth(task, metrics, few, few), 2)
    before = begin()
    plan, replies = asked(test, trials, batch)
    asking = peak() - before
    kept = size_of(replies.test)
    before = begin() - kept
    measure({"model": replies.scored(plan)}, truth(task, metrics, test, few), RESAMPLES)
    resampling = peak() - before
    return {
        "batch": batch,
        "examples": examples,
        "trials": trials,
        "full": int(test.lengths.sum()) * trials >= 32 * batch * longest,
        "asking": asking,
        "statistics": kept,
        "asking, rest": asking - kept,
        "resampling": resampling,
        "all answers": examples * trials * answer_size(task, model, few),
    }


def truth(task: Any, metrics: tuple[Any, ...], test: Any, train: Any) -> Any:
    from maskwright.evaluate.groups import groups
    from maskwright.evaluate.scored import Truth

    zero, n = {metric.name: 0.0 for metric in (*metrics, *task.calibration)}, len(test)
    return Truth(metrics, task.calibration, zero, zero, n, len(train), test.classes, groups(n, test.classes, ()))


def answer_size(task: Any, model: Any, few: Any) -> int:
    """Bytes of the numbers of one answer."""
    import torch

    from maskwright.rng import Moment

    with torch.inference_mode():
        one = task.predict(model, few.hide(few.batch([0]), None, Moment.evaluation(0)), None)[0]
    return sum(values.nbytes for values in one.values()) if isinstance(one, dict) else one.nbytes


def size_of(records: Any) -> int:
    """Bytes of what is noted of answers, those of Python's objects included."""
    total = records.hidden.nbytes
    for table in records.by_statistic.values():
        total += table.nbytes
        if table.dtype == object:
            parts = (value for one in table.ravel() for value in (one, vars(one), *vars(one).values()))
            total += sum(sys.getsizeof(part) for part in parts)
    return total


def begin() -> int:
    """Give unused memory back, set the high-water mark to what is resident, and return that in bytes."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The high-water mark of resident memory, in bytes."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def apart(job: str, *numbers: int) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--job", job, "--numbers", *map(str, numbers)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    environment["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "0"
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def markdown(job: str, lines: Sequence[dict[str, Any]]) -> str:
    """A table of one task."""
    table = [COLUMNS, ["---:"] * len(COLUMNS), *([cell(name, line[name]) for name in COLUMNS] for line in lines)]
    each = lines[-1]["statistics"] / (lines[-1]["examples"] * lines[-1]["trials"])
    about = [f"{job}: statistics take {each:.0f} bytes for an example and trial. Asking took beside them, where full:"]
    for batch in BATCHES:
        rest = [line["asking, rest"] / MIB for line in lines if line["full"] and line["batch"] == batch]
        about.append(
            f"{min(rest):.1f} to {max(rest):.1f} MiB with batches of {batch}{';' if batch < BATCHES[-1] else '.'}"
        )
    return "\n".join([*about, "", *(f"| {' | '.join(row)} |" for row in table)])


def cell(name: str, value: Any) -> str:
    if name == "full":
        return "yes" if value else "no"
    return f"{value:,}" if name in COLUMNS[:3] else f"{value / MIB:.1f}"


def versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "transformers"))
    return f"Python {platform.python_version()}, {packages}; {datetime.date.today().isoformat()}."


def plot(lines: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Memory of asking, without what is kept, against examples x trials; on white, so that it shows on any page."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings = {"svg.fonttype": "none", "svg.hashsalt": "maskwright", "text.color": INK, "axes.edgecolor": RULE}
    settings |= {"axes.labelcolor": MUTED, "xtick.labelcolor": MUTED, "ytick.labelcolor": MUTED, "font.size": 10.5}
    settings |= {"axes.spines.top": False, "axes.spines.right": False, "xtick.color": RULE, "ytick.color": RULE}
    with rc_context(settings):  # pyright: ignore[reportArgumentType]
        figure = Figure(figsize=(8.4, 3.7), layout="constrained", facecolor="white", edgecolor=RULE, linewidth=1.5)
        for axes, (job, some) in zip(figure.subplots(1, len(lines), sharey=True), lines.items(), strict=True):
            _panel(axes, job, some)
        figure.axes[0].set_ylabel("MiB")
        marks = figure.axes[0].get_legend_handles_labels()
        figure.legend(*marks, frameon=False, fontsize=9, loc="outside lower center", ncols=5)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _panel(axes: Any, job: str, lines: Sequence[dict[str, Any]]) -> None:
    for batch, colour, marker in zip(BATCHES, COLOURS, "os^", strict=True):
        own = sorted((one for one in lines if one["batch"] == batch), key=lambda one: one["examples"] * one["trials"])
        rows, memory = [one["examples"] * one["trials"] for one in own], [one["asking, rest"] / MIB for one in own]
        axes.plot(rows, memory, color=colour, marker=marker, markersize=4.5, label=f"batches of {batch}")
    for name, dashes in (("statistics", (0, (1, 1.5))), ("all answers", (0, (5, 2)))):
        axes.plot(rows, [one[name] / MIB for one in own], color=MUTED, linestyle=dashes, label=name)
    axes.set(xscale="log", yscale="log", xlabel="examples x trials", title=f"{job}: asking, rest")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(color=RULE, linewidth=0.6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="where a figure is written, as SVG")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--numbers", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(evaluated(options.job, *options.numbers)))
        return
    grid = [(examples, trials, batch) for batch in BATCHES for trials, examples in ROWS]
    lines = {job: [apart(job, *numbers) for numbers in grid] for job in JOBS}
    print(*(markdown(job, some) for job, some in lines.items()), versions(), sep="\n\n")
    if options.plot:
        plot(lines, options.plot)


if __name__ == "__main__":
    main()
