"""Pre-training on pictures: part of each is hidden, and the model completes it. Labels are not needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.images import load_image_data, open_picture
from maskwright.errors import ConfigError, RunError
from maskwright.fills.drop import Drop
from maskwright.grid import Grid
from maskwright.tasks import image_classification, picture_tasks, pretrained, reconstruction, vision_models
from maskwright.tasks.examples import Built, Metric, Scores
from maskwright.tasks.picture_tasks import same_reader, shown
from maskwright.tasks.pictures import PICTURE, Pictures, hides_patches
from maskwright.tasks.reconstruction_report import sections
from maskwright.tasks.scratch import advice

if TYPE_CHECKING:
    import torch

    from maskwright.data.checked import CheckedData

__all__ = [
    "DEFAULTS",
    "INPUT",
    "METRIC",
    "NOUN",
    "UNIT",
    "Data",
    "Reconstructed",
    "answer",
    "build",
    "chance",
    "check",
    "describe",
    "encode",
    "load",
    "load_trained",
    "loss_sum",
    "metrics",
    "outcome",
    "plain_fill",
    "preview",
    "same_reader",
    "sections",
    "shown",
    "told",
]


class Data(image_classification.Data):
    """Pictures with or without labels; labels are not learned, they serve a linear probe in the report."""


DEFAULTS: dict[str, Any] = {
    "objective": "reconstruct",
    "evaluation": {"patterns": ["iid", "block"], "unit": "patch", "twin": False},
}
NOUN, UNIT, INPUT = "images", "patches", "image"
METRIC = Metric("explained", "explained variance")


@dataclass(frozen=True)
class Reconstructed(Scores):
    """How well pictures were completed; the scores are explained shares of the variance.

    Attributes:
        losses: [N] squared error on hidden patches, in the space the model predicts in.
        plain: [N] share of the variance that the mean of what is visible explains in place of what is hidden.
    """

    losses: np.ndarray = field(kw_only=True)
    plain: np.ndarray = field(kw_only=True)


def load(section: Data) -> CheckedData:
    """Read and check the pictures; see `load_image_data`."""
    return load_image_data(section, labelled=False)


def check(config: RunConfig) -> None:
    """Refuse what does not go with completing pictures.

    Raises:
        ConfigError: nothing hidden, a twin, something hidden that is not whole patches, or another objective.
    """
    if config.objective != "reconstruct":
        raise ConfigError(f"objective: masked-image learns what was hidden (reconstruct), given {config.objective!r}.")
    if config.masking is None:
        raise ConfigError("masking: masked-image learns what is hidden, so something must be; try masking: mae.")
    if config.evaluation.twin:
        raise ConfigError(
            "evaluation.twin: where nothing is hidden there is nothing to learn, so masked-image has no twin. Set "
            "twin: false; to see what it taught, fine-tune its model folder with image-classification."
        )
    if config.training.class_weights != "none":
        raise ConfigError("training.class_weights: masked-image learns no classes; leave it out.")
    if not hides_patches(config.masking):
        raise ConfigError(
            "masking.fill: what is completed is hidden inside the model. Use drop for masked autoencoders (ViTMAE, "
            "scratch:tiny) and mask-token for the other models that complete pictures."
        )
    vision_models.check_pixels(config, Grid(row=14, col=14))
    if vision_models.size_of(config.model) is not None:
        _check_fill(config, reconstruction.AUTOENCODER)


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, completes no pictures, or cannot be masked in the way asked for.
    """
    import torch

    del data
    reader, architecture = picture_tasks.reader_of(config), _architecture(config)
    auto = reconstruction.class_of(architecture)
    _check_fill(config, architecture.model_type)
    _side(config, reader, architecture)
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        if vision_models.size_of(config.model) is not None:
            model, notes = auto(architecture), advice(config)
        else:
            # A decoder that makes patches of another size than the encoder takes cannot have been trained with it.
            stride = architecture.patch_size if architecture.model_type in ("vit", "deit") else None
            options = {} if stride is None else {"encoder_stride": stride}
            model, notes = pretrained.with_new_head(auto, config.model, **options)
        model = reconstruction.with_positions(model)
    return Built(reconstruction.ready(model), reader, notes)


def load_trained(folder: Path) -> tuple[Any, Any]:
    """Load model and image processor from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    import torch

    try:
        auto = reconstruction.class_of(picture_tasks.saved_architecture(str(folder)))
        reader = vision_models.image_processor(str(folder))
        options = {"dtype": torch.float32, "use_safetensors": True}
        model = pretrained.load(auto.from_pretrained, str(folder), "model", **options)
    except ConfigError as error:
        raise RunError(f"{folder}: the trained model cannot be loaded; {str(error).removeprefix('model: ')}") from error
    return reconstruction.ready(model), reader


def plain_fill(reader: Any) -> Any:
    """Of a model that was trained without masking, which this task has none of."""
    del reader
    return "drop"


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    weights: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pictures:
    """A split ready to be batched; pictures are read when their batch is made."""
    del on_progress
    source = picture_tasks.Source(INPUT, open_picture, _side(config, reader, _architecture(config)))
    return picture_tasks.encode(rows, reader, config, source, data=data, weights=weights)


def loss_sum(model: Any, inputs: Mapping[str, Any], labels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted squared errors on hidden patches, mean over those of an example, added up over the examples."""
    from maskwright.objectives.reconstruct import loss_sum as squared_errors

    del labels
    values, patches = reconstruction.predicted(model, inputs)
    truth = reconstruction.target(model, inputs[PICTURE], patches)
    return squared_errors(values, truth, reconstruction.hidden_patches(inputs), weight)


def answer(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """[B, 3] float32: explained variance, error on hidden patches, explained variance of the mean of what is visible.

    Where nothing is hidden there is nothing to ask: 1, 0 and 1.
    """
    import torch

    from maskwright.objectives import reconstruct

    hidden = reconstruction.hidden_patches(inputs)
    if hidden is None:
        pixels = inputs[PICTURE]
        return torch.tensor([1.0, 0.0, 1.0], device=pixels.device).repeat(len(pixels), 1)
    values, patches = reconstruction.predicted(model, inputs)
    truth, channels = reconstruction.target(model, inputs[PICTURE], patches), patches.channels
    mean = reconstruct.visible_mean(truth, hidden, channels)
    found = [
        reconstruct.explained(values, truth, hidden, channels),
        reconstruct.errors(values, truth, hidden),
        reconstruct.explained(mean, truth, hidden, channels),
    ]
    return torch.stack(found, dim=1)


def metrics(answers: np.ndarray, examples: Pictures) -> dict[str, float]:
    """Mean explained variance and mean squared error on hidden patches."""
    del examples
    return {"explained": float(answers[:, 0].mean()), "loss": float(answers[:, 1].mean())}


def outcome(answers: np.ndarray, examples: Pictures) -> Reconstructed:
    """How well each picture was completed."""
    del examples
    explained, losses, plain = answers.T.astype(np.float64)
    return Reconstructed(explained, losses=losses, plain=plain)


def chance(examples: Pictures) -> float:
    """Who sees nothing and gives the mean colour of the picture explains nothing of it."""
    del examples
    return 0.0


def told(answer: np.ndarray, examples: Pictures, row: int, labels: Sequence[str]) -> dict[str, Any]:
    """How well one picture was completed."""
    del examples, row, labels
    return {"label": f"{answer[0]:.0%} explained", "probability": None, "right": None}


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the pictures on their way into the model."""
    del data
    reader = picture_tasks.reader_of(config)
    side = _side(config, reader, _architecture(config))
    return (picture_tasks.sizes_told(picture_tasks.pixels_of(reader), side),)


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first pictures in an epoch."""
    some = data.train.select(range(min(n, len(data.train))))
    examples = encode(some, picture_tasks.reader_of(config), config, data=data)
    return picture_tasks.preview(examples, config, data.labels, epoch)


def _architecture(config: RunConfig) -> Any:
    size = vision_models.size_of(config.model)
    if size is None:
        return picture_tasks.saved_architecture(config.model)
    data: Any = config.data
    return reconstruction.new_architecture(size, data.size or vision_models.PIXELS, data.patch or vision_models.PATCH)


def _side(config: RunConfig, reader: Any, architecture: Any) -> tuple[int, ...]:
    """Sides of the model's own patches, which are what it completes.

    Raises:
        ConfigError: others are asked for, or pictures of another size than the model's.
    """
    wanted, pixels = getattr(architecture, "image_size", None), picture_tasks.pixels_of(reader)
    if wanted is not None and pixels != (wanted, wanted):
        raise ConfigError(
            f"data.size: '{config.model}' completes pictures of {wanted} x {wanted} pixels, its image processor makes "
            f"{pixels[0]} x {pixels[1]}. Set data.size to {wanted}."
        )
    return vision_models.patch_side(architecture, pixels, config)


def _check_fill(config: RunConfig, kind: str) -> None:
    """Refuse the other of the two fills.

    Raises:
        ConfigError: drop and mask-token confused.
    """
    needed = reconstruction.fill_of(kind)
    given = "drop" if isinstance(getattr(config.masking, "fill", None), Drop) else "mask-token"
    if given != needed:
        raise ConfigError(f"masking.fill: {config.model} ({kind}) is trained with {needed}, given {given}.")
