"""Detectors: YOLOS from scratch, and saved ones of the families whose loss is known here."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.checked import CheckedData
from maskwright.errors import ConfigError
from maskwright.fills.indicator import Indicator
from maskwright.tasks import picture_tasks, pretrained, vision_models
from maskwright.tasks.classification import names_of
from maskwright.tasks.detection_loss import SIGMOID, SOFTMAX
from maskwright.tasks.scratch import advice

__all__ = ["architecture", "model_of", "reader_of"]

PIXELS, PATCH = 64, 8
"""Side of the pictures and of a patch of a model from scratch, unless the configuration says another."""

SAVED_PIXELS = 512
"""Side of the pictures of a saved model whose image processor keeps their proportions."""

FEWEST_QUERIES, QUERIES_PER_OBJECT = 10, 3
"""Predictions of a model from scratch: at least so many, and so many for each object of the fullest picture."""

CLASS_COST = 2
"""What the class weighs where predictions are matched with objects; small models are slow to learn it from 1."""

POSITIONS = 0.02
"""Standard deviation of the positions of detection tokens, which are told apart by themselves."""

REFUSED = (
    "model: '{}' is a {}, whose loss is not known here (auxiliary queries, denoising, or proposals of an encoder). "
    "Known: {}; and scratch:tiny, scratch:small."
)


def reader_of(config: RunConfig) -> Any:
    """The image processor: all pictures are brought to one square, without padding, so that boxes stay shares of it."""
    if vision_models.size_of(config.model) is not None:
        return picture_tasks.plain_processor(config.data.size or PIXELS)  # pyright: ignore[reportAttributeAccessIssue]
    reader = vision_models.image_processor(config.model)
    own = dict(reader.size)
    asked = config.data.size  # pyright: ignore[reportAttributeAccessIssue]
    if asked or not (own.get("height") and own.get("height") == own.get("width")):
        reader = vision_models.resized(reader, asked or SAVED_PIXELS)
    if hasattr(reader, "do_pad"):
        reader.do_pad = False
    return reader


def architecture(config: RunConfig, data: CheckedData | None = None) -> Any:
    """The configuration of the model; of one from scratch without the number of queries, where no data are given.

    Raises:
        ConfigError: of a family that is not known here, or that needs a package that is not installed.
    """
    size, section = vision_models.size_of(config.model), config.data
    if size is not None:
        from transformers import YolosConfig

        pixels = section.size or PIXELS  # pyright: ignore[reportAttributeAccessIssue]
        most = 0 if data is None else data.facts["most"]
        queries = section.queries or max(FEWEST_QUERIES, QUERIES_PER_OBJECT * most)  # pyright: ignore[reportAttributeAccessIssue]
        return YolosConfig(
            image_size=[pixels, pixels],
            patch_size=section.patch or PATCH,  # pyright: ignore[reportAttributeAccessIssue]
            num_detection_tokens=queries,
            use_mid_position_embeddings=False,
            class_cost=CLASS_COST,
            # The usual 0.02 suits widths of several hundred; here it would all but switch the layers off.
            initializer_range=size.hidden**-0.5,
            **vision_models.sides(size),
        )
    saved = picture_tasks.saved_architecture(config.model)
    if saved.model_type not in SOFTMAX + SIGMOID or getattr(saved, "two_stage", False):
        kind = f"{saved.model_type} in two stages" if getattr(saved, "two_stage", False) else saved.model_type
        raise ConfigError(REFUSED.format(config.model, kind, ", ".join(SOFTMAX + SIGMOID)))
    if section.queries is not None:  # pyright: ignore[reportAttributeAccessIssue]
        raise ConfigError("data.queries: a saved model has its own; leave it out.")
    backbone = getattr(getattr(saved, "backbone_config", None), "model_type", None)
    if backbone is not None and config.masking is not None and isinstance(config.masking.fill, Indicator):
        raise ConfigError("masking.fill: indicator widens the first layer, which is part of a backbone here; use mean.")
    if backbone == "timm_backbone" and importlib.util.find_spec("timm") is None:
        raise ConfigError(
            f"model: the backbone of '{config.model}' comes from timm, which is not installed. Install timm, or give a "
            "YOLOS or a model saved with a backbone of Transformers (use_timm_backbone=False)."
        )
    return saved


def model_of(config: RunConfig, data: CheckedData) -> tuple[Any, Sequence[str]]:
    """The model and what the user should know; new weights come from torch's random numbers."""
    from transformers import AutoModelForObjectDetection, YolosForObjectDetection

    made, names = architecture(config, data), names_of(data.labels)
    if vision_models.size_of(config.model) is not None:
        made.id2label, made.label2id = names["id2label"], names["label2id"]
        model = _prepared(YolosForObjectDetection(made))
        notes = advice(config)
    else:
        model, notes = pretrained.with_new_head(AutoModelForObjectDetection, config.model, **names)
    queries, most = getattr(made, "num_detection_tokens", None) or made.num_queries, data.facts["most"]
    if queries < most:
        notes = (*notes, f"the model makes {queries} predictions, but a picture holds {most} objects (data.queries).")
    return model, notes


def _prepared(model: Any) -> Any:
    """A new YOLOS that can begin to learn: Transformers makes all its tokens and positions zero, and so all alike.

    Detection tokens are drawn as DETR draws its queries, N(0, 1); patches get the sines of their row and column.
    """
    import torch

    embeddings, config = model.vit.embeddings, model.config
    rows, cols = (side // config.patch_size for side in config.image_size)
    with torch.no_grad():
        embeddings.detection_tokens.normal_()
        embeddings.position_embeddings.normal_(std=POSITIONS)
        sines = torch.from_numpy(_sines(rows, cols, config.hidden_size))
        embeddings.position_embeddings[0, 1 : 1 + rows * cols] = sines.to(torch.float32)
    return model


def _sines(rows: int, cols: int, width: int) -> np.ndarray:
    """[rows · cols, width] sines and cosines of the row, then of the column, with wavelengths from 2π to 200π."""
    rates = 100.0 ** -(np.arange(width // 4) / max(1, width // 4))
    of_row, of_col = (np.arange(n)[:, None] * rates for n in (rows, cols))
    of_row, of_col = (np.concatenate([np.sin(one), np.cos(one)], axis=1) for one in (of_row, of_col))
    found = np.concatenate([np.repeat(of_row, cols, axis=0), np.tile(of_col, (rows, 1))], axis=1)
    return np.pad(found, ((0, 0), (0, width - found.shape[1])))
