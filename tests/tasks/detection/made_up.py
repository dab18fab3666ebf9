"""Objects, answers and small models of detectors, and what their tests ask of a run."""

import numpy as np
import torch

from maskwright import tasks
from maskwright.tasks.detection.scenes import Scenes
from maskwright.tasks.vision.picture_tasks import plain_processor

PATCH = {"budget": 0.5, "unit": "patch"}
ALMOST_HIDDEN, HALF_SEEN, WHOLE = [0.3, 0.3, 0.5, 0.2], [0.6, 0.7, 0.7, 0.1], [0.81, 0.3, 0.3, 0.33]
"""Boxes cxcywh as shares of a picture; how much is seen of them where its left half is hidden."""

task = tasks.get("object-detection")


def encoded(config, split="train"):
    """A split of a run."""
    data = task.load(config.data)
    return task.encode(getattr(data, split), task.reader(config, data), config, data=data)


def built(config):
    """The model of a run."""
    return task.build(config, task.load(config.data)).model


def target(boxes, labels=None):
    """Objects as `target_of` gives them."""
    n = len(boxes)
    return {
        "class_labels": torch.tensor(labels or [0] * n, dtype=torch.int64),
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(n, 4),
        "ignore": torch.zeros(n, dtype=torch.bool),
    }


def blank(boxes, labels, policy):
    """Black pictures of 4 x 4 patches, with objects in boxes cxcywh as shares."""
    annotations = [
        {"bbox": [100 * (x - w / 2), 100 * (y - h / 2), 100 * w, 100 * h], "category_id": label}
        for (x, y, w, h), label in zip(boxes, labels, strict=True)
    ]
    return Scenes(
        names=np.array(["black"]),
        open=lambda name: np.zeros((16, 16, 3), np.uint8),
        reader=plain_processor(16),
        side=(4, 4),
        example_ids=np.arange(1),
        labels=np.full(1, -1),
        weights=np.ones(1, np.float32),
        objects=np.array([{"width": 100, "height": 100, "annotations": annotations}]),
        policy=policy,
    )


def of_rt_detr():
    """Options of a small RT-DETR."""
    from transformers import RTDetrResNetConfig

    stages = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1] * 4, "layer_type": "basic"}
    backbone = RTDetrResNetConfig(**stages, out_features=["stage2", "stage3", "stage4"])
    small = {"d_model": 16, "encoder_hidden_dim": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "num_queries": 7}
    heads = {f"{part}_attention_heads": 2 for part in ("encoder", "decoder")}
    channels = {"encoder_in_channels": [8, 16, 16], "decoder_in_channels": [16] * 3}
    return {"backbone_config": backbone, "decoder_layers": 2, **small, **heads, **channels}


def saved(folder, kind):
    """The folder, with a small model of an architecture and its image processor."""
    from transformers import (
        ConditionalDetrConfig,
        ConditionalDetrForObjectDetection,
        DetrConfig,
        DetrForObjectDetection,
        DFineConfig,
        ResNetConfig,
        RTDetrConfig,
        RTDetrForObjectDetection,
        RTDetrV2Config,
        RTDetrV2ForObjectDetection,
        YolosConfig,
        YolosForObjectDetection,
    )
    from transformers.models.detr.image_processing_pil_detr import DetrImageProcessorPil
    from transformers.models.yolos.image_processing_pil_yolos import YolosImageProcessorPil

    heads = {f"{part}_attention_heads": 2 for part in ("encoder", "decoder")}
    small = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "num_queries": 7, **heads}
    small |= {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "use_timm_backbone": False}
    resnet = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], out_features=["stage2"])
    if kind == "yolos":
        vit = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
        model = YolosForObjectDetection(YolosConfig(image_size=[48, 64], patch_size=8, num_detection_tokens=7, **vit))
    elif kind == "detr":
        model = DetrForObjectDetection(DetrConfig(backbone_config=resnet, **small))
    elif kind == "conditional_detr":
        model = ConditionalDetrForObjectDetection(ConditionalDetrConfig(backbone_config=resnet, **small))
    elif kind == "rt_detr":
        model = RTDetrForObjectDetection(RTDetrConfig(**of_rt_detr(), num_labels=80))
    elif kind == "rt_detr_v2":
        model = RTDetrV2ForObjectDetection(RTDetrV2Config(**of_rt_detr()))
    else:
        DFineConfig().save_pretrained(folder)
        return folder
    model.save_pretrained(folder)
    (YolosImageProcessorPil if kind == "yolos" else DetrImageProcessorPil)().save_pretrained(folder)
    return folder
