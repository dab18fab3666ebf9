"""Images: a transform like those of torchvision, and the slot where timm's models drop patches. Neither is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from maskwright.adapters.clock import Clock, Clocked
from maskwright.arrays import is_torch, numpy_view
from maskwright.errors import ConfigError, MaskingError
from maskwright.grid import Grid
from maskwright.mask import Mask
from maskwright.masking import Masking
from maskwright.patterns import from_node
from maskwright.rng import Rng, content_ids

IMAGE_KEYS = ("image", "pixel_values", "img")
ID_KEYS = ("example_id", "image_id")


def mask_images(masking: Masking, images: torch.Tensor, **moment: Any) -> torch.Tensor:
    """Hide pixels of images [B, C, row, col]; `moment` is `example_ids`, `seed`, `epoch`, `progress`."""
    grid = Grid(row=images.shape[2], col=images.shape[3])
    return masking(images.permute(0, 2, 3, 1), grid=grid, **moment).inputs.permute(0, 3, 1, 2)


class ImageMasking(Clocked):
    """A transform for single images that hides pixels, in the style of torchvision's `v2`.

    Takes a PIL image, an array [row, col] or [row, col, C], a tensor [C, row, col] (of a subclass too), a mapping with
    one of them under `image`, `pixel_values` or `img`, or several values of which the first is one of these, and gives
    back the same kind. Everything else, such as `boxes` and `labels`, is passed on as it is. An image is named by
    `example_id` or `image_id` of a mapping, the target's too, and otherwise by its content.

    A masking whose pattern hides coarse cells hides patches: `{"coarse": {"pattern": "iid", "size": 16}}`.

    Args:
        masking: what to hide, over a `Grid(row=..., col=...)` of pixels; fills that keep the shape and the dtype.
        seed: of the masks; needs an epoch (`set_epoch`). None: masks that are new at every call as long as no epoch
            was set.

    Raises:
        MaskingError: (when called) no image found; a seed, but no epoch.
    """

    def __init__(self, masking: Masking, *, seed: int | None = None):
        self.masking = masking
        self.seed = seed
        self.clock = Clock()

    def __call__(self, *inputs: Any) -> Any:
        """The input with pixels of its image hidden."""
        if len(inputs) == 1 and isinstance(inputs[0], tuple | list):
            return type(inputs[0])(self(*inputs[0]))
        if not inputs:
            raise MaskingError("expected an image, given nothing.")
        first, name = inputs[0], next((found for found in map(_name, inputs) if found is not None), None)
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
            raise MaskingError(f"expected an image of 2 or 3 axes, given {type(image).__name__} {np.shape(image)}.")
        if is_torch(array):
            plain = array.as_subclass(torch.Tensor)
            cells = plain.movedim(0, -1) if plain.ndim == 3 else plain
        else:
            cells = array
        ids = np.array([_content(cells) if name is None else name], dtype=np.int64)
        moment = self.clock.moment(self.seed, ids[:, None], np.ones((1, 1), dtype=bool), ids)
        grid = Grid(row=cells.shape[0], col=cells.shape[1])
        out = self.masking(cells[None], grid=grid, progress=self.clock.progress, **moment).inputs[0]
        if is_torch(out):
            return (out.movedim(-1, 0) if out.ndim == 3 else out).as_subclass(type(image))
        return out if isinstance(image, np.ndarray) else _pil(out)


class PatchDrop(torch.nn.Module):
    """Removes patch tokens in training, in the place of timm's `patch_drop`: the model computes less.

        model.patch_drop = PatchDrop(0.5, grid=model.patch_embed.grid_size)

    Every example loses the same number of patches, round(ratio x patches), at least one stays, and those that stay
    keep their order. In evaluation nothing is removed.

    With an epoch set (`set_epoch`) the masks are keyed: tell the names of the examples before each forward pass
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
        self.pattern = pattern if callable(pattern) else from_node(pattern)
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
            moment = self.clock.moment(None, rows, rows >= 0, None)
            return Rng.from_ids(moment["example_ids"], seed=moment["seed"], epoch=moment["epoch"])
        if names is None or len(names) != x.shape[0]:
            raise MaskingError(
                f"PatchDrop: an epoch is set, so masks are keyed, but the names of the {x.shape[0]} examples were not "
                "told: call set_examples(ids) before the forward pass."
            )
        return Rng.from_ids(names.to(x.device), seed=self.seed, epoch=self.clock.epoch)


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
