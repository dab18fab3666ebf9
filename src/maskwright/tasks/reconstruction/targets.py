"""What models that complete pictures and clips are to predict: pixels, or pixels scaled within each patch.

ViTMAE and its like predict pixels as the model takes them; VideoMAE predicts them as they were before it took them,
with the mean and spread that it was published with. With `norm_pix_loss` ViTMAE scales all numbers of a patch together,
VideoMAE each channel of a tubelet by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from maskwright.units.patches import Patches

__all__ = ["VIDEOMAE", "back", "scales", "target"]

VIDEOMAE = "videomae"

FLAT_PATCH = 1e-6
"""Added to the variance of a patch before it is divided by, as in ViTMAE; to its spread in VideoMAE."""


def target(model: Any, pixels: torch.Tensor, patches: Patches) -> torch.Tensor:
    """[B, patches, values] what is to be predicted, of hidden patches and visible ones."""
    values = _shown(model, patches.flatten(pixels).float(), patches.channels)
    if not scales(model):
        return values
    mean, spread = _scale(model, values, patches.channels)
    return (values - mean) / spread


def back(model: Any, values: torch.Tensor, pixels: torch.Tensor, patches: Patches) -> torch.Tensor:
    """[B, patches, values] pixels as the model takes them, of predictions.

    A model that predicts pixels scaled within each patch knows nothing of a patch's own mean and contrast: they are
    taken from the true `pixels`.
    """
    values = values.float()
    if scales(model):
        truth = _shown(model, patches.flatten(pixels).float(), patches.channels)
        mean, spread = _scale(model, truth, patches.channels)
        values = values * spread + mean
    if not _unnormalises(model):
        return values
    mean, spread = _published(values, patches.channels)
    return (values - mean) / spread


def scales(model: Any) -> bool:
    """Whether a model predicts pixels scaled within each patch."""
    return bool(getattr(_config(model), "norm_pix_loss", False))


def _shown(model: Any, values: torch.Tensor, channels: int) -> torch.Tensor:
    """Pixels in the space of the prediction, before any scaling within patches."""
    if not _unnormalises(model):
        return values
    mean, spread = _published(values, channels)
    return values * spread + mean


def _scale(model: Any, values: torch.Tensor, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread to scale each patch by, as the model's own loss takes them."""
    if not _unnormalises(model):
        return values.mean(-1, keepdim=True), (values.var(-1, keepdim=True) + FLAT_PATCH).sqrt()
    each = values.unflatten(-1, (-1, channels))
    mean, spread = each.mean(-2, keepdim=True), each.var(-2, keepdim=True).sqrt() + FLAT_PATCH
    return mean.expand_as(each).flatten(-2), spread.expand_as(each).flatten(-2)


def _published(values: torch.Tensor, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread of photographs for each number of a patch: VideoMAE takes them whatever its image processor."""
    import torch
    from transformers.utils.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

    pixels = values.shape[-1] // channels
    each = torch.tensor([IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD], device=values.device)
    mean, spread = each.repeat(1, pixels)
    return mean, spread


def _unnormalises(model: Any) -> bool:
    return _config(model).model_type == VIDEOMAE


def _config(model: Any) -> Any:
    return getattr(model, "module", model).config
