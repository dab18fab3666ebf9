"""Classification of pictures with a text each: both in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.checks import count_truncated
from maskwright.data.media.image_text import ImageTextSection, load_image_text_data
from maskwright.data.media.images import open_picture
from maskwright.tasks import classification, pretrained, scratch
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.image_text.examples import PicturesWithTexts
from maskwright.tasks.image_text.maskings import IMAGE, MODALITIES, check_maskings, evaluated, fill_of, other_fill
from maskwright.tasks.image_text.reader import Reader, architecture_of, reader_of, run_on_pictures
from maskwright.tasks.image_text.report import sections
from maskwright.tasks.image_text.shown import shown
from maskwright.tasks.text import text_classification
from maskwright.tasks.vision import classifiers, picture_tasks
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.picture_tasks import PatchSide, PictureSide

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK", "CutImagesWithTexts"]

HEADS = ("classifier", "maps")
"""Modules of `ImageTextClassifier` over its encoder."""


class CutImagesWithTexts(ImageTextSection):
    """Tables of pictures, texts and labels; and how pictures are cut."""

    size: PictureSide = None
    patch: PatchSide = None


def check(config: RunConfig) -> None:
    """Refuse what does not go with a classifier of pictures with texts.

    Raises:
        ConfigError: units, patterns or fills that pictures or texts do not have, a size of model that there is not.
    """
    vision_models.size_of(config.model)
    check_maskings(config)


def reader(config: RunConfig, data: CheckedData) -> Reader:
    """Tokenizer and image processor; ConfigError where they cannot be had."""
    return reader_of(config, data.train["text"])


def build(config: RunConfig, data: CheckedData) -> Built:
    """A classifier, its tokenizer and its image processor; new weights depend on `training.seed` and nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no CLIP, SigLIP or ViLT, or cannot be masked in the way asked for.
    """
    import torch

    readers = reader(config, data)
    masking = run_on_pictures(config).masking
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        model, notes = _model(config, readers, classification.head_options(data.labels))
        vision_models.accept_hidden(model.encoder, None if masking is None else masking.fill)
    return Built(model, readers, HEADS, notes)


def restore(folder: Path) -> Built:
    """The classifier of a run; RunError where it is missing or damaged."""
    from maskwright.tasks.image_text.model import FAMILIES

    with pretrained.of_run(folder):
        readers, architecture = Reader.load(folder), picture_tasks.saved_architecture(str(folder))
        model = pretrained.trained(FAMILIES[architecture.model_type], folder)
    vision_models.accept_hidden(model.encoder, fill_of(vision_models.fill_node(folder), IMAGE), folder)
    return Built(model, readers, HEADS)


def encode(
    rows: Any,
    reader: Reader,
    config: RunConfig,
    *,
    data: CheckedData,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> PicturesWithTexts:
    """A split ready to be batched; pictures are read when their batch is made."""
    on_pictures = run_on_pictures(config)
    side = vision_models.patch_side(_architecture(config), picture_tasks.pixels_of(reader.images), on_pictures)
    source = picture_tasks.Source("image", open_picture, side)
    pictures = picture_tasks.encode(rows, reader.images, on_pictures, source, data=data)
    texts = text_classification.encode(rows, reader.tokenizer, config, data=data, on_progress=on_progress)
    return PicturesWithTexts(pictures, texts)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of pictures and texts on their way into the model."""
    readers = reader(config, data)
    pixels = picture_tasks.pixels_of(readers.images)
    side = vision_models.patch_side(_architecture(config), pixels, run_on_pictures(config))
    tokenizer = None if scratch.size_of(config.model) is not None else readers.tokenizer
    return (picture_tasks.cut_in_words(pixels, side), *count_truncated(data, tokenizer, config.data.max_length))


def same_reader(one: Reader, other: Reader) -> bool:
    """Whether two readers make the same inputs."""
    return one.same_as(other)


def _architecture(config: RunConfig, words: Any = None) -> Any:
    """Of the model; of one from scratch, without the tokenizer, as far as it is needed to know its patches."""
    size = vision_models.size_of(config.model)
    if size is None:
        return architecture_of(config)
    from transformers import CLIPConfig

    section = config.data
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


def _model(config: RunConfig, reader: Reader, head: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The classifier, and notes on it."""
    from maskwright.tasks.image_text.model import FAMILIES

    architecture = _architecture(config, reader.tokenizer)
    family: Any = FAMILIES[architecture.model_type]
    if scratch.size_of(config.model) is not None:
        architecture.id2label, architecture.label2id = head["id2label"], head["label2id"]
        return family(architecture), scratch.advice(config)
    model, notes = pretrained.with_new_head(family, config.model, **head)
    words = getattr(model.encoder, "text_model", model.encoder)
    text = getattr(model.config, "text_config", model.config)
    if len(reader.tokenizer) > words.get_input_embeddings().num_embeddings:
        words.resize_token_embeddings(len(reader.tokenizer))
        text.vocab_size = len(reader.tokenizer)
    if architecture.model_type == "clip" and text.eos_token_id == 2 != reader.tokenizer.eos_token_id:
        # Old configurations name a wrong id, and the end is then taken to be the highest: the mask token's.
        text.eos_token_id = words.eos_token_id = reader.tokenizer.eos_token_id
    return model, notes


TASK = Task(
    name="image-text-classification",
    words=Words("pictures with texts", "patches and tokens", "image"),
    configuration=Configuration(
        data=CutImagesWithTexts,
        objective=partial(objectives.read, "image-text-classification", classifiers.OBJECTIVES),
        training=classification.ClassifierTraining,
        defaults={"evaluation": {"patterns": ["iid"], "unit": "word"}},
    ),
    metrics=classification.METRICS,
    default_metrics=classification.DEFAULT_METRICS,
    calibration=classification.CALIBRATION,
    load=load_image_text_data,
    reader=reader,
    build=build,
    restore=restore,
    encode=encode,
    loss=classifiers.loss,
    likelihood=classifiers.likelihood,
    predict=classifiers.predict,
    shown=shown,
    worded=classification.worded,
    check=check,
    describe=describe,
    sections=sections,
    same_reader=same_reader,
    plain_fill=picture_tasks.plain_fill,
    other_fill=other_fill,
    evaluated=evaluated,
    modalities=MODALITIES,
)
