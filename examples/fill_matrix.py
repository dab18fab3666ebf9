"""What stands in hidden cells against what is hidden: train fills x policies on digits, and write a page of tables.

python examples/fill_matrix.py --folder runs/fills --output docs/vision-matrix.md
python examples/fill_matrix.py --fills black mean --policies exact mix --seeds 0 --epochs 5 --folder runs/short
python examples/fill_matrix.py --rejudge --output docs/vision-matrix.md

Every cell is what `maskwright train` and `maskwright evaluate` do with a configuration, one after the other in this
process. The run trained without masking is the twin of the others, so each fill's `none` row is that one model under
that fill. What is finished in --folder is not done again, and the page holds all that is finished there. Where the runs
are gone, --rejudge reads a page's own rounded numbers and writes what they allow to be said.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from maskwright.config import RunConfig, dump_config
from maskwright.tasks import parse_config

HERE = Path(__file__).parent

FILLS: dict[str, Any] = {
    "black": {"constant": -1},
    "grey": "zero",
    "mean": {"mean": "position"},
    "indicator": {"indicator": {"fill": {"constant": -1}}},
    "indicator-mean": {"indicator": {"fill": {"mean": "position"}}},
    "outside": {"constant": -3},
}
"""By what they put into hidden cells. Pictures go from -1 (black) to 1 (white), so `zero` is the grey between."""

SQUARE = {"block": {"min_area": 1.0, "aspect": 1.0}}
POLICIES: dict[str, tuple[Any, Any]] = {
    "exact": ("iid", {"ratio": 0.5}),
    "uniform": ("iid", {"uniform": [0.0, 0.75]}),
    "block": (SQUARE, {"ratio": 0.25}),
    "mix": ({"mix": {"iid": 1, "block": 1}}, {"uniform": [0.0, 0.75]}),
}
"""Pattern and budget while learning."""


class Model(NamedTuple):
    """A vision transformer, the pictures it takes, and how it learns digits in a fraction of a minute.

    Attributes:
        pixels: side of its pictures.
        patch: side of its patches; as large as the picture, it is a multilayer perceptron but for the name.
        cell: side of what is hidden whole, an eighth of a picture.
        hidden: width.
        layers: depth.
        epochs: of training.
        batch_size: examples.
        learning_rate: peak.
    """

    pixels: int
    patch: int
    cell: int
    hidden: int
    layers: int
    epochs: float
    batch_size: int
    learning_rate: float


MODELS = {
    "mlp8": Model(8, 8, 1, 128, 2, 30, 64, 1e-3),
    "mlp32": Model(32, 32, 4, 128, 2, 30, 64, 1e-3),
    "vit32": Model(32, 8, 4, 64, 3, 40, 32, 2e-3),
}

NEAREST = 0
"""Resampling of Pillow that takes one pixel for another; it gives an enlarged digit its pixels back."""


COLUMNS: dict[str, tuple[int | None, float]] = {
    "whole": (None, 0.0),
    "cells 25 %": (0, 0.25),
    "cells 50 %": (0, 0.5),
    "cells 75 %": (0, 0.75),
    "block 25 %": (1, 0.25),
    "block 50 %": (1, 0.5),
    "3 columns of 8": (2, 0.375),
    "4 columns of 8": (2, 0.5),
}
"""Column of the table -> which of the evaluation's patterns, and the share it hides."""

Results = dict[tuple[str, str], dict[int, dict[str, float]]]
"""(fill, policy) -> seed -> column -> accuracy in per cent."""


class Effect(NamedTuple):
    """A difference of two cells of the matrix, and what it was in the matrix that this one repeats.

    Attributes:
        claim: in words.
        first: (fill, policy).
        second: (fill, policy), taken off.
        column: where they are compared.
        before: that difference, in points.
        least: column whose difference is at least three times as large, where the claim is that little is gained.
    """

    claim: str
    first: tuple[str, str]
    second: tuple[str, str]
    column: str
    before: float
    least: str | None = None


EFFECTS = (
    Effect("mean for black, trained on 50 %", ("mean", "exact"), ("black", "exact"), "cells 50 %", 8.7),
    Effect(
        "a mask channel beside black, trained on 50 %", ("indicator", "exact"), ("black", "exact"), "cells 50 %", 8.6
    ),
    Effect(
        "mean, trained whole, against black, trained on 50 %", ("mean", "none"), ("black", "exact"), "cells 25 %", 1.4
    ),
    Effect("the same", ("mean", "none"), ("black", "exact"), "block 25 %", 11.4),
    Effect("the same", ("mean", "none"), ("black", "exact"), "3 columns of 8", 15.8),
    Effect("mix + mean: cost on whole pictures", ("mean", "mix"), ("mean", "none"), "whole", -1.1),
    Effect("mix + mean: gain", ("mean", "mix"), ("mean", "none"), "cells 75 %", 28.9),
    Effect("an impossible value for black, mix", ("outside", "mix"), ("black", "mix"), "whole", -3.1),
    Effect("the same", ("outside", "mix"), ("black", "mix"), "cells 50 %", -27.4),
    Effect("the same, trained on 50 %", ("outside", "exact"), ("black", "exact"), "whole", -34.3),
    Effect("black: training on cells helps on cells", ("black", "exact"), ("black", "none"), "cells 50 %", 17.4),
    Effect("but little on columns", ("black", "exact"), ("black", "none"), "3 columns of 8", 0.6, "cells 50 %"),
    Effect("black: training on blocks helps on blocks", ("black", "block"), ("black", "none"), "block 25 %", 37.6),
    Effect("but little on cells", ("black", "block"), ("black", "none"), "cells 50 %", -2.1, "block 25 %"),
    Effect("mean: training on cells helps on blocks too", ("mean", "exact"), ("mean", "none"), "block 25 %", 6.1),
)

LEVEL = 0.05
"""Of all tests of a page together."""

HALF_A_PICTURE = 100 / 450 / 2
"""Least standard error, in points: that two seeds agree in every picture happens by chance."""

SPREADS = (("fills, for a training policy", 13.6), ("training policies, for a fill", 1.9))
"""Range of the mean over hidden columns, within `COMPARED`, and what it was before."""

COMPARED = (("black", "indicator", "mean"), ("exact", "uniform", "mix"))

HEAD = """# Fills against masking policies, on digits

Written by `examples/fill_matrix.py`; every number comes from `maskwright train` and `maskwright evaluate`. Pictures
are the 1,797 digits of scikit-learn as `examples/vision_data.py` writes them, enlarged from 8 x 8 to 32 x 32 pixels
(1,078 to learn from, 450 to test on). What is hidden are cells of an 8 x 8 grid. `mlp8` takes pictures brought back
to 8 x 8 (every fourth pixel), of which a cell is one pixel: hidden in black, it looks like background. `mlp32` and
`vit32` take the enlarged ones, of which a cell is 4 x 4 pixels: there a black cell has edges as no stroke has, and
its neighbours hold a little of it, because the enlargement is bicubic.

Accuracy in per cent on the test pictures, 2 masks each; mean ± standard error over the seeds. A seed is that of the
first weights, the order and the masks while learning; the masks of the test are the same for all. The 450 pictures
give one run a sampling error of 0.7 points at 98 % and of 2.2 at 70 % besides.

**Trained** on whole pictures (`none`), on cells with exactly 50 % hidden (`exact`), on cells with a share from U(0,
0.75) (`uniform`), on one square of 4 x 4 cells (`block`), on cells or blocks in turn with a share from U(0, 0.75)
(`mix`). `none` is one model for all fills, the twin of the others, read under each fill; it has no mask channel, so
with `indicator` it is what it is with the fill inside. **Tested** on whole pictures, on random cells, on one square,
on whole columns. Squares go on at the opposite side of the picture where they leave it.

**Fill** of hidden cells, in training and test alike:

| name | configuration | what the model sees |
|---|---|---|
| `black` | `{constant: -1}` | the background of a digit: what x * M makes of a raw picture |
| `grey` | `zero` | 0 after normalisation, grey between black and white |
| `mean` | `{mean: position}` | the mean picture (of 64 training pictures) at that place |
| `indicator` | `{indicator: {fill: {constant: -1}}}` | black, and a channel that is 1 where hidden |
| `indicator-mean` | `{indicator: {fill: {mean: position}}}` | the mean picture, and that channel |
| `outside` | `{constant: -3}` | a value no pixel has |

**Zero is not black here.** Image processors bring pixels to -1 to 1, so the fill `zero` is mid-grey, which 5 % of the
pixels are to within 0.1 (35 % are black): nearly a sign of its own, not the ambiguous background. Where zero of a raw
picture is meant, the fill is `{constant: -1}`; with means and deviations by channel it is another number for each
channel.

"Before" is the matrix that this one repeats: a perceptron of two layers of 256 in plain PyTorch on the 8 x 8 pictures
as they are, half of them to learn from, 60 epochs, 3 or 4 seeds; there black was 0, `outside` -1; the mask channel
went with 0. An effect *shows again* if it has the sign it had there and Student's test over the seeds (degrees of
freedom: seeds less one) gives p < 0.05 after Holm's correction for all effects on this page, in whatever model;
*reversed* likewise. Anything else is undecided, which is not "no effect". *Less than half* is said of its size. "But
little" shows again if a third of the effect in the row above it is larger, by the same test of that difference, and
does not if it is smaller. A standard error counts as at least 0.1 points, half a picture. The test is about other seeds
on these 450 pictures, not about other pictures. Two seeds can show hardly anything: a mean has to be more than 250
standard errors from 0 to outlast a correction for twenty effects. The column `p` is the corrected one.

`mlp32` was run first; `mlp8` was added when its first seed did not repeat the earlier matrix. Models, epochs and
learning rates come from five trials of unmasked models, judged on the test pictures too; see [log.md](log.md).

To make this page again: `python examples/fill_matrix.py --models MODELS --seeds SEEDS --output docs/vision-matrix.md`
(`--fills` and `--policies` for a part, as some models and seeds here; what is finished is not done again).
"""


def configuration(name: str, seed: int, cell: tuple[str, str] | None, folder: Path, epochs: float | None) -> RunConfig:
    """Of one run: a model's name, (fill, policy) or None for the run without masking."""
    model, runs = MODELS[name], folder / name / f"seed-{seed}"
    masking: Any = "none"
    if cell is not None:
        pattern, budget = POLICIES[cell[1]]
        masking = {"pattern": pattern, "budget": budget, "fill": FILLS[cell[0]], "unit": "patch"}
    splits = {split: f"vision-data/digits_{split}.npz" for split in ("train", "validation", "test")}
    return parse_config(
        {
            "task": "image-classification",
            "model": str(runs / "start"),
            "data": {**splits, "patch": model.cell},
            "masking": masking,
            "training": {
                "epochs": epochs or model.epochs,
                "batch_size": model.batch_size,
                "learning_rate": model.learning_rate,
                "seed": seed,
                "keep_best": False,
                "evaluate_every": 1_000_000,
                "output": str(runs / ("none" if cell is None else "-".join(cell))),
            },
            "evaluation": {
                "ratios": [0.0, 0.25, 0.375, 0.5, 0.75],
                "patterns": ["iid", SQUARE, {"tied": {"pattern": "iid", "axis": "row"}}],
                "draws": 2,
                "bootstrap": 200,
                "examples": 0,
                "batch_size": 256,
            },
        }
    )


def start(name: str, seed: int, place: Path) -> None:
    """Save the model with random weights, from which all runs of a seed start."""
    if (place / "config.json").exists():
        return
    import torch
    from transformers import ViTConfig, ViTModel

    from maskwright.tasks.vision.picture_tasks import plain_processor

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = MODELS[name]
    architecture = ViTConfig(
        image_size=model.pixels,
        patch_size=model.patch,
        hidden_size=model.hidden,
        intermediate_size=2 * model.hidden,
        num_hidden_layers=model.layers,
        num_attention_heads=4,
    )
    processor = plain_processor(model.pixels)
    processor.resample = NEAREST
    processor.save_pretrained(place)
    ViTModel(architecture, add_pooling_layer=False).save_pretrained(place)


def run(config: RunConfig) -> bool:
    """Train, and evaluate unless it is the twin; False where all of it was there."""
    from maskwright.evaluate.run import evaluate
    from maskwright.train.run import train

    output = Path(config.training.output)
    done = output / ("maskwright.json" if config.masking is None else "evaluation.json")
    if done.exists():
        found = json.loads(done.read_text(encoding="utf-8"))
        if found.get("status") == "finished" and (output / "run.yaml").read_text("utf-8") == dump_config(config):
            return False
        if found.get("configuration") == dump_config(config):
            return False
    train(config)
    if config.masking is not None:
        evaluate([output])
    return True


def matrix(given: argparse.Namespace) -> None:
    """Run what is asked for and not there yet, a whole seed after the other."""
    for seed in given.seeds:
        for name in given.models:
            start(name, seed, given.folder / name / f"seed-{seed}" / "start")
            for cell in [None, *((fill, policy) for fill in given.fills for policy in given.policies)]:
                began = time.monotonic()
                if run(configuration(name, seed, cell, given.folder, given.epochs)):
                    told = "none" if cell is None else " ".join(cell)
                    print(f"{name}, seed {seed}, {told}: {time.monotonic() - began:.0f} s", flush=True)


def scores(document: dict[str, Any], who: str) -> dict[str, float]:
    """Column -> accuracy in per cent of the `model` or its `twin`."""
    curves = [document["curves"][name]["points"] for name in document["settings"]["patterns"]]
    found = {}
    for column, (pattern, ratio) in COLUMNS.items():
        if pattern is None:
            found[column] = 100 * document["clean"][who]["value"]
        else:
            point = next(point for point in curves[pattern] if math.isclose(point["ratio"], ratio))
            found[column] = 100 * point["score"][who]["value"]
    return found


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error; the latter is NaN of a single value."""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.fmean(values), error


def shown(values: Sequence[float], sign: str = "") -> str:
    """Mean and standard error in a table."""
    mean, error = spread(values)
    return f"{mean:{sign}.1f}" + ("" if math.isnan(error) else f" ± {error:.1f}")


def differences(effect: Effect, results: Results, column: str) -> list[float]:
    """The effect's difference in each seed that has both cells."""
    first, second = results.get(effect.first, {}), results.get(effect.second, {})
    return [first[seed][column] - second[seed][column] for seed in sorted(first.keys() & second.keys())]


class Measured(NamedTuple):
    """What is tested of an effect: its difference, or how much of a third of another is left above it.

    Attributes:
        mean: over the seeds, in points.
        error: standard error; NaN of a single seed.
        seeds: how many.
    """

    mean: float
    error: float
    seeds: int

    @property
    def p(self) -> float:
        """Two-sided, of Student's test; NaN of a single seed."""
        from scipy.special import stdtr

        if self.seeds < 2:
            return math.nan
        return 2.0 * float(stdtr(self.seeds - 1, -abs(self.mean) / max(self.error, HALF_A_PICTURE)))


def measured(effect: Effect, results: Results) -> Measured:
    """An effect over the seeds of a model."""
    values = differences(effect, results, effect.column)
    if effect.least is not None:
        most = differences(effect, results, effect.least)
        values = [large / 3 - small for small, large in zip(values, most, strict=True)]
    return Measured(*spread(values), len(values))


def outcomes(cases: Sequence[tuple[Effect, Measured]]) -> list[tuple[float, str]]:
    """Corrected p of each case, and what its effect is said to be; the page says by which rule.

    >>> effect = Effect("", ("mean", "exact"), ("black", "exact"), "whole", 5.0)
    >>> outcomes([(effect, Measured(4.0, 0.2, 3)), (effect, Measured(4.0, 0.2, 2))])[0][1]
    'again'
    """
    from maskwright.evaluate.statistics import holm

    tested = [case.p for _, case in cases if case.seeds > 1]
    adjusted = iter(holm(tested))
    shared = [next(adjusted) if case.seeds > 1 else math.nan for _, case in cases]
    return [(p, _outcome(effect, case, p)) for (effect, case), p in zip(cases, shared, strict=True)]


def _outcome(effect: Effect, case: Measured, p: float) -> str:
    if case.seeds < 2:
        return "one seed"
    if p >= LEVEL or not case.mean:
        return "undecided"
    if effect.least is not None:
        return "again" if case.mean > 0 else "**not again**"
    if case.mean * effect.before < 0:
        return "**reversed**"
    return "again, less than half" if 2 * abs(case.mean) < abs(effect.before) else "again"


def ranges(results: Results) -> list[list[float]]:
    """Per seed the range over fills and the range over training policies, of the mean over hidden columns."""
    fills, policies = COMPARED
    cells = [results.get((fill, policy), {}) for fill in fills for policy in policies]
    hidden, found = [column for column in COLUMNS if column != "whole"], []
    for seed in sorted(set.intersection(*map(set, cells))):
        means = {
            (fill, policy): statistics.fmean(results[fill, policy][seed][column] for column in hidden)
            for fill in fills
            for policy in policies
        }
        by_fill = [_range([means[fill, policy] for fill in fills]) for policy in policies]
        by_policy = [_range([means[fill, policy] for policy in policies]) for fill in fills]
        found.append([statistics.fmean(by_fill), statistics.fmean(by_policy)])
    return found


def _range(values: Sequence[float]) -> float:
    return max(values) - min(values)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Markdown; the first `left` columns hold words."""
    marks = ["---"] * left + ["--:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, marks, *rows]) + "\n"


EFFECT_HEAD = ("effect", "at", "before", "here", "p", "shows")


def section(name: str, about: str, results: Results, said: dict[Effect, tuple[float, str]]) -> str:
    """A model's matrix, and which effects it shows."""
    policies = ["none", *POLICIES]
    order = sorted(results, key=lambda cell: (list(FILLS).index(cell[0]), policies.index(cell[1])))
    rows = [
        [f"`{fill}`", f"`{policy}`", str(len(found)), *(shown([one[c] for one in found.values()]) for c in COLUMNS)]
        for (fill, policy), found in ((cell, results[cell]) for cell in order)
    ]
    effects = [
        effect_row(effect, shown(differences(effect, results, effect.column), "+"), *outcome)
        for effect, outcome in said.items()
    ]
    parts = [f"## {name}\n", f"{about}\n", table(["fill", "trained", "seeds", *COLUMNS], rows, 2)]
    by_seed = ranges(results)
    for (what, before), found in zip(SPREADS, zip(*by_seed, strict=True), strict=False):
        parts.append(f"- range over {what}: {shown(found)} points (before: {before})")
    parts += ["" if by_seed else None, table(EFFECT_HEAD, effects, 2)]
    return "\n".join(part for part in parts if part is not None)


def effect_row(effect: Effect, here: str, p: float, outcome: str) -> list[str]:
    """An effect in the table of its model."""
    written = "" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return [effect.claim, effect.column, f"{effect.before:+.1f}", here, written, outcome]


def judged(found: dict[str, Results]) -> dict[str, dict[Effect, tuple[float, str]]]:
    """Model -> effect -> p and outcome, of all effects of all models together."""
    cases = [
        (name, effect)
        for name, results in found.items()
        for effect in EFFECTS
        if differences(effect, results, effect.column)
    ]
    said = outcomes([(effect, measured(effect, found[name])) for name, effect in cases])
    by_model: dict[str, dict[Effect, tuple[float, str]]] = {name: {} for name in found}
    for (name, effect), outcome in zip(cases, said, strict=True):
        by_model[name][effect] = outcome
    return by_model


ROUNDING = 0.05
"""Of the numbers on a page, in points."""

REJUDGED = """\
**The runs behind this page are gone.** They were made on 2026-11-24, with the code of that day. The p-values come
from the rounded means and errors in the tables, at the rounding that speaks most against an effect, so they are no
lower than those of the runs themselves would be.
"""


def rejudged(page: str) -> str:
    """A page whose effects are judged anew, from its own numbers."""
    models, found = list(MODELS), {}
    for name, text in _sections(page, models).items():
        seeds = min(int(line.split("|")[3]) for line in text.splitlines() if line.startswith("| `"))
        rows = [line for line in text.splitlines() if line.startswith("|")]
        first = next(place for place, line in enumerate(rows) if line.startswith("| effect |")) + 2
        found[name] = _read_effects(rows[first:], seeds)
    cases = [(name, effect, here, case) for name, rows in found.items() for effect, here, case in rows]
    said = outcomes([(effect, case) for _, effect, _, case in cases])
    for name, text in _sections(page, models).items():
        rows = [
            effect_row(effect, here, *outcome)
            for (model, effect, here, _), outcome in zip(cases, said, strict=True)
            if model == name
        ]
        page = page.replace(text, text[: text.index("| effect |")] + table(EFFECT_HEAD, rows, 2))
    start = page.index("\n## ") + 1
    head = HEAD.replace("MODELS", " ".join(found)).replace("SEEDS", _seeds_of(page))
    return f"{head}\n{REJUDGED}\n{page[start:].rstrip()}\n"


def _seeds_of(page: str) -> str:
    return page.split("--seeds ")[1].split(" --output")[0]


def _sections(page: str, models: Sequence[str]) -> dict[str, str]:
    """Model -> its part of a page."""
    parts = {part.split("\n", 1)[0]: part for part in page.split("\n## ")[1:]}
    return {name: parts[name] for name in models if name in parts}


def _read_effects(rows: Sequence[str], seeds: int) -> list[tuple[Effect, str, Measured]]:
    """The effects of a model's table, each as it is written and at its least favourable rounding."""
    read: list[tuple[Effect, str, Measured]] = []
    left = list(EFFECTS)
    for row in rows:
        claim, column, before, here = (cell.strip() for cell in row.strip("|").split("|")[:4])
        key = (claim, column, before)
        effect = next(one for one in left if (one.claim, one.column, f"{one.before:+.1f}") == key)
        left = left[left.index(effect) + 1 :]
        mean, error = (float(number) for number in here.split(" ± "))
        if effect.least is not None:
            large, its_error = (float(number) for number in read[-1][1].split(" ± "))
            mean, error = large / 3 - mean, error + its_error / 3  # no larger, however the two go together
        rounding = ROUNDING * (1 if effect.least is None else 4 / 3)
        least = math.copysign(max(abs(mean) - rounding, 0.0), mean)
        read.append((effect, here, Measured(least, error + rounding, seeds)))
    return read


def collect(folder: Path) -> dict[str, Results]:
    """Model -> (fill, policy) -> seed -> column -> accuracy in per cent, of all that is finished.

    Raises:
        SystemExit: runs that were trained or evaluated in different ways, which no table may mix.
    """
    found: dict[str, Results] = {}
    settings: dict[str, Any] = {}
    for name in MODELS:
        for path in sorted((folder / name).glob("seed-*/*/evaluation.json")):
            cell = _cell(path.parent.name)
            document = json.loads(path.read_text(encoding="utf-8"))
            if cell is None or document["clean"]["twin"] is None:
                continue
            seed = document["runs"][0]["seed"]
            alike = {key: document["settings"][key] for key in ("ratios", "patterns", "draws", "unit")}
            alike |= {"epochs": parse_config(_yaml(document)).training.epochs, "data": document["data"]["fingerprint"]}
            if settings.setdefault(name, alike) != alike:
                raise SystemExit(f"{path}: made with other settings than its neighbours. Give another --folder.")
            results = found.setdefault(name, {})
            results.setdefault(cell, {})[seed] = scores(document, "model")
            results.setdefault((cell[0], "none"), {})[seed] = scores(document, "twin")
    return found


def _cell(name: str) -> tuple[str, str] | None:
    fill, _, policy = name.rpartition("-")
    return (fill, policy) if fill in FILLS and policy in POLICIES else None


def _yaml(document: dict[str, Any]) -> dict[str, Any]:
    from maskwright.config.yaml_reader import parse_yaml

    return parse_yaml(document["configuration"], "evaluation.json")


def written(folder: Path) -> str:
    """The page about all that is finished in a folder."""
    found = collect(folder)
    if not found:
        raise SystemExit(f"{folder}: no run with a twin is finished there.")
    seeds = sorted({seed for results in found.values() for cell in results.values() for seed in cell})
    asked = {"MODELS": found, "SEEDS": map(str, seeds)}
    head = HEAD
    for name, values in asked.items():
        head = head.replace(name, " ".join(values))
    parts, said = [head], judged(found)
    for name, results in found.items():
        model, epochs = MODELS[name], _epochs(folder / name)
        about = (
            f"Pictures of {model.pixels} x {model.pixels} pixels, a vision transformer with patches of {model.patch} x "
            f"{model.patch}{' (the whole picture)' * (model.patch == model.pixels)}, {model.layers} layers of width "
            f"{model.hidden}, from random weights; {epochs:g} epochs, batches of {model.batch_size}, learning rate "
            f"{model.learning_rate:g}, weights of the last step."
        )
        parts.append(section(name, about, results, said[name]))
    return "\n".join(parts)


def _epochs(folder: Path) -> float:
    first = next(folder.glob("seed-*/*/evaluation.json"))
    return parse_config(_yaml(json.loads(first.read_text(encoding="utf-8")))).training.epochs


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["mlp8"])
    parser.add_argument("--fills", nargs="+", choices=FILLS, default=list(FILLS))
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--epochs", type=float, help="instead of the model's own")
    parser.add_argument("--folder", type=Path, default=Path("runs/fills"), help="where runs go")
    parser.add_argument("--output", type=Path, help="Markdown file for the page")
    parser.add_argument("--only-page", action="store_true", help="run nothing; write what is finished")
    parser.add_argument("--rejudge", action="store_true", help="run nothing; judge the effects on --output's page anew")
    given = parser.parse_args()
    if given.rejudge:
        if given.output is None:
            parser.error("--rejudge needs --output, the page")
        given.output.write_text(rejudged(given.output.read_text(encoding="utf-8")), encoding="utf-8")
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}  # torch is imported later
    if not given.only_page:
        if not Path("vision-data").exists():
            subprocess.run([sys.executable, str(HERE / "vision_data.py"), "vision-data"], check=True)
        matrix(given)
    text = written(given.folder)
    print(text)
    if given.output is not None:
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
