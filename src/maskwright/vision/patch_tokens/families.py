"""The vision models in which patches can be taken out or replaced, and where in them that is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.errors import ConfigError


@dataclass(frozen=True)
class Family:
    """What has to be known of a family of Transformers models; its key in `FAMILIES` is the class of its embeddings.

    Attributes:
        name: how the names of its model classes begin.
        projection: path from the embeddings to the convolution that makes patches into vectors.
        before: parameters of the embeddings that stand before the patches, each one or several tokens.
        after: the same, after the patches.
        mask: the argument of its layers that says which keys count; None where there is none.
        norm: the module of the tower whose output is what the heads are given; None for its last layer.
        positions: path from the tower to a module whose table of positions has to follow the patches.
    """

    name: str
    projection: str = "patch_embeddings.projection"
    before: tuple[str, ...] = ("cls_token",)
    after: tuple[str, ...] = ()
    mask: str | None = "attention_mask"
    norm: str | None = "layernorm"
    positions: str | None = None


FAMILIES = {
    "ViTEmbeddings": Family("ViT"),
    "DeiTEmbeddings": Family("DeiT", before=("cls_token", "distillation_token")),
    "Dinov2Embeddings": Family("Dinov2"),
    "Dinov2WithRegistersEmbeddings": Family("Dinov2WithRegisters", before=("cls_token", "register_tokens")),
    "BeitEmbeddings": Family("Beit"),
    "Data2VecVisionEmbeddings": Family("Data2VecVision", mask="relative_position_bias"),
    "ViTMSNEmbeddings": Family("ViTMSN"),
    "IJepaEmbeddings": Family("IJepa", before=()),
    "CLIPVisionEmbeddings": Family("CLIP", "patch_embedding", before=("class_embedding",), norm=None),
    "SiglipVisionEmbeddings": Family("Siglip", "patch_embedding", before=(), norm="post_layernorm"),
    "DINOv3ViTEmbeddings": Family(
        "DINOv3ViT", "patch_embeddings", ("cls_token", "register_tokens"), norm="norm", positions="rope_embeddings"
    ),
    "VideoMAEEmbeddings": Family("VideoMAE", before=(), mask=None, norm=None),
    "VivitEmbeddings": Family("Vivit"),
    "YolosEmbeddings": Family(
        "Yolos", after=("detection_tokens",), mask="position_bias", positions="encoder.interpolation"
    ),
}

# Heads that need no whole grid. Others (segmentation, reconstruction, backbones) put the tokens back into rows.
_HEADS = (
    "Model",
    "ForImageClassification",
    "ForImageClassificationWithTeacher",
    "ForVideoClassification",
    "ForObjectDetection",
    "VisionModel",
    "VisionModelWithProjection",
    "VisionTransformer",
)
_LAYERS = ("layers", "encoder.layers", "encoder.layer", "model.layer", "layer")
_PIXELS = "mean, noise or blur, which work on the pixels of every model"


def verified() -> str:
    """The families, as a list in words."""
    return ", ".join(family.name for family in FAMILIES.values())


@dataclass(frozen=True)
class Place:
    """Where the parts of one model are that the hooks sit on."""

    family: Family
    tower: Any
    embeddings: Any
    projection: Any
    layers: Any
    last: Any
    positions: Any

    def around(self, embeddings: Any) -> tuple[int, int]:
        """Numbers of tokens before and after the patches."""
        width = self.projection.weight.shape[0]
        counts = [
            sum(getattr(embeddings, name).numel() // width for name in names)
            for names in (self.family.before, self.family.after)
        ]
        return counts[0], counts[1]


def find(model: Any, how: str) -> Place:
    """Look a model up in the table.

    Raises:
        ConfigError: a model, a head or a setting that was not verified; says which fill to use.
    """
    title = type(model).__name__
    candidates = [(name, part) for name, part in model.named_modules() if _family_name(part)]
    if len(candidates) != 1:
        raise ConfigError(
            f"fill {how} for {title}: patches can be hidden inside {verified()} only; models that work in windows or "
            f"by convolution (Swin, ConvNeXt, ResNet) need the whole grid. Use the fill {_PIXELS}."
        )
    path, embeddings = candidates[0]
    family = FAMILIES[_family_name(embeddings)]
    tower = model.get_submodule(path.rpartition(".")[0])
    projection = embeddings.get_submodule(family.projection)
    _check_projection(projection, title)
    if how == "drop":
        _check_drop(model, tower, family)
    layers = next((part for part in (_part(tower, path) for path in _LAYERS) if part is not None), None)
    if layers is None:
        raise ConfigError(f"fill {how} for {title}: its layers were not found; expected Transformers 5.")
    last = _part(tower, family.norm) if family.norm else None
    positions = _part(tower, family.positions) if family.positions else None
    return Place(family, tower, embeddings, projection, layers, layers[-1] if last is None else last, positions)


def _family_name(part: Any) -> str:
    return next((kind.__name__ for kind in type(part).__mro__ if kind.__name__ in FAMILIES), "")


def _part(tower: Any, path: str) -> Any:
    for name in path.split("."):
        tower = getattr(tower, name, None)
    return tower


def _check_projection(projection: Any, title: str) -> None:
    plain = tuple(projection.kernel_size) == tuple(projection.stride) and projection.groups == 1
    unpadded = projection.padding == "valid" or not any(projection.padding)
    if not (plain and unpadded and all(step == 1 for step in projection.dilation)):
        raise ConfigError(
            f"{title}: its patches overlap (kernel {projection.kernel_size}, stride {projection.stride}, padding "
            f"{projection.padding}), so that a hidden one shows in its neighbours. Use the fill {_PIXELS}."
        )


def _check_drop(model: Any, tower: Any, family: Family) -> None:
    title, names = type(model).__name__, [kind.__name__ for kind in type(model).__mro__]
    if not any(family.name + head in names for head in _HEADS):
        raise ConfigError(
            f"fill drop for {title}: verified for classes such as {family.name}Model that need no whole grid of "
            f"patches (verified families: {verified()}). Attach to the Transformers model itself, before it is "
            f"wrapped, or use the fill mask-token, which keeps the grid, or {_PIXELS}."
        )
    for setting in ("use_relative_position_bias", "use_shared_relative_position_bias"):
        if getattr(tower.config, setting, False):
            raise ConfigError(
                f"fill drop for {title}: its attention has a bias for each pair of places ({setting}=True), which "
                f"needs the whole grid. Use the fill mask-token, or {_PIXELS}; or a model with absolute positions "
                f"(verified families: {verified()})."
            )
