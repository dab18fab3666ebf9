"""Images: a transform like those of torchvision, and the slot where timm's models drop patches. Neither is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from maskwright.adapters.clock import Clock, Clocked
from maskwright.backend.arrays import Array, dtype_name, is_torch, namespace, numpy_view, to_dtype
from maskwright.backend.content import content_ids
from maskwright.engine.trial import leaves
from maskwright.errors import ConfigError, MaskingError
from maskwright.fills import traits
from maskwright.grid import Grid
from maskwright.mask import Mask
from maskwright.masking import Masking
from maskwright.rng import Moment, Rng
from maskwright.strategy import read

IMAGE_KEYS = ("image", "pixel_values", "img")
ID_KEYS = ("example_id", "image_id")


def mask_images(masking: Masking, images: torch.Tensor, **keys: Any) -> torch.Tensor:
    """Hide pixels of images [B, C, row, col]; `keys` are `example_ids`, and `moment` or `seed`, `epoch`, `progress`.

    Raises:
        ConfigError: a fill that changes the shape.
        MaskingError: images that look like [B, row, col, C].
    """
    _check_shape_kept(masking)
    _check_layout(tuple(images.shape[1:]), channels_first=True)
    return _hidden(masking, images.permute(0, 2, 3, 1), keys).permute(0, 3, 1, 2)


class ImageMasking(Clocked):
    """A transform for single images that hides pixels, in the style of torchvision's `v2`.

    Takes, and gives back in the same layout:

    - a PIL image;
    - a NumPy array, channels last: [row, col, C], or [row, col];
    - a torch tensor (of a subclass too), channels first: [C, row, col], or [row, col];
    - a mapping with one of them under `image`, `pixel_values` or `img`;
    - several values of which the first is one of these.

    An array or tensor that looks like the other layout (more than 4 channels, at most 4 rows or columns) is refused.
    Fills that compute (`mean`, `noise`, `blur`) do so in floating-point numbers on whole-number pixels too, and what
    they put in is rounded and kept within the type's range, 0 to 255 for bytes.

    Everything else, such as `boxes` and `labels`, is passed on as it is. An image is named by `example_id` or
    `image_id` of a mapping, the target's too, and otherwise by its content.

    A masking whose pattern hides coarse cells hides patches: `{"coarse": {"pattern": "iid", "size": 16}}`.

    Args:
        masking: what to hide, over a `Grid(row=..., col=...)` of pixels; fills that keep the shape and need no other
            images.
        seed: of the masks; needs an epoch (`set_epoch`). None: masks that are new at every call as long as no epoch
            was set.

    Raises:
        ConfigError: a fill that changes the shape (`drop`, `indicator`, `sentinel`), or that needs other images
            (`swap`, `marginal`, `mean` over anything but the example).
        MaskingError: (when called) no image found, or one of the other layout; a seed, but no epoch.
    """

    def __init__(self, masking: Masking, *, seed: int | None = None):
        _check_shape_kept(masking)
        _check_alone(masking)
        self.masking = masking
        self.seed = seed
        self.clock = Clock(owner="transform")

    def __call__(self, *inputs: Any) -> Any:
        """The input with pixels of its image hidden."""
        if len(inputs) == 1 and isinstance(inputs[0], tuple | list):
            return type(inputs[0])(self(*inputs[0]))
        if not inputs:
            raise MaskingError("expected an image, given nothing.")
        first, name = inputs[0], next((name for name in map(_name, inputs) if name is not None), None)
        if isinstance(first, Mapping):
            key = next((key for key in IMAGE_KEYS if key in first), None)
            if key is None:
                raise MaskingError(f"expected an image under one of {IMAGE_KEYS}, given the keys {sorted(first)}.")
            masked = {**first, key: self._masked(first[key], name)}
        else:
            masked = self._masked(first, name)
        return masked if len(inputs) == 1 else (masked, *inputs[1:])

    def _masked(self, image: Any, name: int | None) -> Any:
        array: Any = image if is_torch(image) else np.asarray(image)
        if array.ndim not in (2, 3) or array.dtype == object:
            raise MaskingError(
                f"expected one image, of 2 or 3 axes, given {type(image).__name__} of shape {np.shape(image)}."
            )
        _check_layout(tuple(array.shape), channels_first=is_torch(array))
        if is_torch(array):
            plain = array.as_subclass(torch.Tensor)
            cells = plain.movedim(0, -1) if plain.ndim == 3 else plain
        else:
            cells = array
        ids = np.array([_content(cells) if name is None else name], dtype=np.int64)
        keys = self.clock.keys(self.seed, ids[:, None], np.ones((1, 1), dtype=bool), ids)
        out = _hidden(self.masking, cells[None], keys)[0]
        if is_torch(out):
            return (out.movedim(-1, 0) if out.ndim == 3 else out).as_subclass(type(image))
        return out if isinstance(image, np.ndarray) else _pil(out)


class PatchDrop(torch.nn.Module):
    """Removes patch tokens in training, in the place of timm's `patch_drop`: the model computes less.

        model.patch_drop = PatchDrop(0.5, grid=model.patch_embed.grid_size)

    Every example loses the same number of patches, round(ratio x patches), at least one stays, and those that stay
    keep their order. In evaluation nothing is removed.

    With an epoch set (`set_epoch`) the masks are keyed: give the names of the examples before each forward pass
    (`set_examples`). Without one they are new at every call.

    Source: Liu et al. 2022, PatchDropout (arXiv:2208.07220); Li et al. 2022, FLIP (arXiv:2212.00794).

    Args:
        ratio: share of the patches to remove, below 1.
        pattern: which, as a pattern or its YAML node.
        grid: rows and columns of patches; None: the pattern works on their sequence.
        num_prefix_tokens: tokens at the start that stay, such as the class token.
        return_indices: return (tokens, places of the kept patches), which models with rotary positions expect;
            (tokens, None) where nothing is removed.
        seed: of keyed masks.

    Raises:
        ConfigError: a ratio out of range.
        MaskingError: (in a forward pass) an epoch, but no names of the examples.
    """

    def __init__(
        self,
        ratio: float = 0.5,
        *,
        pattern: Any = "iid",
        grid: tuple[int, int] | None = None,
        num_prefix_tokens: int = 1,
        return_indices: bool = False,
        seed: int = 0,
    ):
        super().__init__()
        if not 0 <= ratio < 1:
            raise ConfigError(f"PatchDrop.ratio: expected a share of the patches from 0 to below 1, given {ratio!r}.")
        self.ratio = ratio
        self.pattern = read("maskwright.patterns", pattern, "PatchDrop.pattern")
        self.grid = grid
        self.num_prefix_tokens = num_prefix_tokens
        self.return_indices = return_indices
        self.seed = seed
        self.clock = Clock()
        self._examples: torch.Tensor | None = None

    def set_epoch(self, epoch: int) -> None:
        """Say which pass over the data comes."""
        self.clock.epoch = epoch

    def set_examples(self, ids: Any) -> None:
        """Say the names of the examples of the next forward pass, [B] whole numbers."""
        self._examples = torch.as_tensor(ids)

    def forward(self, x: torch.Tensor) -> Any:
        """Tokens [B, prefix + L, D] -> [B, prefix + kept, D]."""
        length = x.shape[1] - self.num_prefix_tokens
        count = min(round(self.ratio * length), length - 1)
        if not self.training or count <= 0:
            return (x, None) if self.return_indices else x
        shape = self._grid(length)
        rng = self._rng(x)
        valid = torch.ones((x.shape[0], *shape.shape), dtype=torch.bool, device=x.device)
        counts = torch.full((x.shape[0],), count, device=x.device)
        kept = Mask(self.pattern(shape, counts, valid=valid, rng=rng)).keep_indices()
        prefix, patches = x[:, : self.num_prefix_tokens], x[:, self.num_prefix_tokens :]
        patches = patches.gather(1, kept[:, :, None].expand(-1, -1, x.shape[2]))
        out = torch.cat([prefix, patches], dim=1)
        return (out, kept) if self.return_indices else out

    def _grid(self, length: int) -> Grid:
        if self.grid is None:
            return Grid(token=length)
        if self.grid[0] * self.grid[1] != length:
            raise MaskingError(f"PatchDrop: a grid of {self.grid} patches does not fit {length} patch tokens.")
        return Grid(row=self.grid[0], col=self.grid[1])

    def _rng(self, x: torch.Tensor) -> Rng:
        names, self._examples = self._examples, None
        if self.clock.epoch < 0:
            rows = torch.arange(x.shape[0], device=x.device)[:, None]
            keys = self.clock.keys(None, rows, rows >= 0, None)
            return Rng.of_batch(keys["example_ids"], x, keys["moment"])
        if names is None or len(names) != x.shape[0]:
            raise MaskingError(
                f"PatchDrop: an epoch is set, so masks are keyed, but the names of the {x.shape[0]} examples are "
                "missing: call set_examples(ids) before the forward pass."
            )
        return Rng.of_batch(names, x, Moment(self.seed, self.clock.epoch))


def _hidden(masking: Masking, cells: Array, keys: Mapping[str, Any]) -> Array:
    """Images [B, row, col, ...] with pixels hidden, in the dtype they have."""
    grid = Grid(row=cells.shape[1], col=cells.shape[2])
    if not traits(masking.fill).computes or namespace(cells).isdtype(cells.dtype, "real floating"):
        return masking(cells, grid=grid, **keys).inputs
    dtype = dtype_name(cells)
    small = dtype in ("bool", "uint8", "int8", "uint16", "int16")
    corrupted = masking(to_dtype(cells, "float32" if small else "float64"), grid=grid, **keys)
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    put = to_dtype(namespace(cells).round(corrupted.inputs).clip(low, high), dtype)
    mask = corrupted.mask.reshape(tuple(corrupted.mask.shape) + (1,) * (cells.ndim - corrupted.mask.ndim))
    return namespace(cells).where(mask, put, cells)


def _check_shape_kept(masking: Masking) -> None:
    fill, name = traits(masking.fill), type(masking.fill).__name__.lower()
    if not fill.changes_shape:
        return
    remedy = "it is for text; use zero, mean or noise"
    if fill.removes:
        remedy = (
            "an image without some of its pixels is no image; to remove patches inside a vision transformer, use "
            "maskwright.adapters.vision.PatchDrop"
        )
    elif fill.adds_channel:
        remedy = (
            "an image has no place for the channel that says what is hidden; use the fill inside it, or call the "
            "masking on batches of arrays [B, row, col, C]"
        )
    raise ConfigError(f"images: the fill {name} changes the shape: {remedy}.")


def _check_alone(masking: Masking) -> None:
    if traits(masking.fill).from_others:
        leaf = next(leaf for leaf in leaves(masking.fill) if traits(leaf).from_others)
        raise ConfigError(
            f"ImageMasking: the fill {type(leaf).__name__.lower()} takes values from other images, and a transform "
            "sees one at a time. Use zero, noise, or mean over: example; or hide after batching, with "
            "masking(images, grid=Grid(row=..., col=...), example_ids=...) on images [B, row, col, C], where "
            "pool=[N, row, col, C] may be given."
        )


def _check_layout(shape: tuple[int, ...], *, channels_first: bool) -> None:
    """Refuse an image that reads better in the other layout: 3 rows and 64 channels are 64 columns and 3 channels."""
    if len(shape) != 3:
        return
    first, last = shape[0], shape[2]
    channels, other = (first, last) if channels_first else (last, first)
    if not (channels > 4 >= other):
        return
    kind, layout, way = "an array", "[row, col, C]", "x.transpose(1, 2, 0)"
    rows, cols, read_as = first, shape[1], "[C, row, col]"
    other_rows, other_cols = shape[1], last
    if channels_first:
        kind, layout, way = "a tensor", "[C, row, col]", "x.movedim(-1, 0)"
        rows, cols, read_as = shape[1], last, "[row, col, C]"
        other_rows, other_cols = first, shape[1]
    raise MaskingError(
        f"images: {kind} of shape {shape} is read as {layout}: {rows} x {cols} pixels with {channels} channels. As "
        f"{read_as} it would be {other_rows} x {other_cols} pixels with {other} channels; if that is meant, give {way}."
    )


def _name(value: Any) -> int | None:
    if not isinstance(value, Mapping):
        return None
    return next((int(value[key]) for key in ID_KEYS if key in value), None)


def _pil(array: np.ndarray) -> Any:
    from PIL import Image

    return Image.fromarray(array)


def _content(cells: Any) -> int:
    raw = np.frombuffer(np.ascontiguousarray(numpy_view(cells)).tobytes(), dtype=np.uint8)[None]
    return int(content_ids(raw, np.ones(raw.shape, dtype=bool))[0])
