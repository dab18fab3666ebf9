"""What all tasks on pictures and clips do alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.errors import ConfigError, RunError
from maskwright.fills.drop import Drop
from maskwright.tasks import pretrained
from maskwright.tasks.contract import EVALUATION_SEED, Built
from maskwright.tasks.rendering import as_bytes, data_uri, marked, strip
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.pictures import PICTURE, Pictures, forward, hides_patches, references

if TYPE_CHECKING:
    import torch

    from maskwright.data.checked import CheckedData
    from maskwright.masking import Masking


def answer(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """[B, classes] float32 logits."""
    return forward(model, inputs).logits.float()


def loss_sum(model: Any, inputs: Mapping[str, Any], labels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted cross-entropies of a batch, added up."""
    from maskwright.objectives.supervised import loss_sum as cross_entropies

    return cross_entropies(forward(model, inputs).logits, labels, weight)


def plain_fill(reader: Any) -> Any:
    """The mean of what is visible: what any model of pictures can be given."""
    del reader
    return "mean"


def same_reader(one: Any, other: Any) -> bool:
    """Whether two image processors make the same of a picture."""
    return one.to_dict() == other.to_dict()


def load_trained(auto: Any, folder: Path) -> tuple[Any, Any]:
    """Model and image processor of a run's model folder, ready to be given hidden inputs.

    Raises:
        RunError: the folder is missing or damaged.
    """
    import torch

    try:
        reader = vision_models.image_processor(str(folder))
        options = {"dtype": torch.float32, "use_safetensors": True}
        model = pretrained.load(auto.from_pretrained, str(folder), "model", **options)
    except ConfigError as error:
        raise RunError(f"{folder}: the trained model cannot be loaded; {str(error).removeprefix('model: ')}") from error
    return vision_models.accept_hidden(model, vision_models.read_fill(folder), folder), reader


def built(config: RunConfig, reader: Any, make: Callable[[], tuple[Any, Sequence[str]]]) -> Built:
    """A model that takes hidden inputs, from `make() -> (model, notes)`; new weights depend on `training.seed` alone.

    Raises:
        ConfigError: it cannot be made, or cannot be masked in the way asked for.
    """
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        model, notes = make()
        vision_models.accept_hidden(model, None if config.masking is None else config.masking.fill)
    return Built(model, reader, tuple(notes))


def check_family(auto: Any, architecture: Any, masking: Masking | None) -> None:
    """Refuse to hide patches inside a model of another family, before its weights are made or read.

    Raises:
        ConfigError: naming the fills that work.
    """
    if masking is None or not hides_patches(masking) or architecture.model_type == "vit_mae":  # read as the ViT it is
        return
    import torch

    from maskwright.vision.patch_tokens import check_model

    with torch.device("meta"):
        check_model(auto.from_config(architecture), "drop" if isinstance(masking.fill, Drop) else "mask-token")


def plain_processor(pixels: int) -> Any:
    """An image processor for models from scratch: square pictures, values from -1 to 1."""
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    return ViTImageProcessorPil(size={"height": pixels, "width": pixels})


def reader_of(config: RunConfig) -> Any:
    """The image processor of a run's model, for pictures of the size that is asked for."""
    if vision_models.size_of(config.model) is None:
        return vision_models.image_processor(config.model, config.data.size)
    return plain_processor(config.data.size or vision_models.PIXELS)


def saved_architecture(model: str) -> Any:
    """The configuration of a saved model, which is read before its weights are."""
    from transformers import AutoConfig

    return pretrained.load(AutoConfig.from_pretrained, pretrained.find(model), "configuration")


def pixels_of(reader: Any) -> tuple[int, int]:
    """Rows and columns of the pictures that a processor makes: asked by giving it one."""
    made = reader(np.zeros((64, 64, 3), dtype=np.uint8), return_tensors="np")[PICTURE]
    return int(made.shape[-2]), int(made.shape[-1])


@dataclass(frozen=True)
class Source:
    """Where the pictures of a task are, and how they are cut.

    Attributes:
        column: of the data, names of pictures or clips.
        open: from a name to the picture.
        side: of a patch along each axis.
    """

    column: str
    open: Callable[[str], np.ndarray]
    side: tuple[int, ...]


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    source: Source,
    *,
    data: CheckedData,
    weights: np.ndarray | None = None,
) -> Pictures:
    """A split of pictures or clips.

    Args:
        rows: a split of `data`.
        reader: the image processor.
        config: of the run.
        source: of the pictures.
        data: all of it; fills that ask for other pictures are given some of its training split.
        weights: [classes], what an example of each class counts.
    """
    labels = np.asarray(rows["label"], dtype=np.int64)
    if weights is None:
        weights = np.ones(max(1, len(data.labels)))

    def made(split: Any, facts: Mapping[str, Any]) -> Pictures:
        return Pictures(
            names=list(split[source.column]),
            open=source.open,
            reader=reader,
            side=source.side,
            example_ids=np.asarray(split["example_id"], dtype=np.int64),
            labels=labels if split is rows else np.zeros(len(split), dtype=np.int64),
            weights=weights.astype(np.float32),
            facts=facts,
        )

    return made(rows, references(made(data.train, {}), config.masking))


def sizes_told(pixels: Sequence[int], side: Sequence[int]) -> str:
    """How pictures are cut, in words."""
    grid = " x ".join(str(n // length) for n, length in zip(pixels, side[-2:], strict=True))
    return (
        f"pictures are brought to {pixels[0]} x {pixels[1]} pixels; hidden whole are {grid} patches of "
        f"{side[-2]} x {side[-1]} pixels (data.size, data.patch)."
    )


def hidden_picture(examples: Pictures, row: int, masking: Masking | None, **moment: Any) -> tuple[np.ndarray, float]:
    """A picture (a strip of a clip's frames) as the model sees it, and the share hidden; what is removed is hatched."""
    import torch

    pixels = examples.pixels([row])
    ids = torch.from_numpy(examples.example_ids[[row]])
    if masking is None:
        return flat(as_bytes(pixels[0], examples.reader)), 0.0
    if hides_patches(masking):
        patches = examples.patches(pixels, masking)
        drawn = examples.drawn(masking, patches, ids, **moment)
        mask = np.asarray(drawn.unit_mask[0])
        for axis, side in enumerate(patches.sides):
            mask = np.repeat(mask, side, axis=axis)
        return flat(marked(as_bytes(pixels[0], examples.reader), mask)), float(drawn.ratio[0])
    hidden = examples.hide({PICTURE: pixels}, masking, ids, **moment)
    return flat(as_bytes(hidden.inputs[PICTURE][0], examples.reader)), float(hidden.share[0])


def shown(examples: Pictures, reader: Any, row: int, masking: Masking | None) -> dict[str, Any]:
    """A picture as the model sees it."""
    del reader
    picture, _ = hidden_picture(examples, row, masking, seed=EVALUATION_SEED, epoch=0)
    return {"pictures": [{"title": "", "src": data_uri(picture)}]}


def preview(examples: Pictures, config: RunConfig, labels: Sequence[str], epoch: int) -> dict[str, Any]:
    """What training will hide of some pictures in an epoch: `examples` with `pictures` (title, uint8), and counts."""
    import torch

    masking: Any = config.masking
    moment = {
        "seed": config.training.seed,
        "epoch": epoch,
        "progress": min(1.0, epoch / config.training.epochs),
    }
    pixels = examples.pixels([0])
    patches = examples.patches(pixels, masking)
    drawn = examples.drawn(masking, patches, torch.from_numpy(examples.example_ids), **moment)
    told_of = []
    for row in range(len(examples)):
        whole = hidden_picture(examples, row, None)[0]
        seen = hidden_picture(examples, row, masking, **moment)[0]
        told_of.append(
            {
                "example_id": int(examples.example_ids[row]),
                "label": labels[examples.labels[row]] if labels and examples.labels[row] >= 0 else "",
                "hidden_units": int(drawn.count[row]),
                "units": int(drawn.n_units[row]),
                "pictures": [("original", whole), ("as the model sees it", seen)],
            }
        )
    totals = {"hidden": int(drawn.count.sum()), "units": int(drawn.n_units.sum())}
    whole = "patch" if len(examples.side) == 2 else "tubelet"
    return {**totals, "unit": whole if masking.unit == "token" else masking.unit, "examples": told_of}


def flat(picture: np.ndarray) -> np.ndarray:
    """A picture as it is, a clip as a strip of its frames."""
    return strip(picture) if picture.ndim == 4 else picture
