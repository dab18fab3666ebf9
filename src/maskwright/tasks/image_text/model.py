"""A classifier over an encoder of pictures and texts: CLIP, SigLIP or ViLT of Transformers, with a head of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AutoModel, CLIPConfig, PreTrainedModel, SiglipConfig, ViltConfig
from transformers import initialization as init
from transformers.modeling_outputs import SequenceClassifierOutput

__all__ = ["FAMILIES", "ImageTextClassifier"]

UNUSED = ("logit_scale", "logit_bias")
"""Parameters of the contrastive loss, which no gradient reaches here."""


class ImageTextClassifier(PreTrainedModel):
    """Pooled features of both encoders, their product, and a small perceptron over them.

    With features a and b of a picture and a text (each layer-normalised after a linear map to one width) the head sees
    [a, b, a · b]: what only both together tell is a product, which a small head would have to learn otherwise. ViLT
    reads both in one encoder; there the head sees its pooled vector.

    The configuration is that of the encoder, with the classes; the encoder's weights have its own names below its own
    prefix. So `AutoModel.from_pretrained(folder)` gives the trained encoder, without the head, as with any classifier
    of Transformers. A picture of which every patch is dropped is a vector of zeros where the encoder has no token of
    its own for the whole (SigLIP).
    """

    supports_gradient_checkpointing = True

    def __init__(self, config: Any):
        super().__init__(config)
        setattr(self, self.base_model_prefix, AutoModel.from_config(config))
        for name in UNUSED:
            if hasattr(self.encoder, name):
                getattr(self.encoder, name).requires_grad_(False)
        sizes = self.sizes(config)
        width = max(sizes)
        self.maps = nn.ModuleList(nn.Sequential(nn.Linear(size, width), nn.LayerNorm(width)) for size in sizes)
        seen = width if len(sizes) == 1 else 3 * width
        self.classifier = nn.Sequential(nn.Linear(seen, width), nn.GELU(), nn.Linear(width, config.num_labels))
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # The stock rule reads a factor of CLIP's configurations as a standard deviation.
        if isinstance(module, nn.Linear):
            init.normal_(module.weight, std=module.in_features**-0.5)
            init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)

    @property
    def encoder(self) -> Any:
        """The model of Transformers inside."""
        return getattr(self, self.base_model_prefix)

    @property
    def patch_tower(self) -> Any:
        """Where patches are hidden; see `maskwright.tasks.vision.patch_inputs.forward`."""
        return self.encoder

    @staticmethod
    def sizes(config: Any) -> tuple[int, ...]:
        """Numbers of features that the encoder gives: of picture and text, or of both together."""
        return config.projection_dim, config.projection_dim

    def features(self, inputs: dict[str, Any]) -> tuple[torch.Tensor, ...]:
        """As many tensors [B, size] as there are sizes."""
        outputs = self.encoder(**inputs)
        return outputs.vision_model_output.pooler_output, outputs.text_model_output.pooler_output

    def forward(self, input_ids: Any, attention_mask: Any, pixel_values: Any, **others: Any) -> Any:
        """Logits [B, classes] from what tokenizer and image processor make, and `hidden_patches` [B, patches] bool."""
        both = self.features(
            {"input_ids": input_ids, "attention_mask": attention_mask, "pixel_values": pixel_values, **others}
        )
        mapped = [one(features) for one, features in zip(self.maps, both, strict=True)]
        if len(mapped) > 1:
            mapped.append(mapped[0] * mapped[1])
        return SequenceClassifierOutput(logits=self.classifier(torch.cat(mapped, dim=-1)))


class ClipClassifier(ImageTextClassifier):
    """Over CLIP (Radford et al. 2021, arXiv:2103.00020)."""

    config_class = CLIPConfig
    base_model_prefix = "clip"

    def features(self, inputs: dict[str, Any]) -> tuple[torch.Tensor, ...]:
        inputs.pop("token_type_ids", None)
        return super().features(inputs | _other_size(inputs, self.config))


class SiglipClassifier(ImageTextClassifier):
    """Over SigLIP (Zhai et al. 2023, arXiv:2303.15343), whose texts are padded to one length, padding read too."""

    config_class = SiglipConfig
    base_model_prefix = "siglip"

    @staticmethod
    def sizes(config: Any) -> tuple[int, ...]:
        return config.vision_config.hidden_size, config.text_config.projection_size

    def features(self, inputs: dict[str, Any]) -> tuple[torch.Tensor, ...]:
        ids, text = inputs["input_ids"], self.config.text_config
        padding = text.pad_token_id or 0
        ids = ids.masked_fill(inputs["attention_mask"] == 0, padding)
        ids = nn.functional.pad(ids, (0, text.max_position_embeddings - ids.shape[1]), value=padding)
        taken = {"input_ids": ids, "pixel_values": inputs["pixel_values"], **_other_size(inputs, self.config)}
        hidden = inputs.get("hidden_patches")
        if hidden is None:
            return super().features(taken)
        absent = hidden.flatten(1).all(dim=1)
        first = torch.arange(hidden.flatten(1).shape[1], device=hidden.device) == 0
        # Attention over no patches is not defined: one stays, and what comes of it is thrown away.
        image, words = super().features({**taken, "hidden_patches": hidden.flatten(1) & ~(absent[:, None] & first)})
        return image.masked_fill(absent[:, None], 0), words


class ViltClassifier(ImageTextClassifier):
    """Over ViLT (Kim et al. 2021, arXiv:2102.03334)."""

    config_class = ViltConfig
    base_model_prefix = "vilt"

    @staticmethod
    def sizes(config: Any) -> tuple[int, ...]:
        return (config.hidden_size,)

    def features(self, inputs: dict[str, Any]) -> tuple[torch.Tensor, ...]:
        pixels = inputs["pixel_values"]
        whole = torch.ones((len(pixels), *pixels.shape[-2:]), dtype=torch.long, device=pixels.device)
        return (self.encoder(**inputs, pixel_mask=whole).pooler_output,)


FAMILIES = {"clip": ClipClassifier, "siglip": SiglipClassifier, "vilt": ViltClassifier}


def _other_size(inputs: dict[str, Any], config: Any) -> dict[str, Any]:
    """Positions are interpolated for pictures of another size than the encoder was made for."""
    size = config.vision_config.image_size
    return {} if tuple(inputs["pixel_values"].shape[-2:]) == (size, size) else {"interpolate_pos_encoding": True}
