"""The vocabulary projection on hidden positions only.

At 15 % hidden a masked language model projects 85 % of its positions onto the vocabulary for nothing: their label is
-100. Heads work position by position, so it is enough to hand them the positions that count.
"""

from __future__ import annotations

from typing import Any

from maskwright.corrupt import IGNORED
from maskwright.errors import ConfigError


class MaskedOnlyHead:
    """Let a Transformers masked-language model project only positions whose label counts, while it trains.

    Loss and gradients are those of the whole projection (up to the order of sums); `logits` become [1, N, vocabulary]
    for the N positions whose label is not -100, in reading order. Calls without labels, and evaluation, are as before.
    Helps where the head is a large part of the model: small models, large vocabularies, low ratios. `remove()` takes
    it off again.

    Precedent: ModernBERT's sparse prediction (Warner et al. 2024, arXiv:2412.13663).

    Args:
        model: a `PreTrainedModel` with a base model under `base_model_prefix` and a head that works per position
            (BERT, RoBERTa, DistilBERT, ELECTRA's generator, DeBERTa, ModernBERT, ALBERT ...).

    Raises:
        ConfigError: no separate base model, so there is nothing between body and head to hook.
    """

    def __init__(self, model: Any):
        base = getattr(model, getattr(model, "base_model_prefix", "") or "-", None)
        if base is None or base is model:
            raise ConfigError(
                f"MaskedOnlyHead: {type(model).__name__} has no base model under its head; expected a Transformers "
                "model such as BertForMaskedLM."
            )
        self._keep: Any = None
        self._handles = (
            model.register_forward_pre_hook(self._before, with_kwargs=True),
            base.register_forward_hook(self._between),
        )

    def remove(self) -> None:
        """Take the hooks off; the model projects every position again."""
        for handle in self._handles:
            handle.remove()

    def _before(self, model: Any, arguments: tuple, named: dict[str, Any]) -> tuple[tuple, dict[str, Any]] | None:
        labels = named.get("labels")
        self._keep = None
        if labels is None or not model.training:
            return None
        self._keep = labels != IGNORED
        return arguments, {**named, "labels": labels[self._keep][None]}

    def _between(self, _: Any, __: tuple, output: Any) -> Any:
        if self._keep is None:
            return output
        hidden = output[0][self._keep][None]
        self._keep = None
        if isinstance(output, tuple):
            return (hidden, *output[1:])
        output["last_hidden_state"] = hidden
        return output
