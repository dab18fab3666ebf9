"""The loss of detectors as a sum over images: which prediction is to find which object, and what is not punished."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["ARCHITECTURES", "SIGMOID", "SOFTMAX", "VARIFOCAL", "class_scores", "image_losses"]

SOFTMAX = ("yolos", "detr", "table-transformer")
"""Architectures with one class more, for no object, which is what most predictions are to be."""

SIGMOID = ("conditional_detr", "deformable_detr")
"""Architectures in which each class has a probability of its own, learned by the focal loss (arXiv:1708.02002)."""

VARIFOCAL = ("rt_detr", "rt_detr_v2")
"""Architectures in which the probability of a class is to be the IoU of the box (arXiv:2008.13367), and of which the
encoder proposes objects and every layer of the decoder answers."""

ARCHITECTURES = (*SOFTMAX, *SIGMOID, *VARIFOCAL)
"""All whose loss is implemented."""

INSIDE = 0.5
"""Share of a predicted box inside an ignored object from which on it is not punished: COCO's rule for crowds at an IoU
of 0.5."""

GAMMA = 2.0
"""Exponent of the focal loss, as Transformers has it."""


def class_scores(logits: torch.Tensor, architecture: str) -> torch.Tensor:
    """[..., classes] float32 probabilities of the classes, without that of no object."""
    logits = logits.float()
    return logits.softmax(-1)[..., :-1] if architecture in SOFTMAX else logits.sigmoid()


def image_losses(outputs: Any, targets: Sequence[Mapping[str, Any]], usual: torch.Tensor, config: Any) -> torch.Tensor:
    """[B] the loss of each image, in which no other image has a part.

    It is the loss of the architecture with other denominators, so that images can be added up: that of classes is the
    weighted mean over an image's predictions (a sum, with the focal and varifocal loss), and those of boxes and of the
    sums are divided by the mean number of objects in a training image instead of the number in the batch.

    Of RT-DETR the losses of all layers of the decoder and of the encoder's proposals are added up; its denoising, which
    asks for more queries in training, made of the objects with noise, is left out. Of the other architectures only the
    last layer counts, as the configurations of the published models have it.

    An object flagged `ignore` is matched like any other; the prediction it takes, and those that are at least half
    inside it and are matched with no other object, have weight 0 in all losses.

    Args:
        outputs: with `logits` [B, Q, classes (+ 1)] and `pred_boxes` [B, Q, 4].
        targets: per image `class_labels` [n] int64, `boxes` [n, 4] cxcywh as shares of the image, `ignore` [n] bool.
        usual: [B] mean number of objects in a training image, the same for all.
        config: of the model: costs and coefficients.
    """
    import torch

    return torch.stack([_losses(*each, targets, usual, config) for each in _predictions(outputs, config)]).sum(0)


def _predictions(outputs: Any, config: Any) -> Iterator[tuple[Any, Any]]:
    """Logits [B, Q, classes] and boxes [B, Q, 4] of everything that is to find the objects, the final answer first."""
    yield outputs.logits.float(), outputs.pred_boxes.float()
    if config.model_type in VARIFOCAL and config.auxiliary_loss:
        # Layers of the decoder but the last, which made the final answer; [B, layers, Q, ...].
        inner = outputs.intermediate_logits[:, :-1], outputs.intermediate_reference_points[:, :-1]
        for logits, boxes in zip(*(layers.unbind(1) for layers in inner), strict=True):
            yield logits.float(), boxes.float()
        yield outputs.enc_topk_logits.float(), outputs.enc_topk_bboxes.float()


def _losses(logits: Any, boxes: Any, targets: Sequence[Mapping[str, Any]], usual: Any, config: Any) -> Any:
    """[B] the losses of one set of predictions."""
    import torch

    if not bool(torch.isfinite(boxes).all() & torch.isfinite(logits).all()):
        return (boxes.sum((1, 2)) + logits.sum((1, 2))) * float("nan")  # the trainer says so
    image, query, place = _matched(logits, boxes, targets, config)
    labels, wanted, ignored = (torch.cat([one[name] for one in targets]).to(logits.device)[place] for name in _COLUMNS)
    # Predictions that are matched with no object are to be of the class behind the last: no object.
    classes = logits.new_full(logits.shape[:2], config.num_labels, dtype=torch.int64)
    classes[image, query] = labels
    counted = ~_inside_ignored(boxes.detach(), targets)
    counted[image, query] = ~ignored
    counted = counted.to(logits.dtype)
    objects = usual.to(logits)
    l1, giou, iou = _box_losses(boxes[image, query], wanted.to(boxes.dtype))
    if config.model_type in VARIFOCAL:
        overlaps = logits.new_zeros(logits.shape[:2])
        overlaps[image, query] = iou.detach()
        of_classes = config.weight_loss_vfl * _varifocal(logits, classes, overlaps, counted, config) / objects
        each = config.weight_loss_bbox * l1 + config.weight_loss_giou * giou
    else:
        class_losses = _weighted_mean if config.model_type in SOFTMAX else _focal
        of_classes = class_losses(logits, classes, counted, objects, config)
        each = config.bbox_loss_coefficient * l1 + config.giou_loss_coefficient * giou
    of_boxes = each.new_zeros(len(logits)).index_add(0, image, torch.where(ignored, 0.0, each))
    return of_classes + of_boxes / objects


_COLUMNS = ("class_labels", "boxes", "ignore")


def _matched(logits: Any, boxes: Any, targets: Sequence[Mapping[str, Any]], config: Any) -> tuple[Any, Any, Any]:
    """Images, predictions in them, and places of the objects they are to find, among those of all images."""
    import torch
    from transformers.loss.loss_deformable_detr import DeformableDetrHungarianMatcher
    from transformers.loss.loss_for_object_detection import HungarianMatcher
    from transformers.loss.loss_rt_detr import RTDetrHungarianMatcher

    sizes = [len(target["class_labels"]) for target in targets]
    if not sum(sizes):
        none = torch.zeros(0, dtype=torch.int64, device=logits.device)
        return none, none, none
    if config.model_type in VARIFOCAL:
        matcher = RTDetrHungarianMatcher(config)
    else:
        kind = DeformableDetrHungarianMatcher if config.model_type in SIGMOID else HungarianMatcher
        matcher = kind(config.class_cost, config.bbox_cost, config.giou_cost)
    pairs = matcher({"logits": logits.detach(), "pred_boxes": boxes.detach()}, targets)
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    image = torch.cat([torch.full_like(query, number) for number, (query, _) in enumerate(pairs)])
    query = torch.cat([query for query, _ in pairs])
    place = torch.cat([start + place for start, (_, place) in zip(starts, pairs, strict=True)])
    return image.to(logits.device), query.to(logits.device), place.to(logits.device)


def _corners(boxes: Any) -> tuple[Any, Any]:
    """[..., 2] each, upper left and lower right corners of boxes cxcywh."""
    return boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2


def _inside_ignored(boxes: Any, targets: Sequence[Mapping[str, Any]]) -> Any:
    """[B, Q] bool, the predictions with a share of `INSIDE` or more inside one ignored object."""
    import torch

    inside = torch.zeros(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    for number, target in enumerate(targets):
        if not bool(target["ignore"].any()):
            continue
        low, high = _corners(boxes[number][:, None])
        first, last = _corners(target["boxes"][target["ignore"]][None].to(boxes))
        shared = (torch.minimum(high, last) - torch.maximum(low, first)).clamp(min=0).prod(-1)
        inside[number] = (shared >= INSIDE * boxes[number][:, None, 2:].prod(-1)).any(1)
    return inside


def _weighted_mean(logits: Any, classes: Any, counted: Any, objects: Any, config: Any) -> Any:
    """[B] mean cross-entropy over the predictions that count; those of no object weigh `eos_coefficient`."""
    import torch
    from torch.nn.functional import cross_entropy

    del objects
    losses = cross_entropy(logits.transpose(1, 2), classes, reduction="none")
    weights = torch.where(classes == config.num_labels, config.eos_coefficient, 1.0) * counted
    return (losses * weights).sum(1) / weights.sum(1).clamp(min=torch.finfo(weights.dtype).tiny)


def _focal(logits: Any, classes: Any, counted: Any, objects: Any, config: Any) -> Any:
    """[B] focal losses over the predictions that count, added up, per object."""
    from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

    alpha = config.focal_alpha
    truth = one_hot(classes, config.num_labels + 1)[..., :-1].to(logits.dtype)
    losses = binary_cross_entropy_with_logits(logits, truth, reduction="none")
    p = logits.sigmoid()
    missing = p * (1 - truth) + (1 - p) * truth
    losses = losses * missing**GAMMA * (alpha * truth + (1 - alpha) * (1 - truth))
    return (losses.sum(2) * counted).sum(1) / objects


def _varifocal(logits: Any, classes: Any, overlaps: Any, counted: Any, config: Any) -> Any:
    """[B] varifocal losses over the predictions that count, added up: a class's probability is to be the overlap."""
    from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

    there = one_hot(classes, config.num_labels + 1)[..., :-1].to(logits.dtype)
    wanted = overlaps.unsqueeze(-1) * there
    missing = config.focal_loss_alpha * logits.detach().sigmoid() ** config.focal_loss_gamma * (1 - there)
    losses = binary_cross_entropy_with_logits(logits, wanted, weight=missing + wanted, reduction="none")
    return (losses.sum(2) * counted).sum(1)


def _box_losses(boxes: Any, wanted: Any) -> tuple[Any, Any, Any]:
    """[M] each, of pairs of boxes [M, 4] cxcywh: L1 distance, 1 - generalised IoU (arXiv:1902.09630), and IoU."""
    import torch

    (low, high), (first, last) = _corners(boxes), _corners(wanted)
    shared = (torch.minimum(high, last) - torch.maximum(low, first)).clamp(min=0).prod(-1)
    union = (high - low).prod(-1) + (last - first).prod(-1) - shared
    around = (torch.maximum(high, last) - torch.minimum(low, first)).prod(-1)
    iou = shared / union.clamp(min=torch.finfo(union.dtype).tiny)
    return (boxes - wanted).abs().sum(-1), 1 - iou + (around - union) / around, iou
