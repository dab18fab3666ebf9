"""What all tasks on clips do alike: how clips are cut, what may be hidden in them, and the models that take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from maskwright.budgets.ratio import Ratio
from maskwright.config import RunConfig
from maskwright.data.media.clips import ClipSection
from maskwright.engine.trial import check_on_grid
from maskwright.errors import ConfigError, did_you_mean
from maskwright.grid import Grid
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.tasks.video import frames
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.pictures import Pictures
from maskwright.tasks.vision.traits import DROP, hides_patches, way_inside

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TUBE", "CutClips", "architecture_of", "check_units", "cut_in_words", "encode", "reader_of", "side_of"]


class CutClips(ClipSection):
    """Clips and how they are cut."""

    frames: int | None = Field(
        default=None, ge=1, le=4096, description="frames the model is given of a clip, evenly; default: the model's own"
    )
    size: int | None = Field(
        default=None, ge=2, le=4096, description="side in pixels that frames are brought to; default: the model's own"
    )
    patch: int | None = Field(
        default=None, ge=1, description="side in pixels of what is hidden whole; default: the model's own tubelets"
    )


TUBE = {"tied": {"pattern": "iid", "axis": "frame"}}
"""The same places in all frames: what is hidden cannot be copied from a neighbouring frame."""

UNITS = ("tubelet", "frame", "patch", "pixel")
"""tubelet: what the model takes as one. frame: a whole frame. patch, pixel: of a single frame."""

FRAMES = 8
"""Frames of a model from scratch, unless the configuration says another number."""

EXAMPLES_TRIED = 256
"""Examples whose masks are drawn to see whether they hide equally much."""

HALF = (0.5, 0.5, 0.5)


def check_units(config: RunConfig) -> None:
    """Refuse units and patterns that clips do not have.

    Raises:
        ConfigError: words, pixels inside a model, a pattern for other axes.
    """
    unit = config.evaluation.unit
    if unit not in UNITS:
        raise ConfigError(f"evaluation.unit: given {unit!r}. {did_you_mean(unit, UNITS)}")
    for where, masking in _maskings(config):
        # Patterns see whole frames as one axis.
        grid = Grid(frame=8) if masking.unit == "frame" else Grid(frame=8, row=14, col=14)
        try:
            check_on_grid(masking, grid)
        except ConfigError as error:
            raise ConfigError(str(error).replace("masking.pattern", where, 1)) from error
        if hides_patches(config.masking) and masking.unit in ("patch", "pixel"):
            raise ConfigError(
                f"{where.partition('.')[0]}.unit: the fills drop and mask-token hide what the model takes as one, "
                f"given {masking.unit!r}. Set tubelet or frame{_or_pixels(config)}."
            )


def encode(rows: Any, reader: Any, config: RunConfig, architecture: Any, *, data: CheckedData) -> Pictures:
    """A split of clips, of which a model of this architecture is given as many frames as it takes.

    Raises:
        ConfigError: frames that cannot be cut into tubelets, masks that the model cannot be given.
        DataError: clips with fewer frames than the model takes, all of them.
    """
    side = side_of(architecture, reader, config)
    frames.check_frames(data, architecture.num_frames, side[0])
    source = picture_tasks.Source("clip", partial(frames.open_frames, frames=architecture.num_frames), side)
    examples = picture_tasks.encode(rows, reader, config, source, data=data)
    drops = config.masking is not None and way_inside(config.masking.fill) == DROP
    # Its attention takes no mask for the padding that unequal numbers of tubelets would need.
    if architecture.model_type == "videomae" and drops:
        examples = replace(examples, even=True)
        _check_even(config, examples)
    return examples


def cut_in_words(examples: Pictures, config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the clips on their way into the model."""
    masking = config.masking
    pixels = examples.pixels([0])
    patches = examples.patches(pixels, masking)
    unit = masking.unit if masking is not None and masking.unit in UNITS else "tubelet"
    counted, sides = (" x ".join(map(str, sizes)) for sizes in (patches.grid.shape, patches.sides))
    cut = (
        f"clips are brought to {pixels.shape[1]} frames of {pixels.shape[-2]} x {pixels.shape[-1]} pixels; hidden "
        f"whole are {counted} {unit}s of {sides} (frames, rows, columns; data.frames, data.size, data.patch)."
    )
    return (cut, *frames.sampled_in_words(data, pixels.shape[1]))


def reader_of(config: RunConfig, mean: tuple[float, ...] = HALF, std: tuple[float, ...] = HALF) -> Any:
    """The image processor of a run's model; a new one takes `mean` from what pixels are, and divides by `std`."""
    section = config.data
    if vision_models.size_of(config.model) is None:
        return vision_models.image_processor(config.model, section.size)
    from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil

    side = section.size or vision_models.PIXELS
    size = {"height": side, "width": side}
    return VideoMAEImageProcessorPil(size=size, do_center_crop=False, image_mean=[*mean], image_std=[*std])


def architecture_of(config: RunConfig, reader: Any, **options: Any) -> Any:
    """The configuration of the model for clips of the length and size of the run.

    Args:
        config: of the run.
        reader: the image processor.
        **options: of a new model's configuration.

    Raises:
        ConfigError: no model of clips, or positions that were learnt for other clips.
    """
    section = config.data
    size, pixels = vision_models.size_of(config.model), picture_tasks.pixels_of(reader)
    if size is not None:
        patch = section.patch or vision_models.PATCH
        return vision_models.videomae(size, pixels[0], patch, section.frames or FRAMES, **options)
    saved = picture_tasks.saved_architecture(config.model)
    if not hasattr(saved, "num_frames"):
        raise ConfigError(f"model: '{config.model}' ({saved.model_type}) takes no clips; give a VideoMAE or ViViT.")
    own = saved.image_size if isinstance(saved.image_size, list | tuple) else (saved.image_size,) * 2
    clip = (section.frames or saved.num_frames, *pixels)
    if clip == (saved.num_frames, *own):
        return saved
    if saved.model_type != "videomae":  # which computes its positions
        raise ConfigError(
            f"data.frames, data.size: '{config.model}' learnt its positions for {saved.num_frames} frames of "
            f"{own[0]} x {own[1]} pixels, given {clip[0]} of {clip[1]} x {clip[2]}. Leave them out, or give a "
            "VideoMAE."
        )
    saved.num_frames, saved.image_size = clip[0], list(pixels)
    return saved


def side_of(architecture: Any, reader: Any, config: RunConfig) -> tuple[int, int, int]:
    """Frames, rows and columns of a tubelet.

    Raises:
        ConfigError: frames or pixels that are no multiple of it.
    """
    tubelet = getattr(architecture, "tubelet_size", 1)
    tubelet = tubelet if isinstance(tubelet, int) else tubelet[0]
    if architecture.num_frames % tubelet:
        raise ConfigError(
            f"data.frames: {architecture.num_frames} frames cannot be cut into tubelets of {tubelet}; set a multiple."
        )
    return (tubelet, *vision_models.patch_side(architecture, picture_tasks.pixels_of(reader), config))


def _maskings(config: RunConfig) -> Iterator[tuple[str, Masking]]:
    """Everything a run hides, with what it is called in messages."""
    masking, evaluation = config.masking, config.evaluation
    if masking is not None:
        yield "masking.pattern", masking
    fill: Any = "mean" if masking is None else masking.fill
    for name, pattern in evaluation.named_patterns.items():
        for ratio in sorted({ratio for ratio in evaluation.ratios if ratio > 0}):
            yield f"evaluation.patterns ({name}, {ratio:g})", Masking(pattern, Ratio(ratio), fill, evaluation.unit)


def _check_even(config: RunConfig, examples: Pictures) -> None:
    """Refuse masks that hide more of one example than of another, or everything, or nothing where that is learned.

    Raises:
        ConfigError: naming what was drawn.
    """
    import torch

    pixels, ids = examples.pixels([0]), torch.arange(EXAMPLES_TRIED)
    for where, masking in _maskings(config):
        patches = examples.patches(pixels, masking)
        moving = (0.0, 0.5, 1.0) if masking is config.masking else (0.0,)
        counts = [examples.drawn(masking, patches, ids, Moment(progress=at)).count for at in moving]
        units = f"{patches.grid.size} {'tubelet' if masking.unit == 'token' else masking.unit}s"
        for count in counts:
            low, high = int(count.min()), int(count.max())
            if low < high:
                raise ConfigError(
                    f"{where}: in VideoMAE, whose attention takes no mask, the fill drop has to leave equally many of "
                    f"every example; this hides {low} to {high} of {units}. Use a ratio or a count as budget and no "
                    f"clean_share, and a pattern that meets it exactly{_or_pixels(config)}."
                )
            if high == patches.grid.size:
                raise ConfigError(f"{where}: all {units} are hidden, and nothing is left for VideoMAE. Hide fewer.")
            if high == 0 and masking is config.masking and not _pixels_may_be_hidden(config):
                raise ConfigError(f"{where}: none of {units} is hidden, and nothing is to be learned. Hide more.")


def _or_pixels(config: RunConfig) -> str:
    return "; or a fill on pixels: mean, noise, blur" if _pixels_may_be_hidden(config) else ""


def _pixels_may_be_hidden(config: RunConfig) -> bool:
    """Whether a run may hide pixels; what is to be completed is hidden inside the model."""
    return not config.objective.learns_hidden
