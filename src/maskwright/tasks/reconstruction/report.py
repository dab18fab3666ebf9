"""What the report of a model that completes pictures or clips shows besides: them, errors, and a linear probe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.evaluate.samples import difference_of, share_of
from maskwright.rng import Moment
from maskwright.tasks.metrics.completion_statistics import COMPLETION
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction import targets
from maskwright.tasks.rendering import as_bytes, data_uri
from maskwright.tasks.vision.pictures import Pictures
from maskwright.tasks.vision.shown import flat, hidden_picture

if TYPE_CHECKING:
    import torch

__all__ = ["sections"]

SHOWN = 8
"""Reconstructions shown."""

DIFFERENCE = "difference"

BLIND_SEED = 0
"""Of which pictures are shown, of the weights a probe is compared with, and of resamples."""

SEEN = "as the model sees it"

HEAD = ("pattern", "hidden", "squared error", "model explains", "mean explains")
"""What is said of every pattern and share."""

FEWEST = 2
"""Pictures that every class needs on both sides of a probe."""


def sections(material: Any, asked: Any) -> list[dict[str, Any]]:
    """Completed pictures, errors by what is hidden, and a linear probe where there are labels.

    See `maskwright.tasks.contract.Task.sections`. The twin, which these tasks have none of, is not looked for.
    """
    model = material.task.restore(asked.folders["model"]).model
    model = model.to(asked.machine.device).eval()
    pictures = _pictures(material, asked, model) if material.config.evaluation.examples else []
    return [*pictures, _errors(material, asked), *_probes(material, model)]


def _pictures(material: Any, asked: Any, model: Any) -> list[dict[str, Any]]:
    """Some pictures hidden as in training, and the first of them with more and more hidden."""
    examples, words = material.test, material.task.words
    n = min(SHOWN, material.config.evaluation.examples)
    rows = np.random.default_rng(BLIND_SEED).permutation(len(examples))[:n].tolist()
    pictures = []
    for row in rows:
        seen, made, explained = _completed(material, model, row, material.config.masking)
        whole = hidden_picture(examples, row, None, Moment.evaluation())[0]
        titled = {"original": whole, SEEN: seen, f"completed, {explained}": made}
        group = _name(examples, row)
        pictures += [{"title": title, "src": data_uri(one), "group": group} for title, one in titled.items()]
    text = (
        f"Test {words.examples} drawn blindly with a fixed seed, hidden as in training. What is hidden is hatched; "
        f"where nothing was hidden the completed {words.input} is the true one. The share below it is its explained "
        "variance."
    )
    if targets.scales(model):
        text += f" This model predicts pixels scaled within {words.units}: their mean and contrast are given."
    return [
        {"title": "Reconstructions", "text": text, "pictures": pictures},
        _more_and_more(material, asked, model, rows[0]),
    ]


def _more_and_more(material: Any, asked: Any, model: Any, row: int) -> dict[str, Any]:
    """One picture under the first pattern of the evaluation, at every share."""
    pattern = next(iter(asked.plan.maskings))[0]
    seen, completed = [], []
    for (name, ratio), masking in asked.plan.maskings.items():
        if name != pattern:
            continue
        hatched, made, explained = _completed(material, model, row, masking)
        seen.append({"title": f"{ratio:.0%} hidden", "src": data_uri(hatched), "group": SEEN})
        completed.append({"title": f"{ratio:.0%} hidden, {explained}", "src": data_uri(made), "group": "completed"})
    text = (
        f"{_name(material.test, row).capitalize()}, pattern {pattern}: the first draw of each share of the evaluation."
    )
    title = f"The same {material.task.words.input}, with more and more hidden"
    return {"title": title, "text": text, "pictures": [*seen, *completed]}


def _completed(material: Any, model: Any, row: int, masking: Any) -> tuple[np.ndarray, np.ndarray, str]:
    """A picture as the model sees it and as it completes it, and how well."""
    import torch

    examples = material.test
    seen, hidden = hidden_picture(examples, row, masking, Moment.evaluation())
    hidden = replace(hidden, inputs={name: value.to(_device(model)) for name, value in hidden.inputs.items()})
    with torch.inference_mode():
        whole = reconstruction.completed(model, hidden.inputs)[0].float().cpu()
        explained = float(material.task.predict(model, hidden, None)[0, 0])
    return seen, flat(as_bytes(whole, examples.reader)), f"{_share(explained)} explained"


def _name(examples: Pictures, row: int) -> str:
    return f"row {int(examples.example_ids[row]) + 1}"


def _errors(material: Any, asked: Any) -> dict[str, Any]:
    """Means over the test examples and all draws."""
    words, rows = material.task.words, []
    for (pattern, ratio), scored in asked.answers["model"].masked.items():
        explained, error, mean = scored.records[COMPLETION.name].mean(axis=(0, 1)).tolist()
        rows.append([pattern, f"{ratio:.0%}", error, _share(explained, 1), _share(mean, 1)])
    return {
        "title": "Error on what is hidden",
        "text": (
            f"Squared error: on hidden {words.units} alone, in the units the model predicts in. It can be larger where "
            "less is hidden, as a model completes best what it was trained to complete. Explained variance: of the "
            f"whole {words.input}, so that it is high where little is hidden. The last column is what the mean of the "
            "visible pixels explains in place of what is hidden; a model should do better. Means over the test "
            f"{words.examples} and all draws."
        ),
        "tables": [{"title": "", "head": list(HEAD), "rows": rows}],
    }


def _probes(material: Any, model: Any) -> list[dict[str, Any]]:
    """The section of the linear probe; none without labels."""
    train, test = _labelled(material.train), _labelled(material.test)
    classes = set(material.train.labels[train].tolist())
    fewest = min(np.bincount(material.train.labels[train]).max(initial=0), len(test))
    if len(classes) < 2 or fewest < FEWEST:
        return []
    settings, truth = material.config.evaluation, material.test.labels[test]

    def right(encoder: Any) -> np.ndarray:
        read, asked = (
            _features(encoder, examples, rows, settings.batch_size)
            for examples, rows in ((material.train, train), (material.test, test))
        )
        return _predicted(read, material.train.labels[train], asked) == truth

    table = _compared(right(model), right(_untrained(model)), settings.confidence)
    words, labels = material.task.words, material.data.labels
    text = (
        f"Logistic regression on the mean of what the encoder makes of the {words.units} of whole {words.examples} "
        f"(standardised), fitted on {len(train):,} labelled training {words.examples} and tested on {len(test):,}: how "
        f"easily {len(labels)} classes can be read off what was learned without labels. Random weights: the same "
        f"architecture, untrained. Intervals are over test {words.examples}."
    )
    return [{"title": "Linear probe", "text": text, "tables": [table]}]


def _untrained(model: Any) -> Any:
    """The same architecture with new weights, always the same ones."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(BLIND_SEED)
        untrained = reconstruction.with_positions(reconstruction.ready(type(model)(model.config)))
    return untrained.to(_device(model)).eval()


def _labelled(examples: Pictures) -> np.ndarray:
    return np.flatnonzero(examples.labels >= 0)


def _features(model: Any, examples: Pictures, rows: np.ndarray, size: int) -> np.ndarray:
    import torch

    def parts() -> Iterator[torch.Tensor]:
        for start in range(0, len(rows), size):
            pixels = examples.pixels(rows[start : start + size].tolist()).to(_device(model))
            yield reconstruction.features(model, pixels).cpu()

    with torch.inference_mode():
        return torch.cat(list(parts())).numpy().astype(np.float64)


def _predicted(features: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(features, labels).predict(asked)


def _compared(right: np.ndarray, untrained: np.ndarray, confidence: float) -> dict[str, Any]:
    """A table of two accuracies and their difference on the same examples."""
    rows = []
    for name, estimate in (
        ("pre-trained", share_of(right)),
        ("random weights", share_of(untrained)),
        (DIFFERENCE, difference_of(right, untrained)),
    ):
        low, high = estimate.bounds(confidence)
        write = _points if name == DIFFERENCE else _share
        unit = " points" if name == DIFFERENCE else ""
        rows.append([name, f"{write(estimate.value, 1)}{unit}", f"{write(low, 1)} to {write(high, 1)}"])
    return {"title": "", "head": ["encoder", "accuracy", f"{confidence * 100:g}% interval"], "rows": rows}


def _share(value: float, digits: int = 0) -> str:
    return f"{value:.{digits}%}".replace("-", "−")


def _points(value: float, digits: int) -> str:
    return f"{100 * value:+.{digits}f}".replace("-", "−")


def _device(model: Any) -> Any:
    return next(model.parameters()).device
