"""The vocabulary projection on hidden positions only.

At 15 % hidden a masked language model projects 85 % of its positions onto the vocabulary for nothing: their label is
-100. Heads work position by position, so it is enough to hand them the positions that count.
"""

from __future__ import annotations

from typing import Any

from maskwright.backend.codes import IGNORED
from maskwright.errors import ConfigError, MaskingError


class MaskedOnlyHead:
    """Let a Transformers masked-language model project only positions whose label counts, while it trains.

    Loss and gradients are those of the whole projection (up to the order of sums); `logits` become [1, N, vocabulary]
    for the N positions whose label is not -100, in reading order. Calls without labels, and evaluation, are as before.
    Helps where the head is a large part of the model: small models, large vocabularies, low ratios. `remove()` takes
    it off again. The logits of two devices do not have one size, so that `torch.nn.DataParallel` cannot join them; DDP
    can do with it.

    Precedent: ModernBERT's sparse prediction (Warner et al. 2024, arXiv:2412.13663).

    Args:
        model: a `...ForMaskedLM` of Transformers with a base model under `base_model_prefix` and a head that works per
            position (BERT, RoBERTa, DistilBERT, ELECTRA's generator, DeBERTa, ModernBERT, ALBERT ...).

    Raises:
        ConfigError: another kind of model: causal ones shift their labels by one place, so that leaving positions out
            would make each predict the wrong token; or one without a base model, which leaves nothing to hook.
        MaskingError: (in a forward pass) labels of another shape than the hidden states.
    """

    def __init__(self, model: Any):
        names = [kind.__name__ for kind in type(model).__mro__]
        if not any(name.endswith("ForMaskedLM") for name in names):
            raise ConfigError(
                f"MaskedOnlyHead: expected a masked language model of Transformers, such as BertForMaskedLM, given "
                f"{names[0]}; others shift their labels, or have one for each example."
            )
        base = getattr(model, getattr(model, "base_model_prefix", "") or "-", None)
        if base is None or base is model:
            raise ConfigError(
                f"MaskedOnlyHead: {names[0]} has no base model under its head (base_model_prefix); expected a model "
                "such as BertForMaskedLM."
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
        keep, self._keep = self._keep, None
        if keep.shape != output[0].shape[:2]:
            raise MaskingError(
                f"MaskedOnlyHead: labels of shape {tuple(keep.shape)} for hidden states {tuple(output[0].shape)}; "
                "expected one label per position."
            )
        hidden = output[0][keep][None]
        if isinstance(output, tuple):
            return (hidden, *output[1:])
        output["last_hidden_state"] = hidden
        return output
