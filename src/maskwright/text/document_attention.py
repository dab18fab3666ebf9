"""The attention masks that keep the documents of a packed row apart, as Transformers models take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import dtype_name
from maskwright.errors import ConfigError
from maskwright.text.attention import AttentionMask


@dataclass(frozen=True)
class DocumentAttention:
    """The `attention_mask` of packed rows that a Transformers model of a kind takes.

    Only values, so that it travels to workers without the model.

    Attributes:
        causal: left-to-right model.
        implementation: `sdpa` (bool, True = may attend), `eager` (numbers to add: eager adds a bool mask as 0 and 1,
            which hides nothing) or `flex_attention` (a `BlockMask`).
        dtype: name of the model's dtype, for `eager`.
        windows: for each kind of layer, the places to each side that it sees; None sees all.
    """

    causal: bool = False
    implementation: str = "sdpa"
    dtype: str = "float32"
    windows: tuple[tuple[str, int | None], ...] = (("full_attention", None),)

    def __post_init__(self):
        if self.implementation not in ("sdpa", "eager", "flex_attention"):
            raise ConfigError(
                f"packed rows: no dense mask for attn_implementation {self.implementation!r}; leave attention_mask out "
                "and pass cu_seqlens on (PackingCollator with attention='lengths'), or load the model with sdpa."
            )

    @classmethod
    def of(cls, model: Any, *, causal: bool = False) -> DocumentAttention:
        """Read it off a model.

        Args:
            model: a Transformers model; sliding windows of its layers are kept.
            causal: whether it is a left-to-right model.
        """
        config = model.config
        window = getattr(config, "sliding_window", None)
        reach = None if window is None else window - 1 if causal else window  # a causal window counts the token itself
        kinds = sorted(set(getattr(config, "layer_types", None) or ()))
        if not kinds:
            kinds = ["sliding_attention" if window is not None else "full_attention"]
        windows = tuple((kind, reach if kind == "sliding_attention" else None) for kind in kinds)
        return cls(causal, config._attn_implementation, dtype_name(model), windows)

    def mask(self, attended: Any, documents: Any) -> Any:
        """What goes into the batch as `attention_mask`: one mask, or one for each kind of layer."""
        made = {kind: self._mask(attended, documents, reach) for kind, reach in self.windows}
        return made if len(made) > 1 else next(iter(made.values()))

    def _mask(self, attended: Any, documents: Any, reach: int | None) -> Any:
        rules: list[Any] = ["same-document"] + ["causal"] * self.causal
        mask = AttentionMask([*rules, {"sliding-window": reach}] if reach is not None else rules)
        if self.implementation == "flex_attention":
            return mask.block_mask(attended, documents=documents)
        if self.implementation == "sdpa":
            return mask.sdpa(attended, documents=documents)
        import torch

        return mask.additive(attended, getattr(torch, self.dtype), documents=documents)
