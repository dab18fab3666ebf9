"""Which patches stay, in which order, and which places are padding."""

from __future__ import annotations

import math
from typing import Any

from maskwright.errors import MaskingError


def kept_patches(hidden: Any) -> tuple[Any, Any]:
    """Which patches are left when hidden ones are removed.

    Args:
        hidden: [B, n_patches] bool tensor, True = hidden.

    Returns:
        index: [B, K] numbers of the patches that stay, in reading order; K is the longest example's count, at least 1.
        real: [B, K] bool, False where an example has fewer and its place is padding; None if there is no padding.

    >>> import torch
    >>> kept_patches(torch.tensor([[True, False, False, True], [False, True, True, True]]))
    (tensor([[1, 2],
            [0, 1]]), tensor([[ True,  True],
            [ True, False]]))
    """
    import torch

    counts = (~hidden).sum(1)
    fewest, most = (0, 0) if not len(hidden) else (int(count) for count in torch.stack(counts.aminmax()).tolist())
    width = max(1, most)
    index = hidden.to(torch.uint8).argsort(dim=1, stable=True)[:, :width]
    if fewest == width:
        return index, None
    return index, torch.arange(width, device=hidden.device) < counts[:, None]


class Pass:
    """One forward pass with hidden patches: what the hooks tell each other.

    Attributes:
        owner: the handle whose hooks it belongs to.
        hidden: the mask; [B, n_patches] from `meet` on.
        grid: numbers of patches along each axis.
        places: numbers of the visible patches in the whole batch.
        rows: [visible patches, numbers per patch] their pixels.
        token: the vector in place of a hidden patch, if there is one.
        kept, real: see `kept_patches`; for the fill drop.
        tokens: [B, T] numbers of all tokens that go on.
        around: numbers of tokens before and after the patches.
        met: the mask has met pixels.
    """

    def __init__(self, owner: Any, hidden: Any):
        self.owner, self.hidden, self.met = owner, hidden, False
        self.grid: tuple[int, ...] = ()
        self.places: Any = None
        self.rows: Any = None
        self.token: Any = None
        self.kept: Any = None
        self.real: Any = None
        self.tokens: Any = None
        self.around = (0, 0)

    def meet(self, pixels: Any, sizes: tuple[int, ...]) -> None:
        """Cut pixels [B, C, *grid * sizes] into patches and take out the visible ones.

        Raises:
            MaskingError: the mask does not fit the pixels.
        """
        patches = pixels
        for axis, size in enumerate(sizes, start=2):
            patches = patches.unfold(axis, size, size)
        patches = patches.movedim(1, 1 + len(sizes))
        self.grid = tuple(patches.shape[1 : 1 + len(sizes)])
        whole, flat = (len(pixels), *self.grid), (len(pixels), math.prod(self.grid))
        if tuple(self.hidden.shape) not in (whole, flat):
            raise MaskingError(
                f"hidden_patches: expected the shape {list(flat)} or {list(whole)} for pixels {list(pixels.shape)}, "
                f"given {list(self.hidden.shape)}."
            )
        hidden = self.hidden.to(pixels.device)
        self.hidden, self.met = hidden.reshape(flat), True
        visible = ~hidden.reshape(whole)
        self.places = visible.flatten().nonzero().squeeze(1)
        self.rows = patches[visible].flatten(1)

    def choose(self, around: tuple[int, int], maskable: bool) -> Any:
        """Decide which tokens go on; [B, T] numbers of them, those around the patches included.

        Raises:
            MaskingError: different counts where attention takes no mask; an example of which nothing is left.
        """
        import torch

        self.around = around
        self.kept, self.real = kept_patches(self.hidden)
        if self.real is not None and not maskable:
            raise MaskingError(
                "hidden_patches: the examples hide different numbers of patches, and the attention of this model takes "
                "no mask for the padding. Use a budget that hides equally many everywhere, a count or a ratio."
            )
        if not any(around) and self.real is not None and not bool(self.real[:, 0].all()):
            raise MaskingError(
                "hidden_patches: all patches of an example are hidden, and this model has no class token, so that "
                "nothing would be left of it. Leave at least one patch visible."
            )
        before, after = around
        total = before + self.hidden.shape[1] + after
        every = torch.arange(total, device=self.hidden.device).expand(len(self.hidden), -1)
        return torch.cat([every[:, :before], self.kept + before, every[:, total - after :]], dim=1)

    def real_tokens(self) -> Any:
        """[B, T] which tokens are no padding."""
        from torch.nn.functional import pad

        return pad(self.real, self.around, value=True)
