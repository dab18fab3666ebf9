"""Tasks: one file per task, holding everything that is particular to it (data, model, inputs, loss, metric, pictures).

A task is a module with these names; the rest of the program calls nothing else. `Examples`, `Built`, `Hidden`, `Metric`
and `Outcome` are described in `maskwright.tasks.contract`, `CheckedData` in `maskwright.data.checked`.

    Data                       the `data` section of a configuration: a subclass of `maskwright.config.DataSection`
    DEFAULTS                   defaults of its own, such as {"evaluation": {"patterns": ["iid", "block"]}}
    NOUN                       what an example is called in the plural: "texts"
    UNIT                       what `Examples.work` counts, in the plural: "tokens"
    INPUT                      the column of a split's rows that `variant:NAME` columns stand in for: "text", "image"
    METRIC                     a Metric
    check(config)              raise ConfigError where masking, objective and evaluation do not go with the task
    load(section) -> CheckedData
    build(config, data) -> Built
    load_trained(folder) -> (model, reader)          what `build` and training left in a run's model folder
    same_reader(one, other) -> bool                  whether two readers make the same inputs (a run's and its twin's)
    plain_fill(reader) -> fill node                  the fill to evaluate a model with that was trained without masking
    encode(rows, reader, config, *, data, weights=None, on_progress=...) -> Examples      rows: a split of `data`
    class_weights(labels, n_classes) -> [n_classes]  only where the task has one class an example
    loss_sum(model, inputs, labels, weight) -> scalar tensor: forward pass and weighted sum of the examples' losses
    answer(model, inputs) -> tensor [B, ...] float32: forward pass, and what is kept of it (logits); one size for all
    metrics(answers, examples) -> {METRIC.name: ..., "loss": ..., ...}      answers: NumPy [N, ...] in examples' order
    outcome(answers, examples) -> Outcome
    chance(examples) -> float                        METRIC of who sees nothing of the input
    shown(examples, reader, row, masking) -> dict    an example as the model reads it with what was hidden: `pieces` of
                                                     text [{"text", "hidden"}] or `pictures` [{"title", "src"}], the
                                                     source a data: URI of a PNG; masked as evaluation does (seed
                                                     EVALUATION_SEED, epoch 0); None for masking shows it whole
    told(answer, examples, row, labels) -> {"label": str, "probability": float | None, "right": bool | None}, and "src"
                                                     where the answer is a picture (boxes, a reconstruction)
    describe(config, data) -> tuple[str, ...]        lines for `check` ("lengths in words: ..."); may load the reader
    preview(config, data, n, epoch) -> dict          what `maskwright preview` shows; see `cli/preview.py`
    sections(material, asked, labels) -> list        optional: more for the report, see below
    SHOWS_EXAMPLES             optional: True where `sections` shows examples, so that the report need not besides
    MODALITIES                 optional: names of the inputs that a `PerModality` may hide in; without it there is none
    evaluated(node) -> masking                       optional: reads {"pattern", "budget", "fill", "unit"} where
                                                     evaluation hides by something else than a `Masking`

What `sections` is given. `material`: `reader`, `config`, `data`, and as Examples `test`, `train` (at most 1,000 of the
training examples, a blind choice) and `variants` by name. `asked`, of the first run: `folders` {"model": model folder}
for `load_trained`; `answers` {"model": ...} with the Outcomes `clean`, `masked[pattern, ratio]` (one per draw),
`variants[name]` and `train`; `raw` {"model": {"clean": ..., (pattern, ratio): ...}}, what `answer` gave on the test
examples, whole and under the first draw of the condition shown; `plan.maskings` {(pattern, ratio): Masking};
`machine.device`. What is there by "model" is there by "twin" too, if the run has one. `labels`: names of the classes.

What it gives: sections of the report, in order, mappings of JSON values. All keys but `title` may be left out:

    {"title": "Average precision by class",
     "text": "One paragraph.",
     "tables": [{"title": "...", "head": ["class", "model", "twin"], "rows": [["cat", 0.41, 0.38]]}],   text or numbers;
                                          what stands behind a line break of a text is shown small below it
     "pictures": [{"title": "hidden", "src": "data:image/png;base64,...", "group": "row 12"}],  a group stands in a row
     "curves": [{"title": "...", "x": "hidden share", "y": "loss", "model": [[0.5, 1.2], ...], "twin": [...] or None}]}

Nothing at the top of a task's file imports torch or transformers, so that `check` stays quick.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from maskwright.errors import ConfigError, did_you_mean

__all__ = ["NAMES", "get"]

ROOMS = {
    "text-classification": "text",
    "image-classification": "vision",
    "video-classification": "video",
    "masked-image": "reconstruction",
    "masked-video": "reconstruction",
    "object-detection": "detection",
    "image-text-classification": "image_text",
}
NAMES = tuple(ROOMS)


def get(name: str) -> ModuleType:
    """The module of a task, by the name a configuration gives it.

    Raises:
        ConfigError: there is no such task.
    """
    if name not in NAMES:
        raise ConfigError(f"task: there is no task '{name}'. {did_you_mean(name, NAMES)}")
    return importlib.import_module(f"{__name__}.{ROOMS[name]}.{name.replace('-', '_')}")
