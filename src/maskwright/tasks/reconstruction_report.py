"""What the report of a model that completes pictures shows besides: pictures, errors, and what a linear probe reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.tasks import reconstruction
from maskwright.tasks.examples import EVALUATION_SEED
from maskwright.tasks.picture_tasks import hidden_picture
from maskwright.tasks.pictures import PICTURE, Pictures
from maskwright.tasks.shown_pictures import as_bytes, data_uri

if TYPE_CHECKING:
    import torch

__all__ = ["sections"]

SHOWN = 8
"""Reconstructions shown."""

BLIND_SEED = 0
"""Of which pictures are shown, of the weights a probe is compared with, and of resamples."""

MOMENT = {"seed": EVALUATION_SEED, "epoch": 0, "progress": 1.0}

FEWEST = 2
"""Pictures that every class needs on both sides of a probe."""


def sections(material: Any, asked: Any, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Completed pictures, errors by what is hidden, and a linear probe where there are labels; see `maskwright.tasks`.

    The twin, which this task has none of, is not looked for.
    """
    from maskwright.tasks.masked_image import load_trained

    model, _ = load_trained(asked.folders["model"])
    model = model.to(asked.machine.device).eval()
    return [_pictures(material, model), _errors(material, asked), *_probes(material, model, labels)]


def _pictures(material: Any, model: Any) -> dict[str, Any]:
    import torch

    examples, masking = material.test, material.config.masking
    rows = np.random.default_rng(BLIND_SEED).permutation(len(examples))[:SHOWN]
    pictures = []
    for row in rows.tolist():
        seen = {"original": None, "as the model sees it": masking}
        shown = {title: hidden_picture(examples, row, how, **MOMENT)[0] for title, how in seen.items()}
        ids = torch.from_numpy(examples.example_ids[[row]])
        inputs = examples.hide({PICTURE: examples.pixels([row])}, masking, ids, **MOMENT).inputs
        inputs = {name: value.to(_device(model)) for name, value in inputs.items()}
        with torch.inference_mode():
            whole = reconstruction.completed(model, inputs)[0].float().cpu()
        shown["completed"] = as_bytes(whole, examples.reader)
        group = f"row {int(examples.example_ids[row]) + 1}"
        pictures += [{"title": title, "src": data_uri(one), "group": group} for title, one in shown.items()]
    text = (
        f"Test {material.task.NOUN} drawn blindly with a fixed seed, hidden as in training. Visible patches of the "
        "completed picture are the true ones."
    )
    if getattr(model.config, "norm_pix_loss", False):
        text += " This model predicts pixels scaled within each patch: mean and contrast of hidden patches are given."
    return {"title": "Reconstructions", "text": text, "pictures": pictures}


def _errors(material: Any, asked: Any) -> dict[str, Any]:
    rows = []
    for (pattern, ratio), draws in asked.answers["model"].masked.items():
        found = [float(np.mean([getattr(one, name) for one in draws])) for name in ("losses", "scores", "plain")]
        rows.append([pattern, f"{ratio:.0%}", *(f"{value:.3f}" for value in found)])
    return {
        "title": "Error on what is hidden",
        "text": (
            "Squared error on hidden patches, in the space the model predicts in, and the explained share of the "
            "variance of the whole picture; beside it the share that the mean of the visible pixels explains in place "
            f"of what is hidden. Mean over the test {material.task.NOUN} and all draws."
        ),
        "tables": [{"title": "", "head": ["pattern", "hidden", "error", "explained", "by the mean"], "rows": rows}],
    }


def _probes(material: Any, model: Any, labels: Sequence[str]) -> list[dict[str, Any]]:
    """The section of the linear probe; none without labels."""
    import torch

    train, test = _labelled(material.train), _labelled(material.test)
    classes = set(material.train.labels[train].tolist())
    fewest = min(np.bincount(material.train.labels[train]).max(initial=0), len(test))
    if len(classes) < 2 or fewest < FEWEST:
        return []
    with torch.random.fork_rng():
        torch.manual_seed(BLIND_SEED)
        untrained = reconstruction.with_positions(reconstruction.ready(type(model)(model.config)))
    untrained = untrained.to(_device(model)).eval()
    settings = material.config.evaluation
    truth = material.test.labels[test]

    def right(encoder: Any) -> np.ndarray:
        read, asked = (
            _features(encoder, examples, rows, settings.batch_size)
            for examples, rows in ((material.train, train), (material.test, test))
        )
        return _predicted(read, material.train.labels[train], asked) == truth

    table = _compared(right(model), right(untrained), settings.bootstrap, settings.confidence)
    return [
        {
            "title": "Linear probe",
            "text": (
                f"Logistic regression on the mean of the encoder's patch tokens for whole pictures (standardised), "
                f"fitted on {len(train):,} labelled training {material.task.NOUN} and tested on {len(test):,}: how "
                f"easily {len(labels)} classes can be read off what was learned without labels. Random weights: the "
                f"same architecture, untrained. Intervals: paired bootstrap over test {material.task.NOUN}."
            ),
            "tables": [table],
        }
    ]


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


def _compared(right: np.ndarray, untrained: np.ndarray, resamples: int, confidence: float) -> dict[str, Any]:
    """A table of two accuracies and their difference, on the same resamples."""
    n = len(right)
    weights = np.random.default_rng(BLIND_SEED).multinomial(n, np.full(n, 1 / n), size=resamples)
    rows = []
    for name, values in (
        ("pre-trained", right.astype(float)),
        ("random weights", untrained.astype(float)),
        ("difference", right.astype(float) - untrained),
    ):
        low, high = np.quantile(weights @ values / n, [(1 - confidence) / 2, (1 + confidence) / 2])
        rows.append([name, f"{values.mean():.1%}", f"{low:.1%} to {high:.1%}"])
    return {"title": "", "head": ["encoder", "accuracy", f"{confidence:.0%} interval"], "rows": rows}


def _device(model: Any) -> Any:
    return next(model.parameters()).device
