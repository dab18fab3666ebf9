"""Pictures and clips as examples: read when they are batched, hidden as pixels or as patches of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import fills
from maskwright.budgets.count import Count
from maskwright.budgets.ratio import Ratio
from maskwright.budgets.schedule import Schedule
from maskwright.fills.drop import Drop
from maskwright.fills.mask_token import MaskToken
from maskwright.geometry.boxes import enlarged
from maskwright.patterns import traits
from maskwright.patterns.tied import Tied
from maskwright.tasks.contract import FILLER, Hidden
from maskwright.units.patches import Patches
from maskwright.vision.patch_tokens import PatchTokens
from maskwright.vision.pixels import hide_pixels

if TYPE_CHECKING:
    import torch

    from maskwright.masking import Masking

__all__ = ["PICTURE", "Pictures", "forward", "hides_patches", "references"]

PICTURE = "pixel_values"
DROPPED, REPLACED = "dropped_patches", "replaced_patches"
"""Inputs [B, patches] bool beside the pixels: what is hidden inside the model, and how."""

VALUES_PER_CELL = 16
"""Numbers of a picture that count as one cell where batches are cut; a text's token is some hundred numbers wide."""

REFERENCES = 64
"""Training pictures that stand for all of them where a fill asks for other pictures or for their mean."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """A split of pictures or clips; see `maskwright.tasks.contract.Examples`.

    Attributes:
        names: where each picture is, as its loader says.
        open: gives the picture of a name, uint8 [row, col, 3], or the clip, [frame, row, col, 3].
        reader: the image processor: pictures in, `pixel_values` out.
        side: of a patch: (rows, columns) in pixels, or (frames, rows, columns).
        example_ids: [N] int64.
        labels: [N] int64.
        weights: [classes] float32, what an example of each class counts in the loss.
        facts: what fills ask for by name, on the CPU: `pool`, `statistics`.
        notes: what the user should know.
        even: every example hides equally many units, for models whose attention takes no mask: a share that is no
            whole number of units is rounded, the same for all, and not drawn.
    """

    names: Sequence[str]
    open: Callable[[str], np.ndarray]
    reader: Any
    side: tuple[int, ...]
    example_ids: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    even: bool = False

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """[N] the size of a picture as the model takes it, the same for all."""
        shape = self.pixels([0]).shape[1:]
        return np.full(len(self), max(1, int(np.prod(shape)) // VALUES_PER_CELL), dtype=np.int64)

    def pixels(self, rows: Iterable[int]) -> torch.Tensor:
        """Pictures as the model takes them, [B, C, row, col] or [B, frame, C, row, col] float32."""
        pictures = [self.open(self.names[row]) for row in rows]
        clips = [list(picture) if picture.ndim == 4 else picture for picture in pictures]
        # Processors copy a picture of the size asked for through a resize that changes nothing: half their time.
        as_it_is = {"do_resize": False} if _of_size(pictures, self.reader) else {}
        return self.reader(clips, return_tensors="pt", **as_it_is)[PICTURE]

    def __getitems__(self, rows: Sequence[int]) -> dict[str, Any]:
        return self.batch(rows)

    def batch(self, rows: Iterable[int]) -> dict[str, Any]:
        """Some pictures with what is besides; a row of `FILLER` becomes a copy of the first with weight 0."""
        import torch

        asked = np.fromiter(rows, dtype=np.int64)
        chosen = np.where(asked == FILLER, 0, asked)
        weight = np.where(asked == FILLER, np.float32(0), self.weights[self.labels[chosen]])
        besides = {"labels": self.labels[chosen], "example_id": self.example_ids[chosen], "weight": weight}
        return {PICTURE: self.pixels(chosen), **{name: torch.from_numpy(value) for name, value in besides.items()}}

    def patches(self, pixels: Any, masking: Masking | None = None) -> Patches:
        """How pictures are cut into units: patches or tubelets as the model takes them, without a masking.

        By the masking's unit each pixel is one (`pixel`), and of clips a patch of a single frame (`patch`) or a whole
        frame (`frame`); inside the model, which takes several frames as one, as many as that.
        """
        shape, side, unit = tuple(pixels.shape), self.side, None if masking is None else masking.unit
        if unit == "pixel":
            side = (1,) * len(side)
        elif unit == "frame" and len(side) == 3:
            side = (side[0] if hides_patches(masking) else 1, *shape[-2:])
        elif unit == "patch" and len(side) == 3 and not hides_patches(masking):
            side = (1, *side[1:])
        return Patches.of(shape, side)

    def hide(self, inputs: Mapping[str, Any], masking: Masking | None, ids: torch.Tensor, **moment: Any) -> Hidden:
        """Hide parts of pictures; `moment` is `seed`, `epoch` and `progress`.

        With the fills `drop` and `mask-token` pixels stay as they are and the mask goes beside them, because patches
        are hidden inside the model; with the others it is pixels that are replaced.
        """
        import torch

        pixels = inputs[PICTURE]
        if masking is None:
            return Hidden(dict(inputs), torch.zeros(len(ids), device=ids.device))
        patches = self.patches(pixels, masking)
        if hides_patches(masking):
            drawn = self.drawn(masking, patches, ids, **moment)
            key = DROPPED if isinstance(masking.fill, Drop) else REPLACED
            whole = self.patches(pixels).grid
            times = tuple(n // m for n, m in zip(whole.shape, patches.grid.shape, strict=True))
            hidden = enlarged(drawn.unit_mask, times)
            return Hidden(self.told({**inputs, key: hidden.flatten(1)}, hidden), drawn.ratio.to(torch.float32))
        facts = {name: _on_device(self.facts[name], pixels) for name in _asked(masking) if name in self.facts}
        masking = self._fitted(masking, patches, **moment)
        facts |= self.signals(masking, patches, ids, **moment)
        corrupted = hide_pixels(masking, pixels, patches, example_ids=ids, **moment, **facts)
        seen = self.told({**inputs, PICTURE: corrupted.inputs}, corrupted.unit_mask)
        return Hidden(seen, torch.as_tensor(corrupted.ratio).to(torch.float32))

    def told(self, inputs: dict[str, Any], mask: Any) -> dict[str, Any]:
        """Inputs for a loss that has to know what was hidden, `mask` [B, *grid] bool; others take them as they are."""
        del mask
        return inputs

    def signals(self, masking: Masking, patches: Patches, ids: torch.Tensor, **moment: Any) -> dict[str, Any]:
        """What the pattern asks for by name and the examples can give, [B, *grid] each; of plain pictures nothing."""
        del masking, patches, ids, moment
        return {}

    def drawn(self, masking: Masking, patches: Patches, ids: torch.Tensor, **moment: Any) -> Any:
        """The masks alone, over patches; the same whatever the fill is."""
        import torch

        cells = torch.zeros((len(ids), *patches.grid.shape), device=ids.device)
        fitted = self._fitted(masking, patches, **moment)
        signals = self.signals(masking, patches, ids, **moment)
        return replace(fitted, fill="keep")(cells, grid=patches.grid, example_ids=ids, **moment, **signals)

    def _fitted(self, masking: Masking, patches: Patches, progress: float = 0.0, **moment: Any) -> Masking:
        """The masking on these units: patterns see whole frames as the one axis they are, and shares may be rounded."""
        del moment
        if masking.unit == "frame" and len(self.side) == 3:
            masking = replace(masking, pattern=Tied(masking.pattern, axis=("row", "col")))
        if self.even and isinstance(masking.budget, Ratio | Schedule):
            units, budget, grid = traits(masking.pattern).bundles, masking.budget, patches.grid
            n = grid.size if units is None else int(units(grid, np.ones((1, *grid.shape), dtype=bool)).sum())
            ratio = budget.ratio if isinstance(budget, Ratio) else budget.ratio(progress)
            masking = replace(masking, budget=Count(max(int(ratio * n + 0.5), getattr(budget, "minimum", 0))))
        return masking

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Patches that go through the model."""
        cells = self.patches(inputs[PICTURE]).grid.size * len(inputs[PICTURE])
        return cells - int(inputs[DROPPED].sum()) if DROPPED in inputs else cells

    def joined(
        self, parts: Sequence[Mapping[str, Any]], cells: int
    ) -> Iterator[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
        """Batches of one part each: pictures are of one size, and equal masks hide equally much."""
        import torch

        for number, part in enumerate(parts):
            pixels = part[PICTURE]
            size, n = max(1, int(np.prod(pixels.shape[1:])) // VALUES_PER_CELL), len(pixels)
            step = max(1, cells // size)
            for start in range(0, n, step):
                stop = min(start + step, n)
                places = torch.arange(number * n + start, number * n + stop, device=pixels.device)
                yield places, {name: values[start:stop] for name, values in part.items()}


def forward(model: Any, inputs: Mapping[str, Any], **options: Any) -> Any:
    """Call a model, hiding patches inside it where the inputs say so."""
    inputs = dict(inputs)
    for key, how in ((DROPPED, "drop"), (REPLACED, "mask-token")):
        if key in inputs:
            PatchTokens.attach(getattr(model, "module", model), how)
            return model(**{**inputs, "hidden_patches": inputs.pop(key)}, **options)
    return model(**inputs, **options)


def hides_patches(masking: Masking | None) -> bool:
    """Whether a masking hides patches inside the model, and not pixels."""
    return masking is not None and isinstance(masking.fill, Drop | MaskToken)


def references(pictures: Pictures, masking: Masking | None) -> dict[str, Any]:
    """What the fill of a masking asks for of other pictures, from a fixed choice of training pictures.

    Args:
        pictures: the training split.
        masking: of the run.

    Returns:
        `statistics`, the mean picture, and `pool`, some pictures; what is not asked for is left out.
    """
    asked = _asked(masking)
    if not {"pool", "statistics"} & set(asked):
        return {}
    rows = np.random.default_rng(0).permutation(len(pictures))[:REFERENCES]
    pixels = pictures.pixels(np.sort(rows).tolist())
    found = {"pool": pixels, "statistics": pixels.mean(dim=0)}
    return {name: value for name, value in found.items() if name in asked}


def _of_size(pictures: Sequence[np.ndarray], reader: Any) -> bool:
    """Whether all pictures or clips have the rows and columns that a processor brings them to."""
    asked = dict(getattr(reader, "size", None) or {})
    size = asked.get("height"), asked.get("width")
    return all(picture.shape[-3:-1] == size for picture in pictures)


def _asked(masking: Masking | None) -> tuple[str, ...]:
    return () if masking is None else fills.traits(masking.fill).facts


def _on_device(value: Any, like: Any) -> Any:
    return value.to(like.device)
