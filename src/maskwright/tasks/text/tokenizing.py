"""Texts as token ids: which tokenizer, what is asked of it, and a split encoded with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.config import RunConfig
from maskwright.errors import ConfigError
from maskwright.tasks import pretrained, scratch
from maskwright.tasks.text.encoded import Ragged
from maskwright.tasks.text.maskings import needs_mask_token

__all__ = ["CHUNK", "Tokens", "check_length", "load_tokenizer", "number_cut", "texts_of", "tokenised"]

CHUNK = 2_000
"""Texts tokenised at a time, between two reports of progress."""

PASSED_ON = ("input_ids", "token_type_ids")
"""What the model takes from the tokenizer; attention masks are made when a batch is padded."""


def load_tokenizer(config: RunConfig, texts: Iterable[str] | Callable[[], Iterable[str]]) -> Any:
    """The tokenizer that training will use, checked against what the configuration asks of it.

    Args:
        config: the run.
        texts: the training texts (pairs: both texts), or a function that gives them; read for `scratch:` models only.

    Raises:
        ConfigError: no such model, no padding token, no mask token where the masking needs one, or `data.max_length`
            beyond what the model takes.
    """
    size = scratch.size_of(config.model)
    if size is None:
        tokenizer = pretrained.tokenizer_for(config.model)
    else:
        texts = texts() if callable(texts) else texts
        tokenizer = scratch.train_tokenizer(texts, size.vocabulary, max(512, config.data.max_length))
        if not scratch.has_token_types(config.model):
            tokenizer.model_input_names = ["input_ids", "attention_mask"]
    _check_tokenizer(config, tokenizer)
    return tokenizer


@dataclass(frozen=True, eq=False)
class Tokens:
    """Tokenised texts.

    Attributes:
        inputs: what the model takes, by name, a row per text.
        truncated: texts that were cut.
    """

    inputs: dict[str, Ragged]
    truncated: int

    def notes(self, max_length: int) -> tuple[str, ...]:
        """What the user should know."""
        if not self.truncated:
            return ()
        n = len(self.inputs["input_ids"])
        return (
            f"{self.truncated:,} of {n:,} texts are longer than data.max_length={max_length} tokens and are cut at "
            "the end.",
        )


def tokenised(
    texts: Sequence[str],
    pairs: Sequence[str] | None,
    tokenizer: Any,
    max_length: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tokens:
    """Tokenise texts; longer ones than `max_length` tokens are cut at the end.

    Args:
        texts: [N], read some at a time.
        pairs: [N] second texts, where examples are pairs; likewise.
        tokenizer: from `load_tokenizer`.
        max_length: tokens, special tokens included.
        on_progress: called with texts done and texts in all.
    """
    names = [name for name in PASSED_ON if name == "input_ids" or name in tokenizer.model_input_names]
    parts: dict[str, list[Ragged]] = {name: [] for name in names}
    truncated = 0
    for start in range(0, len(texts), CHUNK):
        stop = start + CHUNK
        tokens = tokenizer(
            list(texts[start:stop]),
            list(pairs[start:stop]) if pairs is not None else None,
            truncation=True,
            max_length=max_length,
            return_attention_mask=False,
        )
        for name in names:
            parts[name].append(Ragged.from_rows(tokens[name]))
        truncated += number_cut(tokens, max_length)
        on_progress(min(stop, len(texts)), len(texts))
    return Tokens({name: Ragged.joined(some) for name, some in parts.items()}, truncated)


def texts_of(rows: Any) -> Iterator[str]:
    """Every text of a split, both of a pair."""
    for name in ("text", "text_pair"):
        if name in rows.column_names:
            yield from rows[name]


def check_length(config: RunConfig, limit: int) -> None:
    """Refuse a `data.max_length` beyond what the model or its tokenizer takes."""
    if config.data.max_length > limit:
        raise ConfigError(
            f"data.max_length: {config.data.max_length} tokens are asked for, but '{config.model}' takes {limit} at "
            f"most. Set data.max_length={limit} or lower."
        )


def _check_tokenizer(config: RunConfig, tokenizer: Any) -> None:
    if tokenizer.pad_token_id is None:
        raise ConfigError(
            f"model: the tokenizer of '{config.model}' has no padding token, so texts cannot be batched. Save a copy "
            "whose tokenizer has one (tokenizer.pad_token = tokenizer.eos_token) and give that folder."
        )
    if tokenizer.mask_token_id is None and needs_mask_token(config.masking):
        raise ConfigError(
            f"masking.fill: mask-token is asked for, but the tokenizer of '{config.model}' has no mask token. "
            "Use fill: random-token or fill: drop, or another model."
        )
    check_length(config, tokenizer.model_max_length)


def number_cut(tokens: Any, max_length: int) -> int:
    """Of texts that a tokenizer was told to cut, how many it did."""
    if tokens.encodings is None:
        # A tokenizer without a fast version does not tell; a text that fills the length may have been whole.
        return sum(len(row) == max_length for row in tokens["input_ids"])
    return sum(bool(encoding.overflowing) for encoding in tokens.encodings)
