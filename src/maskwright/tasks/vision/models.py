"""Vision models: from the hub, a folder or scratch, the size of their patches, and what hidden inputs ask of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.config import RunConfig
from maskwright.engine.trial import check_on_grid
from maskwright.errors import ConfigError, did_you_mean
from maskwright.grid import Grid
from maskwright.tasks import pretrained
from maskwright.tasks.scratch import PREFIX
from maskwright.tasks.vision.traits import adds_channel, way_inside

__all__ = [
    "SIZES",
    "Size",
    "accept_hidden",
    "check_pixels",
    "fill_node",
    "image_processor",
    "patch_side",
    "read_fill",
    "size_of",
    "videomae",
    "vit",
]


@dataclass(frozen=True)
class Size:
    """Dimensions of a vision transformer that is trained from nothing."""

    layers: int
    hidden: int
    heads: int


SIZES = {"tiny": Size(layers=4, hidden=96, heads=3), "small": Size(layers=6, hidden=192, heads=3)}

PIXELS, PATCH = 32, 4
"""Side of the pictures and of a patch of a model from scratch, unless the configuration says another."""


def size_of(model: str) -> Size | None:
    """The size that `scratch:...` names; None for a model that exists already.

    Raises:
        ConfigError: an unknown size.
    """
    if not model.startswith(PREFIX):
        return None
    name = model.removeprefix(PREFIX)
    if name not in SIZES:
        raise ConfigError(f"model: there is no size '{name}' in '{model}'. {did_you_mean(name, SIZES)}")
    return SIZES[name]


def vit(size: Size, pixels: int, patch: int, **options: Any) -> Any:
    """The configuration of a vision transformer of this size."""
    from transformers import ViTConfig

    # New weights of the usual spread, 0.02, suit widths of some hundreds; narrow models hardly start to learn from it.
    options = {"initializer_range": size.hidden**-0.5, **options}
    return ViTConfig(image_size=pixels, patch_size=patch, **sides(size), **options)


def videomae(size: Size, pixels: int, patch: int, frames: int, **options: Any) -> Any:
    """The configuration of a vision transformer of clips of this size, which takes two frames as one."""
    from transformers import VideoMAEConfig

    options = {**sides(size), **options}
    return VideoMAEConfig(image_size=pixels, patch_size=patch, num_frames=frames, tubelet_size=2, **options)


def sides(size: Size) -> dict[str, Any]:
    """Width and depth, as configurations of Transformers call them."""
    return {
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": 4 * size.hidden,
    }


def image_processor(name: str, pixels: int | None = None) -> Any:
    """The image processor of a saved model, asked for pictures of another size if one is given.

    Raises:
        ConfigError: it cannot be loaded.
    """
    from transformers import AutoImageProcessor

    processor = pretrained.load(AutoImageProcessor.from_pretrained, pretrained.find(name), "image processor")
    return processor if pixels is None else resized(processor, pixels)


def resized(processor: Any, pixels: int) -> Any:
    """Let a processor make square pictures of that side, without cutting anything off."""
    processor.size = {"height": pixels, "width": pixels}
    processor.do_resize = True
    if getattr(processor, "do_center_crop", None):
        processor.do_center_crop = False
    return processor


def patch_side(architecture: Any, pixels: Sequence[int], config: RunConfig) -> tuple[int, int]:
    """Sides of the patches that are hidden whole: `data.patch`, else the model's own, else an eighth of a picture.

    Args:
        architecture: configuration of the model, which has `patch_size` where it has patches.
        pixels: rows and columns of a picture as the model takes it.
        config: of the run.

    Raises:
        ConfigError: pictures that are no multiple of it, or other patches than those that are hidden in the model.
    """
    tower = getattr(architecture, "vision_config", architecture)
    # Of clips some models say it together with the frames: [frames, rows, columns].
    own = getattr(tower, "patch_size", None) or getattr(tower, "tubelet_size", None)
    side = config.data.patch or own or max(1, pixels[0] // 8)
    row, col = (side, side) if isinstance(side, int) else tuple(side)[-2:]
    for name, length, whole in (("rows", row, pixels[0]), ("columns", col, pixels[1])):
        if whole % length:
            raise ConfigError(
                f"data.patch: pictures of {pixels[0]} x {pixels[1]} pixels cannot be cut into patches of {length} "
                f"{name}. Set data.patch to a divisor, or data.size to a multiple."
            )
    way = None if config.masking is None else way_inside(config.masking.fill)
    if config.masking is not None and way is not None:
        if "pixel" in (config.masking.unit, config.evaluation.unit):
            raise ConfigError(f"masking.unit: with fill {way} patches of the model are hidden, not pixels; set patch.")
        if own is not None and (row, col) != ((own, own) if isinstance(own, int) else tuple(own)[-2:]):
            raise ConfigError(f"data.patch: with fill {way} the model's own patches are hidden, {own}; leave it out.")
    return int(row), int(col)


def accept_hidden(model: Any, fill: Any, folder: str | Path | None = None) -> Any:
    """Make a model take what a fill gives it; return the model.

    `drop` and `mask-token` need hooks on its patches, `indicator` one more channel. Whatever the fill, a model takes
    pictures with a channel too many or too few: what says where something is hidden is cut off for a model that was
    trained without it, and is all zeros, nothing hidden, where there is none.

    Args:
        model: a Transformers vision model.
        fill: of the masking, or None.
        folder: where the model was saved, if it was.

    Raises:
        ConfigError: a model in which patches cannot be hidden.
    """
    from maskwright.vision.patch_tokens import PatchTokens

    way = way_inside(fill)
    if way is not None:
        PatchTokens.attach(model, way, folder)
    elif adds_channel(fill) and folder is None:
        _widen(model)
    model.register_forward_pre_hook(_fit_channels, with_kwargs=True)
    return model


def read_fill(folder: Path) -> Any:
    """The fill that a saved model was trained with; None without masking or for models of others."""
    from maskwright import fills

    node = fill_node(folder)
    return None if node is None else fills.from_node(node)


def fill_node(folder: Path) -> Any:
    """The same as a node, which may name a fill for each of several inputs."""
    import json

    facts = folder / "maskwright.json"
    return json.loads(facts.read_text(encoding="utf-8")).get("fill") if facts.is_file() else None


def check_pixels(config: RunConfig, grid: Grid, signals: Sequence[str] = ()) -> None:
    """Refuse units and patterns that pictures do not have.

    Args:
        config: of the run.
        grid: of patches.
        signals: names of those that the task gives to patterns.

    Raises:
        ConfigError: words, units of clips, a fill for ids, a pattern for other axes or that needs signals.
    """
    unit, units = config.evaluation.unit, ("patch", "pixel")
    if unit not in units:
        hint = did_you_mean(unit, units)
        raise ConfigError(f"evaluation.unit: pictures have patches and pixels, given {unit!r}. {hint}")
    if config.masking is not None:
        if config.masking.unit in ("tubelet", "frame"):
            raise ConfigError(f"masking.unit: {config.masking.unit} is for clips; pictures have patch and pixel.")
        check_on_grid(config.masking, grid, signals)


def _fit_channels(model: Any, arguments: tuple, named: dict[str, Any]) -> tuple[tuple, dict[str, Any]] | None:
    import torch

    pixels = named.get("pixel_values")
    config = getattr(model.config, "vision_config", model.config)
    wanted = getattr(config, "num_channels", None)
    if pixels is None or wanted is None or pixels.shape[-3] == wanted:
        return None
    if pixels.shape[-3] > wanted:
        return arguments, {**named, "pixel_values": pixels.narrow(-3, 0, wanted)}
    missing = (*pixels.shape[:-3], wanted - pixels.shape[-3], *pixels.shape[-2:])
    return arguments, {**named, "pixel_values": torch.cat([pixels, pixels.new_zeros(missing)], dim=-3)}


def _widen(model: Any) -> None:
    """One more channel for the first convolution, with weights of zero: at first nothing changes."""
    import torch

    config = getattr(model.config, "vision_config", model.config)
    channels = config.num_channels
    for module in model.modules():
        if (
            isinstance(module, torch.nn.Conv2d | torch.nn.Conv3d)
            and module.in_channels == channels
            and module.groups == 1
        ):
            weight = module.weight.data
            zeros = weight.new_zeros((weight.shape[0], 1, *weight.shape[2:]))
            wider: Any = torch.nn.Parameter(torch.cat([weight, zeros], dim=1))
            wider.made_here = True  # who freezes the rest of a model lets it learn
            module.weight = wider
            module.in_channels = channels + 1
            break
    else:
        raise ConfigError(
            f"masking.fill: indicator needs one more channel, and {type(model).__name__} has no first convolution of "
            f"{channels} channels to widen. Use the fill inside it."
        )
    for module in model.modules():
        if getattr(module, "num_channels", None) == channels:
            module.num_channels = channels + 1
    config.num_channels = channels + 1
