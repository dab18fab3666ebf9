"""What makes inputs of a picture and a text: an image processor and a tokenizer, from the model or from scratch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.config import RunConfig
from maskwright.errors import ConfigError
from maskwright.tasks import pretrained, scratch
from maskwright.tasks.image_text.maskings import IMAGE, both
from maskwright.tasks.text.tokenizing import check_length
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks

__all__ = ["Reader", "architecture_of", "reader_of", "run_on_pictures"]

MASK = "[MASK]"
ENCODERS = ("clip", "siglip", "vilt")


@dataclass(frozen=True)
class Reader:
    """Both halves; saved together into one folder."""

    tokenizer: Any
    images: Any

    def save_pretrained(self, folder: str | Path) -> None:
        """Write what `load` reads."""
        self.tokenizer.save_pretrained(folder)
        self.images.save_pretrained(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Reader:
        """From a run's model folder.

        Raises:
            ConfigError: something is missing or damaged.
        """
        return cls(pretrained.tokenizer_for(str(folder)), vision_models.image_processor(str(folder)))

    def same_as(self, other: Reader) -> bool:
        """Whether both make the same inputs."""
        same_images = picture_tasks.same_reader(self.images, other.images)
        return same_images and self.tokenizer.get_vocab() == other.tokenizer.get_vocab()


def reader_of(config: RunConfig, texts: Iterable[str]) -> Reader:
    """What training will read with.

    Args:
        config: of the run.
        texts: of the training split, from which a tokenizer is learnt for `scratch:` models.

    Raises:
        ConfigError: it cannot be loaded, or texts longer than the model takes are asked for.
    """
    pixels, most = config.data.size, config.data.max_length
    size = scratch.size_of(config.model)
    if size is not None:
        images = picture_tasks.plain_processor(pixels or vision_models.PIXELS)
        return Reader(scratch.train_tokenizer(texts, size.vocabulary, most), images)
    saved = architecture_of(config)
    tokenizer = pretrained.tokenizer_for(config.model)
    if tokenizer.pad_token_id is None:
        raise ConfigError(f"model: the tokenizer of '{config.model}' has no padding token, so texts cannot be batched.")
    if tokenizer.mask_token_id is None:  # CLIP and SigLIP have none; its vector is learned
        tokenizer.add_special_tokens({"mask_token": MASK})
    check_length(config, getattr(saved, "text_config", saved).max_position_embeddings)
    if saved.model_type != "vilt":
        return Reader(tokenizer, vision_models.image_processor(config.model, pixels))
    # Its own processor makes pictures of different sizes; here all have one.
    own, images = vision_models.image_processor(config.model), picture_tasks.plain_processor(pixels or saved.image_size)
    images.image_mean, images.image_std = own.image_mean, own.image_std
    return Reader(tokenizer, images)


def architecture_of(config: RunConfig) -> Any:
    """The configuration of a saved model.

    Raises:
        ConfigError: it is no encoder of pictures and texts that is supported here.
    """
    saved = picture_tasks.saved_architecture(config.model)
    if saved.model_type not in ENCODERS:
        raise ConfigError(
            f"model: '{config.model}' is a {saved.model_type}; image-text-classification takes "
            f"{', '.join(ENCODERS)}, such as openai/clip-vit-base-patch32, or scratch:tiny."
        )
    return saved


def run_on_pictures(config: RunConfig) -> RunConfig:
    """The run as a task on pictures alone would see it: with the masking of the pictures, in units of pictures."""
    masking = None if config.masking is None else dict(both(config.masking).modalities)[IMAGE]
    unit = config.evaluation.unit if config.evaluation.unit == "pixel" else "patch"
    evaluation = config.evaluation.model_copy(update={"unit": unit})
    return config.model_copy(update={"masking": masking, "evaluation": evaluation})
