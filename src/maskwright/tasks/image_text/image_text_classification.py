"""Classification of pictures with a text each: both in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from maskwright.config import RunConfig
from maskwright.data.checks import count_truncated
from maskwright.data.media.image_text import ImageTextSection, load_image_text_data
from maskwright.data.media.images import open_picture
from maskwright.errors import ConfigError, RunError
from maskwright.tasks import pretrained, scratch
from maskwright.tasks.classification import METRIC, chance, class_weights, metrics, names_of, outcome, told
from maskwright.tasks.contract import Built
from maskwright.tasks.image_text import shown as image_text_shown
from maskwright.tasks.image_text.examples import PicturesWithTexts
from maskwright.tasks.image_text.maskings import IMAGE, MODALITIES, both, check_maskings, evaluated, fill_of
from maskwright.tasks.image_text.reader import Reader, architecture_of, masking_for_pictures, reader_of
from maskwright.tasks.image_text.report import sections
from maskwright.tasks.image_text.shown import shown
from maskwright.tasks.text.tokenizing import encode_texts
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.pictures import DROPPED, REPLACED
from maskwright.vision.patch_tokens import PatchTokens

if TYPE_CHECKING:
    import torch

    from maskwright.data.checked import CheckedData

__all__ = [
    "DEFAULTS",
    "INPUT",
    "METRIC",
    "MODALITIES",
    "NOUN",
    "UNIT",
    "Data",
    "answer",
    "build",
    "chance",
    "check",
    "class_weights",
    "describe",
    "encode",
    "evaluated",
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


class Data(ImageTextSection):
    """Tables of pictures, texts and labels; and how pictures are cut."""

    size: int | None = Field(
        default=None, ge=2, le=4096, description="side in pixels that pictures are brought to; default: the model's own"
    )
    patch: int | None = Field(
        default=None, ge=1, description="side in pixels of what is hidden whole; default: the model's own patches"
    )


DEFAULTS: dict[str, Any] = {"evaluation": {"patterns": ["iid"]}}
NOUN, UNIT, INPUT = "pictures with texts", "patches and tokens", "image"
load = load_image_text_data


def check(config: RunConfig) -> None:
    """Refuse what does not go with a classifier of pictures with texts.

    Raises:
        ConfigError: an objective without labels, units, patterns or fills that pictures or texts do not have.
    """
    if config.objective != "supervised":
        raise ConfigError(
            f"objective: image-text-classification learns labels (supervised), given {config.objective!r}."
        )
    vision_models.size_of(config.model)
    check_maskings(config)


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model, its tokenizer and its image processor; new weights depend on `training.seed` and nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no CLIP, SigLIP or ViLT, or cannot be masked in the way asked for.
    """
    import torch

    reader = reader_of(config, data.train["text"])
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        model, notes = _model(config, reader, names_of(data.labels))
        vision_models.accept_hidden(model.encoder, _image_fill(config))
    return Built(model, reader, notes)


def load_trained(folder: Path) -> tuple[Any, Reader]:
    """Load model and reader from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    import torch

    from maskwright.tasks.image_text.model import FAMILIES

    try:
        reader = Reader.load(folder)
        family = FAMILIES[picture_tasks.saved_architecture(str(folder)).model_type]
        options = {"dtype": torch.float32, "use_safetensors": True}
        model = pretrained.load(family.from_pretrained, str(folder), "model", **options)
    except ConfigError as error:
        raise RunError(f"{folder}: the trained model cannot be loaded; {str(error).removeprefix('model: ')}") from error
    vision_models.accept_hidden(model.encoder, fill_of(vision_models.fill_node(folder), IMAGE), folder)
    return model, reader


def same_reader(one: Reader, other: Reader) -> bool:
    """Whether two readers make the same inputs."""
    return one.same_as(other)


def plain_fill(reader: Reader) -> Any:
    """The mean of the visible pixels, and the mask token."""
    del reader
    return "mean"


def encode(
    rows: Any,
    reader: Reader,
    config: RunConfig,
    *,
    data: CheckedData,
    weights: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> PicturesWithTexts:
    """A split ready to be batched; pictures are read when their batch is made."""
    if weights is None:
        weights = np.ones(max(1, len(data.labels)))
    images = _for_pictures(config)
    side = vision_models.patch_side(_architecture(config), picture_tasks.pixels_of(reader.images), images)
    source = picture_tasks.Source(INPUT, open_picture, side)
    pictures = picture_tasks.encode(rows, reader.images, images, source, data=data, weights=weights)
    length = config.data.max_length  # pyright: ignore[reportAttributeAccessIssue]
    return PicturesWithTexts(
        pictures, encode_texts(rows, reader.tokenizer, length, weights=weights, on_progress=on_progress)
    )


def loss_sum(model: Any, inputs: Mapping[str, Any], labels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted cross-entropies of a batch, added up."""
    from maskwright.objectives.supervised import loss_sum as cross_entropies

    return cross_entropies(_logits(model, inputs), labels, weight)


def answer(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """[B, classes] float32 logits."""
    return _logits(model, inputs).float()


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of pictures and texts on their way into the model."""
    reader = reader_of(config, data.train["text"])
    pixels = picture_tasks.pixels_of(reader.images)
    side = vision_models.patch_side(_architecture(config), pixels, _for_pictures(config))
    tokenizer = None if scratch.size_of(config.model) is not None else reader.tokenizer
    length = config.data.max_length  # pyright: ignore[reportAttributeAccessIssue]
    return (picture_tasks.sizes_told(pixels, side), *count_truncated(data, tokenizer, length))


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first examples in an epoch."""
    reader = reader_of(config, data.train["text"])
    examples = encode(data.train.select(range(min(n, len(data.train)))), reader, config, data=data)
    return image_text_shown.preview(examples, reader, config, data.labels, epoch)


def _logits(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """Call the model; where the inputs say so, patches are hidden inside its encoder."""
    inputs = dict(inputs)
    for key, how in ((DROPPED, "drop"), (REPLACED, "mask-token")):
        if key in inputs:
            PatchTokens.attach(getattr(model, "module", model).encoder, how)
            inputs["hidden_patches"] = inputs.pop(key)
    return model(**inputs).logits


def _image_fill(config: RunConfig) -> Any:
    return None if config.masking is None else dict(both(config.masking).modalities)[IMAGE].fill


def _for_pictures(config: RunConfig) -> RunConfig:
    masking = None if config.masking is None else dict(both(config.masking).modalities)[IMAGE]
    return masking_for_pictures(config, masking)


def _architecture(config: RunConfig, words: Any = None) -> Any:
    """Of the model; of one from scratch, without the tokenizer, as far as it is needed to know its patches."""
    size = vision_models.size_of(config.model)
    if size is None:
        return architecture_of(config)
    from transformers import CLIPConfig

    section: Any = config.data
    text: dict[str, Any] = {**vision_models.sides(size), "max_position_embeddings": section.max_length}
    if words is not None:
        text |= {"vocab_size": len(words), "pad_token_id": words.pad_token_id, "bos_token_id": words.cls_token_id}
        text["eos_token_id"] = words.sep_token_id
    vision = {
        **vision_models.sides(size),
        "image_size": section.size or vision_models.PIXELS,
        "patch_size": section.patch or vision_models.PATCH,
    }
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=size.hidden)  # pyright: ignore


def _model(config: RunConfig, reader: Reader, names: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    from maskwright.tasks.image_text.model import FAMILIES

    architecture = _architecture(config, reader.tokenizer)
    family: Any = FAMILIES[architecture.model_type]
    if scratch.size_of(config.model) is not None:
        architecture.id2label, architecture.label2id = names["id2label"], names["label2id"]
        return family(architecture), scratch.advice(config)
    model, notes = pretrained.with_new_head(family, config.model, **names)
    words = getattr(model.encoder, "text_model", model.encoder)
    text = getattr(model.config, "text_config", model.config)
    if len(reader.tokenizer) > words.get_input_embeddings().num_embeddings:
        words.resize_token_embeddings(len(reader.tokenizer))
        text.vocab_size = len(reader.tokenizer)
    if architecture.model_type == "clip" and text.eos_token_id == 2 != reader.tokenizer.eos_token_id:
        # Old configurations name a wrong id, and the end is then taken to be the highest: the mask token's.
        text.eos_token_id = words.eos_token_id = reader.tokenizer.eos_token_id
    return model, notes
