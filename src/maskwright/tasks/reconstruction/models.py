"""Models that learn by completing pictures and clips: which there are, what they are given, what they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from maskwright.errors import ConfigError
from maskwright.tasks.reconstruction import targets
from maskwright.tasks.reconstruction.targets import VIDEOMAE
from maskwright.tasks.vision.models import Size, sides
from maskwright.tasks.vision.patch_inputs import DROPPED, REPLACED
from maskwright.tasks.vision.pictures import PICTURE
from maskwright.tasks.vision.traits import DROP, REPLACE
from maskwright.units.patches import Patches
from maskwright.vision.patch_tokens import kept_patches

if TYPE_CHECKING:
    import torch

__all__ = [
    "AUTOENCODER",
    "class_of",
    "completed",
    "decoder",
    "features",
    "heads_of",
    "hidden_patches",
    "new_architecture",
    "predicted",
    "ready",
    "way_of",
    "with_positions",
]

AUTOENCODER = "vit_mae"
"""Kind of model whose encoder gets the visible patches alone."""

HEADS = {
    # The decoder without its positions, which are fixed.
    AUTOENCODER: ("decoder_embed", "decoder_layers", "decoder_norm", "decoder_pred", "mask_token"),
    VIDEOMAE: ("encoder_to_decoder", "decoder", "mask_token"),
}
"""Kind of model -> names of what predicts pixels from what the encoder makes; see `heads_of`."""

OTHER_HEADS = ("decoder", "mask_token")

DECODERS = {96: (64, 2), 192: (96, 3)}
"""Width and heads of the decoder beside an encoder of that width; it is thrown away after pre-training."""


def decoder(size: Size) -> dict[str, Any]:
    """A small decoder beside an encoder of this size, and pixels predicted as they are."""
    width, heads = DECODERS[size.hidden]
    return {
        "decoder_hidden_size": width,
        "decoder_num_hidden_layers": 2,
        "decoder_num_attention_heads": heads,
        "decoder_intermediate_size": 4 * width,
        "norm_pix_loss": False,
    }


def new_architecture(size: Size, pixels: int, patch: int) -> Any:
    """The configuration of a masked autoencoder with a small decoder that predicts pixels as they are."""
    from transformers import ViTMAEConfig

    return ViTMAEConfig(
        image_size=pixels,
        patch_size=patch,
        **sides(size),
        **decoder(size),
        initializer_range=size.hidden**-0.5,
    )


def class_of(architecture: Any) -> Any:
    """The class of Transformers that completes pictures with a model of this kind.

    Raises:
        ConfigError: there is none that predicts pixels.
    """
    from transformers import AutoModelForMaskedImageModeling, ViTMAEForPreTraining
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_IMAGE_MODELING_MAPPING_NAMES as FAMILIES

    if architecture.model_type == AUTOENCODER:
        return ViTMAEForPreTraining
    if architecture.model_type in FAMILIES:
        return AutoModelForMaskedImageModeling
    raise ConfigError(
        f"model: no {architecture.model_type} of Transformers completes pictures. Use {AUTOENCODER}, "
        f"{', '.join(sorted(FAMILIES))}, or scratch:tiny."
    )


def way_of(kind: str) -> str:
    """How this kind of model is not shown a patch; see `maskwright.tasks.vision.traits.way_inside`."""
    return DROP if kind in (AUTOENCODER, VIDEOMAE) else REPLACE


def heads_of(kind: str) -> tuple[str, ...]:
    """Names of the modules of this kind of model that are thrown away after pre-training."""
    return HEADS.get(kind, OTHER_HEADS)


def ready(model: Any) -> Any:
    """Let a masked autoencoder take the mask it is given as `noise`, instead of drawing one; return the model."""
    if model.config.model_type == AUTOENCODER:
        model.vit.embeddings.random_masking = _visible_alone
    return model


def with_positions(model: Any) -> Any:
    """Give a masked autoencoder the fixed positions it should have; return the model.

    Transformers 5.23 leaves them at zero in a new encoder and in a new decoder. The model has no way to know then which
    patch is asked for, and all that it learns is the mean patch.
    """
    if model.config.model_type == AUTOENCODER:
        embeddings = model.vit.embeddings
        if not embeddings.position_embeddings.any():
            embeddings.patch_embeddings.projection._is_hf_initialized = False
            embeddings.initialize_weights()
        if not model.decoder.decoder_pos_embed.any():
            model.decoder.initialize_weights(embeddings.patch_embeddings.num_patches)
    return model


def hidden_patches(inputs: Mapping[str, Any]) -> Any:
    """[B, patches] bool tensor, what is hidden in some inputs; None if nothing is."""
    return inputs.get(DROPPED, inputs.get(REPLACED))


def predicted(model: Any, inputs: Mapping[str, Any]) -> tuple[torch.Tensor, Patches]:
    """Let a model complete pictures or clips: ([B, patches, values] of every patch, how they are cut).

    The pixels of hidden patches are not handed to the model. Of visible patches a VideoMAE predicts nothing; what is
    given for them means nothing.
    """
    import torch

    architecture = getattr(model, "module", model).config
    pixels, hidden, patches = inputs[PICTURE], hidden_patches(inputs), _cut(architecture, inputs[PICTURE])
    if hidden is None:
        hidden = torch.zeros(len(pixels), patches.grid.size, dtype=torch.bool, device=pixels.device)
    cells = hidden.unflatten(1, patches.grid.shape)
    for axis, side in enumerate(patches.sides, start=1):
        cells = cells.repeat_interleave(side, axis)
    pixels = torch.where(cells.unsqueeze(-3), 0, pixels)
    if architecture.model_type == AUTOENCODER:
        return model(pixel_values=pixels, noise=hidden, attention_mask=_attention(hidden)).logits, patches
    if architecture.model_type == VIDEOMAE:
        return _hidden_alone(model, pixels, hidden, patches), patches
    return patches.flatten(model(pixel_values=pixels, bool_masked_pos=hidden).reconstruction), patches


def completed(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """Pictures or clips, as they were given, with predicted pixels in place of those hidden.

    A model that predicts pixels scaled within each patch is given each patch's own mean and contrast.
    """
    import torch

    pixels, hidden = inputs[PICTURE], hidden_patches(inputs)
    if hidden is None:
        return pixels
    values, patches = predicted(model, inputs)
    made = targets.back(model, values, pixels, patches)
    return patches.unflatten(torch.where(hidden[..., None], made, patches.flatten(pixels).float()))


def features(model: Any, pixels: torch.Tensor) -> torch.Tensor:
    """[B, width] float32, the mean over what the encoder makes of the patches of whole pictures or clips."""
    tokens = getattr(model, model.base_model_prefix)(pixel_values=pixels).last_hidden_state
    # What stands before the patches (class, distillation) was asked for nothing while pictures were completed.
    before = tokens.shape[1] - _cut(model.config, pixels).grid.size
    return tokens[:, max(0, before) :].float().mean(1)


def _cut(architecture: Any, pixels: torch.Tensor) -> Patches:
    """How a model cuts pictures, or clips of which it takes several frames as one."""
    side = architecture.patch_size
    return Patches.of(tuple(pixels.shape), side if pixels.ndim == 4 else (architecture.tubelet_size, side, side))


def _hidden_alone(model: Any, pixels: torch.Tensor, hidden: torch.Tensor, patches: Patches) -> torch.Tensor:
    """[B, patches, values] from a VideoMAE, which gives what it predicts in reading order, and needs some hidden."""
    if not hidden.any():
        return pixels.new_zeros((*hidden.shape, patches.values))
    values = model(pixel_values=pixels, bool_masked_pos=hidden).logits
    # The place of each hidden patch among the hidden ones of its clip.
    places = (hidden.cumsum(1) - 1).clamp(min=0)
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))


def _kept(hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """`kept_patches`; where examples hide unequally much, one patch fewer than all at most is kept of each.

    One that has nothing hidden is given no loss; and so the decoder always has a mask token for those that have.
    """
    index, real = kept_patches(hidden)
    if real is None or index.shape[1] < hidden.shape[1]:
        return index, real
    return index[:, :-1], real[:, :-1]


def _attention(hidden: torch.Tensor) -> torch.Tensor | None:
    """[B, 1 + K] bool, what is no padding of the class token and the kept patches; None if nothing is padding."""
    import torch

    real = _kept(hidden)[1]
    return None if real is None else torch.cat([torch.ones_like(real[:, :1]), real], dim=1)


def _visible_alone(sequence: torch.Tensor, noise: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
    """In place of `ViTMAEEmbeddings.random_masking`: `noise` is the mask, [B, patches] bool, None hides nothing.

    Returns:
        the visible patches in reading order [B, K, D], padded where an example has fewer; the mask as numbers; and for
        each patch its place among the visible ones, or that of a mask token, which all are alike.
    """
    import torch

    hidden = torch.zeros(sequence.shape[:2], dtype=torch.bool, device=sequence.device) if noise is None else noise
    kept = _kept(hidden)[0]
    places = torch.where(hidden, hidden.shape[1] - 1, (~hidden).cumsum(1) - 1)
    return sequence.gather(1, kept[..., None].expand(-1, -1, sequence.shape[2])), hidden.to(sequence.dtype), places
