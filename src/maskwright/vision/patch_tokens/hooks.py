"""The hooks on a vision model through which it takes `hidden_patches`, and what stands in a hidden patch's place."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Any

from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.grid import Grid
from maskwright.vision.patch_tokens.families import find
from maskwright.vision.patch_tokens.kept import Pass
from maskwright.vision.patch_tokens.learned import provide

__all__ = ["FILLS", "PatchTokens", "check_model"]

KEYWORD = "hidden_patches"
FILLS = ("drop", "mask-token")
"""Ways to hide patches inside a model."""

_ATTRIBUTE = "_maskwright_patch_tokens"
# Not on the handle: torch.nn.DataParallel runs the same hooks in several threads at once.
_NOW: ContextVar[Pass | None] = ContextVar("hidden patches of the forward pass under way", default=None)


class PatchTokens:
    """Let a Transformers vision model take `hidden_patches`, by hooks; its code stays as it is.

    After `PatchTokens.attach(model, how)` a call `model(pixel_values=x, hidden_patches=mask)` hides patches; the mask
    is bool, [B, n_patches] or [B, *grid], True = hidden, or None. Without the keyword the model computes what it
    computed before, to the bit. The pixels of a hidden patch, NaN too, reach neither output nor gradients. Beware: most
    Transformers models to which nothing is attached take the keyword too, and ignore it.

    `drop` removes hidden patches after the positions were added, and spares the projection of their pixels as well.
    The output has as many tokens as are left, in reading order (`kept_patches` says which). Where examples keep
    different numbers of patches they are padded to the longest, attention leaves the padding out (attention
    implementations `sdpa` and `eager`; VideoMAE, whose attention takes no mask, is refused), and the padding of the
    last hidden state holds the mean over the example's kept patches, so that heads that average over places are
    right. Hide equally many where you can: padding costs time. The mean over no patches counts as zero.

    `mask-token` puts a learned vector in the place of the projected patch; positions are added to it. It saves no
    time, and keeps the grid for heads that need it. A model that has `embeddings.mask_token` uses it; in others it is
    made, as a parameter that is saved with the model. `from_pretrained` takes it back where the configuration knows
    `use_mask_token` (BEiT, Data2VecVision, DINOv2); elsewhere it reports an unexpected tensor and leaves it out, and
    `attach(model, "mask-token", folder)` reads it from the saved model.

    Attach before the model is wrapped (DDP) and before the optimizer is made. Under DDP a pass without the keyword
    leaves the mask token without a gradient: give a mask that hides nothing instead. The Trainer removes columns that
    `forward` does not name: set `remove_unused_columns=False`, or add the column in the collator. Helps where
    training is to be faster, or where whole patches are to be missing and not grey. Not for models that work in
    windows or by convolution.

    Sources: He et al. 2021 (MAE, arXiv:2111.06377) and Li et al. 2022 (FLIP, arXiv:2212.00794) for removing; Bao et
    al. 2021 (BEiT, arXiv:2106.08254) for the mask token.

    >>> import torch
    >>> from transformers import ViTConfig, ViTModel
    >>> model = ViTModel(ViTConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
    ...                            image_size=8, patch_size=2))
    >>> hidden = PatchTokens.attach(model, "drop")
    >>> x, mask = torch.zeros(1, 3, 8, 8), torch.arange(16)[None] < 12
    >>> hidden.grid(x.shape), model(pixel_values=x, hidden_patches=mask).last_hidden_state.shape
    (Grid(row=4, col=4), torch.Size([1, 5, 8]))
    """

    def __init__(self, model: Any, how: str):
        self.how, self._model, self._place = how, model, find(model, how)
        place, hooks = self._place, []
        for module in {id(part): part for part in (model, place.tower)}.values():
            hooks.append(module.register_forward_pre_hook(self._open, with_kwargs=True))
            hooks.append(module.register_forward_hook(self._close, always_call=True))
        hooks.append(place.embeddings.register_forward_pre_hook(self._before_embeddings))
        hooks.append(place.projection.register_forward_pre_hook(self._before_projection))
        hooks.append(place.projection.register_forward_hook(self._after_projection))
        if how == "drop":
            hooks.append(place.embeddings.register_forward_hook(self._after_embeddings))
            hooks.append(place.last.register_forward_hook(self._after_last))
            hooks += [layer.register_forward_pre_hook(self._before_layer, with_kwargs=True) for layer in place.layers]
            if place.positions is not None:
                hooks.append(place.positions.register_forward_hook(self._after_positions))
            pooling = getattr(getattr(place.tower, "head", None), "attention", None)
            if pooling is not None:
                hooks.append(pooling.register_forward_pre_hook(self._before_pooling, with_kwargs=True))
        self._hooks = hooks

    @classmethod
    def attach(cls, model: Any, how: str, folder: str | Path | None = None) -> PatchTokens:
        """Attach to a model; again with the same `how` gives the same handle, with another one replaces it.

        Args:
            model: a Transformers vision model of a verified family, or CLIP or SigLIP whole.
            how: "drop" or "mask-token".
            folder: of a model saved with a mask token, which is read back; for "mask-token".

        Raises:
            ConfigError: a model, head or setting that was not verified (the message lists the families and the fills
                that work), another `how`, or a folder without a mask token.
        """
        if how not in FILLS:
            raise ConfigError(f"PatchTokens: given how={how!r}. {did_you_mean(str(how), FILLS)}")
        handle = model.__dict__.get(_ATTRIBUTE)
        if handle is None or handle.how != how:
            new = cls(model, how)
            if handle is not None:
                handle.remove()
            handle = new
            setattr(model, _ATTRIBUTE, handle)
        if how == "mask-token":
            provide(handle._place, folder)
        return handle

    def grid(self, shape: Any) -> Grid:
        """The patches of `pixel_values` of this shape: [B, C, row, col], or [B, frame, C, row, col] for video."""
        sizes = self._place.projection.kernel_size
        video = len(sizes) == 3
        if len(shape) != 2 + len(sizes):
            expected = "[B, frame, C, row, col]" if video else "[B, C, row, col]"
            raise MaskingError(f"pixel_values of shape {list(shape)}: expected {expected}.")
        whole = [shape[1], *shape[-2:]] if video else shape[-2:]
        names = ("frame", "row", "col") if video else ("row", "col")
        return Grid(**{name: n // size for name, n, size in zip(names, whole, sizes, strict=True)})

    def remove(self) -> None:
        """Take the hooks off. A mask token that was made stays, because it may have been learned."""
        for hook in self._hooks:
            hook.remove()
        self._model.__dict__.pop(_ATTRIBUTE, None)

    def _now(self) -> Pass | None:
        now = _NOW.get()
        return now if now is not None and now.owner is self else None

    def _open(self, module: Any, arguments: tuple, named: dict[str, Any]) -> tuple[tuple, dict[str, Any]] | None:
        if KEYWORD not in named:
            if module is self._model:
                _NOW.set(None)
            return None
        named = dict(named)
        mask = named.pop(KEYWORD)
        _NOW.set(None if mask is None else Pass(self, _checked(mask)))
        return arguments, named

    def _close(self, _: Any, __: tuple, output: Any) -> None:
        now = self._now()
        _NOW.set(None)
        if now is not None and not now.met and output is not None:
            raise MaskingError("hidden_patches: given without pixel_values; there are no patches to hide.")

    def _before_embeddings(self, embeddings: Any, _: tuple) -> None:
        now = self._now()
        if now is not None and self.how == "mask-token":
            now.token = embeddings.mask_token

    def _before_projection(self, projection: Any, arguments: tuple) -> Any:
        now = self._now()
        if now is None:
            return None
        now.meet(arguments[0], projection.kernel_size)
        return arguments[0].new_empty((0, arguments[0].shape[1], *projection.kernel_size))  # computed below

    def _after_projection(self, projection: Any, _: tuple, __: Any) -> Any:
        """The projection of visible patches alone, as a product, put where the whole grid would have them."""
        now = self._now()
        if now is None:
            return None
        from torch.nn.functional import linear

        rows = linear(now.rows, projection.weight.flatten(1), projection.bias)
        token = rows.new_zeros(rows.shape[1]) if now.token is None else now.token.to(rows.dtype).flatten()
        whole = token.expand(now.hidden.numel(), -1).index_copy(0, now.places, rows)
        return whole.view(*now.hidden.shape, -1).transpose(1, 2).unflatten(2, now.grid)

    def _after_embeddings(self, embeddings: Any, _: tuple, output: Any) -> Any:
        now = self._now()
        if now is None:
            return None
        tokens = output[0] if isinstance(output, tuple) else output
        around = self._place.around(embeddings)
        if tokens.shape[1] != sum(around) + now.hidden.shape[1]:
            raise MaskingError(
                f"{type(embeddings).__name__}: expected {now.hidden.shape[1]} patches and {sum(around)} other tokens, "
                f"found {tokens.shape[1]}; this version of Transformers was not verified."
            )
        now.tokens = now.choose(around, self._place.family.mask is not None)
        left = tokens.gather(1, now.tokens[:, :, None].expand(-1, -1, tokens.shape[2]))
        return (left, *output[1:]) if isinstance(output, tuple) else left

    def _after_positions(self, _: Any, __: tuple, output: Any) -> Any:
        now = self._now()
        if now is None:
            return None
        if isinstance(output, tuple):  # rotary tables [n_patches, d], one for all heads
            return tuple(table[now.kept][:, None] for table in output)
        return output[:, 0][:, now.tokens]  # [depth, 1, T, D], added after each layer

    def _before_layer(self, _: Any, arguments: tuple, named: dict[str, Any]) -> Any:
        now = self._now()
        if now is None or now.real is None:
            return None
        import torch

        tower, argument = self._place.tower, self._place.family.mask
        kind = tower.config._attn_implementation
        if kind not in ("sdpa", "eager") or (kind == "eager" and argument == "position_bias"):
            raise MaskingError(
                f"hidden_patches: the examples hide different numbers of patches, which the attention implementation "
                f"'{kind}' of {type(tower).__name__} cannot leave out. Load the model with attn_implementation='sdpa', "
                "or use a budget that hides equally many everywhere, a count or a ratio."
            )
        states = arguments[0] if arguments else named["hidden_states"]
        seen = now.real_tokens()[:, None, None]
        if kind != "sdpa" or argument != "attention_mask":  # added to the scores
            lowest = torch.finfo(states.dtype).min
            seen = torch.zeros(seen.shape, dtype=states.dtype, device=states.device).masked_fill(~seen, lowest)
        return arguments[:1], {**named, argument: seen}

    def _before_pooling(self, _: Any, arguments: tuple, named: dict[str, Any]) -> Any:
        now = self._now()
        if now is None or now.real is None:
            return None
        return arguments, {**named, "key_padding_mask": ~now.real_tokens()}

    def _after_last(self, _: Any, __: tuple, output: Any) -> Any:
        """Padding becomes the mean over the example's patches, which leaves means over all places unchanged."""
        now = self._now()
        if now is None or now.real is None:
            return None
        import torch

        tokens = output[0] if isinstance(output, tuple) else output
        first, count = now.around[0], now.kept.shape[1]
        real, patches = now.real[:, :, None], tokens[:, first : first + count]
        mean = torch.where(real, patches, 0).sum(1, keepdim=True) / real.sum(1, keepdim=True).clamp(min=1)
        patches = torch.where(real, patches, mean.to(patches.dtype))
        tokens = torch.cat([tokens[:, :first], patches, tokens[:, first + count :]], dim=1)
        return (tokens, *output[1:]) if isinstance(output, tuple) else tokens


def _checked(mask: Any) -> Any:
    import torch

    mask = torch.as_tensor(mask)
    if mask.dtype != torch.bool:
        raise MaskingError(f"hidden_patches: expected bool, True = hidden, given {mask.dtype}.")
    return mask


def check_model(model: Any, how: str) -> None:
    """Whether patches can be hidden inside a model, without attaching to it; its weights may be on the meta device.

    Raises:
        ConfigError: see `PatchTokens.attach`.
    """
    find(model, how)
