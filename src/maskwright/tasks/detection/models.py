"""Detectors: RT-DETR and YOLOS from scratch, and saved ones of the families whose loss is implemented."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.checked import CheckedData
from maskwright.errors import ConfigError, did_you_mean
from maskwright.tasks import pretrained
from maskwright.tasks.classification import head_options
from maskwright.tasks.detection.loss import ARCHITECTURES, VARIFOCAL
from maskwright.tasks.scratch import PREFIX, advice
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.traits import adds_channel

__all__ = ["HEADS", "architecture", "model_of", "reader_of", "size_of"]

PIXELS, PATCH = 64, 8
"""Side of the pictures and of a patch of a model from scratch, unless the configuration says another."""

SAVED_PIXELS = 512
"""Side of the pictures of a saved model whose image processor keeps their proportions."""

OF_TRANSFORMER = "yolos-"
"""What stands before the size of a model from scratch that is a transformer of patches (YOLOS) and not an RT-DETR."""

ATTENTION_HEADS = 4
"""Attention heads of a new RT-DETR, of any size."""

STRIDE = 32
"""Pixels of a cell of RT-DETR's coarsest map, whose multiples its pictures have to be."""

FEWEST_QUERIES, QUERIES_PER_OBJECT = 20, 3
"""Predictions of a model from scratch: at least so many, and so many for each object of the fullest picture."""

CLASS_COST = 2
"""What the class weighs where predictions are matched with objects; small models are slow to learn it from 1."""

POSITIONS = 0.02
"""Standard deviation of the positions of detection tokens, which are told apart by themselves."""

HEADS = (
    *("class_labels_classifier", "bbox_predictor"),
    *("class_embed", "bbox_embed", "enc_score_head", "enc_bbox_head"),
)
"""Modules that say which objects there are and where: of YOLOS and DETR, and of RT-DETR and its like."""

NEW_PARTS = ("class_embed", "enc_score_head", "denoising_class_embed")
"""Parts of RT-DETR's body that are as wide as there are classes."""

REFUSED = (
    "model: '{}' is a {}, whose loss is not implemented. Use one of {}, or scratch:tiny, scratch:small, "
    "scratch:yolos-tiny, scratch:yolos-small."
)


def size_of(model: str) -> vision_models.Size | None:
    """The size that `scratch:tiny`, `scratch:yolos-tiny`, ... names; None for a model that exists already.

    Raises:
        ConfigError: an unknown size.
    """
    if not model.startswith(PREFIX):
        return None
    name, sizes = model.removeprefix(PREFIX), vision_models.SIZES
    by_name = {kind + size: sizes[size] for kind in ("", OF_TRANSFORMER) for size in sizes}
    if name not in by_name:
        raise ConfigError(f"model: there is no size '{name}' in '{model}'. {did_you_mean(name, by_name)}")
    return by_name[name]


def _yolos(model: str) -> bool:
    return model.startswith(PREFIX + OF_TRANSFORMER)


def reader_of(config: RunConfig) -> Any:
    """The image processor: all pictures are brought to one square, without padding, so that boxes stay shares of it."""
    if size_of(config.model) is not None:
        return picture_tasks.plain_processor(config.data.size or PIXELS)
    reader = vision_models.image_processor(config.model)
    own = dict(reader.size)
    asked = config.data.size
    if asked or not (own.get("height") and own.get("height") == own.get("width")):
        reader = vision_models.resized(reader, asked or SAVED_PIXELS)
    if hasattr(reader, "do_pad"):
        reader.do_pad = False
    return reader


def architecture(config: RunConfig, data: CheckedData | None = None) -> Any:
    """The configuration of the model; of one from scratch without the number of queries, where no data are given.

    Raises:
        ConfigError: of a family whose loss is not implemented, that needs a package that is not installed, or in which
            what is to be hidden cannot be.
    """
    from transformers import AutoModelForObjectDetection

    size = size_of(config.model)
    made = _saved(config) if size is None else _new(config, size, 0 if data is None else data.facts["most"])
    if made.model_type in VARIFOCAL:
        sides = picture_tasks.pixels_of(reader_of(config))
        if any(side % STRIDE or side == STRIDE for side in sides):
            raise ConfigError(
                f"data.size: an RT-DETR takes multiples of {STRIDE} pixels, {2 * STRIDE} at least; given {sides[0]}."
            )
    if config.masking is not None:
        backbone = getattr(made, "backbone_config", None) is not None
        if backbone and adds_channel(config.masking.fill):
            raise ConfigError(
                "masking.fill: indicator widens the first layer, which is part of a backbone here; use mean."
            )
        picture_tasks.check_family(AutoModelForObjectDetection, made, config.masking)
    return made


def _new(config: RunConfig, size: vision_models.Size, most: int) -> Any:
    section = config.data
    queries = section.queries or max(FEWEST_QUERIES, QUERIES_PER_OBJECT * most)
    pixels = section.size or PIXELS
    if _yolos(config.model):
        return _yolos_of(size, pixels, section.patch or PATCH, queries)
    return _rt_detr_of(size, pixels, queries)


def _saved(config: RunConfig) -> Any:
    saved = picture_tasks.saved_architecture(config.model)
    if saved.model_type not in ARCHITECTURES or getattr(saved, "two_stage", False):
        kind = f"{saved.model_type} in two stages" if getattr(saved, "two_stage", False) else saved.model_type
        raise ConfigError(REFUSED.format(config.model, kind, ", ".join(ARCHITECTURES)))
    if config.data.queries is not None:
        raise ConfigError("data.queries: a saved model has its own; leave it out.")
    backbone = getattr(getattr(saved, "backbone_config", None), "model_type", None)
    if backbone == "timm_backbone" and importlib.util.find_spec("timm") is None:
        raise ConfigError(
            f"model: the backbone of '{config.model}' comes from timm, which is not installed. Install timm, or give a "
            "YOLOS, an RT-DETR or a model saved with a backbone of Transformers (use_timm_backbone=False)."
        )
    return saved


def model_of(config: RunConfig, data: CheckedData) -> tuple[Any, Sequence[str]]:
    """The model and what the user should know; new weights come from torch's random numbers."""
    from transformers import AutoModelForObjectDetection, RTDetrForObjectDetection, YolosForObjectDetection

    made, names = architecture(config, data), head_options(data.labels)
    if size_of(config.model) is not None:
        made.id2label, made.label2id = names["id2label"], names["label2id"]
        yolos = _yolos(config.model)
        model = _prepared(YolosForObjectDetection(made)) if yolos else _lit(RTDetrForObjectDetection(made))
        notes = advice(config)
    else:
        model, notes = pretrained.with_new_head(AutoModelForObjectDetection, config.model, NEW_PARTS, **names)
    queries, most = getattr(made, "num_detection_tokens", None) or made.num_queries, data.facts["most"]
    if queries < most:
        notes = (*notes, f"the model makes {queries} predictions, but a picture holds {most} objects (data.queries).")
    return model, notes


def _yolos_of(size: vision_models.Size, pixels: int, patch: int, queries: int) -> Any:
    """The configuration of a YOLOS of this size."""
    from transformers import YolosConfig

    return YolosConfig(
        image_size=[pixels, pixels],
        patch_size=patch,
        num_detection_tokens=queries,
        use_mid_position_embeddings=False,
        class_cost=CLASS_COST,
        # The usual 0.02 suits widths of several hundred; here it would all but switch the layers off.
        initializer_range=size.hidden**-0.5,
        **vision_models.sides(size),
    )


def _rt_detr_of(size: vision_models.Size, pixels: int, queries: int) -> Any:
    """The configuration of an RT-DETR with a ResNet of basic layers, about as wide as a transformer of this size.

    Raises:
        ConfigError: more predictions than its maps have places.
    """
    from transformers import RTDetrConfig, RTDetrResNetConfig

    strides = (STRIDE // 4, STRIDE // 2, STRIDE)
    places = sum((pixels // stride) ** 2 for stride in strides)
    if queries > places:
        raise ConfigError(
            f"data.queries: in pictures of {pixels} pixels this detector has {places} places to look at, given "
            f"{queries} predictions. Ask for fewer, or set a larger data.size."
        )
    # The deformable attention is made for heads whose width is a power of two.
    width = ATTENTION_HEADS * 2 ** round(math.log2(size.hidden / 6))
    stages = {"depths": [1] * 4, "layer_type": "basic", "out_features": ["stage2", "stage3", "stage4"]}
    widths = [size.hidden * part // 3 for part in (1, 2, 3, 4)]
    resnet = RTDetrResNetConfig(embedding_size=widths[0], hidden_sizes=widths, **stages)
    return RTDetrConfig(
        backbone_config=resnet,
        freeze_backbone_batch_norms=False,
        encoder_in_channels=widths[1:],
        feat_strides=list(strides),
        d_model=width,
        encoder_hidden_dim=width,
        decoder_in_channels=[width] * 3,
        encoder_ffn_dim=2 * width,
        decoder_ffn_dim=2 * width,
        encoder_attention_heads=ATTENTION_HEADS,
        decoder_attention_heads=ATTENTION_HEADS,
        decoder_layers=max(2, size.layers // 2),
        num_queries=queries,
        num_denoising=0,
    )


def _lit(model: Any) -> Any:
    """A new RT-DETR that can begin to learn: Transformers draws the scales of its batch norms around zero."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(module.weight)
    return model


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
    sines = np.concatenate([np.repeat(of_row, cols, axis=0), np.tile(of_col, (rows, 1))], axis=1)
    return np.pad(sines, ((0, 0), (0, width - sines.shape[1])))
