"""The collators of Hugging Face Transformers, with their names and arguments and with masks of ours.

    from maskwright.adapters.huggingface import DataCollatorForLanguageModeling

is the one line that changes. What differs, and why:

- Masks are a function of (seed, epoch, example) once an epoch is known (`attach(trainer)` or `set_epoch(epoch)`): the
  same for any number of workers, batch size, rank and resume. Without an epoch and without `seed` they are new at every
  call; with `seed` but no epoch, which elsewhere makes workers repeat the masks of the first epoch, it is an error.
- After `attach`, every evaluation gets the same masks, so that losses can be compared.
- `whole_word_mask` reads words off the ids: it needs no offsets, works for every family of tokenizers, and leaves the
  80/10/10 as they are given.
- Special and reserved tokens are never put in as random words, and special tokens are never hidden, whether or not
  there is a `special_tokens_mask`.
- With `mlm=False` the loss leaves out padding, known by the attention mask where the examples bring one: an end token
  that is also the padding token keeps its label.
- `DataCollatorForDenoising` (T5, BART, UL2) is `maskwright.text.denoising.DenoisingCollator`.
- Examples that bring labels are refused instead of overwritten. Lists of ids get an `attention_mask` too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.adapters.batches import ModelingCollator
from maskwright.backend.arrays import Array, all_true, like, numpy_view
from maskwright.backend.codes import IGNORED
from maskwright.backend.content import content_ids
from maskwright.backend.labels import hidden_labels
from maskwright.errors import ConfigError
from maskwright.masking import Masking
from maskwright.rng import Rng
from maskwright.text.denoising import DenoisingCollator as DataCollatorForDenoising
from maskwright.text.permutation import Permutation

__all__ = [
    "DataCollatorForDenoising",
    "DataCollatorForLanguageModeling",
    "DataCollatorForPermutationLanguageModeling",
    "DataCollatorForWholeWordMask",
]


@dataclass
class DataCollatorForLanguageModeling(ModelingCollator):
    """Pad examples and hide tokens to predict; takes what Transformers' collator of this name takes.

    Args:
        tokenizer: the one that made the ids.
        mlm: hide tokens and predict them; False: labels are the ids, for causal models.
        whole_word_mask: hide words whole.
        mlm_probability: of each token, or word, to be hidden, independently.
        mask_replace_prob: share of the hidden that become the mask token.
        random_replace_prob: share of the hidden that become a random token; the rest stay as they are.
        pad_to_multiple_of: round the length up, for tensor cores.
        return_tensors: `pt` or `np`.
        seed: of the masks; needs an epoch.

    Each example is a mapping with `input_ids`, or the ids alone, as a list, array or tensor. `special_tokens_mask`
    protects more tokens than the tokenizer's own; `example_id` names the example, otherwise its content does.

    Raises:
        ConfigError: (a ValueError) no mask token, shares that do not fit together.
        MaskingError: (a ValueError) a seed, but no epoch; examples that bring labels.

    Source: Devlin et al. 2019, BERT (arXiv:1810.04805).
    """

    tokenizer: Any
    mlm: bool = True
    whole_word_mask: bool = False
    mlm_probability: float | None = 0.15
    mask_replace_prob: float = 0.8
    random_replace_prob: float = 0.1
    pad_to_multiple_of: int | None = None
    return_tensors: str = "pt"
    seed: int | None = None

    def __post_init__(self):
        self._check()
        self._start(self.tokenizer, self.pad_to_multiple_of)

    def torch_mask_tokens(self, inputs: Array, special_tokens_mask: Any = None, offset_mapping: Any = None) -> tuple:
        """(inputs, labels) for ids [B, L] that are padded already; the ids given are not changed."""
        del offset_mapping
        return self._hide({"input_ids": inputs}, special_tokens_mask, None, False)

    numpy_mask_tokens = torch_mask_tokens

    def _collate(self, features: Sequence[Any], evaluating: bool) -> dict[str, Any]:
        batch, names = self._batches(features)
        special = batch.pop("special_tokens_mask", None)
        if self.mlm:
            batch["input_ids"], batch["labels"] = self._hide(batch, special, names, evaluating)
        else:
            batch["labels"] = np.where(self._padding(batch, features[0]), IGNORED, batch["input_ids"])
        return batch

    def _hide(self, batch: dict[str, Any], special: Any, names: Any, evaluating: bool) -> tuple[Array, Array]:
        if not self.mlm:
            raise ConfigError("mlm=False: there is nothing to hide; make the collator with mlm=True.")
        ids, attention = batch["input_ids"], batch.get("attention_mask")
        attended = all_true(ids) if attention is None else attention != 0
        facts: dict[str, Any] = {"vocabulary": self._batches.vocabulary}
        if special is not None:
            facts["valid"] = special == 0 if isinstance(special, type(ids)) else like(np.asarray(special) == 0, ids)
        inputs = {"input_ids": ids} if attention is None else {"input_ids": ids, "attention_mask": attention}
        corrupted = self.masking(inputs, **self._keys(ids, attended, names, evaluating), **facts)
        return corrupted.inputs["input_ids"], corrupted.reconstruction_labels()

    def _padding(self, batch: dict[str, Any], first: Any) -> np.ndarray:
        padding = batch["attention_mask"] == 0
        certain = (isinstance(first, Mapping) and "attention_mask" in first) or self.tokenizer.pad_token_id is None
        return padding if certain else padding | (batch["input_ids"] == self.tokenizer.pad_token_id)

    @property
    def masking(self) -> Masking:
        """What the arguments, as they are now, mean."""
        shares = {"mask-token": self.mask_replace_prob, "random-token": self.random_replace_prob}
        shares["keep"] = 1.0 - sum(shares.values())
        parts = {name: share for name, share in shares.items() if share > 1e-9}
        fill: Any = next(iter(parts)) if len(parts) == 1 else {"mix": parts}
        unit = "word" if self.whole_word_mask else "token"
        budget: Any = {"bernoulli": float(self.mlm_probability or 0.0)}
        return Masking.from_dict({"pattern": "iid", "budget": budget, "fill": fill, "unit": unit})

    def _check(self) -> None:
        if self.mlm and self.tokenizer.mask_token is None:
            raise ConfigError(
                "mlm=True: the tokenizer does not have a mask token; give it one, or pass mlm=False to train a causal "
                "language model."
            )
        if self.mlm and (self.mlm_probability is None or not 0 <= self.mlm_probability <= 1):
            raise ConfigError(f"mlm_probability: expected a number from 0 to 1, given {self.mlm_probability!r}.")
        if self.whole_word_mask and not self.mlm:
            raise ConfigError("whole_word_mask=True hides words to predict, but mlm=False predicts all; use mlm=True.")
        for name in ("mask_replace_prob", "random_replace_prob"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}: expected a number from 0 to 1, given {getattr(self, name)!r}.")
        if self.mask_replace_prob + self.random_replace_prob > 1 + 1e-9:
            raise ConfigError(
                f"mask_replace_prob + random_replace_prob: expected at most 1, given {self.mask_replace_prob!r} + "
                f"{self.random_replace_prob!r}."
            )


@dataclass
class DataCollatorForWholeWordMask(DataCollatorForLanguageModeling):
    """`DataCollatorForLanguageModeling` with `whole_word_mask=True`."""

    whole_word_mask: bool = True


@dataclass
class DataCollatorForPermutationLanguageModeling(ModelingCollator):
    """Permutation language modelling for XLNet; takes what Transformers' collator of this name takes, and a seed.

    The batch holds `input_ids`, `perm_mask` and `target_mapping` [B, L, L] float32 and `labels`, and `attention_mask`
    besides. Lengths may be odd. The law is `maskwright.text.permutation.Permutation`'s.

    Args:
        tokenizer: the one that made the ids.
        plm_probability: of a token to be predicted, roughly.
        max_span_length: longest span of predicted tokens.
        return_tensors: `pt` or `np`.
        seed: of the masks; needs an epoch (see `DataCollatorForLanguageModeling`).
        keep_inputs: leave predicted tokens in `input_ids`, as in the paper, where `perm_mask` keeps them from
            those that come before them in the order; False puts the mask token there, as Transformers does.

    Raises:
        ConfigError: (a ValueError) no mask token, a number out of range.
        MaskingError: (a ValueError) a seed, but no epoch; examples that bring labels.
    """

    tokenizer: Any
    plm_probability: float = 1 / 6
    max_span_length: int = 5
    return_tensors: str = "pt"
    seed: int | None = None
    keep_inputs: bool = False

    def __post_init__(self):
        if self.tokenizer.mask_token is None:
            raise ConfigError("the tokenizer does not have a mask token, which permutation language modelling needs.")
        self._start(self.tokenizer)
        self.permutation = Permutation(self.plm_probability, self.max_span_length)

    def torch_mask_tokens(self, inputs: Array) -> tuple:
        """(inputs, perm_mask, target_mapping, labels) for ids [B, L] that are padded already."""
        import torch

        return tuple(torch.from_numpy(value) for value in self.numpy_mask_tokens(numpy_view(inputs)))

    def numpy_mask_tokens(self, inputs: Array) -> tuple:
        """As `torch_mask_tokens`, for NumPy arrays; the ids given are not changed."""
        pad = self.tokenizer.pad_token_id
        attended = np.ones(inputs.shape, dtype=bool) if pad is None else inputs != pad
        planned = self._planned(inputs, attended, None, False)
        return tuple(planned[name] for name in ("input_ids", "perm_mask", "target_mapping", "labels"))

    def _collate(self, features: Sequence[Any], evaluating: bool) -> dict[str, Any]:
        batch, names = self._batches(features)
        attention = batch["attention_mask"]
        return {**self._planned(batch["input_ids"], attention != 0, names, evaluating), "attention_mask": attention}

    def _planned(self, ids: Array, attended: Array, names: Array | None, evaluating: bool) -> dict[str, Any]:
        keys = self._keys(ids, attended, names, evaluating)
        example_ids = content_ids(ids, attended) if keys["example_ids"] is None else keys["example_ids"]
        rng = Rng.of_batch(example_ids, ids, keys["moment"])
        plan = self.permutation(ids, attended, vocabulary=self._batches.vocabulary, rng=rng)
        own_place = np.eye(ids.shape[1], dtype=np.float32)
        return {
            "input_ids": ids.copy() if self.keep_inputs else np.where(plan.hidden, self.tokenizer.mask_token_id, ids),
            "perm_mask": plan.blocked.astype(np.float32),
            "target_mapping": np.broadcast_to(own_place, (len(ids), *own_place.shape)).copy(),
            "labels": hidden_labels(ids, plan.hidden),
        }
