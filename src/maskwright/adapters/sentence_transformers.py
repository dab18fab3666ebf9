"""Sentence Transformers: tokens hidden in chosen columns (the anchor), the others (the positive) left as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from maskwright.adapters.clock import Clock, Clocked
from maskwright.errors import ConfigError, MaskingError
from maskwright.masking import Masking
from maskwright.units.vocabulary import Vocabulary

TSDAE = {"pattern": "iid", "budget": 0.6, "fill": "drop", "unit": "word"}
"""Deletion of 60 % of the words (Wang et al. 2021, TSDAE, arXiv:2104.06979), for `Masking.from_dict`."""


class MaskedPreprocess(Clocked):
    """A `preprocess_fn`: what a model's own makes of texts, with tokens hidden; prompts are left whole.

    It is called for one column at a time without its name; `tasks` picks columns by the task they are routed to.
    To pick columns by name: `ColumnMasking`. Texts are named by their content.

    Args:
        preprocess: usually `model.preprocess`.
        masking: what to hide.
        tokenizer: the model's; `model.tokenizer`.
        tasks: hide in columns of these tasks (`query`, `document`) only; None: in all.
        seed: of the masks; needs an epoch. None: masks that are new at every call as long as no epoch was set.
    """

    def __init__(
        self,
        preprocess: Callable[..., Mapping[str, Any]],
        masking: Masking,
        tokenizer: Any,
        *,
        tasks: Sequence[str] | None = None,
        seed: int | None = None,
    ):
        self.preprocess = preprocess
        self.masking = masking
        self.vocabulary = Vocabulary.from_tokenizer(tokenizer)
        self.tasks = tasks
        self.seed = seed
        self.clock = Clock(owner="preprocess")

    def __call__(self, inputs: Sequence[Any], prompt: str | None = None, task: str | None = None, **more: Any) -> Any:
        """The model's features of the texts, with tokens hidden."""
        features = self.preprocess(inputs, prompt=prompt, task=task, **more)
        return features if self.tasks is not None and task not in self.tasks else self.hide(features)

    def hide(self, features: Mapping[str, Any]) -> dict[str, Any]:
        """The features of one column with tokens hidden; `input_ids` and `attention_mask` [B, L]."""
        if "input_ids" not in features:
            raise MaskingError(f"expected a column of text with 'input_ids', given {sorted(features)}.")
        ids = features["input_ids"]
        attended = features["attention_mask"] != 0
        facts: dict[str, Any] = {"vocabulary": self.vocabulary}
        if features.get("prompt_length"):
            facts["valid"] = attended.cumsum(1) > int(features["prompt_length"])
        tokens = {key: value for key, value in features.items() if getattr(value, "shape", None) == ids.shape}
        corrupted = self.masking(tokens, **self.clock.keys(self.seed, ids, attended, None), **facts)
        return {**features, **corrupted.inputs}


class ColumnMasking(Clocked):
    """The library's collator with tokens hidden in the columns that are named.

        ColumnMasking(trainer.data_collator, masking, model.tokenizer, columns=["anchor"]).attach(trainer)

    Args:
        collator: a `SentenceTransformerDataCollator`, or any whose batches hold `<column>_input_ids`.
        masking: what to hide; `Masking.from_dict(TSDAE)` for denoising auto-encoders.
        tokenizer: the model's.
        columns: where to hide.
        seed: of the masks; needs an epoch, from `attach` or `set_epoch`. None: masks that are new at every call
            as long as no epoch was set.

    Raises:
        ConfigError: no columns.
        MaskingError: (in a batch) a column that is not there.
    """

    def __init__(
        self, collator: Any, masking: Masking, tokenizer: Any, *, columns: Sequence[str], seed: int | None = None
    ):
        if isinstance(columns, str) or not columns:
            raise ConfigError(f"columns: expected a list of column names, such as ['anchor'], given {columns!r}.")
        self.for_evaluation = collator
        self.columns = tuple(columns)
        self.masked = MaskedPreprocess(collator.preprocess_fn, masking, tokenizer, seed=seed)
        self.clock = self.masked.clock = Clock()

    @property
    def valid_label_columns(self) -> list[str]:
        """Names of label columns, which the trainer asks its collator for."""
        return self.for_evaluation.valid_label_columns

    def attach(self, trainer: Any) -> Any:
        """Let the trainer use it in training, and its own collator in evaluation; return the trainer."""
        from maskwright.text.trainer_hook import attach

        return attach(self, trainer)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The library's batch with tokens hidden in the columns."""
        batch = dict(self.for_evaluation(rows))
        for column in self.columns:
            own = {key[len(column) + 1 :]: value for key, value in batch.items() if key.startswith(f"{column}_")}
            if "input_ids" not in own:
                columns = [key.removesuffix("_input_ids") for key in batch if key.endswith("_input_ids")]
                raise MaskingError(f"there is no text column '{column}' in the batch; it has {columns}.")
            batch |= {f"{column}_{key}": value for key, value in self.masked.hide(own).items()}
        return batch
